"""Consultations and the research before them."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.advance import accepted, advance, begin
from engine.models.consultation import Consultation, Finding, Research
from engine.models.ledger import LedgerEntry
from engine.models.topic import Topic
from engine.rules import Actor


def plan_consultation(
    db: Session, topic: Topic, *, actor: Actor, now: datetime, **given: Any
) -> Consultation:
    """A topic of an issued plan becomes a consultation."""
    consultation = Consultation(parent_id=topic.id)
    begin(db, consultation, "plan", actor=actor, now=now, **given)
    return consultation


def plan_research(
    db: Session, consultation: Consultation, *, actor: Actor, now: datetime, **given: Any
) -> Research:
    research = Research(parent_id=consultation.id)
    begin(db, research, "plan", actor=actor, now=now, **given)
    return research


def add_finding(
    db: Session, research: Research, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """One evidence card more, numbered in its research from 1."""
    entry = advance(db, research, "add_finding", actor=actor, now=now, seen=seen, **given)
    last = db.scalar(select(func.max(Finding.position)).where(Finding.research_id == research.id)) or 0
    db.add(
        Finding(research_id=research.id, position=last + 1, **accepted(db, research, "add_finding", given))
    )
    db.flush()
    return entry
