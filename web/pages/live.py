"""A sitting as its viewers meet it: before, live, interrupted, afterwards; asking, commenting, asking the same.

What every anonymous viewer sees is one page, made once a second; whatever is a viewer's own comes by script later.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, cast
from urllib.parse import quote, unquote

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask import Response as Page
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import ValidationError, generate_csrf, validate_csrf
from icalendar import Calendar, Event
from redis import Redis
from redis.exceptions import RedisError
from werkzeug.wrappers import Response

from engine import wire
from engine.actions.comment import post_comment
from engine.actions.perform import perform
from engine.actions.question import ask_question
from engine.clock import day, now
from engine.database import Session
from engine.editions import process_of, process_on
from engine.errors import Invalid, NotFound, WrongState
from engine.models.consultation import Segment, Sitting
from engine.models.matter import Matter
from engine.models.voice import Comment, Question
from engine.queries import sittings, statistics, voices
from engine.queries.cards import Card
from engine.queries.matters import state_of
from engine.words import Words
from web import auth, presenters
from web.auth import for_signed_in, open_to_all, settings
from web.forms.verb import Form
from web.limits import limiter
from web.transaction import reading, transaction

pages = Blueprint("live", __name__)
pages.add_app_template_filter(presenters.minute_words, "minute")
pages.add_app_template_filter(presenters.said_at, "said_at")

SHOWN = 50
KEPT_S = 1.0
DRAFT_S = 900
STATS = (("online", Words("在线", "Online")), ("visits", Words("访问量", "Visits")))


@pages.get("/live/<id:sitting_id>")
@open_to_all
def show(sitting_id: int) -> Response:
    return _once_a_second("page", sitting_id, "live/show.html")


@pages.get("/live/<id:sitting_id>/talk")
@open_to_all
def talk(sitting_id: int) -> Response:
    """The moving parts of the page anew, for those who missed some of its facts."""
    return _once_a_second("talk", sitting_id, "live/talk.html")


def _once_a_second(part: str, sitting_id: int, template: str) -> Response:
    """The same text for all who have no cookie of their own and read in the same way."""
    is_common = not session and not current_user.is_authenticated and set(request.args) <= {"fact_no"}
    look = (request.cookies.get("theme", ""), request.cookies.get("elder", ""))
    key = (part, str(sitting_id), presenters.language(), *(value[:8] for value in look))
    kept = _kept()
    until, text = kept.get(key, (0.0, "")) if is_common else (0.0, "")
    if until < time.monotonic():
        with reading() as db:
            text = render_template(template, **_view(db, sittings.sitting(db, sitting_id)))
        if is_common:
            _keep(key, text)
    answer = Page(text)
    if part == "talk":
        answer.headers["Cache-Control"] = "public, max-age=1"
    answer.add_etag()
    return answer.make_conditional(request)


def _keep(key: tuple[str, ...], text: str) -> None:
    kept = _kept()
    if len(kept) > 500:
        kept.clear()
    kept[key] = (time.monotonic() + KEPT_S, text)


def _kept() -> dict[tuple[str, ...], tuple[float, str]]:
    """What this app has made in the last second: key → (until when, the page)."""
    return cast(
        "dict[tuple[str, ...], tuple[float, str]]", current_app.extensions.setdefault("live_pages", {})
    )


def _view(db: Session, sitting: Sitting) -> dict[str, Any]:
    person_id = int(current_user.id) if current_user.is_authenticated else 0
    mine = voices.upvoted(db, person_id, sitting) if person_id else set()
    asked, question_count = voices.questions(db, sitting, mark="public", size=SHOWN)
    shown = [
        question_view(db, one, one.question.id in mine)
        for one in asked
        if one.question.merged_into_id is None
    ]
    phase = life(db, sitting)
    if phase == "after":
        shown.sort(key=lambda one: (one["card"]["state"] != "answered", one["card"]["second"] or 0))
    said, comment_count = voices.comments(db, sitting, size=SHOWN)
    on_air = sittings.on_air(db, sitting)
    stats, at = live_stats(db, sitting.id)
    return {
        "sitting": sitting,
        "life": phase,
        "marks": state_of(db, sitting).marks,
        "segments": sittings.segments(db, sitting),
        "segment": segment_view(sittings.present_segment(db, sitting)),
        "on_air": question_card(db, voices.Asked(on_air, 0, 0)) if on_air else None,
        "questions": shown,
        "question_count": question_count,
        "comments": [comment_card(comment) for comment in said],
        "comment_count": comment_count,
        "promises": sittings.promises(db, sitting),
        "findings": sittings.published_findings(db, sitting),
        "own": [_own_view(db, matter) for matter in voices.own(db, person_id, sitting)] if person_id else [],
        "stats": [(name, presenters.say(words), stats.get(name, "—")) for name, words in STATS],
        "likes": stats.get("likes", 0),
        "asof": at,
        "tags": tags(db),
        "pending": presenters.say(process_on(db, "question", day(now())).states["pending"].title),
        "second": presenters.second_words,
    }


def life(db: Session, sitting: Sitting) -> str:
    """Which of its lives a sitting is in: announced, before (asking is open), live, interrupted, after, off."""
    marks = state_of(db, sitting).marks
    lives = {
        "held": "after",
        "live": "live",
        "interrupted": "interrupted",
        "postponed": "off",
        "cancelled": "off",
    }
    return next(
        (lives[mark] for mark in marks if mark in lives), "before" if "asking_open" in marks else "announced"
    )


def segment_view(segment: Segment | None) -> dict[str, Any] | None:
    """The present segment; `ends` when it is planned to end, `left` in minutes and seconds, 0:00 when that is past."""
    if segment is None or segment.started_at is None:
        return None
    ends = segment.started_at + timedelta(minutes=segment.minutes)
    left = max(0, round((ends - now()).total_seconds()))
    return {
        "no": segment.position,
        "title": segment.title,
        "ends": ends.isoformat(),
        "left": presenters.second_words(left),
    }


def question_card(db: Session, asked: voices.Asked) -> Card:
    """The card of docs/facts.md, as the page is first drawn with it."""
    question = asked.question
    answered = question.answered_second
    return {
        "id": question.id,
        "text": question.title,
        "who": question.asker_name,
        "place": question.district,
        "state": state_of(db, question).marks[0],
        "support": asked.upvotes,
        "merged": asked.merged,
        "second": question.on_air_second if answered is None else answered,
        "at": question.created_at,
    }


def question_view(db: Session, asked: voices.Asked, mine: bool) -> dict[str, Any]:
    card = question_card(db, asked)
    is_answered = card["state"] == "answered"
    return {
        "card": card,
        "mine": mine,
        "second": presenters.second_words(card["second"])
        if is_answered and card["second"] is not None
        else None,
        "answer": asked.question.answer if is_answered else None,
        "refusal": _refusal(db, asked.question) if card["state"] == "refused" else None,
    }


def _refusal(db: Session, question: Question) -> str:
    """Why it is not answered, as whoever refused it said."""
    field = process_of(db, question).fields["refusal"]
    given = voices.refusal(db, question) or ""
    return presenters.say(field.choices[given]) if given in field.choices else ""


def comment_card(comment: Comment) -> Card:
    return {"id": comment.id, "text": comment.title, "who": comment.author_name, "at": comment.created_at}


def tags(db: Session) -> dict[str, tuple[str, str]]:
    """What a question's state is called on the page, by its first mark; a question that is just shown wears none."""
    states = process_on(db, "question", day(now())).states.values()
    return {
        state.marks[0]: presenters.tag(state)
        for state in states
        if "public" in state.marks and state.marks[0] != "approved"
    }


