"""Consultations and recommendations as the public reads them."""

from collections.abc import Sequence
from functools import partial

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from engine.database import Session
from engine.editions import process_of
from engine.models.consultation import Sitting
from engine.models.questionnaire import Questionnaire
from engine.queries import questionnaires, sittings
from engine.queries import recommendations as threads
from engine.queries.matters import history, state_of
from web import presenters
from web.auth import open_to_all
from web.pages.live import life
from web.paging import asked_page
from web.transaction import reading

pages = Blueprint("consultations", __name__)


@pages.get("/consultations/<id:consultation_id>")
@open_to_all
def show(consultation_id: int) -> str:
    with reading() as db:
        consultation = sittings.consultation(db, consultation_id)
        asking = questionnaires.open_now(db, consultation)
        held_at = sittings.sittings_of(db, consultation)
        return render_template(
            "consultation/show.html",
            consultation=consultation,
            chosen=partial(presenters.chosen, db),
            state=state_of(db, consultation),
            sittings=[(one, state_of(db, one)) for one in held_at],
            going=_going(db, held_at, asking),
            research=[
                (one, sittings.findings_of(db, one), questionnaires.finished(db, one))
                for one in sittings.research_of(db, consultation)
                if "accepted" in state_of(db, one).marks
            ],
            asking=asking,
            recommendations=[(one, state_of(db, one)) for one in threads.of_consultation(db, consultation)],
            steps=history(db, consultation),
        )


def _going(
    db: Session, held_at: Sequence[Sitting], asking: Sequence[Questionnaire]
) -> tuple[str, str] | None:
    """What a reader can do today: go to the sitting that is on or takes questions, else answer what is asked."""
    words = {"live": _("进入现场"), "interrupted": _("进入现场"), "before": _("我要提问")}
    for one in held_at:
        if does := words.get(life(db, one)):
            return does, url_for("live.show", sitting_id=one.id)
    for form in asking:
        return _("填写调查问卷"), url_for("questionnaires.show", questionnaire_id=form.id)
    return None


@pages.get("/recommendations")
@open_to_all
def recommendations() -> str:
    mark = request.args.get("mark")
    number, size = asked_page(20)
    with reading() as db:
        found, total = threads.recommendations(db, mark=mark, page=number, size=size)
        return render_template(
            "recommendation/index.html",
            rows=[(one, state_of(db, one), threads.assignments(db, one)) for one in found],
            total=total,
            number=number,
            size=size,
            mark=mark if mark in threads.PUBLIC else "",
            numbers=threads.numbers(db),
        )


@pages.get("/recommendations/<id:recommendation_id>")
@open_to_all
def recommendation(recommendation_id: int) -> str:
    """The thread: what was asked, what it became, who handles it, what they did."""
    with reading() as db:
        found = threads.recommendation(db, recommendation_id)
        assignments = threads.assignments(db, found)
        return render_template(
            "recommendation/show.html",
            recommendation=found,
            state=state_of(db, found),
            sources=threads.sources(db, found),
            consultation=found.parent,
            assignments=[
                (one, state_of(db, one), threads.replies(db, one), process_of(db, one)) for one in assignments
            ],
            steps=history(db, found),
        )
