"""Any matter on the workbench: where it stands, how it came there, and the form of each step that is open to me."""

from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine.actions.drafts import drop_draft, save_draft
from engine.actions.perform import CREATES, create, perform
from engine.actions.plan import open_call
from engine.clock import day, now
from engine.database import Session
from engine.deadlines import deadlines, from_the_start
from engine.editions import process_of, process_on
from engine.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from engine.models.consultation import Research, Sitting, Visit
from engine.models.matter import Matter
from engine.models.questionnaire import Questionnaire
from engine.models.recommendation import Assignment, Recommendation
from engine.models.topic import Plan
from engine.permits import Kept, may_begin, offers, permit
from engine.process import Process, Verb
from engine.queries import questionnaires, recommendations, topics, voices
from engine.queries.briefs import theirs
from engine.queries.matters import Step, asked_back, draft, history, matter, may_read
from engine.queries.sittings import sitting
from engine.words import Words
from web import auth, nouns, presenters
from web.auth import for_roles, for_staff
from web.forms import uploads
from web.forms import verb as forms
from web.transaction import reading, transaction

pages = Blueprint("matters", __name__, url_prefix="/desk")

STEPS = 100
"""So many of the last steps are shown at once; the rest on asking."""


@pages.get("/matters/<id:matter_id>")
@for_staff
def show(matter_id: int) -> str | Response:
    with reading() as db:
        subject, actor = matter(db, matter_id), auth.actor(db)
        if isinstance(subject, Sitting) and not may_read(db, actor, subject) and theirs(db, subject, actor):
            return redirect(url_for("briefs.index", sitting_id=matter_id))  # what its notice is about
        subject = _readable(db, matter_id)
        process = process_of(db, subject)
        offered = [
            one
            for one in offers(db, subject, actor, now())
            if one.verb.name not in nouns.ELSEWHERE | nouns.BESIDE_ROWS
        ]
        return render_template(
            f"matter/{subject.process}.html",
            matter=subject,
            process=process,
            state=process.states[subject.state],
            offers=offered,
            doors=nouns.doors(subject, actor, offered),
            dues=[presenters.due(db, deadline) for deadline in deadlines(db, subject)],
            steps=history(db, subject, None if "all" in request.args else STEPS),
            page_of_steps=STEPS,
            said=partial(presenters.answer, db),
            chosen=partial(presenters.chosen, db, subject),
            asleep=auth.needs_second_factor(db),
            above=nouns.above(db, subject, actor),
            **nouns.beside(db, subject, actor, now()),
        )


@pages.route("/matters/<id:matter_id>/<verb_name>", methods=["GET", "POST"])
@for_staff
def act(matter_id: int, verb_name: str) -> str | Response | tuple[str, int]:
    """The form of one verb. A refusal keeps everything that was typed, and so does leaving the page."""
    with reading() as db:
        subject, actor = _readable(db, matter_id), auth.actor(db)
        process, verb = _verb(process_of(db, subject), verb_name)
        if request.method == "GET" or "more" in request.form:
            permit(db, process, subject, verb, actor, now())
        asked = forms.asked(db, process, verb, _choices(db, subject) | _items(db, process, subject, verb))
        shown = {
            "matter": subject,
            "verb": verb,
            "asked": asked,
            "version": subject.version,
            "sources": _sources(db, subject),
            "asked_back": None if verb.stays else asked_back(db, subject),
            "approving": _approving(db, subject, verb),
            "said": partial(presenters.answer, db),
        }
        kept = draft(db, actor, subject, verb_name)
        asked_for = {
            name: [value] if process.fields[name].kind == "checklist" else value
            for name, value in request.args.items()
            if name in verb.needs
        }
        if kept and any(kept.answers.get(name) != value for name, value in asked_for.items()):
            kept = None  # typed for another row
        known = _row(subject, verb, request.args.get("item")) or forms.present(subject, process, verb)
        form = forms.Form((dict(kept.answers) if kept else known) | asked_for)
    status, stale = 200, None
    if request.method == "POST":
        form = forms.read(request, process, verb)
        if "more" in request.form:
            uploads.take(request, process, verb, form)
            return render_template("matter/act.html", f=form, stale=None, kept=None, **shown)
        try:
            with reading() as db:
                permit(db, process, _readable(db, matter_id), verb, auth.actor(db), now())
            received = uploads.take(request, process, verb, form)
            with transaction() as db:
                subject, actor = _readable(db, matter_id), auth.actor(db)
                given = uploads.store(db, form, received, subject, actor)
                perform(db, subject, verb_name, actor=actor, now=now(), seen=forms.seen(request), **given)
                drop_draft(db, subject, verb_name, actor=actor)
            flash(_("已办理：%(verb)s。", verb=presenters.say(verb.title)), "done")
            return redirect(url_for("matters.show", matter_id=matter_id))
        except Invalid as refusal:
            form, status = form.refused(refusal), 422
        except (Stale, WrongState) as refusal:
            stale, status = refusal.words, 409
    return render_template("matter/act.html", f=form, stale=stale, kept=kept, **shown), status


