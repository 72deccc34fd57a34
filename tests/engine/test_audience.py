from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audience import Beat, Counts, Figures, Join, Like, Room, Row, WatchTime, recount
from engine.wire import Kind

OPENED = datetime(2019, 8, 23, 6, 30, 20, tzinfo=UTC)
CLOSED = OPENED + timedelta(minutes=10)


def at(seconds: float) -> datetime:
    return OPENED + timedelta(seconds=seconds)


def join(seconds: float, viewer: str = "a", visit: str = "a1", kind: Kind = "official") -> Join:
    return Join(at(seconds), viewer, visit, kind)


def beat(
    seconds: float,
    viewer: str = "a",
    visit: str = "a1",
    *,
    watched: float = 0,
    visible: bool = True,
    kind: Kind = "official",
) -> Beat:
    return Beat(at(seconds), viewer, visit, kind, visible, int(watched * 1000))


def like(
    seconds: float, viewer: str = "a", to: str = "sitting", *, verified: bool = False, kind: Kind = "official"
) -> Like:
    return Like(at(seconds), viewer, to, kind, verified)


def room(*rows: Row, closed: datetime | None = CLOSED) -> Room:
    fed = Room(OPENED, closed)
    fed.feed(rows)
    return fed


def figures(*rows: Row) -> Figures:
    """Both counts of the official rows, which must agree."""
    counted = room(*rows).figures(CLOSED)
    assert counted == recount(rows, OPENED, CLOSED)
    return counted["official"]


def test_sockets_of_one_visit_are_one_visit() -> None:
    assert figures(join(0), join(60), join(300)).counts.visits == 1


@pytest.mark.parametrize(("gap", "visits"), [(0, 1), (5, 1), (5.001, 2), (60, 2)])
def test_the_same_viewer_within_five_seconds_is_one_visit(gap: float, visits: int) -> None:
    assert figures(join(10), join(10 + gap, visit="a2")).counts.visits == visits


def test_two_viewers_at_the_same_moment_are_two_visits() -> None:
    assert figures(join(10), join(10, "b", "b1")).counts.visits == 2


def test_a_page_reloaded_without_end_is_one_visit() -> None:
    assert figures(*(join(4 * n, visit=f"a{n}") for n in range(20))).counts.visits == 1


@pytest.mark.parametrize(("watched", "views"), [(3, 0), (3.001, 1), (200, 1)])
def test_a_view_is_watched_longer_than_three_seconds(watched: float, views: int) -> None:
    counts = figures(join(0), beat(34, watched=watched)).counts
    assert (counts.visits, counts.views, counts.viewers) == (1, views, views)


def test_a_page_in_the_background_is_no_view() -> None:
    assert figures(join(0), beat(34, watched=30, visible=False)).counts.views == 0


def test_nobody_watches_longer_than_they_were_seen() -> None:
    assert figures(join(0), beat(34, watched=10**9)).watch == WatchTime(36_000, 36_000)


def test_a_first_beat_alone_is_not_yet_a_view() -> None:
    assert figures(beat(4, watched=3.9)).counts.views == 0
    assert figures(join(0), beat(4, watched=3.9)).counts.views == 1


def test_one_viewer_with_two_views_is_one_unique_viewer() -> None:
    counts = figures(
        join(0), beat(34, watched=30), join(120, visit="a2"), beat(154, visit="a2", watched=30)
    ).counts
    assert (counts.visits, counts.views, counts.viewers) == (2, 2, 1)


def test_two_pages_opened_together_are_not_watched_twice() -> None:
    rows: list[Row] = [join(0), join(2, visit="a2"), beat(60, watched=60), beat(62, visit="a2", watched=60)]
    assert figures(*rows).watch.mean_ms == 64_000


def test_watch_time_is_the_mean_and_the_median_of_unique_viewers() -> None:
    rows: list[Row] = []
    for viewer, watched in (("a", 10), ("b", 20), ("c", 90), ("d", 1)):
        rows += [join(0, viewer, viewer), beat(100, viewer, viewer, watched=watched)]
    assert figures(*rows).watch == WatchTime(40_000, 20_000)


