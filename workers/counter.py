"""Counts: reads the gateways' entries, commits what they saw, and tells gateways and pages. One at a time, by lease.

What Valkey loses is rebuilt from the database; entries lost with it stay a hole in `seq`, which is a recorded gap.
"""

import os
import signal
import socket
import time
from collections.abc import Sequence
from types import FrameType
from typing import NamedTuple, cast

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from engine import clock, settings, wire
from engine.actions.counting import START, Seen, Superseded, Tally, commit_entries, prepare, take_over
from engine.actions.lease import hold
from engine.database import Database
from engine.queries import statistics
from engine.wire import Counted, Entry, Stats

TICK_S = 0.5
BATCH = 100
PATIENCE_S = 2
KEPT_MS = 600_000  # committed entries stay so long, for a database that is set back to a moment ago
CACHED_S = 86_400
CACHES_BY = "live:counter"  # which counter has filled the caches; gone with them

log = structlog.get_logger("counter")


class Read(NamedTuple):
    """An entry with its place in the stream, or nothing where there is no entry to be read."""

    position: str
    entry: Entry | None


class Counter:
    """`turn()` counts once what there is; `run()` turns until told to stop."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self.database, self.redis = database, redis
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self.epoch, self.position = 0, START
        self.tallies: dict[int, Tally] = {}
        self.has_filled_caches = False
        self.stopping = False

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        while not self.stopping:
            begun = time.monotonic()
            if not self.turn():
                time.sleep(max(0.0, begun + TICK_S - time.monotonic()))

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def turn(self) -> bool:
        """Whether there is more to be read at once."""
        if not self.is_the_one():
            return False
        try:
            read = self.read()
            self.tell(read, self.commit(read))
        except RedisError as error:
            log.warning("valkey is away or holds something strange; entries wait", error=str(error))
            self.has_filled_caches = False
            if isinstance(error, ResponseError):
                self.clear_the_way()
            return False
        except Superseded:
            return False
        return len(read) == BATCH

    def is_the_one(self) -> bool:
        with self.database.transaction() as db:
            epoch = hold(db, "counter", self.holder, now=clock.now())
            if epoch is not None and epoch != self.epoch:
                self.position = take_over(db, epoch)
        if epoch != self.epoch:
            self.epoch, self.tallies, self.has_filled_caches = epoch or 0, {}, False
        return epoch is not None

    def read(self) -> list[Read]:
        found = self._entries(f"({self.position}") or self._entries_of_a_new_stream()
        return [_read(position.decode(), fields) for position, fields in found]

    def _entries_of_a_new_stream(self) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """A stream that was lost begins with its server's clock, which may have been set back."""
        last = cast("list[tuple[bytes, object]]", self.redis.xrevrange(wire.ENTRIES, count=1))
        if not last or _parts(last[0][0].decode()) >= _parts(self.position):
            return []
        return self._entries("-")

    def _entries(self, start: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
        return cast(
            "list[tuple[bytes, dict[bytes, bytes]]]", self.redis.xrange(wire.ENTRIES, start, count=BATCH)
        )

    def commit(self, read: Sequence[Read]) -> list[Seen]:
        """Every entry at once, or none; what was counted in memory goes with a transaction that fails."""
        entries = [entry for _, entry in read if entry]
        position = read[-1].position if read else self.position
        try:
            with self.database.reading() as db:
                prepare(db, self.tallies, entries, now=clock.now(), breathe=self.is_the_one)
            if not read and not self.tallies:
                return []
            with self.database.transaction() as db:
                seen = commit_entries(
                    db, self.tallies, entries, position=position, epoch=self.epoch, now=clock.now()
                )
        except BaseException:
            self.tallies = {}
            raise
        self.position = position
        return seen

    def tell(self, read: Sequence[Read], seen: Sequence[Seen]) -> None:
        """What is committed: to the caches, to the gateways whose pages wait for it, and to every page its counts."""
        if not self.has_filled_caches or self.redis.get(CACHES_BY) != self.holder.encode():
            self.fill_caches()
        with self.redis.pipeline(transaction=False) as pipe:
            for _, _, _, row in seen:
                for to in row.likes:
                    pipe.sadd(wire.likes_key(row.bearer.sitting, to), row.bearer.viewer)
            for boot, seqs in _by_boot(read).items():
                pipe.publish(wire.COUNTED, wire.encode_counted(Counted(boot, seqs)))
            for sitting_id, stats in self.stats().items():
                pipe.set(wire.stats_key(sitting_id), stats, ex=CACHED_S)
                pipe.publish(wire.stats_key(sitting_id), stats)
                for to in wire.LIKEABLE:
                    pipe.expire(wire.likes_key(sitting_id, to), CACHED_S)
            pipe.xtrim(wire.ENTRIES, minid=max(0, _parts(self.position)[0] - KEPT_MS), approximate=True)
            pipe.execute()

    def clear_the_way(self) -> None:
        """Puts aside what is no stream where the gateways write theirs."""
        if self.redis.type(wire.ENTRIES) not in (b"stream", b"none"):
            self.redis.rename(wire.ENTRIES, f"{wire.ENTRIES}:strange")

    def stats(self) -> dict[int, bytes]:
        """The counts of each sitting that is open or has just been closed."""
        with self.database.reading() as db:
            return {
                id: wire.encode_stats(Stats(tally.as_of, statistics.on_page(db, id)))
                for id, tally in self.tallies.items()
            }

    def fill_caches(self) -> None:
        with self.database.reading() as db, self.redis.pipeline(transaction=False) as pipe:
            for sitting_id in self.tallies:
                for to in wire.LIKEABLE:
                    pipe.delete(wire.likes_key(sitting_id, to))
                    for viewer in statistics.liked(db, sitting_id, to):
                        pipe.sadd(wire.likes_key(sitting_id, to), viewer)
            pipe.set(CACHES_BY, self.holder)
            pipe.execute()
        self.has_filled_caches = True


def _read(position: str, fields: dict[bytes, bytes]) -> Read:
    try:
        return Read(position, wire.decode_entry(fields.get(wire.ENTRY_FIELD.encode(), b"")))
    except ValueError as error:
        log.warning("not an entry", position=position, error=str(error))
        return Read(position, None)


def _by_boot(read: Sequence[Read]) -> dict[str, list[int]]:
    by_boot: dict[str, list[int]] = {}
    for _, entry in read:
        if entry:
            by_boot.setdefault(entry.boot, []).append(entry.seq)
    return by_boot


def _parts(position: str) -> tuple[int, int]:
    """A place in the stream as its server orders them."""
    milliseconds, number = position.split("-")
    return int(milliseconds), int(number)


def main() -> None:
    config = settings.load()
    redis = Redis.from_url(
        config.redis_url,
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
        retry=Retry(NoBackoff(), 0),  # a connection that was lost has to be noticed: the caches may be too
    )
    Counter(Database(config.database_url), redis).run()


if __name__ == "__main__":
    main()
