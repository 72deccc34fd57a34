"""Decisions on topics that are taken one by one, held, and released together, so that all submitters hear at once."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import rules
from engine.advance import accepted, advance
from engine.editions import process_of
from engine.errors import NotFound, Refused, WrongState
from engine.models.topic import HeldDecision, Topic
from engine.permits import permit
from engine.rules import TOPIC_DECIDERS, Actor
from engine.words import Words

HELD = ("shortlist", "keep_in_reserve")
"""The steps that decide on a topic after its scoring."""


def hold(db: Session, topic: Topic, verb: str, *, actor: Actor, now: datetime, **given: Any) -> None:
    """Instead of what was held before. Raises what doing it now would raise; nobody is told, nothing moves."""
    process = process_of(db, topic)
    if verb not in HELD or verb not in process.verbs:
        raise NotFound(Words("没有这一步。", "There is no such step."))
    permit(db, process, topic, process.verbs[verb], actor, now)
    decision = verb, accepted(db, topic, verb, given), topic.version
    held = db.get(HeldDecision, topic.id) or HeldDecision(topic_id=topic.id)
    if (held.verb, held.answers, held.version) == decision:
        return  # it stays its first decider's
    held.verb, held.answers, held.version = decision
    held.decided_by_id, held.at = actor.id or 0, now
    db.add(held)
    db.flush()


def drop_held(db: Session, topic: Topic, *, actor: Actor) -> None:
    rules.require(actor, TOPIC_DECIDERS)
    if held := db.get(HeldDecision, topic.id):
        db.delete(held)
        db.flush()


def release(db: Session, *, actor: Actor, now: datetime) -> int:
    """Does all that is held, and how many. Where some can no longer be done it names them and does none."""
    rules.require(actor, TOPIC_DECIDERS)
    all_held = db.scalars(select(HeldDecision).order_by(HeldDecision.topic_id).with_for_update()).all()
    refused = []
    for held in all_held:
        try:
            advance(db, held.topic, held.verb, actor=actor, now=now, seen=held.version, **held.answers)
        except Refused as refusal:
            refused.append((held.topic.title, refusal.words))
        db.delete(held)
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
    return len(all_held)
