"""Deadlines and windows, computed from the calendar when asked and never stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendar
from engine.clock import day
from engine.editions import process_of
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.process import Clock, Span


@dataclass(frozen=True)
class Deadline:
    clock: Clock
    due: date


def deadlines(db: Session, matter: Matter) -> Iterator[Deadline]:
    """The clocks that run in the matter's present state, as far as their day is known."""
    for clock in process_of(db, matter).states[matter.state].due:
        for span, count in ((clock.within, calendar.of(db).due), (clock.before, calendar.of(db).before)):
            if span and (start := anchor(db, matter, span)):
                yield Deadline(clock, count(start, span.period))


def window_ends(db: Session, matter: Matter, window: Span) -> date | None:
    """The last day of a verb's window; nothing where it has not begun to run."""
    start = anchor(db, matter, window)
    return calendar.of(db).due(start, window.period) if start else None


def anchor(db: Session, matter: Matter, span: Span) -> date | None:
    """The day a span of this matter is counted from or to; nothing where that day is not known yet."""
    if span.of is None:
        return day(matter.since)
    owner, dot, name = span.of.partition(".")
    if not dot:
        entered = select(LedgerEntry.at).where(
            LedgerEntry.matter_id == matter.id, LedgerEntry.to_state == owner
        )
        at = db.scalar(entered.order_by(LedgerEntry.id).limit(1))
        return day(at) if at else None
    value = getattr(matter.parent if owner == "parent" else matter, name, None)
    return day(value) if isinstance(value, datetime) else value
