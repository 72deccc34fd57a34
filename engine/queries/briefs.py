"""The brief before a sitting (会前简报): what each unit that takes part will be asked, and what it still owes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, not_, or_, select, union
from sqlalchemy.orm import Session, aliased, joinedload

from engine import similar
from engine.editions import carries_mark, has_mark
from engine.errors import Forbidden, NotFound, WrongState
from engine.guards import SITTING_ON
from engine.models.consultation import Attendance, Finding, Promise, Segment, Sitting
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.people import Post, Unit
from engine.models.recommendation import Assignment, Recommendation, Source
from engine.queries.matters import reads_by_post
from engine.queries.recommendations import ANSWERED
from engine.queries.sittings import published_findings
from engine.queries.voices import COMPARED, Asked, questions
from engine.rules import UNITS, Actor
from engine.words import Words

MOST = 20
"""Of the groups of questions: the unit's own are always all there."""


@dataclass(frozen=True)
class Group:
    """Questions that ask nearly the same, the most supported one first. `is_ours`: one was routed to the unit."""

    first: Asked
    others: Sequence[Asked]
    is_ours: bool


@dataclass(frozen=True)
class Brief:
    """All of it as it stands when it is asked for. `asked` counts the questions, shown or not."""

    sitting: Sitting
    unit: Unit
    released_at: datetime | None
    asked: int
    groups: Sequence[Group]
    findings: Sequence[Finding]
    promises: Sequence[tuple[Promise, Sitting]]
    replies: Sequence[Assignment]


def brief(db: Session, sitting: Sitting, unit_id: int, actor: Actor) -> Brief:
    """Raises `NotFound` for a unit that has no part in the sitting, `Forbidden` for another's, `WrongState` before its
    release; those who run the sitting read all of them at any time.
    """
    unit = next((one for one in units_of(db, sitting) if one.id == unit_id), None)
    if unit is None:
        raise NotFound(
            Words("这个单位不参加本场会议。", "This unit takes no part in the sitting."),
        )
    released_at = released(db, sitting)
    if not reads_by_post(db, actor, sitting):
        if unit.id not in _units_of(actor):
            raise Forbidden(
                Words("会前简报只供本单位查看。", "A brief is for the unit's own people."),
            )
        if released_at is None:
            raise WrongState(
                Words(
                    "会前简报还没有发放，发放时会通知贵单位。",
                    "The brief is not released yet; you will be told.",
                )
            )
    asked = _asked(db, sitting)
    return Brief(
        sitting,
        unit,
        released_at,
        len(asked),
        _groups(asked, unit),
        published_findings(db, sitting),
        _promises(db, sitting, unit),
        _replies(db, unit),
    )


def units_of(db: Session, sitting: Sitting) -> list[Unit]:
    """Those that take part: the counterpart of its topic, those whose people are invited or hold a post in it, those in
    charge of a segment of its run-of-show, and those that questions were routed to.
    """
    return _taking_part(db, [sitting])[sitting.id]


def _taking_part(db: Session, sittings: Sequence[Sitting]) -> dict[int, list[Unit]]:
    """Of each sitting, in as many queries for many as for one."""
    ids = [one.id for one in sittings]
    held = aliased(Post)
    counts = held.role.in_(UNITS), held.confirmed_at.is_not(None), held.ended_at.is_(None)
    consultation, topic = aliased(Matter), aliased(Matter)
    at = select(Matter.id).where(Matter.id.in_(ids)).join(consultation, consultation.id == Matter.parent_id)
    found = union(
        at.add_columns(consultation.unit_id),
        at.join(topic, topic.id == consultation.parent_id).add_columns(topic.unit_id),
        select(Attendance.parent_id, held.unit_id)
        .join(held, held.person_id == Attendance.person_id)
        .where(Attendance.parent_id.in_(ids), *counts),
        select(Post.sitting_id, held.unit_id)
        .join(held, held.person_id == Post.person_id)
        .where(Post.sitting_id.in_(ids), Post.confirmed_at.is_not(None), Post.ended_at.is_(None), *counts),
        select(Segment.sitting_id, Segment.unit_id).where(Segment.sitting_id.in_(ids)),
        select(Matter.sitting_id, Matter.unit_id).where(
            Matter.sitting_id.in_(ids), has_mark(db, "question", "public")
        ),
    )
    pairs = {(one, unit) for one, unit in db.execute(found)}
    units = db.scalars(select(Unit).order_by(Unit.position, Unit.id)).all()
    return {one: [unit for unit in units if (one, unit.id) in pairs] for one in ids}


