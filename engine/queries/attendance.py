"""Who is invited to a sitting, and who came."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, selectinload

from engine.editions import process_of
from engine.guards import unmet
from engine.models.consultation import Attendance, Sitting
from engine.queries.matters import state_of
from engine.rules import Actor, role_over
from engine.words import Words


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


@dataclass(frozen=True)
class Seat:
    """A remote seat as somebody may see it: its link, or why they do not see it now."""

    attendance: Attendance
    link: str | None
    closed: Words | None


def seat(db: Session, attendance: Attendance, actor: Actor, now: datetime) -> Seat:
    """Its link is shown with consent, from when signing in opens, to its guest and to who puts it on the screen."""
    state = state_of(db, attendance)
    if not SEATED & set(state.marks):
        return Seat(attendance, None, state.title)
    if attendance.remote_consent != "agreed":
        return Seat(attendance, None, NO_CONSENT if attendance.remote_consent else UNANSWERED)
    if role_over(actor, attendance, ("remote_guest", "host", "live_operator")) is None:
        return Seat(attendance, None, NOT_YOURS)
    door = process_of(db, attendance).verbs["join"].when
    closed = next((words for guard in door if (words := unmet(db, attendance, guard, now))), None)
    return Seat(attendance, None if closed else attendance.remote_url, closed)


SEATED = {"invited", "will_attend", "attended"}
NO_CONSENT = Words("没有同意。", "No consent.")
NOT_YOURS = Words(
    "已同意；链接只显示给本人、主持人和直播运维。",
    "Agreed; the link is for the guest, the host and the live operator.",
)
UNANSWERED = Words(
    "还没有答复告知；更换链接或会议改期以后要重新答复。",
    "The notice is not answered yet; it is answered anew when the link or the day has changed.",
)


def seats(db: Session, sitting: Sitting, actor: Actor, now: datetime) -> list[Seat]:
    return [seat(db, one, actor, now) for one in attendances(db, sitting) if one.remote_url]


def tally(db: Session, sitting: Sitting, found: Sequence[Attendance]) -> Counter[str]:
    """How many stand where, by mark; `late` are those who came after it had begun."""
    counts = Counter(mark for one in found for mark in state_of(db, one).marks)
    counts["late"] = sum(is_late(db, sitting, one) for one in found)
    return counts


def is_late(db: Session, sitting: Sitting, attendance: Attendance) -> bool:
    came = attendance.arrived_at if "attended" in state_of(db, attendance).marks else None
    return came is not None and came > sitting.starts_at
