"""The workbench: what waits for me and until when."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from engine.actions.decisions import STAGES, deciding, drop_held, hold, release, shown
from engine.actions.notices import read_all
from engine.clock import day, now
from engine.database import Session
from engine.deadlines import deadlines
from engine.editions import process_of, process_on, shipped
from engine.errors import Invalid, Refused, Stale, WrongState
from engine.models.consultation import Attendance, Sitting
from engine.models.topic import Topic
from engine.permits import look_ahead, may_begin, offers
from engine.process import Field, State, Verb
from engine.queries import attendance, briefs, desk, people, sittings, topics
from engine.queries.matters import may_read, state_of
from engine.record import as_text
from engine.rules import (
    DOOR_KEEPERS,
    HALL_MODERATORS,
    HALL_RUNNERS,
    TOPIC_DECIDERS,
    TOPIC_READERS,
    Actor,
)
from engine.words import Words
from web import auth, nouns, presenters
from web.auth import for_roles, for_staff
from web.paging import asked_page
from web.transaction import reading, transaction

pages = Blueprint("desk", __name__, url_prefix="/desk")


@pages.get("/")
@for_staff
def index() -> str:
    with reading() as db:
        actor = auth.actor(db)
        counts = desk.waiting_by_process(db, actor)
        process = request.args.get("process", "")
        chosen = process if process in counts else None
        number, size = asked_page()
        todos = desk.waiting(db, actor, now(), process=chosen, page=number, size=size)
        invitations = _invitations(db, actor)
        return render_template(
            "desk/index.html",
            todos=[
                (todo, state_of(db, todo.matter), presenters.due(db, todo.deadline))
                for todo in sorted(todos, key=lambda todo: todo.deadline.due if todo.deadline else date.max)
            ],
            total=counts[chosen] if chosen else sum(counts.values()),
            number=number,
            size=size,
            tabs=[(name, shipped(name).title, count) for name, count in counts.items()],
            process=process,
            asleep=auth.needs_second_factor(db),
            invitations=invitations,
            unanswered=sum(
                "invited" in state.marks and bool(verbs) for _, _, state, _, verbs, _ in invitations
            ),
            briefs=briefs.open_to(db, actor),
            posts=sittings.with_posts_to_confirm(db, actor),
            serving=[(one, state_of(db, one), _halls(actor, one)) for one in sittings.serving(db, actor)],
        )


def _invitations(
    db: Session, actor: Actor
) -> list[tuple[Attendance, Sitting, State, State, list[Verb], list[nouns.Shown]]]:
    """Each with its sitting, where both stand, what may be done about it now and what there is to read."""
    found = attendance.invitations(db, actor.id or 0, now())
    mine = [one for one, _sitting in found]
    look_ahead(db, mine, {verb for one in mine for verb in process_of(db, one).verbs_from(one.state)})
    given = nouns.materials_for(db, mine)
    return [
        (one, sitting, state_of(db, one), state_of(db, sitting), _answers(db, one, actor), given[one.id])
        for one, sitting in found
    ]


def _answers(db: Session, invitation: Attendance, actor: Actor) -> list[Verb]:
    """What the one invited may do about it now."""
    open_to = [offer.verb for offer in offers(db, invitation, actor, now()) if not offer.refusal]
    return [verb for verb in open_to if {"invitee", "remote_guest"} & set(verb.by)]


HALLS = (
    (Words("进入主持台", "To the host's console"), "hall.host", HALL_RUNNERS),
    (Words("进入审核台", "To the moderation queue"), "hall.moderate", HALL_MODERATORS),
    (Words("进入签到台", "To the door"), "attendance.door", DOOR_KEEPERS),
)


def _halls(actor: Actor, sitting: Sitting) -> list[tuple[Words, str]]:
    """The pages of the hall that this person's posts in a sitting open."""
    mine = {post.role for post in actor.posts if post.sitting_id == sitting.id}
    return [
        (words, url_for(page, sitting_id=sitting.id)) for words, page, roles in HALLS if mine & set(roles)
    ]


@pages.get("/notices")
@for_staff
def notices() -> str:
    with reading() as db:
        return render_template("desk/notices.html", notices=people.notices(db, int(current_user.id)))


@pages.post("/notices/read")
@for_staff
def notices_read() -> Response:
    with transaction() as db:
        read_all(db, int(current_user.id), now=now())
    return redirect(url_for("desk.notices"))


