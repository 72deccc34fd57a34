"""Every field times what people and programs should not send: never a fault, nothing changed, a clear sentence.

`tests/data/bad_inputs.jsonl` is the part of the catalogue that fits a form's field.
"""

import ast
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import pytest
from markupsafe import escape
from werkzeug.test import TestResponse

from engine.actions.people import issue_link
from tests.houses import POINTS
from tests.web.visitors import Visitor, Web, said

CATALOGUE = Path(__file__).parents[1] / "data" / "bad_inputs.jsonl"
KINDS = [
    "a\x00b",
    "\x1b[31m",
    "a\u2028b",
    "\ud800",
    "\u202etxt",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "' OR 1=1 --",
    "１２",
    "9223372036854775808",
    "9" * 5000,
    "长" * 100_000,
]
"""One of each class, for every field there is."""


def catalogue() -> Iterator[tuple[str, str]]:
    """(id, text) of every case; some are written as `'x'*5000`."""
    for line in CATALOGUE.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        payload = case["payload"]
        if isinstance(payload, dict):
            product = ast.parse(payload["py"], mode="eval").body
            assert isinstance(product, ast.BinOp)
            payload = ast.literal_eval(product.left) * ast.literal_eval(product.right)
        yield case["id"], payload


def send(visitor: Visitor, path: str, fields: dict[str, str]) -> TestResponse:
    """As a program would: any code point, also one that no browser sends."""
    if not visitor.token:
        visitor.get("/login")
    body = urlencode({"csrf_token": visitor.token} | fields, errors="surrogatepass").encode()
    kind = "application/x-www-form-urlencoded"
    return visitor.client.post(path, data=body, content_type=kind, buffered=True)


def is_harmless(web: Web, answer: TestResponse, before: int) -> bool:
    """Taken, or shown again, or refused in a sentence with nothing kept."""
    if answer.status_code in (200, 302):
        return True
    return 400 <= answer.status_code < 500 and web.facts() == before and "。" in said(answer)


TOPIC = {
    "title": "加快老旧小区电梯加装",
    "why_now": "老人下楼难。",
    "matter_kind": "livelihood",
    "form": "",
    "unit_id": "",
}
SET_UP = "name name_en offices years sysadmin_name sysadmin_email secadmin_name secadmin_email password again".split()
PERSON = {"name": "赵一", "email": "zhao@xieshang.example", "role": "scorer", "unit": "", "group": ""}
SCORES = {f"points-{name}": str(points) for name, points in POINTS.items()}
FORMS: dict[str, tuple[str, str, dict[str, str]]] = {
    "sign in": ("", "/login", {"email": "", "password": "x", "next": ""}),
    "phone": ("", "/verify", {"phone": "10012345678", "code": "", "name": "", "accepted": "1", "next": ""}),
    "set up": ("", "/set-up/{token}", dict.fromkeys(SET_UP, "x") | {"again": "y"}),
    "topic": ("citizen1", "/topics/new", TOPIC | {"key": "", "feasibility": ""}),
    "acting": ("committee", "/account/acting", {"role": ""}),
    "password": ("scorer1", "/account/password", {"password": "x", "again": "y"}),
    "second factor": ("scorer1", "/account/second-factor", {"code": "", "next": ""}),
    "person": ("sysadmin", "/desk/people/new", PERSON),
    "post": ("sysadmin", "/desk/people/3/posts", {"role": "unit_admin", "unit": "", "group": ""}),
    "disable": ("sysadmin", "/desk/people/3/disable", {"version": ""}),
    "place": ("sysadmin", "/desk/places", {"kind": "", "name": "", "name_en": ""}),
    "calendar": (
        "sysadmin",
        "/desk/calendar/days",
        {"day": "2027-10-09", "plan": "worked", "name": "国庆节"},
    ),
    "call": ("office", "/desk/plans/new", {"title": "x", "year": "2028", "plenary_on": "2028-02-22"}),
    "decline": (
        "office",
        "/desk/matters/{topic}/decline",
        {"reason_code": "", "reason": "x", "version": "1"},
    ),
    "merge": ("office", "/desk/matters/{topic}/merge", {"merged_into_id": "", "version": "1", "more": ""}),
    "draft": ("office", "/desk/matters/{topic}/decline/draft", {"reason_code": "", "reason": ""}),
    "score": ("scorer1", "/desk/matters/{scoring}/score", SCORES | {"remark": "", "version": "2"}),
}


def places(web: Web) -> dict[str, object]:
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        token = issue_link(db, None, purpose="set_up", now=web.house.now)
        return {
            "topic": web.house.topic(db, plan).id,
            "scoring": web.house.topic(db, plan).id,
            "token": token,
        }


@pytest.mark.parametrize("form", FORMS)
def test_no_field_is_hurt_by_any_kind(web: Web, form: str) -> None:
    send_every_kind(web, form)


@pytest.mark.parametrize("form", ["sign in", "topic", "decline", "place", "person", "calendar"])
@pytest.mark.parametrize("house", ["postgresql"], indirect=True)
def test_what_reaches_a_column_does_not_hurt_postgresql_either(web_on_both: Web, form: str) -> None:
    send_every_kind(web_on_both, form)


