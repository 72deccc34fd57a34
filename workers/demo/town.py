"""Those who write at the demonstration's live sitting: citizens who ask, comment and vote, and who run the hall.

Each deed is one small transaction through the engine's actions; what the citizens say is marked as test traffic.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions.comment import post_comment
from engine.actions.perform import perform
from engine.actions.question import ask_question
from engine.database import Database
from engine.editions import carries_mark
from engine.errors import Refused
from engine.models.consultation import Sitting
from engine.models.matter import Matter
from engine.models.voice import Comment, Question
from engine.queries import people, sittings, voices
from engine.rules import Actor, actor_for
from workers.demo import sayings
from workers.demo.cast import CITIZENS, DOMAIN
from workers.demo.stage import citizen, district

REVIEWED_AFTER = 15.0
"""Seconds a test comment or question waits; whoever moderates in the meantime finds something to do."""
PATIENCE = 60.0
"""As long for a visitor's own words, who may like to review them on the other side."""
ANSWERED_AFTER = timedelta(seconds=75)
SHORTLISTED = 3
TALKING = ("questions", "answers")

Deed = Callable[[Session, Sitting, datetime], object]


class Town:
    """Its deeds do nothing while the sitting is not live, and leave to others what they have done first."""

    def __init__(self, database: Database, sitting_id: int, dice: Random) -> None:
        self.database, self.sitting_id, self.dice = database, sitting_id, dice

    def do(self, deed: Deed, now: datetime) -> None:
        with suppress(Refused), self.database.transaction() as db:  # refused: somebody at a desk was quicker
            sitting = sittings.sitting(db, self.sitting_id)
            if carries_mark(db, sitting, "live"):
                deed(db, sitting, now)

    # -- citizens

    def comment(self, db: Session, sitting: Sitting, now: datetime) -> None:
        if text := self._unsaid(db, Comment, sayings.comments()):
            author = self._somebody(db, now)
            name = author.person.name if author.person else ""
            post_comment(db, sitting, actor=author, now=now, is_test=True, title=text, author_name=name)

    def ask(self, db: Session, sitting: Sitting, now: datetime) -> None:
        if text := self._unsaid(db, Question, sayings.questions()):
            asker = self._somebody(db, now)
            given = {
                "asker_name": asker.person.name if asker.person else "",
                "district": district(asker.id or 0),
            }
            ask_question(db, sitting, actor=asker, now=now, is_test=True, title=text, **given)

    def upvote(self, db: Session, sitting: Sitting, now: datetime) -> None:
        """The question of a few that most ask already is the likelier one."""
        shown = [
            one.question
            for mark in ("approved", "shortlisted", "on_air")
            for one in voices.questions(db, sitting, mark=mark, size=12)[0]
        ]
        if shown:
            question = shown[min(self.dice.randrange(len(shown)), self.dice.randrange(len(shown)))]
            perform(db, question, "upvote", actor=self._somebody(db, now), now=now)

    def _somebody(self, db: Session, now: datetime) -> Actor:
        return citizen(db, self.dice.randrange(len(CITIZENS)), now)

    def _unsaid(self, db: Session, kind: type[Comment] | type[Question], texts: Sequence[str]) -> str | None:
        """Each text is said once, whatever crowd comes after: so all of it ends by itself."""
        said = set(db.scalars(select(kind.title).where(Matter.parent_id == self.sitting_id)))
        return self.dice.choice([text for text in texts if text not in said] or [""]) or None

    # -- those who run the hall

    def review(self, db: Session, sitting: Sitting, now: datetime) -> None:
        """The one that waits longest. Of what is alike the moderator merges half and leaves half to a visitor."""
        for waiting in voices.waiting(db, sitting, now):
            if waiting.waited >= (REVIEWED_AFTER if waiting.matter.is_test else PATIENCE):
                self._decide(db, waiting, now)
                return

    def _decide(self, db: Session, waiting: voices.Waiting, now: datetime) -> None:
        actor = _staff(db, "moderator")
        if reason := sayings.UNFIT.get(waiting.matter.title):
            perform(db, waiting.matter, "reject", actor=actor, now=now, reason_code=reason)
            return
        perform(db, waiting.matter, "approve", actor=actor, now=now)
        if waiting.similar and self.dice.random() < 0.5:
            into = waiting.similar[0].id
            perform(db, waiting.matter, "merge", actor=actor, now=now, merged_into_id=into)

    def lead(self, db: Session, sitting: Sitting, now: datetime) -> None:
        """Moves the sitting on when a segment's time is over, and takes one question after the other."""
        segment, question = sittings.present_segment(db, sitting), sittings.on_air(db, sitting)
        if question:
            if now - question.since >= ANSWERED_AFTER:
                perform(
                    db,
                    question,
                    "answer",
                    actor=_staff(db, "recorder"),
                    now=now,
                    answer=sayings.answer(question.title),
                )
        elif (
            segment and segment.started_at and now >= segment.started_at + timedelta(minutes=segment.minutes)
        ):
            perform(db, sitting, "next_segment", actor=_staff(db, "host"), now=now)
        elif segment and segment.kind in TALKING:
            self._next_question(db, sitting, now)

    def _next_question(self, db: Session, sitting: Sitting, now: datetime) -> None:
        ready, count = voices.questions(db, sitting, mark="shortlisted", size=1)
        if count < SHORTLISTED:
            for one in voices.questions(db, sitting, mark="approved", size=1)[0]:
                perform(db, one.question, "shortlist", actor=_staff(db, "moderator"), now=now)
        for one in ready:
            perform(db, one.question, "put_on_air", actor=_staff(db, "host"), now=now)


def _staff(db: Session, who: str) -> Actor:
    person = people.by_email(db, f"{who}@{DOMAIN}")
    return actor_for(db, person) if person else Actor()
