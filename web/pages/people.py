"""People, places and posts: who is who, and who may do what, each right given by two people."""

from collections.abc import Sequence

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from engine.actions.people import (
    NewPerson,
    add_group,
    add_person,
    add_unit,
    confirm_post,
    disable_person,
    end_post,
    give_link,
    grant_post,
    hand_over,
    import_people,
)
from engine.clock import now
from engine.database import Session
from engine.errors import Invalid, NotFound
from engine.models.people import Group, Person, Unit
from engine.queries import desk, people
from engine.rules import ADMINISTRATORS, HELD_BY_POST, ROLES
from engine.words import Words
from web import auth
from web.auth import for_roles, settings
from web.forms import people_sheet
from web.forms.sheets import workbook
from web.forms.verb import Form
from web.paging import asked_page
from web.presenters import say
from web.strict import line_wrong
from web.transaction import reading, transaction

pages = Blueprint("people", __name__, url_prefix="/desk")


for_administrators = for_roles(*ADMINISTRATORS)
for_sysadmin = for_roles("sysadmin")
HOUSE_ROLES = [role for role in HELD_BY_POST if ROLES[role].scope != "sitting"]


@pages.get("/people")
@for_administrators
def index() -> str:
    number, size = asked_page()
    with reading() as db:
        found, total = people.staff(db, text=request.args.get("q", "").strip()[:60], page=number, size=size)
        rows = [{"href": url_for("people.show", person_id=person.id), "person": person} for person in found]
        return render_template(
            "people/index.html",
            rows=rows,
            total=total,
            number=number,
            size=size,
            roles=ROLES,
            waiting=people.posts_waiting(db),
            vacancies=desk.vacancies(db),
            is_sysadmin="sysadmin" in auth.actor(db).roles,
        )


@pages.get("/people/<id:person_id>")
@for_administrators
def show(person_id: int) -> str:
    with reading() as db:
        return _page(db, _person(db, person_id), Form())


def _page(db: Session, person: Person, form: Form, link: str | None = None) -> str:
    return render_template(
        "people/show.html",
        who=person,
        roles=ROLES,
        f=form,
        link=link,
        guards=any(post.role == "secadmin" and not post.ended_at for post in person.posts),
        options=_role_options(),
        units=[(unit.id, unit.name) for unit in people.units(db)],
        groups=[(group.id, group.name) for group in people.groups(db)],
        others=[
            (one.id, one.name)
            for one in people.staff(db, size=500)[0]
            if not one.disabled_at and one.id != person.id
        ],
        is_sysadmin="sysadmin" in auth.actor(db).roles,
    )


@pages.route("/people/new", methods=["GET", "POST"])
@for_sysadmin
def new() -> str | Answer | tuple[str, int]:
    form = Form({name: request.form.get(name, "") for name in ("name", "email", "role", "unit", "group")})
    if request.method == "POST":
        given = form.given
        roles = (given["role"],) if given["role"] else ()
        try:
            with transaction() as db:
                person = add_person(
                    db,
                    NewPerson(given["name"], given["email"], roles, given["unit"], given["group"]),
                    actor=auth.actor(db),
                    now=now(),
                )
            flash(_("已添加。岗位要由安全管理员确认后才生效。"), "done")
            return redirect(url_for("people.show", person_id=person.id))
        except Invalid as refusal:
            form = form.refused(refusal)
    with reading() as db:
        return render_template(
            "people/new.html",
            f=form,
            options=_role_options(),
            units=[(unit.name, unit.name) for unit in people.units(db)],
            groups=[(group.name, group.name) for group in people.groups(db)],
        ), 422 if form.errors else 200


@pages.post("/people/<id:person_id>/posts")
@for_sysadmin
def grant(person_id: int) -> str | Answer | tuple[str, int]:
    form = Form({name: request.form.get(name, "") for name in ("role", "unit", "group")})
    with transaction() as db:
        person = _person(db, person_id)
        scope = ROLES[form.given["role"]].scope if form.given["role"] in ROLES else "all"
        places: dict[str, Sequence[Unit | Group]] = {"unit": people.units(db), "group": people.groups(db)}
        place = next(
            (place for place in places.get(scope, ()) if str(place.id) == form.given.get(scope)), None
        )
        try:
            grant_post(db, person, form.given["role"], place, actor=auth.actor(db), now=now())
        except Invalid as refusal:
            return _page(db, person, form.refused(refusal)), 422
    flash(_("岗位已提出，等安全管理员确认。"), "done")
    return redirect(url_for("people.show", person_id=person_id))


