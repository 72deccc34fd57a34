"""Decisions on topics are held without anybody hearing of them and come out together or not at all."""

import re

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.decisions import drop_held, hold, release, shown
from engine.actions.editions import move_running
from engine.actions.people import confirm_post, grant_post
from engine.actions.perform import perform
from engine.editions import SHIPPED
from engine.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from engine.models.house import Notice
from engine.models.ledger import LedgerEntry, Outbox
from engine.models.topic import HeldDecision, Plan, Topic
from engine.queries.ledger import unsealed
from engine.queries.matters import history
from engine.rules import Actor
from tests.engine.actions.test_editions import adopted
from tests.engine.actions.test_topic import score
from tests.houses import House


def two_scored(house: House, db: Session) -> tuple[Topic, Topic]:
    plan = house.plan(db)
    first = house.screened_topic(db, plan)
    second = house.screened_topic(db, plan, "增加社区托育点", "citizen2")
    for topic in (first, second):
        score(house, db, topic)
    return first, second


def test_what_is_held_does_not_outlive_the_text_it_was_held_by(house: House) -> None:
    text = (SHIPPED / "topic.toml").read_text(encoding="utf-8")
    text = re.sub(r'(name\s*=\s*)"decline"', r'\1"turn_down"', text)
    with house.transaction() as db:
        topic, office = house.topic(db, house.plan(db)), house.actor(db, "office")
        hold(
            db, topic, "decline", actor=office, now=house.now, reason_code="personal", reason="请走信访渠道。"
        )
        adopted(house, db, text=text, name="topic", moves={topic.state: topic.state})
        move_running(db, now=house.now)
        assert db.get(HeldDecision, topic.id) is None
        rows = select(LedgerEntry.verb).where(LedgerEntry.matter_id == topic.id).order_by(LedgerEntry.id)
        assert db.scalars(rows).all()[-2:] == ["undecided", "moved"]


def colleague(house: House, db: Session) -> Actor:
    """A second one in the office."""
    person = house.actor(db, "research").person
    post = grant_post(db, person, "office_staff", actor=house.actor(db, "sysadmin"), now=house.now)
    confirm_post(db, post, actor=house.actor(db, "secadmin"), now=house.now)
    return house.actor(db, "research")


def heard(db: Session) -> tuple[int | None, ...]:
    return tuple(db.scalar(select(func.count()).select_from(table)) for table in (Outbox, Notice))


def past(db: Session, topic: Topic) -> list[tuple[str, str]]:
    """What was done to a topic since it was screened or scored, and by whom, as its page tells it."""
    told = [(step.title.en, step.who.en) for step in history(db, topic)]
    return [one for one in told if one[0] not in ("Put a topic forward", "Accept for scoring", "Score")]


def test_held_decisions_tell_nobody_until_they_are_released_together(house: House) -> None:
    with house.transaction() as db:
        (first, second), office = two_scored(house, db), house.actor(db, "office")
        before = heard(db)
        hold(db, first, "keep_in_reserve", actor=office, now=house.now, reason="场次有限")
        hold(db, first, "shortlist", actor=office, now=house.now)
        hold(db, second, "keep_in_reserve", actor=office, now=house.now, reason="场次有限")
        house.later(days=1)
        hold(db, second, "keep_in_reserve", actor=office, now=house.now, reason="场次有限")
        assert db.get_one(HeldDecision, second.id).at < house.now
        assert (first.state, second.state, heard(db)) == ("scoring", "scoring", before)
        assert release(db, "scoring", actor=office, now=house.now) == 2
        assert (first.state, second.state) == ("draft_plan", "reserve")
        told = db.scalars(select(Notice.person_id).order_by(Notice.id.desc()).limit(2)).all()
        assert set(told) == {first.created_by_id, second.created_by_id}
        assert db.scalars(select(HeldDecision)).all() == []


def test_a_decision_on_what_has_changed_since_is_looked_at_again(house: House) -> None:
    with house.transaction() as db:
        (first, _), office = two_scored(house, db), house.actor(db, "office")
        hold(db, first, "shortlist", actor=office, now=house.now)
        answer = "群众关切集中，条件已经具备，办公室建议列入年度协商计划。"
        first.answer_owed_from = house.now.date()  # 30 have come to support it
        perform(db, first, "answer", actor=office, now=house.now, answer=answer)
        with pytest.raises(WrongState, match="Someone has just done"), db.begin_nested():
            release(db, "scoring", actor=office, now=house.now)


def test_what_can_no_longer_be_done_is_named_and_then_nothing_is_released(house: House) -> None:
    with house.transaction() as db:
        (first, second), office = two_scored(house, db), house.actor(db, "office")
        for topic in (first, second):
            hold(db, topic, "shortlist", actor=office, now=house.now)
        second.answer_owed_from = house.now.date()  # 30 have come to support it
        with pytest.raises(WrongState, match="“增加社区托育点”: .*answer"), db.begin_nested():
            release(db, "scoring", actor=office, now=house.now)
        db.expire_all()
        assert (first.state, len(db.scalars(select(HeldDecision)).all())) == ("scoring", 2)
        drop_held(db, second, actor=office, now=house.now)
        assert release(db, "scoring", actor=office, now=house.now) == 1


