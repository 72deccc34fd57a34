"""The annual consultation plan."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.advance import begin
from engine.errors import Invalid
from engine.models.topic import Plan
from engine.rules import Actor
from engine.words import Words


def open_call(db: Session, *, actor: Actor, now: datetime, **given: Any) -> Plan:
    """Opens a year's call for topics: the start of that year's plan, of which there is one."""
    if str(given.get("year")) in [str(year) for year in db.scalars(select(Plan.year))]:
        raise Invalid(
            {"year": Words("这一年的征集已经发布过。", "The call of this year has been opened already.")}
        )
    plan = Plan()
    begin(db, plan, "open_call", actor=actor, now=now, **given)
    return plan