@pages.get("/topics")
@for_roles(*TOPIC_READERS)
def topic_table() -> str:
    """Every topic with its supporters and scores: what the shortlist is decided on."""
    show = request.args.get("show", "")
    with reading() as db:
        number, size = asked_page()
        order = "average" if request.args.get("sort", "").lstrip("-") == "average" else "support"
        mark, counts = show if show in TOPIC_MARKS else None, topics.counts(db)
        listed, total = topics.topics(db, mark=mark, order=order, page=number, size=size)
        scores = topics.scores_for(db, [one.topic for one in listed], auth.actor(db))
        return render_template(
            "desk/topics.html",
            rows=[
                {
                    "href": url_for("matters.show", matter_id=one.topic.id),
                    "topic": one.topic,
                    "supporters": one.supporters,
                    "scores": scores[one.topic.id],
                    "enough": topics.scorers_asked(process_of(db, one.topic)),
                    "state": state_of(db, one.topic),
                }
                for one in listed
            ],
            total=total,
            number=number,
            size=size,
            show=show,
            tabs=[(mark, topics.titles()[mark], counts[mark]) for mark in TOPIC_MARKS],
            all=counts.total(),
            begins=_begins(db),
            may_decide=bool(auth.actor(db).roles & TOPIC_DECIDERS),
        )


@pages.route("/topics/decisions", methods=["GET", "POST"])
@for_roles(*TOPIC_DECIDERS)
def decisions() -> str | Response | tuple[str, int]:
    """One table a stage; what is chosen is held, and a refusal keeps everything that was chosen."""
    stage, wrong, gone = _stage(), dict[int, Refused](), False
    if request.method == "POST":
        with transaction() as db:
            found = topics.decidable(db, stage)
            here = {f"verb-{one.topic.id}" for one in found}
            chosen = {name for name, value in request.form.items() if name.startswith("verb-") and value}
            gone = not chosen <= here
            for one in found:
                try:
                    _hold(db, one)
                except Refused as refusal:
                    wrong[one.topic.id] = refusal
            if wrong or gone:
                db.rollback()
        if not (wrong or gone):
            flash(_("决定已保存，还没有公布。"), "done")
            return redirect(url_for("desk.decisions", stage=stage))
    return _decisions(stage, wrong, gone=gone)


def _decisions(
    stage: str, wrong: Mapping[int, Refused], *, gone: bool = False, unreleased: Refused | None = None
) -> tuple[str, int]:
    with reading() as db:
        actor = auth.actor(db)
        found = topics.decidable(db, stage)
        processes = {one.topic.edition: process_of(db, one.topic) for one in found}.values()
        verbs = {verb.name: verb for process in processes for verb in deciding(process, stage)}
        fields = {name: field for process in processes for name, field in process.fields.items()}
        asked = {name: (verb, fields[name]) for verb in verbs.values() for name in verb.needs}
        look_ahead(db, [one.topic for one in found], verbs.values())
        is_stale = gone or unreleased or any(isinstance(one, Stale) for one in wrong.values())
        return render_template(
            "desk/decisions.html",
            rows=[_decision(db, one, actor, verbs, asked, wrong.get(one.topic.id)) for one in found],
            wrong=wrong,
            gone=gone,
            unreleased=unreleased,
            stage=stage,
            counts={stage: topics.topics(db, mark=stage, size=1)[1] for stage in STAGES},
            asked=asked.values(),
            titles={name: verb.title for name, verb in verbs.items()},
        ), 409 if is_stale else 422 if wrong else 200


def _stage() -> str:
    stage = request.args.get("stage", "")
    return stage if stage in STAGES else "scoring"


def _decision(
    db: Session,
    one: topics.Decidable,
    actor: Actor,
    verbs: Collection[str],
    asked: Mapping[str, tuple[Verb, Field]],
    wrong: Refused | None,
) -> dict[str, Any]:
    """What may be decided on a topic, and what was chosen on this page or else is held."""
    choices = [offer for offer in offers(db, one.topic, actor, now()) if offer.verb.name in verbs]
    held = {"verb": one.held.verb, **one.held.answers} if one.held else {}
    typed = request.form if _chosen(db, one) and not isinstance(wrong, Stale) else {}
    return {
        "one": one,
        "id": one.topic.id,
        "title": one.topic.title,
        "options": [(offer.verb.name, presenters.say(offer.verb.title)) for offer in choices],
        "choices": {
            name: [(code, presenters.say(words)) for code, words in field.choices.items()]
            for name, (_verb, field) in asked.items()
        },
        "shown": shown(one.held),
        "given": {name: typed.get(f"{name}-{one.topic.id}", held.get(name, "")) for name in ("verb", *asked)},
        "offers": choices,
        "open": bool(one.held) or not all(offer.refusal for offer in choices),
        "wrong": wrong.words if wrong and not isinstance(wrong, Invalid) else None,
        "errors": wrong.fields if isinstance(wrong, Invalid) else {},
        "enough": topics.scorers_asked(process_of(db, one.topic)),
    }


