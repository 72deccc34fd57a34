import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import wire
from engine.wire import BadToken, Bearer, Beat, Counted, Entry, Fact, Row, Stats

SECRET = b"a secret of the house"
NOW = datetime(2026, 11, 24, 2, 42, 0, 123000, tzinfo=UTC)
BEARER = Bearer(12, "viewer-a", "visit-1", "test")
FIGURES = dict(zip(wire.STATS, range(1, 7), strict=True))

names = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)
bearers = st.builds(Bearer, st.integers(1, 2**53), names, names, st.sampled_from(wire.KINDS))
beats = st.builds(Beat, st.integers(0, 2**31), st.booleans(), st.integers(0, 2**31))
rows = st.builds(
    Row, bearers, st.booleans(), st.booleans(), st.none() | beats, st.lists(st.sampled_from(wire.LIKEABLE))
)


def read(token: str, *, after: timedelta = timedelta(0), secret: bytes = SECRET) -> Bearer:
    return wire.read_ticket(token, secret=secret, now=NOW + after)[0]


def test_a_ticket_says_who_bears_it_for_less_than_a_minute() -> None:
    ticket = wire.new_ticket(BEARER, secret=SECRET, now=NOW)
    assert read(ticket) == BEARER
    assert read(ticket, after=timedelta(seconds=59)) == BEARER
    with pytest.raises(BadToken, match="expired"):
        read(ticket, after=timedelta(seconds=60))


def test_a_ticket_from_a_clock_a_minute_ahead_is_taken_and_from_further_ahead_refused() -> None:
    ticket = wire.new_ticket(BEARER, secret=SECRET, now=NOW)
    assert read(ticket, after=timedelta(seconds=-59)) == BEARER
    with pytest.raises(BadToken, match="expired"):
        read(ticket, after=timedelta(seconds=-62))


def test_every_ticket_has_a_nonce_of_its_own() -> None:
    tickets = [wire.new_ticket(BEARER, secret=SECRET, now=NOW) for _ in range(50)]
    nonces = {wire.read_ticket(ticket, secret=SECRET, now=NOW)[1] for ticket in tickets}
    assert len(nonces) == 50
    assert "" not in nonces


def test_a_resume_token_lasts_ten_minutes_and_is_no_ticket() -> None:
    resume = wire.new_resume(BEARER, secret=SECRET, now=NOW)
    late = NOW + timedelta(seconds=599)
    assert wire.read_resume(resume, secret=SECRET, now=late) == BEARER
    with pytest.raises(BadToken, match="expired"):
        wire.read_resume(resume, secret=SECRET, now=late + timedelta(seconds=1))
    with pytest.raises(BadToken, match="forged"):
        read(resume)


@given(position=st.integers(0, 200), bit=st.integers(0, 7))
def test_a_token_with_any_bit_changed_is_refused_or_says_the_same(position: int, bit: int) -> None:
    """The last character of a base64 text has bits that mean nothing."""
    token = wire.new_ticket(BEARER, secret=SECRET, now=NOW).encode()
    position %= len(token)
    changed = token[:position] + bytes([token[position] ^ (1 << bit)]) + token[position + 1 :]
    try:
        assert read(changed.decode("latin-1")) == BEARER
    except BadToken:
        return


@pytest.mark.parametrize("token", ["", ".", "a.b", "a.b.c", "未签名.无效", "x" * 4000, "\ud800.x"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(BadToken):
        read(token)


def test_a_token_of_another_house_is_refused() -> None:
    with pytest.raises(BadToken, match="forged"):
        read(wire.new_ticket(BEARER, secret=SECRET, now=NOW), secret=b"another")


@given(st.lists(rows, max_size=20), st.integers(1, 2**40), st.integers(0, 9))
def test_a_stream_entry_is_read_as_it_was_written(seen: list[Row], seq: int, unchecked: int) -> None:
    entry = Entry("boot", seq, NOW, seen, unchecked)
    assert wire.decode_entry(wire.encode_entry(entry)) == entry


def test_a_row_takes_less_than_a_hundred_bytes() -> None:
    viewer = Bearer(12, "v" * 22, "w" * 22, "official")
    seen = [Row(viewer, beat=Beat(7, True, 210_000))] * 1000
    assert len(wire.encode_entry(Entry("boot", 1, NOW, seen))) < 100_000


HEAD = '["b",1,"2026-10-12T06:00:00.000Z",0]'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"[[1,2,3,4],[[1]]]",
        b'[["b",1,"x",0],[]]',
        b'[["b",1.5,"2026-10-12T06:00:00.000Z",0],[]]',
        b'[["b\\u0000",1,"2026-10-12T06:00:00.000Z",0],[]]',
        *(
            f"[{HEAD},[{row}]]".encode()
            for row in (
                '[12,"viewer","visit",-1,1,0,null,[]]',
                '[12,"","visit",0,1,0,null,[]]',
                '[12,"viewer",["visit"],0,1,0,null,[]]',
                '["12","viewer","visit",0,1,0,null,[]]',
                '[12,"viewer","visit",0,1,0,[1,1,-5],[]]',
                '[12,"viewer","visit",0,1,0,[1,1,1e999],[]]',
                '[12,"viewer","visit",0,1,0,null,["moon"]]',
                '[12,"viewer","visit",0,1,0,null,[[]]]',
            )
        ),
    ],
)
def test_what_is_no_stream_entry_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (of whatever words)
        wire.decode_entry(data)


