"""The calendar of the house: a day changed by hand, a year's notice by Excel, a year from the published tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from engine import calendar
from engine.errors import Invalid, WrongState, all_or_none
from engine.models.house import House, Workday
from engine.record import record
from engine.rules import CALENDAR_KEEPERS, Actor, require
from engine.words import Words
from engine.workdays import FIRST_YEAR, LAST_YEAR, SATURDAY, WEEKDAYS, Day, seed

NAME_MAX = 60
PLANS = {
    "off": Words("休", "Day off"),
    "worked": Words("班", "Working day"),
    "weekday": Words("平日", "As its weekday"),
}

Changes = Mapping[date, tuple[Day | None, Day | None]]
"""What each day was before and is after; nothing: as its weekday."""


@dataclass(frozen=True)
class NewDay:
    """What a form or a row of the Excel template says of a day: one of `PLANS`, and nothing for what is no day."""

    day: date | None
    plan: str
    name: str = ""


def change_day(db: Session, new: NewDay, *, actor: Actor, now: datetime) -> None:
    require(actor, CALENDAR_KEEPERS)
    on, after = _checked(new)
    before = _hold(db, on.year)
    if not _set(db, "changed", before, {on: after}, actor, now):
        raise Invalid(
            {
                "plan": Words(
                    "这一天现在就是这样，没有改动。", "The day is like this already; nothing changed."
                )
            }
        )


def import_year(db: Session, year: int, rows: Sequence[NewDay], *, actor: Actor, now: datetime) -> Changes:
    """The year as its notice has it: a day that is not among `rows` is as its weekday. All of them, or none."""
    require(actor, CALENDAR_KEEPERS)
    days: dict[date, Day | None] = {}

    def take(row: NewDay) -> None:
        on, after = _checked(row)
        if on.year != year:
            raise Invalid(
                {
                    "day": Words(
                        f"{on}不在 {year} 年内，请到 {on.year} 年的日历里改。",
                        f"{on} is not in {year}; change it in the calendar of {on.year}.",
                    )
                }
            )
        if on in days:
            raise Invalid({"day": Words(f"{on}前面已经有一行。", f"{on} has a row above already.")})
        days[on] = after

    all_or_none(rows, take)
    before = _hold(db, year)
    return _set(db, "imported", before, dict.fromkeys(before) | days, actor, now)


def load_year(db: Session, year: int, *, actor: Actor, now: datetime) -> None:
    """A year that the calendar does not know yet, from the published tables."""
    require(actor, CALENDAR_KEEPERS)
    before = _hold(db, year)
    if before:
        raise WrongState(Words(f"{year} 年已经有日历。", f"{year} has a calendar already."))
    days = seed([year])
    if not days:
        raise WrongState(
            Words(f"没有 {year} 年的放假安排可用。", f"There are no published holidays of {year}.")
        )
    _set(db, "loaded", before, {day.day: day for day in days}, actor, now)


def _checked(new: NewDay) -> tuple[date, Day | None]:
    wrong: dict[str, Words] = {}
    name, on = new.name.strip(), new.day
    if on is None:
        wrong["day"] = Words(
            "日期请写成 2027-10-01 或 2027年10月1日。", "Please write the date as 2027-10-01."
        )
    elif not FIRST_YEAR <= on.year <= LAST_YEAR:
        wrong["day"] = Words("请核对年份。", "Please check the year.")
    if new.plan not in PLANS:
        wrong["plan"] = Words(
            "安排是“休”“班”“平日”中的一个。", "Please choose a day off, a working day, or as its weekday."
        )
    elif on and new.plan == "worked" and on.weekday() < SATURDAY:
        zh, en = WEEKDAYS[on.weekday()]
        wrong["plan"] = Words(
            f"{on}是周{zh}，本来就上班；要取消放假，请选“平日”。",
            f"{on} is a {en}, worked anyway; to take a holiday back, choose “as its weekday”.",
        )
    if new.plan != "weekday" and not (0 < len(name) <= NAME_MAX and name.isprintable()):
        wrong["name"] = Words(
            f"请写节日名称或原因，一行，不超过 {NAME_MAX} 字。",
            f"Please name the holiday or the reason, in one line of at most {NAME_MAX} characters.",
        )
    if on is None or wrong:
        raise Invalid(wrong)
    return on, None if new.plan == "weekday" else Day(on, new.plan == "worked", name)


def _hold(db: Session, year: int) -> dict[date, Day]:
    """The year as it is until this transaction ends: whoever changes the calendar meanwhile waits."""
    db.get(House, 1, with_for_update=True)
    return {day.day: day for day in calendar.days_in(db, year)}


def _set(
    db: Session,
    what: str,
    before: Mapping[date, Day],
    days: Mapping[date, Day | None],
    actor: Actor,
    now: datetime,
) -> Changes:
    """Days of one year, and what became of them: one fact, or none where all stays as it was."""
    changes = {on: (before.get(on), after) for on, after in sorted(days.items()) if before.get(on) != after}
    if not changes:
        return changes
    db.execute(delete(Workday).where(Workday.day.in_(changes)))
    new = [after for _, after in changes.values() if after]
    db.add_all(Workday(day=day, worked=worked, note=name) for day, worked, name in new)
    record(
        db,
        f"calendar.{what}",
        noun="calendar",
        verb=what,
        actor=actor,
        now=now,
        data={
            "year": next(iter(changes)).year,
            "days": {str(on): [_plan(day) for day in change] for on, change in changes.items()},
        },
        answers={"names": {str(on): [day and day.name for day in change] for on, change in changes.items()}},
    )
    db.info.pop("calendar", None)
    return changes


def _plan(day: Day | None) -> str:
    return "weekday" if day is None else "worked" if day.worked else "off"
