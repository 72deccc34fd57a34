"""Decides about rooms: who is there, what they are told, what is written down. No I/O, no clock.

Frames here are JSON, not yet framed. An `Instant` is one moment on two clocks: the wall's for what is said
and written, a steady one for what is measured.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from engine import wire
from engine.wire import Bearer, Beat, Counted, Entry, Fact, Row, Stats
from web.live.protocol import Viewer

FACTS_A_TICK = 10
FACTS_WAITING = 20  # more than two ticks' worth late, and the room is told to fetch instead
FACTS_BRIDGED = 50  # most facts one viewer is told at once when coming back
FACTS_KEPT = 200
RENEW_AFTER = 300.0  # seconds: a page that stays gets a new resume token before the old one is too old
ENTRIES_KEPT = 600  # unwritten, or whose likes wait for the counter; then the pages send those again
ROWS_KEPT = 200_000  # unwritten, while Valkey is away


class Presence:
    """Who is online: a viewer key is, while its last beat is younger than `wire.PRESENT_FOR` seconds.

    One slot a second, each key in one slot at a time: a beat costs one assignment, a viewer who stays
    is looked at once in 45 s.
    """

    def __init__(self) -> None:
        self.beats: dict[str, int] = {}
        self.slots: dict[int, list[str]] = {}
        self.clock = 0

    def __len__(self) -> int:
        return len(self.beats)

    def beat(self, viewer: str, second: int) -> None:
        if viewer not in self.beats:
            self._watch(viewer, second + wire.PRESENT_FOR)
        self.beats[viewer] = second

    def expire(self, second: int) -> None:
        """Forgets whoever has been silent; may be called as rarely as one likes."""
        for due in [slot for slot in self.slots if slot <= second]:
            for viewer in self.slots.pop(due):
                until = self.beats[viewer] + wire.PRESENT_FOR
                if until <= second:
                    del self.beats[viewer]
                else:
                    self._watch(viewer, until)

    def _watch(self, viewer: str, second: int) -> None:
        self.slots.setdefault(second, []).append(viewer)


class Instant(NamedTuple):
    at: datetime
    second: float


class Position(NamedTuple):
    """How far a viewer is: the last tick, and the last fact known after it."""

    seq: int
    fact_no: int


class Room:
    """One sitting on this gateway. `fact_no` is the last fact told; `told` are the last, without a hole."""

    def __init__(self, sitting: int) -> None:
        self.sitting = sitting
        self.members: dict[int, Viewer] = {}
        self.readers: set[int] = set()
        self.behind: dict[int, Position] = {}
        self.presence = Presence()
        self.stats: Stats | None = None
        self.is_open = False
        self.fact_no = 0
        self.before = self.position = Position(0, 0)
        self.told: deque[Fact] = deque(maxlen=FACTS_KEPT)
        self.waiting: deque[Fact] = deque()
        self.heard: dict[int, Fact] = {}
        self.must_resync = False
        self.bridges: dict[int, list[bytes]] = {}

    # -- what is learnt

    def open(self, recent: Sequence[Fact], stats: Stats | None) -> None:
        """The last facts (rising) as Valkey has them. Later: again, after messages may have been missed."""
        if self.is_open:
            self._bridge(recent)
        else:
            self._begin(recent)
        self.stats = stats or self.stats

    def hear(self, fact: Fact) -> None:
        if fact.fact_no > self._last:
            self.heard[fact.fact_no] = fact
        while self.is_open and self._last + 1 in self.heard:
            self.waiting.append(self.heard.pop(self._last + 1))

    @property
    def has_hole(self) -> bool:
        """A fact was heard and one before it was not: the recent ones are to be read from Valkey."""
        return self.is_open and bool(self.heard)

    @property
    def _last(self) -> int:
        return self.waiting[-1].fact_no if self.waiting else self.fact_no

    def _begin(self, recent: Sequence[Fact]) -> None:
        self.is_open = True
        for fact in recent:
            if self.told and fact.fact_no != self.told[-1].fact_no + 1:
                self.told.clear()
            self.told.append(fact)
        self.fact_no = self.told[-1].fact_no if self.told else 0
        self.before = self.position = Position(0, self.fact_no)
        for fact_no in sorted(self.heard):
            self.hear(self.heard.pop(fact_no))

    def _bridge(self, recent: Sequence[Fact]) -> None:
        for fact in recent:
            self.hear(fact)
        if self.heard:
            self._skip_to(max(self.heard))

    def _skip_to(self, fact_no: int) -> None:
        """Gives up on telling: everyone fetches."""
        self.fact_no = fact_no
        self.told.clear()
        self.waiting.clear()
        self.heard.clear()
        self.bridges.clear()
        self.must_resync = True

    # -- what is told

    def tick(self, now: datetime) -> list[bytes]:
        """The frames for every reader, once a tick."""
        if len(self.waiting) > FACTS_A_TICK + FACTS_WAITING:
            self._skip_to(self._last)
        frames = [wire.resync(self.fact_no)] if self.must_resync else []
        facts = [self.waiting.popleft() for _ in range(min(FACTS_A_TICK, len(self.waiting)))]
        self.told.extend(facts)
        self.fact_no += len(facts)
        self.must_resync = False
        self.bridges.clear()
        self.before, self.position = self.position, Position(self.position.seq + 1, self.fact_no)
        return [*frames, wire.tick(self.position.seq, now, self.stats, facts, len(self.waiting))]

    def catch_up(self, since: int, now: datetime) -> list[bytes]:
        """What a viewer who has everything up to `since` has missed of the ticks. Made once for all."""
        if since not in self.bridges:
            self.bridges[since] = [self._bridge_frame(since, now)]
        return self.bridges[since]

    def can_bridge(self, since: int) -> bool:
        return 0 <= self.fact_no - since <= min(FACTS_BRIDGED, len(self.told))

    def _bridge_frame(self, since: int, now: datetime) -> bytes:
        if not self.can_bridge(since):
            return wire.resync(self.fact_no)
        missed = list(self.told)[len(self.told) - (self.fact_no - since) :]
        return wire.tick(self.position.seq, now, self.stats, missed, len(self.waiting))

    # -- who is told

    def fall_behind(self, handle: int, *, missed_tick: bool) -> None:
        """Its socket is full. Nothing is kept for it but where it stopped: before the last tick, or after."""
        if handle in self.readers:
            self.readers.discard(handle)
            self.behind[handle] = self.before if missed_tick else self.position

    def recover(self, handle: int, now: datetime) -> list[bytes]:
        """Its socket is free again: all it has missed, as one frame with the latest counts."""
        self.readers.add(handle)
        stopped = self.behind.pop(handle)
        return self.catch_up(stopped.fact_no, now) if stopped != self.position else []


class Hub:
    """All rooms of one gateway process, and what it writes down each second."""

    def __init__(self, boot: str, secret: bytes) -> None:
        self.boot = boot
        self.secret = secret
        self.rooms: dict[int, Room] = {}
        self.rows: dict[tuple[int, str, str], Row] = {}
        self.like_askers: list[tuple[Viewer, str]] = []
        self.uncommitted: dict[int, list[tuple[Viewer, str]]] = {}
        self.unchecked = 0
        self.seq = 0

    def room(self, sitting: int) -> Room:
        """The room, made if need be; one that is not yet open hears facts and waits for `open`."""
        if sitting not in self.rooms:
            self.rooms[sitting] = Room(sitting)
        return self.rooms[sitting]

    # -- viewers

    def join(self, viewer: Viewer, since: int | None, liked: Iterable[str], now: Instant) -> list[bytes]:
        """Lets a viewer in whose bearer is known: hello, and what was missed since it was last here."""
        room = self.room(viewer.bearer.sitting)
        viewer.admitted, viewer.liked = True, frozenset(liked)
        room.members[viewer.handle] = viewer
        room.readers.add(viewer.handle)
        self._row(viewer.bearer).joined = True
        if since is None or since == room.fact_no:
            return [self._hello(viewer, room.fact_no, now)]
        has = since if room.can_bridge(since) else room.fact_no
        return [self._hello(viewer, has, now), *room.catch_up(since, now.at)]

    def leave(self, viewer: Viewer) -> None:
        if viewer.admitted:
            room = self.room(viewer.bearer.sitting)
            room.members.pop(viewer.handle, None)
            room.readers.discard(viewer.handle)
            room.behind.pop(viewer.handle, None)
            self._row(viewer.bearer).left = True
        viewer.handle = -1

    def beat(self, viewer: Viewer, beat: Beat, now: Instant) -> list[bytes]:
        """A page that stays long is greeted again, for the new resume token in it."""
        bearer, room = viewer.bearer, self.room(viewer.bearer.sitting)
        room.presence.beat(bearer.viewer, int(now.second))
        self._row(bearer).beat = beat
        if now.second - viewer.greeted < RENEW_AFTER or viewer.handle not in room.readers:
            return []
        return [self._hello(viewer, room.fact_no, now)]

    def like(self, viewer: Viewer, to: str) -> list[bytes]:
        """Written down until the counter has it: sent again is written again, and counted once there."""
        if to in viewer.liked:
            return [wire.liked(to)]
        row = self._row(viewer.bearer)
        if to not in row.likes:
            row.likes.append(to)
            self.like_askers.append((viewer, to))
        return []

    def _hello(self, viewer: Viewer, fact_no: int, now: Instant) -> bytes:
        viewer.greeted = now.second
        bearer = viewer.bearer
        resume = wire.new_resume(bearer, secret=self.secret, now=now.at)
        stats = self.room(bearer.sitting).stats
        return wire.hello(bearer.sitting, fact_no, stats, resume, sorted(viewer.liked))

    def _row(self, bearer: Bearer) -> Row:
        key = (bearer.sitting, bearer.viewer, bearer.visit)
        if key not in self.rows:
            self.rows[key] = Row(bearer)
        return self.rows[key]

    # -- the world

    def hear_fact(self, sitting: int, fact: Fact) -> Room | None:
        """The room, if it now has a hole."""
        if room := self.rooms.get(sitting):
            room.hear(fact)
        return room if room and room.has_hole else None

    def hear_stats(self, sitting: int, stats: Stats) -> None:
        if room := self.rooms.get(sitting):
            room.stats = stats

    def hear_counted(self, counted: Counted) -> Iterator[tuple[Viewer, bytes]]:
        """Whose like is now committed, and the frame that says so."""
        if counted.boot != self.boot:
            return
        for seq in counted.seqs:
            for viewer, to in self.uncommitted.pop(seq, []):
                viewer.liked |= {to}
                if viewer.handle >= 0:
                    yield viewer, wire.liked(to)

    # -- time

    def tick(self, now: Instant) -> list[tuple[Room, list[bytes]]]:
        """The frames of each room, and an end to rooms that nobody is in."""
        for room in list(self.rooms.values()):
            room.presence.expire(int(now.second))
            if room.is_open and not room.members and not len(room.presence):
                del self.rooms[room.sitting]
        return [(room, room.tick(now.at)) for room in self.rooms.values() if room.members]

    def take_entry(self, now: datetime) -> Entry:
        """What happened since the last one, even if nothing: the entries are the gateway's pulse too."""
        self.seq += 1
        entry = Entry(self.boot, self.seq, now, list(self.rows.values()), self.unchecked)
        if self.like_askers:
            self.uncommitted[self.seq] = self.like_askers
        if self.seq - ENTRIES_KEPT in self.uncommitted:
            del self.uncommitted[self.seq - ENTRIES_KEPT]
        self.rows, self.like_askers, self.unchecked = {}, [], 0
        return entry


class Sealed(NamedTuple):
    """An entry as the stream takes it, and how many rows it holds."""

    rows: int
    data: bytes


class Outbox:
    """Entries not yet in the stream, oldest first. What is too much is lost, and its `seq` stays a hole."""

    def __init__(self) -> None:
        self.entries: deque[Sealed] = deque()
        self.rows = 0
        self.lost_rows = 0

    def add(self, entry: Entry) -> None:
        self._put([*self.entries, Sealed(len(entry.rows), wire.encode_entry(entry))])

    def take(self) -> list[Sealed]:
        """All of them, to be written; `put_back` if that failed."""
        taken, self.entries, self.rows = list(self.entries), deque(), 0
        return taken

    def put_back(self, taken: list[Sealed]) -> None:
        self._put([*taken, *self.entries])

    def _put(self, entries: list[Sealed]) -> None:
        self.entries = deque(entries)
        self.rows = sum(sealed.rows for sealed in entries)
        while self.rows > ROWS_KEPT or len(self.entries) > ENTRIES_KEPT:
            lost = self.entries.popleft()
            self.rows -= lost.rows
            self.lost_rows += lost.rows
