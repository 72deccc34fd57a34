"""From what was said to what was done: sources, assignment, a signed reply, follow-up, closing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.perform import perform
from engine.actions.recommendation import draft_recommendation
from engine.deadlines import deadlines
from engine.errors import Forbidden, Invalid, Stale, WrongState
from engine.models.consultation import Consultation
from engine.models.recommendation import Assignment, Recommendation
from engine.queries import recommendations
from tests.houses import DRAFT, REPLY, House, shown_question, sitting


def reported(house: House, db) -> Recommendation:
    live = sitting(house, db)
    question = shown_question(house, db, live)
    perform(
        db, question, "owe", actor=house.actor(db, "host1"), now=house.now, unit_id=1, due_on="2026-12-01"
    )
    consultation = db.get_one(Consultation, live.parent_id)
    committee = house.actor(db, "committee")
    recommendation = draft_recommendation(db, consultation, actor=committee, now=house.now, **DRAFT)
    with pytest.raises(WrongState, match="at least 1 source"):
        perform(db, recommendation, "report_up", actor=house.actor(db, "office"), now=house.now)
    perform(db, recommendation, "cite", actor=committee, now=house.now, question=question.id)
    perform(db, recommendation, "report_up", actor=house.actor(db, "office"), now=house.now)
    return recommendation


def assigned(house: House, db, **given: object) -> tuple[Recommendation, list[Assignment]]:
    recommendation = reported(house, db)
    perform(
        db, recommendation, "assign", actor=house.actor(db, "government"), now=house.now, lead_unit=1, **given
    )
    return recommendation, list(recommendations.assignments(db, recommendation))


def drafted(house: House, db, assignment: Assignment, **given: object) -> None:
    """Accepted first, where it is still to be accepted."""
    handler, leader = house.actor(db, "unit_handler"), house.actor(db, "unit_leader")
    people = {"handler_id": handler.id, "leader_id": leader.id}
    if assignment.state == "assigned":
        perform(db, assignment, "accept", actor=house.actor(db, "unit_admin"), now=house.now, **people)
    perform(db, assignment, "draft_reply", actor=handler, now=house.now, **REPLY | given)


def replied(house: House, db, assignment: Assignment) -> None:
    drafted(house, db, assignment)
    perform(db, assignment, "reply", actor=house.actor(db, "unit_leader"), now=house.now, **REPLY)


def asked_for_more_time(house: House, db) -> Assignment:
    """By a unit that must reply within two months: by 14 December 2026 (a Monday)."""
    (assignment,) = assigned(house, db)[1]
    handler, leader = house.actor(db, "unit_handler"), house.actor(db, "unit_leader")
    liaison, people = house.actor(db, "unit_admin"), {"handler_id": handler.id, "leader_id": leader.id}
    perform(db, assignment, "accept", actor=liaison, now=house.now, **people)
    given = {"why": "资金方案待市财政局会审。", "new_date": "2027-02-01"}
    perform(db, assignment, "request_extension", actor=liaison, now=house.now, **given)
    return assignment


def put_off(house: House, db, assignment: Assignment, day: str) -> None:
    given = {"extended_to": day, "public_reason": "资金方案正在会审。"}
    perform(db, assignment, "grant_extension", actor=house.actor(db, "government"), now=house.now, **given)


def assessed(house: House, db, recommendation: Recommendation, rating: str = "satisfied") -> None:
    given = {"rating": rating, "remark": "措施要写明到哪一年。"}
    perform(db, recommendation, "assess", actor=house.actor(db, "committee"), now=house.now, **given)


def second_asked(house: House, db, recommendation: Recommendation) -> None:
    assessed(house, db, recommendation, "dissatisfied")
    committee = house.actor(db, "committee")
    perform(
        db, recommendation, "ask_second_reply", actor=committee, now=house.now, meeting="已与住建局会商。"
    )


def test_a_recommendation_cites_one_source_at_a_time_that_exists(house: House) -> None:
    with house.transaction() as db:
        consultation = db.get_one(Consultation, sitting(house, db).parent_id)
        committee = house.actor(db, "committee")
        first = draft_recommendation(db, consultation, actor=committee, now=house.now, **DRAFT)
        second = draft_recommendation(db, consultation, actor=committee, now=house.now, **DRAFT)
        assert (first.number, second.number) == (1, 2)
        for given in ({}, {"question": 1, "finding": 1}, {"finding": 99}, {"question": consultation.id}):
            with pytest.raises(Invalid), db.begin_nested():
                perform(db, first, "cite", actor=committee, now=house.now, **given)
        assert recommendations.sources(db, first) == []


def test_each_unit_gets_its_own_assignment_and_sees_only_its_own(house: House) -> None:
    with house.transaction() as db:
        recommendation, (lead, other) = assigned(house, db, co_units=[2], due_on="2026-12-12")
        assert [(one.unit_id, one.duty, one.state) for one in (lead, other)] == [
            (1, "lead", "assigned"),
            (2, "co", "co_assigned"),
        ]
        assert recommendation.state == "assigned"
        people = {"handler_id": 1, "leader_id": 1}
        with pytest.raises(Forbidden):
            perform(db, lead, "accept", actor=house.actor(db, "other_unit"), now=house.now, **people)
        with pytest.raises(Invalid), db.begin_nested():
            perform(
                db,
                lead,
                "accept",
                actor=house.actor(db, "unit_admin"),
                now=house.now,
                handler_id=9999,
                leader_id=1,
            )


def test_a_lead_unit_is_not_its_own_co_unit(house: House) -> None:
    with house.transaction() as db:
        recommendation = reported(house, db)
        with pytest.raises(Invalid), db.begin_nested():
            perform(
                db,
                recommendation,
                "assign",
                actor=house.actor(db, "government"),
                now=house.now,
                lead_unit=1,
                co_units=[1],
            )
        assert db.scalar(select(func.count()).select_from(Assignment)) == 0


def test_the_drafter_does_not_sign_and_the_reply_needs_its_reason(house: House) -> None:
    with house.transaction() as db:
        _, (lead,) = assigned(house, db)
        admin, leader = house.actor(db, "unit_admin"), house.actor(db, "unit_leader")
        perform(db, lead, "accept", actor=admin, now=house.now, handler_id=admin.id, leader_id=leader.id)
        with pytest.raises(WrongState, match="has to be done first"):
            perform(db, lead, "reply", actor=leader, now=house.now, **REPLY)
        with pytest.raises(Invalid) as refusal:
            perform(
                db, lead, "draft_reply", actor=admin, now=house.now, decision="partly", reply="部分采纳。"
            )
        assert set(refusal.value.fields) == {"reason", "measures"}
        perform(db, lead, "draft_reply", actor=admin, now=house.now, **REPLY)
        assert not recommendations.is_answered(db, lead)
        perform(db, lead, "reply", actor=leader, now=house.now, **REPLY)
        assert recommendations.is_answered(db, lead)


def test_with_the_last_lead_reply_the_recommendation_is_replied_and_a_returned_one_takes_it_back(
    house: House,
) -> None:
    with house.transaction() as db:
        recommendation, (lead,) = assigned(house, db)
        replied(house, db, lead)
        assert recommendation.state == "replied"
        perform(
            db,
            lead,
            "reject_reply",
            actor=house.actor(db, "government"),
            now=house.now,
            remark="缺少完成时限",
        )
        assert (lead.state, recommendation.state) == ("reply_rejected", "assigned")


def test_a_return_ends_the_assignment_and_the_new_unit_gets_its_own(house: House) -> None:
    with house.transaction() as db:
        recommendation, (lead,) = assigned(house, db)
        admin, office = house.actor(db, "unit_admin"), house.actor(db, "government")
        perform(
            db,
            lead,
            "request_return",
            actor=admin,
            now=house.now,
            return_reason="不属本局职责",
            suggested_unit=2,
        )
        perform(db, lead, "reroute", actor=office, now=house.now, new_unit=2)
        _, new = recommendations.assignments(db, recommendation)
        assert (lead.state, new.unit_id, new.duty, new.state) == ("rerouted", 2, "sole", "assigned")


def test_the_window_for_a_return_closes_after_five_workdays(house: House) -> None:
    with house.transaction() as db:
        _, (lead,) = assigned(house, db)
        house.later(days=8)
        with pytest.raises(WrongState, match="2026-10-19"):
            perform(
                db,
                lead,
                "request_return",
                actor=house.actor(db, "unit_admin"),
                now=house.now,
                return_reason="x",
                suggested_unit=2,
            )


def test_it_is_followed_until_verified_and_closed_by_another_than_the_unit(house: House) -> None:
    with house.transaction() as db:
        recommendation, (lead,) = assigned(house, db)
        replied(house, db, lead)
        committee = house.actor(db, "committee")
        perform(
            db,
            recommendation,
            "assess",
            actor=committee,
            now=house.now,
            rating="satisfied",
            remark="措施具体",
        )
        perform(db, recommendation, "start_implementing", actor=committee, now=house.now)
        progress = {"evidence": "办法已印发", "done_on": "2026-12-20"}
        perform(
            db,
            lead,
            "report_progress",
            actor=house.actor(db, "unit_handler"),
            now=house.now,
            percent=60,
            **progress,
        )
        assert recommendation.state == "implementing"
        perform(
            db,
            lead,
            "report_progress",
            actor=house.actor(db, "unit_handler"),
            now=house.now,
            percent=100,
            **progress,
        )
        assert recommendation.state == "claimed"
        perform(
            db,
            recommendation,
            "verify",
            actor=committee,
            now=house.now,
            check_way="site",
            finding_text="现场核实",
        )
        perform(db, recommendation, "close", actor=committee, now=house.now, closing_note="已落实")
        assert (recommendation.state, lead.state) == ("closed", "closed")
        assert recommendations.numbers(db) == recommendations.Numbers(1, 1, 1, 1)


def test_only_what_was_answered_or_promised_at_its_own_consultation_is_cited_and_once(house: House) -> None:
    with house.transaction() as db:
        live, moderator = sitting(house, db), house.actor(db, "moderator1")
        answered, loose, rejected = (
            shown_question(house, db, live, f"第{n}个问题？", f"citizen{n}") for n in (1, 2, 3)
        )
        owed = {"unit_id": 1, "due_on": "2026-12-01"}
        perform(db, answered, "owe", actor=house.actor(db, "host1"), now=house.now, **owed)
        perform(db, rejected, "hide", actor=moderator, now=house.now, reason_code="personal")
        committee = house.actor(db, "committee")
        draft = draft_recommendation(
            db, db.get_one(Consultation, live.parent_id), actor=committee, now=house.now, **DRAFT
        )
        perform(db, draft, "cite", actor=committee, now=house.now, question=answered.id)
        for question in (answered, loose, rejected):
            with pytest.raises(Invalid), db.begin_nested():
                perform(db, draft, "cite", actor=committee, now=house.now, question=question.id)
        assert [one.question_id for one in recommendations.sources(db, draft)] == [answered.id]
        perform(db, answered, "hide", actor=moderator, now=house.now, reason_code="personal")
        assert recommendations.sources(db, draft) == []


def test_a_reply_goes_back_only_until_it_was_assessed(house: House) -> None:
    with house.transaction() as db:
        recommendation, (lead,) = assigned(house, db)
        replied(house, db, lead)
        assessed(house, db, recommendation)
        with pytest.raises(WrongState, match="assessed"):
            perform(
                db, lead, "reject_reply", actor=house.actor(db, "government"), now=house.now, remark="格式"
            )


def test_a_members_rating_is_one_for_each_reply(house: House) -> None:
    with house.transaction() as db:
        recommendation, (lead,) = assigned(house, db)
        member = house.actor(db, "host1")
        for _ in range(2):
            replied(house, db, lead)
            perform(db, recommendation, "rate", actor=member, now=house.now, rating="basically")
            with pytest.raises(WrongState):
                perform(db, recommendation, "rate", actor=member, now=house.now, rating="satisfied")
            second_asked(house, db, recommendation)


def test_with_the_recommendation_every_unit_is_done(house: House) -> None:
    with house.transaction() as db:
        recommendation, (lead, other) = assigned(house, db, co_units=[2])
        house.later(days=40)
        replied(house, db, lead)
        assessed(house, db, recommendation)
        head = house.actor(db, "committee")
        perform(db, recommendation, "close_explained", actor=head, now=house.now, closing_note="已说明。")
        assert (lead.state, other.state) == ("closed", "closed")
        perform(db, recommendation, "reopen", actor=head, now=house.now, reason="情况有变。")
        assert (lead.state, other.state) == ("replied", "co_assigned")


def test_a_co_unit_that_accepts_late_is_still_waited_for(house: House) -> None:
    with house.transaction() as db:
        _, (lead, _other) = assigned(house, db, co_units=[2])
        house.later(days=10)
        drafted(house, db, lead)
        with pytest.raises(WrongState, match="co-handling"):
            perform(db, lead, "reply", actor=house.actor(db, "unit_leader"), now=house.now, **REPLY)


def test_the_day_on_the_assignment_note_is_the_deadline(house: House) -> None:
    with house.transaction() as db:
        recommendation, (lead,) = assigned(house, db, due_on="2026-11-13")
        for matter, owner in ((recommendation, "assigning_office"), (lead, "unit_leader")):
            found = {one.clock.owner: str(one.due) for one in deadlines(db, matter)}
            assert found[owner] == "2026-11-13"


def test_a_colleagues_draft_is_not_written_over(house: House) -> None:
    with house.transaction() as db:
        _, (lead,) = assigned(house, db)
        drafted(house, db, lead)
        seen = lead.version
        handler = house.actor(db, "unit_handler")
        perform(
            db, lead, "draft_reply", actor=handler, now=house.now, seen=seen, **REPLY | {"reply": "先写的。"}
        )
        with pytest.raises(Stale):
            perform(db, lead, "draft_reply", actor=handler, now=house.now, seen=seen, **REPLY)
        assert lead.reply == "先写的。"


def test_a_draft_is_found_though_a_clock_went_back(house: House) -> None:
    with house.transaction() as db:
        _, (lead,) = assigned(house, db)
        handler, leader = house.actor(db, "unit_handler"), house.actor(db, "unit_leader")
        people = {"handler_id": handler.id, "leader_id": leader.id}
        perform(db, lead, "accept", actor=house.actor(db, "unit_admin"), now=house.now, **people)
        before = house.now - timedelta(seconds=1)
        perform(db, lead, "draft_reply", actor=handler, now=before, **REPLY)
        perform(db, lead, "reply", actor=leader, now=before, **REPLY)
        assert lead.state == "replied"


def test_drafts_begun_at_once_have_numbers_of_their_own(house: House) -> None:
    with house.transaction() as db:
        parent = sitting(house, db).parent_id

    def draft(db: Session) -> None:
        consultation, committee = db.get_one(Consultation, parent), house.actor(db, "committee")
        draft_recommendation(db, consultation, actor=committee, now=house.now, **DRAFT)

    assert house.at_once([draft] * 6) == []
    with house.transaction() as db:
        assert sorted(db.scalars(select(Recommendation.number))) == [1, 2, 3, 4, 5, 6]


def test_a_reply_is_put_off_to_the_day_that_was_granted(house: House) -> None:
    with house.transaction() as db:
        assignment = asked_for_more_time(house, db)
        put_off(house, db, assignment, "2027-02-01")
        assert [deadline.due for deadline in deadlines(db, assignment)] == [date(2027, 2, 1)]
        assert assignment.public_reason == "资金方案正在会审。"


@pytest.mark.parametrize(
    ("days_later", "says"),
    [(0, "It must be after"), (150, "at the latest")],
    ids=["no later than now", "more than six months after assignment"],
)
def test_an_extension_is_longer_than_the_deadline_and_not_too_long(
    house: House, days_later: int, says: str
) -> None:
    with house.transaction() as db:
        assignment = asked_for_more_time(house, db)
        (due,) = (deadline.due for deadline in deadlines(db, assignment))
        with pytest.raises(Invalid) as refused:
            put_off(house, db, assignment, f"{due + timedelta(days=days_later)}")
        assert says in refused.value.fields["extended_to"].en
        assert assignment.state == "accepted"
