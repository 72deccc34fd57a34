"""How things are said on a page: languages, times, deadlines, states."""

import io
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, cast

import segno
from flask import g, request

from engine import calendar, workdays
from engine.clock import day, local, now
from engine.database import Session
from engine.deadlines import Deadline
from engine.editions import process_of
from engine.models.matter import Matter
from engine.process import Field, State
from engine.queries import names
from engine.words import LANGUAGES, Language, Words


class Due(NamedTuple):
    """A deadline as `ui/state.deadline` takes it: working days left (negative when late) and 10月14日（周一）前."""

    what: Words
    days: int
    by: str
    light: str


def language() -> Language:
    """The reader's, asked for with every text of a page."""
    if "language" not in g:
        g.language = _language()
    return cast(Language, g.language)


def _language() -> Language:
    """Chosen in the address or the cookie, else the browser's first that we have, else Chinese."""
    for chosen in (request.args.get("lang"), request.cookies.get("lang")):
        if chosen in LANGUAGES:
            return chosen
    accepted = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((tongue for tongue in accepted if tongue in LANGUAGES), "zh")


def say(words: Words | tuple[str, str]) -> str:
    return Words(*words).say(language())


def day_words(value: date | datetime) -> str:
    """10月14日（周三） or Wed 14 Oct, with the year where it is not this one."""
    on = day(value) if isinstance(value, datetime) else value
    return say(workdays.day_words(on, day(now())))


def date_words(on: date) -> str:
    """2026年12月1日 or 1 Dec 2026: a day somebody is held to."""
    return say(
        Words(f"{on.year}年{on.month}月{on.day}日", f"{on.day} {workdays.MONTHS[on.month - 1]} {on.year}")
    )


def time_words(value: datetime) -> str:
    """Day and time as the city's clocks show them."""
    return f"{day_words(value)} {local(value):%H:%M}"


def clock_words(value: datetime) -> str:
    return f"{local(value):%H:%M:%S}"


def minute_words(value: datetime) -> str:
    return f"{local(value):%H:%M}"


def said_at(value: datetime) -> str:
    """The minute, with its day where that is not today."""
    return minute_words(value) if day(value) == day(now()) else time_words(value)


def second_words(second: int) -> str:
    """A place in a recording: 41:12, from the first hour on 1:02:03."""
    minutes, rest = divmod(second, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def size_words(size: int) -> str:
    """1.2 MB, 340 KB."""
    return f"{size / 1024**2:.1f} MB" if size >= 1024**2 else f"{max(1, round(size / 1024))} KB"


def qr(text: str) -> str:
    """A text as a QR code: one SVG path without any style of its own, dark on white in every theme."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, light="#fff"
    )
    return drawn.getvalue().decode()


def due(db: Session, deadline: Deadline | None, today: date | None = None) -> Due | None:
    if deadline is None:
        return None
    days, today = calendar.of(db), today or day(now())
    warn = deadline.clock.warn[0] if deadline.clock.warn else None
    left = days.workdays_between(today, deadline.due)
    return Due(
        deadline.clock.what,
        left or (0 if deadline.due >= today else -1),
        say(workdays.by_words(deadline.due, today, days)),
        workdays.traffic(deadline.due, today, days, warn),
    )


def chosen(db: Session, matter: Matter, name: str) -> str:
    """A choice that a matter keeps, by its own edition, or the code where that no longer has it; a dash for none."""
    given, spec = getattr(matter, name), process_of(db, matter).fields.get(name)
    return answer(db, spec, given) if spec and given else given or "—"


def answer(db: Session, spec: Field, given: Any) -> str:
    """What was answered to a field, as a reader sees it."""
    match spec.kind:
        case "choice":
            return say(spec.choices[given]) if given in spec.choices else str(given)
        case "date" | "moment":
            return written(given)
        case "yes":
            return say(Words("是", "Yes"))
        case "rows" if isinstance(given, list):
            return say(Words("；", "; ")).join(_row(spec, row) for row in given)
        case "checklist":
            return say(Words("、", ", ")).join(
                say(spec.choices[item]) for item in given if item in spec.choices
            )
        case "points":
            return say(Words("，", ", ")).join(
                f"{say(spec.choices[name])} {points}" for name, points in given.items()
            )
        case "text" | "number" | "rows":
            return str(given)
    ids = given if isinstance(given, list) else [given]
    return say(Words("、", ", ")).join(names.said(db, spec.kind, int(one)) for one in ids)


def _row(spec: Field, row: Mapping[str, Any]) -> str:
    parts = [written(row[name]) if kind == "date" else str(row[name]) for name, kind in spec.of.items()]
    return parts[0] + (f"（{'，'.join(parts[1:])}）" if parts[1:] else "")


def written(given: str) -> str:
    """A day, or a day and time, that the ledger keeps as an ISO text."""
    return time_words(datetime.fromisoformat(given)) if "T" in given else day_words(date.fromisoformat(given))


def tag(state: State) -> tuple[str, str]:
    """A state as a tag: its name, and the shape that goes with where it stands in its life."""
    good = {
        "planned",
        "issued",
        "answered",
        "closed",
        "replied",
        "approved",
        "held",
        "verified",
        "accepted",
        "attended",
    }
    if state.end:
        return say(state.title), "done" if good & set(state.marks) else "neutral"
    return say(state.title), "progress"
