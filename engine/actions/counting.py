"""Counting: what the gateways saw becomes rows, roll-ups and a position in the stream, in one transaction.

Replayed once, twice or ten times, in any order, the same entries make the same figures.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, inspect, select, update
from sqlalchemy.orm import Session

from engine import audience, wire
from engine.audience import MILLISECOND, Room, WatchTime
from engine.models.base import Base
from engine.models.consultation import Sitting
from engine.models.live import CounterState, Like, LiveMinute, LiveSample, LiveTotal, Sighting, Stretch
from engine.queries.statistics import READ_AT_ONCE, heard, seen_rows, sittings_counted
from engine.wire import Entry, Kind

START = "0-0"
WATCH_EVERY = timedelta(seconds=30)  # the median over 70,000 viewers takes a fifth of a second

Rows = dict[tuple[Any, ...], dict[str, Any]]  # by primary key: the other columns
Breathe = Callable[[], object]


class Superseded(Exception):
    """Another counter has taken over: nothing may be committed under this epoch."""


@dataclass
class Tally:
    """A sitting's room, fed with all its committed rows, and what the database holds of it."""

    sitting_id: int
    opened: datetime
    closed: datetime | None
    room: Room
    as_of: datetime
    stands: dict[type[Base], Rows] = field(default_factory=dict)
    newest: datetime | None = None  # row fed
    watched_at: datetime | None = None

    @property
    def is_complete(self) -> bool:
        totals = self.stands[LiveTotal].values()
        return bool(totals) and all(total["as_of"] == self.closed for total in totals)

    def feed(self, rows: Iterable[audience.Row]) -> None:
        self.room.feed(self._noting(rows))

    def _noting(self, rows: Iterable[audience.Row]) -> Iterator[audience.Row]:
        for row in rows:
            self.newest = max(row.at, self.newest or row.at)
            yield row

    def is_of(self, sitting: Sitting) -> bool:
        """Whether this is the sitting's tally still: it may have been closed since, but not before a row fed."""
        if self.opened != sitting.opened_at:
            return False
        if self.closed is None and sitting.closed_at and (self.newest or self.opened) < sitting.closed_at:
            self.closed = sitting.closed_at
            self.room.close(self.closed)
        return self.closed == sitting.closed_at


class Seen(NamedTuple):
    """A visit's row of an entry that was not counted before."""

    boot: str
    seq: int
    at: datetime
    row: wire.Row


def take_over(db: Session, epoch: int) -> str:
    """Makes `epoch` the only one that may commit, and says where in the stream it goes on."""
    state = db.get(CounterState, 1, with_for_update=True)
    if state is None:
        state = CounterState(epoch=epoch, position=START)
        db.add(state)
    if state.epoch > epoch:
        raise Superseded
    state.epoch = epoch
    db.flush()
    return state.position


def prepare(
    db: Session,
    tallies: dict[int, Tally],
    entries: Sequence[Entry],
    *,
    now: datetime,
    breathe: Breathe = lambda: None,
) -> None:
    """Reads the tallies that will be needed and lets others go: before the transaction, in which nobody else writes."""
    needed = {sitting.id: sitting for sitting in sittings_counted(db, now)}
    rows = [Seen(entry.boot, entry.seq, entry.at, row) for entry in entries for row in entry.rows]
    needed |= {sitting.id: sitting for sitting in _sittings(db, _countable(db, rows).keys() - needed.keys())}
    for gone in tallies.keys() - needed.keys():
        del tallies[gone]
    for sitting in needed.values():
        if sitting.id not in tallies:
            tallies[sitting.id] = load(db, sitting, breathe)


def load(db: Session, sitting: Sitting, breathe: Breathe = lambda: None) -> Tally:
    """The tally of an opened sitting from its committed rows, half a minute for a million of them.

    Between parts of a second or less `breathe` is called, so that a lease can be held on to.
    """
    opened = sitting.opened_at
    if opened is None:
        raise ValueError("a sitting that was not opened has no figures")
    tally = Tally(sitting.id, opened, sitting.closed_at, Room(opened, sitting.closed_at), opened)
    for table in (LiveMinute, LiveSample, LiveTotal, Like):
        tally.stands[table] = _stands(db, table, sitting.id)
    tally.as_of = max((total["as_of"] for total in tally.stands[LiveTotal].values()), default=opened)
    rows = seen_rows(db, sitting.id)
    while part := list(islice(rows, READ_AT_ONCE)):
        tally.feed(part)
        breathe()
    return tally