def test_without_viewers_there_is_no_watch_time() -> None:
    assert figures(join(0), like(1)) == Figures(Counts(1, 0, 0, 0, 1, 0), WatchTime(None, None))


def test_who_was_waiting_opens_the_page_at_the_opening() -> None:
    waited = figures(join(-600), beat(-5, watched=500), beat(25, watched=530), beat(55, watched=560))
    assert waited.counts.visits == 1
    assert waited.watch.mean_ms == 32_000


def test_what_comes_before_the_opening_or_from_the_closing_on_does_not_count() -> None:
    assert figures(join(-0.001), beat(600), like(601)).counts == Counts(0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("seconds", "online"), [(9.9, 0), (10, 1), (54.9, 1), (55, 0)])
def test_a_viewer_is_online_while_the_last_beat_is_younger_than_45_seconds(
    seconds: float, online: int
) -> None:
    assert room(beat(10)).crowds["official"].online(at(seconds)) == online


def test_a_closing_known_later_closes_the_room_as_one_known_before() -> None:
    rows = [join(570), beat(599, watched=29), join(580, "b"), like(598, "b")]
    late = Room(OPENED)
    late.feed(rows)
    late.close(CLOSED)
    late.feed([beat(601, watched=31), join(602, "c")])
    last = CLOSED - timedelta(milliseconds=1)
    assert late.figures(last) == room(*rows).figures(last) == recount(rows, OPENED, CLOSED)
    crowds = [crowd.crowds["official"] for crowd in (late, room(*rows))]
    assert crowds[0].samples(last) == crowds[1].samples(last)
    assert crowds[0].minutes(last) == crowds[1].minutes(last)


def test_online_is_the_last_sample() -> None:
    crowd = room(beat(12)).crowds["official"]
    assert [crowd.online(at(seconds)) for seconds in (11, 14.9, 15, 19.9)] == [0, 0, 1, 1]


def test_one_viewer_on_two_pages_is_online_once() -> None:
    assert figures(beat(1), beat(2, visit="a2"), beat(31), beat(32, visit="a2")).counts.peak == 1


def test_the_peak_is_the_highest_sample_so_far() -> None:
    crowd = room(beat(0), beat(60, "b"), beat(70, "c")).crowds["official"]
    assert [crowd.counts(at(seconds)).peak for seconds in (0, 64, 70, 599)] == [1, 1, 2, 2]


def test_samples_lie_on_whole_five_seconds_from_the_opening_to_the_closing() -> None:
    samples = room(beat(0), beat(590)).crowds["official"].samples(at(10_000))
    assert samples[0] == (at(0), 1)
    assert samples[-1] == (at(595), 1)
    assert len(samples) == 120


def test_one_viewer_likes_a_target_once_however_often_it_is_sent() -> None:
    counts = figures(like(1), like(2), like(2, to="question:7"), like(3, "b", verified=True)).counts
    assert (counts.likes_anonymous, counts.likes_verified) == (2, 1)


def test_a_like_sent_again_after_signing_in_is_verified() -> None:
    counts = figures(like(1), like(2, verified=True), like(3)).counts
    assert (counts.likes_anonymous, counts.likes_verified) == (0, 1)


def test_test_traffic_never_touches_an_official_figure() -> None:
    official: list[Row] = [join(0), beat(34, watched=30), like(5)]
    test: list[Row] = [
        join(0, kind="test"),
        *(beat(n, f"t{n}", kind="test", watched=9) for n in range(40)),
        like(5, kind="test"),
    ]
    assert figures(*official, *test) == figures(*official)
    assert room(*official, *test).figures(CLOSED)["test"] == room(*test).figures(CLOSED)["test"]


def test_who_comes_after_the_last_sample_is_in_none() -> None:
    assert figures(beat(597)).counts.peak == 0


def test_a_like_stands_in_the_minute_in_which_it_was_first_sent() -> None:
    minutes = room(like(90), like(10), like(50)).crowds["official"].minutes(at(99))
    assert [minute.counts.likes_anonymous for minute in minutes] == [1, 0]


