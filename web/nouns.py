"""What each noun's page on the workbench shows beside what every matter shows."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from engine.actions.perform import CREATES
from engine.actions.sitting import KINDS
from engine.clock import day
from engine.clock import now as clock_now
from engine.database import Session
from engine.editions import carries_mark, process_of, process_on
from engine.errors import WrongState
from engine.guards import is_in_the_making, is_undecided, unmet
from engine.models.consultation import Attendance, Material, Research, Sitting
from engine.models.matter import Matter
from engine.models.people import Post
from engine.models.questionnaire import Questionnaire
from engine.models.recommendation import Assignment, Recommendation
from engine.models.topic import Plan, Topic
from engine.permits import Kept, Offer, may_begin, offers
from engine.process import Guard
from engine.queries import attendance as comers
from engine.queries import briefs, materials, people, questionnaires, recommendations, sittings, topics
from engine.queries.matters import (
    checklists,
    children,
    documents,
    marked_at,
    may_read,
    reads_by_post,
    state_of,
)
from engine.queries.research import rounds
from engine.rules import DOOR_KEEPERS, PROGRAMMERS, ROLES, TOPIC_DECIDERS, Actor, role_over
from engine.words import Words
from web.auth import settings
from web.presenters import chosen, clock_words, qr, say, time_words

BY_HAND = "sign_in_by_staff"
ELSEWHERE = {"read", "share"}
"""Steps that have a page of their own beside the matter's, and no form here."""
BESIDE_ROWS = {"change_item", "move_item", "remove_item"}
"""Steps that stand beside the row they are about, not among those of the whole."""
Shown = dict[str, Any]


def beside(db: Session, matter: Matter, actor: Actor, now: datetime) -> Shown:
    show = _SHOW.get(matter.process)
    common: Shown = {
        "begins": begins(db, matter, actor, now),
        "documents": documents(db, matter),
        "checklists": _checklists(db, matter, actor, now),
    }
    return {**common, **(show(db, matter, actor) if show else {})}


SUPPLIED_BY = {
    "findings": "add_finding",
    "items": "add_item",
    "items_fewer_than": "remove_item",
    "sources": "cite",
    "scorers": "score",
    "no_answer_is_owed": "answer",
    "has_remote_seat": "offer_remote",
    "remote_agreed": "answer_remote",
    "still_readable": "change",
    "voluntary": "request_leave",
    "compulsory": "decline",
}
"""By condition of a procedure the step that meets it, or is taken instead."""
SUPPLIED_AT = {
    "moderators": (Words("安排岗位", "Roster the posts"), "programmes.posts"),
    "segments": (Words("编排议程", "Write the run-of-show"), "programmes.edit"),
}
"""By condition of a sitting the page on which it is met."""


def doors(matter: Matter, actor: Actor, offered: Sequence[Offer]) -> dict[str, tuple[Words, str]]:
    """By step that cannot be taken yet the way to what it lacks, where this actor may go it: words and address."""
    free = {offer.verb.name: offer.verb for offer in offered if not offer.refusal}
    found: dict[str, tuple[Words, str]] = {}
    for offer in offered:
        name, held_against = offer.refusal.lacks if isinstance(offer.refusal, WrongState) else ("", "")
        step = free.get(held_against if name == "done" else SUPPLIED_BY.get(name, ""))
        if step:
            href = url_for("matters.act", matter_id=matter.id, verb_name=step.name)
            found[offer.verb.name] = step.title, href
        elif name in SUPPLIED_AT and actor.roles & PROGRAMMERS:
            words, page = SUPPLIED_AT[name]
            found[offer.verb.name] = words, url_for(page, sitting_id=matter.id)
        elif name == "ticked":
            found[offer.verb.name] = Words("看清单", "See the checklist"), f"#{held_against}"
    return found


def above(db: Session, matter: Matter, actor: Actor) -> list[tuple[str, str]]:
    """The matters that this one is part of, as far as the actor may read them, the topmost first."""
    parent = matter.parent
    if parent is None:
        return []
    here = (
        [(parent.title, url_for("matters.show", matter_id=parent.id))] if may_read(db, actor, parent) else []
    )
    return [*above(db, parent, actor), *here]


