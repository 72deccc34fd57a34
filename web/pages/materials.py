"""Papers for those invited to a sitting: sending one, and reading it."""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine.actions.material import read, require_readable, share, upload
from engine.clock import day, local, now
from engine.database import Session
from engine.editions import process_of, process_on
from engine.errors import Invalid
from engine.models.consultation import Attendance
from engine.permits import may_begin, permit
from engine.queries import attendance, materials, sittings
from engine.queries.matters import state_of
from engine.rules import PROGRAMMERS
from web import auth, presenters
from web.auth import for_roles, for_staff
from web.forms import uploads
from web.forms import verb as forms
from web.pages.files import bytes_of, send
from web.transaction import as_needed, reading, transaction
from web.watermark import PDF, marked

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
        invited = attendance.attendances(db, sitting)
        options = _options(db, invited)
        asked = forms.asked(db, process, verb)
        form = forms.Form(
            {
                "readable_until": f"{local(sitting.ends_at):%Y-%m-%dT%H:%M}",
                "recipients": [
                    str(one.id) for one in invited if not STAYING_AWAY & {*state_of(db, one).marks}
                ],
            }
        )
    if request.method == "POST":
        form = forms.read(request, process, verb)
        boxes, received = request.form.getlist("recipients"), uploads.take(request, process, verb, form)
        try:
            with transaction() as db:
                to, actor = sittings.sitting(db, sitting_id), auth.actor(db)
                chosen = _among(attendance.attendances(db, to), boxes)
                given = uploads.store(db, form, received, None, actor)
                made = upload(db, to, chosen, actor=actor, now=now(), **given)
            flash(_("材料已上传，还没有发放。"), "done")
            return redirect(url_for("matters.show", matter_id=made.id))
        except Invalid as refused:
            form = forms.Form(form.given | {"recipients": boxes}, refused.fields)
    return render_template(
        "sitting/material.html", sitting=sitting, f=form, asked=asked, options=options
    ), 422 if form.errors else 200


@pages.route("/materials/<id:material_id>/recipients", methods=["GET", "POST"])
@for_roles(*PROGRAMMERS)
def share_with(material_id: int) -> str | Response | tuple[str, int]:
    """The same for others of those invited: who came on the list later, who stands in for somebody."""
    form = forms.Form({"recipients": request.form.getlist("recipients")})
    with as_needed() as db:
        found, actor = materials.material(db, material_id), auth.actor(db)
        process = process_of(db, found)
        permit(db, process, found, process.verbs["share"], actor, now())
        invited = attendance.attendances(db, sittings.sitting(db, found.parent_id or 0))
        others = [one for one in invited if one not in found.recipients]
        chosen = _among(others, form.given["recipients"])
        if request.method == "POST":
            try:
                share(db, found, chosen, actor=actor, now=now())
                flash(_("已增发。"), "done")
                return redirect(url_for("matters.show", matter_id=material_id))
            except Invalid as refusal:
                form = form.refused(refusal)
        return render_template(
            "sitting/share.html", material=found, f=form, options=_options(db, others)
        ), 422 if form.errors else 200


def _options(db: Session, invited: Sequence[Attendance]) -> list[tuple[str, str, str]]:
    """Each with whether they come."""
    return [(str(one.id), one.person.name, presenters.say(state_of(db, one).title)) for one in invited]


def _among(invited: Sequence[Attendance], boxes: list[str]) -> list[Attendance]:
    return [one for one in invited if str(one.id) in boxes]


@pages.get("/materials/<id:material_id>/file")
@for_staff
def read_file(material_id: int) -> Response:
    """Where one whom it is for gets the file, a PDF with their name on it; that they first did is written down."""
    with reading() as db:
        found, reader, at = materials.material(db, material_id), auth.actor(db), now()
        require_readable(db, found, actor=reader, now=at)
        file, bears_mark = found.file, process_of(db, found).fields["file_id"].watermark
    copy = None
    if bears_mark and file.media_type == PDF and reader.person:
        copy = marked(bytes_of(file), f"{reader.person.name} {local(at):%Y-%m-%d %H:%M}")
    with transaction() as db:
        read(db, materials.material(db, material_id), actor=auth.actor(db), now=at)
    return send(file, copy)
