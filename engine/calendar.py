"""The house's working days, read from its editable table."""

from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models.house import Workday
from engine.workdays import Calendar


def of(db: Session) -> Calendar:
    """The calendar as it stands in this transaction; read once per session."""
    if "calendar" not in db.info:
        db.info["calendar"] = Calendar({row.day: row.worked for row in db.scalars(select(Workday))})
    return cast(Calendar, db.info["calendar"])
