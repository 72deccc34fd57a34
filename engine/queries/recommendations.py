"""Recommendations with what they rest on and how they are handled."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from engine.editions import carries_mark, has_mark
from engine.errors import NotFound
from engine.models.consultation import Finding, Promise
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.recommendation import Assignment, Recommendation, Source
from engine.models.voice import Question
from engine.words import Words

PUBLIC = ("reported", "assigned", "replied", "assessed", "second_reply", "implementing", "verified", "closed")
"""Marks from which on the public sees a recommendation; drafts are the committee's."""
ANSWERED = ("replied", "closed")
"""Marks at which a unit's signed reply may be shown: before, its columns hold an unsigned draft."""


@dataclass(frozen=True)
class Numbers:
    """How many recommendations the public sees, how many have a signed reply, and what the units decided."""

    total: int
    replied: int
    adopted: int
    closed: int


def recommendation(db: Session, recommendation_id: int) -> Recommendation:
    """One that the public may see. Raises `NotFound` for drafts as for none."""
    found = db.get(Recommendation, recommendation_id)
    if found is None or not any(carries_mark(db, found, mark) for mark in PUBLIC):
        raise NotFound(
            Words(
                "没有这条建议，或者还没有报送。",
                "There is no such recommendation, or it has not been reported yet.",
            )
        )
    return found


def recommendations(
    db: Session, *, mark: str | None = None, page: int = 1, size: int = 20
) -> tuple[Sequence[Recommendation], int]:
    """One page of the public recommendations, the newest first, and how many there are."""
    shown = or_(*(has_mark(db, "recommendation", known) for known in ([mark] if mark in PUBLIC else PUBLIC)))
    total = db.scalar(select(func.count()).select_from(Recommendation).where(shown)) or 0
    rows = select(Recommendation).where(shown).order_by(Recommendation.id.desc())
    return db.scalars(rows.offset((page - 1) * size).limit(size)).all(), total


def numbers(db: Session) -> Numbers:
    total = recommendations(db, size=1)[1]
    signed = or_(*(has_mark(db, "assignment", mark) for mark in ANSWERED))
    replies = db.scalars(select(Assignment).where(signed, Assignment.duty != "co")).all()
    taken = {reply.parent_id for reply in replies if reply.decision in ("adopted", "partly")}
    closed = (
        db.scalar(select(func.count()).select_from(Matter).where(has_mark(db, "recommendation", "closed")))
        or 0
    )
    return Numbers(total, len({reply.parent_id for reply in replies}), len(taken), closed)


def sources(db: Session, recommendation: Recommendation) -> Sequence[Source]:
    """What it rests on, without questions that have been hidden since."""
    rows = select(Source).where(Source.recommendation_id == recommendation.id).order_by(Source.id)
    found = db.scalars(rows.options(selectinload(Source.question), selectinload(Source.finding)))
    return [one for one in found if one.question is None or carries_mark(db, one.question, "public")]


@dataclass(frozen=True)
class SignedReply:
    """A reply as it was signed, which nothing changes any more."""

    at: datetime
    decision: str
    text: str
    reason: str | None
    measures: Sequence[dict[str, str]]


def replies(db: Session, assignment: Assignment) -> list[SignedReply]:
    """Every reply of a unit that was signed, the latest first: a second one does not unsay the first."""
    signed = select(LedgerEntry).where(LedgerEntry.matter_id == assignment.id, LedgerEntry.verb == "reply")
    return [_signed(entry) for entry in db.scalars(signed.order_by(LedgerEntry.id.desc()))]


def _signed(entry: LedgerEntry) -> SignedReply:
    texts = {text.field: text.text or "" for text in entry.texts}
    measures = json.loads(texts.get("measures") or "[]")
    return SignedReply(
        entry.at, entry.answers["decision"], texts.get("reply", ""), texts.get("reason"), measures
    )


def assignments(db: Session, recommendation: Matter) -> Sequence[Assignment]:
    """Every unit's handling, the lead's first."""
    rows = (
        select(Assignment)
        .where(Assignment.parent_id == recommendation.id)
        .order_by(Assignment.duty == "co", Assignment.id)
    )
    return db.scalars(rows).all()


def is_answered(db: Session, assignment: Assignment) -> bool:
    """Whether the unit's reply is signed and may be shown."""
    return any(carries_mark(db, assignment, mark) for mark in ANSWERED)


def resting_on(db: Session, question: Question) -> Sequence[Recommendation]:
    """The public recommendations that cite a question, or the one it was merged into."""
    ids = [question.id, *([question.merged_into_id] if question.merged_into_id else [])]
    citing = select(Source.recommendation_id).where(Source.question_id.in_(ids))
    shown = or_(*(has_mark(db, "recommendation", mark) for mark in PUBLIC))
    rows = select(Recommendation).where(Recommendation.id.in_(citing), shown)
    return db.scalars(rows.order_by(Recommendation.id)).all()


def of_consultation(db: Session, consultation: Matter) -> Sequence[Recommendation]:
    """The public recommendations of a consultation, in their numbers' order."""
    shown = or_(*(has_mark(db, "recommendation", mark) for mark in PUBLIC))
    rows = select(Recommendation).where(Recommendation.parent_id == consultation.id, shown)
    return db.scalars(rows.order_by(Recommendation.number)).all()


def citable(db: Session, recommendation: Recommendation) -> dict[str, dict[int, str]]:
    """What a recommendation may still rest on, by kind of source: id → its words.

    The consultation's answered and owed questions, its findings, and what was promised at its sittings.
    """
    held = select(Matter.id).where(Matter.parent_id == recommendation.parent_id, Matter.process == "sitting")
    done = or_(*(has_mark(db, "question", mark) for mark in ("answered", "owed", "answer_submitted")))
    looked_into = select(Matter.id).where(Matter.parent_id == recommendation.parent_id)
    rows = {
        "question": select(Question.id, Question.title).where(Matter.sitting_id.in_(held), done),
        "finding": select(Finding.id, Finding.claim).where(Finding.research_id.in_(looked_into)),
        "promise": select(Promise.id, Promise.words).where(Promise.sitting_id.in_(held)),
    }
    cited = {(name, getattr(one, f"{name}_id")) for one in sources(db, recommendation) for name in rows}
    return {
        name: {id: words for id, words in db.execute(query.order_by(None)) if (name, id) not in cited}
        for name, query in rows.items()
    }
