"""What the crowd may see of a fact: the whole public card of one thing as it now is (docs/facts.md)."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.editions import process_of
from engine.models.consultation import Promise, Segment, Sitting
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.voice import Comment, Question
from engine.queries import voices

TEXT_BYTES, NAME_BYTES, PLACE_BYTES = 600, 90, 60
GONE = frozenset({"hidden", "withdrawn"})

Card = dict[str, Any]


def card(db: Session, entry: LedgerEntry) -> Card | None:
    """The card of what an entry is about; nothing where the crowd has no part in it."""
    if entry.matter_id is None:
        return None
    if entry.event == "sitting.record_promise":
        promise = db.scalar(select(Promise).where(Promise.entry_id == entry.id))
        return promise_card(promise) if promise else None
    matter = db.get_one(Matter, entry.matter_id)
    if isinstance(matter, Question) and entry.verb != "upvote":
        return question_card(db, matter, entry)
    if isinstance(matter, Comment):
        return comment_card(db, matter, entry)
    return sitting_card(db, matter) if isinstance(matter, Sitting) else None


def question_card(db: Session, question: Question, entry: LedgerEntry | None = None) -> Card | None:
    marks = process_of(db, question).states[question.state].marks
    asked = voices.asked(db, question.id)
    if asked is None or "public" not in marks:
        return _gone(db, question, marks, entry)
    second = question.answered_second if question.answered_second is not None else question.on_air_second
    return {
        "kind": "question",
        "id": question.id,
        "text": cut(question.title, TEXT_BYTES),
        "who": cut(question.asker_name, NAME_BYTES),
        "place": cut(question.district, PLACE_BYTES),
        "state": marks[0],
        "support": asked.upvotes,
        "merged": asked.merged,
        "into": _into(db, question),
        "second": second,
        "at": _stamp(question.created_at),
    }


def _into(db: Session, question: Question) -> Card | None:
    """The question it was merged into, with that one's counts as they now are: the page adds nothing up itself."""
    asked = voices.asked(db, question.merged_into_id) if question.merged_into_id else None
    return {"id": asked.question.id, "support": asked.upvotes, "merged": asked.merged} if asked else None


def comment_card(db: Session, comment: Comment, entry: LedgerEntry | None = None) -> Card | None:
    marks = process_of(db, comment).states[comment.state].marks
    if "approved" not in marks:
        return _gone(db, comment, marks, entry)
    return {
        "kind": "comment",
        "id": comment.id,
        "text": cut(comment.title, TEXT_BYTES),
        "who": cut(comment.author_name, NAME_BYTES),
        "state": marks[0],
        "at": _stamp(comment.created_at),
    }


def sitting_card(db: Session, sitting: Sitting) -> Card:
    segments = db.scalars(
        select(Segment).where(Segment.sitting_id == sitting.id).order_by(Segment.position)
    ).all()
    present = next((segment for segment in segments if segment.started_at and not segment.ended_at), None)
    following = next((segment for segment in segments if not segment.started_at), None)
    return {
        "kind": "sitting",
        "id": sitting.id,
        "state": process_of(db, sitting).states[sitting.state].marks[0],
        "segment": present
        and {
            "no": present.position,
            "title": cut(present.title, NAME_BYTES),
            "minutes": present.minutes,
            "started_at": _stamp(present.started_at),
        },
        "next": cut(following.title, NAME_BYTES) if following else None,
        "opened_at": _stamp(sitting.opened_at),
    }


def promise_card(promise: Promise) -> Card:
    return {
        "kind": "promise",
        "id": promise.id,
        "text": cut(promise.words, TEXT_BYTES),
        "who": cut(promise.speaker, NAME_BYTES),
        "place": cut(promise.unit.name, PLACE_BYTES),
        "due_on": promise.due_on.isoformat(),
        "second": promise.second,
    }


def cut(text: str, most: int) -> str:
    """At most this many bytes of JSON, cut at a character."""
    if _size(text) <= most:
        return text
    while _size(text + "…") > most:
        text = text[: max(0, min(len(text) - 1, len(text) * most // _size(text + "…")))]
    return text + "…"


def _size(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode())


def _gone(db: Session, matter: Matter, marks: tuple[str, ...], entry: LedgerEntry | None) -> Card | None:
    """A thing that was shown and no longer is: only that it is gone."""
    if entry is None or not GONE & set(marks):
        return None
    shown = process_of(db, matter).states.get(entry.from_state or "")
    if shown is None or not {"public", "approved"} & set(shown.marks):
        return None
    return {"kind": matter.process, "id": matter.id, "state": marks[0]}


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
