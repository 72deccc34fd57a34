"""A questionnaire as the public meets it: no sign-in, one sheet for a browser, which may be changed until it closes."""

import hashlib
import hmac

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine.actions.questionnaire import answer
from engine.clock import day, now
from engine.database import Session
from engine.editions import carries_mark
from engine.errors import Invalid, NotFound
from engine.models.consultation import Consultation, Research
from engine.models.questionnaire import Questionnaire
from engine.queries import questionnaires
from engine.queries.matters import may_read
from engine.words import Words
from web import auth
from web.auth import for_staff, open_to_all, settings
from web.forms.verb import Form
from web.limits import limiter
from web.transaction import as_needed, reading

pages = Blueprint("questionnaires", __name__)


@pages.route("/questionnaires/<id:questionnaire_id>", methods=["GET", "POST"])
@open_to_all
@limiter.limit("10/minute", key_func=auth.viewer, methods=["POST"])
@limiter.limit("120/minute", methods=["POST"])
def show(questionnaire_id: int) -> str | Response | tuple[str, int]:
    """Its questions while it is open; afterwards its figures, once the research they belong to is accepted."""
    token = _token(questionnaire_id)
    with as_needed() as db:
        asking = questionnaires.questionnaire(db, questionnaire_id)
        before = questionnaires.answered(db, asking, token)
        form = Form({_name(number): values for number, values in (before or {}).items()})
        if request.method == "POST":
            given = {item.id: request.form.getlist(_name(item.id)) for item in asking.items}
            form = Form({_name(number): values for number, values in given.items()})
            form.given["accepted"] = request.form.get("accepted")
            try:
                if not form.given["accepted"]:
                    raise Invalid(
                        {"accepted": Words("请先同意隐私说明。", "Please accept the privacy notice.")}
                    )
                answer(db, asking, given, token=token, now=now())
                flash(_("已收到您的答卷，结束前可以回来修改。"), "done")
                return redirect(url_for(".show", questionnaire_id=questionnaire_id))
            except Invalid as refusal:
                form = form.refused(refusal)
        of = db.get_one(Consultation, db.get_one(Research, asking.parent_id).parent_id)
        return render_template(
            "questionnaire/show.html",
            asking=asking,
            is_open=questionnaires.takes_answers(db, asking, day(now())),
            has_answered=before is not None,
            labels=questionnaires.labels,
            cancelled=of if carries_mark(db, of, "cancelled") else None,
            results=questionnaires.published(db, asking) if _is_public(db, asking) else None,
            least=questionnaires.LEAST,
            f=form,
        ), 422 if form.errors else 200


@pages.get("/questionnaires/<id:questionnaire_id>/preview")
@for_staff
def preview(questionnaire_id: int) -> str:
    """As the public will see it. Nothing can be sent from here."""
    with reading() as db:
        asking, actor = db.get(Questionnaire, questionnaire_id), auth.actor(db)
        if asking is None or not may_read(db, actor, asking):
            raise NotFound(Words("没有这份问卷。", "There is no such questionnaire."))
        return render_template(
            "questionnaire/show.html",
            asking=asking,
            is_open=True,
            is_preview=True,
            labels=questionnaires.labels,
            f=Form(),
        )


def _is_public(db: Session, asking: Questionnaire) -> bool:
    research = db.get_one(Research, asking.parent_id)
    return carries_mark(db, asking, "closed") and carries_mark(db, research, "accepted")


def _name(item_id: int) -> str:
    return f"item-{item_id}"


def _token(questionnaire_id: int) -> str:
    """Tells this browser's sheet from others', and cannot be joined with its sheet of another questionnaire."""
    text = f"questionnaire:{questionnaire_id}:{auth.viewer()}"
    return hmac.new(settings().secret, text.encode(), hashlib.sha256).hexdigest()