@pages.post("/people/<id:person_id>/hand-over")
@for_sysadmin
def pass_on(person_id: int) -> str | Answer | tuple[str, int]:
    form = Form({"successor": request.form.get("successor", "")})
    with transaction() as db:
        leaver = _person(db, person_id)
        found = [one for one in people.staff(db, size=500)[0] if str(one.id) == form.given["successor"]]
        try:
            posts = hand_over(db, leaver, found[0] if found else leaver, actor=auth.actor(db), now=now())
        except Invalid as refusal:
            return _page(db, leaver, form.refused(refusal)), 422
    flash(_("已提出 %(count)s 个岗位的交接，安全管理员确认后生效。", count=len(posts)), "done")
    return redirect(url_for("people.show", person_id=person_id))


@pages.post("/posts/<id:post_id>/<any(confirm, end):what>")
@for_administrators
def decide(post_id: int, what: str) -> Answer:
    with transaction() as db:
        post = people.post(db, post_id)
        if post is None:
            raise NotFound(Words("没有这个岗位。", "There is no such post."))
        (confirm_post if what == "confirm" else end_post)(db, post, actor=auth.actor(db), now=now())
        person_id = post.person_id
    flash(_("岗位已确认生效。") if what == "confirm" else _("岗位已结束。"), "done")
    return redirect(url_for("people.show", person_id=person_id))


@pages.post("/people/<id:person_id>/link")
@for_sysadmin
def link(person_id: int) -> str:
    """Shows a one-time sign-in link, once."""
    with transaction() as db:
        person = _person(db, person_id)
        token = give_link(db, person, actor=auth.actor(db), now=now())
        return _page(db, person, Form(), f"{settings().public_url}/sign-in/{token}")


@pages.post("/people/<id:person_id>/disable")
@for_sysadmin
def disable(person_id: int) -> Answer:
    with transaction() as db:
        person = _person(db, person_id)
        seen = person.version if request.form.get("version") == str(person.version) else 0
        disable_person(db, person, seen=seen, actor=auth.actor(db), now=now())
    flash(_("账号已停用。"), "done")
    return redirect(url_for("people.show", person_id=person_id))


@pages.route("/people/import", methods=["GET", "POST"])
@for_sysadmin
def import_() -> str | Answer | tuple[str, int]:
    """A dry run by default: every mistake with its row and column, and nothing kept until none is left."""
    wrong: list[tuple[str, Words]] = []
    rows: list[NewPerson] = []
    refusal: Words | None = None
    if request.method == "POST":
        try:
            rows = people_sheet.read(request.files.get("sheet"))
            for_real = request.form.get("do") == "import"
            with transaction() as db:
                import_people(db, rows, actor=auth.actor(db), now=now())
                if not for_real:
                    db.rollback()
            if for_real:
                flash(_("已导入 %(count)s 人。岗位要由安全管理员确认后才生效。", count=len(rows)), "done")
                return redirect(url_for("people.index"))
        except Invalid as error:
            wrong, refusal = (
                [(people_sheet.place(name), words) for name, words in error.fields.items()],
                error.words,
            )
    status = 422 if refusal else 200
    return render_template(
        "people/import.html", rows=rows, wrong=wrong, refusal=refusal, checked=request.method == "POST"
    ), status


@pages.get("/people/template.xlsx")
@for_sysadmin
def template() -> Response:
    with reading() as db:
        data = people_sheet.template(
            [unit.name for unit in people.units(db)], [group.name for group in people.groups(db)]
        )
    return workbook(data, "people.xlsx")


@pages.get("/people/export.xlsx")
@for_administrators
def export() -> Response:
    with reading() as db:
        data = people_sheet.export(people.staff(db, size=10_000)[0])
    return workbook(data, f"people-{now():%Y%m%d}.xlsx")


@pages.route("/places", methods=["GET", "POST"])
@for_administrators
def places() -> str | Answer | tuple[str, int]:
    form = Form({name: request.form.get(name, "") for name in ("kind", "name", "name_en")})
    if request.method == "POST":
        add = add_group if form.given["kind"] == "group" else add_unit
        try:
            if wrong := line_wrong(form.given["name_en"], 120, required=False):
                raise Invalid({"name_en": wrong})
            with transaction() as db:
                add(db, form.given["name"], form.given["name_en"], actor=auth.actor(db), now=now())
            flash(_("已添加。"), "done")
            return redirect(url_for("people.places"))
        except Invalid as refusal:
            form = form.refused(refusal)
    with reading() as db:
        return render_template(
            "people/places.html",
            f=form,
            units=people.units(db),
            groups=people.groups(db),
            is_sysadmin="sysadmin" in auth.actor(db).roles,
        ), 422 if form.errors else 200


def _person(db: Session, person_id: int) -> Person:
    """One of the staff. Citizens are nobody's to look up."""
    person = people.person(db, person_id)
    if person is None or person.email is None:
        raise NotFound(Words("没有这个人。", "There is no such person."))
    return person


def _role_options() -> list[tuple[str, str]]:
    return [(role, say(ROLES[role].title)) for role in HOUSE_ROLES]