def released(db: Session, sitting: Sitting) -> datetime | None:
    """When the brief was released the last time."""
    rows = select(func.max(LedgerEntry.at)).where(
        LedgerEntry.matter_id == sitting.id, LedgerEntry.verb == "release_brief"
    )
    return db.scalar(rows)


def open_to(db: Session, actor: Actor) -> list[tuple[Sitting, Unit]]:
    """The released briefs of this person's units, for sittings that are not over, the next one first."""
    if not _units_of(actor):
        return []
    told = exists().where(LedgerEntry.matter_id == Sitting.id, LedgerEntry.verb == "release_brief")
    ahead = or_(*(has_mark(db, "sitting", mark) for mark in SITTING_ON))
    sittings = db.scalars(select(Sitting).where(ahead, told).order_by(Sitting.starts_at)).all()
    units = _taking_part(db, sittings)
    return [(one, unit) for one in sittings for unit in units[one.id] if unit.id in _units_of(actor)]


def theirs(db: Session, sitting: Sitting, actor: Actor) -> list[Unit]:
    """Those of this person's units that take part."""
    return [unit for unit in units_of(db, sitting) if unit.id in _units_of(actor)]


def _units_of(actor: Actor) -> set[int | None]:
    return {post.unit_id for post in actor.posts if post.role in UNITS}


def _asked(db: Session, sitting: Sitting) -> list[Asked]:
    """What the public sees and has to be answered, by support; what was merged stands with its main one."""
    found, _total = questions(db, sitting, mark="public", size=COMPARED)
    return [
        one
        for one in found
        if one.question.merged_into_id is None
        and not one.question.is_test
        and not carries_mark(db, one.question, "refused")
    ]


def _groups(asked: Sequence[Asked], unit: Unit) -> list[Group]:
    by_id = {one.question.id: one for one in asked}
    groups = [
        _group([by_id[id] for id in ids], unit)
        for ids in similar.group((id, one.question.title) for id, one in by_id.items())
    ]
    groups.sort(key=lambda group: (not group.is_ours, -group.first.upvotes, group.first.question.id))
    return groups[: max(MOST, sum(group.is_ours for group in groups))]


def _group(found: list[Asked], unit: Unit) -> Group:
    first, *others = sorted(found, key=lambda one: (-one.upvotes, one.question.id))
    return Group(first, others, any(one.question.unit_id == unit.id for one in found))


def _promises(db: Session, sitting: Sitting, unit: Unit) -> list[tuple[Promise, Sitting]]:
    """The unit's, of earlier sittings, until a recommendation that rests on them is verified or closed."""
    kept = (
        select(Source.promise_id)
        .join(Recommendation, Recommendation.id == Source.recommendation_id)
        .where(Source.promise_id.is_not(None), _is_done(db))
    )
    rows = (
        select(Promise, Sitting)
        .join(Sitting, Sitting.id == Promise.sitting_id)
        .where(
            Promise.unit_id == unit.id,
            Promise.sitting_id != sitting.id,
            Promise.made_at < sitting.starts_at,
            Promise.id.not_in(kept),
        )
    )
    return [(promise, at) for promise, at in db.execute(rows.order_by(Promise.due_on, Promise.id))]


def _replies(db: Session, unit: Unit) -> Sequence[Assignment]:
    """What the unit has undertaken in a signed reply, wholly or in part, and nobody has verified yet."""
    signed = or_(*(has_mark(db, "assignment", mark) for mark in ANSWERED))
    above = aliased(Matter)
    rows = select(Assignment).where(
        Matter.unit_id == unit.id,
        signed,
        Assignment.decision.in_(("adopted", "partly")),
        exists().where(above.id == Matter.parent_id, not_(_is_done(db, above))),
    )
    return db.scalars(rows.options(joinedload(Assignment.parent)).order_by(Assignment.id)).all()


def _is_done(db: Session, row: type[Matter] = Matter) -> ColumnElement[bool]:
    return or_(*(has_mark(db, "recommendation", mark, row) for mark in ("verified", "closed")))
