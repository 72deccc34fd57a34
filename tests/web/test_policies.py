"""Who may open what: every address times every kind of visitor, against a table that is written here by hand."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Blueprint
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from engine.actions.perform import perform
from engine.database import Database
from engine.errors import Forbidden
from engine.rules import ROLES
from engine.settings import Settings
from tests.houses import STAFF
from tests.web.visitors import Visitor, Web, said
from web import app as application
from web.auth import Policy

NOBODY, CITIZEN = "nobody", "citizen1"
ADMINISTRATORS = {"sysadmin": ["sysadmin"], "secadmin": ["secadmin"]}
OF_THEIR_KIND = {frozenset(roles): name for name, (_, roles, _, _) in reversed(STAFF.items())}
VISITORS = [NOBODY, CITIZEN, *ADMINISTRATORS, *OF_THEIR_KIND.values()]
"""One of each: a policy knows roles, not people."""

ALL, SIGNED_IN, STAFF_ONLY = "all", "signed in", "staff"
SYSADMIN, BOTH = {"sysadmin"}, {"sysadmin", "secadmin"}
PROCEDURES = {"sysadmin", "secadmin", "office_staff"}
TOPIC_READERS = {"office_staff", "research_office", "scorer", "committee_staff", "leader", "member"}
WHO: dict[str, object] = {
    "home.home": ALL,
    "home.preferences": ALL,
    "home.rules": ALL,
    "home.privacy": ALL,
    "home.healthz": ALL,
    "files.show": ALL,
    "files.photo": ALL,
    "files.poster": ALL,
    "questionnaires.show": ALL,
    "questionnaires.preview": STAFF_ONLY,
    "topics.index": ALL,
    "topics.show": ALL,
    "topics.support": SIGNED_IN,
    "topics.new": SIGNED_IN,
    "topics.similar": SIGNED_IN,
    "topics.new_at_desk": STAFF_ONLY,
    "topics.enter": STAFF_ONLY,
    "ledger.index": ALL,
    "ledger.log": ALL,
    "ledger.checkpoint": ALL,
    "ledger.program": ALL,
    "ledger.receipt": ALL,
    "account.login": ALL,
    "account.sign_in": ALL,
    "account.logout": ALL,
    "account.verify": ALL,
    "account.show": SIGNED_IN,
    "account.acting": SIGNED_IN,
    "account.password": SIGNED_IN,
    "account.second_factor": SIGNED_IN,
    "set_up.show": ALL,
    "desk.index": STAFF_ONLY,
    "desk.notices": STAFF_ONLY,
    "desk.notices_read": STAFF_ONLY,
    "desk.topic_table": TOPIC_READERS,
    "desk.decisions": {"office_staff"},
    "desk.release_decisions": {"office_staff"},
    "desk.plans": STAFF_ONLY,
    "desk.matters": STAFF_ONLY,
    "matters.show": STAFF_ONLY,
    "matters.act": STAFF_ONLY,
    "matters.keep": STAFF_ONLY,
    "matters.begin": STAFF_ONLY,
    "matters.new_plan": {"office_staff"},
    "procedures.index": PROCEDURES,
    "procedures.show": PROCEDURES,
    "procedures.variant": SYSADMIN,
    "procedures.edition": PROCEDURES,
    "procedures.decide": PROCEDURES,
    "calendar.index": STAFF_ONLY,
    "calendar.change": SYSADMIN,
    "calendar.load": SYSADMIN,
    "calendar.import_": SYSADMIN,
    "calendar.template": SYSADMIN,
    "walks.show": PROCEDURES,
    "walks.edition": PROCEDURES,
    "walks.text": SYSADMIN,
    "attendance.invite_people": {"committee_staff", "office_staff"},
    "attendance.door": {"committee_staff", "recorder"},
    "attendance.sign_in": STAFF_ONLY,
    "briefs.index": STAFF_ONLY,
    "briefs.show": STAFF_ONLY,
    "materials.new": {"committee_staff", "office_staff"},
    "materials.share_with": {"committee_staff", "office_staff"},
    "materials.read_file": STAFF_ONLY,
    "people.index": BOTH,
    "people.show": BOTH,
    "people.new": SYSADMIN,
    "people.grant": SYSADMIN,
    "people.pass_on": SYSADMIN,
    "people.decide": BOTH,
    "people.link": SYSADMIN,
    "people.disable": SYSADMIN,
    "people.import_": SYSADMIN,
    "people.template": SYSADMIN,
    "people.export": BOTH,
    "people.places": BOTH,
}
"""Endpoint → who may, by domain/05."""


def rules(web: Web) -> Iterator[tuple[Rule, str, str]]:
    """(rule, method, an address of it that names nothing there is), all but the static files."""
    for rule in web.app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            yield rule, method, address(web, rule)


def address(web: Web, rule: Rule) -> str:
    values = {
        name: 999999 if type(converter).__name__ == "Id" else next(iter(getattr(converter, "items", ["x"])))
        for name, converter in rule._converters.items()
    }
    return web.app.url_map.bind("localhost").build(rule.endpoint, values, append_unknown=False)


def ask(visitor: Visitor, method: str, path: str) -> TestResponse:
    if method == "GET":
        return visitor.get(path)
    if not visitor.token:
        visitor.get("/login")
    data = {"csrf_token": visitor.token}
    return visitor.client.open(path, method=method, data=data, headers={"X-CSRFToken": visitor.token})


def verdict(answer: TestResponse, policy: Policy) -> str:
    """Where nobody needs to be known to read, the way to the telephone is part of writing."""
    doors = ("/login?next=",) if policy.anyone else ("/login?next=", "/verify?next=")
    if answer.status_code == 401 or (answer.location or "").startswith(doors):
        return "sign in"
    if answer.status_code == 403 and "只对" in said(answer) + str(answer.json if answer.is_json else ""):
        return "refused"
    return "open"


def expected(policy: Policy, name: str, roles: set[str]) -> str:
    if policy.anyone:
        return "open"
    if name == NOBODY:
        return "sign in"
    return "open" if not policy.roles or policy.roles & roles else "refused"


def roles_of(name: str) -> set[str]:
    return set(ADMINISTRATORS.get(name, [])) | set(STAFF[name][1] if name in STAFF else [])


@pytest.mark.parametrize("name", VISITORS)
def test_every_address_answers_as_its_policy_says(web: Web, name: str) -> None:
    visitor = web.visitor() if name == NOBODY else web.sign_in(name)
    found = {}
    for rule, method, path in rules(web):
        if rule.endpoint == "account.logout":
            continue  # it would end the walk
        answer = ask(visitor, method, path)
        assert answer.status_code < 500 or rule.endpoint == "home.healthz", (method, path)
        policy = web.app.view_functions[rule.endpoint].policy  # type: ignore[attr-defined]
        said_to_be = verdict(answer, policy)
        if said_to_be != expected(policy, name, roles_of(name)):
            found[f"{method} {path}"] = (answer.status_code, said_to_be, policy)
    assert not found


def test_the_declared_policies_are_those_of_the_table(web: Web) -> None:
    def said_of(policy: Policy) -> object:
        if policy.anyone:
            return ALL
        staff = set(ROLES) - {"citizen", "submitter", "invitee", "remote_guest", "recipient", "system"}
        return STAFF_ONLY if policy.roles == staff else set(policy.roles) or SIGNED_IN

    mine = {name.partition(".")[0] for name in WHO}
    declared = {
        name: said_of(page.policy)  # type: ignore[attr-defined]
        for name, page in web.app.view_functions.items()
        if name.partition(".")[0] in mine
    }
    assert declared == WHO


def test_a_page_without_a_policy_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Blueprint("bare", __name__)
    bare.get("/bare")(lambda: "open to the world")
    monkeypatch.setattr(application.home, "pages", bare)
    settings = Settings(tmp_path, f"sqlite:///{tmp_path}/x.db", "", b"x")
    with pytest.raises(RuntimeError, match="declare no policy: bare"):
        application.create_app(settings)


def test_a_page_that_slipped_in_without_a_policy_is_served_to_nobody(web: Web) -> None:
    web.app.add_url_rule("/slipped", view_func=lambda: "open to the world", endpoint="slipped")
    web.app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = web.sign_in("sysadmin").get("/slipped")
    assert answer.status_code == 500
    assert "open to the world" not in answer.text


def unit_topic(web: Web) -> int:
    """A topic that stands with 住建局."""
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        topic = web.house.topic(db, plan, by="unit_admin")
        topic.unit_id = web.house.actor(db, "unit_admin").posts[0].unit_id
        return topic.id


@pytest.mark.parametrize(
    ("name", "status"), [("unit_admin", 200), ("other_unit", 403), ("unit_handler", 403), ("group1", 403)]
)
def test_a_unit_opens_its_own_matters_and_no_others(web: Web, name: str, status: int) -> None:
    topic_id = unit_topic(web)
    visitor, before = web.sign_in(name), web.facts()
    answer = visitor.get(f"/desk/matters/{topic_id}")
    assert answer.status_code == status
    assert ("业主和物业公司争议多" in answer.text) == (status == 200)
    if status == 403:
        for path in ("accept", "score", "accept/draft"):
            assert visitor.post(f"/desk/matters/{topic_id}/{path}").status_code in (403, 404)
    assert web.facts() == before


@pytest.mark.parametrize("name", ["scorer1", "research", "group1", "unit_admin", "sysadmin", "secadmin"])
def test_a_plan_and_its_forms_are_closed_to_those_without_a_part_in_it(web: Web, name: str) -> None:
    with web.house.transaction() as db:
        plan_id = web.house.plan(db).id
    visitor, before = web.sign_in(name), web.facts()
    for path, method in itertools.product(("", "/draft", "/issue", "/agree"), ("GET", "POST")):
        if method == "GET" or path:
            assert ask(visitor, method, f"/desk/matters/{plan_id}{path}").status_code == 403
    assert web.facts() == before


def test_who_may_read_a_plan_may_not_therefore_change_it(web: Web) -> None:
    with web.house.transaction() as db:
        plan_id = web.house.plan(db).id
    visitor, before = web.sign_in("party"), web.facts()
    assert visitor.get(f"/desk/matters/{plan_id}").status_code == 200
    for method in ("GET", "POST"):
        answer = ask(visitor, method, f"/desk/matters/{plan_id}/draft")
        assert answer.status_code == 403
        assert "“结束征集，起草计划”由政协办公室办理。" in said(answer)
    assert web.facts() == before


def test_administrators_see_no_business(web: Web) -> None:
    topic_id = unit_topic(web)
    for name in ADMINISTRATORS:
        visitor = web.sign_in(name)
        assert visitor.get(f"/desk/matters/{topic_id}").status_code == 403
        assert visitor.get("/desk/topics").status_code == 403


def test_citizens_are_nobody_to_be_looked_up(web: Web) -> None:
    web.sign_in(CITIZEN)
    with web.house.transaction() as db:
        number = web.house.actor(db, CITIZEN).id
    admin, before = web.sign_in("sysadmin"), web.facts()
    assert admin.get(f"/desk/people/{number}").status_code == 404
    for what in ("link", "disable", "posts"):
        assert admin.post(f"/desk/people/{number}/{what}").status_code == 404
    assert web.facts() == before


GRAVE = ["office", "leader", "party", "government", "committee", "unit_leader"]


@pytest.mark.parametrize("name", GRAVE)
def test_a_grave_role_does_nothing_until_the_second_factor(web: Web, name: str) -> None:
    with web.house.transaction() as db:
        topic_id = web.house.topic(db, web.house.plan(db)).id
    visitor = web.sign_in(name, second_factor=False)
    before = web.facts()
    answer = ask(visitor, "POST", f"/desk/matters/{topic_id}/accept")
    assert answer.status_code in (302, 403)
    assert web.facts() == before


def test_in_the_demo_nothing_sleeps(demo: Web) -> None:
    visitor = demo.sign_in("leader", second_factor=False)
    assert visitor.get("/desk/topics").status_code == 200


def test_a_post_counts_until_it_is_ended(web: Web) -> None:
    visitor = web.sign_in("scorer1")
    assert visitor.get("/desk/topics").status_code == 200
    with web.house.transaction() as db:
        post_id = web.house.actor(db, "scorer1").posts[0].id
    assert web.sign_in("secadmin").post(f"/desk/posts/{post_id}/end").status_code == 302
    assert visitor.get("/desk/topics").status_code == 403


def test_the_engine_refuses_what_the_page_would_let_through(web: Web) -> None:
    """The policy of a page is the outer door only."""
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        with pytest.raises(Forbidden):
            perform(db, plan, "draft", actor=web.house.actor(db, "scorer1"), now=web.house.now)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", ""])
def test_a_forged_host_gets_nothing(web: Web, host: str) -> None:
    answer = web.visitor().get("/", headers={"Host": host}, base_url=f"http://{host or 'x'}")
    assert answer.status_code == 400


def test_without_tables_the_house_says_it_is_down_and_says_no_more(
    make_web: Callable[[str], Web], empty_database: Database
) -> None:
    web = make_web(empty_database.bind.url.render_as_string(hide_password=False))
    web.app.config["PROPAGATE_EXCEPTIONS"] = False
    health = web.visitor().get("/healthz")
    assert (health.status_code, health.json["status"]) == (503, "down")
    page = web.visitor().get("/")
    assert page.status_code == 500
    assert "系统出了问题，没有保存任何内容。" in said(page)
    for secret in ("SELECT", "Traceback", "sqlite", "psycopg", str(web.app.config["SETTINGS"].data)):
        assert secret.lower() not in page.text.lower()
