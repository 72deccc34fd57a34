"""What a person promises or asks for lies ahead: a day gone by is a slip of the hand."""

from datetime import date, datetime

from engine.clock import day
from engine.errors import Invalid
from engine.words import Words


def require_to_come(field: str, given: date | None, now: datetime) -> None:
    if given and given < day(now):
        raise Invalid({field: Words("日期不能早于今天。", "The day cannot be in the past.")})
