"""Topics: collecting them, supporting them, scoring them."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from engine.actions import merging
from engine.advance import accepted, advance, begin
from engine.clock import day
from engine.editions import carries_mark, process_of, process_on
from engine.errors import Invalid, Refused, WrongState, none_of_them
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.topic import Plan, ScoreSheet, Support, Topic
from engine.permits import offers
from engine.queries import topics
from engine.rules import SYSTEM, TOPIC_DECIDERS, Actor, require
from engine.words import Words


def submit_topic(
    db: Session, plan: Plan, *, actor: Actor, now: datetime, verb: str = "submit", **given: Any
) -> Topic:
    """With `enter` staff put it forward for somebody who wrote, called or came."""
    topic = Topic(parent_id=plan.id)
    begin(db, topic, verb, actor=actor, now=now, **given)
    return topic


def support_topic(
    db: Session, topic: Topic, *, actor: Actor, now: datetime, seen: int | None = None
) -> LedgerEntry:
    """Once per person: the primary key of `Support` says it again where two requests race."""
    entry = advance(db, topic, "support", actor=actor, now=now, seen=seen)
    if db.get(Support, (topic.id, actor.id)):
        raise WrongState(
            Words(
                "结转以前您已支持过，支持继续计算。",
                "You supported it before it was carried over, and that goes on counting.",
            )
        )
    db.add(Support(topic_id=topic.id, person_id=actor.id, at=now))
    _oblige(db, topic, now)
    return entry


def _oblige(db: Session, topic: Topic, now: datetime, since: date | None = None) -> None:
    """Where enough people support it, an answer is owed; from `since` if one was owed already where they come from."""
    db.flush()
    is_settled = topic.answer or topic.answer_owed_from
    if not is_settled and any(
        offer.verb.name == "oblige_answer" and not offer.refusal for offer in offers(db, topic, SYSTEM, now)
    ):
        advance(db, topic, "oblige_answer", actor=SYSTEM, now=now, answer_owed_from=since or day(now))


def answer_topic(
    db: Session, topic: Topic, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    entry = advance(db, topic, "answer", actor=actor, now=now, seen=seen, **given)
    topic.answer_owed_from = None
    db.flush()
    return entry


def merge_topic(
    db: Session, topic: Topic, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """Into another of the same call that is still under way, and public where this one is.

    Supporters then count by distinct person over both, and what was merged into this one goes along.
    """
    db.execute(select(Matter.id).where(Matter.id == topic.parent_id).with_for_update())
    into = db.get(Topic, accepted(db, topic, "merge", given)["merged_into_id"])
    if (
        into is None
        or into.id == topic.id
        or into.parent_id != topic.parent_id
        or process_of(db, into).states[into.state].end
        or (carries_mark(db, topic, "public") and not carries_mark(db, into, "public"))
    ):
        raise Invalid(
            {
                "merged_into_id": Words(
                    "请选择同一征集中另一个还在办理的议题；已公开的不能并入没有公开的。",
                    "Choose another topic of the same call that is still under way, and public if this one is.",
                )
            }
        )
    entry = advance(db, topic, "merge", actor=actor, now=now, seen=seen, **given)
    merging.merge(db, topic, into)
    _oblige(db, into, now, since=topic.answer_owed_from)
    return entry


def split_topic(
    db: Session, topic: Topic, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    entry = advance(db, topic, "split", actor=actor, now=now, seen=seen, **given)
    merging.split(db, topic)
    _oblige(db, topic, now)
    return entry


def reconsider_topic(
    db: Session, topic: Topic, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """The same topic under the plan whose call is open, with what was merged into it.

    It is scored anew: the sheets of the earlier call stand in the ledger.
    """
    plan = db.get(Plan, accepted(db, topic, "reconsider", given)["plan_id"])
    if plan is None or not carries_mark(db, plan, "call_open"):
        raise Invalid({"plan_id": Words("请选择正在进行的征集。", "Choose a plan whose call is open.")})
    entry = advance(db, topic, "reconsider", actor=actor, now=now, seen=seen, **given)
    for one in (topic, *topic.sources):
        one.parent_id = plan.id
    topic.planned_time = None
    db.execute(delete(ScoreSheet).where(ScoreSheet.topic_id == topic.id))
    _oblige(db, topic, now)
    return entry


GOES_ON = (
    "title",
    "why_now",
    "matter_kind",
    "form",
    "level",
    "unit_id",
    "group_id",
    "feasibility",
    "source",
    "proposer_name",
    "answer",
)
"""What a topic that was carried over has in common with what it goes on as."""


def take_up_topic(db: Session, plan: Plan, *, actor: Actor, now: datetime, **given: Any) -> Topic:
    """Begins, in a plan in the making, what a topic that was carried over goes on as: still its submitter's, and with
    all supporters. A topic goes on once; what it goes on as may be carried over again.
    """
    process = process_on(db, "topic", day(now))
    chosen = process.accept(process.verbs["take_up"], given)["carried_from_id"]
    old = next((one for one in topics.to_take_up(db, plan) if one.id == chosen), None)
    if old is None:
        raise Invalid(
            {
                "carried_from_id": Words(
                    "请选择往年计划结转、还没有转入新计划的议题。",
                    "Choose a topic that an earlier plan carried over and that has not been taken up yet.",
                )
            }
        )
    kept = {name: getattr(old, name) for name in GOES_ON}
    topic = Topic(parent_id=plan.id, created_by_id=old.created_by_id, **kept)
    begin(db, topic, "take_up", actor=actor, now=now, **given)
    theirs = select(literal(topic.id), Support.person_id, func.min(Support.at)).group_by(Support.person_id)
    of_all = theirs.where(Support.topic_id.in_([old.id, *(one.id for one in old.sources)]))
    db.execute(insert(Support).from_select(["topic_id", "person_id", "at"], of_all))
    db.expire(old, ["carried_into"])
    _oblige(db, topic, now)
    return topic


def take_in(db: Session, plan: Plan, ids: Collection[int], *, actor: Actor, now: datetime) -> int:
    """Topics in reserve and carried-over ones into a plan in the making; each refusal is named, and then none is."""
    require(actor, TOPIC_DECIDERS)
    chosen = db.scalars(select(Topic).where(Topic.id.in_(ids)).order_by(Topic.id)).all()
    if not chosen or len(chosen) < len(set(ids)):
        raise Invalid({}, Words("请先勾选要转入的议题。", "Please tick the topics to take in first."))
    refused = []
    for topic in chosen:
        try:
            if carries_mark(db, topic, "carried_over"):
                take_up_topic(db, plan, actor=actor, now=now, carried_from_id=topic.id)
            else:
                reconsider_topic(db, topic, actor=actor, now=now, plan_id=plan.id)
        except Refused as refusal:
            refused.append((topic.title, refusal))
    if refused:
        words = Words("一个议题也没有转入，请改过再办：", "No topic was taken in; please mend this first:")
        raise none_of_them(refused, words)
    return len(chosen)


def score_topic(
    db: Session, topic: Topic, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """One sheet per scorer and call; the criteria stand in the process file."""
    entry = advance(db, topic, "score", actor=actor, now=now, seen=seen, **given)
    points = entry.answers["points"]
    db.add(
        ScoreSheet(
            topic_id=topic.id,
            scorer_id=actor.id,
            points=points,
            total=sum(points.values()),
            remark=given.get("remark") or "",
            at=now,
        )
    )
    db.flush()
    return entry
