"""State changes only by a verb of the file, by whoever may, once, and never halfway."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.perform import perform
from engine.actions.plan import open_call
from engine.actions.topic import submit_topic
from engine.advance import advance
from engine.deadlines import deadlines
from engine.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from engine.models.house import Notice
from engine.models.ledger import LedgerEntry, Outbox
from engine.models.matter import Matter, MatterMark
from engine.models.people import Post
from engine.models.topic import Plan, ScoreSheet, Support, Topic
from engine.permits import offers
from engine.queries.desk import waiting, waiting_by_process
from engine.queries.topics import supporters
from tests.houses import ARRANGEMENT, House, draft

POINTS = {"priority": 20, "concern": 25, "value": 15, "feasibility": 10, "adoption": 10}


def entries(db, matter: Matter) -> list[LedgerEntry]:
    return list(
        db.scalars(select(LedgerEntry).where(LedgerEntry.matter_id == matter.id).order_by(LedgerEntry.id))
    )


def test_a_topic_begins_at_the_start_of_its_process_with_its_mark_and_its_entry(house: House) -> None:
    with house.transaction() as db:
        topic = house.topic(db, house.plan(db))
        assert (topic.state, topic.version, topic.edition) == ("screening", 1, 1)
        assert db.get(MatterMark, (topic.id, "received")).at == house.now
        (entry,) = entries(db, topic)
        assert (entry.event, entry.verb, entry.role, entry.to_state) == (
            "topic.received",
            "submit",
            "citizen",
            "screening",
        )
        assert {text.field: text.text for text in entry.texts}["title"] == "提升小区物业管理水平"
        assert db.scalar(select(func.count()).select_from(Outbox).where(Outbox.entry_id == entry.id)) == 1


def test_a_verb_moves_the_row_and_writes_entry_and_announcement_in_one(house: House) -> None:
    with house.transaction() as db:
        topic = house.topic(db, house.plan(db))
        house.later(days=1)
        perform(db, topic, "accept", actor=house.actor(db, "office"), now=house.now, seen=1)
        assert (topic.state, topic.version, topic.since) == ("scoring", 2, house.now)
        last = entries(db, topic)[-1]
        assert (last.from_state, last.to_state, last.version, last.role) == (
            "screening",
            "scoring",
            2,
            "office_staff",
        )
        assert db.scalar(select(func.count()).select_from(Notice).where(Notice.matter_id == topic.id)) == 1


def test_a_refused_verb_changes_nothing(house: House) -> None:
    with house.transaction() as db:
        topic = house.topic(db, house.plan(db))
        office, citizen = house.actor(db, "office"), house.actor(db, "citizen2")
        with pytest.raises(Forbidden, match="CPPCC Office"):
            advance(db, topic, "accept", actor=citizen, now=house.now)
        with pytest.raises(WrongState, match="Screening"):
            advance(db, topic, "shortlist", actor=office, now=house.now)
        with pytest.raises(NotFound):
            advance(db, topic, "approve", actor=office, now=house.now)
        with pytest.raises(Invalid) as refusal:
            advance(db, topic, "decline", actor=office, now=house.now, reason_code="nonsense")
        assert set(refusal.value.fields) == {"reason_code", "reason"}
        with pytest.raises(Invalid):
            advance(db, topic, "accept", actor=office, now=house.now, state="issued")
        assert (topic.state, topic.version, len(entries(db, topic))) == ("screening", 1, 1)


def test_of_two_who_saw_the_same_version_one_is_told_what_changed(house: House) -> None:
    with house.transaction() as db:
        topic = house.topic(db, house.plan(db))
        perform(db, topic, "accept", actor=house.actor(db, "office"), now=house.now, seen=1)
        for scorer in ("scorer1", "scorer2", "scorer3"):
            perform(db, topic, "score", actor=house.actor(db, scorer), now=house.now, points=POINTS)
        with pytest.raises(Stale, match="Accept for scoring") as refusal:
            perform(
                db,
                topic,
                "keep_in_reserve",
                actor=house.actor(db, "office"),
                now=house.now,
                seen=1,
                reason="x",
            )
        assert refusal.value.version == 2
        with pytest.raises(Stale):
            perform(
                db,
                topic,
                "keep_in_reserve",
                actor=house.actor(db, "office"),
                now=house.now,
                seen=99,
                reason="x",
            )


def test_two_at_once_give_one_effect(house: House) -> None:
    with house.transaction() as db:
        topic_id = house.topic(db, house.plan(db)).id
    outcomes: list[str] = []

    def accept() -> None:
        try:
            with house.transaction() as db:
                topic = db.get_one(Topic, topic_id)
                advance(db, topic, "accept", actor=house.actor(db, "office"), now=house.now, seen=1)
            outcomes.append("done")
        except (Stale, WrongState):
            outcomes.append("refused")

    threads = [threading.Thread(target=accept) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done"] + ["refused"] * 5
    with house.transaction() as db:
        assert [entry.verb for entry in entries(db, db.get_one(Topic, topic_id))] == ["submit", "accept"]


def test_support_counts_once_per_person_and_follows_a_merge(house: House) -> None:
    with house.transaction() as db:
        plan = house.plan(db)
        first = house.screened_topic(db, plan)
        second = house.screened_topic(db, plan, "物业收费要公开", by="citizen2")
        for topic, names in ((first, ("citizen2", "citizen3")), (second, ("citizen3", "citizen4"))):
            for name in names:
                perform(db, topic, "support", actor=house.actor(db, name), now=house.now)
        with pytest.raises(WrongState):
            perform(db, first, "support", actor=house.actor(db, "citizen2"), now=house.now)
        perform(
            db,
            second,
            "merge",
            actor=house.actor(db, "office"),
            now=house.now,
            seen=second.version,
            merged_into_id=first.id,
        )
        assert supporters(db, first) == 3
        assert supporters(db, house.topic(db, plan, "一个没有人支持的议题")) == 0
        assert db.scalar(select(func.count()).select_from(Support)) == 4
        with pytest.raises(Invalid):
            perform(db, first, "merge", actor=house.actor(db, "office"), now=house.now, merged_into_id="１二")
        with pytest.raises(Invalid):
            perform(
                db,
                first,
                "merge",
                actor=house.actor(db, "office"),
                now=house.now,
                merged_into_id=first.id,
            )


def test_fifty_supports_at_once_by_one_person_are_one(house: House) -> None:
    with house.transaction() as db:
        topic_id = house.screened_topic(db, house.plan(db)).id
        house.actor(db, "citizen9")

    def support(db: Session) -> None:
        citizen = house.actor(db, "citizen9")
        perform(db, db.get_one(Topic, topic_id), "support", actor=citizen, now=house.now)

    assert house.at_once([support] * 50) == [WrongState] * 49
    with house.transaction() as db:
        assert supporters(db, db.get_one(Topic, topic_id)) == 1
        assert [one.verb for one in entries(db, db.get_one(Topic, topic_id))] == [
            "submit",
            "accept",
            "support",
        ]


def scored(house: House, db, plan: Plan) -> Topic:
    topic = house.topic(db, plan)
    perform(db, topic, "accept", actor=house.actor(db, "office"), now=house.now, seen=1)
    for scorer in ("scorer1", "scorer2", "scorer3"):
        perform(
            db, topic, "score", actor=house.actor(db, scorer), now=house.now, points=POINTS, remark="可行"
        )
    return topic


def test_a_guard_with_its_number_says_what_is_lacking(house: House) -> None:
    with house.transaction() as db:
        topic = house.topic(db, house.plan(db))
        perform(db, topic, "accept", actor=house.actor(db, "office"), now=house.now)
        with pytest.raises(WrongState, match="At least 3 people"):
            perform(db, topic, "shortlist", actor=house.actor(db, "office"), now=house.now)
        closed = {
            offer.verb.name: offer.refusal
            for offer in offers(db, topic, house.actor(db, "office"), house.now)
        }
        assert closed["shortlist"].words.zh == "至少要有 3 人评分，请评分人先“评分”。"


@pytest.mark.parametrize(
    "points", [{}, {**POINTS, "priority": 26}, {**POINTS, "priority": "３"}, {**POINTS, "extra": 1}, [1], "x"]
)
def test_a_score_sheet_with_a_wrong_point_is_refused_whole(house: House, points: object) -> None:
    with house.transaction() as db:
        topic = house.topic(db, house.plan(db))
        perform(db, topic, "accept", actor=house.actor(db, "office"), now=house.now)
        with pytest.raises(Invalid):
            perform(db, topic, "score", actor=house.actor(db, "scorer1"), now=house.now, points=points)
        assert db.scalar(select(func.count()).select_from(ScoreSheet)) == 0


def test_the_plan_goes_through_its_approvals_in_order_and_carries_its_topics(house: House) -> None:
    with house.transaction() as db:
        plan = house.plan(db)
        chosen, other = scored(house, db, plan), house.topic(db, plan, "另一个议题")
        office = house.actor(db, "office")
        perform(db, chosen, "shortlist", actor=office, now=house.now)
        perform(db, plan, "draft", actor=office, now=house.now)
        with pytest.raises(WrongState, match="call has closed"):
            submit_topic(
                db,
                plan,
                actor=house.actor(db, "citizen5"),
                now=house.now,
                title="晚到的议题",
                why_now="x",
                matter_kind="reform",
            )
        with pytest.raises(WrongState, match="please arrange them"):
            perform(db, plan, "submit", actor=office, now=house.now)
        perform(db, chosen, "arrange", actor=office, now=house.now, **ARRANGEMENT)
        perform(db, plan, "submit", actor=office, now=house.now)
        with pytest.raises(WrongState, match="joint revision"):
            perform(db, chosen, "arrange", actor=office, now=house.now, **ARRANGEMENT)
        for name, state in (
            ("party", "joint_revision"),
            ("office", "joint_revision"),
            ("government", "chairs_reviewed"),
        ):
            perform(db, plan, "agree", actor=house.actor(db, name), now=house.now, revision="无意见")
            assert plan.state == state
        perform(db, plan, "record_review", actor=office, now=house.now, minutes="同意")
        with pytest.raises(WrongState, match="has to be done first"):
            perform(db, plan, "issue", actor=house.actor(db, "leader"), now=house.now)
        given = {"decision_no": "平委发〔2026〕12号", "decided_on": "2026-12-01"}
        entry = perform(db, plan, "record_decision", actor=office, now=house.now, **given)
        assert entry.behalf == "party_committee"
        perform(db, plan, "issue", actor=house.actor(db, "leader"), now=house.now)
        assert (plan.state, chosen.state, other.state) == ("issued", "issued", "screening")
        assert (plan.decision_no, entries(db, chosen)[-1].role) == ("平委发〔2026〕12号", "system")


def test_an_office_agrees_once(house: House) -> None:
    with house.transaction() as db:
        plan = house.plan(db)
        perform(db, scored(house, db, plan), "shortlist", actor=house.actor(db, "office"), now=house.now)
        draft(house, db, plan)
        perform(db, plan, "agree", actor=house.actor(db, "party"), now=house.now, revision="无意见")
        with pytest.raises(WrongState, match="already confirmed"):
            perform(db, plan, "agree", actor=house.actor(db, "party"), now=house.now, revision="无意见")


def test_nobody_agrees_for_two_offices(house: House) -> None:
    with house.transaction() as db:
        plan = house.plan(db)
        perform(db, scored(house, db, plan), "shortlist", actor=house.actor(db, "office"), now=house.now)
        draft(house, db, plan)
        party = house.actor(db, "party").id
        db.add(Post(person_id=party, role="government_office", granted_at=house.now, confirmed_at=house.now))
        db.flush()
        perform(db, plan, "agree", actor=house.actor(db, "party"), now=house.now, revision="无意见")
        with pytest.raises(Forbidden, match="someone else"):
            perform(db, plan, "agree", actor=house.actor(db, "party"), now=house.now, revision="无意见")
        assert plan.state == "joint_revision"


def test_a_year_has_one_plan(house: House) -> None:
    with house.transaction() as db:
        house.plan(db)
        with pytest.raises(Invalid):
            house.plan(db)
        with pytest.raises(Invalid) as refusal:
            open_call(
                db, actor=house.actor(db, "office"), now=house.now, title="x", year="19", plenary_on="2月30日"
            )
        assert set(refusal.value.fields) == {"year", "plenary_on"}


def test_the_desk_shows_what_waits_for_each_and_until_when(house: House) -> None:
    house.now = datetime(2026, 9, 28, 1, tzinfo=UTC)
    with house.transaction() as db:
        topic = house.topic(db, house.plan(db))
        todos = waiting(db, house.actor(db, "office"), house.now)
        assert [todo.matter.process for todo in todos] == ["plan", "topic"]
        assert waiting_by_process(db, house.actor(db, "office")) == {"plan": 1, "topic": 1}
        screened = todos[1]
        assert [offer.verb.name for offer in screened.offers] == ["accept"]
        assert str(screened.deadline.due) == "2026-10-16"
        assert waiting(db, house.actor(db, "scorer1"), house.now) == []
        perform(db, topic, "accept", actor=house.actor(db, "office"), now=house.now)
        assert waiting(db, house.actor(db, "scorer1"), house.now)
        perform(db, topic, "score", actor=house.actor(db, "scorer1"), now=house.now, points=POINTS)
        assert waiting(db, house.actor(db, "scorer1"), house.now) == []
        assert waiting(db, house.actor(db, "scorer2"), house.now)


def test_a_deadline_before_a_day_of_the_matter_counts_back(house: House) -> None:
    with house.transaction() as db:
        plan = house.plan(db)
        perform(db, scored(house, db, plan), "shortlist", actor=house.actor(db, "office"), now=house.now)
        office = house.actor(db, "office")
        draft(house, db, plan)
        for name in ("party", "office", "government"):
            perform(db, plan, "agree", actor=house.actor(db, name), now=house.now, revision="无意见")
        perform(db, plan, "record_review", actor=office, now=house.now, minutes="同意")
        assert [str(deadline.due) for deadline in deadlines(db, plan)] == ["2027-02-19"]
