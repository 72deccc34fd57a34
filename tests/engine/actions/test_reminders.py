"""Who is reminded of what, and when: on working days, at the warning points, on the last day and after it."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select

from engine.actions.perform import perform
from engine.actions.reminders import ask_for_reminders, ask_to_tell_late, lateness, reminders, tell_late
from engine.deadlines import deadlines
from engine.models.house import Notice
from engine.models.ledger import Task
from engine.models.matter import Matter
from engine.models.people import Person
from engine.models.recommendation import Assignment
from engine.models.topic import Topic
from engine.queries.matters import history
from tests.engine.actions.test_recommendation import assigned, drafted
from tests.houses import House


def reminded(house: House, day: date) -> list[tuple[str, str]]:
    """Name and words of each reminder of a day."""
    with house.transaction() as db:
        return [
            (db.get_one(Person, notice.person_id).name, notice.zh)
            for notice in reminders(db, day, now=house.now)
        ]


def test_the_owner_of_a_clock_hears_at_the_warning_point_on_the_last_day_and_each_working_day_after(
    house: House,
) -> None:
    with house.transaction() as db:
        house.topic(db, house.plan(db))  # to be screened within 10 working days: by Monday the 26th
    days = [day for day in range(12, 32) if reminded(house, date(2026, 10, day))]
    assert days == [22, 26, 27, 28, 29, 30]
    assert reminded(house, date(2026, 10, 22)) == [
        ("周办公", "协商议题“提升小区物业管理水平”：初筛，剩余 2 个工作日 · 10月26日（周一）前。")
    ]
    assert "今天截止" in reminded(house, date(2026, 10, 26))[0][1]
    assert "逾期 1 个工作日" in reminded(house, date(2026, 10, 27))[0][1]


def test_nothing_is_said_of_what_has_gone_on_or_has_no_clock(house: House) -> None:
    with house.transaction() as db:
        plan = house.plan(db)  # its call runs without a clock
        topic = house.topic(db, plan)
        house.later(days=20)
    assert reminded(house, date(2026, 11, 2))
    with house.transaction() as db:
        given = {"reason_code": "off_scope", "reason": "不属本市事权。"}
        perform(
            db,
            db.get_one(Topic, topic.id),
            "decline",
            actor=house.actor(db, "office"),
            now=house.now,
            **given,
        )
    assert reminded(house, date(2026, 11, 2)) == []


def keys(house: House, now: datetime) -> list[str]:
    with house.transaction() as db:
        ask_for_reminders(db, now=now)
        return list(db.scalars(select(Task.key).where(Task.kind == "remind_due").order_by(Task.id)))


def test_reminders_are_asked_for_once_on_each_working_day_from_eight_on(house: House) -> None:
    assert keys(house, datetime(2026, 10, 11, 23, 59, tzinfo=UTC)) == []
    assert keys(house, datetime(2026, 10, 12, 0, tzinfo=UTC)) == ["remind_due:2026-10-12"]
    assert keys(house, datetime(2026, 10, 12, 9, tzinfo=UTC)) == ["remind_due:2026-10-12"]
    assert keys(house, datetime(2026, 10, 12, 23, 30, tzinfo=UTC)) == [
        "remind_due:2026-10-12"
    ]  # 7:30 on the 13th
    assert keys(house, datetime(2026, 10, 17, 3, tzinfo=UTC)) == ["remind_due:2026-10-12"]  # a Saturday
    assert keys(house, datetime(2026, 10, 10, 3, tzinfo=UTC))[1:] == [
        "remind_due:2026-10-10"
    ]  # a Saturday worked
    assert keys(house, datetime(2031, 3, 3, 3, tzinfo=UTC))[2:] == [
        "remind_due:2031-03-03"
    ]  # it fails, and is seen


def test_what_is_late_is_told_once_to_those_above_the_owner_and_stands_in_the_history(house: House) -> None:
    with house.transaction() as db:
        (assignment,) = assigned(house, db)[1]  # to be accepted within three working days
        (due, _) = sorted(deadline.due for deadline in deadlines(db, assignment))
    day = due + timedelta(days=1)
    with house.transaction() as db:
        assert lateness(db, due) == []
        late = lateness(db, day)
        for _ in range(2):
            ask_to_tell_late(db, late, day, now=house.now)
        (task,) = db.scalars(select(Task).where(Task.kind == "tell_late"))
        matter_id, what = task.matter_id, task.given["what"]
    with house.transaction() as db:
        before = db.scalar(select(func.max(Notice.id))) or 0
        tell_late(db, db.get_one(Matter, matter_id), what, day, now=house.now)
        told = [notice.person.name for notice in db.scalars(select(Notice).where(Notice.id > before))]
        assert told == ["金督查"]
        last = history(db, db.get_one(Assignment, assignment.id))[-1]
        assert (last.title.zh, last.entry.data["due"]) == ("逾期，已报上级知悉", f"{due}")


def test_of_two_that_are_late_only_the_one_asked_for_is_told(house: House) -> None:
    with house.transaction() as db:
        (assignment,) = assigned(house, db)[1]
        late = lateness(db, house.now.date() + timedelta(days=100))
        assert [deadline.clock.what.en for _, deadline in late] == ["Accept", "Written reply"]
        before = len(history(db, assignment))
        day = house.now.date() + timedelta(days=100)
        tell_late(db, assignment, "Accept", day, now=house.now)
        assert len(history(db, assignment)) == before + 1


def test_what_was_done_before_its_lateness_is_told_is_told_to_nobody(house: House) -> None:
    with house.transaction() as db:
        (assignment,) = assigned(house, db)[1]
        day = min(deadline.due for deadline in deadlines(db, assignment)) + timedelta(days=1)
        ((_, deadline),) = lateness(db, day)
        drafted(house, db, assignment)
        before = len(history(db, assignment))
        tell_late(db, assignment, deadline.clock.what.en, day, now=house.now)
        assert len(history(db, assignment)) == before
