"""The first day: an empty house is set up once, by whoever holds the one-use link."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.actions.house import set_up_house
from engine.actions.people import NewPerson, find_link, import_people, use_link
from engine.clock import day, now
from engine.errors import Invalid
from engine.rules import SYSTEM
from engine.words import Words
from web import auth
from web.auth import open_to_all
from web.forms.verb import Form
from web.limits import limiter
from web.strict import line_wrong
from web.transaction import reading, transaction

pages = Blueprint("set_up", __name__)

ASKED = (
    "name",
    "name_en",
    "offices",
    "sysadmin_name",
    "sysadmin_email",
    "secadmin_name",
    "secadmin_email",
    "password",
    "again",
)


@pages.route("/set-up/<token>", methods=["GET", "POST"])
@open_to_all
@limiter.limit("30/minute")
def show(token: str) -> str | Response | tuple[str, int]:
    with reading() as db:
        find_link(db, token, purpose="set_up", now=now())
    year = day(now()).year
    years = [year - 1, year, year + 1]
    form = Form(
        {name: request.form.get(name, "") for name in ASKED}
        | {"years": request.form.getlist("years") or [str(year), str(year + 1)]}
    )
    if request.method == "POST":
        form.errors = _wrong(form, years)
        if not form.errors:
            try:
                return _set_up(token, form)
            except Invalid as refusal:
                form.errors = {"offices": next(iter(refusal.fields.values()))}
    return render_template("set_up/show.html", f=form, years=years), 422 if form.errors else 200


def _wrong(form: Form, years: list[int]) -> dict[str, Words]:
    given = form.given
    found = {
        "name": line_wrong(given["name"], 80),
        "name_en": line_wrong(given["name_en"], 120),
        "password": auth.password_wrong(given["password"], given["again"]),
        "years": None
        if set(given["years"]) <= {str(year) for year in years}
        else Words("请从列出的年份中选择。", "Please choose among the years listed."),
    }
    return {name: words for name, words in found.items() if words} | _wrong_people(form)


def _wrong_people(form: Form) -> dict[str, Words]:
    """Every mistake in both administrators: they are added once on trial."""
    try:
        with transaction() as db:
            import_people(db, _administrators(form), actor=SYSTEM, now=now())
            db.rollback()
    except Invalid as refusal:
        return {
            name.replace("1.", "sysadmin_").replace("2.", "secadmin_"): words
            for name, words in refusal.fields.items()
        }
    return {}


def _administrators(form: Form) -> list[NewPerson]:
    return [
        NewPerson(form.given[f"{who}_name"], form.given[f"{who}_email"]) for who in ("sysadmin", "secadmin")
    ]


def _set_up(token: str, form: Form) -> Response:
    given = form.given
    with transaction() as db:
        use_link(db, token, purpose="set_up", now=now())
        sysadmin, secadmin = _administrators(form)
        first, _second = set_up_house(
            db,
            name=Words(given["name"], given["name_en"]),
            offices=[line.strip() for line in given["offices"].splitlines() if line.strip()],
            years=[int(year) for year in given["years"]],
            sysadmin=sysadmin,
            secadmin=secadmin,
            now=now(),
        )
        first.password_hash = auth.hashed(given["password"])
    auth.enter(first)
    return redirect(url_for("people.index"))
