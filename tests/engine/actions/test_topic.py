"""Topics: what is merged keeps its people, what is promised at a threshold is kept, decisions come out together."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions.perform import create, perform
from engine.clock import day
from engine.editions import process_of
from engine.errors import Forbidden, Invalid, NotFound, WrongState
from engine.models.house import Notice
from engine.models.ledger import LedgerEntry
from engine.models.topic import Plan, Topic
from engine.queries import topics
from engine.rules import NOBODY
from tests.houses import POINTS, House, carried_over_topic, decide, draft, planned_topic

OTHER = "小区物业管理要提升"


def score(house: House, db: Session, topic: Topic) -> None:
    for scorer in ("scorer1", "scorer2", "scorer3"):
        perform(db, topic, "score", actor=house.actor(db, scorer), now=house.now, points=POINTS)


def merge(house: House, db: Session, topic: Topic, into: Topic) -> None:
    perform(db, topic, "merge", actor=house.actor(db, "office"), now=house.now, merged_into_id=into.id)
    db.expire_all()


def ledger_of(db: Session, topic: Topic) -> Sequence[LedgerEntry]:
    return db.scalars(select(LedgerEntry).where(LedgerEntry.matter_id == topic.id)).all()


def told(db: Session, topic: Topic) -> list[tuple[int, str]]:
    """Who was told what of a topic, in the order it was."""
    rows = select(Notice).where(Notice.matter_id == topic.id).order_by(Notice.id)
    return [(notice.person_id, notice.en.partition(": ")[2]) for notice in db.scalars(rows)]


def test_who_put_a_merged_topic_forward_is_told_of_every_decision_on_the_main_one(house: House) -> None:
    with house.transaction() as db:
        plan, office = house.plan(db), house.actor(db, "office")
        main = house.screened_topic(db, plan)
        one = house.screened_topic(db, plan, OTHER, "citizen2")
        two = house.screened_topic(db, plan, "物业管理", "citizen2")
        merge(house, db, two, one)
        merge(house, db, one, main)
        score(house, db, main)
        perform(db, main, "shortlist", actor=office, now=house.now)
        first, second = main.created_by_id, one.created_by_id
        assert told(db, main)[1:] == [
            (who, "Put into the draft plan; it is now at “In the draft plan”.") for who in (first, second)
        ]
        assert [source.id for source in main.sources] == [one.id, two.id]


def test_a_merged_topic_stands_by_itself_again_while_the_main_one_is_in_scoring(house: House) -> None:
    with house.transaction() as db:
        plan, office = house.plan(db), house.actor(db, "office")
        main, one = house.screened_topic(db, plan), house.screened_topic(db, plan, OTHER, "citizen2")
        for name, topic in (("citizen3", main), ("citizen3", one), ("citizen4", one)):
            perform(db, topic, "support", actor=house.actor(db, name), now=house.now)
        waiting = house.topic(db, plan, "物业管理", "citizen5")
        for topic in (one, waiting):
            merge(house, db, topic, main)
        assert topics.supporters(db, main) == 2
        for topic in (one, waiting):
            perform(db, topic, "split", actor=office, now=house.now, reason="说的不是一件事")
        db.expire_all()
        assert (one.state, waiting.state, main.sources) == ("scoring", "screening", [])
        assert (topics.supporters(db, main), topics.supporters(db, one)) == (1, 2)
        merge(house, db, one, main)
        score(house, db, main)
        perform(db, main, "shortlist", actor=office, now=house.now)
        with pytest.raises(WrongState, match="cannot be split again"):
            perform(db, one, "split", actor=office, now=house.now, reason="说的不是一件事")


def test_what_is_split_off_a_chain_of_topics_takes_along_what_had_come_with_it(house: House) -> None:
    with house.transaction() as db:
        plan, office = house.plan(db), house.actor(db, "office")
        one, two, main = (
            house.screened_topic(db, plan, title, f"citizen{at}")
            for at, title in enumerate(("加装电梯", "老旧小区加装电梯", "老旧小区改造"), start=1)
        )
        merge(house, db, one, two)
        merge(house, db, two, main)
        assert (one.merged_into_id, two.merged_into_id) == (main.id, main.id)
        perform(db, two, "split", actor=office, now=house.now, reason="说的不是一件事")
        db.expire_all()
        assert ([source.id for source in two.sources], main.sources) == ([one.id], [])


def test_a_topic_is_merged_only_into_one_under_way_and_as_public_as_itself(house: House) -> None:
    with house.transaction() as db:
        plan, office = house.plan(db), house.actor(db, "office")
        public = house.screened_topic(db, plan)
        waiting, declined = house.topic(db, plan, OTHER), house.topic(db, plan, "物业管理")
        perform(db, declined, "decline", actor=office, now=house.now, reason_code="empty", reason="太笼统")
        for topic, into in ((public, waiting), (public, public), (public, declined), (waiting, declined)):
            with pytest.raises(Invalid):
                merge(house, db, topic, into)
        merge(house, db, waiting, public)
        with pytest.raises(Invalid):
            merge(house, db, public, waiting)


def test_a_merged_topic_is_as_public_as_the_main_one_and_both_are_open_to_their_submitters(
    house: House,
) -> None:
    with house.transaction() as db:
        plan = house.plan(db)
        main, one = house.topic(db, plan), house.topic(db, plan, OTHER, "citizen2")
        merge(house, db, one, main)
        for topic in (main, one):
            with pytest.raises(NotFound):
                topics.topic(db, topic.id, NOBODY)
            assert topics.topic(db, topic.id, house.actor(db, "citizen2")) is topic
        perform(db, main, "accept", actor=house.actor(db, "office"), now=house.now)
        assert topics.topic(db, one.id, NOBODY) is one


ANSWER = {"answer": "已请市住建局提出方案，评分后一并研究是否列入年度计划。"}


def support(house: House, db: Session, topic: Topic, people: range) -> None:
    for number in people:
        perform(db, topic, "support", actor=house.actor(db, f"citizen{number}"), now=house.now)


def test_enough_supporters_oblige_the_office_to_an_answer_before_any_decision(house: House) -> None:
    with house.transaction() as db:
        office, topic = house.actor(db, "office"), house.screened_topic(db, house.plan(db))
        score(house, db, topic)
        enough = topics.obliging(process_of(db, topic)) or 0
        support(house, db, topic, range(1, enough))
        assert (topic.answer_owed_from, topics.answer_due(db, topic)) == (None, None)
        with pytest.raises(WrongState, match="has been answered"):
            perform(db, topic, "answer", actor=office, now=house.now, **ANSWER)
        house.later(days=1)
        support(house, db, topic, range(enough, enough + 3))
        due = topics.answer_due(db, topic)
        assert due
        assert (due.clock.owner, due.due.isoformat()) == ("office_staff", "2026-10-27")
        assert [entry.verb for entry in ledger_of(db, topic)].count("oblige_answer") == 1
        reached = "Enough supporters for an answer."
        assert told(db, topic)[1:] == [(topic.created_by_id, reached), (office.id, reached)]
        for verb, given in (("shortlist", {}), ("keep_in_reserve", {"reason": "场次有限"})):
            with pytest.raises(WrongState, match="must answer in public first"):
                perform(db, topic, verb, actor=office, now=house.now, **given)
        perform(db, topic, "answer", actor=office, now=house.now, **ANSWER)
        assert (topic.answer, topics.answer_due(db, topic)) == (ANSWER["answer"], None)
        support(house, db, topic, range(enough + 3, enough + 4))
        assert topic.answer_owed_from is None
        perform(db, topic, "shortlist", actor=office, now=house.now)


def test_an_answer_that_is_owed_stays_owed_through_a_merge_and_after_a_split(house: House) -> None:
    with house.transaction() as db:
        plan, office = house.plan(db), house.actor(db, "office")
        main, one = house.screened_topic(db, plan), house.screened_topic(db, plan, OTHER)
        enough = topics.obliging(process_of(db, main)) or 0
        support(house, db, one, range(1, enough + 1))
        since = day(house.now)
        house.later(days=3)
        merge(house, db, one, main)
        assert main.answer_owed_from == since
        perform(db, one, "split", actor=office, now=house.now, reason="说的不是一件事")
        assert (main.answer_owed_from, one.answer_owed_from) == (since, since)


def test_two_topics_oblige_together_once_they_are_merged(house: House) -> None:
    with house.transaction() as db:
        plan = house.plan(db)
        main, one = house.screened_topic(db, plan), house.screened_topic(db, plan, OTHER)
        enough = topics.obliging(process_of(db, main)) or 0
        support(house, db, main, range(1, enough))
        support(house, db, one, range(2, enough + 1))
        assert (main.answer_owed_from, one.answer_owed_from) == (None, None)
        merge(house, db, one, main)
        assert main.answer_owed_from == day(house.now)


def test_of_two_topics_merged_into_each_other_at_once_one_is(house: House) -> None:
    with house.transaction() as db:
        plan = house.plan(db)
        ids = [house.screened_topic(db, plan, title).id for title in (OTHER, "物业管理")]

    def deed(one: int, other: int):  # type: ignore[no-untyped-def]
        return lambda db: perform(
            db,
            db.get_one(Topic, one),
            "merge",
            actor=house.actor(db, "office"),
            now=house.now,
            merged_into_id=other,
        )

    assert house.at_once([deed(*ids), deed(*ids[::-1])]) == [Invalid]


def test_a_topic_in_reserve_goes_into_a_new_call_with_all_it_had_and_is_scored_anew(house: House) -> None:
    with house.transaction() as db:
        plan, office = house.plan(db), house.actor(db, "office")
        topic, one = house.screened_topic(db, plan), house.screened_topic(db, plan, OTHER, "citizen2")
        merge(house, db, one, topic)
        support(house, db, topic, range(3, 5))
        score(house, db, topic)
        perform(db, topic, "keep_in_reserve", actor=office, now=house.now, reason="场次有限")
        perform(db, plan, "draft", actor=office, now=house.now)
        with pytest.raises(Invalid):
            perform(db, topic, "reconsider", actor=office, now=house.now, plan_id=plan.id)
        later = house.plan(db, 2028)
        perform(db, topic, "reconsider", actor=office, now=house.now, plan_id=later.id)
        assert (topic.state, topic.parent_id, one.parent_id) == ("scoring", later.id, later.id)
        assert (topics.supporters(db, topic), topics.scores(db, topic).average) == (2, None)
        with pytest.raises(WrongState, match="At least 3 people"):
            perform(db, topic, "shortlist", actor=office, now=house.now)
        score(house, db, topic)
        perform(db, topic, "shortlist", actor=office, now=house.now)
        assert [entry.verb for entry in ledger_of(db, topic)].count("score") == 6


def take_up(house: House, db: Session, plan: Plan, topic: Topic, by: str = "office") -> Topic:
    given = {"actor": house.actor(db, by), "now": house.now, "carried_from_id": topic.id}
    made = create(db, plan, "topic", "take_up", **given)
    return db.get_one(Topic, made.id)


@pytest.mark.parametrize("plan_is", ["in its call", "being drafted"])
def test_a_topic_carried_over_goes_on_under_the_next_plan_with_its_people(house: House, plan_is: str) -> None:
    with house.transaction() as db:
        plan, office = house.plan(db), house.actor(db, "office")
        old = house.screened_topic(db, plan)
        one = house.screened_topic(db, plan, OTHER, "citizen2")
        for number, topic in ((3, old), (3, one), (4, one)):
            support(house, db, topic, range(number, number + 1))
        merge(house, db, one, old)
        score(house, db, old)
        perform(db, old, "shortlist", actor=office, now=house.now)
        decide(house, db, plan)
        perform(db, plan, "issue", actor=house.actor(db, "leader"), now=house.now)
        for verb in ("ask_adjustment", "carry_over"):
            perform(db, old, verb, actor=office, now=house.now, reason="明年再议。")
        later = house.plan(db, 2028)
        if plan_is == "being drafted":
            perform(db, later, "draft", actor=office, now=house.now)
        new = take_up(house, db, later, old)
        assert (old.state, old.parent_id, old.carried_into) == ("carried_over", plan.id, new)
        assert (new.state, new.parent_id, new.carried_from, new.title) == (
            "scoring",
            later.id,
            old,
            old.title,
        )
        assert topics.supporters(db, new) == topics.supporters(db, old) == 2
        assert [person.id for person in new.submitters] == [old.created_by_id, one.created_by_id]
        assert new.proposers == old.proposers == 2
        assert [who for who, _ in told(db, new)] == [old.created_by_id, one.created_by_id]
        assert ledger_of(db, new)[0].actor_id == office.id
        with pytest.raises(WrongState, match="before it was carried over"), db.begin_nested():
            support(house, db, new, range(3, 4))
        support(house, db, new, range(5, 6))
        assert (topics.supporters(db, new), topics.supporters(db, old)) == (3, 2)
        assert [(one.topic, one.at) for one in topics.of_plan(db, plan)] == [
            (old, "carried_over"),
            (one, "merged"),
        ]


def test_a_topic_carried_over_is_taken_up_once_and_only_into_a_later_plan_in_the_making(house: House) -> None:
    with house.transaction() as db:
        old, office = carried_over_topic(house, db), house.actor(db, "office")
        later, last = house.plan(db, 2028), house.plan(db, 2029)
        other, earlier = house.screened_topic(db, later, OTHER), house.plan(db, 2025)
        for plan, topic in ((later, other), (later, later), (earlier, old)):
            with pytest.raises(Invalid):
                take_up(house, db, plan, topic)  # type: ignore[arg-type]
        with pytest.raises(Forbidden):
            take_up(house, db, later, old, by="committee")
        new = take_up(house, db, later, old)
        for plan in (later, last):
            assert list(topics.to_take_up(db, plan)) == []
            with pytest.raises(Invalid):
                take_up(house, db, plan, old)
        score(house, db, new)
        perform(db, new, "shortlist", actor=office, now=house.now)
        draft(house, db, later)
        second = planned_topic(house, db, 2026)
        for verb in ("ask_adjustment", "carry_over"):
            perform(db, second, verb, actor=office, now=house.now, reason="明年再议。")
        with pytest.raises(WrongState, match="has gone to joint revision"):
            take_up(house, db, later, second)


def test_of_two_who_take_up_the_same_topic_at_once_one_does(house: House) -> None:
    with house.transaction() as db:
        old = carried_over_topic(house, db).id
        plans = [house.plan(db, year).id for year in (2028, 2029)]

    def deed(plan: int):  # type: ignore[no-untyped-def]
        return lambda db: take_up(house, db, db.get_one(Plan, plan), db.get_one(Topic, old))

    refused = house.at_once([deed(plan) for plan in plans])
    assert len(refused) == 1
    assert refused[0] in (Invalid, WrongState)


def test_what_was_answered_stays_answered_when_it_is_carried_over(house: House) -> None:
    with house.transaction() as db:
        plan, office = house.plan(db), house.actor(db, "office")
        old = house.screened_topic(db, plan)
        enough = topics.obliging(process_of(db, old)) or 0
        support(house, db, old, range(1, enough + 1))
        perform(db, old, "answer", actor=office, now=house.now, **ANSWER)
        score(house, db, old)
        perform(db, old, "shortlist", actor=office, now=house.now)
        decide(house, db, plan)
        perform(db, plan, "issue", actor=house.actor(db, "leader"), now=house.now)
        for verb in ("ask_adjustment", "carry_over"):
            perform(db, old, verb, actor=office, now=house.now, reason="明年再议。")
        new = take_up(house, db, house.plan(db, 2028), old)
        assert (new.answer, new.answer_owed_from) == (ANSWER["answer"], None)
