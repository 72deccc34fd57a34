"""Notices: read, and sent by e-mail."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.models.house import Notice


def read_all(db: Session, person_id: int, *, now: datetime) -> None:
    mine = update(Notice).where(Notice.person_id == person_id, Notice.read_at.is_(None))
    db.execute(mine.values(read_at=now))