def test_only_the_office_holds_and_releases_and_only_what_could_be_done_now(house: House) -> None:
    with house.transaction() as db:
        (first, _), office = two_scored(house, db), house.actor(db, "office")
        unscored = house.screened_topic(db, first.parent, "另一个议题")  # type: ignore[arg-type]
        research = house.actor(db, "research")
        with pytest.raises(Forbidden):
            hold(db, first, "shortlist", actor=research, now=house.now)
        with pytest.raises(Forbidden):
            release(db, "scoring", actor=research, now=house.now)
        with pytest.raises(WrongState, match="At least 3 people"):
            hold(db, unscored, "shortlist", actor=office, now=house.now)
        with pytest.raises(Invalid):
            hold(db, first, "keep_in_reserve", actor=office, now=house.now, reason="")
        with pytest.raises(NotFound):
            hold(db, first, "war", actor=office, now=house.now)
        with pytest.raises(WrongState, match="not among the decisions"):
            hold(db, first, "merge", actor=office, now=house.now)
        assert db.scalars(select(HeldDecision)).all() == []


def test_all_of_the_screening_is_decided_in_one_go_apart_from_what_is_held_after_scoring(
    house: House,
) -> None:
    with house.transaction() as db:
        (scored, _), office = two_scored(house, db), house.actor(db, "office")
        plan = db.get_one(Plan, scored.parent_id)
        good, bad = (
            house.topic(db, plan, "缓解停车难", "citizen3"),
            house.topic(db, plan, "我家的事", "citizen4"),
        )
        hold(db, scored, "shortlist", actor=office, now=house.now)
        hold(db, good, "accept", actor=office, now=house.now)
        with pytest.raises(Invalid):
            hold(db, bad, "decline", actor=office, now=house.now, reason="请走信访渠道。")
        given = {"reason_code": "personal", "reason": "请走信访渠道。"}
        hold(db, bad, "decline", actor=office, now=house.now, **given)
        assert (good.state, bad.state) == ("screening", "screening")
        assert release(db, "received", actor=office, now=house.now) == 2
        assert (good.state, bad.state, scored.state) == ("scoring", "declined", "scoring")
        assert db.scalars(select(HeldDecision.topic_id)).all() == [scored.id]
        assert past(db, scored) == []


def test_who_decided_is_on_record_from_then_on_and_told_when_another_has_released_it(house: House) -> None:
    with house.transaction() as db:
        (first, second), office = two_scored(house, db), house.actor(db, "office")
        other = colleague(house, db)
        decided = house.now
        hold(db, first, "keep_in_reserve", actor=office, now=house.now, reason="场次有限")
        hold(db, second, "shortlist", actor=office, now=house.now)
        house.later(days=1)
        hold(db, first, "shortlist", actor=office, now=house.now)
        drop_held(db, second, actor=other, now=house.now)
        noted = select(LedgerEntry).where(LedgerEntry.event.in_(("matter.decided", "matter.undecided")))
        entries = db.scalars(noted.order_by(LedgerEntry.id)).all()
        assert [(one.verb, one.actor_id, one.answers["verb"]) for one in entries] == [
            ("decided", office.id, "keep_in_reserve"),
            ("decided", office.id, "shortlist"),
            ("decided", office.id, "shortlist"),
            ("undecided", other.id, "shortlist"),
        ]
        assert (entries[0].at, entries[0].data) == (decided, {})
        assert not {one.id for one in entries} & {one.id for one in unsealed(db, 1000)}
        assert past(db, first) == past(db, second) == []
        release(db, "scoring", actor=other, now=house.now)
        assert past(db, first) == [
            ("Decided, to be released with others: Keep in reserve", "周办公"),
            ("Decided, to be released with others: Put into the draft plan", "周办公"),
            ("Put into the draft plan", "郑研究 (CPPCC Office)"),
        ]
        assert past(db, second) == []  # it is not decided yet
        perform(db, second, "keep_in_reserve", actor=office, now=house.now, reason="场次有限")
        assert [title for title, _ in past(db, second)] == [
            "Decided, to be released with others: Put into the draft plan",
            "Decision taken back before its release: Put into the draft plan",
            "Keep in reserve",
        ]
        given = [step.answers for step in history(db, first) if step.entry.verb == "decided"]
        assert [[value for _field, value in answers] for answers in given] == [["场次有限"], []]
        assert {one.id for one in entries} <= {one.id for one in unsealed(db, 1000)}