def commit_entries(
    db: Session,
    tallies: dict[int, Tally],
    entries: Sequence[Entry],
    *,
    position: str,
    epoch: int,
    now: datetime,
) -> list[Seen]:
    """Takes entries in and brings every tally up to `now`. Returns the rows that were new and count.

    What happens before a sitting's opening and from its closing on is not kept. `tallies` is brought up too,
    and may lack a sitting; the caller throws it away when its transaction fails.
    """
    _move(db, position, epoch)
    countable = _countable(db, _new_rows(db, entries))
    for sitting in _sittings(db, tallies.keys() | countable.keys()):
        if not (sitting.id in tallies and tallies[sitting.id].is_of(sitting)):
            tallies[sitting.id] = load(db, sitting)
    as_of = max([now, *(entry.at for entry in entries)])
    for tally in tallies.values():
        _count(db, tally, countable.get(tally.sitting_id, []), as_of)
    return [each for seen in countable.values() for each in seen]


def _move(db: Session, position: str, epoch: int) -> None:
    moved = update(CounterState).where(CounterState.id == 1, CounterState.epoch == epoch)
    if db.execute(moved.values(position=position)).rowcount != 1:  # type: ignore[attr-defined]
        raise Superseded


def _countable(db: Session, rows: Iterable[Seen]) -> dict[int, list[Seen]]:
    """The rows of viewers by their sitting, those of the time between its opening and its closing."""
    by_sitting: defaultdict[int, list[Seen]] = defaultdict(list)
    for each in rows:
        if not wire.only_looks_on(each.row.bearer.viewer):
            by_sitting[each.row.bearer.sitting].append(each)
    found: dict[int, list[Seen]] = {}
    for sitting in _sittings(db, by_sitting):
        if during := [each for each in by_sitting[sitting.id] if _was_open(sitting, each.at)]:
            found[sitting.id] = during
    return found


def _sittings(db: Session, ids: Iterable[int]) -> Sequence[Sitting]:
    rows = select(Sitting).where(Sitting.id.in_(ids), Sitting.opened_at.is_not(None))
    return db.scalars(rows.execution_options(populate_existing=True)).all()


def _was_open(sitting: Sitting, at: datetime) -> bool:
    return bool(
        sitting.opened_at and sitting.opened_at <= at and not (sitting.closed_at and at >= sitting.closed_at)
    )


# ---- entries


def _new_rows(db: Session, entries: Sequence[Entry]) -> list[Seen]:
    """The rows of the entries not taken in before; their places among the stretches are now taken."""
    by_boot: defaultdict[str, dict[int, Entry]] = defaultdict(dict)
    for entry in entries:
        by_boot[entry.boot][entry.seq] = entry
    return [
        Seen(entry.boot, entry.seq, entry.at, row)
        for boot, by_seq in by_boot.items()
        for entry in _take_in(db, boot, by_seq)
        for row in {row.bearer.visit: row for row in entry.rows}.values()
    ]


def _take_in(db: Session, boot: str, by_seq: Mapping[int, Entry]) -> list[Entry]:
    near = (Stretch.boot == boot, Stretch.last_seq >= min(by_seq) - 1, Stretch.first_seq <= max(by_seq) + 1)
    runs = select(Stretch.first_seq, Stretch.last_seq, Stretch.began, Stretch.ended, Stretch.unchecked)
    known = [Run(*run) for run in db.execute(runs.where(*near))]
    new = [
        entry
        for seq, entry in by_seq.items()
        if not any(run.first_seq <= seq <= run.last_seq for run in known)
    ]
    if new:
        joined = _joined(
            [*known, *(Run(entry.seq, entry.seq, entry.at, entry.at, entry.unchecked) for entry in new)]
        )
        db.execute(delete(Stretch).where(*near))
        db.execute(insert(Stretch), [{"boot": boot, **run._asdict()} for run in joined])
    return new


class Run(NamedTuple):
    """A stretch of one boot."""

    first_seq: int
    last_seq: int
    began: datetime
    ended: datetime
    unchecked: int


def _joined(runs: Iterable[Run]) -> list[Run]:
    """Neighbours as one, except those that let in unchecked tickets."""
    joined: list[Run] = []
    for run in sorted(runs):
        last = joined[-1] if joined else None
        if last and run.first_seq == last.last_seq + 1 and not run.unchecked and not last.unchecked:
            joined[-1] = last._replace(last_seq=run.last_seq, ended=run.ended)
        else:
            joined.append(run)
    return joined


def _keep(db: Session, seen: Sequence[Seen]) -> None:
    if seen:
        db.execute(
            insert(Sighting),
            [
                {
                    "boot": boot,
                    "seq": seq,
                    "visit": row.bearer.visit,
                    "sitting_id": row.bearer.sitting,
                    "viewer": row.bearer.viewer,
                    "kind": row.bearer.kind,
                    "at": at,
                    "has_joined": row.joined,
                    "has_left": row.left,
                    "visible": row.beat.visible if row.beat else None,
                    "watched_ms": row.beat.watched_ms if row.beat else None,
                }
                for boot, seq, at, row in seen
            ],
        )