def test_no_two_sittings_share_the_key_of_a_viewer() -> None:
    kinds: tuple[wire.Who, ...] = ("browser", "person", "hall")
    keys = [
        wire.viewer_key(sitting, who, kind, secret=SECRET)
        for sitting in (1, 12)
        for who in ("2", "22", "a-browser")
        for kind in kinds
    ]
    assert len(set(keys)) == 18
    assert all(len(key) == 22 and "browser" not in key for key in keys)
    assert [wire.is_verified(key) for key in keys[:3]] == [False, True, False]
    assert [wire.only_looks_on(key) for key in keys[:3]] == [False, False, True]


def test_channel_messages_are_read_as_they_were_written() -> None:
    fact = Fact(7, "question.on_air", {"number": 3, "text": "小区停车难怎么解决？"})
    assert wire.decode_fact(wire.encode_fact(fact)) == fact
    stats = Stats(NOW, FIGURES)
    assert wire.decode_stats(wire.encode_stats(stats)) == stats
    counted = Counted("boot", [3, 4, 7])
    assert wire.decode_counted(wire.encode_counted(counted)) == counted


def test_a_fact_above_a_kilobyte_is_not_published() -> None:
    with pytest.raises(ValueError, match="bytes of 1024"):
        wire.encode_fact(Fact(7, "comment.approved", {"text": "议" * 400}))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"fact_no":0}', b'{"fact_no":"7"}', b'{"fact_no":true}']
)
def test_what_is_no_channel_message_is_a_value_error(data: bytes) -> None:
    for decode in (wire.decode_fact, wire.decode_stats, wire.decode_counted):
        with pytest.raises(ValueError):  # noqa: PT011
            decode(data)


def test_the_frames_are_those_of_the_published_wire() -> None:
    stats, fact = Stats(NOW, FIGURES), Fact(7, "question.on_air", {"number": 3})
    counts = {"online": 1, "peak": 2, "visits": 3, "likes": 4, "comments": 5, "questions": 6}
    assert json.loads(wire.hello(12, 6, stats, "token", ["sitting"])) == {
        "t": "hello",
        "sitting": 12,
        "fact_no": 6,
        "stats": counts,
        "beat": 30,
        "resume": "token",
        "liked": ["sitting"],
    }
    assert json.loads(wire.tick(9, NOW, stats, [fact], 2)) == {
        "t": "tick",
        "seq": 9,
        "at": "2026-11-24T02:42:00.123Z",
        "stats": counts,
        "facts": [{"fact_no": 7, "event": "question.on_air", "data": {"number": 3}}],
        "more": 2,
    }
    assert json.loads(wire.liked("sitting")) == {"t": "liked", "to": "sitting"}
    assert json.loads(wire.resync(8)) == {"t": "resync", "fact_no": 8}
    assert json.loads(wire.bye(12)) == {"t": "bye", "retry": 12}


def test_a_tick_says_when_its_counts_were_true_and_not_when_it_was_sent() -> None:
    stats = Stats(NOW - timedelta(minutes=5), FIGURES)
    assert json.loads(wire.tick(1, NOW, stats, [], 0))["at"] == "2026-11-24T02:37:00.123Z"
    assert json.loads(wire.tick(1, NOW, None, [], 0))["at"] == "2026-11-24T02:42:00.123Z"


def test_chinese_stands_in_a_frame_as_itself() -> None:
    assert "停车难".encode() in wire.tick(1, NOW, None, [Fact(1, "question.asked", {"text": "停车难"})], 0)
