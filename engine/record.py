"""Writes a fact down: the ledger entry, its texts and what the world is owed, in the caller's transaction."""

import json
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.ledger import salted
from engine.models.ledger import LedgerEntry, LedgerText, Outbox, Task
from engine.models.matter import Matter
from engine.past import forget
from engine.rules import Actor


def record(
    db: Session,
    event: str,
    *,
    noun: str,
    verb: str,
    actor: Actor,
    now: datetime,
    matter: Matter | None = None,
    role: str | None = None,
    behalf: str | None = None,
    from_state: str | None = None,
    data: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
    announced: bool = True,
) -> LedgerEntry:
    """`data` is public for good. `answers` and `texts` are salted: nobody outside reads them, they can be erased, and
    stay provable. What is not `announced` stands in the ledger, and is neither sealed nor shown before it is.
    """
    entry = LedgerEntry(
        at=now,
        event=event,
        noun=noun,
        matter_id=matter.id if matter else None,
        version=matter.version if matter else None,
        verb=verb,
        from_state=from_state,
        to_state=matter.state if matter else None,
        actor_id=actor.id,
        role=role,
        behalf=behalf,
        data={name: _plain(value) for name, value in (data or {}).items()},
    )
    secret = dict(texts or {}) | ({"answers": as_text(answers)} if answers else {})
    for name, text in secret.items():
        keep(entry, name, text)
    db.add(entry)
    db.flush()
    forget(db)
    if announced:
        announce(db, entry, matter)
    return entry


def keep(entry: LedgerEntry, name: str, value: object) -> None:
    """A salted text of an entry; also of one that was written in this transaction."""
    salt, text = secrets.token_bytes(16), as_text(value)
    entry.texts.append(LedgerText(field=name, salt=salt, digest=salted(salt, text), text=text))


def announce(db: Session, entry: LedgerEntry, matter: Matter | None = None) -> None:
    """Owes a fact to the world, and to the crowd of the matter's sitting."""
    sitting = (matter.sitting_id or (matter.id if matter.process == "sitting" else None)) if matter else None
    db.add(Outbox(entry_id=entry.id, sitting_id=sitting))


def announce_noted(db: Session, matter: Matter) -> None:
    """What was noted of a matter and not announced."""
    told = select(Outbox.id).where(Outbox.entry_id == LedgerEntry.id).exists()
    noted = select(LedgerEntry).where(LedgerEntry.matter_id == matter.id, ~told)
    for entry in db.scalars(noted.order_by(LedgerEntry.id)):
        announce(db, entry, matter)


def note(
    db: Session,
    matter: Matter,
    what: str,
    *,
    actor: Actor,
    now: datetime,
    from_state: str | None = None,
    data: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
    announced: bool = True,
) -> LedgerEntry:
    """A line in a matter's history that is no step of its procedure; `what` as in `queries.matters.EVENTS`."""
    return record(
        db,
        f"matter.{what}",
        noun=matter.process,
        verb=what,
        actor=actor,
        now=now,
        matter=matter,
        role="system" if actor.is_system else None,
        from_state=from_state or matter.state,
        data=data,
        answers=answers,
        announced=announced,
    )


def ask_for(
    db: Session, kind: str, key: str, now: datetime, matter: Matter | None = None, **given: Any
) -> Task:
    """Asks for background work in the caller's transaction. `key` names the effect, which is never done twice."""
    task = Task(kind=kind, key=key, matter_id=matter.id if matter else None, given=given, created_at=now)
    db.add(task)
    db.flush()
    return task


def as_text(value: object) -> str:
    """A value of a text-like field as the one string that is salted and kept."""
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, sort_keys=True, default=_plain)
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
