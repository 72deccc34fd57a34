"""What the clock asks for, not a person: the reminders of a working day, an e-mail for each new notice, the
move of matters to a procedure's new edition, the close of questionnaires whose last day is over, and the frozen
figures of a sitting a day after it.

The relay turns it, being the one process of which there is one at a time.
"""

import time

from engine import clock
from engine.actions.editions import move_running
from engine.actions.figures import ask_to_freeze
from engine.actions.questionnaire import close_due
from engine.actions.reminders import ask_for_mail, ask_for_reminders
from engine.database import Database

EVERY_S = 5.0


class Schedule:
    """`has_mail` says whether there is a server to send by; without one, notices stay in the house."""

    def __init__(self, database: Database, *, has_mail: bool) -> None:
        self.database, self.has_mail = database, has_mail
        self.next = 0.0

    def turn(self) -> None:
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + EVERY_S
        with self.database.transaction() as db:
            ask_for_reminders(db, now=clock.now())
            move_running(db, now=clock.now())
            close_due(db, now=clock.now())
            ask_to_freeze(db, now=clock.now())
            if self.has_mail:
                ask_for_mail(db, now=clock.now())
