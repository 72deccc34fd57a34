"""The figures of a live sitting, counted from what was seen of its viewers (live.md, Words).

Twice: `Room` counts as rows arrive, `recount` counts all rows at once, and the two share the rules' numbers
and nothing else, so that each checks the other. In both the order of the rows and their repetition change
nothing. Times inside are milliseconds since the minute in which the sitting opened, so that minutes and
samples lie where the clock on the wall has them.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from statistics import median
from typing import Literal

from engine.wire import KINDS, PRESENT_FOR, Kind

SAME_VISIT = 5_000  # openings no further apart by the same viewer are one visit
VIEW = 3_000  # a visit watched longer is a view
PRESENT = PRESENT_FOR * 1_000
SAMPLE = 5_000
MINUTE = 60_000
SLACK = 2_000  # a gateway stamps whole seconds, and the first packets of a page are slow

MILLISECOND = timedelta(milliseconds=1)
STILL_OPEN = 1 << 60

Figure = Literal["visits", "views", "viewers", "likes_verified", "likes_anonymous"]


@dataclass(frozen=True, slots=True)
class Join:
    """A socket of a visit opened; those that come back name the same visit."""

    at: datetime
    viewer: str
    visit: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Beat:
    """`watched_ms` is the visit's own total, `visible` whether the page was then in front."""

    at: datetime
    viewer: str
    visit: str
    kind: Kind
    visible: bool
    watched_ms: int


@dataclass(frozen=True, slots=True)
class Like:
    at: datetime
    viewer: str
    to: str
    kind: Kind
    verified: bool


Row = Join | Beat | Like


@dataclass(frozen=True, slots=True)
class Counts:
    visits: int
    views: int
    viewers: int
    likes_verified: int
    likes_anonymous: int
    peak: int


@dataclass(frozen=True, slots=True)
class WatchTime:
    """Whole milliseconds a unique viewer, rounded down; nothing where there is no viewer."""

    mean_ms: int | None
    median_ms: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    counts: Counts
    watch: WatchTime


@dataclass(frozen=True, slots=True)
class Minute:
    """What began in one minute, and the highest sample in it. Every figure is the sum of its minutes."""

    at: datetime
    counts: Counts