def test_a_minute_holds_what_began_in_it() -> None:
    rows: list[Row] = [
        join(0),
        beat(34, watched=30),
        beat(40, "b", "b1"),
        like(100),
        beat(101, "b", "b1"),
    ]
    minutes = room(*rows).crowds["official"].minutes(at(119))
    assert [minute.at.strftime("%H:%M:%S") for minute in minutes] == ["06:30:00", "06:31:00", "06:32:00"]
    assert [minute.counts for minute in minutes] == [
        Counts(1, 1, 1, 0, 0, 1),
        Counts(1, 0, 0, 0, 0, 2),
        Counts(0, 0, 0, 0, 1, 1),
    ]


moments = st.one_of(st.integers(-20, 620), st.integers(0, 60), st.floats(0, 600).map(lambda n: round(n, 3)))
viewers = st.sampled_from("abcd")
kinds: st.SearchStrategy[Kind] = st.sampled_from(["official", "official", "test"])
watched = st.one_of(st.integers(0, 10), st.integers(0, 10**6), st.just(-5))
rows_of_a_sitting: st.SearchStrategy[list[Row]] = st.lists(
    st.one_of(
        st.builds(join, moments, viewers, st.sampled_from("12345"), kinds),
        st.builds(
            beat,
            moments,
            viewers,
            st.sampled_from("12345"),
            watched=watched,
            visible=st.booleans(),
            kind=kinds,
        ),
        st.builds(
            like,
            moments,
            viewers,
            st.sampled_from(["sitting", "question:1"]),
            verified=st.booleans(),
            kind=kinds,
        ),
    ),
    max_size=60,
)


@settings(max_examples=400)
@given(rows_of_a_sitting)
def test_the_running_count_and_the_recount_agree(rows: list[Row]) -> None:
    assert room(*rows).figures(CLOSED) == recount(rows, OPENED, CLOSED)


@given(rows_of_a_sitting, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(rows: list[Row], random: Random) -> None:
    again = rows + rows[: len(rows) // 2]
    random.shuffle(again)
    one, other = room(*rows).crowds["official"], room(*again).crowds["official"]
    assert one.minutes(CLOSED) == other.minutes(CLOSED)
    assert one.samples(CLOSED) == other.samples(CLOSED)
    assert one.watch() == other.watch()
    assert recount(rows, OPENED, CLOSED) == recount(again, OPENED, CLOSED)


@given(rows_of_a_sitting)
def test_every_sample_is_the_viewers_with_a_young_beat(rows: list[Row]) -> None:
    for moment, online in room(*rows).crowds["official"].samples(CLOSED):
        assert online == len(
            {
                row.viewer
                for row in rows
                if isinstance(row, Beat) and row.kind == "official" and row.at >= OPENED
                if timedelta() <= moment - row.at < timedelta(seconds=45)
            }
        )


@given(rows_of_a_sitting)
def test_every_figure_is_the_sum_of_its_minutes(rows: list[Row]) -> None:
    crowd = room(*rows).crowds["official"]
    whole, minutes = crowd.counts(CLOSED), [minute.counts for minute in crowd.minutes(CLOSED)]
    assert whole == Counts(
        visits=sum(minute.visits for minute in minutes),
        views=sum(minute.views for minute in minutes),
        viewers=sum(minute.viewers for minute in minutes),
        likes_verified=sum(minute.likes_verified for minute in minutes),
        likes_anonymous=sum(minute.likes_anonymous for minute in minutes),
        peak=max(minute.peak for minute in minutes),
    )
    assert whole.viewers <= whole.views <= whole.visits


@given(rows_of_a_sitting, st.integers(0, 599))
def test_a_sitting_still_open_counts_like_one_that_closes_later(rows: list[Row], now: int) -> None:
    so_far = [row for row in rows if row.at < CLOSED]
    assert room(*so_far, closed=None).figures(at(now)) == room(*rows).figures(at(now))
