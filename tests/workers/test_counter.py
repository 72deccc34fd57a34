import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from redis.client import PubSub
from sqlalchemy import func, select

from engine import clock, settings, wire
from engine.actions.counting import START, Superseded
from engine.audience import recount
from engine.models.consultation import Sitting
from engine.models.ledger import Lease
from engine.models.live import CounterState, Like, LiveTotal, Sighting, Stretch
from engine.queries.statistics import disagreements, gaps, heard, seen_rows
from engine.wire import Entry, Row
from tests.crowds import a_comment, a_question, a_sitting, entry, row
from tests.houses import House
from workers.counter import Counter

PATIENCE_S = 40
WATCHED_S = 4.0


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    with Redis.from_url(valkey_url) as client:
        yield client


@pytest.fixture
def counter(house: House, redis: Redis) -> Counter:
    return Counter(house.database, redis)


@pytest.fixture
def sitting(house: House) -> int:
    """Opened a minute ago."""
    with house.transaction() as db:
        return a_sitting(db, opened=clock.now() - timedelta(minutes=1)).id


def send(redis: Redis, *entries: Entry) -> None:
    for one in entries:
        redis.xadd(wire.ENTRIES, {wire.ENTRY_FIELD: wire.encode_entry(one)})


def now_entry(seq: int, *rows: Row, boot: str = "boot") -> Entry:
    return entry(seq, *rows, boot=boot, at=clock.now())


def heard_on(pubsub: PubSub, until: Callable[[list[bytes]], bool]) -> list[bytes]:
    """The messages so far, once `until` is content with them."""
    messages: list[bytes] = []
    deadline = time.monotonic() + PATIENCE_S
    while not until(messages):
        assert time.monotonic() < deadline, messages
        if message := pubsub.get_message(timeout=0.1):
            messages.append(message["data"])
    return messages


def stats(redis: Redis, sitting: int) -> dict[str, int]:
    return dict(wire.decode_stats(redis.get(wire.stats_key(sitting)) or b"").figures)


def test_a_turn_commits_and_then_tells(house: House, counter: Counter, redis: Redis, sitting: int) -> None:
    with house.transaction() as db:
        live = db.get_one(Sitting, sitting)
        for state in ("approved", "pending", "hidden"):
            a_comment(db, live, state)
        a_question(db, live)
    with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe(wire.COUNTED, wire.stats_key(sitting))
        send(
            redis,
            now_entry(1, row(sitting, joined=True)),
            now_entry(2, row(sitting, watched=4, likes=["sitting"])),
        )
        assert counter.turn() is False
        messages = heard_on(pubsub, lambda messages: len(messages) == 2)
    assert json.loads(messages[0]) == {"boot": "boot", "seqs": [1, 2]}
    figures = {"online": 0, "peak": 0, "visits": 1, "likes": 1, "comments": 1, "questions": 1}
    assert wire.decode_stats(messages[1]).figures == figures == stats(redis, sitting)
    assert redis.smembers(wire.likes_key(sitting, "sitting")) == {b"b.a"}
    with house.database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Sighting)) == 2


def test_the_same_counter_counts_no_entry_twice(counter: Counter, redis: Redis, sitting: int) -> None:
    for _ in range(3):
        send(redis, now_entry(1, row(sitting, joined=True)), now_entry(2, row(sitting, watched=4)))
        counter.turn()
    assert stats(redis, sitting)["visits"] == 1


def test_a_counter_killed_before_it_could_tell_says_so_when_the_page_sends_again(
    house: House, counter: Counter, redis: Redis, sitting: int
) -> None:
    send(redis, now_entry(1, row(sitting, likes=["sitting"])))
    assert counter.is_the_one()
    counter.commit(counter.read())
    again = Counter(house.database, redis)
    again.holder = counter.holder
    send(redis, now_entry(2, row(sitting, likes=["sitting"])))
    again.turn()
    assert redis.smembers(wire.likes_key(sitting, "sitting")) == {b"b.a"}
    assert stats(redis, sitting)["likes"] == 1


def test_only_one_counts(house: House, counter: Counter, redis: Redis, sitting: int) -> None:
    other = Counter(house.database, redis)
    other.holder = "another machine"
    counter.turn()
    send(redis, now_entry(1, row(sitting, joined=True)))
    other.turn()
    with house.database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Sighting)) == 0
    with house.transaction() as db:
        db.get_one(Lease, "counter").until = clock.now() - timedelta(seconds=1)
    assert other.is_the_one()
    with pytest.raises(Superseded):
        counter.commit(counter.read())