class Room:
    """One sitting while rows arrive, official and test traffic apart.

    Only rows from `opened` until before `closed` count. Whoever was waiting at the opening opens the page
    then, with the first row seen of the visit. Where rows were fed before their closing was known, see `close`.
    """

    def __init__(self, opened: datetime, closed: datetime | None = None) -> None:
        self.crowds: dict[Kind, Crowd] = {kind: Crowd(opened, closed) for kind in KINDS}

    def feed(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.crowds[row.kind].take(row)
        for crowd in self.crowds.values():
            crowd.settle()

    def close(self, closed: datetime) -> None:
        """The closing, known now; no row fed so far may be from it on, and no later moment be asked about."""
        for crowd in self.crowds.values():
            crowd.close(closed)

    def figures(self, until: datetime) -> dict[Kind, Figures]:
        return {kind: Figures(crowd.counts(until), crowd.watch()) for kind, crowd in self.crowds.items()}


class Crowd:
    """One kind of traffic of a room. `until` is the moment of asking: no sample after it exists yet."""

    def __init__(self, opened: datetime, closed: datetime | None) -> None:
        self.start = opened.replace(second=0, microsecond=0)
        self.opened = self._elapsed(opened)
        self.closed = STILL_OPEN if closed is None else self._elapsed(closed)
        self.viewers: defaultdict[str, _Viewer] = defaultdict(_Viewer)
        self.begun: defaultdict[int, Counter[Figure]] = defaultdict(Counter)  # by minute
        self.online_at: Counter[int] = Counter()  # by sample
        self.unsettled: set[str] = set()

    def take(self, row: Row) -> None:
        at = self._elapsed(row.at)
        if self.opened <= at < self.closed:
            viewer = self.viewers[row.viewer]
            viewer.take(row, at)
            self.unsettled.add(row.viewer)
            if isinstance(row, Beat):
                self._sample(viewer, at)

    def settle(self) -> None:
        """Counts what was taken, each viewer once however many rows there were."""
        for name in self.unsettled:
            self._share(self.viewers[name])
        self.unsettled.clear()

    def close(self, closed: datetime) -> None:
        self.closed = self._elapsed(closed)

    def online(self, until: datetime) -> int:
        """At the last sample."""
        return self.online_at[self._elapsed(until) // SAMPLE]

    def samples(self, until: datetime) -> list[tuple[datetime, int]]:
        first, end = _up(self.opened, SAMPLE), _up(min(self._elapsed(until) + 1, self.closed), SAMPLE)
        return [(self.start + k * SAMPLE * MILLISECOND, self.online_at[k]) for k in range(first, end)]

    def minutes(self, until: datetime) -> list[Minute]:
        """From the opening's minute to the one of `until`."""
        end = self._elapsed(until) + 1
        return [
            Minute(
                self.start + at * MILLISECOND,
                _counts(self.begun.get(at // MINUTE, Counter()), self._peak(at, min(at + MINUTE, end))),
            )
            for at in range(0, end, MINUTE)
        ]

    def counts(self, until: datetime) -> Counts:
        begun: Counter[Figure] = sum(self.begun.values(), Counter())
        return _counts(begun, self._peak(0, self._elapsed(until) + 1))

    def watch(self) -> WatchTime:
        watched = [time for viewer in self.viewers.values() if (time := viewer.watch_time())]
        if not watched:
            return WatchTime(None, None)
        return WatchTime(sum(watched) // len(watched), int(median(watched)))

    def _share(self, viewer: "_Viewer") -> None:
        """Replaces what this viewer added to the minutes before the last row by what it adds now."""
        share = list(viewer.shares())
        if share != viewer.share:
            for minute, figure in viewer.share:
                self.begun[minute][figure] -= 1
            for minute, figure in share:
                self.begun[minute][figure] += 1
            viewer.share = share

    def _sample(self, viewer: "_Viewer", at: int) -> None:
        """The samples at which this beat is young enough, each viewer once."""
        for sample in range(_up(at, SAMPLE), _up(min(at + PRESENT, self.closed), SAMPLE)):
            if not viewer.sampled >> sample & 1:
                viewer.sampled |= 1 << sample
                self.online_at[sample] += 1

    def _peak(self, start: int, end: int) -> int:
        return max((self.online_at[k] for k in range(_up(start, SAMPLE), _up(end, SAMPLE))), default=0)

    def _elapsed(self, moment: datetime) -> int:
        return (moment - self.start) // MILLISECOND


@dataclass(slots=True)
class _Visit:
    first: int
    last: int
    watched: int = 0


@dataclass(slots=True)
class _Viewer:
    visits: dict[str, _Visit] = field(default_factory=dict)
    likes: dict[str, tuple[int, bool]] = field(default_factory=dict)
    sampled: int = 0  # bit k: online at sample k
    share: list[tuple[int, Figure]] = field(default_factory=list)  # what the minutes hold of this viewer

    def take(self, row: Row, at: int) -> None:
        if isinstance(row, Like):
            first, verified = self.likes.get(row.to, (at, False))
            self.likes[row.to] = min(at, first), row.verified or verified
            return
        visit = self.visits.setdefault(row.visit, _Visit(at, at))
        visit.first = min(visit.first, at)
        visit.last = max(visit.last, at)
        if isinstance(row, Beat) and row.visible:
            visit.watched = max(visit.watched, row.watched_ms)

    def groups(self) -> list[list[_Visit]]:
        """Openings close together are one visit."""
        groups: list[list[_Visit]] = []
        for visit in sorted(self.visits.values(), key=lambda visit: visit.first):
            if groups and visit.first - groups[-1][-1].first <= SAME_VISIT:
                groups[-1].append(visit)
            else:
                groups.append([visit])
        return groups

    def openings(self) -> Iterator[tuple[int, int]]:
        """When each visit began, and its time watched: no longer than it was seen, whatever the page says."""
        for group in self.groups():
            first, last = group[0].first, max(visit.last for visit in group)
            yield first, min(sum(visit.watched for visit in group), last - first + SLACK)

    def watch_time(self) -> int:
        return sum(watched for _, watched in self.openings() if watched > VIEW)

    def shares(self) -> Iterator[tuple[int, Figure]]:
        viewed = False
        for first, watched in self.openings():
            minute = first // MINUTE
            yield minute, "visits"
            if watched > VIEW:
                yield minute, "views"
                if not viewed:
                    yield minute, "viewers"
                viewed = True
        for at, verified in self.likes.values():
            yield at // MINUTE, "likes_verified" if verified else "likes_anonymous"


def _counts(begun: Counter[Figure], peak: int) -> Counts:
    return Counts(
        begun["visits"],
        begun["views"],
        begun["viewers"],
        begun["likes_verified"],
        begun["likes_anonymous"],
        peak,
    )


def _up(at: int, step: int) -> int:
    """The number of the first step not before `at`."""
    return -(-at // step)


def recount(rows: Iterable[Row], opened: datetime, closed: datetime) -> dict[Kind, Figures]:
    """The figures of a sitting that is over, from its rows alone: what its room must have shown."""
    start = opened.replace(second=0, microsecond=0)
    heard = {kind: _Heard() for kind in KINDS}
    for row in rows:
        if opened <= row.at < closed:
            heard[row.kind].add(row, (row.at - start) // MILLISECOND)
    return {kind: each.figures((closed - start) // MILLISECOND) for kind, each in heard.items()}


Span = tuple[int, int, int]


class _Heard:
    """Rows of one kind, folded only as far as order and repetition go; all counting is done at the end."""

    def __init__(self) -> None:
        self.spans: defaultdict[str, dict[str, Span]] = defaultdict(
            dict
        )  # first, last, watched by viewer, visit
        self.beats: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
        self.likes: defaultdict[tuple[str, str], bool] = defaultdict(bool)

    def add(self, row: Row, at: int) -> None:
        if isinstance(row, Like):
            self.likes[row.viewer, row.to] |= row.verified
            return
        shown = 0
        if isinstance(row, Beat):
            self.beats[row.viewer].append(at)
            shown = row.watched_ms if row.visible else 0
        first, last, watched = self.spans[row.viewer].get(row.visit, (at, at, 0))
        self.spans[row.viewer][row.visit] = min(first, at), max(last, at), max(watched, shown)

    def figures(self, closed: int) -> Figures:
        times = {viewer: list(_times(sorted(spans.values()))) for viewer, spans in self.spans.items()}
        views = [[time for time in each if time > VIEW] for each in times.values()]
        watched = sorted(sum(each) for each in views if each)
        middle = watched[(len(watched) - 1) // 2 : len(watched) // 2 + 1]
        verified = sum(self.likes.values())
        return Figures(
            Counts(
                visits=sum(map(len, times.values())),
                views=sum(map(len, views)),
                viewers=len(watched),
                likes_verified=verified,
                likes_anonymous=len(self.likes) - verified,
                peak=self.peak(closed),
            ),
            WatchTime(
                sum(watched) // len(watched) if watched else None,
                sum(middle) // len(middle) if watched else None,
            ),
        )

    def peak(self, closed: int) -> int:
        """A viewer is there from a beat until it is too old; a sample sees the edges not after it."""
        edges: Counter[int] = Counter()
        for beats in self.beats.values():
            gone = 0
            for at in sorted(beats):
                edges[-(-max(at, gone) // SAMPLE)] += 1
                gone = at + PRESENT
                edges[-(-gone // SAMPLE)] -= 1
        return max(accumulate(edges[sample] for sample in range(-(-closed // SAMPLE))), default=0)


def _times(spans: list[Span]) -> Iterator[int]:
    """Time watched of each visit of one viewer, from its spans in order of their beginning."""
    first, last, watched = spans[0]
    for (before, _, _), (begin, end, more) in pairwise(spans):
        if begin - before > SAME_VISIT:
            yield min(watched, last - first + SLACK)
            first, last, watched = begin, end, more
        else:
            last, watched = max(last, end), watched + more
    yield min(watched, last - first + SLACK)
