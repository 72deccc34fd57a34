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
from engine.actions.outbox import Announcement, announce
from engine.actions.tasks import open_tasks
from engine.database import Database
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
        with self.database.transaction() as db:
            if hold(db, "relay", self.holder, now=clock.now()) is None:
                self.tree = None
                return
        self.seal()
        self.schedule.turn()
        try:
            self.announce()
            self.ring()
        except RedisError as error:
            log.warning("valkey is away; facts wait", error=str(error))

    def announce(self) -> None:
        """Publishes inside the transaction: a crash repeats a fact under its number, and never skips one."""
        with self.database.transaction() as db, self.redis.pipeline() as pipe:
            for fact in announce(db, now=clock.now()):
                _publish(pipe, fact)
            if pipe.command_stack:
                pipe.execute()

    def ring(self) -> None:
        with self.database.reading() as db:
            waiting = open_tasks(db, now=clock.now())
        self.bell.ring(waiting)

    def seal(self) -> None:
        try:
            with self.database.transaction() as db:
                self.tree = self.tree or ledger.tree(db)
                seal(db, self.tree, key=self.key, now=clock.now())
        except Exception:
            self.tree = None
            raise


def _publish(pipe: Pipeline, fact: Announcement) -> None:
    data = wire.encode_fact(wire.Fact(fact.fact_no, fact.event, fact.card))
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
