"""How many of its things a matter has, as guards ask: of one, or read ahead for a page of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, exists, func, not_, select
from sqlalchemy.orm import Session, aliased

from engine.editions import has_mark, is_ended
from engine.models.consultation import Attendance, Finding, Recipient, Segment
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter, MatterMark
from engine.models.people import Post
from engine.models.questionnaire import Item
from engine.models.recommendation import Assignment, Source
from engine.models.topic import ScoreSheet
from engine.past import ahead

Count = Callable[[Session, str], ColumnElement[int]]
"""A number that belongs to a row of `Matter`, as SQL. The text is what the guard names, where it names something."""


def count(db: Session, matter: Matter, of: Count, named: str = "") -> int:
    known = ahead(db).get((of, named), {})
    if matter.id in known:
        return int(known[matter.id])
    return db.scalars(select(of(db, named)).where(Matter.id == matter.id)).one()


def count_ahead(db: Session, matters: Sequence[Matter], wanted: Iterable[tuple[Count, str]]) -> None:
    """Every one of these for all of these matters in one query; kept until a fact is written in the session."""
    keys = list(dict.fromkeys(wanted))
    if not keys or not matters:
        return
    numbers = select(Matter.id, *(of(db, named) for of, named in keys))
    rows = db.execute(numbers.where(Matter.id.in_([matter.id for matter in matters]))).all()
    for column, key in enumerate(keys, start=1):
        ahead(db)[key] = {row[0]: row[column] for row in rows}


def _rows(*conditions: ColumnElement[bool], number: Any = None) -> ScalarSelect[int]:
    found = select(func.count() if number is None else number).where(*conditions)
    return found.correlate(Matter).scalar_subquery()


def children_marked(db: Session, named: str) -> ColumnElement[int]:
    """`named` is PROCESS.MARK: the children that have ever carried it."""
    name, _, mark = named.partition(".")
    child = aliased(Matter)
    return _rows(child.parent_id == Matter.id, child.process == name, _once_marked(child, mark))


def children_behind(db: Session, named: str) -> ColumnElement[int]:
    """The children that have not carried it and may still."""
    name, _, mark = named.partition(".")
    child = aliased(Matter)
    return _rows(
        child.parent_id == Matter.id,
        child.process == name,
        not_(_once_marked(child, mark)),
        not_(is_ended(db, name, child)),
    )


def _once_marked(child: type[Matter], mark: str) -> ColumnElement[bool]:
    return exists().where(MatterMark.matter_id == child.id, MatterMark.mark == mark)


def score_sheets(db: Session, _: str) -> ColumnElement[int]:
    return _rows(ScoreSheet.topic_id == Matter.id)


def carried_topics(db: Session, _: str) -> ColumnElement[int]:
    topic = aliased(Matter)
    return _rows(topic.parent_id == Matter.id, has_mark(db, "topic", "shortlisted", topic))


def findings(db: Session, _: str) -> ColumnElement[int]:
    return _rows(Finding.research_id == Matter.id)


def items(db: Session, _: str) -> ColumnElement[int]:
    return _rows(Item.questionnaire_id == Matter.id)


def segments(db: Session, _: str) -> ColumnElement[int]:
    return _rows(Segment.sitting_id == Matter.id)


def moderators(db: Session, _: str) -> ColumnElement[int]:
    return _rows(
        Post.role == "moderator",
        Post.sitting_id == Matter.id,
        Post.confirmed_at.is_not(None),
        Post.ended_at.is_(None),
        number=func.count(Post.person_id.distinct()),
    )


def loose_questions(db: Session, _: str) -> ColumnElement[int]:
    question = aliased(Matter)
    return _rows(question.sitting_id == Matter.id, has_mark(db, "question", "loose", question))


def others_on_air(db: Session, _: str) -> ColumnElement[int]:
    other = aliased(Matter)
    at_once = other.sitting_id == Matter.sitting_id, other.id != Matter.id
    return _rows(*at_once, has_mark(db, "question", "on_air", other))


def leave_requests(db: Session, _: str) -> ColumnElement[int]:
    """For the day that holds now: what was asked before the sitting was put off was for another."""
    moved = aliased(LedgerEntry)
    rescheduled = (
        select(func.coalesce(func.max(moved.id), 0))
        .where(moved.matter_id == Matter.id, moved.verb == "reschedule")
        .correlate(Matter)
        .scalar_subquery()
    )
    return _rows(
        LedgerEntry.matter_id == Matter.id,
        LedgerEntry.verb == "request_leave",
        LedgerEntry.id > rescheduled,
    )


def unread(db: Session, _: str) -> ColumnElement[int]:
    """Those a material is for who have not read it."""
    guest = Attendance.__table__.c
    read = exists().where(
        LedgerEntry.matter_id == Recipient.material_id,
        LedgerEntry.verb == "read",
        LedgerEntry.actor_id == guest.person_id,
    )
    return _rows(Recipient.material_id == Matter.id, guest.id == Recipient.attendance_id, not_(read))


def sources(db: Session, _: str) -> ColumnElement[int]:
    return _rows(Source.recommendation_id == Matter.id)


def leads(db: Session, _: str) -> ColumnElement[int]:
    """The units that are to reply, those that gave theirs back left out."""
    return _leads(db)


def leads_to_reply(db: Session, _: str) -> ColumnElement[int]:
    return _leads(db, but="replied")


def _leads(db: Session, *, but: str | None = None) -> ColumnElement[int]:
    lead, duty = aliased(Matter), Assignment.__table__.c
    done = [not_(has_mark(db, "assignment", mark, lead)) for mark in ("returned", but) if mark]
    return _rows(lead.parent_id == Matter.id, exists().where(duty.id == lead.id, duty.duty != "co"), *done)