def _own_view(db: Session, matter: Matter) -> dict[str, Any]:
    state = state_of(db, matter)
    can_withdraw = {"waiting", "approved"} & set(state.marks)
    withdraw = url_for("live.withdraw", sitting_id=matter.sitting_id, matter_id=matter.id)
    return {
        "text": matter.title,
        "state": presenters.tag(state),
        "href": url_for("receipts.show", code=matter.receipt) if isinstance(matter, Question) else None,
        "withdraw": withdraw if can_withdraw else None,
    }


def live_stats(db: Session, sitting_id: int) -> tuple[dict[str, int], str]:
    """The latest counts and the time they are of: as Valkey has them, else as they were counted last."""
    stats = _cached_stats(sitting_id)
    if stats:
        return dict(stats.figures), presenters.said_at(stats.at)
    counted = statistics.counted_at(db, sitting_id)
    return statistics.on_page(db, sitting_id) if counted else {}, presenters.said_at(counted or now())


def _cached_stats(sitting_id: int) -> wire.Stats | None:
    try:
        with Redis.from_url(settings().redis_url, socket_timeout=0.5, socket_connect_timeout=0.5) as redis:
            kept = cast(bytes | None, redis.get(wire.stats_key(sitting_id)))
        return wire.decode_stats(kept) if kept else None
    except (RedisError, ValueError):
        return None


