"""The drafts of a sitting's recommendations."""

from collections.abc import Callable
from datetime import datetime

from engine.actions import compile
from engine.database import Session
from engine.models.consultation import Sitting
from engine.models.ledger import Task
from engine.settings import Settings


def compile_recommendations(
    db: Session, task: Task, config: Settings, now: datetime
) -> Callable[[Session], object]:
    """All of it in the transaction that writes: what is cited already must not change in between."""
    return lambda db: compile.compile_recommendations(db, db.get_one(Sitting, task.matter_id), now=now)
