"""Consultations and their sittings as the public and the hall read them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from engine.editions import has_mark
from engine.errors import NotFound
from engine.guards import SITTING_ON
from engine.models.consultation import Consultation, Finding, Promise, Research, Segment, Sitting
from engine.models.house import Document
from engine.models.matter import Matter, MatterMark
from engine.models.people import Post
from engine.models.voice import Question
from engine.rules import SITTING_CONFIRMERS, Actor
from engine.words import Words


def sitting(db: Session, sitting_id: int) -> Sitting:
    found = db.get(Sitting, sitting_id)
    if found is None:
        raise NotFound(Words("没有这场会议。", "There is no such sitting."))
    return found


def consultation(db: Session, consultation_id: int) -> Consultation:
    """One whose programme was approved. Raises `NotFound` for what is not public as for what is not there."""
    found = db.get(Consultation, consultation_id)
    if found is None or not once_public(db, found):
        raise NotFound(Words("没有这项协商。", "There is no such consultation."))
    return found


def once_public(db: Session, matter: Matter) -> bool:
    """Also what was cancelled since, which nobody is to look for in vain."""
    return db.get(MatterMark, (matter.id, "public")) is not None


def consultations(db: Session) -> Sequence[Consultation]:
    """The public ones, the newest first."""
    rows = select(Consultation).where(has_mark(db, "consultation", "public"))
    return db.scalars(rows.order_by(Consultation.id.desc())).all()


def sittings_of(db: Session, consultation: Consultation) -> Sequence[Sitting]:
    return db.scalars(
        select(Sitting).where(Sitting.parent_id == consultation.id).order_by(Sitting.starts_at)
    ).all()


def live_now(db: Session) -> Sequence[Sitting]:
    """On the air, or cut and expected back."""
    on = or_(has_mark(db, "sitting", "live"), has_mark(db, "sitting", "interrupted"))
    return db.scalars(select(Sitting).where(on).order_by(Sitting.starts_at)).all()


def upcoming(db: Session) -> Sequence[Sitting]:
    """Announced and not yet on the air, the next one first."""
    ahead = or_(*(has_mark(db, "sitting", mark) for mark in ("announced", "warmup", "ready")))
    return db.scalars(select(Sitting).where(ahead).order_by(Sitting.starts_at)).all()


def called_off(db: Session, now: datetime) -> Sequence[Sitting]:
    """Put off, or cancelled and not yet past: whoever had its day in mind is to hear of it."""
    cancelled = and_(has_mark(db, "sitting", "cancelled"), Sitting.ends_at > now)
    off = select(Sitting).where(or_(has_mark(db, "sitting", "postponed"), cancelled))
    return db.scalars(off.order_by(Sitting.starts_at)).all()


def held(db: Session) -> Sequence[Sitting]:
    """Those that are over, the latest first."""
    return db.scalars(
        select(Sitting).where(has_mark(db, "sitting", "held")).order_by(Sitting.closed_at.desc())
    ).all()


def segments(db: Session, sitting: Sitting) -> Sequence[Segment]:
    return db.scalars(
        select(Segment).where(Segment.sitting_id == sitting.id).order_by(Segment.position)
    ).all()


def present_segment(db: Session, sitting: Sitting) -> Segment | None:
    rows = select(Segment).where(
        Segment.sitting_id == sitting.id, Segment.started_at.is_not(None), Segment.ended_at.is_(None)
    )
    return db.scalar(rows.order_by(Segment.position.desc()).limit(1))


def on_air(db: Session, sitting: Sitting) -> Question | None:
    rows = select(Question).where(Matter.sitting_id == sitting.id, has_mark(db, "question", "on_air"))
    return db.scalar(rows.limit(1))


def promises(db: Session, sitting: Sitting) -> Sequence[Promise]:
    return db.scalars(select(Promise).where(Promise.sitting_id == sitting.id).order_by(Promise.second)).all()


def research_of(db: Session, consultation: Consultation) -> Sequence[Research]:
    return db.scalars(
        select(Research).where(Research.parent_id == consultation.id).order_by(Research.id)
    ).all()


def findings_of(db: Session, research: Research) -> Sequence[Finding]:
    return db.scalars(
        select(Finding).where(Finding.research_id == research.id).order_by(Finding.position)
    ).all()


def published_findings(db: Session, sitting: Sitting) -> Sequence[Finding]:
    """Of the research whose report was accepted."""
    accepted = select(Matter.id).where(
        Matter.parent_id == sitting.parent_id, has_mark(db, "research", "accepted")
    )
    rows = select(Finding).where(Finding.research_id.in_(accepted))
    return db.scalars(rows.order_by(Finding.research_id, Finding.position)).all()


def showable(db: Session, sitting: Sitting) -> tuple[Sequence[Finding], Sequence[Document]]:
    """What may be shown at it: the findings and the files of its consultation, of the research and its own."""
    research = select(Research.id).where(Research.parent_id == sitting.parent_id)
    findings = select(Finding).where(Finding.research_id.in_(research))
    of = or_(Document.matter_id.in_((sitting.id, sitting.parent_id)), Document.matter_id.in_(research))
    return (
        db.scalars(findings.order_by(Finding.research_id, Finding.position)).all(),
        db.scalars(select(Document).where(of).order_by(Document.id)).all(),
    )


def second_of(sitting: Sitting, moment: datetime) -> int:
    """Seconds since the opening: where the recording is at a moment; 0 before it."""
    return max(0, int((moment - sitting.opened_at).total_seconds())) if sitting.opened_at else 0


def with_posts_to_confirm(db: Session, actor: Actor) -> list[tuple[Sitting, int]]:
    """The sittings that are not over, the next one first, with how many posts this person may confirm: never their own,
    nor what they have proposed themselves.
    """
    if not actor.roles & SITTING_CONFIRMERS:
        return []
    waiting = Post.confirmed_at.is_(None), Post.ended_at.is_(None)
    others = Post.person_id != actor.id, Post.granted_by_id.is_distinct_from(actor.id)
    rows = select(Post.sitting_id, func.count()).where(*waiting, *others).group_by(Post.sitting_id)
    counts = {sitting: count for sitting, count in db.execute(rows) if sitting}
    ahead = or_(*(has_mark(db, "sitting", mark) for mark in SITTING_ON))
    found = select(Sitting).where(Sitting.id.in_(counts), ahead).order_by(Sitting.starts_at)
    return [(one, counts[one.id]) for one in db.scalars(found)]


def serving(db: Session, actor: Actor) -> Sequence[Sitting]:
    """The sittings in which this person holds a post and that are not over, the next one first."""
    mine = {post.sitting_id for post in actor.posts if post.sitting_id}
    ahead = or_(*(has_mark(db, "sitting", mark) for mark in SITTING_ON))
    return db.scalars(select(Sitting).where(Sitting.id.in_(mine), ahead).order_by(Sitting.starts_at)).all()
