import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from engine import wire
from engine.wire import Bearer, Beat, Counted, Fact, Stats
from web.live.hub import (
    ENTRIES_KEPT,
    FACTS_A_TICK,
    FACTS_WAITING,
    RENEW_AFTER,
    ROWS_KEPT,
    Hub,
    Instant,
    Outbox,
    Presence,
)
from web.live.protocol import Viewer

SECRET = b"secret"
NOW = datetime(2026, 11, 24, 2, 42, tzinfo=UTC)
SITTING = 12
BEAT = Beat(1, True, 4000)


def moment(second: float = 1000.0) -> Instant:
    return Instant(NOW + timedelta(seconds=second - 1000.0), second)


def fact(fact_no: int) -> Fact:
    return Fact(fact_no, "comment.approved", {"number": fact_no})


def opened(*recent: int) -> Hub:
    hub = Hub("boot", SECRET)
    hub.room(SITTING).open([fact(number) for number in recent], None)
    return hub


def someone(handle: int, name: str = "viewer") -> Viewer:
    return Viewer(handle, Bearer(SITTING, f"{name}-{handle}", f"visit-{handle}", "official"))


def told(frames: Iterable[bytes]) -> list[dict[str, Any]]:
    return [json.loads(frame) for frame in frames]


def tick(hub: Hub) -> list[dict[str, Any]]:
    ((_, frames),) = hub.tick(moment())
    return told(frames)


# ---- facts


def test_hello_goes_on_from_the_last_fact_told_and_the_next_tick_from_there() -> None:
    hub = opened(5, 6)
    (hello,) = told(hub.join(someone(1), None, [], moment()))
    assert (hello["t"], hello["fact_no"], hello["liked"]) == ("hello", 6, [])
    hub.hear_fact(SITTING, fact(7))
    (frame,) = tick(hub)
    assert [found["fact_no"] for found in frame["facts"]] == [7]


def test_a_tick_tells_ten_facts_at_most_and_how_many_follow() -> None:
    hub = opened()
    hub.join(someone(1), None, [], moment())
    for number in range(1, 26):
        hub.hear_fact(SITTING, fact(number))
    told_of = [tick(hub)[0] for _ in range(3)]
    assert [frame["more"] for frame in told_of] == [15, 5, 0]
    numbers = [found["fact_no"] for frame in told_of for found in frame["facts"]]
    assert numbers == list(range(1, 26))


def test_a_flood_of_facts_is_not_told_but_fetched() -> None:
    hub = opened()
    hub.join(someone(1), None, [], moment())
    many = FACTS_A_TICK + FACTS_WAITING + 1
    for number in range(1, many + 1):
        hub.hear_fact(SITTING, fact(number))
    resync, frame = tick(hub)
    assert resync == {"t": "resync", "fact_no": many}
    assert (frame["facts"], frame["more"]) == ([], 0)


def test_facts_heard_twice_or_in_any_order_are_told_once_and_in_theirs() -> None:
    hub = opened()
    hub.join(someone(1), None, [], moment())
    for number in (2, 1, 2, 3, 1):
        hub.hear_fact(SITTING, fact(number))
    assert [found["fact_no"] for found in tick(hub)[0]["facts"]] == [1, 2, 3]


def test_a_hole_is_filled_from_the_recent_facts() -> None:
    hub = opened(1)
    hub.join(someone(1), None, [], moment())
    room = hub.hear_fact(SITTING, fact(4))
    assert room
    assert tick(hub)[0]["facts"] == []
    room.open([fact(2), fact(3), fact(4)], None)
    assert [found["fact_no"] for found in tick(hub)[0]["facts"]] == [2, 3, 4]


def test_a_hole_that_nothing_can_fill_is_said() -> None:
    hub = opened(1)
    hub.join(someone(1), None, [], moment())
    room = hub.hear_fact(SITTING, fact(400))
    assert room
    room.open([fact(399), fact(400)], None)
    assert tick(hub)[0] == {"t": "resync", "fact_no": 400}


