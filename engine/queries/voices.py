"""Questions and comments of a sitting: for the crowd, for the moderators, for the one who asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.editions import has_mark
from engine.models.consultation import Sitting
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.voice import Comment, Question, Upvote
from engine.rules import Actor
from engine.similar import Index

COMPARED = 2000


@dataclass(frozen=True)
class Asked:
    """A question with its distinct upvoters over it and what was merged into it, and how many were merged."""

    question: Question
    upvotes: int
    merged: int


@dataclass(frozen=True)
class Waiting:
    """What a moderator decides next: since how many seconds it waits, and which shown questions are like it."""

    matter: Question | Comment
    waited: float
    similar: Sequence[Question]


def questions(
    db: Session, sitting: Sitting, *, mark: str, order: str = "support", page: int = 1, size: int = 50
) -> tuple[list[Asked], int]:
    """One page of the questions that carry a mark, and how many there are. `order` is `support` or `newest`."""
    conditions = (Matter.sitting_id == sitting.id, has_mark(db, "question", mark))
    total = db.scalar(select(func.count()).select_from(Question).where(*conditions)) or 0
    rows = _asked().where(*conditions)
    by = _upvotes().desc() if order == "support" else Question.id.desc()
    found = db.execute(rows.order_by(by, Question.id).offset((page - 1) * size).limit(size))
    return [Asked(question, upvotes, merged) for question, upvotes, merged in found], total


def asked(db: Session, question_id: int) -> Asked | None:
    row = db.execute(_asked().where(Question.id == question_id)).one_or_none()
    return Asked(row[0], row[1], row[2]) if row else None


def _asked() -> Select[Question, int, int]:
    return select(Question, _upvotes(), _merged())


def _upvotes() -> ScalarSelect[int]:
    merged = aliased(Question)
    also = select(merged.id).where(merged.merged_into_id == Question.id).correlate(Question)
    both = or_(Upvote.question_id == Question.id, Upvote.question_id.in_(also))
    return select(func.count(Upvote.person_id.distinct())).where(both).correlate(Question).scalar_subquery()


def _merged() -> ScalarSelect[int]:
    merged = aliased(Question)
    return (
        select(func.count(merged.id))
        .where(merged.merged_into_id == Question.id)
        .correlate(Question)
        .scalar_subquery()
    )


def comments(
    db: Session, sitting: Sitting, *, mark: str = "approved", page: int = 1, size: int = 50
) -> tuple[Sequence[Comment], int]:
    """One page of the comments that carry a mark, the newest first, and how many there are."""
    conditions = (Matter.sitting_id == sitting.id, has_mark(db, "comment", mark))
    total = db.scalar(select(func.count()).select_from(Comment).where(*conditions)) or 0
    rows = select(Comment).where(*conditions).order_by(Comment.id.desc())
    return db.scalars(rows.offset((page - 1) * size).limit(size)).all(), total


def waiting(db: Session, sitting: Sitting, now: datetime, limit: int = 50) -> list[Waiting]:
    """The moderators' queue, the longest waiting first."""
    queued = or_(has_mark(db, "question", "waiting"), has_mark(db, "comment", "waiting"))
    rows = (
        select(Matter)
        .where(Matter.sitting_id == sitting.id, queued)
        .order_by(Matter.since, Matter.id)
        .limit(limit)
    )
    found = [matter for matter in db.scalars(rows) if isinstance(matter, Question | Comment)]
    alike = _Alike(db, sitting) if any(isinstance(matter, Question) for matter in found) else None
    return [
        Waiting(
            matter,
            (now - matter.since).total_seconds(),
            alike.to(matter) if alike and isinstance(matter, Question) else [],
        )
        for matter in found
    ]


class _Alike:
    """The questions already shown, by their words."""

    def __init__(self, db: Session, sitting: Sitting) -> None:
        shown = select(Question).where(Matter.sitting_id == sitting.id, has_mark(db, "question", "public"))
        self.by_id = {
            question.id: question for question in db.scalars(shown.order_by(Question.id).limit(COMPARED))
        }
        self.index = Index()
        for question in self.by_id.values():
            if question.merged_into_id is None:
                self.index.add(question.id, question.title)

    def to(self, question: Question) -> list[Question]:
        return [self.by_id[match.id] for match in self.index.similar(question.title, limit=3)]


def waiting_count(db: Session, sitting: Sitting) -> int:
    queued = or_(has_mark(db, "question", "waiting"), has_mark(db, "comment", "waiting"))
    return (
        db.scalar(select(func.count()).select_from(Matter).where(Matter.sitting_id == sitting.id, queued))
        or 0
    )


def asked_by(db: Session, actor: Actor) -> Sequence[Question]:
    """What this person has asked at any sitting, the newest first."""
    mine = select(Question).where(Matter.created_by_id == actor.id, Question.source == "online")
    return db.scalars(mine.order_by(Question.id.desc())).all()


def refusal(db: Session, question: Question) -> str | None:
    """The code of the reason why a question is not answered."""
    refused = select(LedgerEntry).where(LedgerEntry.matter_id == question.id, LedgerEntry.verb == "refuse")
    entry = db.scalar(refused.order_by(LedgerEntry.id.desc()).limit(1))
    return entry.answers.get("refusal") if entry else None


def by_receipt(db: Session, code: str) -> Question | None:
    return db.scalar(select(Question).where(Question.receipt == code))


def upvoted(db: Session, person_id: int, sitting: Sitting) -> set[int]:
    """The ids of the sitting's questions that a person asks too."""
    mine = select(Upvote.question_id).join(Question, Question.id == Upvote.question_id)
    return set(db.scalars(mine.where(Upvote.person_id == person_id, Matter.sitting_id == sitting.id)))


def own(db: Session, person_id: int, sitting: Sitting) -> Sequence[Matter]:
    """What a person has said at a sitting, the newest first."""
    rows = select(Matter).where(
        Matter.sitting_id == sitting.id,
        Matter.created_by_id == person_id,
        Matter.process.in_(("question", "comment")),
    )
    return db.scalars(rows.order_by(Matter.id.desc())).all()
