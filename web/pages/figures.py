"""A sitting's figures with their definitions, the editions they were frozen in, and how to count them again."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import Response as Page
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import recounter
from engine.actions.figures import REASON_MAX, correct
from engine.clock import now
from engine.errors import Invalid, WrongState
from engine.models.consultation import Sitting
from engine.queries import sittings, statistics, timeline
from engine.queries.matters import reads_by_post
from engine.rules import PROGRAMMERS
from engine.wire import Kind
from engine.words import Words
from web import auth, presenters
from web.auth import for_roles, open_to_all
from web.forms.verb import Form
from web.transaction import as_needed, reading

pages = Blueprint("figures", __name__)


@pages.get("/live/<id:sitting_id>/figures")
@open_to_all
def show(sitting_id: int) -> str:
    """Test traffic in a column of its own, where there is any; the raw rows for those who run the sitting."""
    with reading() as db:
        sitting, actor = sittings.sitting(db, sitting_id), auth.actor(db)
        found = statistics.figures(db, sitting, now())
        editions = statistics.editions(db, sitting)
        minutes, has_test = timeline.minutes(db, sitting), any(one.test for one in found)
        return render_template(
            "figures/show.html",
            sitting=sitting,
            figures=found,
            status=found[0].status,
            has_test=has_test,
            minutes=minutes,
            chart=_chart(minutes, has_test),
            segments=timeline.segments(db, sitting, now()),
            editions=editions,
            repeats={one.edition for one, before in pairwise(editions) if one.figures == before.figures},
            gaps=statistics.gaps(db, sitting),
            unchecked=statistics.unchecked_tickets(db, sitting),
            reads_raw=reads_by_post(db, actor, sitting),
            may_correct=bool(actor.roles & PROGRAMMERS),
        )


def _chart(minutes: Sequence[timeline.Minute], has_test: bool) -> dict[str, Any]:
    """What chart.js draws: those online, minute by minute."""
    names: dict[Kind, str] = {"official": _("在线人数")} | ({"test": _("测试流量")} if has_test else {})
    return {
        "at": [presenters.minute_words(one.at) for one in minutes],
        "series": [
            {"name": name, "values": [one.online[kind] for one in minutes]} for kind, name in names.items()
        ],
    }


@pages.route("/desk/sittings/<id:sitting_id>/figures/correct", methods=["GET", "POST"])
@for_roles(*PROGRAMMERS)
def ask_for_correction(sitting_id: int) -> str | Response | tuple[str, int]:
    form = Form({"reason": request.form.get("reason", "")})
    with as_needed() as db:
        sitting = sittings.sitting(db, sitting_id)
        if request.method == "POST":
            try:
                correct(db, sitting, form.given["reason"], actor=auth.actor(db), now=now())
                flash(_("已提请更正，几分钟内按现有原始记录重新清点定版。"), "done")
                return redirect(url_for("figures.show", sitting_id=sitting_id))
            except Invalid as refusal:
                form = form.refused(refusal)
            except WrongState as refusal:
                return _correction(sitting, form, refusal.words), 409
        return _correction(sitting, form), 422 if form.errors else 200


def _correction(sitting: Sitting, form: Form, stale: Words | None = None) -> str:
    return render_template(
        "figures/correct.html", sitting=sitting, f=form, stale=stale, reason_max=REASON_MAX
    )


@pages.get("/figures/recounter.py")
@open_to_all
def program() -> Page:
    return Page(
        Path(recounter.__file__).read_text(encoding="utf-8"),
        mimetype="text/x-python",
        headers={"Content-Disposition": "attachment; filename=recounter.py"},
    )
