"""Every notice to somebody with an address is mailed once: by a real server, in their language."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select

from engine.actions.people import verify_citizen
from engine.actions.reminders import ask_for_mail
from engine.actions.tasks import LASTS
from engine.models.house import Notice
from engine.models.ledger import Task
from engine.models.people import Person
from engine.settings import Settings
from tests.houses import House
from tests.workers.mailboxes import Mailbox, mailbox
from workers.jobs import do_task


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def clock(house: House) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(house.now, tick=False) as traveller:
        yield traveller


def settings(tmp_path: Path, smtp_url: str | None) -> Settings:
    return Settings(tmp_path, "", "", b"secret", smtp_url=smtp_url, public_url="https://xieshang.example")


def notify(house: House, name: str, language: str = "zh") -> int:
    with house.transaction() as db:
        person = house.actor(db, name).person
        assert person is not None
        person.language = language
        matter = house.plan(db).id if name == "office" else None
        words = {"zh": "议题“加装\n电梯”：已通过初筛。", "en": "Topic “Lifts”: accepted."}
        notice = Notice(person_id=person.id, matter_id=matter, created_at=house.now, **words)
        db.add(notice)
        db.flush()
        return notice.id


def sweep(house: House, config: Settings) -> None:
    with house.transaction() as db:
        ask_for_mail(db, now=house.now)
        tasks = list(db.scalars(select(Task.id).where(Task.kind == "send_mail", Task.state == "waiting")))
    for task in tasks:
        do_task(house.database, config, task, LASTS)


def mailed(house: House, notice: int) -> bool:
    with house.database.reading() as db:
        return db.get_one(Notice, notice).mailed_at is not None


@pytest.mark.usefixtures("clock")
def test_a_notice_is_mailed_once_with_a_link_to_its_matter(
    house: House, box: Mailbox, tmp_path: Path
) -> None:
    notice, config = notify(house, "office"), settings(tmp_path, box.url)
    sweep(house, config)
    sweep(house, config)
    (mail,) = box.accepted
    with house.database.reading() as db:
        matter = db.get_one(Notice, notice).matter_id
    assert mail["To"] == "office@xieshang.example"
    assert mail["From"] == "政协某市委员会 <notice@xieshang.example>"
    assert mail["Subject"] == "议题“加装 电梯”：已通过初筛。"
    assert mail.get_content_type() == "text/plain"
    assert f"查看和办理：https://xieshang.example/desk/matters/{matter}\n" in mail.get_content()
    assert [base64.b64decode(login).decode() for login in box.logins] == ["\0notice@xieshang.example\0p@ss"]
    assert mailed(house, notice)


@pytest.mark.usefixtures("clock")
def test_it_speaks_the_persons_language(house: House, box: Mailbox, tmp_path: Path) -> None:
    notify(house, "leader", language="en")
    sweep(house, settings(tmp_path, box.url))
    (mail,) = box.accepted
    assert mail["From"] == "CPPCC of a City <notice@xieshang.example>"
    assert mail["Subject"] == "Topic “Lifts”: accepted."
    assert "Read and act: https://xieshang.example/desk/notices\n" in mail.get_content()
    assert not any("\u4e00" <= character <= "\u9fff" for character in mail.get_content())


@pytest.mark.usefixtures("clock")
def test_a_server_that_refuses_leaves_the_notice_unmailed_and_the_others_are_sent(
    house: House, box: Mailbox, tmp_path: Path
) -> None:
    box.refuses.add("office@xieshang.example")
    refused, sent = notify(house, "office"), notify(house, "leader")
    sweep(house, settings(tmp_path, box.url))
    assert [mail["To"] for mail in box.accepted] == ["leader@xieshang.example"]
    assert (mailed(house, refused), mailed(house, sent)) == (False, True)
    with house.database.reading() as db:
        task = db.scalars(select(Task).where(Task.key == f"send_mail:{refused}")).one()
        assert task.state == "waiting"
        assert "no such mailbox" in (task.failure or "")


@pytest.mark.usefixtures("clock")
def test_no_server_is_a_failure_that_is_tried_again(
    house: House, box: Mailbox, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    notice = notify(house, "office")
    sweep(house, settings(tmp_path, "smtp://127.0.0.1:1"))
    assert not mailed(house, notice)
    house.later(minutes=1)
    clock.move_to(house.now)
    sweep(house, settings(tmp_path, box.url))
    assert mailed(house, notice)


@pytest.mark.usefixtures("clock")
def test_without_a_server_a_notice_stays_in_the_house(house: House, tmp_path: Path) -> None:
    notice = notify(house, "office")
    sweep(house, settings(tmp_path, None))
    assert not mailed(house, notice)


def test_nobody_without_an_address_and_no_news_of_yesterday_is_mailed(house: House) -> None:
    with house.transaction() as db:
        citizen = verify_citizen(db, "key", "市民", now=house.now)
        gone = db.scalars(select(Person).where(Person.email == "party@xieshang.example")).one()
        gone.disabled_at = house.now
        office = house.actor(db, "office").id
        for person, at in (
            (citizen.id, house.now),
            (gone.id, house.now),
            (office, house.now - timedelta(days=2)),
        ):
            db.add(Notice(person_id=person, zh="通知", en="Notice", created_at=at))
        db.flush()
        ask_for_mail(db, now=house.now)
        assert db.scalars(select(Task).where(Task.kind == "send_mail")).all() == []
