"""Decisions on topics are held without a trace and come out together or not at all."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.decisions import drop_held, hold, release
from engine.actions.perform import perform
from engine.errors import Forbidden, Invalid, NotFound, WrongState
from engine.models.house import Notice
from engine.models.ledger import LedgerEntry
from engine.models.topic import HeldDecision, Topic
from tests.engine.actions.test_topic import score
from tests.houses import House


def two_scored(house: House, db: Session) -> tuple[Topic, Topic]:
    plan = house.plan(db)
    first = house.screened_topic(db, plan)
    second = house.screened_topic(db, plan, "增加社区托育点", "citizen2")
    for topic in (first, second):
        score(house, db, topic)
    return first, second


def traces(db: Session) -> tuple[int | None, ...]:
    return tuple(db.scalar(select(func.count()).select_from(table)) for table in (LedgerEntry, Notice))


def test_held_decisions_tell_nobody_until_they_are_released_together(house: House) -> None:
    with house.transaction() as db:
        (first, second), office = two_scored(house, db), house.actor(db, "office")
        before = traces(db)
        hold(db, first, "keep_in_reserve", actor=office, now=house.now, reason="场次有限")
        hold(db, first, "shortlist", actor=office, now=house.now)
        hold(db, second, "keep_in_reserve", actor=office, now=house.now, reason="场次有限")
        house.later(days=1)
        hold(db, second, "keep_in_reserve", actor=office, now=house.now, reason="场次有限")
        assert db.get_one(HeldDecision, second.id).at < house.now
        assert (first.state, second.state, traces(db)) == ("scoring", "scoring", before)
        assert release(db, actor=office, now=house.now) == 2
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
            release(db, actor=office, now=house.now)


def test_what_can_no_longer_be_done_is_named_and_then_nothing_is_released(house: House) -> None:
    with house.transaction() as db:
        (first, second), office = two_scored(house, db), house.actor(db, "office")
        for topic in (first, second):
            hold(db, topic, "shortlist", actor=office, now=house.now)
        perform(db, second, "shortlist", actor=office, now=house.now)
        with pytest.raises(WrongState, match="“增加社区托育点”: It is at the stage"), db.begin_nested():
            release(db, actor=office, now=house.now)
        db.expire_all()
        assert (first.state, len(db.scalars(select(HeldDecision)).all())) == ("scoring", 2)
        drop_held(db, second, actor=office)
        assert release(db, actor=office, now=house.now) == 1


def test_only_the_office_holds_and_releases_and_only_what_could_be_done_now(house: House) -> None:
    with house.transaction() as db:
        (first, _), office = two_scored(house, db), house.actor(db, "office")
        unscored = house.screened_topic(db, first.parent, "另一个议题")  # type: ignore[arg-type]
        research = house.actor(db, "research")
        with pytest.raises(Forbidden):
            hold(db, first, "shortlist", actor=research, now=house.now)
        with pytest.raises(Forbidden):
            release(db, actor=research, now=house.now)
        with pytest.raises(WrongState, match="At least 3 people"):
            hold(db, unscored, "shortlist", actor=office, now=house.now)
        with pytest.raises(Invalid):
            hold(db, first, "keep_in_reserve", actor=office, now=house.now, reason="")
        with pytest.raises(NotFound):
            hold(db, first, "merge", actor=office, now=house.now)
        assert db.scalars(select(HeldDecision)).all() == []
