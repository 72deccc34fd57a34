"""`xieshang due DATE PERIOD`: the due date by the working calendar, and `provisional` where its year is."""

import argparse
import sys
from datetime import date

from engine import calendar, settings
from engine.database import Database
from engine.workdays import Calendar, Period, seed


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("xieshang due", description=__doc__)
    parser.add_argument("date", type=date.fromisoformat, help="2026-09-28")
    parser.add_argument("period", type=Period.parse, help='"3 months", "10 workdays", "7 days"')
    arguments = parser.parse_args(argv)
    days = _calendar(arguments.date.year)
    try:
        due = days.due(arguments.date, arguments.period)
    except (OverflowError, ValueError):
        parser.error("没有这个日期 there is no such day")
    print(due, *([] if due.year in days.final else ["provisional"]))
    return 0


def _calendar(year: int) -> Calendar:
    """The house's own where there is one with that year, else the published tables."""
    config = settings.load()
    if not config.database_url.startswith("sqlite") or (config.data / "xieshang.db").exists():
        with Database(config.database_url).reading() as db:
            days = calendar.of(db)
            if year in days.years:
                return days
    return Calendar({day.day: day.worked for day in seed(range(year - 1, year + 3))})


if __name__ == "__main__":
    sys.exit(main())
