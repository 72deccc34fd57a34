"""The calendar of a year by Excel: the template is filled with the year as it is."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date

from werkzeug.datastructures import FileStorage

from engine.actions.calendar import PLANS, NewDay
from engine.workdays import Day, day_written
from web.forms.sheets import Template, saved

TEMPLATE = Template({"day": "日期", "plan": "安排", "name": "名称"}, most_rows=366)

_PLANS = {words.zh: plan for plan, words in PLANS.items()}


def read(upload: FileStorage | None) -> list[NewDay]:
    return [NewDay(day_in(day), _PLANS.get(plan, plan), name) for day, plan, name in TEMPLATE.read(upload)]


def day_in(text: str) -> date | None:
    with suppress(ValueError):
        return day_written(text)
    return None


def template(days: Sequence[Day]) -> bytes:
    return saved(
        TEMPLATE.filled(
            [day.isoformat(), PLANS["worked" if worked else "off"].zh, name] for day, worked, name in days
        )
    )