@pages.post("/matters/<id:matter_id>/<verb_name>/draft")
@for_staff
def keep(matter_id: int, verb_name: str) -> str:
    """Keeps what is being typed; answers with the line that says so."""
    with transaction() as db:
        subject, actor = _readable(db, matter_id), auth.actor(db)
        process, verb = _verb(process_of(db, subject), verb_name)
        permit(db, process, subject, verb, actor, now())
        save_draft(db, subject, verb_name, forms.read(request, process, verb).given, actor=actor, now=now())
    return str(_("已自动保存 %(time)s", time=presenters.clock_words(now())))


@pages.route("/matters/<id:matter_id>/new/<process_name>/<verb_name>", methods=["GET", "POST"])
@for_staff
def begin(matter_id: int, process_name: str, verb_name: str) -> str | Response | tuple[str, int]:
    """The form that begins a child of a matter."""
    with reading() as db:
        parent, actor = _readable(db, matter_id), auth.actor(db)
        if (parent.process, process_name, verb_name) not in CREATES:
            raise NotFound(Words("这里没有这一步。", "There is no such step here."))
        process, verb = _verb(process_on(db, process_name, day(now())), verb_name)
        if refusal := may_begin(db, process, verb, parent, actor, now()):
            raise refusal
        asked = forms.asked(db, process, verb, _choices(db, parent))
        asked_for = {name: value for name, value in request.args.items() if name in verb.needs}
        dues = from_the_start(db, process, verb, parent)
    known = {"title": parent.title} if "title" in verb.needs and process_name != "question" else {}
    form = forms.Form(known | asked_for)
    if request.method == "POST":
        form = forms.read(request, process, verb)
        try:
            with transaction() as db:
                begun = create(
                    db,
                    _readable(db, matter_id),
                    process_name,
                    verb_name,
                    actor=auth.actor(db),
                    now=now(),
                    **form.given,
                )
            flash(_("已办理：%(verb)s。", verb=presenters.say(verb.title)), "done")
            return redirect(url_for("matters.show", matter_id=begun.id))
        except Invalid as refused:
            form = form.refused(refused)
    return render_template(
        "matter/begin.html", parent=parent, verb=verb, asked=asked, dues=dues, today=day(now()), f=form
    ), 422 if form.errors else 200


@pages.route("/plans/new", methods=["GET", "POST"])
@for_roles("office_staff")
def new_plan() -> str | Response | tuple[str, int]:
    with reading() as db:
        process, verb = _verb(process_on(db, "plan", day(now())), "open_call")
        asked = forms.asked(db, process, verb)
    form = forms.Form()
    if request.method == "POST":
        form = forms.read(request, process, verb)
        try:
            with transaction() as db:
                plan = open_call(db, actor=auth.actor(db), now=now(), **form.given)
            flash(_("征集已发布，公众现在可以提交议题。"), "done")
            return redirect(url_for("matters.show", matter_id=plan.id))
        except Invalid as refusal:
            form = form.refused(refusal)
    return render_template("desk/new_plan.html", f=form, asked=asked), 422 if form.errors else 200


