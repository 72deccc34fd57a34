"""Reminders of deadlines, word of those that are late, and the mail of notices: what the clock asks for."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, String, and_, cast, exists, false, literal, or_, select
from sqlalchemy.orm import Session

from engine import calendar, rules
from engine.clock import local
from engine.deadlines import Deadline, deadlines
from engine.editions import every_edition, process_of
from engine.models.house import Notice
from engine.models.ledger import Task
from engine.models.matter import Matter
from engine.models.people import Person
from engine.record import ask_for, note
from engine.rules import SYSTEM
from engine.words import Words, quoted
from engine.workdays import deadline_words

REMINDERS_FROM = 8
"""The hour of the city's clocks."""
MAIL_WITHIN = timedelta(days=1)
"""An older notice is news no longer: connecting a mail server does not send out the past."""
BATCH = 100


def ask_for_reminders(db: Session, *, now: datetime) -> None:
    """Once on each working day."""
    today = local(now)
    key = f"remind_due:{today:%Y-%m-%d}"
    if today.hour < REMINDERS_FROM or not calendar.of(db).is_workday(today.date()):
        return
    if db.scalar(select(Task.id).where(Task.key == key)) is None:
        ask_for(db, "remind_due", key, now, day=f"{today:%Y-%m-%d}")


def ask_for_mail(db: Session, *, now: datetime) -> None:
    """One task for each new notice to a person with an address, so that one bad address stops nobody else's."""
    key = literal("send_mail:") + cast(Notice.id, String)
    new = (
        select(Notice.id)
        .join(Person)
        .where(Notice.mailed_at.is_(None), Notice.created_at > now - MAIL_WITHIN)
        .where(Person.email.is_not(None), Person.disabled_at.is_(None), ~exists().where(Task.key == key))
    )
    for notice in db.scalars(new.order_by(Notice.id).limit(BATCH)).all():
        ask_for(db, "send_mail", f"send_mail:{notice}", now, notice=notice)


def reminders(db: Session, today: date, *, now: datetime) -> Iterator[Notice]:
    """A notice to each person of a clock's owner role over a matter that is late, or at a warning point today."""
    if not calendar.of(db).is_workday(today):
        return
    for matter, deadline in _running(db):
        if is_to_be_said(db, deadline, today):
            yield from _notices(db, matter, deadline, [deadline.clock.owner], today, now)


def lateness(db: Session, today: date) -> list[tuple[int, Deadline]]:
    """What those above the owner are to hear: the matter's id and its deadline that is over."""
    return [
        (matter.id, deadline)
        for matter, deadline in _running(db)
        if deadline.clock.late_tells and today > deadline.due
    ]


def ask_to_tell_late(
    db: Session, found: Iterable[tuple[int, Deadline]], today: date, *, now: datetime
) -> None:
    """One task for each deadline that is late, ever."""
    for matter_id, deadline in found:
        what = deadline.clock.what.en
        key = f"tell_late:{matter_id}:{deadline.due}:{what}"
        if db.scalar(select(Task.id).where(Task.key == key)) is None:
            ask_for(db, "tell_late", key, now, db.get_one(Matter, matter_id), what=what, day=f"{today}")


def tell_late(db: Session, matter: Matter, what: str, today: date, *, now: datetime) -> None:
    """A line in the matter's history and a notice to each role its clock names, unless it has been done meanwhile."""
    for deadline in deadlines(db, matter):
        if deadline.clock.what.en == what and today > deadline.due:
            data = {"what": what, "due": deadline.due}
            note(db, matter, "late", actor=SYSTEM, now=now, data=data)
            db.add_all(_notices(db, matter, deadline, deadline.clock.late_tells, today, now))


def _running(db: Session) -> Iterator[tuple[Matter, Deadline]]:
    for matter in db.scalars(select(Matter).where(_has_a_clock(db)).order_by(Matter.id)).all():
        for deadline in deadlines(db, matter):
            yield matter, deadline


def _notices(
    db: Session, matter: Matter, deadline: Deadline, roles: Iterable[str], today: date, now: datetime
) -> Iterator[Notice]:
    words = _words(db, matter, deadline, today)
    people = {person.id for role in roles for person in rules.people_over(db, matter, role)}
    for person in sorted(people):
        yield Notice(person_id=person, matter_id=matter.id, zh=words.zh, en=words.en, created_at=now)


def _has_a_clock(db: Session) -> ColumnElement[bool]:
    """The states of every edition in which a clock runs."""
    return or_(
        false(),
        *(
            and_(
                Matter.process == process.name,
                Matter.edition == process.edition,
                Matter.state.in_([state.name for state in process.states.values() if state.due]),
            )
            for process in every_edition(db)
        ),
    )


def is_to_be_said(db: Session, deadline: Deadline, today: date) -> bool:
    """On each warning point, on the last day itself, and on every working day after it."""
    before = (calendar.of(db).before(deadline.due, period) for period in deadline.clock.warn)
    return today >= deadline.due or today in before


def _words(db: Session, matter: Matter, deadline: Deadline, today: date) -> Words:
    process = process_of(db, matter)
    when = deadline_words(deadline.due, today, calendar.of(db))
    what = deadline.clock.what
    return Words(
        f"{process.title.zh}{quoted(matter.title)}：{what.zh}，{when.zh}。",
        f"{process.title.en} {quoted(matter.title)}: {what.en}. {when.en}.",
    )
