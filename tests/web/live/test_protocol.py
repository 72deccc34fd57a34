import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.wire import Bearer, Beat
from web.live.protocol import CREDIT_WINDOW, CREDITS, Bucket, Join, Like, Viewer, Violation, parse

BEAT = b'{"t":"beat","n":1,"visible":true,"watched_ms":4000}'
JOIN = b'{"t":"join","ticket":"abc"}'


def admitted() -> Viewer:
    return Viewer(5, Bearer(12, "viewer", "visit", "official"), admitted=True)


def test_the_three_messages_are_understood() -> None:
    assert parse(JOIN) == Join("abc", None, None)
    assert parse(b'{"t":"join","resume":"abc","since":7}') == Join(None, "abc", 7)
    assert parse(BEAT) == Beat(1, True, 4000)
    assert parse(b' {"t": "like", "to": "sitting", "extra": "is ignored"}') == Like("sitting")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b'"{"',
        b"{",
        b"{}",
        b'{"t":"hb"}',
        b'{"t":["beat"]}',
        b'{"t":{"t":"beat"}}',
        b'{"t":"join"}',
        b'{"t":"join","ticket":7}',
        b'{"t":"join","ticket":"a","resume":"b"}',
        b'{"t":"join","resume":"b","since":-1}',
        b'{"t":"join","resume":"b","since":1.0}',
        b'{"t":"join","resume":"b","since":99999999999999999999}',
        b'{"t":"beat","n":1,"visible":true}',
        b'{"t":"beat","n":true,"visible":true,"watched_ms":1}',
        b'{"t":"beat","n":1,"visible":1,"watched_ms":1}',
        b'{"t":"beat","n":1,"visible":true,"watched_ms":1e308}',
        b'{"t":"beat","n":NaN,"visible":true,"watched_ms":1}',
        b'{"t":"beat","n":1,"n":2,"visible":true,"watched_ms":1}',
        b'{"t":"beat","n":1,"visible":true,"watched_ms":604800001}',
        b'{"t":"like"}',
        b'{"t":"like","to":"comment:7"}',
        b'{"t":"like","to":null}',
        b"[" * 4096,
        b'{"a":' * 800,
        b'{"n":' + b"9" * 4000 + b"}",
        b"\xef\xbb\xbf" + BEAT,
    ],
)
def test_anything_else_is_not(data: bytes) -> None:
    assert parse(data) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_none_or_not_utf8(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        with pytest.raises(Violation, match="UTF-8"):
            parse(data)
    else:
        assert parse(data) is None


@given(st.dictionaries(st.sampled_from(["t", "n", "to", "since"]), st.integers() | st.text() | st.booleans()))
def test_any_flat_object_is_judged_without_an_error(given_object: dict[str, object]) -> None:
    parse(json.dumps(given_object).encode())


def test_the_first_message_not_understood_is_ignored_and_the_second_ends_it() -> None:
    viewer = admitted()
    assert viewer.hear(b'{"t":"wave"}') is None
    assert viewer.hear(BEAT) == Beat(1, True, 4000)
    with pytest.raises(Violation, match="not understood") as caught:
        viewer.hear(b'{"t":"wave"}')
    assert caught.value.code == 1008


def test_nothing_but_a_join_makes_sense_first_and_no_second_one() -> None:
    viewer = Viewer(5)
    assert viewer.hear(BEAT) is None
    assert viewer.hear(JOIN) == Join("abc", None, None)
    viewer = admitted()
    assert viewer.hear(JOIN) is None


def test_a_viewer_has_sixty_frames_in_fifteen_seconds() -> None:
    viewer = Viewer(5)
    for _ in range(CREDITS):
        viewer.spend(100.0)
    with pytest.raises(Violation, match="too many") as caught:
        viewer.spend(100.0 + CREDIT_WINDOW - 0.1)
    assert caught.value.code == 1008
    viewer.spend(100.0 + CREDIT_WINDOW)


@given(st.lists(st.floats(0, 0.5), max_size=300))
def test_a_bucket_never_lets_more_through_than_its_rate_and_one_second_at_once(steps: list[float]) -> None:
    bucket, now, taken = Bucket(10), 1000.0, 0
    for step in steps:
        now += step
        taken += bucket.take(now)
    assert taken <= 10 + 10 * (now - 1000.0)
