"""Sittings as programs and their own pages read them: what they are, their figures, tickets to their gateway."""

import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from flask import Response as Page
from flask import current_app, request
from flask.blueprints import BlueprintSetupState
from flask_login import current_user
from werkzeug.wrappers import Response

from engine import wire
from engine.clock import now
from engine.database import Session
from engine.errors import Forbidden
from engine.models.consultation import Sitting
from engine.queries import cards, sittings, statistics, voices
from engine.wire import Bearer, Kind
from engine.words import Words
from web import auth
from web.api import nouns, schema
from web.api.spec import answers, api, asked, spec
from web.auth import open_to_all
from web.limits import limiter
from web.transaction import reading

NEWEST = 20
KEPT_FOR = timedelta(seconds=1)


@api.get("/sittings/<id:sitting_id>")
@open_to_all
@spec.validate(resp=answers(schema.SittingInFull, 404), operation_id="sitting")
def sitting(sitting_id: int) -> schema.SittingInFull:
    """One sitting with its run-of-show."""
    with reading() as db:
        found = sittings.sitting(db, sitting_id)
        names = ("kind", "title", "minutes", "speaker", "started_at", "ended_at")
        return schema.SittingInFull(
            **nouns.sitting(db, found),
            fact_no=found.fact_no,
            has_test_traffic=statistics.has_test_traffic(db, found.id),
            segments=[
                schema.Segment(no=one.position, **{name: getattr(one, name) for name in names})
                for one in sittings.segments(db, found)
            ],
        )


@api.get("/sittings/<id:sitting_id>/statistics")
@open_to_all
@spec.validate(resp=answers(schema.Statistics, 404), operation_id="statistics")
def sitting_statistics(sitting_id: int) -> schema.Statistics:
    """Every figure of a sitting with its definition and source, official and test traffic apart."""
    with reading() as db:
        found = sittings.sitting(db, sitting_id)
        return schema.Statistics(
            sitting=found.id,
            figures=[_figure(one) for one in statistics.figures(db, found, now())],
            editions=[
                schema.Edition(
                    edition=one.edition, at=one.at, raw=one.raw.sha256, agrees=one.agrees, reason=one.reason
                )
                for one in statistics.editions(db, found)
            ],
            gaps=[
                schema.Gap(gateway=gap.boot, after=gap.after, before=gap.before, entries=gap.entries)
                for gap in statistics.gaps(db, found)
            ],
            unchecked_tickets=statistics.unchecked_tickets(db, found),
        )


def _figure(figure: statistics.Figure) -> schema.Figure:
    words = {
        name: schema.Words.of(getattr(figure.definition, name))
        for name in ("label", "unit", "definition", "source")
    }
    return schema.Figure(
        id=figure.id,
        official=figure.official,
        test=figure.test,
        as_of=figure.as_of,
        status=figure.status,
        **words,
    )


# ---- for a page without a socket


@api.get("/sittings/<id:sitting_id>/state")
@open_to_all
@spec.validate(resp=answers(schema.Now, 404), operation_id="state", skip_validation=True)
def state(sitting_id: int) -> Response:
    """What a sitting's page shows now, made once a second for all who ask; with an ETag."""
    kept: dict[int, Kept] = current_app.extensions["api_states"]
    found = kept.get(sitting_id)
    if found is None or found.until < now():
        with reading() as db:
            text = _now(db, sittings.sitting(db, sitting_id)).model_dump_json()
        found = kept[sitting_id] = Kept(now() + KEPT_FOR, text)
    answer = Page(found.text, mimetype="application/json")
    answer.headers["Cache-Control"] = "public, max-age=1"
    answer.add_etag()
    return answer.make_conditional(request)


class Kept(NamedTuple):
    until: datetime
    text: str


def _now(db: Session, found: Sitting) -> schema.Now:
    as_of = statistics.counted_at(db, found.id)
    on_air = sittings.on_air(db, found)
    asked_by_all, _ = voices.questions(db, found, mark="public", order="newest", size=NEWEST)
    said, _ = voices.comments(db, found, size=NEWEST)
    return schema.Now(
        fact_no=found.fact_no,
        at=as_of or now(),
        stats=statistics.on_page(db, found.id) if as_of else {},
        sitting=cards.sitting_card(db, found),
        on_air=cards.question_card(db, on_air) if on_air else None,
        questions=_cards(cards.question_card(db, one.question) for one in asked_by_all),
        comments=_cards(cards.comment_card(db, one) for one in said),
    )


def _cards(made: Iterable[cards.Card | None]) -> list[cards.Card]:
    return [card for card in made if card]


# ---- tickets


@api.post("/sittings/<id:sitting_id>/tickets")
@open_to_all
@limiter.limit("6000/minute")
@limiter.limit("30/minute", key_func=auth.viewer)
@spec.validate(
    json=schema.TicketAsked,
    resp=answers(schema.Ticket, 403, 404, 415, 429),
    operation_id="ticket",
)
def ticket(sitting_id: int) -> schema.Ticket:
    """A way onto the sitting's socket, for anyone: it says who watches, and opens nothing else."""
    want: schema.TicketAsked = asked()
    with reading() as db:
        sittings.sitting(db, sitting_id)
    settings = auth.settings()
    kind: Kind = "test" if _is_test(want.test, sitting_id) else "official"
    bearer = Bearer(sitting_id, _viewer_key(sitting_id, want.hall), secrets.token_urlsafe(12), kind)
    return schema.Ticket(
        ticket=wire.new_ticket(bearer, secret=settings.secret, now=now()),
        url=f"{settings.socket_url}/ws",
    )


def _viewer_key(sitting_id: int, is_hall: bool) -> str:
    """A person who signed in is one viewer on all devices; a browser otherwise is one."""
    secret = auth.settings().secret
    if is_hall:
        return wire.viewer_key(sitting_id, auth.viewer(), "hall", secret=secret)
    if current_user.is_authenticated:
        return wire.viewer_key(sitting_id, str(current_user.id), "person", secret=secret)
    return wire.viewer_key(sitting_id, auth.viewer(), "browser", secret=secret)


def _is_test(token: str | None, sitting_id: int) -> bool:
    """Refuses a token that is none rather than count a test as a visit."""
    if token is None:
        return False
    with suppress(wire.BadToken):
        bearer, _ = wire.read_ticket(token, secret=auth.settings().secret, now=now())
        if bearer.kind == "test" and bearer.sitting == sitting_id:
            return True
    raise Forbidden(
        Words("这不是本场的测试门票，或者已经过期。", "This is no test ticket of this sitting, or no longer.")
    )


@api.record_once
def _set_up(setup: BlueprintSetupState) -> None:
    """A ticket is given to anybody and changes nothing: a forged request for one gains nothing."""
    setup.app.extensions["csrf"].exempt(ticket)
    setup.app.extensions["api_states"] = {}
