"""The calendar of working days: read by everybody who works here, kept by the system administrator."""

import re
from calendar import monthcalendar
from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from engine import calendar
from engine.actions.calendar import PLANS, NewDay, change_day, import_year, load_year
from engine.clock import day, now
from engine.database import Session
from engine.errors import Invalid, NotFound
from engine.rules import CALENDAR_KEEPERS
from engine.words import Words
from engine.workdays import FIRST_YEAR, LAST_YEAR, MONTHS, SATURDAY, WEEKDAYS, Day
from web import auth
from web.auth import for_roles, for_staff
from web.forms import calendar_sheet
from web.forms.sheets import workbook
from web.forms.verb import Form
from web.transaction import reading, transaction

Cell = dict[str, Any]

pages = Blueprint("calendar", __name__, url_prefix="/desk/calendar")

for_keepers = for_roles(*CALENDAR_KEEPERS)


@pages.get("")
@for_staff
def index() -> str:
    """The year asked for; this one where what is asked for is none."""
    asked = request.args.get("year", "")
    year = int(asked) if re.fullmatch("[1-9][0-9]{3}", asked) else 0
    with reading() as db:
        return _page(db, year if FIRST_YEAR <= year <= LAST_YEAR else day(now()).year, Form())


def _page(db: Session, year: int, form: Form) -> str:
    days, known, today = calendar.days_in(db, year), calendar.of(db), day(now())
    return render_template(
        "calendar/index.html",
        year=year,
        years=sorted({*known.years, today.year, *_around(year)}),
        days=days,
        workdays=known.workdays_in(year),
        off=sum(not one.worked and one.day.weekday() < SATURDAY for one in days),
        made_up=sum(one.worked for one in days),
        is_known=bool(days),
        is_final=year in known.final,
        weekdays=WEEKDAYS,
        months=list(_months(year, {one.day: one for one in days}, today)),
        f=form,
        plans=PLANS,
        may_change=bool(auth.actor(db).roles & CALENDAR_KEEPERS),
    )


def _around(year: int) -> range:
    return range(max(year - 1, FIRST_YEAR), min(year + 1, LAST_YEAR) + 1)


def _months(year: int, days: dict[date, Day], today: date) -> Iterator[tuple[Words, list[list[Cell | None]]]]:
    """Each month with its weeks; nothing where a week reaches into another month."""
    for month, name in enumerate(MONTHS, start=1):
        yield (
            Words(f"{month}月", name),
            [
                [_cell(date(year, month, number), days, today) if number else None for number in week]
                for week in monthcalendar(year, month)
            ],
        )


def _cell(on: date, days: dict[date, Day], today: date) -> Cell:
    plan = days.get(on)
    rest = "weekend" if on.weekday() >= SATURDAY else ""
    kind = rest if plan is None else "worked" if plan.worked else "off"
    return {"number": on.day, "kind": kind, "name": plan.name if plan else "", "is_today": on == today}


@pages.post("/days")
@for_keepers
def change() -> Answer | tuple[str, int]:
    form = Form({name: request.form.get(name, "") for name in ("day", "plan", "name")})
    on = calendar_sheet.day_in(form.given["day"])
    try:
        with transaction() as db:
            new = NewDay(on, form.given["plan"], form.given["name"])
            change_day(db, new, actor=auth.actor(db), now=now())
    except Invalid as refusal:
        shown = on.year if on and FIRST_YEAR <= on.year <= LAST_YEAR else day(now()).year
        with reading() as db:
            return _page(db, shown, form.refused(refusal)), 422
    flash(_("已改，已记入账本。"), "done")
    return redirect(url_for("calendar.index", year=on.year if on else None))


@pages.post("/<id:year>/load")
@for_keepers
def load(year: int) -> Answer:
    _require_our_time(year)
    with transaction() as db:
        load_year(db, year, actor=auth.actor(db), now=now())
    flash(_("已载入 %(year)s 年的放假安排。", year=year), "done")
    return redirect(url_for("calendar.index", year=year))


@pages.route("/<id:year>/import", methods=["GET", "POST"])
@for_keepers
def import_(year: int) -> str | Answer | tuple[str, int]:
    """A dry run by default, as for people: what would change, or every mistake with its row and column."""
    _require_our_time(year)
    page: dict[str, Any] = {"year": year, "plans": PLANS, "checked": False}
    if request.method == "GET":
        return render_template("calendar/import.html", **page)
    try:
        rows, for_real = calendar_sheet.read(request.files.get("sheet")), request.form.get("do") == "import"
        with transaction() as db:
            changes = import_year(db, year, rows, actor=auth.actor(db), now=now())
            if not for_real:
                db.rollback()
    except Invalid as refusal:
        wrong = [(calendar_sheet.TEMPLATE.place(name), words) for name, words in refusal.fields.items()]
        return render_template("calendar/import.html", **page, refusal=refusal.words, wrong=wrong), 422
    if for_real:
        flash(_("已导入 %(year)s 年的放假安排，已记入账本。", year=year), "done")
        return redirect(url_for("calendar.index", year=year))
    rows_changed = [{"day": on, "before": before, "after": after} for on, (before, after) in changes.items()]
    return render_template("calendar/import.html", **page | {"checked": True}, changes=rows_changed)


@pages.get("/<id:year>/template.xlsx")
@for_keepers
def template(year: int) -> Response:
    _require_our_time(year)
    with reading() as db:
        data = calendar_sheet.template(calendar.days_in(db, year))
    return workbook(data, f"calendar-{year}.xlsx")


def _require_our_time(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotFound(Words("没有这一年的日历。", "There is no calendar of this year."))
