"""Preparing a sitting: its run-of-show, who holds which post in it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine.actions.people import confirm_post, end_post, grant_post
from engine.actions.sitting import KINDS, Part, set_programme
from engine.clock import now
from engine.errors import Invalid, NotFound, Stale
from engine.models.consultation import Segment
from engine.queries import people, sittings
from engine.rules import PROGRAMMERS, ROLES
from engine.words import Words
from web import auth
from web.auth import for_roles
from web.forms.verb import Form, seen
from web.presenters import say
from web.transaction import as_needed, transaction

pages = Blueprint("programmes", __name__, url_prefix="/desk")

SITTING_ROLES = [role for role in ROLES if ROLES[role].scope == "sitting"]
COLUMNS = ("kind", "title", "speaker", "minutes", "in_charge", "unit", "cue", "material")
MOST_PARTS = 40


@pages.route("/sittings/<id:sitting_id>/programme", methods=["GET", "POST"])
@for_roles(*PROGRAMMERS)
def edit(sitting_id: int) -> str | Response | tuple[str, int]:
    """Moving a row, adding one and taking one out only show the form again; nothing is kept before it is saved."""
    with as_needed() as db:
        sitting = sittings.sitting(db, sitting_id)
        version, stale = request.form.get("version", sitting.version), None
        kept = [_row(part) for part in sittings.segments(db, sitting)]
        form = Form(
            {
                "parts": kept
                or [{"kind": kind, "title": say(words), "minutes": "30"} for kind, words in KINDS.items()]
            }
        )
        if request.method == "POST":
            form = Form({"parts": _typed()})
            if not {"more", "move", "remove"} & request.form.keys():
                try:
                    parts = [_part(row) for row in form.given["parts"] if any(row.values())]
                    set_programme(db, sitting, parts, actor=auth.actor(db), now=now(), seen=seen(request))
                    flash(_("议程已保存。"), "done")
                    return redirect(url_for("matters.show", matter_id=sitting_id))
                except Invalid as refusal:
                    form = form.refused(refusal)
                except Stale as refusal:
                    version, stale = refusal.version, refusal.words
        findings, files = sittings.showable(db, sitting)
        return render_template(
            "sitting/programme.html",
            sitting=sitting,
            f=form,
            version=version,
            stale=stale,
            kinds=KINDS,
            total=sum(_minutes(row) for row in form.given["parts"]),
            moved=_move()[1],
            names=[person.name for person in people.staff(db, size=500)[0] if not person.disabled_at],
            units=people.units(db),
            materials=[(f"finding-{one.id}", one.claim) for one in findings]
            + [(f"document-{one.id}", one.name) for one in files],
        ), 409 if stale else 422 if form.errors else 200


def _row(part: Segment) -> dict[str, str]:
    """A segment as its row of the form says it."""
    row = {name: str(getattr(part, name)) for name in COLUMNS if hasattr(part, name)}
    material = f"finding-{part.finding_id}" if part.finding_id else f"document-{part.document_id}"
    return row | {
        "unit": str(part.unit_id or ""),
        "material": material if part.finding_id or part.document_id else "",
    }


def _typed() -> list[dict[str, str]]:
    """The rows as they were typed, with one more, one less or one moved, where that was pressed."""
    many = range(min(MOST_PARTS, sum(name.endswith("-title") for name in request.form)))
    rows = [{name: request.form.get(f"parts-{row}-{name}", "").strip() for name in COLUMNS} for row in many]
    at, to = _move()
    if at in many and to in many:
        rows[at], rows[to] = rows[to], rows[at]
    if (off := request.form.get("remove", "")) in map(str, many):
        del rows[_number(off)]
    return [*rows, {}] if "more" in request.form else rows


def _move() -> tuple[int, int]:
    """Which row is to go where; no row where none is."""
    way, _dash, row = request.form.get("move", "").partition("-")
    at = _number(row) if way in ("up", "down") and row.isascii() and row.isdigit() else -1
    return (at, at + (1 if way == "down" else -1)) if at >= 0 else (-1, -1)


def _part(row: dict[str, str]) -> Part:
    kind, _dash, material = row["material"].partition("-")
    return Part(
        row["kind"],
        row["title"],
        _minutes(row),
        row["speaker"],
        row["in_charge"],
        _number(row["unit"]) if row["unit"] else None,
        row["cue"],
        _number(material) if kind == "finding" else None,
        _number(material) if kind not in ("", "finding") else None,
    )


def _minutes(row: dict[str, str]) -> int:
    text = row.get("minutes", "")
    return _number(text) if len(text) < 4 else 0


def _number(text: str) -> int:
    """0, which is no number of anything, where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


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
