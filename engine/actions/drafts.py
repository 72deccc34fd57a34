"""What someone is typing is kept while they type, and gone once it is sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.models.draft import Draft
from engine.models.matter import Matter
from engine.rules import Actor


def save_draft(
    db: Session, matter: Matter, verb: str, answers: Mapping[str, Any], *, actor: Actor, now: datetime
) -> None:
    """One draft per person, matter and verb; the newest answers stand."""
    draft = db.get(Draft, (actor.id, matter.id, verb))
    if draft is None:
        draft = Draft(person_id=actor.id, matter_id=matter.id, verb=verb, answers={}, saved_at=now)
        db.add(draft)
    draft.answers, draft.saved_at = dict(answers), now
    db.flush()


def drop_draft(db: Session, matter: Matter, verb: str, *, actor: Actor) -> None:
    if draft := db.get(Draft, (actor.id, matter.id, verb)):
        db.delete(draft)
