"""What was done to a matter until now, as its rules and clocks ask: for one, or read ahead for a page of them."""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter

_AHEAD = "ahead"
_IS_MOVE = LedgerEntry.from_state.is_distinct_from(LedgerEntry.to_state)


def read_ahead(db: Session, matters: Sequence[Matter], verbs: Set[str]) -> None:
    """The moves of these matters, and each time one of these verbs was done, in one query; kept until a fact is written
    in the session.
    """
    entries: dict[int, list[LedgerEntry]] = {matter.id: [] for matter in matters}
    rows = select(LedgerEntry).where(LedgerEntry.matter_id.in_(entries))
    for entry in db.scalars(rows.where(or_(_IS_MOVE, LedgerEntry.verb.in_(verbs))).order_by(LedgerEntry.id)):
        entries[entry.matter_id or 0].append(entry)
    ahead(db)["past"] = entries, verbs


def ahead(db: Session) -> dict[Any, Any]:
    """What was read ahead in this session, until a fact is written."""
    known: dict[Any, Any] = db.info.setdefault(_AHEAD, {})
    return known


def forget(db: Session) -> None:
    db.info.pop(_AHEAD, None)


def entered(db: Session, matter: Matter, states: Set[str]) -> datetime | None:
    """When the matter first came into one of these states."""
    entries, _verbs = ahead(db).get("past", ({}, ()))
    if matter.id in entries:
        return next((entry.at for entry in entries[matter.id] if entry.to_state in states), None)
    at = select(LedgerEntry.at).where(LedgerEntry.matter_id == matter.id, LedgerEntry.to_state.in_(states))
    return db.scalar(at.order_by(LedgerEntry.id).limit(1))


def came_from(db: Session, matter: Matter, states: Set[str], *, but: Set[str]) -> str | None:
    """Where the matter was when it last came into one of these states by a verb other than these."""
    rows = select(LedgerEntry.from_state).where(
        LedgerEntry.matter_id == matter.id,
        LedgerEntry.to_state.in_(states),
        LedgerEntry.from_state.not_in(states),
        LedgerEntry.verb.not_in(but),
    )
    return db.scalar(rows.order_by(LedgerEntry.id.desc()).limit(1))


def has_done(db: Session, matter: Matter, verb: str, person_id: int | None) -> bool:
    """Whether this person, or the system, ever did it: many may have."""
    entries, verbs = ahead(db).get("past", ({}, ()))
    if matter.id in entries and verb in verbs:
        return any(entry.verb == verb and entry.actor_id == person_id for entry in entries[matter.id])
    mine = select(LedgerEntry.id).where(
        LedgerEntry.matter_id == matter.id, LedgerEntry.verb == verb, LedgerEntry.actor_id == person_id
    )
    return db.scalar(mine.limit(1)) is not None


def done_since(db: Session, matter: Matter, verb: str) -> list[LedgerEntry]:
    """The times a verb was done since the matter entered its state."""
    entries, verbs = ahead(db).get("past", ({}, ()))
    if matter.id in entries and verb in verbs:
        mine = entries[matter.id]
        moved = max((entry.id for entry in mine if entry.from_state != entry.to_state), default=0)
        return [entry for entry in mine if entry.verb == verb and entry.id >= moved]
    rows = select(LedgerEntry).where(LedgerEntry.matter_id == matter.id, LedgerEntry.verb == verb)
    return list(db.scalars(rows.where(in_this_state(matter.id)).order_by(LedgerEntry.id)))


def in_this_state(matter_id: int | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Of a matter's entries those since it entered its state. Not by their times: machines' clocks differ."""
    moved = aliased(LedgerEntry)
    entered = select(func.max(moved.id)).where(
        moved.matter_id == matter_id, moved.from_state.is_distinct_from(moved.to_state)
    )
    if not isinstance(matter_id, int):
        entered = entered.correlate(Matter)
    return LedgerEntry.id >= entered.scalar_subquery()
