"""Questions: asking, asking the same, merging, and what happens to them on air."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions import merging
from engine.actions.dates import require_to_come
from engine.actions.idempotency import earlier, keep
from engine.advance import accepted, advance, begin
from engine.editions import carries_mark
from engine.errors import Invalid
from engine.models.consultation import Sitting
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.voice import Question, Upvote
from engine.rules import SYSTEM, Actor
from engine.words import Words

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""31 signs that cannot be taken for one another; 13 of them carry 64 random bits."""
RECEIPT_LENGTH = 13


def new_receipt() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(RECEIPT_LENGTH))


def ask_question(
    db: Session,
    sitting: Sitting,
    *,
    actor: Actor,
    now: datetime,
    key: str | None = None,
    is_test: bool = False,
    **given: Any,
) -> Question:
    """A citizen's question. The same idempotency key again gives the same question."""
    if key and (found := earlier(db, Question, sitting, actor, key, given)):
        return found
    question = Question(
        sitting_id=sitting.id, parent_id=sitting.id, receipt=new_receipt(), source="online", is_test=is_test
    )
    begin(db, question, "ask", actor=actor, now=now, **given)
    if key:
        keep(db, question, actor, key, given, now)
    return question


def enter_question(db: Session, sitting: Sitting, *, actor: Actor, now: datetime, **given: Any) -> Question:
    """A question from paper, telephone or the hall, entered by staff with its source."""
    question = Question(sitting_id=sitting.id, parent_id=sitting.id, receipt=new_receipt())
    begin(db, question, "enter", actor=actor, now=now, **given)
    return question


def upvote_question(
    db: Session, question: Question, *, actor: Actor, now: datetime, seen: int | None = None
) -> LedgerEntry:
    entry = advance(db, question, "upvote", actor=actor, now=now, seen=seen)
    db.add(Upvote(question_id=question.id, person_id=actor.id, at=now))
    db.flush()
    return entry


def merge_question(
    db: Session, question: Question, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """Into another question that the crowd sees and that has not been refused; votes then count by distinct person."""
    _hold_sitting(db, question)
    into = db.get(Question, accepted(db, question, "merge", given)["merged_into_id"])
    if (
        into is None
        or into.id == question.id
        or into.sitting_id != question.sitting_id
        or into.merged_into_id
        or not carries_mark(db, into, "public")
        or carries_mark(db, into, "refused")
    ):
        raise Invalid(
            {
                "merged_into_id": Words(
                    "请选择本场另一条已公开、未被合并的提问。",
                    "Choose another question of this sitting that is shown and not merged.",
                )
            }
        )
    entry = advance(db, question, "merge", actor=actor, now=now, seen=seen, **given)
    merging.merge(db, question, into)
    return entry


def split_question(
    db: Session, question: Question, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    entry = advance(db, question, "split", actor=actor, now=now, seen=seen, **given)
    merging.split(db, question)
    return entry


def remove_question(
    db: Session,
    question: Question,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    verb: str,
    **given: Any,
) -> LedgerEntry:
    """Withdrawn or hidden. Those who asked the same are askers still: their questions stand on their own again, or
    stay with the one that this was merged into.
    """
    _hold_sitting(db, question)
    entry = advance(db, question, verb, actor=actor, now=now, seen=seen, **given)
    merging.leave(db, question)
    for other in merging.first_merged_into(db, question):
        split_question(db, other, actor=SYSTEM, now=now, reason="并入的提问不再公开。")
    return entry


def _hold_sitting(db: Session, question: Question) -> None:
    """One at a time in a sitting: what is on air, and what is merged into what."""
    db.execute(select(Matter.id).where(Matter.id == question.sitting_id).with_for_update())


def put_on_air(
    db: Session, question: Question, *, actor: Actor, now: datetime, seen: int | None = None
) -> LedgerEntry:
    _hold_sitting(db, question)
    entry = advance(db, question, "put_on_air", actor=actor, now=now, seen=seen)
    question.on_air_second = _second(db, question, now)
    db.flush()
    return entry


def answer_question(
    db: Session, question: Question, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """Answered on air: the answer begins at the second it went on air; those merged into it are answered with it."""
    entry = advance(db, question, "answer", actor=actor, now=now, seen=seen, **given)
    question.answered_second = question.on_air_second
    db.flush()
    return entry


def owe_answer(
    db: Session,
    question: Question,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    verb: str = "owe",
    **given: Any,
) -> LedgerEntry:
    """An answer in writing by a day to come; with `reroute` another unit owes it."""
    entry = advance(db, question, verb, actor=actor, now=now, seen=seen, **given)
    require_to_come("due_on", question.due_on, now)
    return entry


def _second(db: Session, question: Question, now: datetime) -> int:
    sitting = db.get_one(Sitting, question.sitting_id)
    return int((now - sitting.opened_at).total_seconds()) if sitting.opened_at else 0
