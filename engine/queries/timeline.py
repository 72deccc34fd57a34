"""How a sitting went: minute by minute, and segment by segment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.editions import has_mark
from engine.models.consultation import Segment, Sitting
from engine.models.live import Like, LiveMinute, LiveSample
from engine.models.matter import Matter
from engine.queries.statistics import SAID, traffic
from engine.wire import KINDS, Kind


@dataclass(frozen=True)
class Minute:
    """`online` is the highest sample in it, `visits` what began in it; by kind of traffic."""

    at: datetime
    online: dict[Kind, int]
    visits: dict[Kind, int]


@dataclass(frozen=True)
class Watched:
    """A segment that has begun, and what official traffic did while it lasted; nothing where there was no sample."""

    segment: Segment
    until: datetime
    online_mean: float | None
    online_peak: int | None
    likes: int
    comments: int
    questions: int

    @property
    def minutes(self) -> int:
        """As long as it really took."""
        return round((self.until - (self.segment.started_at or self.until)).total_seconds() / 60)


def minutes(db: Session, sitting: Sitting) -> list[Minute]:
    found: dict[datetime, Minute] = {}
    rows = select(LiveMinute).where(LiveMinute.sitting_id == sitting.id).order_by(LiveMinute.at)
    for row in db.scalars(rows):
        minute = found.setdefault(row.at, Minute(row.at, dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)))
        minute.online[row.kind], minute.visits[row.kind] = row.peak, row.visits
    return list(found.values())


def segments(db: Session, sitting: Sitting, now: datetime) -> Sequence[Watched]:
    return [
        _watched(db, one, one.started_at, one.ended_at or sitting.closed_at or now)
        for one in sitting.segments
        if one.started_at
    ]


def _watched(db: Session, segment: Segment, since: datetime, until: datetime) -> Watched:
    sitting = segment.sitting_id
    samples = select(func.avg(LiveSample.online), func.max(LiveSample.online)).where(
        LiveSample.sitting_id == sitting,
        LiveSample.kind == "official",
        LiveSample.at >= since,
        LiveSample.at < until,
    )
    mean, peak = db.execute(samples).one()
    liked = select(func.count()).where(
        Like.sitting_id == sitting, Like.kind == "official", Like.at >= since, Like.at < until
    )
    return Watched(
        segment,
        until,
        None if mean is None else round(float(mean), 1),
        peak,
        db.scalar(liked) or 0,
        _said(db, sitting, "comments", since, until),
        _said(db, sitting, "questions", since, until),
    )


def _said(db: Session, sitting_id: int, figure: str, since: datetime, until: datetime) -> int:
    """By when they were sent, of those that count into the figure now."""
    noun, mark = SAID[figure]
    kinds = select(traffic(noun)).where(
        Matter.sitting_id == sitting_id,
        has_mark(db, noun, mark),
        Matter.created_at >= since,
        Matter.created_at < until,
    )
    return list(db.scalars(kinds)).count("official")