def send_every_kind(web: Web, form: str) -> None:
    who, path, good = FORMS[form]
    path = path.format(**places(web))
    visitor = web.sign_in(who) if who else web.visitor()
    for field in good:
        for text in KINDS if form != "sign in" else KINDS[:4]:
            before, answer = web.facts(), send(visitor, path, good | {field: text})
            assert is_harmless(web, answer, before), (
                field,
                text[:40],
                answer.status_code,
                said(answer)[-300:],
            )
            assert "<script>alert" not in answer.text
            assert "<img src=x" not in answer.text


def test_no_text_of_the_catalogue_hurts_a_topic(web_on_both: Web) -> None:
    web = web_on_both
    places(web)
    visitor = web.sign_in("citizen1")
    for number, text in catalogue():
        for field in ("title", "why_now") if "<" in text else ("why_now",):
            before = web.facts()
            answer = send(visitor, "/topics/new", TOPIC | {field: text, "key": f"{field}{number}"})
            assert is_harmless(web, answer, before), (number, field, answer.status_code)
            if answer.location and text.isprintable():
                shown = visitor.get(answer.location).text
                assert str(escape(text.strip())) in shown, number
                assert "<" not in text or text not in shown


@pytest.mark.parametrize(
    ("who", "path", "names"),
    [
        ("", "/topics", ["show", "sort", "page", "size", "lang"]),
        ("citizen1", "/topics/similar", ["title"]),
        ("citizen1", "/topics/new", ["key"]),
        ("", "/ledger", ["page", "size"]),
        ("", "/recommendations", ["page", "size", "mark"]),
        ("", "/preferences", ["back", "lang", "theme", "elder"]),
        ("", "/login", ["next"]),
        ("office", "/desk/", ["process", "page", "size"]),
        ("office", "/desk/topics", ["show", "sort", "page", "size"]),
        ("sysadmin", "/desk/people", ["q", "page", "size", "sort"]),
        ("sysadmin", "/desk/calendar", ["year"]),
    ],
)
def test_no_address_is_hurt_by_the_catalogue(web: Web, who: str, path: str, names: list[str]) -> None:
    visitor = web.sign_in(who) if who else web.visitor()
    before = web.facts()
    texts = KINDS + [text for case, text in catalogue() if case[0] in "DE"]
    for number, text in enumerate(texts * 2):
        name = names[(number + number // len(texts)) % len(names)]
        answer = visitor.get(f"{path}?{urlencode({name: text[:5000]}, errors='surrogatepass')}")
        assert answer.status_code < 500, (name, text[:40])
        assert not text.startswith("<") or text not in answer.text
    assert web.facts() == before


BODIES = {
    "10 MB": (b"title=" + b"x" * 10_000_000, "application/x-www-form-urlencoded", 413),
    "10 MB in parts": (
        b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n' + b"x" * 10_000_000 + b"\r\n--b--\r\n",
        "multipart/form-data; boundary=b",
        413,
    ),
    "2,000 parts": (
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 2000 + b"--b--\r\n",
        "multipart/form-data; boundary=b",
        413,
    ),
    "no boundary": (b"--b\r\n\r\n", "multipart/form-data", 400),
    "a part cut off": (
        b'--b\r\nContent-Disposition: form-data; name="a"',
        "multipart/form-data; boundary=b",
        400,
    ),
    "deep JSON": (b'{"a":' * 100_000, "application/json", 400),
    "UTF-16 JSON": ('{"title": "x"}'.encode("utf-16"), "application/json", 400),
    "JSON": (b'{"title": "x"}', "application/json", 400),
    "nothing": (b"", "", 400),
    "no kind": (b"\xff\xfe", "x/y; charset=utf-7", 400),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_form_is_refused(web: Web, name: str) -> None:
    places(web)
    body, kind, status = BODIES[name]
    visitor = web.sign_in("citizen1")
    visitor.get("/login")
    before = web.facts()
    answer = visitor.client.post(
        "/topics/new", data=body, content_type=kind, headers={"X-CSRFToken": visitor.token}, buffered=True
    )
    assert answer.status_code in (status, 422), answer.status_code
    assert "。" in said(answer)
    assert web.facts() == before


def test_a_field_as_a_list_or_as_a_file_is_no_text(web: Web) -> None:
    places(web)
    visitor = web.sign_in("citizen1")
    visitor.get("/login")
    rest, before = {name: value for name, value in TOPIC.items() if name != "title"}, web.facts()
    for title in (
        {"title": ["", "加快老旧小区电梯加装"]},
        {"title[]": "加快老旧小区电梯加装"},
        {"title[$gt]": ""},
        {"title": (BytesIO("加快老旧小区电梯加装".encode()), "title.txt")},
    ):
        answer = visitor.post("/topics/new", rest | title)
        assert answer.status_code == 422
        assert '<li><a href="#title">' in answer.text
    assert web.facts() == before