def _hold(db: Session, one: topics.Decidable) -> None:
    if (chosen := _chosen(db, one)) is None:
        return
    (verb, given), actor, seen = chosen, auth.actor(db), _seen(one.topic)
    if verb:
        hold(db, one.topic, verb, actor=actor, now=now(), seen=seen, **given)
    else:
        drop_held(db, one.topic, actor=actor, now=now(), seen=seen)


def _chosen(db: Session, one: topics.Decidable) -> tuple[str, dict[str, Any]] | None:
    """The step and its answers, where a row says something else than when it was shown, and than what is held.

    So a decision on a topic that has changed since is taken anew by saving it again.
    """
    row = one.topic.id
    if (name := request.form.get(f"verb-{row}")) is None:
        return None
    verb = process_of(db, one.topic).verbs.get(name)
    needs = verb.needs if verb else ()
    given = {field: request.form.get(f"{field}-{row}", "").strip() for field in needs}
    chosen = as_text({"verb": name, **given, "version": one.topic.version}) if name else ""
    return None if chosen in (_seen(one.topic), shown(one.held)) else (name, given)


def _seen(topic: Topic) -> str:
    return request.form.get(f"shown-{topic.id}", "")


@pages.post("/topics/decisions/release")
@for_roles(*TOPIC_DECIDERS)
def release_decisions() -> Response | tuple[str, int]:
    """Releases what the page showed as held, and nothing else."""
    stage, prefix = _stage(), "held-"
    held = (
        (name.removeprefix(prefix), value) for name, value in request.form.items() if name.startswith(prefix)
    )
    seen = {int(row): value for row, value in held if row.isascii() and row.isdigit() and len(row) < 10}
    try:
        with transaction() as db:
            count = release(db, stage, actor=auth.actor(db), now=now(), seen=seen)
    except (Stale, WrongState) as refusal:
        return _decisions(stage, {}, unreleased=refusal)
    flash(
        ngettext(
            "已公布 %(num)s 项决定，提交人已收到通知。", "已公布 %(num)s 项决定，提交人已收到通知。", count
        ),
        "done",
    )
    return redirect(url_for("desk.topic_table"))


def _begins(db: Session) -> list[Verb]:
    """By which steps the signed-in one may put a topic forward now."""
    plan, process = topics.open_plan(db), process_on(db, "topic", day(now()))
    actor = auth.actor(db)
    steps = [verb for verb in process.verbs.values() if verb.create and "title" in verb.needs] if plan else []
    return [verb for verb in steps if plan and not may_begin(db, process, verb, plan, actor, now())]


@pages.get("/list/<any(consultation, sitting, question, recommendation, assignment):process_name>")
@for_staff
def matters(process_name: str) -> str:
    """Everything of one procedure that my posts reach, by stage."""
    process = shipped(process_name)
    state = request.args.get("state", "")
    number, size = asked_page()
    with reading() as db:
        found, total = desk.listed(
            db,
            auth.actor(db),
            process_name,
            state=state if state in process.states else "",
            page=number,
            size=size,
        )
        return render_template(
            "desk/list.html",
            process=process,
            rows=[
                {
                    "href": url_for("matters.show", matter_id=one.id),
                    "matter": one,
                    "state": state_of(db, one),
                    "due": presenters.due(
                        db, min(deadlines(db, one), key=lambda found: found.due, default=None)
                    ),
                }
                for one in found
            ],
            total=total,
            number=number,
            size=size,
        )


TOPIC_MARKS = ("received", "scoring", "shortlisted", *topics.IN_PLAN, "reserve", "declined")


@pages.get("/plans")
@for_staff
def plans() -> str:
    with reading() as db:
        actor = auth.actor(db)
        rows = [
            {
                "href": url_for("matters.show", matter_id=plan.id) if may_read(db, actor, plan) else None,
                "plan": plan,
                "state": state_of(db, plan),
                "topics": topics.topics(db, plan=plan)[1],
            }
            for plan in topics.plans(db)
        ]
        return render_template(
            "desk/plans.html",
            rows=rows,
            may_open="office_staff" in actor.roles,
            begins=_begins(db),
        )
