"""The front door: what is open now, how pages look, what the rules are, whether the house is well."""

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from engine.clock import now
from engine.queries import questionnaires, recommendations, sittings, topics, voices
from engine.queries.matters import state_of
from engine.words import LANGUAGES
from web.auth import open_to_all, settings
from web.health import health
from web.pages.live import live_stats
from web.strict import path_of_this_site
from web.transaction import reading

pages = Blueprint("home", __name__)

A_YEAR = 365 * 24 * 3600
PREFERENCES = {"lang": LANGUAGES, "theme": ("light", "dark", "system"), "elder": ("0", "1")}


@pages.get("/")
@open_to_all
def home() -> str:
    with reading() as db:
        plan = topics.open_plan(db)
        listed, total = topics.topics(db, mark="open_for_support", size=6)
        planned, planned_total = topics.topics(db, mark="planned", order="newest", size=6)
        return render_template(
            "home/show.html",
            live=[
                (one, voices.questions(db, one, mark="public", size=1)[1], *live_stats(db, one.id))
                for one in sittings.live_now(db)
            ],
            called_off=[(one, state_of(db, one)) for one in sittings.called_off(db, now())],
            upcoming=[(one, state_of(db, one)) for one in sittings.upcoming(db)[:3]],
            asking=questionnaires.open_now(db),
            held=sittings.held(db)[:3],
            numbers=recommendations.numbers(db),
            plan=plan,
            listed=listed,
            total=total,
            planned=planned,
            planned_total=planned_total,
        )


@pages.get("/preferences")
@open_to_all
def preferences() -> Answer:
    """Keeps what was chosen of language, theme and type size, and goes back to where the reader was."""
    answer = redirect(path_of_this_site(request.args.get("back", ""), otherwise="/"))
    for name, known in PREFERENCES.items():
        value = request.args.get(name)
        if value in known:
            answer.set_cookie(
                name, value, max_age=A_YEAR, samesite="Lax", httponly=True, secure=request.is_secure
            )
    return answer


@pages.get("/rules")
@open_to_all
def rules() -> str:
    return render_template("home/rules.html")


@pages.get("/privacy")
@open_to_all
def privacy() -> str:
    return render_template("home/privacy.html")


@pages.get("/healthz")
@open_to_all
def healthz() -> tuple[Response, int]:
    found = health(settings().redis_url)
    return jsonify(found), 503 if found["status"] == "down" else 200
