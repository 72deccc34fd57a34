"""What RQ may call: `run_task`. The kinds of work stand in the modules beside this one.

A kind reads in one transaction and returns its effect, which writes in a second, short one together with the end of
the task: on SQLite nobody else can write while it lasts. It may run twice; its effect is kept once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from engine import clock, settings
from engine.actions.tasks import FREEZE, Overtaken, fail_task, finish_task, take_task
from engine.database import Database, Session
from engine.models.ledger import Task
from engine.settings import Settings
from workers.jobs import documents, drafts, figures, mail, reminders

Effect = Callable[[Session], object]

KINDS: dict[str, Callable[[Session, Task, Settings, datetime], Effect]] = {
    "make_document": documents.make_document,
    "compile_recommendations": drafts.compile_recommendations,
    FREEZE: figures.freeze_figures,
    "remind_due": reminders.remind_due,
    "tell_late": reminders.tell_that_it_is_late,
    "send_mail": mail.send_mail,
}

log = structlog.get_logger("worker")


def run_task(task_id: int, lease_s: int) -> None:
    """Does a task in the horse that RQ forked for it: no connection to the database has crossed the fork."""
    config = settings.load()
    database = Database(config.database_url)
    try:
        do_task(database, config, task_id, timedelta(seconds=lease_s))
    finally:
        database.close()


def do_task(database: Database, config: Settings, task_id: int, lasts: timedelta) -> None:
    """A failure is written into the task's row, where people see it and the next ring finds it."""
    with database.transaction() as db:
        task = take_task(db, task_id, now=clock.now(), lasts=lasts)
    if task is None:
        return
    try:
        with database.reading() as db:
            effect = KINDS[task.kind](db, task, config, clock.now())
        with database.transaction() as db:
            effect(db)
            finish_task(db, task, now=clock.now())
    except Overtaken:
        log.warning("overtaken", task=task.key, epoch=task.epoch)
    except Exception as error:
        log.exception("failed", task=task.key, attempt=task.attempts)
        with database.transaction() as db:
            fail_task(db, task, f"{type(error).__name__}: {error}", now=clock.now())
