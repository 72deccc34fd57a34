"""Papers for those invited to a sitting: handing them out, and having read them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.advance import accepted, advance, begin, tell
from engine.clock import day
from engine.editions import carries_mark, process_of, process_on
from engine.errors import Invalid
from engine.models.consultation import Attendance, Material, Sitting
from engine.models.house import Document
from engine.models.ledger import LedgerEntry
from engine.past import has_done
from engine.permits import permit
from engine.queries import materials
from engine.record import keep
from engine.rules import SYSTEM, Actor
from engine.words import Words


def upload(
    db: Session,
    sitting: Sitting,
    recipients: Sequence[Attendance],
    *,
    actor: Actor,
    now: datetime,
    **given: Any,
) -> Material:
    """For these of those invited; whoever is on leave or has declined too, if they are among them."""
    process = process_on(db, "material", day(now))
    values = process.accept(process.verbs["upload"], given)
    _require_window(values, None, now)
    _require_invited(recipients, sitting.id)
    file = db.get(Document, values["file_id"])
    if file is None or file.matter_id is not None or file.created_by_id != actor.id:
        raise Invalid({"file_id": Words("请上传文件。", "Please send the file.")})
    material = Material(parent_id=sitting.id, sitting_id=sitting.id, recipients=list(recipients))
    entry = begin(db, material, "upload", actor=actor, now=now, **given)
    _record_recipients(entry, recipients)
    file.matter_id = material.id
    db.flush()
    return material


def change(
    db: Session,
    material: Material,
    *,
    verb: str,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    """Its file, its hours or its words, by one of the verbs that set them."""
    values = accepted(db, material, verb, given)
    _require_window(values, material, now)
    if "file_id" in values and db.get_one(Document, values["file_id"]).matter_id != material.id:
        raise Invalid({"file_id": Words("请上传文件。", "Please send the file.")})
    return advance(db, material, verb, actor=actor, now=now, seen=seen, **given)


def share(
    db: Session,
    material: Material,
    recipients: Sequence[Attendance] = (),
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> LedgerEntry:
    """For these of those invited as well; once it is released they are told, who had it already is not."""
    db.refresh(material, with_for_update=True)  # two who do so at once give it to nobody twice
    new = [one for one in recipients if one not in material.recipients]
    _require_invited(new, material.parent_id)
    entry = advance(db, material, "share", actor=actor, now=now, seen=seen)
    material.recipients.extend(new)
    _record_recipients(entry, new)
    db.flush()
    if carries_mark(db, material, "released"):
        tell(db, material, entry, [one.person for one in new])
    return entry


def read(db: Session, material: Material, *, actor: Actor, now: datetime) -> None:
    """As often as they like, as long as they may; the first time is written down."""
    db.refresh(material, with_for_update=True)  # opened twice at once it was read first once
    require_readable(db, material, actor=actor, now=now)
    if not has_done(db, material, "read", actor.id):
        advance(db, material, "read", actor=actor, now=now)


def require_readable(db: Session, material: Material, *, actor: Actor, now: datetime) -> None:
    """Raises what refuses this person the file now; that they have read it before does not."""
    process = process_of(db, material)
    permit(db, process, material, replace(process.verbs["read"], once_per=None), actor, now)


def remind(
    db: Session, material: Material, *, actor: Actor, now: datetime, seen: int | None = None
) -> LedgerEntry:
    entry = advance(db, material, "remind", actor=actor, now=now, seen=seen)
    read = materials.readings(db, [material])
    unread = [one for one in materials.recipients(db, material) if (material.id, one.person_id) not in read]
    tell(db, material, entry, [one.person for one in unread])
    return entry


def move_windows(db: Session, sitting: Sitting, before: datetime, *, now: datetime) -> None:
    """What was to be read until the sitting's end, which was `before`, is until its new one; whom it has been released
    to is told. Other hours are the office's own and stay.
    """
    for one in materials.materials(db, sitting):
        verb = process_of(db, one).verbs.get("reschedule")  # an office's own edition need not have it
        if verb and one.state in verb.start and one.readable_until == before:
            later: dict[str, Any] = {"readable_until": sitting.ends_at}
            if one.readable_from and one.readable_from > now:
                later["readable_from"] = one.readable_from + (sitting.ends_at - before)
            entry = advance(db, one, "reschedule", actor=SYSTEM, now=now, **later)
            if carries_mark(db, one, "released"):
                tell(db, one, entry, [each.person for each in one.recipients])


def _record_recipients(entry: LedgerEntry, recipients: Sequence[Attendance]) -> None:
    """The ledger proves to whom it was given; the numbers of their invitations name nobody outside."""
    keep(entry, "recipients", [one.id for one in recipients])


def _require_invited(recipients: Sequence[Attendance], sitting_id: int | None) -> None:
    if not recipients or any(one.parent_id != sitting_id for one in recipients):
        raise Invalid({"recipients": Words("请选择发给哪些受邀人。", "Please choose whom it is for.")})


def _require_window(values: Mapping[str, Any], material: Material | None, now: datetime) -> None:
    """What is given, beside what stands already, leaves a time in which it can be read."""
    begins = values.get("readable_from", material and material.readable_from)
    ends = values.get("readable_until", material and material.readable_until)
    if {"readable_from", "readable_until"} & values.keys() and ends <= max(begins or now, now):
        raise Invalid(
            {
                "readable_until": Words(
                    "停止查阅时间应晚于现在，也晚于开始查阅时间。",
                    "It must be readable until some time from now, and after it begins to be.",
                )
            }
        )
