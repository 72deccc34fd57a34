"""Who comes to a sitting: inviting people, the door with its code, and signing in there."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine.actions.attendance import door_code, invite
from engine.actions.perform import perform
from engine.clock import now
from engine.editions import process_of
from engine.errors import Forbidden, Invalid, WrongState
from engine.guards import unmet
from engine.models.people import Person, Post
from engine.permits import permit
from engine.process import Guard
from engine.queries import attendance, people, sittings
from engine.queries.matters import state_of
from engine.rules import DOOR_KEEPERS, PROGRAMMERS, ROLES, UNITS
from engine.words import Words
from web import auth, nouns, presenters
from web.auth import for_roles, for_staff, settings
from web.forms.verb import Form
from web.pages.hall import enter
from web.transaction import as_needed, reading

pages = Blueprint("attendance", __name__, url_prefix="/desk/sittings/<id:sitting_id>")

KINDS = {
    "members": (Words("委员", "Members"), {"member", "group_leader"}),
    "units": (Words("承办单位", "Units"), UNITS),
    "staff": (Words("工作人员", "Staff"), set(ROLES)),
}
"""How people are sorted to be chosen from: each stands under the first kind that one of their posts is of."""


@pages.route("/invitations", methods=["GET", "POST"])
@for_roles(*PROGRAMMERS)
def invite_people(sitting_id: int) -> str | Response | tuple[str, int]:
    form = Form({kind: request.form.getlist(kind) for kind in KINDS} | {"must": request.form.get("must")})
    with as_needed() as db:
        sitting = sittings.sitting(db, sitting_id)
        invited = {one.person_id for one in attendance.attendances(db, sitting)}
        found = [one for one in people.staff(db, size=500)[0] if not one.disabled_at]
        if request.method == "POST":
            chosen = {number for kind in KINDS for number in form.given[kind]}
            asked = [one for one in found if str(one.id) in chosen]
            if asked:
                must = bool(form.given["must"])
                invite(db, sitting, asked, must_attend=must, actor=auth.actor(db), now=now())
                flash(_("邀请已发出。"), "done")
                return redirect(url_for("matters.show", matter_id=sitting_id))
            form = form.refused(
                Invalid({"members": Words("请选择要邀请的人。", "Please choose whom to invite.")})
            )
        return render_template(
            "sitting/invite.html",
            sitting=sitting,
            f=form,
            kinds=_by_kind([one for one in found if one.id not in invited]),
        ), 422 if form.errors else 200


def _by_kind(found: list[Person]) -> list[tuple[str, Words, list[tuple[str, str, str]]]]:
    """(name of the field, its label, who can be chosen and where they are); kinds without anybody are left out."""
    options: dict[str, list[tuple[str, str, str]]] = {kind: [] for kind in KINDS}
    for person in found:
        posts = [post for post in person.posts if post.confirmed_at and not post.ended_at]
        roles = {post.role for post in posts}
        kind = next((kind for kind, (_label, of) in KINDS.items() if roles & of), "staff")
        places = sorted({_place(post) for post in posts})
        options[kind].append((str(person.id), person.name, presenters.say(Words("、", ", ")).join(places)))
    return [(kind, KINDS[kind][0], of_kind) for kind, of_kind in options.items() if of_kind]


def _place(post: Post) -> str:
    place = post.unit or post.group
    return place.name if place else presenters.say(ROLES[post.role].title)


@pages.get("/door")
@for_roles(*DOOR_KEEPERS)
def door(sitting_id: int) -> str:
    """What stands at the door: the code to scan, how many have come, and who is to be signed in by hand."""
    with reading() as db:
        sitting, actor = enter(db, sitting_id, DOOR_KEEPERS)
        code = door_code(sitting, now())
        address = f"{settings().public_url}{url_for('.sign_in', sitting_id=sitting_id)}"
        return render_template(
            "sitting/door.html",
            sitting=sitting,
            closed=unmet(db, sitting, Guard("sitting_is_on"), now()),
            code=code,
            address=address.partition("//")[2],
            picture=presenters.qr(f"{address}?code={code}"),
            **nouns.attendance(db, sitting, actor),
        )


@pages.route("/sign-in", methods=["GET", "POST"])
@for_staff
def sign_in(sitting_id: int) -> str | Response | tuple[str, int]:
    """Where the code at the door leads: one button for whoever is invited."""
    form, closed = Form({"code": "".join(request.values.get("code", "").split())}), None
    with as_needed() as db:
        sitting, actor = sittings.sitting(db, sitting_id), auth.actor(db)
        mine = attendance.attendance_of(db, sitting, actor.id or 0)
        if mine is None:
            raise Forbidden(
                Words(
                    "您不在本场会议的受邀名单里，不能签到。请找会场工作人员。",
                    "You are not invited to this sitting and cannot sign in. Please ask the staff at the door.",
                )
            )
        if request.method == "POST":
            try:
                perform(db, mine, "sign_in", actor=actor, now=now(), code=form.given["code"])
                return redirect(url_for(".sign_in", sitting_id=sitting_id))
            except Invalid as refusal:
                form = form.refused(refusal)
        has_come = "attended" in state_of(db, mine).marks
        if not has_come:
            process = process_of(db, mine)
            try:
                permit(db, process, mine, process.verbs["sign_in"], actor, now())
            except WrongState as refusal:
                closed = refusal.words
        return render_template(
            "sitting/sign_in.html",
            sitting=sitting,
            mine=mine,
            has_come=has_come,
            is_late=attendance.is_late(db, sitting, mine),
            closed=closed,
            f=form,
        ), 422 if form.errors else 200
