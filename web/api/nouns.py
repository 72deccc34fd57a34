"""The public fields of a row, by the names the API has for them."""

from typing import Any

from engine.database import Session
from engine.models.consultation import Consultation, Sitting
from engine.models.matter import Matter
from engine.models.recommendation import Recommendation
from engine.queries.matters import state_of
from web.api import schema


def consultation(db: Session, row: Consultation) -> dict[str, Any]:
    names = ("id", "title", "aim", "form", "series", "planned_on")
    return {name: getattr(row, name) for name in names} | {"state": state(db, row)}


def sitting(db: Session, row: Sitting) -> dict[str, Any]:
    names = ("id", "title", "place", "starts_at", "ends_at", "opened_at", "closed_at", "stream_url")
    fields = {name: getattr(row, name) for name in names}
    return fields | {"consultation": row.parent_id, "state": state(db, row)}


def recommendation(db: Session, row: Recommendation) -> dict[str, Any]:
    names = ("id", "number", "kind", "title", "text")
    fields = {name: getattr(row, name) for name in names}
    return fields | {"consultation": row.parent_id, "state": state(db, row)}


def state(db: Session, matter: Matter) -> schema.State:
    found = state_of(db, matter)
    return schema.State(marks=list(found.marks), title=schema.Words.of(found.title))
