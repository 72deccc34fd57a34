"""The procedures of the house as an administrator sees them: what holds, what is proposed, what is under way."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from engine.editions import editions, shipped_names
from engine.errors import NotFound
from engine.models.edition import ProcessEdition
from engine.models.matter import Matter
from engine.process import Process, State
from engine.process_diff import lost_states
from engine.words import Words

ORDER = (
    *("plan", "topic", "consultation", "research", "questionnaire"),
    *("sitting", "question", "comment", "recommendation"),
)
"""The order of a year; what is not named here follows."""


MOST = 9999
"""Editions of one procedure; a larger number is no column's."""


def names() -> list[str]:
    return [*ORDER, *(name for name in shipped_names() if name not in ORDER)]


def require_known(name: str) -> None:
    if name not in shipped_names():
        raise NotFound(Words("没有这个流程。", "There is no such procedure."))


def in_states(db: Session, name: str) -> dict[str, int]:
    """How many matters are in each state now, whatever edition they are in."""
    counts: Counter[str] = Counter()
    for state, count in _standing(db, name):
        counts[state.name] += count
    return counts


def under_way(db: Session, name: str) -> int:
    """How many matters are at no end of the edition they are in."""
    return sum(count for state, count in _standing(db, name) if not state.end)


def stranded(db: Session, name: str, process: Process) -> list[tuple[State, int]]:
    """How many matters are under way in each state that this text has not, as the edition they are in names it."""
    return [
        (state, count)
        for state, count in _standing(db, name)
        if not state.end and state.name not in process.states
    ]


def _standing(db: Session, name: str) -> list[tuple[State, int]]:
    """Every state of every edition that matters are in, with how many."""
    known = {process.edition: process for process in editions(db, name)}
    rows = select(Matter.edition, Matter.state, func.count()).where(Matter.process == name)
    found = db.execute(rows.group_by(Matter.edition, Matter.state).order_by(Matter.edition, Matter.state))
    return [(known[edition].states[state], count) for edition, state, count in found]


def without_place(db: Session, process: Process) -> dict[str, Words]:
    """The stages of other editions, ends apart, that this text has not: name → title. Matters may stand there."""
    return {
        state.name: state.title
        for other in editions(db, process.name)
        if other.edition != process.edition
        for state in lost_states(other, process)
    }


def to_be_moved(db: Session, process: Process, most: int) -> Sequence[Matter]:
    """Matters under way in earlier editions."""
    under_way = (
        and_(
            Matter.edition == other.edition,
            Matter.state.in_([state.name for state in other.states.values() if not state.end]),
        )
        for other in editions(db, process.name)
        if other.edition < process.edition
    )
    rows = select(Matter).where(Matter.process == process.name, or_(false(), *under_way))
    return db.scalars(rows.order_by(Matter.id).limit(most)).all()


def moving(db: Session, today: date) -> Sequence[ProcessEdition]:
    """The adopted editions, begun by this day, that take over what is under way; the earliest first."""
    rows = select(ProcessEdition).where(
        ProcessEdition.adopted_at.is_not(None),
        ProcessEdition.moves.is_not(None),
        ProcessEdition.from_date <= today,
    )
    return db.scalars(rows.order_by(ProcessEdition.process, ProcessEdition.number)).all()


def proposals(db: Session, name: str | None = None) -> Sequence[ProcessEdition]:
    """Every edition beside the shipped one, the newest first."""
    rows = select(ProcessEdition).order_by(ProcessEdition.process, ProcessEdition.number.desc())
    return db.scalars(rows.where(ProcessEdition.process == name) if name else rows).all()


def proposal(db: Session, name: str, number: int) -> ProcessEdition:
    found = db.get(ProcessEdition, (name, number), with_for_update=True) if number <= MOST else None
    if found is None:
        raise NotFound(Words("没有这一版。", "There is no such edition."))
    return found
