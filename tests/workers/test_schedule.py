"""What the clock asks for is asked for by the relay, and done by the kinds of work that RQ may call."""

from datetime import timedelta
from pathlib import Path

import time_machine
from redis import Redis
from sqlalchemy import select

from engine.actions.perform import perform
from engine.actions.tasks import LASTS, open_tasks
from engine.clock import day
from engine.models.house import Notice
from engine.models.ledger import Task
from engine.models.questionnaire import Questionnaire
from engine.models.recommendation import Recommendation
from engine.models.topic import Plan
from engine.settings import Settings
from tests.engine.actions.test_editions import adopted
from tests.houses import House, questionnaire, shown_question, sitting
from workers.jobs import KINDS, do_task
from workers.relay import Relay


def turn(house: House, valkey_url: str, data: Path, *, has_mail: bool) -> list[str]:
    """One turn of a new relay. Returns the kinds of the tasks that it rang for."""
    redis = Redis.from_url(valkey_url)
    relay = Relay(house.database, redis, data / "ledger.key", has_mail=has_mail)
    relay.turn()
    with house.database.reading() as db:
        return [db.get_one(Task, job.args[0]).kind for job in relay.bell.queue.jobs]


def finish_all(house: House, data: Path) -> None:
    with house.database.reading() as db:
        waiting = open_tasks(db, now=house.now)
    for task in waiting:
        do_task(house.database, Settings(data, "", "", b"secret"), task, LASTS)
    with house.database.reading() as db:
        assert [task.failure for task in db.scalars(select(Task)) if task.state != "done"] == []


def test_the_relay_rings_for_the_days_reminders_and_they_reach_their_people_once(
    house: House, valkey_url: str, tmp_path: Path
) -> None:
    with house.transaction() as db:
        house.topic(db, house.plan(db))
    house.now += timedelta(days=15)  # the day after the last one for screening it
    with time_machine.travel(house.now, tick=False):
        assert turn(house, valkey_url, tmp_path, has_mail=False) == ["remind_due"]
        finish_all(house, tmp_path)
        turn(house, valkey_url, tmp_path, has_mail=False)
        finish_all(house, tmp_path)
    with house.database.reading() as db:
        late = [notice.zh for notice in db.scalars(select(Notice)) if "逾期" in notice.zh]
    assert len(late) == 1


def test_the_relay_moves_what_is_under_way_to_the_edition_whose_day_has_come(
    house: House, valkey_url: str, tmp_path: Path
) -> None:
    with house.transaction() as db:
        plan = house.plan(db)
        adopted(house, db, from_date=day(house.now) + timedelta(days=1), moves={})
    for edition in (1, 2):
        with time_machine.travel(house.now, tick=False):
            turn(house, valkey_url, tmp_path, has_mail=False)
        with house.database.reading() as db:
            assert db.get_one(Plan, plan.id).edition == edition
        house.now += timedelta(days=1)


def test_mail_is_asked_for_only_where_there_is_a_server(
    house: House, valkey_url: str, tmp_path: Path
) -> None:
    with house.transaction() as db:
        db.add(Notice(person_id=house.actor(db, "office").id, zh="通知", en="Notice", created_at=house.now))
    with time_machine.travel(house.now, tick=False):
        assert "send_mail" not in turn(house, valkey_url, tmp_path, has_mail=False)
        Redis.from_url(valkey_url).flushall()
        assert "send_mail" in turn(house, valkey_url, tmp_path, has_mail=True)


def test_every_kind_that_a_closing_sitting_asks_for_can_be_done(house: House, tmp_path: Path) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        question = shown_question(house, db, live)
        host = house.actor(db, "host1")
        perform(db, question, "owe", actor=host, now=house.now, unit_id=1, due_on="2026-12-01")
        perform(db, live, "end", actor=host, now=house.now)
        asked = set(db.scalars(select(Task.kind)))
    assert asked <= set(KINDS)
    with time_machine.travel(house.now, tick=False):
        finish_all(house, tmp_path)
    with house.database.reading() as db:
        assert [draft.state for draft in db.scalars(select(Recommendation))] == ["proposed"]


def test_the_relay_closes_a_questionnaire_whose_last_day_is_over(
    house: House, valkey_url: str, tmp_path: Path
) -> None:
    with house.transaction() as db:
        number = questionnaire(house, db, to=day(house.now)).id
    for passed, state in ((0, "open"), (1, "closed")):
        house.now += timedelta(days=passed)
        with time_machine.travel(house.now, tick=False):
            turn(house, valkey_url, tmp_path, has_mail=False)
        with house.database.reading() as db:
            assert db.get_one(Questionnaire, number).state == state
