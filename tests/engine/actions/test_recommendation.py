"""From what was said to what was done: sources, assignment, a signed reply, follow-up, closing."""

import pytest
from sqlalchemy import func, select

from engine.actions.perform import perform
from engine.actions.recommendation import draft_recommendation
from engine.errors import Forbidden, Invalid, WrongState
from engine.models.consultation import Consultation
from engine.models.recommendation import Assignment, Recommendation
from engine.queries import recommendations
from tests.houses import House, shown_question, sitting

DRAFT = {
    "title": "出台电梯加装补助办法",
    "text": "由市住建局牵头，年内出台补助办法。",
    "kind": "policy",
    "suggested_unit_id": 1,
}
REPLY = {
    "decision": "adopted",
    "reply": "已列入年内计划。",
    "measures": [{"text": "出台办法", "by": "2026-12-31"}],
}


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


def replied(house: House, db, assignment: Assignment) -> None:
    handler, leader = house.actor(db, "unit_handler"), house.actor(db, "unit_leader")
    people = {"handler_id": handler.id, "leader_id": leader.id}
    perform(db, assignment, "accept", actor=house.actor(db, "unit_admin"), now=house.now, **people)
    perform(db, assignment, "draft_reply", actor=handler, now=house.now, **REPLY)
    perform(db, assignment, "reply", actor=leader, now=house.now, **REPLY)


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
        with pytest.raises(WrongState, match="not on record"):
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
