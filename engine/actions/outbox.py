"""Announcing: gives committed facts their number in their sitting, in the order of commit, without a hole."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.models.consultation import Sitting
from engine.models.ledger import Outbox
from engine.queries.cards import card

BATCH = 200


@dataclass(frozen=True)
class Announcement:
    """A fact for the crowd of a sitting: its number, its event and the public card of the thing as it now is."""

    sitting_id: int
    fact_no: int
    event: str
    card: dict[str, Any]


def announce(db: Session, *, now: datetime) -> Iterator[Announcement]:
    """Marks the next unheard facts as announced and yields those the crowd may see.

    The caller publishes them before it commits, so that each is heard at least once, always under one number.
    """
    rows = select(Outbox).where(Outbox.announced_at.is_(None)).options(joinedload(Outbox.entry))
    for row in db.scalars(rows.order_by(Outbox.id).limit(BATCH)).all():
        row.announced_at = now
        if row.sitting_id and (seen := card(db, row.entry)):
            sitting = db.get_one(Sitting, row.sitting_id, with_for_update=True)
            sitting.fact_no += 1
            row.fact_no = sitting.fact_no
            yield Announcement(row.sitting_id, row.fact_no, row.entry.event, seen)
    db.flush()