def test_caches_are_filled_again_after_everything_in_valkey_is_lost(
    counter: Counter, redis: Redis, sitting: int
) -> None:
    send(redis, now_entry(1, row(sitting, joined=True, likes=["sitting"])))
    counter.turn()
    redis.flushall()
    counter.turn()
    assert redis.smembers(wire.likes_key(sitting, "sitting")) == {b"b.a"}
    assert stats(redis, sitting)["likes"] == 1
    send(redis, now_entry(3, row(sitting, "b.c", joined=True)))
    counter.turn()
    assert stats(redis, sitting)["visits"] == 2


def test_a_stream_that_began_again_under_an_earlier_clock_is_read(
    house: House, counter: Counter, redis: Redis, sitting: int
) -> None:
    send(redis, now_entry(1, row(sitting, joined=True)))
    counter.turn()
    redis.flushall()
    lost = now_entry(3, row(sitting, "b.c", joined=True))
    redis.xadd(wire.ENTRIES, {wire.ENTRY_FIELD: wire.encode_entry(lost)}, id="5-0")
    counter.turn()
    assert stats(redis, sitting)["visits"] == 2
    with house.database.reading() as db:
        assert [gap.entries for gap in gaps(db, db.get_one(Sitting, sitting))] == [1]


def test_what_is_no_entry_is_passed_over(counter: Counter, redis: Redis, sitting: int) -> None:
    redis.xadd(wire.ENTRIES, {"something": "else"})
    redis.xadd(wire.ENTRIES, {wire.ENTRY_FIELD: b"\xff[["})
    send(redis, now_entry(1, row(sitting, joined=True)))
    counter.turn()
    assert stats(redis, sitting)["visits"] == 1


@pytest.mark.parametrize("name", [wire.ENTRIES, "likes"])
def test_a_key_of_the_wrong_type_stops_nothing(
    counter: Counter, redis: Redis, sitting: int, name: str
) -> None:
    redis.set(wire.likes_key(sitting, "sitting") if name == "likes" else name, "what is this?")
    counter.turn()
    send(redis, now_entry(1, row(sitting, joined=True, likes=["sitting"])))
    counter.turn()
    assert stats(redis, sitting)["likes"] == 1


def test_more_than_a_batch_is_read_at_once(counter: Counter, redis: Redis, sitting: int) -> None:
    send(redis, *(now_entry(seq, row(sitting, f"b.{seq}", joined=True)) for seq in range(1, 151)))
    assert counter.turn() is True
    assert counter.turn() is False
    assert stats(redis, sitting)["visits"] == 150


def test_the_stream_is_trimmed_below_what_is_committed_only(
    house: House, counter: Counter, redis: Redis, sitting: int
) -> None:
    long_ago = int(clock.now().timestamp() * 1000) - 3_600_000
    data = {wire.ENTRY_FIELD: wire.encode_entry(now_entry(1))}
    for number in range(500):
        redis.xadd(wire.ENTRIES, data, id=f"{long_ago + number}-0")
    counter.turn()
    assert redis.xlen(wire.ENTRIES) == 500
    send(redis, now_entry(2))
    while counter.turn():
        pass
    counter.turn()
    assert redis.xlen(wire.ENTRIES) <= 200
    with house.database.reading() as db:
        assert db.get_one(CounterState, 1).position != START


def test_a_counter_without_valkey_waits(house: House, tmp_path: Path) -> None:
    nowhere = Counter(house.database, Redis(unix_socket_path=str(tmp_path / "nobody.sock")))
    assert nowhere.turn() is False


def test_a_sitting_that_closes_is_counted_to_its_end(
    house: House, counter: Counter, redis: Redis, sitting: int
) -> None:
    send(redis, now_entry(1, row(sitting, joined=True)))
    counter.turn()
    with house.transaction() as db:
        closed = db.get_one(Sitting, sitting).closed_at = clock.now()
    counter.turn()
    with house.database.reading() as db:
        assert set(db.scalars(select(LiveTotal.as_of))) == {closed}
        assert list(disagreements_of(house)) == []


def disagreements_of(house: House) -> list[str]:
    with house.database.reading() as db:
        return [words.en for words in disagreements(db)]


# ---- chaos