def begins(db: Session, matter: Matter, actor: Actor, now: datetime) -> dict[str, Shown]:
    """The children this actor's roles may begin here: by process, each with its title, address and refusal if any."""
    offered: dict[str, Shown] = {}
    for parent, name, verb_name in CREATES:
        if parent != matter.process:
            continue
        process = process_on(db, name, day(now))
        verb = process.verbs.get(verb_name)  # an office's own edition need not have it
        if verb is None or not actor.roles & set(verb.by):
            continue
        offered[name] = {
            "title": verb.title,
            "href": url_for("matters.begin", matter_id=matter.id, process_name=name, verb_name=verb_name),
            "refusal": may_begin(db, process, verb, matter, actor, now),
        }
    return offered


def _checklists(db: Session, matter: Matter, actor: Actor, now: datetime) -> list[Shown]:
    """Each with its items, and of each the step by which this actor may tick it or open it again."""
    process = process_of(db, matter)
    course = Kept(db, process, matter, actor, now)
    does = {
        (checklist.name, item): verb
        for verb in process.verbs_from(matter.state)
        if (checklist := process.checklist_of(verb))
        for item in course.items(verb) or ()
    }
    return [
        {"field": field, "items": [(item, does.get((field.name, item.name))) for item in items]}
        for field, items in checklists(db, matter)
    ]


def _rows(db: Session, found: Any) -> list[Shown]:
    return [
        {"href": url_for("matters.show", matter_id=one.id), "matter": one, "state": state_of(db, one)}
        for one in found
    ]


def _topic(db: Session, matter: Matter, actor: Actor) -> Shown:
    topic = db.get_one(Topic, matter.id)
    undecided = is_undecided(db, topic)
    similar = topics.similar(db, topic.parent_id, topic.title, but=topic.id) if undecided else []
    return {
        "similar": [
            {
                "href": url_for("matters.show", matter_id=one.topic.id),
                "topic": one.topic,
                "supporters": one.supporters,
                "state": state_of(db, one.topic),
            }
            for one in similar
        ],
        "scores": topics.scores_for(db, [topic], actor)[topic.id],
        "held": topics.held(db, topic) if actor.roles & TOPIC_DECIDERS else None,
        "supporters": topics.supporters(db, topic),
        "consultations": _rows(db, children(db, topic, "consultation")),
    }


def _plan(db: Session, matter: Matter, actor: Actor) -> Shown:
    """Its topics, all or those at one mark, and what may be taken into it."""
    plan, at = db.get_one(Plan, matter.id), request.args.get("show", "")
    found = topics.of_plan(db, plan)
    counts = Counter(one.at for one in found)
    always = topics.IN_PLAN if carries_mark(db, plan, "issued") else ()
    titles = topics.titles()
    may_decide = bool(actor.roles & TOPIC_DECIDERS)
    return {
        "topics": [
            {
                "href": url_for("matters.show", matter_id=one.topic.id),
                "topic": one.topic,
                "line": one,
                **{name: chosen(db, one.topic, name) for name in ("form", "level", "planned_time")},
            }
            for one in found
            if at in ("", one.at)
        ],
        "total": len(found),
        "show": at,
        "tabs": [
            (mark, titles[mark], counts[mark]) for mark in topics.OF_PLAN if mark in {*always, *counts, at}
        ],
        "may_decide": may_decide,
        "may_arrange": may_decide and counts["shortlisted"] and is_in_the_making(db, plan),
        "pool": [
            {"id": one.id, "topic": one, "state": state_of(db, one)}
            for one in (topics.takes_in(db, plan, day(clock_now())) if may_decide else ())
        ],
    }


def _consultation(db: Session, matter: Matter, actor: Actor) -> Shown:
    kinds = ("research", "sitting", "recommendation")
    return {"children": {kind: _rows(db, children(db, matter, kind)) for kind in kinds}}


def _research(db: Session, matter: Matter, actor: Actor) -> Shown:
    research = db.get_one(Research, matter.id)
    return {
        "findings": sittings.findings_of(db, research),
        "rounds": rounds(db, research),
        "questionnaires": _rows(db, questionnaires.of_research(db, research)),
    }


