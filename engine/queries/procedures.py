"""The procedures of the house as an administrator sees them: what holds, what is proposed, what is under way."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.editions import editions, shipped_names
from engine.errors import NotFound
from engine.models.edition import ProcessEdition
from engine.models.matter import Matter
from engine.process import Process, State
from engine.words import Words

ORDER = ("plan", "topic", "consultation", "research", "sitting", "question", "comment", "recommendation")
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


def proposals(db: Session, name: str | None = None) -> Sequence[ProcessEdition]:
    """Every edition beside the shipped one, the newest first."""
    rows = select(ProcessEdition).order_by(ProcessEdition.process, ProcessEdition.number.desc())
    return db.scalars(rows.where(ProcessEdition.process == name) if name else rows).all()


def proposal(db: Session, name: str, number: int) -> ProcessEdition:
    found = db.get(ProcessEdition, (name, number), with_for_update=True) if number <= MOST else None
    if found is None:
        raise NotFound(Words("没有这一版。", "There is no such edition."))
    return found
