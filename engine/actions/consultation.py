"""Consultations."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.advance import begin
from engine.models.consultation import Consultation
from engine.models.topic import Topic
from engine.rules import Actor


def plan_consultation(
    db: Session, topic: Topic, *, actor: Actor, now: datetime, **given: Any
) -> Consultation:
    """A topic of an issued plan becomes a consultation."""
    consultation = Consultation(parent_id=topic.id)
    begin(db, consultation, "plan", actor=actor, now=now, **given)
    return consultation