def test_facts_heard_while_the_room_is_being_opened_are_not_lost() -> None:
    hub = Hub("boot", SECRET)
    room = hub.room(SITTING)
    hub.hear_fact(SITTING, fact(8))
    room.open([fact(6), fact(7)], None)
    (hello,) = told(hub.join(someone(1), None, [], moment()))
    assert hello["fact_no"] == 7
    assert [found["fact_no"] for found in tick(hub)[0]["facts"]] == [8]


def test_who_comes_back_is_told_what_was_missed() -> None:
    hub = opened(*range(1, 9))
    hello, missed = told(hub.join(someone(1), 5, [], moment()))
    assert hello["fact_no"] == 5
    assert [found["fact_no"] for found in missed["facts"]] == [6, 7, 8]


def test_who_was_away_too_long_or_has_more_than_we_fetches() -> None:
    hub = opened(*range(101, 201))
    for handle, since in ((1, 100), (2, 149), (3, 201), (4, 0)):
        hello, resync = told(hub.join(someone(handle), since, [], moment()))
        assert hello["fact_no"] == 200
        assert resync == {"t": "resync", "fact_no": 200}


def test_what_many_have_missed_is_made_once() -> None:
    hub = opened(1, 2, 3)
    frames = [hub.join(someone(handle), 1, [], moment())[1] for handle in (1, 2)]
    assert frames[0] is frames[1]


# ---- counts and likes


def test_the_latest_counts_are_in_hello_and_in_every_tick() -> None:
    hub = opened()
    figures = dict.fromkeys(wire.STATS, 3)
    hub.join(someone(1), None, [], moment())
    assert tick(hub)[0]["stats"] == {}
    hub.hear_stats(SITTING, Stats(NOW, figures))
    assert tick(hub)[0]["stats"] == figures
    assert told(hub.join(someone(2), None, [], moment()))[0]["stats"] == figures


def test_a_like_is_answered_when_the_counter_has_committed_it_and_not_before() -> None:
    hub, viewer = opened(), someone(1)
    hub.join(viewer, None, [], moment())
    assert hub.like(viewer, "sitting") == []
    assert list(hub.hear_counted(Counted("boot", [1]))) == []
    entry = hub.take_entry(NOW)
    assert list(hub.hear_counted(Counted("another", [entry.seq]))) == []
    assert list(hub.hear_counted(Counted("boot", [entry.seq]))) == [(viewer, wire.liked("sitting"))]
    assert hub.like(viewer, "sitting") == [wire.liked("sitting")]
    assert hub.take_entry(NOW).rows == []


def test_a_like_whose_entry_was_lost_is_written_again_when_it_is_sent_again() -> None:
    hub, viewer = opened(), someone(1)
    hub.join(viewer, None, [], moment())
    for _ in range(2):
        hub.like(viewer, "sitting")
        hub.like(viewer, "sitting")
        (row,) = hub.take_entry(NOW).rows
        assert row.likes == ["sitting"]


def test_a_like_committed_after_its_viewer_left_is_told_to_nobody() -> None:
    hub, viewer = opened(), someone(1)
    hub.join(viewer, None, [], moment())
    hub.like(viewer, "sitting")
    entry = hub.take_entry(NOW)
    hub.leave(viewer)
    assert list(hub.hear_counted(Counted("boot", [entry.seq]))) == []


def test_likes_that_the_counter_never_confirms_are_forgotten() -> None:
    hub, viewer = opened(), someone(1)
    hub.join(viewer, None, [], moment())
    for _ in range(2 * ENTRIES_KEPT):
        hub.like(viewer, "sitting")
        hub.take_entry(NOW)
    assert len(hub.uncommitted) == ENTRIES_KEPT


# ---- what is written down


def test_an_entry_has_one_row_for_each_visit_with_its_last_beat() -> None:
    hub, viewer = opened(), someone(1)
    hub.join(viewer, None, [], moment())
    hub.beat(viewer, Beat(1, True, 4000), moment())
    hub.beat(viewer, Beat(2, False, 5000), moment())
    hub.like(viewer, "sitting")
    hub.leave(viewer)
    entry = hub.take_entry(NOW)
    bearer = Bearer(SITTING, "viewer-1", "visit-1", "official")
    assert entry.rows == [wire.Row(bearer, True, True, Beat(2, False, 5000), ["sitting"])]


