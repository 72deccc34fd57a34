"""`xieshang serve` under a crowd: each of its processes is killed, Valkey is emptied, and at last all of it dies."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest
from redis import Redis
from sqlalchemy import select

import migrations
from engine import clock
from engine.actions.people import issue_link
from engine.database import Database
from engine.models.matter import Matter
from engine.models.voice import Comment, Question
from engine.queries import statistics
from tests import houses
from tests.houses import House
from tests.journeys.acknowledged import Client, People, Said
from tests.journeys.conftest import free_ports
from workers.valkey import EmbeddedValkey

HEALS_WITHIN_S = 30  # ten on a machine of its own; under test it shares two cores
PATIENCE_S = 60
WRITERS, VIEWERS = 6, 8
VICTIMS = {
    "a worker of the web": "gunicorn: worker",
    "the web": "gunicorn: master",
    "the gateway": "xieshang gateway",
    "the relay": "xieshang relay",
    "the counter": "xieshang counter",
    "the worker": "rq:worker",
    "Valkey": "valkey-server",
}
"""Who dies → how its command line begins, or ends with for a path."""


class Running:
    """`xieshang serve` as anybody starts it, on a folder with a sitting on the air."""

    process: subprocess.Popen[bytes]

    def __init__(self, data: Path, port: int) -> None:
        self.data, self.port, self.url = data, port, f"http://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "workers.main",
            "serve",
            "--data",
            self.data,
            "--port",
            str(self.port),
        ]
        with (self.data / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.wait_until(self.is_well, "the house is well")

    def health(self) -> dict[str, object]:
        with (
            suppress(OSError, ValueError),
            urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer,
        ):
            return dict(json.load(answer))
        return {}

    def is_well(self) -> bool:
        return self.health().get("status") == "ok"

    def wait_until(self, holds: Callable[[], bool], what: str, within: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                logs = [self.data / "serve.log", *self.data.glob("logs/*.log")]
                said = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-1500:]}" for log in logs)
                pytest.fail(f"not within {within} s: {what}; {self.health()}\n{said}")
            time.sleep(0.1)

    def kill(self, command: str) -> None:
        """And waits until another has taken its place and all is well."""
        pid = self.found(command)
        assert pid, command
        os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: self.found(command) not in (None, pid), f"{command} is back", HEALS_WITHIN_S)
        self.wait_until(self.is_well, f"all is well after {command}", HEALS_WITHIN_S)

    def found(self, command: str) -> int | None:
        return next((pid for pid in descendants(self.process.pid) if command in command_line(pid)), None)

    def die(self) -> None:
        """The supervisor alone is killed; nobody may outlive it for long."""
        family = descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        self.wait_until(lambda: not any(command_line(pid) for pid in family), "its children are gone")

    def stop(self) -> None:
        family = descendants(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(45) == 0
        assert not any(command_line(pid) for pid in family)


def descendants(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [one for child in children for one in (child, *descendants(child))]
    return []


def command_line(pid: int) -> str:
    """Empty when there is no such process, or nothing of it but its exit status."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


@contextmanager
def opened(data: Path) -> Iterator[House]:
    with closing(Database(f"sqlite:///{data / 'xieshang.db'}")) as database:
        yield House(database, clock.now())


def links(house: House, *names: str) -> list[str]:
    with house.transaction() as db:
        people = [house.actor(db, name).person for name in names]
        return [f"/sign-in/{issue_link(db, person, purpose='sign_in', now=house.now)}" for person in people]


def kept(house: House, kind: type[Comment] | type[Question], said: list[Said]) -> list[Said]:
    """Those of them that are there, word for word, each once."""
    with house.transaction() as db:
        rows = db.execute(select(kind.id, kind.title).where(kind.title.in_([one.text for one in said])))
        return [Said(*row) for row in rows]


def test_nothing_acknowledged_is_lost_or_doubled_whatever_dies(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'xieshang.db'}")) as database:
        migrations.upgrade(database.bind)
        house = houses.found(database)
        house.now = clock.now()
        with house.transaction() as db:
            sitting = houses.sitting(house, db).id
        writers = links(house, *(f"citizen{number}" for number in range(WRITERS)))
        moderator = links(house, "moderator1")[0]

    with Running(tmp_path, free_ports_in_a_row()) as running:
        people = everything_dies(running, sitting, writers, moderator)
        shows_it_all(running, people, sitting)
        running.stop()
    agrees = subprocess.run(
        [sys.executable, "-m", "workers.main", "verify"],
        env=os.environ | {"XIESHANG_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert agrees.returncode == 0, agrees.stdout


def everything_dies(running: Running, sitting: int, writers: list[str], moderator: str) -> People:
    people, late = People(running.url, sitting), threading.Event()
    at_once = threading.Event()
    at_once.set()
    with people.at_work():
        for number, link in enumerate(writers):
            people.start(people.write, Client(running.url).sign_in(link), f"市民{number}")
        people.start(people.moderate, Client(running.url).sign_in(moderator))
        for number in range(VIEWERS):
            people.start(people.watch, f"viewer {number}", late if number % 2 else at_once)
        goes_on(running, people)
        for command in VICTIMS.values():
            running.kill(command)
            goes_on(running, people)
        with Redis.from_url(EmbeddedValkey(running.data).url) as redis:
            late.set()
            redis.flushall()
        goes_on(running, people)
        running.kill("valkey-server")
        running.wait_until(lambda: len(people.journal.liked) == VIEWERS, "every like is told to be counted")
        running.die()
        running.start()
        goes_on(running, people)
    return people


def goes_on(running: Running, people: People) -> None:
    """Something more is acknowledged."""
    before = people.journal.size()
    running.wait_until(lambda: people.journal.size() > before or bool(people.faults), "somebody is heard")
    assert people.faults == []


def shows_it_all(running: Running, people: People, sitting: int) -> None:
    journal = people.journal
    assert len(journal.comments) > WRITERS
    assert journal.questions
    assert journal.approved
    with opened(running.data) as house:
        assert sorted(kept(house, Comment, journal.comments)) == sorted(journal.comments)
        assert sorted(kept(house, Question, journal.questions)) == sorted(journal.questions)
        with house.transaction() as db:
            waiting = select(Matter.id).where(Matter.id.in_(journal.approved), Matter.state == "pending")
            assert db.scalars(waiting).all() == []

    def likes() -> int:
        with opened(running.data) as house, house.transaction() as db:
            return statistics.on_page(db, sitting)["likes"]

    running.wait_until(lambda: likes() == VIEWERS, "the likes are the viewers' own")


def free_ports_in_a_row() -> int:
    """The first of three: web, gateway, its health."""
    for port in range(20_000, 30_000, 3):
        with suppress(OSError):
            free_ports([port, port + 1, port + 2])
            return port
    pytest.fail("no port is free")
