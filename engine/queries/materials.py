"""The papers of a sitting: whom they are for, and who has read them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from engine.editions import has_mark
from engine.errors import NotFound
from engine.models.consultation import Attendance, Material, Recipient, Sitting
from engine.models.ledger import LedgerEntry
from engine.words import Words


def material(db: Session, material_id: int) -> Material:
    found = db.get(Material, material_id)
    if found is None:
        raise NotFound(Words("没有这份材料。", "There is no such material."))
    return found


def materials(db: Session, sitting: Sitting) -> Sequence[Material]:
    """All of them, in the order in which they were uploaded."""
    rows = select(Material).where(Material.parent_id == sitting.id).order_by(Material.id)
    return db.scalars(rows.options(selectinload(Material.recipients))).all()


def materials_for(db: Session, attendances: Sequence[Attendance]) -> dict[int, list[Material]]:
    """By attendance those that are handed out to each and have not been recalled."""
    found: dict[int, list[Material]] = {one.id: [] for one in attendances}
    rows = (
        select(Recipient.attendance_id, Material)
        .join(Material, Material.id == Recipient.material_id)
        .where(Recipient.attendance_id.in_(found), has_mark(db, "material", "released"))
    )
    for one, given in db.execute(rows.order_by(Material.id)):
        found[one].append(given)
    return found


def recipients(db: Session, material: Material) -> Sequence[Attendance]:
    """Those it is for, in the order in which they were invited."""
    rows = select(Attendance).join(Recipient, Recipient.attendance_id == Attendance.id)
    rows = rows.where(Recipient.material_id == material.id).options(selectinload(Attendance.person))
    return db.scalars(rows.order_by(Attendance.id)).all()


def readings(db: Session, found: Sequence[Material]) -> dict[tuple[int, int], datetime]:
    """(material, person) → when they read it first."""
    rows = (
        select(LedgerEntry.matter_id, LedgerEntry.actor_id, func.min(LedgerEntry.at))
        .where(LedgerEntry.matter_id.in_({one.id for one in found}), LedgerEntry.verb == "read")
        .group_by(LedgerEntry.matter_id, LedgerEntry.actor_id)
    )
    return {(one or 0, person or 0): at for one, person, at in db.execute(rows)}
