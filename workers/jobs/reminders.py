"""The reminders of one day, and word of what is late to those above its owner."""

from collections.abc import Callable
from datetime import date, datetime

from engine.actions.reminders import ask_to_tell_late, lateness, reminders, tell_late
from engine.database import Session
from engine.models.ledger import Task
from engine.models.matter import Matter
from engine.settings import Settings


def remind_due(db: Session, task: Task, config: Settings, now: datetime) -> Callable[[Session], object]:
    """The task names its day, so that one done late still says what was due then."""
    today = date.fromisoformat(task.given["day"])
    notices, late = list(reminders(db, today, now=now)), lateness(db, today)

    def effect(db: Session) -> None:
        db.add_all(notices)
        ask_to_tell_late(db, late, today, now=now)

    return effect


def tell_that_it_is_late(
    db: Session, task: Task, config: Settings, now: datetime
) -> Callable[[Session], object]:
    today = date.fromisoformat(task.given["day"])
    return lambda db: tell_late(db, db.get_one(Matter, task.matter_id), task.given["what"], today, now=now)
