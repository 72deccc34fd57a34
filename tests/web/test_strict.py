"""What may come in at all."""

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest, NotFound, RequestEntityTooLarge
from werkzeug.routing import Map, Rule

from web.strict import MAX_DEPTH, MAX_JSON, Id, StrictJSON, line_wrong, path_of_this_site

json = StrictJSON(Flask("test"))
ids = Map([Rule("/<id:id>", endpoint="page")], converters={"id": Id}).bind("localhost")

BAD_JSON = [
    b"",
    b"null",
    b"1",
    b'"x"',
    b"[]",
    b"{",
    b'{"a":1,}',
    b'{"a":1,"a":2}',
    b'{"a":{"b":1,"b":2}}',
    b'{"a":NaN}',
    b'{"a":-Infinity}',
    b'{"a":1e999}',
    b'{"a":"\\ud800"}',
    b'{"\\udfff":1}',
    b'{"a":["x\\u0000y"]}',
    b'{"a":"\xff"}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a":' + b"9" * 5000 + b"}",
    '{"a":1}'.encode("utf-16"),
    '{"a":1}'.encode("utf-16-le"),
    '{"a":1}'.encode("utf-8-sig"),
    b'{"a":1} x',
    b"{'a':1}",
    b'{"a":1}//',
]


@pytest.mark.parametrize("body", BAD_JSON)
def test_json_that_readers_may_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        json.loads(body)


def test_json_beyond_a_megabyte_is_refused_unread() -> None:
    with pytest.raises(RequestEntityTooLarge):
        json.loads(b" " * (MAX_JSON + 1))


def test_honest_json_is_read_as_it_is() -> None:
    value = {"标题": "𠮷野家 👨‍👩‍👧", "n": 1.5, "list": [{"a": None, "b": True}]}
    assert json.loads(json.dumps(value)) == value
    deep = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    assert json.loads(deep)
    with pytest.raises(BadRequest):
        json.loads(b'{"a":' + deep + b"}")


SAFE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.recursive(st.none() | st.booleans() | SAFE, lambda part: st.lists(part, max_size=3), max_leaves=5))
def test_any_text_that_can_be_kept_comes_through(value: object) -> None:
    assert json.loads(json.dumps({"value": value})) == {"value": value}


@pytest.mark.parametrize("text", ["0", "01", "-1", " 1", "1e3", "１", "9007199254740992", "9" * 400, "x", ""])
def test_an_id_is_written_one_way(text: str) -> None:
    with pytest.raises(NotFound):
        ids.match(f"/{text}")


def test_an_id_is_a_number() -> None:
    assert ids.match("/9007199254740991") == ("page", {"id": 2**53 - 1})


@given(st.text())
def test_a_path_of_this_site_stays_here(target: str) -> None:
    kept = path_of_this_site(target, "/")
    assert kept.startswith("/")
    assert not kept.startswith(("//", "/\\"))
    assert kept.isprintable()


@pytest.mark.parametrize("target", ["/", "/topics?show=all&page=2", "/desk/matters/7#top", "/议题"])
def test_a_path_of_this_site_is_kept(target: str) -> None:
    assert path_of_this_site(target, "/else") == target


def test_a_line_is_one_line() -> None:
    assert line_wrong(" 市财政局 ", 4) is None
    assert line_wrong("", 4, required=False) is None
    for text in ("", " ", "市财政局长", "a\nb", "a\x00", "a\u2028b", "a\x7f"):
        assert line_wrong(text, 4)