def _questionnaire(db: Session, matter: Matter, actor: Actor) -> Shown:
    """Free texts are for the group that asks."""
    asking = db.get_one(Questionnaire, matter.id)
    of_group = role_over(actor, asking, ["group_leader"]) is not None
    texts = [item for item in asking.items if item.kind == "text"] if of_group else []
    address = f"{settings().public_url}{url_for('questionnaires.show', questionnaire_id=asking.id)}"
    return {
        "kinds": process_of(db, asking).fields["kind"].choices,
        "may": {offer.verb.name for offer in offers(db, asking, actor, clock_now()) if not offer.refusal},
        "labels": questionnaires.labels,
        "sheets": questionnaires.sheets(db, asking),
        "results": questionnaires.results(db, asking),
        "words": {item.id: questionnaires.words(db, item) for item in texts},
        "asof": clock_words(clock_now()),
        "address": address,
        "picture": qr(address),
    }


def _sitting(db: Session, matter: Matter, actor: Actor) -> Shown:
    sitting = db.get_one(Sitting, matter.id)
    posts = people.posts_of_sitting(db, sitting.id)
    return {
        "kinds": KINDS,
        "roles": ROLES,
        "posts": posts,
        "facts": _readiness(db, sitting, posts),
        "may_programme": bool(actor.roles & PROGRAMMERS),
        "may_keep_door": role_over(actor, sitting, DOOR_KEEPERS) is not None,
        "materials": _materials(db, sitting, actor),
        **attendance(db, sitting, actor),
    }


def _readiness(db: Session, sitting: Sitting, posts: Sequence[Post]) -> dict[str, list[tuple[str, str]]]:
    """By item of the checklist what it confirms, as it stands, each with the address of its place; of items that an
    office has added nothing is known.
    """
    invited = comers.attendances(db, sitting)
    tally = comers.tally(db, sitting, invited)
    papers = [state for one in materials.materials(db, sitting) if not (state := state_of(db, one)).end]
    brief, began = briefs.released(db, sitting), marked_at(db, sitting)

    def held(role: str) -> tuple[str, str]:
        names = [post.person.name for post in posts if post.role == role and post.confirmed_at]
        who = say(Words("、", ", ")).join(names) or _("还没有人")
        return _("%(post)s：%(names)s", post=say(ROLES[role].title), names=who), "#posts"

    replied = len(invited) - tally["invited"]
    people_said = _("受邀 %(all)s 人，已答复 %(replied)s 人", all=len(invited), replied=replied)
    coming = _("答复参加 %(n)s 人", n=tally["will_attend"])
    public = url_for("live.show", sitting_id=sitting.id)
    minutes = sum(one.minutes for one in sitting.segments)
    asking = (
        _("网络征集 %(time)s 开放", time=time_words(began["warmup"]))
        if "warmup" in began
        else _("网络征集还没有开放")
    )
    return {
        "participants_confirmed": [(people_said, "#attendance"), (coming, "#attendance")],
        "replies_prepared": [
            (
                _("议程 %(n)s 个环节，共 %(minutes)s 分钟", n=len(sitting.segments), minutes=minutes),
                "#programme",
            ),
            (
                _(
                    "会议材料已发放 %(n)s / %(all)s 份",
                    n=sum("released" in one.marks for one in papers),
                    all=len(papers),
                ),
                "#materials",
            ),
            (
                _("会前简报 %(time)s 发放", time=time_words(brief)) if brief else _("会前简报还没有发放"),
                url_for("briefs.index", sitting_id=sitting.id),
            ),
        ],
        "notice_on_page": [
            (
                _("公众页面 %(time)s 公布", time=time_words(began["announced"]))
                if "announced" in began
                else _("公众页面还没有公布"),
                public,
            ),
            (asking, public),
        ],
        "stream_tested": [
            (
                _("直播地址已填写") if sitting.stream_url else _("直播地址还没有填写"),
                public,
            )
        ],
        "moderators_rostered": [held("host"), held("moderator")],
        "cutoff_named": [held("duty_leader")],
    }


