"""The first day: an empty house is set up once, by whoever holds the one-use link."""

from flask import Blueprint, render_template, request

from engine.actions.house import set_up_house
from engine.actions.people import NewPerson, find_link, import_people, issue_link, use_link
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
def show(token: str) -> str | tuple[str, int]:
    with reading() as db:
        find_link(db, token, purpose="set_up", now=now())
    year = day(now()).year
    years = [str(year + step) for step in (-1, 0, 1)]
    form = Form(
        {name: request.form.get(name, "") for name in ASKED}
        | {"years": request.form.getlist("years") or years[1:]}
    )
    if request.method == "POST":
        form.errors = _wrong(form, years)
        if not form.errors:
            try:
                return _set_up(token, form)
            except Invalid as refusal:
                form.errors = {"offices": next(iter(refusal.fields.values()))}
    options = [(year, year) for year in years]
    return render_template("set_up/show.html", f=form, options=options), 422 if form.errors else 200


def _wrong(form: Form, years: list[str]) -> dict[str, Words]:
    given = form.given
    found = {
        "name": line_wrong(given["name"], 80),
        "name_en": line_wrong(given["name_en"], 120),
        "password": auth.password_wrong(given["password"], given["again"]),
        "years": None
        if set(given["years"]) <= set(years)
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


def _set_up(token: str, form: Form) -> str:
    """Founds the house, and shows once the way in of the other administrator, which nobody can make later."""
    given = form.given
    with transaction() as db:
        use_link(db, token, purpose="set_up", now=now())
        sysadmin, secadmin = _administrators(form)
        first, second = set_up_house(
            db,
            name=Words(given["name"], given["name_en"]),
            offices=[line.strip() for line in given["offices"].splitlines() if line.strip()],
            years=[int(year) for year in given["years"]],
            sysadmin=sysadmin,
            secadmin=secadmin,
            now=now(),
        )
        first.password_hash = auth.hashed(given["password"])
        way_in = issue_link(db, second, purpose="sign_in", now=now())
    auth.enter(first)
    return render_template(
        "set_up/done.html", second=second, link=f"{auth.settings().public_url}/sign-in/{way_in}"
    )