def test_entries_are_numbered_without_a_hole_even_when_nothing_happens() -> None:
    hub = opened()
    assert [hub.take_entry(NOW).seq for _ in range(3)] == [1, 2, 3]


def test_entries_put_back_keep_their_order_and_what_is_too_much_is_lost_from_the_front() -> None:
    hub, outbox = opened(), Outbox()
    for _ in range(3):
        outbox.add(hub.take_entry(NOW))
    taken = outbox.take()
    outbox.add(hub.take_entry(NOW))
    outbox.put_back(taken)
    assert [wire.decode_entry(sealed.data).seq for sealed in outbox.entries] == [1, 2, 3, 4]
    for _ in range(ENTRIES_KEPT):
        outbox.add(hub.take_entry(NOW))
    assert wire.decode_entry(outbox.entries[0].data).seq == 5
    assert outbox.lost_rows == 0


def test_rows_lost_while_valkey_is_away_are_counted() -> None:
    hub, outbox, rows = opened(), Outbox(), 1000
    for handle in range(rows):
        hub.join(someone(handle), None, [], moment())
    entry = hub.take_entry(NOW)
    for _ in range(ROWS_KEPT // rows + 3):
        outbox.add(entry)
    assert outbox.rows == ROWS_KEPT
    assert outbox.lost_rows == 3 * rows


# ---- who is there


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=60), st.integers(0, 100))
def test_online_are_the_viewers_with_a_beat_younger_than_45_seconds(
    beats: list[tuple[int, int]], silence: int
) -> None:
    presence, second, last = Presence(), 1000, dict[str, int]()
    for viewer, pause in beats:
        second += pause
        presence.beat(str(viewer), second)
        last[str(viewer)] = second
    presence.expire(second + silence)
    young = {viewer for viewer, beat in last.items() if second + silence - beat < wire.PRESENT_FOR}
    assert set(presence.beats) == young


def test_two_sockets_of_one_viewer_are_one_online() -> None:
    hub = opened()
    bearer = Bearer(SITTING, "one person", "visit-1", "official")
    for handle in (1, 2):
        viewer = Viewer(handle, bearer)
        hub.join(viewer, None, [], moment())
        hub.beat(viewer, BEAT, moment())
    assert len(hub.room(SITTING).presence) == 1


def test_a_room_is_kept_while_anyone_is_in_it_or_was_a_moment_ago() -> None:
    hub, viewer = opened(), someone(1)
    hub.join(viewer, None, [], moment())
    hub.beat(viewer, BEAT, moment())
    hub.leave(viewer)
    hub.tick(moment(1044))
    assert SITTING in hub.rooms
    hub.tick(moment(1045))
    assert SITTING not in hub.rooms


def test_a_page_that_stays_is_handed_a_new_resume_token_before_the_old_one_is_too_old() -> None:
    hub, viewer = opened(), someone(1)
    hub.join(viewer, None, [], moment())
    assert hub.beat(viewer, BEAT, moment(1000 + RENEW_AFTER - 1)) == []
    now = moment(1000 + RENEW_AFTER)
    (hello,) = told(hub.beat(viewer, BEAT, now))
    late = now.at + timedelta(seconds=wire.RESUME_LIFE - 1)
    assert wire.read_resume(hello["resume"], secret=SECRET, now=late) == viewer.bearer
    assert hub.beat(viewer, BEAT, moment(1001 + RENEW_AFTER)) == []


# ---- any interleaving