# ---- roll-ups


def _count(db: Session, tally: Tally, seen: Sequence[Seen], as_of: datetime) -> None:
    if tally.is_complete and not seen:
        return
    _keep(db, seen)
    for _, _, at, row in seen:
        bearer, beat = row.bearer, row.beat
        shown = (beat.visible, beat.watched_ms) if beat else (None, None)
        tally.feed(heard(at, bearer.viewer, bearer.visit, bearer.kind, row.joined, *shown))
    _like(db, tally, seen)
    tally.as_of = max(tally.as_of, as_of)
    _roll_up(db, tally)


def _like(db: Session, tally: Tally, seen: Sequence[Seen]) -> None:
    """Keeps each like once, as given the first time."""
    stands, wanted = tally.stands[Like], Rows()
    for _, _, given, row in seen:
        bearer = row.bearer
        for to in row.likes:
            key = (tally.sitting_id, bearer.kind, bearer.viewer, to)
            before = wanted.get(key) or stands.get(key)
            at = min(given, before["at"]) if before else given
            wanted[key] = {"at": at, "is_verified": wire.is_verified(bearer.viewer)}
    _write(db, Like, stands, wanted)
    tally.feed(
        audience.Like(value["at"], viewer, to, kind, value["is_verified"])
        for (_, kind, viewer, to), value in wanted.items()
    )


def _roll_up(db: Session, tally: Tally) -> None:
    as_of = tally.as_of if tally.closed is None else min(tally.as_of, tally.closed)
    until = as_of if as_of != tally.closed else as_of - MILLISECOND
    watch = _watch_times(tally, as_of)
    minutes, samples, totals = Rows(), Rows(), Rows()
    for kind, crowd in tally.room.crowds.items():
        for minute in crowd.minutes(until):
            minutes[tally.sitting_id, kind, minute.at] = asdict(minute.counts)
        for at, online in crowd.samples(until):
            samples[tally.sitting_id, kind, at] = {"online": online}
        online = crowd.online(until) if as_of != tally.closed else 0
        counts = {**asdict(crowd.counts(until)), **watch[kind]}
        totals[tally.sitting_id, kind] = {"as_of": as_of, "online": online, **counts}
    for table, wanted in ((LiveMinute, minutes), (LiveSample, samples), (LiveTotal, totals)):
        _write(db, table, tally.stands[table], wanted)
        _drop(db, table, tally.stands[table], tally.stands[table].keys() - wanted.keys())


def _watch_times(tally: Tally, as_of: datetime) -> dict[Kind, dict[str, int | None]]:
    """Counted anew now and then, and at the end."""
    stands = tally.stands[LiveTotal]
    if as_of != tally.closed and tally.watched_at and as_of - tally.watched_at < WATCH_EVERY:
        kept = {kind: stands[tally.sitting_id, kind] for kind in tally.room.crowds}
        return {kind: {name: total[name] for name in WATCH} for kind, total in kept.items()}
    tally.watched_at = as_of
    return {kind: asdict(crowd.watch()) for kind, crowd in tally.room.crowds.items()}


WATCH = tuple(WatchTime.__slots__)


# ---- rows as they stand


def _stands(db: Session, table: type[Base], sitting_id: int) -> Rows:
    keys, values = _columns(table)
    found = db.execute(select(*keys, *values).where(keys[0] == sitting_id))
    names = [column.key for column in values]
    return {tuple(row[: len(keys)]): dict(zip(names, row[len(keys) :], strict=True)) for row in found}


def _write(db: Session, table: type[Base], stands: Rows, wanted: Rows) -> None:
    """Makes the database hold `wanted` too, of which it holds `stands`."""
    names = [column.key for column in _columns(table)[0]]
    added: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for key, values in wanted.items():
        if stands.get(key) != values:
            (changed if key in stands else added).append({**dict(zip(names, key, strict=True)), **values})
    if added:
        db.execute(insert(table), added)
    if changed:
        db.execute(update(table), changed)
    stands.update(wanted)


def _drop(db: Session, table: type[Base], stands: Rows, keys: Iterable[tuple[Any, ...]]) -> None:
    """Roll-ups of moments before which, as is known now, the sitting was closed."""
    for key in keys:
        db.execute(
            delete(table).where(
                *(column == part for column, part in zip(_columns(table)[0], key, strict=True))
            )
        )
        del stands[key]


def _columns(table: type[Base]) -> tuple[list[Any], list[Any]]:
    """Those of the primary key, the sitting's first, and the others."""
    columns = inspect(table).columns
    return [one for one in columns if one.primary_key], [one for one in columns if not one.primary_key]
