"""A plan in the making: taking topics into it, and arranging those that are in it, many at once."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from engine.actions.perform import perform
from engine.actions.topic import take_in as take_topics_in
from engine.clock import now
from engine.database import Session
from engine.editions import process_of, shipped
from engine.errors import Invalid, NotFound, Refused, Stale, WrongState
from engine.models.topic import Plan, Topic
from engine.queries import topics
from engine.rules import TOPIC_DECIDERS
from engine.words import Words
from web import auth
from web.auth import for_roles
from web.forms import verb as forms
from web.transaction import reading, transaction

pages = Blueprint("plans", __name__, url_prefix="/desk/plans")

ARRANGE = "arrange"


@pages.post("/<id:matter_id>/take-in")
@for_roles(*TOPIC_DECIDERS)
def take_in(matter_id: int) -> Response:
    ticked = [
        int(one) for one in request.form.getlist("topic") if one.isascii() and one.isdigit() and len(one) < 10
    ]
    with transaction() as db:
        count = take_topics_in(db, _plan(db, matter_id), ticked, actor=auth.actor(db), now=now())
    flash(ngettext("已转入 %(num)s 个议题。", "已转入 %(num)s 个议题。", count), "done")
    return redirect(url_for("matters.show", matter_id=matter_id))


@pages.route("/<id:matter_id>/arrangement", methods=["GET", "POST"])
@for_roles(*TOPIC_DECIDERS)
def arrangement(matter_id: int) -> Response | tuple[str, int]:
    """Form, time, group and unit of every topic in the draft on one page. What was filled in is saved together, and a
    refusal keeps all of it.
    """
    wrong: dict[int, Refused] = {}
    if request.method == "POST":
        with transaction() as db:
            found = _drafted(db, _plan(db, matter_id))
            for topic in found:
                try:
                    _arrange(db, topic)
                except Refused as refusal:
                    wrong[topic.id] = refusal
            if wrong:
                db.rollback()
        if not wrong:
            flash(_("安排已保存。"), "done")
            return redirect(url_for("matters.show", matter_id=matter_id))
    with reading() as db:
        plan = _plan(db, matter_id)
        drafted = _drafted(db, plan)
        process = process_of(db, drafted[0]) if drafted else shipped("topic")
        verb = process.verbs[ARRANGE]
        is_late = any(isinstance(one, Stale | WrongState) for one in wrong.values())
        return render_template(
            "desk/arrangement.html",
            plan=plan,
            verb=verb,
            asked=forms.asked(db, process, verb),
            rows=[_row(db, topic, wrong.get(topic.id)) for topic in drafted],
            wrong=wrong,
        ), 409 if is_late else 422 if wrong else 200


def _plan(db: Session, plan_id: int) -> Plan:
    if (found := topics.plan(db, plan_id)) is None:
        raise NotFound(Words("没有这个计划。", "There is no such plan."))
    return found


def _drafted(db: Session, plan: Plan) -> list[Topic]:
    """Those in the draft whose procedure has them arranged."""
    drafted = [one.topic for one in topics.of_plan(db, plan) if one.at == "shortlisted"]
    return [topic for topic in drafted if ARRANGE in process_of(db, topic).verbs]


def _known(db: Session, topic: Topic) -> dict[str, str]:
    verb = process_of(db, topic).verbs[ARRANGE]
    return {name: str(getattr(topic, name) or "") for name in verb.needs + verb.takes}


def _typed(db: Session, topic: Topic) -> dict[str, str]:
    return {name: request.form.get(f"{name}-{topic.id}", known) for name, known in _known(db, topic).items()}


def _arrange(db: Session, topic: Topic) -> None:
    """Where a row says something else than the topic does; a row may stay as empty as it was."""
    typed = _typed(db, topic)
    if typed != _known(db, topic):
        seen = request.form.get(f"version-{topic.id}", "")
        version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0
        perform(db, topic, ARRANGE, actor=auth.actor(db), now=now(), seen=version, **typed)


def _row(db: Session, topic: Topic, wrong: Refused | None) -> dict[str, Any]:
    kept = request.method == "POST" and not isinstance(wrong, Stale)
    return {
        "id": topic.id,
        "title": topic.title,
        "version": topic.version,
        "given": _typed(db, topic) if kept else _known(db, topic),
        "errors": wrong.fields if isinstance(wrong, Invalid) else {},
        "wrong": wrong.words if wrong and not isinstance(wrong, Invalid) else None,
    }
