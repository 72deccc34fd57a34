"""Decisions on topics are held without anybody hearing of them and come out together or not at all."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.decisions import drop_held, hold, release
from engine.actions.people import confirm_post, grant_post
from engine.actions.perform import perform
from engine.errors import Forbidden, Invalid, NotFound, WrongState
from engine.models.house import Notice
from engine.models.ledger import LedgerEntry, Outbox
from engine.models.topic import HeldDecision, Plan, Topic
from engine.queries.ledger import unsealed
from engine.queries.matters import history
from engine.rules import Actor
from tests.engine.actions.test_topic import score
from tests.houses import House


def two_scored(house: House, db: Session) -> tuple[Topic, Topic]:
    plan = house.plan(db)
    first = house.screened_topic(db, plan)
    second = house.screened_topic(db, plan, "增加社区托育点", "citizen2")
    for topic in (first, second):
        score(house, db, topic)
    return first, second


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
        perform(db, second, "shortlist", actor=office, now=house.now)
        with pytest.raises(WrongState, match="“增加社区托育点”: It is at the stage"), db.begin_nested():
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
        assert [title for title, _ in past(db, second)] == [
            "Decided, to be released with others: Put into the draft plan",
            "Decision taken back before its release: Put into the draft plan",
        ]
        given = [step.answers for step in history(db, first) if step.entry.verb == "decided"]
        assert [[value for _field, value in answers] for answers in given] == [["场次有限"], []]
        assert {one.id for one in entries} <= {one.id for one in unsealed(db, 1000)}
