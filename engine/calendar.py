"""The house's working days, read from its editable table."""

from collections.abc import Sequence
from datetime import date
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models.house import Workday
from engine.workdays import Calendar, Day


def of(db: Session) -> Calendar:
    """The calendar as it stands in this transaction; read once per session."""
    if "calendar" not in db.info:
        db.info["calendar"] = Calendar({row.day: row.worked for row in db.scalars(select(Workday))})
    return cast(Calendar, db.info["calendar"])


def days_in(db: Session, year: int) -> Sequence[Day]:
    """The exceptions of a year, in order of date."""
    rows = select(Workday).where(Workday.day.between(date(year, 1, 1), date(year, 12, 31)))
    return [Day(row.day, row.worked, row.note) for row in db.scalars(rows.order_by(Workday.day))]
