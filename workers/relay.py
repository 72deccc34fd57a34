"""Tells the world what was committed: numbers and publishes facts, rings RQ, seals the ledger. One at a time, by lease.

Without Valkey it goes on sealing; the facts wait in their table and are published when it is back.
"""

import os
import signal
import socket
import time
from pathlib import Path
from types import FrameType

import structlog
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError

from engine import clock, settings, wire
from engine.actions.lease import hold
from engine.actions.ledger import seal
from engine.actions.outbox import Announcement, mark_heard, number_facts, unheard_facts
from engine.actions.tasks import open_tasks
from engine.database import Database, Session
from engine.ledger import Tree, load_or_create_key
from engine.queries import ledger
from workers.bell import Bell
from workers.schedule import Schedule

TICK_S = 0.2
RECENT_FACTS = 500

log = structlog.get_logger("relay")


class Relay:
    """`turn()` does once what there is to do; `run()` turns until told to stop."""

    def __init__(self, database: Database, redis: Redis, key_path: Path, *, has_mail: bool = False) -> None:
        self.database, self.redis = database, redis
        self.bell, self.schedule = Bell(redis), Schedule(database, has_mail=has_mail)
        self.key = load_or_create_key(key_path)
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self.tree: Tree | None = None
        self.stopping = False

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        while not self.stopping:
            self.turn()
            time.sleep(TICK_S)

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def turn(self) -> None:
        """Only while it holds the lease, which every transaction here asks for again: a relay that was frozen for a
        while may wake up as the second one.
        """
        with self.database.transaction() as db:
            if not self.is_the_one(db):
                self.tree = None
                return
            number_facts(db, now=clock.now())
        self.seal()
        self.schedule.turn()
        try:
            self.announce()
            self.ring()
        except RedisError as error:
            log.warning("valkey is away; facts wait", error=str(error))

    def is_the_one(self, db: Session) -> bool:
        return hold(db, "relay", self.holder, now=clock.now()) is not None

    def announce(self) -> None:
        """Nothing is locked while it publishes. A crash after that repeats facts under their numbers."""
        with self.database.reading() as db:
            facts = unheard_facts(db)
        if facts:
            with self.redis.pipeline() as pipe:
                for fact in facts:
                    _publish(pipe, fact)
                pipe.execute()
            with self.database.transaction() as db:
                mark_heard(db, facts, now=clock.now())

    def ring(self) -> None:
        with self.database.reading() as db:
            waiting = open_tasks(db, now=clock.now())
        self.bell.ring(waiting)

    def seal(self) -> None:
        try:
            with self.database.transaction() as db:
                if self.is_the_one(db):
                    self.tree = self.tree or ledger.tree(db)
                    seal(db, self.tree, key=self.key, now=clock.now())
        except Exception:
            self.tree = None
            raise


def _publish(pipe: Pipeline, fact: Announcement) -> None:
    """A fact that cannot be told is a hole for the pages, which then read anew; it stops no other."""
    if fact.card is None:
        return
    try:
        data = wire.encode_fact(wire.Fact(fact.fact_no, fact.event, fact.card))
    except ValueError as error:
        log.error("a fact cannot be told", sitting=fact.sitting_id, fact=fact.fact_no, error=str(error))
        return
    recent = wire.recent_key(fact.sitting_id)
    pipe.rpush(recent, data)
    pipe.ltrim(recent, -RECENT_FACTS, -1)
    pipe.publish(wire.facts_channel(fact.sitting_id), data)


def main() -> None:
    config = settings.load()
    database, redis = Database(config.database_url), Redis.from_url(config.redis_url)
    Relay(database, redis, config.data / "ledger.key", has_mail=bool(config.smtp_url)).run()


if __name__ == "__main__":
    main()