class Gateway:
    """Writes an entry every 20 ms and keeps a journal; its pages send their likes until they are counted."""

    def __init__(self, redis: Redis, sitting: int) -> None:
        self.redis, self.sitting = redis, sitting
        self.journal: dict[int, Entry] = {}
        self.announced: set[int] = set()
        self.likers: set[str] = set()
        self.liking: dict[str, int] = {}
        self.is_to_stop = threading.Event()
        self.is_to_settle = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        seq = 0
        with self.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            pubsub.subscribe(wire.COUNTED)
            while not self.is_to_stop.is_set():
                seq += 1
                self._write(seq)
                while message := pubsub.get_message():
                    self._hear(set(json.loads(message["data"])["seqs"]))
                time.sleep(0.02)

    def _write(self, seq: int) -> None:
        rows = []
        if not self.is_to_settle.is_set():
            rows = [
                row(self.sitting, f"b.{seq}", joined=True),
                row(self.sitting, f"b.{seq - 9}", watched=WATCHED_S),
            ]
            if seq % 3 == 0:
                self.likers.add(f"b.{seq}")
        for viewer in list(self.likers):
            if seq - self.liking.get(viewer, -99) > 50:
                self.liking[viewer] = seq
                rows = [one for one in rows if one.bearer.viewer != viewer]
                rows.append(row(self.sitting, viewer, joined=True, likes=["sitting"]))
        self.journal[seq] = now_entry(seq, *rows)
        send(self.redis, self.journal[seq])

    def _hear(self, seqs: set[int]) -> None:
        self.announced |= seqs
        for viewer, seq in list(self.liking.items()):
            if seq in self.announced:
                self.likers.discard(viewer)


@contextmanager
def running(house: House, url: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    config = settings.Settings(
        tmp_path, house.database.bind.url.render_as_string(hide_password=False), url, b"secret"
    )
    with (tmp_path / "counter.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.counter"],
            env=settings.environment(config),
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_killing_the_counter_and_losing_valkey_changes_no_figure(
    house: House, redis: Redis, valkey_url: str, sitting: int, tmp_path: Path
) -> None:
    gateway = Gateway(redis, sitting)
    gateway.thread.start()
    with running(house, valkey_url, tmp_path) as first:
        wait_for(lambda: len(gateway.announced) > 40)
        redis.flushall()
        seen = len(gateway.announced)
        wait_for(lambda: len(gateway.announced) > seen + 40)
        os.kill(first.pid, signal.SIGKILL)
    redis.flushall()
    seen = len(gateway.announced)
    with running(house, valkey_url, tmp_path) as second:
        wait_for(lambda: len(gateway.announced) > seen + 40)
        gateway.is_to_settle.set()
        wait_for(lambda: not gateway.likers)
        gateway.is_to_stop.set()
        gateway.thread.join(PATIENCE_S)
        wait_for(lambda: is_counted(house, max(gateway.journal)))
        second.terminate()
        assert second.wait(PATIENCE_S) == 0
    committed = committed_entries(house, gateway)
    assert gateway.announced <= committed.keys()
    assert len(committed) < len(gateway.journal)  # something was lost, and is known
    check_figures(house, sitting, committed, likes=len(gateway.liking))


def is_counted(house: House, seq: int) -> bool:
    with house.database.reading() as db:
        return db.scalar(select(func.max(Stretch.last_seq))) == seq


def committed_entries(house: House, gateway: Gateway) -> dict[int, Entry]:
    """Those of the journal that lie in a stretch; the holes between are the recorded gaps."""
    with house.database.reading() as db:
        runs = db.execute(select(Stretch.first_seq, Stretch.last_seq)).all()
    return {seq: gateway.journal[seq] for first, last in runs for seq in range(first, last + 1)}


def check_figures(house: House, sitting: int, committed: dict[int, Entry], *, likes: int) -> None:
    with house.transaction() as db:
        live = db.get_one(Sitting, sitting)
        closed, opened = clock.now(), live.opened_at
        assert opened is not None
        rows = [
            one
            for each in committed.values()
            for row in each.rows
            for one in heard(
                each.at,
                row.bearer.viewer,
                row.bearer.visit,
                row.bearer.kind,
                row.joined,
                row.beat and row.beat.visible,
                row.beat and row.beat.watched_ms,
            )
        ]
        journal = recount(rows, opened, closed)["official"].counts
        total = db.get_one(LiveTotal, (sitting, "official"))
        assert (total.visits, total.views, total.viewers) == (journal.visits, journal.views, journal.viewers)
        assert recount(seen_rows(db, sitting), opened, closed)["official"].counts.peak == journal.peak
        assert total.likes_anonymous == likes == db.scalar(select(func.count()).select_from(Like))
    assert disagreements_of(house) == []
