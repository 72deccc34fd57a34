"""A question followed by its receipt: every step in public words, without signing in, for whoever holds the code."""

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine.actions.perform import perform
from engine.clock import now
from engine.database import Session
from engine.editions import process_of
from engine.errors import Invalid, NotFound
from engine.models.voice import Question
from engine.permits import offers
from engine.queries import ledger, recommendations, sittings, voices
from engine.queries.matters import Step, history, state_of
from engine.words import Words
from web import auth, presenters
from web.auth import for_signed_in, open_to_all
from web.forms import verb as forms
from web.limits import limiter
from web.transaction import reading, transaction

pages = Blueprint("receipts", __name__)

TOLD = ("reason_code", "refusal", "unit_id", "due_on")
"""What an asker is told of a step beside its name."""
MINE = ("withdraw", "appeal")


@pages.get("/r/<code>")
@open_to_all
@limiter.limit("60/minute")
def show(code: str) -> Response:
    with reading() as db:
        question = _question(db, code)
        answer = make_response(render_template("receipt/show.html", f=forms.Form(), **_view(db, question)))
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


@pages.post("/r/<code>/<any(withdraw, appeal):verb_name>")
@for_signed_in
@limiter.limit("10/minute")
def act(code: str, verb_name: str) -> Response | tuple[str, int]:
    """What the asker may still do; that it is the asker is the engine's to say."""
    with reading() as db:
        process = process_of(db, _question(db, code))
    form = forms.read(request, process, process.verbs[verb_name])
    try:
        with transaction() as db:
            perform(db, _question(db, code), verb_name, actor=auth.actor(db), now=now(), **form.given)
    except Invalid as refusal:
        with reading() as db:
            view = _view(db, _question(db, code))
            return render_template("receipt/show.html", f=form.refused(refusal), **view), 422
    flash(_("已撤回。") if verb_name == "withdraw" else _("已提出申诉，将重新审核。"), "done")
    return redirect(url_for("receipts.show", code=code))


def _question(db: Session, code: str) -> Question:
    """One answer for every code that is none, whatever is wrong with it."""
    found = voices.by_receipt(db, code.strip().lower().replace("-", "")[:16])
    if found is None:
        raise NotFound(
            Words("没有这个回执码，请核对后再试。", "There is no such receipt; please check the code.")
        )
    return found


def _view(db: Session, question: Question) -> dict[str, Any]:
    steps = history(db, question)
    state = state_of(db, question)
    process = process_of(db, question)
    first = steps[0].entry.id
    sitting = sittings.sitting(db, question.sitting_id or 0)
    mine = [offer.verb for offer in offers(db, question, auth.actor(db), now()) if not offer.refusal]
    return {
        "question": question,
        "sitting": sitting,
        "sitting_marks": state_of(db, sitting).marks,
        "state": state,
        "asked": voices.asked(db, question.id),
        "steps": [(step, _told(db, step)) for step in steps if step.state],
        "is_answered": "answered" in state.marks,
        "second": presenters.second_words,
        "recommendations": [
            (
                one,
                state_of(db, one),
                [
                    (task.unit.name, state_of(db, task))
                    for task in recommendations.assignments(db, one)
                    if task.unit
                ],
            )
            for one in recommendations.resting_on(db, question)
        ],
        "entry_id": first,
        "is_sealed": ledger.receipt(db, first) is not None,
        "mine": [(verb, forms.asked(db, process, verb)) for verb in mine if verb.name in MINE],
    }


def _told(db: Session, step: Step) -> list[tuple[Words, str]]:
    """What the asker is told of a step: each with its name."""
    return [
        (spec.label, presenters.answer(db, spec, given)) for spec, given in step.answers if spec.name in TOLD
    ]
