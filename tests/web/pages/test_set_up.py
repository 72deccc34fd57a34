"""The first day: the one-use link, the form, the two administrators."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

import migrations
from engine import calendar
from engine.actions.people import issue_link
from engine.database import Database
from engine.models.people import Unit
from engine.queries import people
from tests.web.visitors import Web, said

FILLED = {
    "name": "政协某市委员会",
    "name_en": "CPPCC of a City",
    "offices": "办公室\r\n提案委员会\r\n",
    "years": ["2026"],
    "sysadmin_name": "许管理",
    "sysadmin_email": "a@xieshang.example",
    "secadmin_name": "何安全",
    "secadmin_email": "b@xieshang.example",
    "password": "一把很长的钥匙 2026",
    "again": "一把很长的钥匙 2026",
}


@pytest.fixture
def new(empty_database: Database, make_web: Callable[[str], Web]) -> Web:
    """An empty house, on SQLite and on PostgreSQL."""
    migrations.upgrade(empty_database.bind)
    return make_web(empty_database.bind.url.render_as_string(hide_password=False))


def link(web: Web) -> str:
    with web.house.transaction() as db:
        return f"/set-up/{issue_link(db, None, purpose='set_up', now=web.house.now)}"


def test_the_house_is_set_up_once_with_two_administrators(new: Web) -> None:
    path, visitor = link(new), new.visitor()
    assert visitor.get(path).status_code == 200
    done = visitor.post(path, FILLED)
    way_in = re.search(r"<code>http://127\.0\.0\.1:8000(/sign-in/[\w-]+)</code>", done.text)
    assert way_in
    assert "何安全" in new.visitor().get(way_in[1]).text
    visitor.forget()
    page = said(visitor.get("/desk/people"))
    assert "许管理" in page
    assert "何安全" in page
    assert "政协某市委员会" in said(new.visitor().get("/"))
    assert "CPPCC of a City" in said(new.visitor().get("/?lang=en"))
    with new.house.transaction() as db:
        assert db.scalars(select(Unit.name).order_by(Unit.id)).all() == ["办公室", "提案委员会"]
        assert calendar.of(db).years == {2026}
        roles = {person.name: {post.role for post in person.posts} for person in people.staff(db)[0]}
        assert roles == {"许管理": {"sysadmin"}, "何安全": {"secadmin"}}


def test_the_link_is_used_up(new: Web) -> None:
    path, visitor, second = link(new), new.visitor(), new.visitor()
    second.get(path)
    visitor.post(path, FILLED)
    before = new.facts()
    assert visitor.get(path).status_code == 404
    answer = second.post(path, FILLED)
    assert answer.status_code == 404
    assert "已经用过或已经过期" in said(answer)
    assert new.facts() == before


def test_a_second_link_does_not_set_the_house_up_again(new: Web) -> None:
    first, second = link(new), link(new)
    new.visitor().post(first, FILLED)
    before = new.facts()
    other = FILLED | {"sysadmin_email": "c@xieshang.example", "secadmin_email": "d@xieshang.example"}
    answer = new.visitor().post(second, other)
    assert answer.status_code == 409
    assert "已经设置过了。" in said(answer)
    assert new.facts() == before


def test_the_link_of_a_sign_in_sets_nothing_up(new: Web) -> None:
    with new.house.transaction() as db:
        token = issue_link(db, None, purpose="sign_in", now=new.house.now)
    assert new.visitor().get(f"/set-up/{token}").status_code == 404


WRONG = [
    ({"name": " "}, "name"),
    ({"name": "长" * 81}, "name"),
    ({"name": "a\tb"}, "name"),
    ({"name_en": ""}, "name_en"),
    ({"name_en": "x" * 121}, "name_en"),
    ({"offices": "办公室\n办公室"}, "offices"),
    ({"offices": "长" * 61}, "offices"),
    ({"years": ["2026", "1066"]}, "years"),
    ({"years": ["２０２６"]}, "years"),
    ({"sysadmin_name": ""}, "sysadmin_name"),
    ({"sysadmin_email": "no address"}, "sysadmin_email"),
    ({"secadmin_name": "长" * 61}, "secadmin_name"),
    ({"secadmin_email": "a@xieshang.example"}, "secadmin_email"),
    ({"password": "short", "again": "short"}, "password"),
    ({"again": "another long key"}, "password"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_a_mistake_stands_at_its_field_and_nothing_typed_is_lost(
    new: Web, change: dict[str, object], field: str
) -> None:
    path, visitor = link(new), new.visitor()
    answer = visitor.post(path, FILLED | change)
    assert answer.status_code == 422
    assert f'<li><a href="#{field}">' in answer.text
    assert answer.text.count('<li><a href="#') == 1
    if field != "sysadmin_name":
        assert 'value="许管理"' in answer.text
    assert new.facts() == 0
    assert visitor.post(path, FILLED).status_code == 200


def test_every_mistake_is_said_at_once(new: Web) -> None:
    answer = new.visitor().post(link(new), {"password": "x", "years": ["1"]})
    fields = ("name", "name_en", "password", "years", "sysadmin_name", "secadmin_name")
    for field in fields:
        assert f'<li><a href="#{field}">' in answer.text
