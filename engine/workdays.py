"""Deadlines on working days: Civil Code Arts. 201–203 and the State Council's yearly holiday notices."""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple, Self, cast

from engine.words import Words

Unit = Literal["workday", "day", "month"]
Light = Literal["ok", "soon", "late"]

SATURDAY = 5
PERIOD = re.compile(r"([1-9][0-9]{0,2}) (workday|day|month)s?")
UNITS = {
    "workday": Words("个工作日", "working day"),
    "day": Words("天", "day"),
    "month": Words("个月", "month"),
}
WEEKDAYS = tuple(zip("一二三四五六日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))
FIRST_YEAR, LAST_YEAR = 1949, 2100
"""A date outside is a slip of the hand, and arithmetic on it may leave the calendar altogether."""
WRITTEN = re.compile(r"([0-9]{4})(?:-|年)([0-9]{1,2})(?:-|月)([0-9]{1,2})日?")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class NotAPeriod(ValueError):
    """A text that is no length of time; `words` says how one is written."""

    def __init__(self, text: str) -> None:
        self.words = Words(
            f"“{text}”不是期限，应写成“3 workdays”“7 days”“2 months”这样。",
            f"“{text}” is not a period; write it like “3 workdays”, “7 days” or “2 months”.",
        )
        super().__init__(self.words.en)


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time as process files write it: `3 workdays`, `7 days`, `2 months`."""

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Self:
        match = PERIOD.fullmatch(text)
        if match is None:
            raise NotAPeriod(text)
        return cls(int(match[1]), cast(Unit, match[2]))

    @property
    def words(self) -> Words:
        unit = UNITS[self.unit]
        return Words(f"{self.count} {unit.zh}", f"{self.count} {unit.en}{'' if self.count == 1 else 's'}")


class Day(NamedTuple):
    """One exception to Monday–Friday: a weekday off, or a weekend day that is worked (调休)."""

    day: date
    worked: bool
    name: str


class Calendar:
    """Working days from a table of exceptions to Monday–Friday: date → is it worked.

    `years` are those the table covers; in any other only Saturdays and Sundays are off. A year is final once it has
    a single worked weekend day: every notice since 2001 has some, so a year without any stands on the statutory
    holidays alone, or on nothing, its notice still to come. Importing the notice ends that by itself.
    """

    def __init__(self, days: Mapping[date, bool]) -> None:
        self.days = dict(days)
        self.years = frozenset(day.year for day in days)
        self.final = frozenset(
            day.year for day, worked in days.items() if worked and day.weekday() >= SATURDAY
        )

    def is_workday(self, day: date) -> bool:
        return self.days.get(day, day.weekday() < SATURDAY)

    def due(self, start: date, period: Period) -> date:
        """The last day of a period: the start is not counted, a last day off moves to the next workday."""
        return self._reach(start, period, 1)

    def before(self, end: date, period: Period) -> date:
        """The latest working day by which at least the whole period is left until `end`."""
        return self._reach(end, period, -1)

    def workdays_in(self, year: int) -> int:
        return self.workdays_between(date(year - 1, 12, 31), date(year, 12, 31))

    def workdays_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` is the earlier one."""
        if end < start:
            return -self.workdays_between(end, start)
        return sum(self.is_workday(start + timedelta(n)) for n in range(1, (end - start).days + 1))

    def _reach(self, day: date, period: Period, sign: Literal[1, -1]) -> date:
        step = timedelta(sign)
        if period.unit == "month":
            return self._worked(_months_from(day, sign * period.count), step)
        if period.unit == "day":
            return self._worked(day + period.count * step, step)
        for _ in range(period.count):
            day = self._worked(day + step, step)
        return day

    def _worked(self, day: date, step: timedelta) -> date:
        while not self.is_workday(day):
            day += step
        return day


def _months_from(day: date, months: int) -> date:
    """The corresponding day, or the last day of the month when there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def seed(years: Iterable[int]) -> list[Day]:
    """What the `holidays` library knows of these years, in order of date; names in Chinese."""
    import holidays  # noqa: PLC0415  (a fifth of a second, once a year)

    wanted = set(years)
    china = holidays.country_holidays("CN", years=wanted, language="zh_CN")
    off = [Day(day, False, name) for day, name in china.items() if day.weekday() < SATURDAY]
    made_up = [Day(day, True, "调休上班") for day in china.weekend_workdays if day.year in wanted]
    return sorted(off + made_up)


def day_written(text: str) -> date:
    """2019-03-08 or 2019年3月8日. Raises `ValueError` for anything else."""
    found = WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    return date(*(int(part) for part in found.groups()))


def deadline_words(due: date, today: date, calendar: Calendar) -> Words:
    """剩余 3 个工作日 · 10月14日（周一）前; late: 逾期 2 个工作日 · 10月14日（周一）到期; each may be （暂定）."""
    mark = provisional(due, calendar)
    if due == today:
        return Words(f"今天截止{mark.zh}", f"Due today{mark.en}")
    gap = Period(abs(calendar.workdays_between(today, due)), "workday")
    zh, en = (
        (f" {gap.words.zh}", gap.words.en) if gap.count else ("不到 1 个工作日", "less than 1 working day")
    )
    if due > today:
        by = by_words(due, today, calendar)
        return Words(f"剩余{zh} · {by.zh}", f"{en} left · {by.en}")
    day = day_words(due, today)
    return Words(f"逾期{zh} · {day.zh}到期{mark.zh}", f"{en} late · was due {day.en}{mark.en}")


def by_words(due: date, today: date, calendar: Calendar) -> Words:
    """10月14日（周一）前, or 2027年3月5日（周五）前（暂定）."""
    day, mark = day_words(due, today), provisional(due, calendar)
    return Words(f"{day.zh}前{mark.zh}", f"by {day.en}{mark.en}")


def provisional(due: date, calendar: Calendar) -> Words:
    """The mark of a day that the notice of its year may still move."""
    return Words("", "") if due.year in calendar.final else Words("（暂定）", " (provisional)")


def day_words(day: date, today: date) -> Words:
    """The year only when it is not today's. Not `strftime`: its names follow the machine's locale."""
    zh, en = WEEKDAYS[day.weekday()]
    year = day.year != today.year
    return Words(
        f"{f'{day.year}年' if year else ''}{day.month}月{day.day}日（周{zh}）",
        f"{en} {day.day} {MONTHS[day.month - 1]}{f' {day.year}' if year else ''}",
    )


def traffic(due: date, today: date, calendar: Calendar, warn: Period | None) -> Light:
    """`soon` from the warning point (that long before `due`) through the last day, `late` after it."""
    if today > due:
        return "late"
    if today == due or (warn is not None and today >= calendar.before(due, warn)):
        return "soon"
    return "ok"
