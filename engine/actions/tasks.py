"""Background work: taking a task by lease and epoch, and saying how it ended."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Update, and_, or_, select, update
from sqlalchemy.orm import Session

from engine.models.ledger import Task

LASTS = timedelta(seconds=60)
FREEZE = "freeze_figures"
LASTS_LONGER = {FREEZE: timedelta(minutes=30)}
"""Kinds whose size nobody knows beforehand: the raw rows of 70,000 viewers are millions."""
MOST_ATTEMPTS = 5
PAUSE = timedelta(seconds=15)
"""After the first failure; four times as long after each further one, so 21 minutes in all."""
KEPT_FAILURE = 1000


class Overtaken(Exception):
    """The task's lease ran out and another worker has it: whatever this one did is to be rolled back."""


def open_tasks(
    db: Session, *, now: datetime, limit: int = 100, lasts: timedelta = LASTS
) -> dict[int, timedelta]:
    """The ids of tasks that wait and may be taken, or whose worker has let its lease run out, with how long a worker
    may take for each.
    """
    rows = select(Task.id, Task.kind).where(_is_free(now)).order_by(Task.id).limit(limit)
    return {task: LASTS_LONGER.get(kind, lasts) for task, kind in db.execute(rows)}


def take_task(db: Session, task_id: int, *, now: datetime, lasts: timedelta = LASTS) -> Task | None:
    """The task under a new epoch; nothing where another worker has it, it is done, or it has failed for good."""
    free = update(Task).where(Task.id == task_id, _is_free(now))
    lost = free.where(Task.attempts >= MOST_ATTEMPTS).values(
        state="failed", failure="its worker died each time", lease_until=None
    )
    taken = free.values(
        state="running", epoch=Task.epoch + 1, attempts=Task.attempts + 1, lease_until=now + lasts
    )
    if db.execute(lost).rowcount or db.execute(taken).rowcount != 1:  # type: ignore[attr-defined]
        return None
    return db.get_one(Task, task_id, populate_existing=True)


def finish_task(db: Session, task: Task, *, now: datetime) -> None:
    """Ends a task in the transaction of its effect. Raises `Overtaken` where its epoch is over."""
    if db.execute(_mine(task).values(state="done", done_at=now, lease_until=None)).rowcount != 1:  # type: ignore[attr-defined]
        raise Overtaken


def fail_task(db: Session, task: Task, failure: str, *, now: datetime) -> None:
    """Back to waiting after a pause, or after the last attempt to failed, where people see it."""
    again = task.attempts < MOST_ATTEMPTS
    db.execute(
        _mine(task).values(
            state="waiting" if again else "failed",
            failure=failure[:KEPT_FAILURE],
            lease_until=now + PAUSE * 4 ** (task.attempts - 1) if again else None,
        )
    )


def _is_free(now: datetime) -> ColumnElement[bool]:
    """`lease_until` is the moment before which nobody else may have it, whether it is being done or rests."""
    rested = or_(Task.lease_until.is_(None), Task.lease_until < now)
    return and_(Task.state.in_(("waiting", "running")), rested)


def _mine(task: Task) -> Update:
    return update(Task).where(Task.id == task.id, Task.epoch == task.epoch, Task.state == "running")