@dataclass
class Page:
    """A page as it should be written: it goes on by one, or it is told to fetch."""

    viewer: Viewer
    fact_no: int = 0
    seq: int = 0
    held: list[bytes] = field(default_factory=list)

    def take(self, frames: Iterable[bytes]) -> None:
        for frame in told(frames):
            match frame["t"]:
                case "hello":
                    self.fact_no = frame["fact_no"]
                case "tick":
                    assert frame["seq"] > self.seq or (self.seq == 0 == frame["seq"])
                    self.seq = frame["seq"]
                    numbers = [found["fact_no"] for found in frame["facts"]]
                    assert numbers == list(range(self.fact_no + 1, self.fact_no + 1 + len(numbers)))
                    self.fact_no += len(numbers)
                case "resync":
                    assert frame["fact_no"] >= self.fact_no
                    self.fact_no = frame["fact_no"]


class AnyInterleaving(RuleBasedStateMachine):
    """A relay that publishes into a lossy channel, a gateway, pages that get stuck, leave and come back."""

    pages = Bundle("pages")

    def __init__(self) -> None:
        super().__init__()
        self.committed = 0
        self.hub = opened()
        self.here: list[Page] = []
        self.handles = 0

    @property
    def recent(self) -> list[Fact]:
        """The last 30, as the relay keeps them."""
        return [fact(number) for number in range(max(1, self.committed - 29), self.committed + 1)]

    def enter(self, since: int | None) -> Page:
        self.handles += 1
        page = Page(someone(self.handles))
        room = self.hub.room(SITTING)
        if not room.is_open:
            room.open(self.recent, None)
        if since is not None:
            page.fact_no = since
        page.take(self.hub.join(page.viewer, since, [], moment()))
        assert since is None or page.fact_no >= since or page.fact_no == room.fact_no
        self.here.append(page)
        return page

    @rule(target=pages)
    def someone_comes(self) -> Page:
        return self.enter(None)

    @rule(target=pages, page=consumes(pages))
    def someone_comes_back(self, page: Page) -> Page:
        self.leave(page)
        return self.enter(page.fact_no)

    @rule(page=consumes(pages))
    def someone_goes(self, page: Page) -> None:
        self.leave(page)

    def leave(self, page: Page) -> None:
        self.hub.leave(page.viewer)
        self.here.remove(page)

    @rule(count=st.integers(1, 40), is_heard=st.booleans())
    def facts_are_committed(self, count: int, is_heard: bool) -> None:
        for _ in range(count):
            self.committed += 1
            if is_heard and (room := self.hub.hear_fact(SITTING, fact(self.committed))):
                room.open(self.recent, None)

    @rule()
    def the_channel_comes_back(self) -> None:
        for room in self.hub.rooms.values():
            room.open(self.recent, None)

    @rule(stuck=st.sets(st.integers(0, 5)), begun=st.sets(st.integers(0, 5)))
    def a_tick(self, stuck: set[int], begun: set[int]) -> None:
        for room, frames in self.hub.tick(moment()):
            for number, page in enumerate(self.here):
                handle = page.viewer.handle
                if handle not in room.readers:
                    continue
                if number in begun:
                    page.held = frames
                    room.fall_behind(handle, missed_tick=False)
                elif number in stuck:
                    room.fall_behind(handle, missed_tick=True)
                else:
                    page.take(frames)

    @rule(page=pages)
    def a_socket_is_free_again(self, page: Page) -> None:
        room = self.hub.room(SITTING)
        if page.viewer.handle in room.behind:
            held, page.held = page.held, []
            page.take(held)
            page.take(room.recover(page.viewer.handle, NOW))

    @invariant()
    def everyone_who_reads_is_where_the_room_is(self) -> None:
        if room := self.hub.rooms.get(SITTING):
            for page in self.here:
                if page.viewer.handle in room.readers:
                    assert page.fact_no == room.fact_no or room.must_resync

    def teardown(self) -> None:
        """In the end those who came back, those who were stuck and those who never left have the same."""
        if not self.here:
            return
        self.the_channel_comes_back()
        for page in self.here:
            self.a_socket_is_free_again(page)
        for _ in range(1 + self.committed // FACTS_A_TICK):
            self.a_tick(set(), set())
        assert {page.fact_no for page in self.here} == {self.committed}


TestAnyInterleaving = AnyInterleaving.TestCase