def _readable(db: Session, matter_id: int) -> Matter:
    found = matter(db, matter_id)
    if not may_read(db, auth.actor(db), found):
        raise Forbidden(Words("这件事不在您的办理范围内。", "This matter is outside your work."))
    return found


def _verb(process: Process, name: str) -> tuple[Process, Verb]:
    if name not in process.verbs or name in nouns.ELSEWHERE:
        raise NotFound(Words("没有这一步。", "There is no such step."))
    return process, process.verbs[name]


def _items(db: Session, process: Process, subject: Matter, verb: Verb) -> dict[str, list[forms.Option]]:
    """Of a checklist what this person may tick, or open again."""
    checklist = process.checklist_of(verb)
    items = Kept(db, process, subject, auth.actor(db), now()).items(verb) if checklist else None
    return (
        {checklist.name: [(item, presenters.say(checklist.choices[item])) for item in items or ()]}
        if checklist
        else {}
    )


def _choices(db: Session, subject: Matter) -> dict[str, list[forms.Option]]:
    """The options of fields that choose a matter, or one of its rows."""
    if isinstance(subject, Plan):
        return {"carried_from_id": [(one.id, one.title) for one in topics.to_take_up(db, subject)]}
    if subject.process == "topic" and subject.parent_id:
        others = topics.topics(db, plan=topics.plan(db, subject.parent_id), size=500)[0]
        plan = topics.open_plan(db)
        return {
            "plan_id": [(plan.id, plan.title)] if plan else [],
            "merged_into_id": [
                (one.topic.id, one.topic.title) for one in others if one.topic.id != subject.id
            ],
        }
    if subject.process == "question" and subject.sitting_id:
        shown = voices.questions(db, sitting(db, subject.sitting_id), mark="public", size=500)[0]
        free = [
            one.question
            for one in shown
            if one.question.merged_into_id is None and one.question.id != subject.id
        ]
        return {"merged_into_id": [(question.id, question.title) for question in free]}
    if isinstance(subject, Research):
        return {
            "visit": [(visit.position, _visit(visit)) for visit in subject.visits],
            "asked": list(questionnaires.citable(db, subject).items()),
        }
    if isinstance(subject, Questionnaire):
        return {"item": [(item.id, f"{item.position}. {item.wording}") for item in subject.items]}
    if isinstance(subject, Recommendation):
        return {name: list(found.items()) for name, found in recommendations.citable(db, subject).items()}
    return {}


def _approving(db: Session, subject: Matter, verb: Verb) -> Step | None:
    """What somebody else has done that this step approves or refuses."""
    done = (step for step in reversed(history(db, subject)) if step.entry.verb in verb.not_by)
    return next(done, None) if verb.not_by else None


def _row(subject: Matter, verb: Verb, number: str | None) -> dict[str, object]:
    """What the row that a step changes says now."""
    if not isinstance(subject, Questionnaire) or verb.name != "change_item":
        return {}
    for item in subject.items:
        if str(item.id) == number:
            return {"wording": item.wording, "kind": item.kind, "options": "\n".join(item.options)}
    return {}


def _visit(visit: Visit) -> str:
    on = f"{presenters.day_words(visit.visit_on)} " if visit.visit_on else ""
    return f"{visit.position}. {on}{visit.place or visit.whom[:40]}"


def _sources(db: Session, subject: Matter) -> object:
    """What a unit's reply answers, shown beside its form."""
    if not isinstance(subject, Assignment):
        return None
    return recommendations.sources(db, db.get_one(Recommendation, subject.parent_id))
