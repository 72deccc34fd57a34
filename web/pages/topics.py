"""Topics as the public meets them: reading, supporting, putting one forward."""

import secrets
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine.actions.idempotency import earlier, keep
from engine.actions.perform import perform
from engine.actions.topic import submit_topic
from engine.clock import day, now
from engine.database import Session
from engine.editions import process_of, process_on
from engine.errors import Invalid, WrongState
from engine.models.topic import Plan, Topic
from engine.permits import may_begin, offers
from engine.queries import sittings, topics
from engine.queries.matters import children, history, state_of
from engine.rules import Actor
from engine.words import Words
from web import auth, presenters
from web.auth import for_signed_in, for_staff, open_to_all
from web.forms import verb as forms
from web.paging import asked_page
from web.transaction import reading, transaction

pages = Blueprint("topics", __name__)

TITLE_MAX = 60
"""Of a title that is compared; the form's own limit is in the process file."""
Similar = list[tuple[topics.Listed, bool, bool]]
"""Each with whether it is one's own, and whether one may support it now."""
MARKS = {"open": "open_for_support", "planned": "planned"}


@pages.get("/topics")
@open_to_all
def index() -> str:
    show = request.args.get("show", "open")
    order = "newest" if request.args.get("sort") == "newest" else "support"
    with reading() as db:
        number, size = asked_page(20)
        listed, total = topics.topics(db, mark=MARKS.get(show, "public"), order=order, page=number, size=size)
        mine = topics.supports(db, auth.actor(db).id or 0)
        return render_template(
            "topic/index.html",
            plan=topics.open_plan(db),
            listed=listed,
            total=total,
            number=number,
            size=size,
            show=show,
            order=order,
            mine=mine,
            papers=topics.papers(db) if show == "planned" else (),
            state_of=lambda topic: state_of(db, topic),
        )


@pages.get("/topics/<id:topic_id>")
@open_to_all
def show(topic_id: int) -> str:
    with reading() as db:
        actor = auth.actor(db)
        topic = topics.topic(db, topic_id, actor)
        steps = history(db, topic)
        moves = [step for step in steps if step.state]
        return render_template(
            "topic/show.html",
            topic=topic,
            supporters=topics.supporters(db, topic),
            obliging=topics.obliging(process_of(db, topic)),
            chosen=partial(presenters.chosen, db, topic),
            answer_due=presenters.due(db, topics.answer_due(db, topic)),
            state=state_of(db, topic),
            consultations=[
                (one, state_of(db, one))
                for one in children(db, topic, "consultation")
                if sittings.once_public(db, one)
            ],
            steps=steps,
            told=moves[-1].answers if topics.is_by(actor, topic) and len(moves) > 1 else [],
            said=partial(presenters.answer, db),
            supported=topic.id in topics.supports(db, actor.id or 0),
            can_support=_may_support(db, topic, actor),
        )


def _may_support(db: Session, topic: Topic, actor: Actor) -> bool:
    return any(
        offer.verb.name == "support" and not offer.refusal for offer in offers(db, topic, actor, now())
    )


@pages.post("/topics/<id:topic_id>/support")
@for_signed_in
def support(topic_id: int) -> Response:
    with transaction() as db:
        perform(db, topics.topic(db, topic_id, auth.actor(db)), "support", actor=auth.actor(db), now=now())
    flash(_("已记下您的支持。"), "done")
    return redirect(url_for("topics.show", topic_id=topic_id))


@pages.route("/topics/new", methods=["GET", "POST"])
@for_signed_in
def new() -> str | Response | tuple[str, int]:
    return _put_forward("submit", "layouts/public.html")


@pages.route("/desk/topics/new", methods=["GET", "POST"])
@for_staff
def new_at_desk() -> str | Response | tuple[str, int]:
    return _put_forward("submit", "layouts/desk.html")


@pages.route("/desk/topics/enter", methods=["GET", "POST"])
@for_staff
def enter() -> str | Response | tuple[str, int]:
    return _put_forward("enter", "layouts/desk.html")


def _put_forward(verb_name: str, layout: str) -> str | Response | tuple[str, int]:
    """The same form sent twice gives the same topic: its key stands in its address, so that going back finds it again.

    Where the call has similar topics they are shown once before another is taken.
    """
    with reading() as db:
        actor = auth.actor(db)
        process = process_on(db, "topic", day(now()))
        verb = process.verbs[verb_name]
        asked = forms.asked(db, process, verb)
        plan = topics.open_plan(db)
        if plan is None:
            raise WrongState(Words("现在没有开放的议题征集。", "No call for topics is open at present."))
        if refusal := may_begin(db, process, verb, plan, actor, now()):
            raise refusal
        key = request.values.get("key", "")
        if request.method == "GET" and (sent := topics.sent_with(db, actor, key)):
            flash(_("这张表已经提交过，这就是您提交的议题。"))
            return redirect(url_for("topics.show", topic_id=sent.id))
    if request.method == "GET" and not key:
        return redirect(url_for(request.endpoint or "", key=secrets.token_urlsafe(16)))
    form, found = forms.Form(), Similar()
    if request.method == "POST":
        form = forms.read(request, process, verb)
        try:
            with transaction() as db:
                actor = auth.actor(db)
                topic = earlier(db, Topic, plan, actor, key, form.given)
                if topic is None:
                    given = process.accept(verb, form.given)
                    if "similar_seen" not in request.form:
                        found = _similar(db, plan, given["title"], actor)
                    if not found:
                        topic = submit_topic(db, plan, actor=actor, now=now(), verb=verb_name, **form.given)
                        keep(db, topic, actor, key, form.given, now())
            if topic and verb_name == "enter":
                flash(_("议题已登记，等待初筛。"), "done")
                return redirect(url_for("matters.show", matter_id=topic.id))
            if topic:
                flash(_("议题已提交，初筛通过后公开。结果在“我的”页面里看。"), "done")
                return redirect(url_for("topics.show", topic_id=topic.id))
        except Invalid as wrong:
            form = form.refused(wrong)
            key = secrets.token_urlsafe(16) if "key" in wrong.fields else key
    return render_template(
        "topic/new.html", layout=layout, verb=verb, f=form, asked=asked, key=key, similar=found
    ), 422 if form.errors else 200


@pages.get("/topics/similar")
@for_signed_in
def similar() -> str:
    """A part of the form, asked for once a title is typed."""
    with reading() as db:
        plan, title = topics.open_plan(db), request.args.get("title", "")[:TITLE_MAX]
        found = _similar(db, plan, title, auth.actor(db)) if plan and title else []
        return render_template("topic/_similar.html", similar=found)


def _similar(db: Session, plan: Plan, title: str, actor: Actor) -> Similar:
    found = topics.similar(db, plan.id, title, to=actor)
    return [(one, one.topic.created_by_id == actor.id, _may_support(db, one.topic, actor)) for one in found]
