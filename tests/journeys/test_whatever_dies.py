"""`xieshang serve` under a crowd: each of its processes is killed, Valkey is emptied, and at last all of it dies."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

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
from tests.journeys.serving import Running, verify
from workers.valkey import EmbeddedValkey

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

    with Running("serve", tmp_path) as running:
        people = everything_dies(running, sitting, writers, moderator)
        shows_it_all(running, people, sitting)
        running.stop()
    agrees = verify(tmp_path)
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
