"""The procedures of the house: how each runs now, and how two people change one."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from engine.actions.editions import adopt_edition, decline_edition, propose_edition
from engine.clock import day, now
from engine.database import Session
from engine.editions import SHIPPED, process_on
from engine.errors import Invalid, NotFound, WrongState
from engine.models.edition import ProcessEdition
from engine.process import Broken, Process, read
from engine.process_check import check
from engine.process_diagram import svg
from engine.process_diff import changes
from engine.queries import procedures
from engine.rules import EDITION_ADOPTERS, EDITION_PROPOSERS, titles
from engine.vocabulary import vocabulary
from engine.words import Words
from web import auth
from web.auth import for_roles
from web.forms import part
from web.forms.verb import Form
from web.presenters import language, say
from web.transaction import reading, transaction

pages = Blueprint("procedures", __name__, url_prefix="/desk/procedures")

for_readers = for_roles(*EDITION_PROPOSERS | EDITION_ADOPTERS)
for_proposers = for_roles(*EDITION_PROPOSERS)

MOVE_RUNNING = "move-running"
"""The box to tick; no state can be called so."""


@pages.get("")
@for_readers
def index() -> str:
    with reading() as db:
        rows = [_row(db, name) for name in procedures.names()]
        waiting = [one for one in procedures.proposals(db) if one.is_open]
        return render_template("procedure/index.html", rows=rows, waiting=waiting, title=_title)


def _row(db: Session, name: str) -> dict[str, Any]:
    return {
        "href": url_for("procedures.show", name=name),
        "process": process_on(db, name, day(now())),
        "under_way": procedures.under_way(db, name),
    }


def _title(edition: ProcessEdition) -> Words:
    return read(edition.text).title


@pages.get("/<name>")
@for_readers
def show(name: str) -> str:
    with reading() as db:
        procedures.require_known(name)
        process = process_on(db, name, day(now()))
        counts = procedures.in_states(db, name)
        known = {state: counts.get(state, 0) for state in process.states}
        return render_template(
            "procedure/show.html",
            process=process,
            drawing=Markup(svg(process, language(), known)),  # noqa: S704  (every text in it is escaped)
            stranded=procedures.stranded(db, name, process),
            steps=_steps(process),
            editions=procedures.proposals(db, name),
            may_propose=bool(auth.actor(db).roles & EDITION_PROPOSERS),
        )


def _steps(process: Process) -> list[dict[str, Any]]:
    """The drawing in words."""
    return [
        {
            "state": state.title,
            "verb": verb.title,
            "to": process.states[to].title if (to := verb.to or "") in process.states else None,
            "is_back": verb.to == "previous",
            "who": titles(verb.doers),
        }
        for state in process.states.values()
        for verb in process.verbs_from(state.name)
    ]


@pages.route("/<name>/variant", methods=["GET", "POST"])
@for_proposers
def variant(name: str) -> str | Answer | tuple[str, int]:
    """The text with the check's answers beside it, and a form that writes into it; nothing is kept before it is
    proposed.
    """
    procedures.require_known(name)
    with reading() as db:
        present = process_on(db, name, day(now()))
        given = {"text": _text(db, present), "from_date": day(now()).isoformat(), "part": ""}
    if request.method == "GET":
        return _variant(present, Form(dict(given)))
    given = {key: request.form.get(key, "").replace("\r\n", "\n") for key in given}
    do = request.form.get("do")
    form, shown = Form(part.typed(request.form) | given), dict[str, Any]()
    try:
        if do == "propose":
            with transaction() as db:
                propose_edition(
                    db, name, given["text"], from_date=_day(given), actor=auth.actor(db), now=now()
                )
            flash(_("已提出，等第二人批准。"), "done")
            return redirect(url_for("procedures.show", name=name))
        given["text"] = part.edited(given["text"], request.form)
        if do in ("open", *part.EDITS):
            form = Form(dict(given))
        process = check(given["text"], vocabulary(name))
        with reading() as db:
            shown = {
                "changed": list(changes(present, process)),
                "stranded": procedures.stranded(db, name, process),
            }
    except Broken as broken:
        shown = {"findings": broken.findings}
    except Invalid as refusal:
        form = form.refused(refusal)
    except (NotFound, WrongState) as refusal:
        form = form.refused(Invalid({"part": refusal.words}))
    return _variant(present, form, **shown), 200 if "changed" in shown else 422


def _variant(present: Process, form: Form, **shown: Any) -> str:
    asked = part.asked(form.given["text"], form.given["part"])
    form.given = (asked["part"] or {}) | form.given
    return render_template("procedure/variant.html", f=form, process=present, **asked, **shown)


def _text(db: Session, process: Process) -> str:
    if process.edition == 1:
        return (SHIPPED / f"{process.name}.toml").read_text(encoding="utf-8")
    return procedures.proposal(db, process.name, process.edition).text


def _day(given: dict[str, str]) -> date:
    try:
        return date.fromisoformat(given["from_date"])
    except ValueError:
        raise Invalid(
            {"from_date": Words("请写成 2027-01-04 的样子。", "Please write it like 2027-01-04.")}
        ) from None


@pages.get("/<name>/editions/<id:number>")
@for_readers
def edition(name: str, number: int) -> str:
    return _edition(name, number, Form())


def _edition(name: str, number: int, form: Form) -> str:
    with reading() as db:
        found = procedures.proposal(db, name, number)
        present, proposed = process_on(db, name, day(now())), read(found.text, number)
        actor = auth.actor(db)
        return render_template(
            "procedure/edition.html",
            edition=found,
            process=proposed,
            f=form,
            without_place=procedures.without_place(db, proposed),
            places=[(one.name, say(one.title)) for one in proposed.states.values() if not one.end],
            drawing=Markup(svg(proposed, language())),  # noqa: S704  (every text in it is escaped)
            changed=list(changes(present, proposed)),
            stranded=procedures.stranded(db, name, proposed),
            may_adopt=bool(actor.roles & EDITION_ADOPTERS) and actor.id != found.proposed_by_id,
        )


@pages.post("/<name>/editions/<id:number>/<any(adopt, decline):what>")
@for_readers
def decide(name: str, number: int, what: str) -> Answer | tuple[str, int]:
    """Where what is under way is to move as well, each stage that is lost has its field in the form."""
    given = request.form.to_dict()
    try:
        with transaction() as db:
            found, actor = procedures.proposal(db, name, number), auth.actor(db)
            if what == "decline":
                decline_edition(db, found, actor=actor, now=now())
            else:
                lost = procedures.without_place(db, read(found.text, number))
                moves = {state: given[state] for state in lost if state in given}
                running = moves if MOVE_RUNNING in given else None
                adopt_edition(db, found, moves=running, actor=actor, now=now())
    except Invalid as refusal:
        return _edition(name, number, Form(given).refused(refusal)), 422
    flash(_("已批准，从写明的日期起执行。") if what == "adopt" else _("已退回。"), "done")
    return redirect(url_for("procedures.show", name=name))
