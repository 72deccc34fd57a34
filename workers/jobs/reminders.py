"""The reminders of one day."""

from collections.abc import Callable
from datetime import date, datetime

from engine.actions.reminders import reminders
from engine.database import Session
from engine.models.ledger import Task
from engine.settings import Settings


def remind_due(db: Session, task: Task, config: Settings, now: datetime) -> Callable[[Session], object]:
    """The task names its day, so that one done late still says what was due then."""
    notices = list(reminders(db, date.fromisoformat(task.given["day"]), now=now))
    return lambda db: db.add_all(notices)
