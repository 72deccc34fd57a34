"""Who is invited to a sitting, and who came."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, selectinload

from engine.models.consultation import Attendance, Sitting
from engine.queries.matters import state_of


def attendances(db: Session, sitting: Sitting) -> Sequence[Attendance]:
    """In the order in which they were invited."""
    rows = select(Attendance).where(Attendance.parent_id == sitting.id)
    return db.scalars(rows.options(selectinload(Attendance.person)).order_by(Attendance.id)).all()


def attendance_of(db: Session, sitting: Sitting, person_id: int) -> Attendance | None:
    return db.scalar(
        select(Attendance).where(Attendance.parent_id == sitting.id, Attendance.person_id == person_id)
    )


def invitations(db: Session, person_id: int, now: datetime) -> Sequence[tuple[Attendance, Sitting]]:
    """This person's, to sittings that are not over, the next one first."""
    to = aliased(Sitting, flat=True)
    rows = (
        select(Attendance, to)
        .join(to, to.id == Attendance.parent_id)
        .where(Attendance.person_id == person_id, to.ends_at > now, to.closed_at.is_(None))
    )
    return [(one, sitting) for one, sitting in db.execute(rows.order_by(to.starts_at))]


def tally(db: Session, sitting: Sitting, found: Sequence[Attendance]) -> Counter[str]:
    """How many stand where, by mark; `late` are those who came after it had begun."""
    counts = Counter(mark for one in found for mark in state_of(db, one).marks)
    counts["late"] = sum(is_late(db, sitting, one) for one in found)
    return counts


def is_late(db: Session, sitting: Sitting, attendance: Attendance) -> bool:
    came = attendance.arrived_at if "attended" in state_of(db, attendance).marks else None
    return came is not None and came > sitting.starts_at
