"""Recommendations: what they rest on, and each unit's handling of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.dates import require_to_come
from engine.advance import advance, begin
from engine.editions import carries_mark
from engine.errors import Invalid
from engine.models.consultation import Consultation
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.recommendation import Assignment, Recommendation, Source
from engine.queries.recommendations import assignments, citable
from engine.rules import SYSTEM, Actor
from engine.words import Words


def draft_recommendation(
    db: Session, consultation: Consultation, *, actor: Actor, now: datetime, verb: str = "draft", **given: Any
) -> Recommendation:
    """A person's draft, or with `propose` one that the system compiled for people to confirm. Numbered from 1; two at
    once wait for each other.
    """
    db.execute(select(Matter.id).where(Matter.id == consultation.id).with_for_update())
    siblings = select(Matter.id).where(
        Matter.parent_id == consultation.id, Matter.process == "recommendation"
    )
    last = db.scalar(select(func.max(Recommendation.number)).where(Recommendation.id.in_(siblings))) or 0
    recommendation = Recommendation(parent_id=consultation.id, number=last + 1)
    begin(db, recommendation, verb, actor=actor, now=now, **given)
    return recommendation


def cite(
    db: Session,
    recommendation: Recommendation,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    """One source more: exactly one question, finding or promise of the same consultation."""
    named = {name: value for name, value in given.items() if value not in (None, "")}
    if len(named) != 1:
        raise Invalid({"question": Words("每次选一项依据。", "Choose exactly one source at a time.")})
    entry = advance(db, recommendation, "cite", actor=actor, now=now, seen=seen, **named)
    (name, _value), cited = next(iter(named.items())), next(iter(entry.answers.values()))
    if cited not in citable(db, recommendation)[name]:
        raise Invalid(
            {name: Words("没有这条依据，或者已经引用。", "There is no such source, or it is cited already.")}
        )
    db.add(Source(recommendation_id=recommendation.id, **{f"{name}_id": cited}))
    db.flush()
    return entry


def assign(
    db: Session,
    recommendation: Recommendation,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    """Gives a recommendation to its lead unit and co-units: one assignment each."""
    entry = advance(db, recommendation, "assign", actor=actor, now=now, seen=seen, **given)
    lead, others = entry.answers["lead_unit"], entry.answers.get("co_units", [])
    require_to_come("due_on", recommendation.due_on, now)
    if lead in others:
        raise Invalid({"co_units": Words("主办单位不能同时会办。", "The lead unit cannot be a co-unit too.")})
    _begin_assignment(db, recommendation, lead, "lead" if others else "sole", actor, now)
    for unit in others:
        _begin_assignment(db, recommendation, unit, "co", actor, now)
    return entry


def _begin_assignment(
    db: Session, recommendation: Matter, unit_id: int, duty: str, actor: Actor, now: datetime
) -> None:
    assignment = Assignment(
        parent_id=recommendation.id, unit_id=unit_id, duty=duty, title=recommendation.title
    )
    begin(db, assignment, "assign_co" if duty == "co" else "assign", actor=actor, now=now)


def reroute(
    db: Session, assignment: Assignment, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """The unit was the wrong one: its assignment ends and the new unit gets one of its own."""
    entry = advance(db, assignment, "reroute", actor=actor, now=now, seen=seen, **given)
    recommendation, unit = db.get_one(Matter, assignment.parent_id), entry.answers["new_unit"]
    if any(
        other.unit_id == unit and (other is assignment or not carries_mark(db, other, "returned"))
        for other in assignments(db, recommendation)
    ):
        raise Invalid(
            {
                "new_unit": Words(
                    "请选择另一个没有承办的单位。", "Choose another unit that does not handle it yet."
                )
            }
        )
    _begin_assignment(db, recommendation, unit, assignment.duty, actor, now)
    return entry


def reply(
    db: Session, assignment: Assignment, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """The unit's signed reply; with the last lead unit's the recommendation itself is replied."""
    entry = advance(db, assignment, "reply", actor=actor, now=now, seen=seen, **given)
    recommendation = db.get_one(Recommendation, assignment.parent_id)
    leads = [one for one in assignments(db, recommendation) if one.duty != "co"]
    if all(carries_mark(db, lead, "returned") or carries_mark(db, lead, "replied") for lead in leads):
        advance(db, recommendation, "note_replies", actor=SYSTEM, now=now)
    return entry


def reject_reply(
    db: Session, assignment: Assignment, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """A reply that does not meet the rules goes back, and the recommendation is no longer replied."""
    entry = advance(db, assignment, "reject_reply", actor=actor, now=now, seen=seen, **given)
    recommendation = db.get_one(Recommendation, assignment.parent_id)
    if carries_mark(db, recommendation, "replied"):
        advance(db, recommendation, "note_rejection", actor=SYSTEM, now=now)
    return entry


def report_progress(
    db: Session, assignment: Assignment, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """Progress with its evidence; at 100 percent the recommendation waits to be verified."""
    entry = advance(db, assignment, "report_progress", actor=actor, now=now, seen=seen, **given)
    recommendation = db.get_one(Recommendation, assignment.parent_id)
    if entry.answers["percent"] == 100 and carries_mark(db, recommendation, "implementing"):
        if not carries_mark(db, recommendation, "claimed"):
            advance(db, recommendation, "note_claim", actor=SYSTEM, now=now)
    return entry
