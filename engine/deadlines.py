"""Deadlines and windows, computed from the calendar when asked and never stored."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from engine import calendar
from engine.clock import day
from engine.editions import former_names, process_of
from engine.models.matter import Matter
from engine.past import entered
from engine.process import Clock, Process, Span, State, Verb
from engine.words import Words
from engine.workdays import Calendar

DayOf = Callable[[str | None], date | None]
"""The day a length is counted from or to, as `of` and `on` name it: nothing for entering the present state, a state
first entered, `field.NAME` or `parent.NAME`. Nothing comes back where that day is not known yet.
"""


@dataclass(frozen=True)
class Deadline:
    clock: Clock
    due: date


def deadlines(db: Session, matter: Matter) -> Iterable[Deadline]:
    """The clocks that run in the matter's present state."""
    clocks = process_of(db, matter).states[matter.state].due
    return running(clocks, calendar.of(db), lambda of: _day_of(db, matter, of))


def running(clocks: Iterable[Clock], days: Calendar, day_of: DayOf) -> Iterable[Deadline]:
    """As far as their day is known: one of each name."""
    found: dict[Words, Deadline] = {}
    for clock in clocks:
        if due := _due(clock, days, day_of):
            found[clock.what] = Deadline(clock, due)
    return found.values()


def _due(clock: Clock, days: Calendar, day_of: DayOf) -> date | None:
    for span, count in ((clock.within, days.due), (clock.before, days.before)):
        if span:
            start = day_of(span.of)
            return count(start, span.period) if start else None
    return day_of(clock.on)


def from_the_start(db: Session, process: Process, verb: Verb, parent: Matter) -> list[Deadline]:
    """What will run in a child of `parent` that this verb begins, as far as its days stand on the parent already."""

    def day_of(of: str | None) -> date | None:
        return _given(parent, of.removeprefix("parent.")) if of and of.startswith("parent.") else None

    clocks = process.states[verb.to or process.start].due
    return list(running(clocks, calendar.of(db), day_of))


def put_off_wrongly(
    db: Session, matter: Matter, state: State, values: Mapping[str, object], today: date
) -> dict[str, Words]:
    """What is wrong with a later day that is given for a deadline of the state a matter is to be in, by field."""
    wrong: dict[str, Words] = {}
    for clock in state.due:
        name = (clock.on or "").removeprefix("field.")
        given = values.get(name)
        if clock.at_most is None or not isinstance(given, date):
            continue
        start = _day_of(db, matter, clock.at_most.of)
        latest = calendar.of(db).due(start, clock.at_most.period) if start else date.max
        present = {deadline.clock.what: deadline.due for deadline in deadlines(db, matter)}
        earliest = max(present.get(clock.what, today), today)
        if given > latest:
            wrong[name] = Words(f"最晚可以延到 {latest:%Y-%m-%d}。", f"{latest:%Y-%m-%d} at the latest.")
        elif given <= earliest:
            wrong[name] = Words(
                f"要晚于 {earliest:%Y-%m-%d}（现在的期限或今天）。",
                f"It must be after {earliest:%Y-%m-%d}: the present deadline, or today.",
            )
    return wrong


def window_ends(db: Session, matter: Matter, window: Span) -> date | None:
    """The last day of a verb's window; nothing where it has not begun to run."""
    start = _day_of(db, matter, window.of)
    return calendar.of(db).due(start, window.period) if start else None


def _day_of(db: Session, matter: Matter, of: str | None) -> date | None:
    if of is None:
        return day(matter.since)
    if "." in of:
        return _given(matter, of)
    at = entered(db, matter, former_names(db, matter, of))
    return day(at) if at else None


def _given(matter: Matter, name: str) -> date | None:
    """The day that stands in `field.NAME` of the matter or in `parent.NAME`."""
    owner, _, column = name.rpartition(".")
    value = getattr(matter.parent if owner == "parent" else matter, column, None)
    return day(value) if isinstance(value, datetime) else value
