"""Preparing a sitting: its run-of-show, who holds which post in it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine.actions.people import confirm_post, end_post, grant_post
from engine.actions.sitting import KINDS, Part, set_programme
from engine.clock import now
from engine.errors import Invalid, NotFound
from engine.queries import people, sittings
from engine.rules import PROGRAMMERS, ROLES
from engine.words import Words
from web import auth
from web.auth import for_roles
from web.forms.verb import Form
from web.presenters import say
from web.transaction import as_needed, reading, transaction

pages = Blueprint("programmes", __name__, url_prefix="/desk")

SITTING_ROLES = [role for role in ROLES if ROLES[role].scope == "sitting"]
COLUMNS = ("kind", "title", "speaker", "minutes")
MOST_PARTS = 40


@pages.route("/sittings/<id:sitting_id>/programme", methods=["GET", "POST"])
@for_roles(*PROGRAMMERS)
def edit(sitting_id: int) -> str | Response | tuple[str, int]:
    with reading() as db:
        sitting = sittings.sitting(db, sitting_id)
        kept = [
            {name: str(getattr(part, name)) for name in COLUMNS} for part in sittings.segments(db, sitting)
        ]
    form = Form(
        {
            "parts": kept
            or [{"kind": kind, "title": say(words), "minutes": "30"} for kind, words in KINDS.items()]
        }
    )
    if request.method == "POST":
        form = Form({"parts": _typed()})
        if "more" in request.form:
            form.given["parts"].append({})
            return render_template("sitting/programme.html", sitting=sitting, f=form, kinds=KINDS)
        try:
            with transaction() as db:
                parts = [_part(row) for row in form.given["parts"] if any(row.values())]
                set_programme(db, sittings.sitting(db, sitting_id), parts, actor=auth.actor(db), now=now())
            flash(_("议程已保存。"), "done")
            return redirect(url_for("matters.show", matter_id=sitting_id))
        except Invalid as refusal:
            form = form.refused(refusal)
    return render_template(
        "sitting/programme.html", sitting=sitting, f=form, kinds=KINDS
    ), 422 if form.errors else 200


def _typed() -> list[dict[str, str]]:
    rows = range(min(MOST_PARTS, sum(name.endswith("-title") for name in request.form)))
    return [{name: request.form.get(f"parts-{row}-{name}", "").strip() for name in COLUMNS} for row in rows]


def _part(row: dict[str, str]) -> Part:
    minutes = row["minutes"]
    return Part(
        row["kind"],
        row["title"],
        int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 4 else 0,
        row["speaker"],
    )


@pages.route("/sittings/<id:sitting_id>/posts", methods=["GET", "POST"])
@for_roles("office_staff", "committee_staff", "leader")
def posts(sitting_id: int) -> str | Response | tuple[str, int]:
    form = Form({name: request.form.get(name, "") for name in ("person", "role")})
    with as_needed() as db:
        sitting, actor = sittings.sitting(db, sitting_id), auth.actor(db)
        found = people.staff(db, size=500)[0]
        if request.method == "POST":
            try:
                person = next((one for one in found if str(one.id) == form.given["person"]), None)
                if person is None or form.given["role"] not in SITTING_ROLES:
                    raise Invalid(
                        {"person": Words("请选择人员和岗位。", "Please choose a person and a post.")}
                    )
                grant_post(db, person, form.given["role"], sitting, actor=actor, now=now())
                flash(_("岗位已提出，等另一人确认。"), "done")
                return redirect(url_for("programmes.posts", sitting_id=sitting_id))
            except Invalid as refusal:
                form = form.refused(refusal)
        return render_template(
            "sitting/posts.html",
            sitting=sitting,
            f=form,
            posts=people.posts_of_sitting(db, sitting_id),
            roles=ROLES,
            options=[(role, say(ROLES[role].title)) for role in SITTING_ROLES],
            people=[(one.id, one.name) for one in found if not one.disabled_at],
            me=actor.id,
        ), 422 if form.errors else 200


@pages.post("/sittings/<id:sitting_id>/posts/<id:post_id>/<any(confirm, end):what>")
@for_roles("office_staff", "committee_staff", "leader")
def decide(sitting_id: int, post_id: int, what: str) -> Response:
    with transaction() as db:
        post = people.post(db, post_id)
        if post is None or post.sitting_id != sitting_id:
            raise NotFound(Words("没有这个岗位。", "There is no such post."))
        (confirm_post if what == "confirm" else end_post)(db, post, actor=auth.actor(db), now=now())
    return redirect(url_for("programmes.posts", sitting_id=sitting_id))