def _materials(db: Session, sitting: Sitting, actor: Actor) -> list[Shown]:
    found = [one for one in materials.materials(db, sitting) if reads_by_post(db, actor, one)]
    read = materials.readings(db, found)
    rows = _rows(db, found)
    for row in rows:
        one = row["matter"]
        row["read"] = sum((one.id, person) in read for person in one.recipient_ids)
    return rows


def attendance(db: Session, sitting: Sitting, actor: Actor) -> Shown:
    """Who is invited, each with a way to their invitation where the actor may read it, and how many stand where."""
    found = comers.attendances(db, sitting)
    rows = [
        {
            "href": url_for("matters.show", matter_id=one.id) if may_read(db, actor, one) else None,
            "attendance": one,
            "state": state_of(db, one),
            "is_late": comers.is_late(db, sitting, one),
            "by_hand": any(verb.name == BY_HAND for verb in process_of(db, one).verbs_from(one.state)),
        }
        for one in found
    ]
    return {"invited": rows, "tally": comers.tally(db, sitting, found), "asof": clock_words(clock_now())}


def _attendance(db: Session, matter: Matter, actor: Actor) -> Shown:
    one, sitting = db.get_one(Attendance, matter.id), db.get_one(Sitting, matter.parent_id)
    return {
        "seat": comers.seat(db, one, actor, clock_now()) if one.remote_url else None,
        "is_late": comers.is_late(db, sitting, one),
        "sitting_marks": state_of(db, sitting).marks,
        "materials": materials_for(db, [one])[one.id],
    }


def materials_for(db: Session, attendances: Sequence[Attendance]) -> dict[int, list[Shown]]:
    """By attendance what each has been given to read, and when they first read it."""
    found = materials.materials_for(db, attendances)
    read = materials.readings(db, [one for given in found.values() for one in given])
    rows = {one.id: _rows(db, found[one.id]) for one in attendances}
    for one in attendances:
        for row in rows[one.id]:
            row["read_at"] = read.get((row["matter"].id, one.person_id))
    return rows


def _material(db: Session, matter: Matter, actor: Actor) -> Shown:
    material = db.get_one(Material, matter.id)
    read = materials.readings(db, [material])
    lacking = unmet(db, material, Guard("reading_is_open"), clock_now())
    return {
        "is_mine": role_over(actor, material, ["recipient"]) is not None,
        "is_kept": reads_by_post(db, actor, material),
        "may_share": any(
            offer.verb.name == "share" and not offer.refusal
            for offer in offers(db, material, actor, clock_now())
        ),
        "reader": actor.person.name if actor.person else "",
        "closed": lacking if carries_mark(db, material, "released") else state_of(db, material).title,
        "recipients": [
            {"attendance": one, "state": state_of(db, one), "read_at": read.get((material.id, one.person_id))}
            for one in materials.recipients(db, material)
        ],
    }


def _recommendation(db: Session, matter: Matter, actor: Actor) -> Shown:
    recommendation = db.get_one(Recommendation, matter.id)
    rows = _rows(db, recommendations.assignments(db, recommendation))
    for row in rows:
        choices = process_of(db, row["matter"]).fields["decision"].choices
        signed = recommendations.is_answered(db, row["matter"])
        row["decision"] = choices.get(row["matter"].decision) if signed else None
    return {"sources": recommendations.sources(db, recommendation), "assignments": rows}


def _assignment(db: Session, matter: Matter, actor: Actor) -> Shown:
    recommendation = db.get_one(Recommendation, matter.parent_id)
    return {
        "recommendation": recommendation,
        "sources": recommendations.sources(db, recommendation),
        "answered": recommendations.is_answered(db, db.get_one(Assignment, matter.id)),
    }


_SHOW: dict[str, Callable[[Session, Matter, Actor], Shown]] = {
    "topic": _topic,
    "plan": _plan,
    "consultation": _consultation,
    "research": _research,
    "questionnaire": _questionnaire,
    "sitting": _sitting,
    "attendance": _attendance,
    "material": _material,
    "recommendation": _recommendation,
    "assignment": _assignment,
}
