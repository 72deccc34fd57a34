"""Which text of a procedure holds: the shipped file is edition 1, an adopted variant is a row."""

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from engine.models.edition import ProcessEdition
from engine.models.matter import Matter
from engine.process import Process, read

SHIPPED = Path(__file__).parent / "processes"


@cache
def shipped(name: str) -> Process:
    return read((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def shipped_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


@cache
def _adopted(name: str, number: int, text: str) -> Process:
    return read(text, number)


def editions(db: Session, name: str) -> list[Process]:
    """Every edition of a procedure that holds or has held, the shipped one first."""
    rows = db.scalars(_of(name).order_by(ProcessEdition.number))
    return [shipped(name), *(_adopted(name, row.number, row.text) for row in rows)]


def every_edition(db: Session) -> list[Process]:
    """Of every procedure, in one query."""
    rows = select(ProcessEdition).where(ProcessEdition.adopted_at.is_not(None))
    adopted = db.scalars(rows.order_by(ProcessEdition.process, ProcessEdition.number))
    return [shipped(name) for name in shipped_names()] + [
        _adopted(row.process, row.number, row.text) for row in adopted
    ]


def process_of(db: Session, matter: Matter) -> Process:
    """The edition a matter started under, which it keeps."""
    if matter.edition == 1:
        return shipped(matter.process)
    row = db.get_one(ProcessEdition, (matter.process, matter.edition))
    return _adopted(row.process, row.number, row.text)


def process_on(db: Session, name: str, day: date) -> Process:
    """The edition that a matter begun on this day starts under."""
    rows = _of(name).where(ProcessEdition.from_date <= day)
    row = db.scalar(rows.order_by(ProcessEdition.from_date.desc(), ProcessEdition.number.desc()).limit(1))
    return _adopted(name, row.number, row.text) if row else shipped(name)


def _of(name: str) -> Select[ProcessEdition]:
    return select(ProcessEdition).where(
        ProcessEdition.process == name, ProcessEdition.adopted_at.is_not(None)
    )


def former_names(db: Session, matter: Matter, state: str) -> set[str]:
    """What a state was called in the editions that a matter was moved from, its present name among them."""
    names = {state}
    for moves in reversed(_moves(db, matter)):
        names |= {old for old, new in moves.items() if new in names}
    return names


def present_name(db: Session, matter: Matter, state: str) -> str:
    """What a state that a matter was in is called in the edition it has been moved to."""
    for moves in _moves(db, matter):
        state = moves.get(state, state)
    return state


def _moves(db: Session, matter: Matter) -> list[dict[str, str]]:
    """What editions up to the matter's own made of the states of earlier ones, in their order."""
    rows = (db.get(ProcessEdition, (matter.process, number)) for number in range(2, matter.edition + 1))
    return [row.moves for row in rows if row and row.adopted_at and row.moves]


def has_mark(db: Session, name: str, mark: str, row: type[Matter] = Matter) -> ColumnElement[bool]:
    """The condition that a matter's present state carries a mark, whichever edition it is in."""
    return _stands_in(db, name, lambda process: process.marked(mark), row)


def is_ended(db: Session, name: str, row: type[Matter] = Matter) -> ColumnElement[bool]:
    """The condition that a matter is at an end."""
    return _stands_in(db, name, lambda process: process.ends, row)


def _stands_in(
    db: Session, name: str, states: Callable[[Process], frozenset[str]], row: type[Matter]
) -> ColumnElement[bool]:
    return and_(
        row.process == name,
        or_(
            *(
                and_(row.edition == process.edition, row.state.in_(states(process)))
                for process in editions(db, name)
            )
        ),
    )


def carries_mark(db: Session, matter: Matter, mark: str) -> bool:
    return mark in process_of(db, matter).states[matter.state].marks