CALENDAR = {"cancelled": "CANCELLED", "postponed": "TENTATIVE"}
"""What a calendar calls it; a diary has no word for what is put off."""


@pages.get("/live/<id:sitting_id>/calendar.ics")
@open_to_all
def calendar(sitting_id: int) -> Response:
    with reading() as db:
        sitting = sittings.sitting(db, sitting_id)
        address = f"{settings().public_url}{url_for('live.show', sitting_id=sitting_id)}"
        event = Event()
        event.add("uid", f"sitting-{sitting.id}@{settings().public_url.partition('//')[2]}")
        event.add("dtstamp", sitting.since)
        event.add("sequence", sitting.version)
        marks = state_of(db, sitting).marks
        status = next((status for mark, status in CALENDAR.items() if mark in marks), "CONFIRMED")
        event.add("status", status)
        event.add("dtstart", sitting.starts_at)
        event.add("dtend", sitting.ends_at)
        event.add("summary", sitting.title)
        event.add("location", sitting.place)
        event.add("url", address)
        event.add("description", address)
    diary = Calendar()
    diary.add("prodid", "-//Xieshang//Live//ZH")
    diary.add("version", "2.0")
    diary.add_component(event)
    headers = {"Content-Disposition": f"attachment; filename=sitting-{sitting_id}.ics"}
    return Page(diary.to_ical(), mimetype="text/calendar", headers=headers)


# ---- what a citizen says


@pages.get("/live/token")
@open_to_all
def token() -> Response:
    """What a form needs to be believed, for the script, when somebody first writes."""
    answer = jsonify({"token": generate_csrf()})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _person() -> str:
    return f"person:{current_user.id}" if current_user.is_authenticated else f"viewer:{auth.viewer()}"


@pages.route("/live/<id:sitting_id>/ask", methods=["GET", "POST"])
@open_to_all
@limiter.limit("10/minute", key_func=_person, methods=["POST"])
def ask(sitting_id: int) -> Response | str | tuple[str, int]:
    return _say(sitting_id, "live/ask.html", ask_question, {"asker_name": "name", "district": "district"})


@pages.route("/live/<id:sitting_id>/comment", methods=["GET", "POST"])
@open_to_all
@limiter.limit("10/minute", key_func=_person, methods=["POST"])
def comment(sitting_id: int) -> Response | str | tuple[str, int]:
    return _say(sitting_id, "live/comment.html", post_comment, {"author_name": "name"})


def _say(
    sitting_id: int, template: str, say: Callable[..., Matter], fields: Mapping[str, str]
) -> Response | str | tuple[str, int]:
    """Says it if the form is one of ours; else shows the form with what was typed, or first asks who it is.

    `fields` names the form's input for each answer beside the words themselves.
    """
    if not current_user.is_authenticated:
        return _verify_first(sitting_id)
    form = _said()
    if request.method == "POST" and _is_ours():
        try:
            given = {"title": form.given["title"]} | {name: form.given[key] for name, key in fields.items()}
            with transaction() as db:
                sitting = sittings.sitting(db, sitting_id)
                key = form.given["key"]
                matter = say(db, sitting, actor=auth.actor(db), now=now(), key=key, **given)
        except Invalid as refusal:
            if _wants_json():
                raise
            form = form.refused(refusal)
        else:
            return _thank(sitting_id, matter)
    with reading() as db:
        sitting = sittings.sitting(db, sitting_id)
        if "asking_open" not in state_of(db, sitting).marks:
            raise WrongState(
                Words("本场现在不接受提问和评论。", "This sitting is not taking questions or comments now.")
            )
        return render_template(template, f=form, sitting=sitting), 422 if form.errors else 200


