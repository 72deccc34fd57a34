"""Announcing: gives committed facts their number in their sitting, in the order of commit, without a hole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, joinedload

from engine.models.consultation import Sitting
from engine.models.ledger import Outbox
from engine.queries.cards import card

BATCH = 200


@dataclass(frozen=True)
class Announcement:
    """A fact for the crowd of a sitting: its number, its event and the public card of the thing as it now is.

    No card where the crowd may no longer see the thing: whoever misses the number reads the page anew.
    """

    outbox_id: int
    sitting_id: int
    fact_no: int
    event: str
    card: dict[str, Any] | None


def number_facts(db: Session, *, now: datetime) -> None:
    """Numbers the next facts that the crowd may see; the others have nobody to be told to."""
    for row in db.scalars(_waiting().where(Outbox.fact_no.is_(None)).with_for_update(of=Outbox)).all():
        if row.sitting_id and card(db, row.entry):
            sitting = db.get_one(Sitting, row.sitting_id, with_for_update=True)
            sitting.fact_no += 1
            row.fact_no = sitting.fact_no
        else:
            row.announced_at = now
    db.flush()


def unheard_facts(db: Session) -> list[Announcement]:
    """The numbered facts nobody has been told of. Told again after a crash, a fact has the same number."""
    return [
        Announcement(row.id, row.sitting_id, row.fact_no, row.entry.event, card(db, row.entry))
        for row in db.scalars(_waiting())
        if row.sitting_id and row.fact_no
    ]


def mark_heard(db: Session, facts: Sequence[Announcement], *, now: datetime) -> None:
    ids = [fact.outbox_id for fact in facts]
    db.execute(update(Outbox).where(Outbox.id.in_(ids)).values(announced_at=now))


def _waiting() -> Select[Outbox]:
    rows = select(Outbox).where(Outbox.announced_at.is_(None)).options(joinedload(Outbox.entry))
    return rows.order_by(Outbox.id).limit(BATCH)
