"""Where the story is played: who acts, and a clock that only moves forward to the present."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendar
from engine.actions.people import confirm_post, verify_citizen
from engine.actions.perform import perform
from engine.clock import CITY, day, local
from engine.models.consultation import Consultation, Sitting
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.people import Person, Post, Unit
from engine.models.recommendation import Recommendation
from engine.models.topic import Plan, Topic
from engine.models.voice import Question
from engine.rules import Actor, actor_for
from workers.demo.cast import CITIZENS, DISTRICTS, DOMAIN


class Stage:
    """`year` is that of the plan the live sitting stands in: in its first months a year's plan cannot have had one yet.

    What a later chapter needs of an earlier one it finds here, by title.
    """

    def __init__(self, db: Session, data: Path, today: datetime) -> None:
        self.db, self.data, self.today = db, data, today
        self.year = day(today).year - (day(today).month < 5)
        self.now = datetime(self.year - 2, 10, 8, 9, tzinfo=CITY)
        self.actors: dict[str, Actor] = {}
        self.citizens: dict[int, Actor] = {}
        self.plans: dict[int, Plan] = {}
        self.topics: dict[str, Topic] = {}
        self.consultations: dict[str, Consultation] = {}
        self.sittings: dict[str, Sitting] = {}
        self.questions: dict[str, Question] = {}
        self.recommendations: dict[str, Recommendation] = {}

    # -- time

    def on(self, moment: date, hour: int = 9, minute: int = 0) -> None:
        """On to this day, or the working day before it; never back."""
        self.until(datetime.combine(self.workday(moment), time(hour, minute), CITY))

    def workday(self, moment: date) -> date:
        """This day, or the working day before it."""
        working = calendar.of(self.db)
        while not working.is_workday(moment):
            moment -= timedelta(1)
        return moment

    def after(self, moment: date, days: int, hour: int) -> None:
        self.on(moment + timedelta(days), hour)

    def ago(self, days: int, hour: int = 9, minute: int = 0) -> None:
        self.on(day(self.today) - timedelta(days), hour, minute)

    def until(self, moment: datetime) -> None:
        """On to this moment, on whatever day."""
        self.now = min(max(self.now, moment), self.today)

    def later(self, **time: float) -> None:
        self.until(self.now + timedelta(**time))

    def in_days(self, days: int) -> date:
        return local(self.now).date() + timedelta(days)

    # -- people

    def actor(self, who: str) -> Actor:
        """By the key of the cast, with the posts they hold; kept until posts are confirmed."""
        if who not in self.actors:
            person = self.db.scalars(select(Person).where(Person.email == f"{who}@{DOMAIN}")).one()
            self.actors[who] = actor_for(self.db, person)
        return self.actors[who]

    def citizen(self, number: int) -> Actor:
        number %= len(CITIZENS)
        if number not in self.citizens:
            self.citizens[number] = citizen(self.db, number, self.now)
        return self.citizens[number]

    def confirm_posts(self, who: str) -> None:
        """All that wait; from now on they count."""
        for post in self.db.scalars(select(Post).where(Post.confirmed_at.is_(None))).all():
            confirm_post(self.db, post, actor=self.actor(who), now=self.now)
        self.actors.clear()

    def person(self, who: str) -> Person:
        return self.db.get_one(Person, self.actor(who).id)

    def unit(self, name: str) -> int:
        return self.db.scalars(select(Unit.id).where(Unit.name == name)).one()

    # -- deeds

    def do(self, matter: Matter, verb: str, who: str, **given: Any) -> LedgerEntry:
        return perform(self.db, matter, verb, actor=self.actor(who), now=self.now, **given)

    def do_as_citizen(self, matter: Matter, verb: str, number: int) -> LedgerEntry:
        return perform(self.db, matter, verb, actor=self.citizen(number), now=self.now)


def citizen(db: Session, number: int, now: datetime) -> Actor:
    """One of the demonstration's citizens. The key is no hash, so that no telephone can ever have it."""
    return Actor(verify_citizen(db, f"demo-citizen-{number}", CITIZENS[number], now=now))


def district(number: int) -> str:
    return DISTRICTS[number * 7 % len(DISTRICTS)]