@pytest.mark.parametrize("step", ["accept", "merge"])
def test_a_direct_step_ends_what_is_held_and_tells_who_had_decided_what(house: House, step: str) -> None:
    with house.transaction() as db:
        plan, office = house.plan(db), house.actor(db, "office")
        first, second = house.topic(db, plan), house.topic(db, plan, "增加社区托育点", "citizen2")
        given = {"reason_code": "personal", "reason": "请走信访渠道。"}
        hold(db, first, "decline", actor=office, now=house.now, **given)
        hold(db, second, "accept", actor=office, now=house.now)
        how = {"merged_into_id": second.id} if step == "merge" else {}
        perform(db, first, step, actor=office, now=house.now, **how)
        assert past(db, first)[0] == ("Decided, to be released with others: Decline", "周办公")
        assert past(db, second) == []
        assert release(db, "received", actor=office, now=house.now) == 1
        told = select(Outbox.id).where(Outbox.entry_id == LedgerEntry.id).exists()
        assert db.scalars(select(LedgerEntry).where(~told)).all() == []


def test_a_decision_is_not_held_over_one_that_was_not_seen(house: House) -> None:
    with house.transaction() as db:
        (first, second), office = two_scored(house, db), house.actor(db, "office")
        hold(db, first, "shortlist", actor=office, now=house.now, seen="")
        seen = shown(db.get(HeldDecision, first.id))
        hold(db, first, "keep_in_reserve", actor=office, now=house.now, seen=seen, reason="场次有限")
        for old in ("", seen):
            with pytest.raises(Stale, match="just changed this one"):
                hold(db, first, "shortlist", actor=office, now=house.now, seen=old)
            with pytest.raises(Stale, match="just changed this one"):
                drop_held(db, first, actor=office, now=house.now, seen=old)
        with pytest.raises(Stale):
            drop_held(db, second, actor=office, now=house.now, seen=seen)
        assert db.get_one(HeldDecision, first.id).verb == "keep_in_reserve"


def test_an_edition_that_renames_a_step_keeps_its_decisions(house: House) -> None:
    text = (SHIPPED / "topic.toml").read_text(encoding="utf-8").replace('"shortlist"', '"propose"')
    with house.transaction() as db:
        plan, office = house.plan(db), house.actor(db, "office")
        first = house.screened_topic(db, plan)
        adopted(house, db, text=text, name="topic")
        second = house.screened_topic(db, plan, "增加社区托育点", "citizen2")
        for topic in (first, second):
            score(house, db, topic)
        with pytest.raises(NotFound):
            hold(db, second, "shortlist", actor=office, now=house.now)
        hold(db, second, "propose", actor=office, now=house.now)
        hold(db, first, "shortlist", actor=office, now=house.now)
        assert release(db, "scoring", actor=office, now=house.now) == 2
        assert (first.state, second.state) == ("draft_plan", "draft_plan")


def test_only_what_is_at_a_stage_of_decisions_is_held(house: House) -> None:
    with house.transaction() as db:
        (first, _), office = two_scored(house, db), house.actor(db, "office")
        with pytest.raises(WrongState):
            hold(db, first, "accept", actor=office, now=house.now)
        perform(db, first, "shortlist", actor=office, now=house.now)
        with pytest.raises(WrongState, match="not among the decisions"):
            hold(db, first, "keep_in_reserve", actor=office, now=house.now, reason="场次有限")


def test_what_is_decided_while_all_is_released_is_released_with_it_or_refused(house: House) -> None:
    with house.transaction() as db:
        (first, second), office = two_scored(house, db), house.actor(db, "office")
        for topic in (first, second):
            hold(db, topic, "shortlist", actor=office, now=house.now)
        ids = second.id, first.id

    def decide(db: Session) -> None:
        for id in ids:
            given = {"actor": house.actor(db, "office"), "now": house.now, "reason": "场次有限"}
            hold(db, db.get_one(Topic, id), "keep_in_reserve", **given)

    def let_out(db: Session) -> None:
        release(db, "scoring", actor=house.actor(db, "office"), now=house.now)

    assert {*house.at_once([decide, let_out])} <= {WrongState}
    with house.transaction() as db:
        told = select(Outbox.id).where(Outbox.entry_id == LedgerEntry.id).exists()
        assert db.scalars(select(LedgerEntry).where(~told)).all() == []
        assert db.scalars(select(HeldDecision)).all() == []
        assert {topic.state for topic in db.scalars(select(Topic))} < {"draft_plan", "reserve"}


def test_a_release_names_what_is_held_otherwise_than_it_was_seen(house: House) -> None:
    with house.transaction() as db:
        (first, second), office = two_scored(house, db), house.actor(db, "office")
        hold(db, first, "shortlist", actor=office, now=house.now)
        seen = {first.id: shown(db.get_one(HeldDecision, first.id))}
        hold(db, second, "shortlist", actor=office, now=house.now)
        for wrong in (seen, {}, seen | {second.id: "shortlist"}):
            with pytest.raises(Stale, match=second.title):
                release(db, "scoring", actor=office, now=house.now, seen=wrong)
        seen |= {second.id: shown(db.get_one(HeldDecision, second.id))}
        assert release(db, "scoring", actor=office, now=house.now, seen=seen) == 2
