"""Papers for those invited to a sitting: sending one, and reading it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine.actions.material import read, upload
from engine.clock import day, local, now
from engine.editions import process_on
from engine.errors import Invalid
from engine.permits import may_begin
from engine.queries import attendance, materials, sittings
from engine.queries.matters import state_of
from engine.rules import PROGRAMMERS
from web import auth, presenters
from web.auth import for_roles, for_staff
from web.forms import uploads
from web.forms import verb as forms
from web.pages.files import send
from web.transaction import reading, transaction

pages = Blueprint("materials", __name__, url_prefix="/desk")

STAYING_AWAY = {"declined", "on_leave"}
"""Marks of those invited who get a material only where the office chooses so."""


@pages.route("/sittings/<id:sitting_id>/materials/new", methods=["GET", "POST"])
@for_roles(*PROGRAMMERS)
def new(sitting_id: int) -> str | Response | tuple[str, int]:
    with reading() as db:
        sitting = sittings.sitting(db, sitting_id)
        process = process_on(db, "material", day(now()))
        verb = process.verbs["upload"]
        if refusal := may_begin(db, process, verb, sitting, auth.actor(db), now()):
            raise refusal
        invited = [(one, state_of(db, one)) for one in attendance.attendances(db, sitting)]
        options = [(str(one.id), one.person.name, presenters.say(state.title)) for one, state in invited]
        asked = forms.asked(db, process, verb)
        form = forms.Form(
            {
                "readable_until": f"{local(sitting.ends_at):%Y-%m-%dT%H:%M}",
                "recipients": [str(one.id) for one, state in invited if not STAYING_AWAY & {*state.marks}],
            }
        )
    if request.method == "POST":
        form = forms.read(request, process, verb)
        boxes = request.form.getlist("recipients")
        try:
            with transaction() as db:
                to, actor = sittings.sitting(db, sitting_id), auth.actor(db)
                chosen = [one for one in attendance.attendances(db, to) if str(one.id) in boxes]
                given = form.given | uploads.store(db, request, process, verb, None, actor)
                made = upload(db, to, chosen, actor=actor, now=now(), **given)
            flash(_("材料已上传，还没有发放。"), "done")
            return redirect(url_for("matters.show", matter_id=made.id))
        except Invalid as refused:
            form = forms.Form(form.given | {"recipients": boxes}, refused.fields)
    return render_template(
        "sitting/material.html", sitting=sitting, f=form, asked=asked, options=options
    ), 422 if form.errors else 200


@pages.get("/materials/<id:material_id>/file")
@for_staff
def read_file(material_id: int) -> Response:
    """Where one whom it is for gets the file; that they first did is written down."""
    with transaction() as db:
        found = materials.material(db, material_id)
        read(db, found, actor=auth.actor(db), now=now())
        return send(found.file)
