"""How a sitting went: minute by minute, and segment by segment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from engine.editions import has_mark
from engine.models.consultation import Segment, Sitting
from engine.models.live import Like, LiveMinute, LiveSample
from engine.models.matter import Matter
from engine.models.voice import Comment, Question
from engine.queries.statistics import SAID
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
    """In as many queries for many segments as for one."""
    until = sitting.closed_at or now
    online = {
        segment: (round(float(mean), 1), peak)
        for segment, mean, peak in db.execute(
            select(Segment.id, func.avg(LiveSample.online), func.max(LiveSample.online))
            .join(LiveSample, LiveSample.sitting_id == Segment.sitting_id)
            .where(LiveSample.kind == "official", _during(LiveSample.at, sitting, until))
            .group_by(Segment.id)
        )
    }
    likes = {
        segment: count
        for segment, count in db.execute(
            select(Segment.id, func.count())
            .join(Like, Like.sitting_id == Segment.sitting_id)
            .where(Like.kind == "official", _during(Like.at, sitting, until))
            .group_by(Segment.id)
        )
    }
    comments, questions = (_said(db, sitting, figure, until) for figure in ("comments", "questions"))
    return [
        Watched(
            segment=one,
            until=one.ended_at or until,
            online_mean=online[one.id][0] if one.id in online else None,
            online_peak=online[one.id][1] if one.id in online else None,
            likes=likes.get(one.id, 0),
            comments=comments.get(one.id, 0),
            questions=questions.get(one.id, 0),
        )
        for one in sitting.segments
        if one.started_at
    ]


def _during(at: Any, sitting: Sitting, until: datetime) -> ColumnElement[bool]:
    """A moment of the sitting while a segment lasted, or lasts still."""
    return and_(
        Segment.sitting_id == sitting.id,
        at >= Segment.started_at,
        at < func.coalesce(Segment.ended_at, until),
    )


def _said(db: Session, sitting: Sitting, figure: str, until: datetime) -> dict[int, int]:
    """By when they were sent, of those that count into the figure now."""
    noun, mark = SAID[figure]
    model = Comment if noun == "comment" else Question
    rows = (
        select(Segment.id, func.count(model.id))
        .join(model, Matter.sitting_id == Segment.sitting_id)
        .where(has_mark(db, noun, mark), ~model.is_test, _during(Matter.created_at, sitting, until))
    )
    return {segment: count for segment, count in db.execute(rows.group_by(Segment.id))}
