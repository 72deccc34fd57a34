"""Decisions on topics that are taken one by one, held, and released together, so that all submitters hear at once.

Each stands in the ledger from when it is taken, as its decider's, and is neither shown nor sealed before its release.
The step is then the releaser's, who must be allowed it as the decider was: the two may be one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import rules
from engine.advance import accepted, advance
from engine.editions import process_of
from engine.errors import NotFound, Refused, WrongState
from engine.models.ledger import LedgerEntry, Outbox
from engine.models.topic import HeldDecision, Topic
from engine.permits import permit
from engine.record import announce, note
from engine.rules import TOPIC_DECIDERS, Actor
from engine.words import Words

STAGES: Mapping[str, tuple[str, ...]] = {
    "received": ("accept", "decline"),
    "scoring": ("shortlist", "keep_in_reserve"),
}
"""By the mark of a stage the steps that decide on the topics in it."""


def hold(db: Session, topic: Topic, verb: str, *, actor: Actor, now: datetime, **given: Any) -> None:
    """Instead of what was held before. Raises what doing it now would raise; nobody is told, nothing moves."""
    rules.require(actor, TOPIC_DECIDERS)
    process = process_of(db, topic)
    if verb not in process.verbs or not any(verb in verbs for verbs in STAGES.values()):
        raise NotFound(Words("没有这一步。", "There is no such step."))
    permit(db, process, topic, process.verbs[verb], actor, now)
    decision = verb, accepted(db, topic, verb, given), topic.version
    held = db.get(HeldDecision, topic.id) or HeldDecision(topic_id=topic.id)
    if (held.verb, held.answers, held.version) == decision:
        return  # it stays its first decider's
    held.verb, held.answers, held.version = decision
    held.decided_by_id, held.at = actor.id or 0, now
    db.add(held)
    answers = {"verb": verb, **held.answers}
    note(db, topic, "decided", actor=actor, now=now, answers=answers, announced=False)


def drop_held(db: Session, topic: Topic, *, actor: Actor, now: datetime) -> None:
    rules.require(actor, TOPIC_DECIDERS)
    if held := db.get(HeldDecision, topic.id):
        note(db, topic, "undecided", actor=actor, now=now, answers={"verb": held.verb}, announced=False)
        db.delete(held)
        db.flush()


def release(db: Session, stage: str, *, actor: Actor, now: datetime) -> int:
    """Does all that is held of a stage, and how many. Where some can no longer be done it names them and does none."""
    rules.require(actor, TOPIC_DECIDERS)
    held_here = HeldDecision.verb.in_(STAGES[stage])
    _announce(db, but=db.scalars(select(HeldDecision.topic_id).where(~held_here)).all())
    all_held = select(HeldDecision).where(held_here).order_by(HeldDecision.topic_id).with_for_update()
    done, refused = 0, []
    for held in db.scalars(all_held).all():
        try:
            advance(db, held.topic, held.verb, actor=actor, now=now, seen=held.version, **held.answers)
        except Refused as refusal:
            refused.append((held.topic.title, refusal.words))
        db.delete(held)
        done += 1
    if refused:
        zh = "".join(f"“{title}”：{words.zh}" for title, words in refused)
        en = " ".join(f"“{title}”: {words.en}" for title, words in refused)
        raise WrongState(
            Words(
                f"这些决定现在办不了，请改过再一起公布：{zh}",
                f"These can no longer be done; please change them and release all again: {en}",
            )
        )
    db.flush()
    return done


def _announce(db: Session, but: Sequence[int]) -> None:
    """What was noted of decisions, save on the topics for which others stay held."""
    noted = select(LedgerEntry).where(LedgerEntry.event.in_(("matter.decided", "matter.undecided")))
    told = select(Outbox.entry_id).where(Outbox.entry_id == LedgerEntry.id)
    for entry in db.scalars(
        noted.where(~told.exists(), LedgerEntry.matter_id.not_in(but)).order_by(LedgerEntry.id)
    ):
        announce(db, entry)
