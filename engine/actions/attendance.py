"""Who comes to a sitting: inviting people, and signing in at its door."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.advance import accepted, advance, begin
from engine.clock import day
from engine.errors import Invalid
from engine.models.consultation import Attendance, Sitting
from engine.models.ledger import LedgerEntry
from engine.models.people import Person
from engine.rules import Actor
from engine.words import Words

CODE_LASTS = 600
"""Seconds; one that was scanned at the last moment is taken for as long again."""


def invite(
    db: Session, sitting: Sitting, people: Sequence[Person], *, must_attend: bool, actor: Actor, now: datetime
) -> None:
    """Asks people to a sitting; who is invited already stays as they are."""
    db.refresh(sitting, with_for_update=True)  # two who invite at once ask nobody twice
    known = set(db.scalars(select(Attendance.person_id).where(Attendance.parent_id == sitting.id)))
    answers = {"must_attend": "yes"} if must_attend else {}
    for person in people:
        if person.id not in known:
            title = f"{sitting.title}（{person.name}）"
            asked = Attendance(parent_id=sitting.id, sitting_id=sitting.id, title=title)
            begin(db, asked, "invite", actor=actor, now=now, person_id=person.id, **answers)


def offer_remote(
    db: Session, attendance: Attendance, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """Consent is to the seat of one link: to another the guest is asked anew."""
    url = accepted(db, attendance, "offer_remote", given)["remote_url"]
    if not _is_link(url):
        raise Invalid(
            {
                "remote_url": Words(
                    "请填写以 https:// 开头的完整链接。",
                    "Please give the whole link, beginning with https://.",
                )
            }
        )
    entry = advance(db, attendance, "offer_remote", actor=actor, now=now, seen=seen, **given)
    attendance.remote_consent = None
    db.flush()
    return entry


def withdraw_remote(
    db: Session, attendance: Attendance, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """With the link goes the consent to it."""
    entry = advance(db, attendance, "withdraw_remote", actor=actor, now=now, seen=seen, **given)
    attendance.remote_url = attendance.remote_consent = None
    db.flush()
    return entry


def _is_link(url: str) -> bool:
    try:
        return url.startswith("https://") and not re.search(r"\s", url) and bool(urlsplit(url).hostname)
    except ValueError:  # brackets that are no address
        return False


def join(
    db: Session, attendance: Attendance, *, actor: Actor, now: datetime, seen: int | None = None
) -> LedgerEntry:
    """Signs in to a remote seat."""
    entry = advance(db, attendance, "join", actor=actor, now=now, seen=seen)
    attendance.arrived_at = now
    db.flush()
    return entry


def door_code(sitting: Sitting, now: datetime) -> str:
    """The eight digits that sign in at this sitting now: whoever has them stands at its door, or did just now."""
    return _door(sitting).at(_slice(now))


def sign_in(
    db: Session, attendance: Attendance, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    code = accepted(db, attendance, "sign_in", given)["code"]
    door = _door(db.get_one(Sitting, attendance.parent_id))
    if not any(door.verify(code, _slice(now) - ago) for ago in (0, 1)):
        raise Invalid(
            {
                "code": Words(
                    "签到码不对，或者已经过期。请重新扫描会场门口的二维码。",
                    "The code is wrong or has expired. Please scan the one at the door again.",
                )
            }
        )
    entry = advance(db, attendance, "sign_in", actor=actor, now=now, seen=seen, **given)
    attendance.arrived_at = now
    db.flush()
    return entry


def sign_in_by_staff(
    db: Session, attendance: Attendance, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """For somebody who came and did not scan the code; also afterwards, with the time when they came."""
    arrived_at = accepted(db, attendance, "sign_in_by_staff", given).get("arrived_at") or now
    sitting = db.get_one(Sitting, attendance.parent_id)
    if arrived_at > now or day(arrived_at) != day(sitting.starts_at):
        raise Invalid(
            {
                "arrived_at": Words(
                    "请填写开会当天已到场的时间。",
                    "Please give a time of that day, no later than now.",
                )
            }
        )
    entry = advance(db, attendance, "sign_in_by_staff", actor=actor, now=now, seen=seen, **given)
    attendance.arrived_at = arrived_at
    db.flush()
    return entry


def _door(sitting: Sitting) -> pyotp.HOTP:
    return pyotp.HOTP(sitting.door_key, digits=8)


def _slice(now: datetime) -> int:
    return int(now.timestamp()) // CODE_LASTS