def _said() -> Form:
    given = {name: request.form.get(name, "").strip() for name in ("title", "name", "district", "key")}
    given["title"] = given["title"] or unquote(request.cookies.get("draft", ""))
    given["name"] = given["name"] or current_user.name
    given["key"] = given["key"][:64] or secrets.token_urlsafe(16)
    return Form(given)


def _verify_first(sitting_id: int) -> Response:
    """Off to prove a phone and accept the rules; what was typed is kept for the way back."""
    if _wants_json():
        abort(401)
    answer = redirect(url_for("account.verify", next=request.path))
    if text := request.form.get("title", ""):
        answer.set_cookie(
            "draft",
            quote(text[:200]),
            max_age=DRAFT_S,
            path=url_for("live.show", sitting_id=sitting_id),
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return answer


def _thank(sitting_id: int, matter: Matter) -> Response:
    receipt = matter.receipt if isinstance(matter, Question) else None
    href = url_for("receipts.show", code=receipt) if receipt else None
    if _wants_json():
        withdraw = url_for("live.withdraw", sitting_id=sitting_id, matter_id=matter.id)
        answer: Response = jsonify(
            {"id": matter.id, "text": matter.title, "receipt": receipt, "href": href, "withdraw": withdraw}
        )
    else:
        flash(_("已收到，审核通过后公开。"), "done")
        answer = redirect(href or url_for("live.show", sitting_id=sitting_id))
    answer.delete_cookie("draft", path=url_for("live.show", sitting_id=sitting_id))
    return answer


@pages.post("/live/<id:sitting_id>/questions/<id:question_id>/upvote")
@open_to_all
@limiter.limit("60/minute", key_func=_person)
def upvote(sitting_id: int, question_id: int) -> Response | str:
    if not current_user.is_authenticated:
        if _wants_json():
            abort(401)
        return redirect(url_for("account.verify", next=url_for("live.show", sitting_id=sitting_id)))
    if not _is_ours():
        with reading() as db:
            return render_template(
                "live/upvote.html", sitting_id=sitting_id, one=_question(db, sitting_id, question_id)
            )
    with transaction() as db:
        one = _question(db, sitting_id, question_id)
        perform(db, one.question, "upvote", actor=auth.actor(db), now=now())
        support = _question(db, sitting_id, question_id).upvotes
    return (
        jsonify({"support": support})
        if _wants_json()
        else redirect(url_for("live.show", sitting_id=sitting_id))
    )


def _question(db: Session, sitting_id: int, question_id: int) -> voices.Asked:
    found = voices.asked(db, question_id)
    if (
        found is None
        or found.question.sitting_id != sitting_id
        or "public" not in state_of(db, found.question).marks
    ):
        raise NotFound(Words("没有这条提问。", "There is no such question."))
    return found


@pages.post("/live/<id:sitting_id>/said/<id:matter_id>/withdraw")
@for_signed_in
def withdraw(sitting_id: int, matter_id: int) -> Response:
    with transaction() as db:
        sitting = sittings.sitting(db, sitting_id)
        mine = next(
            (one for one in voices.own(db, int(current_user.id), sitting) if one.id == matter_id), None
        )
        if mine is None:
            raise NotFound(Words("没有这条发言。", "There is no such post."))
        perform(db, mine, "withdraw", actor=auth.actor(db), now=now())
        state = presenters.tag(state_of(db, mine))[0]
    if _wants_json():
        return jsonify({"state": state})
    flash(_("已撤回。"), "done")
    return redirect(url_for("live.show", sitting_id=sitting_id))


def _is_ours() -> bool:
    """Whether the form carries a token of this browser: only then anything is written."""
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        return False
    return True


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


@pages.record_once
def _check_tokens_here(state: BlueprintSetupState) -> None:
    """These three answer a form without a token with a page to confirm, so that they work without a script."""
    for page in (ask, comment, upvote):
        state.app.extensions["csrf"].exempt(page)
