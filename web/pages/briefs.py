"""The brief before a sitting, for each unit that takes part: to read on the desk or to print."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from engine.clock import day, now
from engine.editions import process_of
from engine.errors import Forbidden
from engine.permits import offers
from engine.queries import briefs, sittings
from engine.queries.matters import reads_by_post, state_of
from engine.words import Words
from web import auth, presenters
from web.auth import for_staff
from web.transaction import reading

pages = Blueprint("briefs", __name__, url_prefix="/desk/sittings/<id:sitting_id>/brief")


@pages.get("/")
@for_staff
def index(sitting_id: int) -> str | Response:
    """The units that take part; a unit's own people are led to theirs."""
    with reading() as db:
        sitting, actor = sittings.sitting(db, sitting_id), auth.actor(db)
        if not reads_by_post(db, actor, sitting):
            mine = briefs.theirs(db, sitting, actor)
            if not mine:
                raise Forbidden(
                    Words(
                        "会前简报只供办会人员和参加本场的单位查看。",
                        "Briefs are for those who run the sitting and the units that take part.",
                    )
                )
            return redirect(url_for(".show", sitting_id=sitting_id, unit_id=mine[0].id))
        release = (offer for offer in offers(db, sitting, actor, now()) if offer.verb.name == "release_brief")
        return render_template(
            "sitting/briefs.html",
            sitting=sitting,
            release=next(release, None),
            released_at=briefs.released(db, sitting),
            rows=[
                {"href": url_for(".show", sitting_id=sitting_id, unit_id=unit.id), "unit": unit}
                for unit in briefs.units_of(db, sitting)
            ],
        )


@pages.get("/<id:unit_id>")
@for_staff
def show(sitting_id: int, unit_id: int) -> str:
    with reading() as db:
        brief = briefs.brief(db, sittings.sitting(db, sitting_id), unit_id, auth.actor(db))
        return render_template(
            "sitting/brief.html",
            brief=brief,
            sitting=brief.sitting,
            asof=presenters.time_words(now()),
            today=day(now()),
            replies=[
                {
                    "href": url_for("matters.show", matter_id=one.id),
                    "assignment": one,
                    "decision": presenters.answer(db, process_of(db, one).fields["decision"], one.decision),
                    "measures": presenters.answer(
                        db, process_of(db, one).fields["measures"], one.measures or []
                    ),
                    "state": state_of(db, one.parent),
                }
                for one in brief.replies
                if one.parent
            ],
        )
