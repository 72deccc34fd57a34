"""Decisions on topics that are taken one by one, held, and released together, so that all submitters hear at once.

Each stands in the ledger from when it is taken, as its decider's, and is neither shown nor sealed before its topic
moves. The step is then the releaser's, who must be allowed it as the decider was: the two may be one.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import rules
from engine.advance import accepted, advance
from engine.editions import has_mark, process_of
from engine.errors import NotFound, Refused, Stale, WrongState, none_of_them
from engine.models.matter import Matter
from engine.models.topic import HeldDecision, Topic
from engine.permits import permit
from engine.process import Process, Verb
from engine.record import as_text, note
from engine.rules import TOPIC_DECIDERS, Actor
from engine.words import Words

STAGES = ("received", "scoring")
"""The marks of the stages whose topics are decided on together."""


def deciding(process: Process, stage: str) -> list[Verb]:
    """The steps out of a stage. Merging decides nothing: the topic goes on in another."""
    here, merged = process.marked(stage), process.marked("merged")
    steps = (verb for verb in process.verbs.values() if here & {*verb.start})
    return [verb for verb in steps if not verb.stays and verb.to not in merged]


def hold(
    db: Session,
    topic: Topic,
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    seen: str | None = None,
    **given: Any,
) -> None:
    """Instead of what was held before; `seen` is what the actor had before them, `shown`.

    Raises what doing it now would raise; nobody is told, nothing moves.
    """
    rules.require(actor, TOPIC_DECIDERS)
    held = _held(db, topic, seen)
    process = process_of(db, topic)
    if verb not in process.verbs:
        raise NotFound(Words("没有这一步。", "There is no such step."))
    permit(db, process, topic, process.verbs[verb], actor, now)
    here = [stage for stage in STAGES if topic.state in process.marked(stage)]
    if not any(verb == step.name for stage in here for step in deciding(process, stage)):
        raise WrongState(
            Words(
                "这一步不在集中公布的决定之列，请直接办理。",
                "This is not among the decisions that are released together; please take the step directly.",
            )
        )
    decision = verb, accepted(db, topic, verb, given), topic.version
    held = held or HeldDecision(topic_id=topic.id)
    if (held.verb, held.answers, held.version) == decision:
        return  # it stays its first decider's
    held.verb, held.answers, held.version = decision
    held.decided_by_id, held.at = actor.id or 0, now
    db.add(held)
    answers = {"verb": verb, **held.answers}
    note(db, topic, "decided", actor=actor, now=now, answers=answers, announced=False)


def drop_held(db: Session, topic: Topic, *, actor: Actor, now: datetime, seen: str | None = None) -> None:
    rules.require(actor, TOPIC_DECIDERS)
    if held := _held(db, topic, seen):
        _take_back(db, held, actor, now)


def drop_overtaken(db: Session, matter: Matter, *, now: datetime) -> None:
    """What is held was decided by the steps of the text that the matter leaves now."""
    if held := db.get(HeldDecision, matter.id):
        _take_back(db, held, rules.SYSTEM, now)


def _take_back(db: Session, held: HeldDecision, actor: Actor, now: datetime) -> None:
    note(db, held.topic, "undecided", actor=actor, now=now, answers={"verb": held.verb}, announced=False)
    db.delete(held)
    db.flush()


def shown(held: HeldDecision | None) -> str:
    """What is held, as a page sends back what it showed."""
    return as_text({"verb": held.verb, **held.answers, "version": held.version}) if held else ""


def _held(db: Session, topic: Topic, seen: str | None) -> HeldDecision | None:
    """What is held, which nobody changes or releases until this transaction ends."""
    db.flush()
    db.refresh(topic, with_for_update=True)
    held = db.get(HeldDecision, topic.id, populate_existing=True)
    if seen is not None and seen != shown(held):
        words = Words(
            "这一项别人刚刚改过，请看过现在的决定再定。",
            "Someone has just changed this one; please look at what is decided now.",
        )
        raise Stale(words, topic.version)
    return held


def release(
    db: Session, stage: str, *, actor: Actor, now: datetime, seen: Mapping[int, str] | None = None
) -> int:
    """Does all that is held of a stage, and how many. Where some can no longer be done it names them and does none.

    `seen` is what the actor had before them, `shown` of every topic by its id; anything else is not released.
    """
    rules.require(actor, TOPIC_DECIDERS)
    here = select(Matter.id).where(has_mark(db, "topic", stage)).order_by(Matter.id).with_for_update()
    held_here = select(HeldDecision).where(HeldDecision.topic_id.in_(db.scalars(here).all()))
    found = db.scalars(
        held_here.order_by(HeldDecision.topic_id), execution_options={"populate_existing": True}
    ).all()
    if seen is not None and (changed := dict(seen).items() ^ {(one.topic_id, shown(one)) for one in found}):
        raise _changed(db, {topic_id for topic_id, _ in changed})
    done, refused = 0, list[tuple[str, Refused]]()
    for held in found:
        try:
            advance(db, held.topic, held.verb, actor=actor, now=now, seen=held.version, **held.answers)
        except Refused as refusal:
            refused.append((held.topic.title, refusal))
        done += 1
    if refused:
        words = Words(
            "这些决定现在办不了，请改过再一起公布：",
            "These can no longer be done; please change them and release all again:",
        )
        raise none_of_them(refused, words)
    return done


def _changed(db: Session, ids: Collection[int]) -> Stale:
    titles = db.scalars(select(Topic.title).where(Topic.id.in_(ids)).order_by(Topic.id)).all()
    zh, en = "、".join(f"“{title}”" for title in titles), ", ".join(f"“{title}”" for title in titles)
    words = Words(
        f"这几项在您看过以后有变化，一项也没有公布：{zh}。请看过现在的决定再公布。",
        f"These have changed since you saw them, and nothing was released: {en}. "
        "Please look at what is decided now.",
    )
    return Stale(words, 0)
