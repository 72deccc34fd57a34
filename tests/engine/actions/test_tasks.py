"""The task's row is the truth: who has it, how often it was tried, and whose effect stays."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.actions.tasks import (
    MOST_ATTEMPTS,
    PAUSE,
    Overtaken,
    fail_task,
    finish_task,
    open_tasks,
    take_task,
)
from engine.database import Session
from engine.models.house import Notice
from engine.models.ledger import Task
from engine.record import ask_for
from tests.houses import House

LEASE = timedelta(seconds=60)


def asked(house: House) -> int:
    with house.transaction() as db:
        return ask_for(db, "remind_due", "remind_due:2026-10-12", house.now, day="2026-10-12").id


def taken(house: House, task_id: int) -> Task | None:
    with house.transaction() as db:
        return take_task(db, task_id, now=house.now, lasts=LEASE)


def waiting(house: House) -> list[int]:
    with house.database.reading() as db:
        return list(open_tasks(db, now=house.now))


def notice(db: Session, house: House) -> Notice:
    person = house.actor(db, "office").id
    return Notice(person_id=person, zh="提醒", en="Reminder", created_at=house.now)


def test_a_task_is_one_workers_until_its_lease_runs_out(house: House) -> None:
    task_id = asked(house)
    first = taken(house, task_id)
    assert first is not None
    assert (first.epoch, first.attempts) == (1, 1)
    assert taken(house, task_id) is None
    assert waiting(house) == []
    house.later(seconds=61)
    assert waiting(house) == [task_id]
    second = taken(house, task_id)
    assert second is not None
    assert (second.epoch, second.attempts) == (2, 2)


def test_the_effect_of_an_old_epoch_is_rolled_back(house: House) -> None:
    task_id = asked(house)
    first = taken(house, task_id)
    house.later(seconds=61)
    second = taken(house, task_id)
    assert first is not None
    assert second is not None

    def effect(task: Task) -> None:
        with house.transaction() as db:
            db.add(notice(db, house))
            finish_task(db, task, now=house.now)

    with pytest.raises(Overtaken):
        effect(first)
    effect(second)
    with pytest.raises(Overtaken):
        effect(first)
    with house.database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Notice)) == 1
        assert db.get_one(Task, task_id).state == "done"
    assert waiting(house) == []


def test_a_failed_task_rests_longer_each_time_and_after_five_attempts_is_seen_as_failed(house: House) -> None:
    task_id, rests = asked(house), []
    for _ in range(MOST_ATTEMPTS):
        task = taken(house, task_id)
        assert task is not None
        with house.transaction() as db:
            fail_task(db, task, "OSError: no route", now=house.now)
            rests.append((lease - house.now) if (lease := db.get_one(Task, task_id).lease_until) else None)
        assert taken(house, task_id) is None
        house.later(minutes=17)
    assert rests == [PAUSE, PAUSE * 4, PAUSE * 16, PAUSE * 64, None]
    with house.database.reading() as db:
        failed = db.get_one(Task, task_id)
        assert (failed.state, failed.failure, failed.attempts) == ("failed", "OSError: no route", 5)
    assert waiting(house) == []


def test_a_task_that_kills_its_worker_each_time_is_given_up_too(house: House) -> None:
    task_id = asked(house)
    for _ in range(MOST_ATTEMPTS):
        assert taken(house, task_id) is not None
        house.later(seconds=61)
    assert waiting(house) == [task_id]
    assert taken(house, task_id) is None
    with house.database.reading() as db:
        lost = db.get_one(Task, task_id)
        assert (lost.state, lost.failure) == ("failed", "its worker died each time")
    assert waiting(house) == []


def test_a_worker_that_was_overtaken_does_not_fail_the_task_of_the_other(house: House) -> None:
    task_id = asked(house)
    first = taken(house, task_id)
    house.later(seconds=61)
    assert taken(house, task_id) is not None
    assert first is not None
    with house.transaction() as db:
        fail_task(db, first, "late", now=house.now)
        task = db.get_one(Task, task_id)
        assert (task.state, task.failure) == ("running", None)
