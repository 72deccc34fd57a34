"""A research task as its page shows it."""

from dataclasses import dataclass
from itertools import zip_longest

from sqlalchemy.orm import Session

from engine.models.consultation import Research
from engine.queries.matters import Step, history

PUT_IN = "research.report_submitted"
JUDGED = ("research.returned", "research.accepted")


@dataclass(frozen=True)
class Round:
    """A draft of the report as it was put in, and what came of it; nothing while it is being looked at."""

    number: int
    put_in: Step
    judged: Step | None


def rounds(db: Session, research: Research) -> list[Round]:
    """Every draft of the report, the first one first. Events are what editions of the procedure have in common."""
    steps = [step for step in history(db, research) if step.entry.event in (PUT_IN, *JUDGED)]
    drafts = [
        (step, after if after and after.entry.event in JUDGED else None)
        for step, after in zip_longest(steps, steps[1:])
        if step.entry.event == PUT_IN
    ]
    return [Round(number, *draft) for number, draft in enumerate(drafts, start=1)]
