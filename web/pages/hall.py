"""Those who run a sitting: the host's desk, the moderators' queue, the screen above them and the timer."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine.actions.perform import perform
from engine.clock import now
from engine.database import Session
from engine.editions import process_of, shipped
from engine.errors import Forbidden, Invalid, NotFound, Refused, WrongState
from engine.models.consultation import Segment, Sitting
from engine.models.matter import Matter
from engine.permits import offers, permit
from engine.queries import attendance, people, sittings, voices
from engine.queries.matters import matter
from engine.rules import HALL_MODERATORS, HALL_RUNNERS, Actor, role_over, titles
from engine.words import Words
from web import auth, presenters
from web.auth import for_staff, open_to_all, settings
from web.errors import status_of
from web.forms import verb as forms
from web.health import health
from web.pages.live import STATS, life, live_stats, segment_view
from web.transaction import reading, transaction

pages = Blueprint("hall", __name__, url_prefix="/hall/<id:sitting_id>")

TARGET = timedelta(minutes=3)
SHORTLIST = 20
QUEUE = 30
HALL_STATS = (
    *STATS,
    ("questions", Words("提问", "Questions")),
    ("likes", Words("点赞", "Likes")),
    ("comments", Words("评论", "Comments")),
    ("peak", Words("峰值", "Peak")),
)


# ---- what they see


@pages.get("/host")
@for_staff
def host(sitting_id: int) -> str:
    with reading() as db:
        sitting, actor = enter(db, sitting_id, HALL_RUNNERS)
        shortlist, _more = voices.questions(db, sitting, mark="shortlisted", size=SHORTLIST)
        candidates, candidate_count = voices.questions(db, sitting, mark="approved", size=SHORTLIST)
        on_air = sittings.on_air(db, sitting)
        segment = sittings.present_segment(db, sitting)
        return render_template(
            "hall/host.html",
            order=[_ordered(one) for one in sittings.segments(db, sitting)],
            segment=segment,
            on_air=voices.asked(db, on_air.id) if on_air else None,
            shortlist=shortlist,
            candidates=[one for one in candidates if one.question.merged_into_id is None],
            candidate_count=candidate_count,
            waiting=voices.waiting_count(db, sitting),
            promises=sittings.promises(db, sitting),
            units=[(unit.id, unit.name) for unit in people.units(db)],
            offers={offer.verb.name: offer for offer in offers(db, sitting, actor, now())},
            second=sittings.second_of(sitting, now()),
            second_words=presenters.second_words,
            health=_health(sitting),
            seats=attendance.seats(db, sitting, actor, now()),
            **_common(db, sitting, actor),
        )


@pages.get("/moderate")
@for_staff
def moderate(sitting_id: int) -> str:
    with reading() as db:
        sitting, actor = enter(db, sitting_id, HALL_MODERATORS)
        queue = voices.waiting(db, sitting, now(), QUEUE)
        question = shipped("question")
        return render_template(
            "hall/moderate.html",
            queue=queue,
            waiting=voices.waiting_count(db, sitting),
            target=TARGET,
            reasons=question.fields["reason_code"].choices,
            escalations=question.fields["escalation"].choices,
            escalated=voices.questions(db, sitting, mark="escalated", order="newest")[0],
            answers=voices.questions(db, sitting, mark="answer_submitted", order="newest")[0],
            shown=voices.questions(db, sitting, mark="approved", order="newest", size=SHORTLIST)[0],
            comments=voices.comments(db, sitting, size=SHORTLIST)[0],
            **_common(db, sitting, actor),
        )


@pages.get("/screen")
@open_to_all
def screen(sitting_id: int) -> str:
    with reading() as db:
        sitting = sittings.sitting(db, sitting_id)
        address = f"{settings().public_url}{url_for('live.show', sitting_id=sitting_id)}"
        following = next((one for one in sittings.segments(db, sitting) if one.started_at is None), None)
        return render_template(
            "hall/screen.html",
            on_air=sittings.on_air(db, sitting),
            segment=segment_view(sittings.present_segment(db, sitting)),
            following=following.title if following else None,
            address=address.partition("//")[2],
            code=presenters.qr(address),
            **_common(db, sitting),
        )


@pages.get("/timer")
@open_to_all
def timer(sitting_id: int) -> str:
    with reading() as db:
        sitting = sittings.sitting(db, sitting_id)
        segment = segment_view(sittings.present_segment(db, sitting))
        return render_template("hall/timer.html", segment=segment, **_common(db, sitting))


def enter(db: Session, sitting_id: int, roles: tuple[str, ...]) -> tuple[Sitting, Actor]:
    """The sitting, if the actor has a part in running this very one."""
    sitting, actor = sittings.sitting(db, sitting_id), auth.actor(db)
    if role_over(actor, sitting, roles) is None:
        who = titles(roles)
        raise Forbidden(
            Words(
                f"这一页只对本场的{who.zh}开放。", f"This page is open to these, of this sitting: {who.en}."
            )
        )
    return sitting, actor


def _common(db: Session, sitting: Sitting, actor: Actor | None = None) -> dict[str, Any]:
    stats, at = live_stats(db, sitting.id)
    verbs = [*shipped("question").verbs.values(), *shipped("comment").verbs.values()]
    return {
        "sitting": sitting,
        "life": life(db, sitting),
        "stats": [(name, presenters.say(words), stats.get(name, "—")) for name, words in HALL_STATS],
        "asof": at,
        "may": {verb.name for verb in verbs if actor and role_over(actor, sitting, verb.doers)},
    }


def _ordered(segment: Segment) -> dict[str, Any]:
    at = "done" if segment.ended_at else "now" if segment.started_at else "next"
    return {
        "title": segment.title,
        "minutes": segment.minutes,
        "speaker": segment.speaker,
        "owner": segment.owner,
        "shown": segment.shown,
        "href": url_for("files.show", document_id=segment.document_id) if segment.document_id else None,
        "at": at,
        **(segment_view(segment) or {}),
    }


def _health(sitting: Sitting) -> list[tuple[str, str, str]]:
    """(what, how it is, kind): what a host must see before the crowd does."""
    found = health(settings().redis_url)
    lag = found["relay_lag_s"]
    return [
        (
            _("直播信号"),
            _("已配置") if sitting.stream_url else _("文字直播"),
            "done" if sitting.stream_url else "neutral",
        ),
        (
            _("推送网关"),
            _("正常") if found["gateways"] else _("没有响应"),
            "done" if found["gateways"] else "late",
        ),
        (_("发布延迟"), _("%(s)s 秒", s=lag), "done" if lag is not None and lag < 2 else "soon"),
        (
            _("缓存"),
            _("正常") if found["redis"] == "ok" else _("断开"),
            "done" if found["redis"] == "ok" else "late",
        ),
    ]


# ---- what they do


@pages.route("/do/<id:matter_id>/<verb_name>", methods=["GET", "POST"])
@for_staff
def act(sitting_id: int, matter_id: int, verb_name: str) -> Response | str | tuple[str, int]:
    """One verb of the sitting or of something said at it; a verb that asks more has its form here.

    Where it cannot be done now the page says why, and what is in the way.
    """
    refusal: Refused | None = None
    with reading() as db:
        sitting, actor = enter(db, sitting_id, HALL_MODERATORS)
        subject = _said_at(db, sitting, matter_id)
        process = process_of(db, subject)
        if verb_name not in process.verbs:
            raise NotFound(Words("没有这一步。", "There is no such step."))
        verb = process.verbs[verb_name]
        if request.method == "GET":
            try:
                permit(db, process, subject, verb, actor, now())
            except WrongState as error:
                refusal = error
    form = forms.Form()
    if request.method == "POST":
        form = forms.read(request, process, verb)
        try:
            with transaction() as db:
                subject = _said_at(db, sittings.sitting(db, sitting_id), matter_id)
                perform(
                    db,
                    subject,
                    verb_name,
                    actor=auth.actor(db),
                    now=now(),
                    seen=forms.seen(request),
                    **form.given,
                )
            return _done(sitting_id, presenters.say(verb.title))
        except Invalid as error:
            form, refusal = form.refused(error), error
        except Refused as error:
            refusal = error
    with reading() as db:
        sitting, actor = enter(db, sitting_id, HALL_MODERATORS)
        subject = _said_at(db, sitting, matter_id)
        loose = (
            voices.questions(db, sitting, mark="loose", order="newest")[0]
            if verb_name == "end" and refusal
            else []
        )
        return render_template(
            "hall/act.html",
            subject=subject,
            verb=verb,
            f=form,
            asked=forms.asked(db, process, verb, _choices(db, sitting, subject)),
            refusal=refusal.words if refusal and not form.errors else None,
            unheld=[part.title for part in sittings.segments(db, sitting) if part.started_at is None]
            if verb_name == "end"
            else [],
            loose=[one for one in loose if one.question.merged_into_id is None],
            back=_back(sitting_id),
            **_common(db, sitting, actor),
        ), status_of(refusal) if refusal else 200


@pages.post("/decide/<id:matter_id>")
@for_staff
def decide(sitting_id: int, matter_id: int) -> Response:
    """A moderator's one key: approve, reject or escalate (with a reason's code), or merge (with the target)."""
    given = request.form
    with transaction() as db:
        sitting, actor = enter(db, sitting_id, HALL_MODERATORS)
        subject = _said_at(db, sitting, matter_id)
        if code := given.get("reject"):
            perform(db, subject, "reject", actor=actor, now=now(), seen=forms.seen(request), reason_code=code)
        elif code := given.get("escalate"):
            perform(
                db, subject, "escalate", actor=actor, now=now(), seen=forms.seen(request), escalation=code
            )
        else:
            perform(db, subject, "approve", actor=actor, now=now(), seen=forms.seen(request))
            if target := given.get("merge"):
                perform(db, subject, "merge", actor=actor, now=now(), merged_into_id=target)
    if request.accept_mimetypes.best == "application/json":
        return jsonify({"id": matter_id})
    return redirect(url_for("hall.moderate", sitting_id=sitting_id))


def _said_at(db: Session, sitting: Sitting, matter_id: int) -> Matter:
    found = matter(db, matter_id)
    if sitting.id not in (found.id, found.sitting_id):
        raise NotFound(Words("本场没有这一项。", "There is no such thing at this sitting."))
    return found


def _done(sitting_id: int, verb: str) -> Response:
    flash(_("已办理：%(verb)s。", verb=verb), "done")
    return redirect(_back(sitting_id))


def _back(sitting_id: int) -> str:
    page = "hall.moderate" if request.values.get("back") == "moderate" else "hall.host"
    return url_for(page, sitting_id=sitting_id)


def _choices(db: Session, sitting: Sitting, subject: Matter) -> dict[str, list[forms.Option]]:
    shown = voices.questions(db, sitting, mark="public", size=200)[0]
    options: list[forms.Option] = [
        (one.question.id, one.question.title)
        for one in shown
        if one.question.id != subject.id and one.question.merged_into_id is None
    ]
    return {"merged_into_id": options, "question": options}
