from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.counting import START, Superseded, Tally, commit_entries, load, prepare, take_over
from engine.audience import recount
from engine.models.consultation import Sitting
from engine.models.live import CounterState, Like, LiveMinute, LiveSample, LiveTotal, Sighting, Stretch
from engine.queries.statistics import disagreements, gaps, on_page, seen_rows, unchecked_tickets
from engine.wire import Entry
from tests.crowds import CLOSED, OPENED, a_crowd, a_sitting, entry, row
from tests.houses import House

SECOND = timedelta(seconds=1)


def commit(db: Session, tallies: dict[int, Tally], entries: Sequence[Entry], now: int = 200) -> None:
    epoch = db.scalar(select(CounterState.epoch)) or 1
    take_over(db, epoch)
    prepare(db, tallies, entries, now=OPENED + now * SECOND)
    commit_entries(db, tallies, entries, position=START, epoch=epoch, now=OPENED + now * SECOND)


def standing(db: Session, sitting_id: int) -> dict[str, list[str]]:
    """Everything that is kept of a sitting but its number and its gateways' names, to be compared."""
    kept = {}
    for table in (Sighting, Like, LiveMinute, LiveSample, LiveTotal):
        columns = [one for one in table.__table__.c if one.name not in ("sitting_id", "boot")]
        rows = db.execute(select(*columns).where(table.__table__.c.sitting_id == sitting_id))
        kept[table.__name__] = sorted(map(repr, rows))
    return kept


def agree(house: House) -> list[str]:
    with house.database.reading() as db:
        return [words.en for words in disagreements(db)]


@settings(
    max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(random=st.randoms(use_true_random=False), times=st.sampled_from([1, 2, 10]))
def test_entries_replayed_in_any_order_and_number_make_the_same_figures(
    house: House, random: Random, times: int
) -> None:
    closed = OPENED + 80 * SECOND
    with house.transaction() as db:
        first, second = a_sitting(db, closed=closed).id, a_sitting(db, closed=closed).id
        crowd = random.randrange(2**32)
        plain = a_crowd(first, Random(crowd), 90, boots=(f"{first}a", f"{first}b"))
        same = a_crowd(second, Random(crowd), 90, boots=(f"{second}a", f"{second}b"))
        commit(db, {}, plain)
        shuffled = [one for one in same for _ in range(times)]
        random.shuffle(shuffled)
        tallies: dict[int, Tally] = {}
        while shuffled:
            if random.random() < 0.3:
                tallies = {}  # the counter was killed
            count = random.randrange(1, 200)
            commit(db, tallies, shuffled[:count], now=random.randrange(300))
            del shuffled[:count]
        commit(db, tallies, [], now=300)
        assert standing(db, second) == standing(db, first)
        expected = recount(seen_rows(db, first), OPENED, closed)["official"].counts
        total = db.get_one(LiveTotal, (first, "official"))
        assert (total.visits, total.views, total.peak) == (expected.visits, expected.views, expected.peak)
    assert agree(house) == []


def test_a_crowd_is_counted(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db)
        entries = [
            entry(1, row(sitting.id, joined=True), row(sitting.id, "p.b", joined=True, kind="official")),
            entry(5, row(sitting.id, watched=4, likes=["sitting"]), row(sitting.id, "p.b", watched=2)),
            entry(
                35,
                row(sitting.id, watched=34, likes=["sitting"]),
                row(sitting.id, "p.b", watched=2, likes=["sitting"]),
            ),
            entry(36, row(sitting.id, "b.t", joined=True, kind="test", likes=["sitting"])),
        ]
        commit(db, {}, entries, now=36)
        total = db.get_one(LiveTotal, (sitting.id, "official"))
        assert (total.visits, total.views, total.viewers, total.online, total.peak) == (2, 1, 1, 2, 2)
        assert (total.likes_verified, total.likes_anonymous) == (1, 1)
        assert db.get_one(LiveTotal, (sitting.id, "test")).visits == 1
        assert on_page(db, sitting.id) == {
            "online": 2, "peak": 2, "visits": 3, "likes": 3, "comments": 0, "questions": 0,
        }  # fmt: skip
    assert agree(house) == []


def test_a_like_is_a_row_once_however_often_it_is_sent(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db)
        tallies: dict[int, Tally] = {}
        for seq in (20, 10, 30):
            commit(db, tallies, [entry(seq, row(sitting.id, likes=["sitting"]))])
        like = db.scalars(select(Like)).one()
        assert like.at == OPENED + 10 * SECOND
    assert agree(house) == []


def test_nothing_is_kept_from_before_the_opening_or_after_the_closing(house: House) -> None:
    with house.transaction() as db:
        waiting, over = a_sitting(db, opened=None), a_sitting(db, closed=CLOSED)
        rows = [
            row(waiting.id, joined=True, likes=["sitting"]),
            row(over.id, "b.z", joined=True, likes=["sitting"]),
        ]
        rows.append(row(99_999, "b.y", joined=True))
        commit(db, {}, [entry(1, *rows, at=CLOSED), entry(2, row(over.id, joined=True), at=OPENED - SECOND)])
        assert db.scalar(select(func.count()).select_from(Sighting)) == 0
        assert db.scalar(select(func.count()).select_from(Like)) == 0
    assert agree(house) == []


def test_a_closing_known_late_takes_back_what_was_counted_after_it(house: House) -> None:
    tallies: dict[int, Tally] = {}
    with house.transaction() as db:
        sitting = a_sitting(db)
        commit(
            db, tallies, [entry(1, row(sitting.id, joined=True)), entry(9, row(sitting.id, watched=8))], now=9
        )
        late = [
            entry(seq, row(sitting.id, f"b.{seq}", joined=True, likes=["sitting"])) for seq in range(100, 190)
        ]
        commit(db, tallies, late, now=190)
    assert agree(house) == []
    with house.transaction() as db:
        db.get_one(Sitting, sitting.id).closed_at = OPENED + 60 * SECOND
        db.flush()
        commit(db, tallies, [], now=191)
        total = db.get_one(LiveTotal, (sitting.id, "official"), populate_existing=True)
        assert (total.visits, total.likes_anonymous, total.as_of) == (1, 0, OPENED + 60 * SECOND)
        assert db.scalar(select(func.max(LiveSample.at))) == OPENED + 55 * SECOND
    assert agree(house) == []


def test_a_closing_known_in_time_needs_no_second_reading_of_the_rows(house: House) -> None:
    tallies: dict[int, Tally] = {}
    with house.transaction() as db:
        sitting = a_sitting(db)
        commit(db, tallies, a_crowd(sitting.id, Random(3), 170), now=170)
        kept = tallies[sitting.id]
        sitting.closed_at = CLOSED
        db.flush()
        commit(db, tallies, [], now=185)
        assert tallies[sitting.id] is kept
        assert kept.is_complete
    assert agree(house) == []


def test_watch_times_are_final_at_the_closing(house: House) -> None:
    tallies: dict[int, Tally] = {}
    with house.transaction() as db:
        sitting = a_sitting(db)
        commit(
            db, tallies, [entry(1, row(sitting.id, joined=True)), entry(5, row(sitting.id, watched=4))], now=5
        )
        commit(db, tallies, [entry(6, row(sitting.id, watched=5))], now=6)
        total = db.get_one(LiveTotal, (sitting.id, "official"), populate_existing=True)
        assert total.mean_ms == 4000
        sitting.closed_at = CLOSED
        db.flush()
        commit(db, tallies, [], now=300)
        db.refresh(total)
        assert (total.mean_ms, total.median_ms, total.online) == (5000, 5000, 0)
    assert agree(house) == []


def test_an_old_epoch_commits_nothing(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db)
        assert take_over(db, 1) == START
        commit_entries(db, {}, [], position="7-0", epoch=1, now=OPENED)
        assert take_over(db, 2) == "7-0"
    with pytest.raises(Superseded), house.transaction() as db:
        commit_entries(db, {}, [entry(1, row(sitting.id, joined=True))], position="8-0", epoch=1, now=OPENED)
    with pytest.raises(Superseded), house.transaction() as db:
        take_over(db, 1)
    with house.database.reading() as db:
        assert db.get_one(CounterState, 1).position == "7-0"
        assert db.scalar(select(func.count()).select_from(Sighting)) == 0


def test_a_hole_in_the_entries_is_a_recorded_gap_until_they_come(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db)
        numbers = [1, 2, 3, 8, 9, 12]
        commit(db, {}, [entry(seq) for seq in numbers])
        found = [(gap.boot, gap.entries, gap.after, gap.before) for gap in gaps(db, sitting)]
        moment = {seq: OPENED + seq * SECOND for seq in numbers}
        assert found == [("boot", 4, moment[3], moment[8]), ("boot", 2, moment[9], moment[12])]
        commit(db, {}, [entry(seq) for seq in (6, 5, 7, 4, 10)])
        assert [gap.entries for gap in gaps(db, sitting)] == [1]
        runs = db.execute(select(Stretch.first_seq, Stretch.last_seq).order_by(Stretch.first_seq)).all()
        assert runs == [(1, 10), (12, 12)]


def test_gaps_of_other_times_are_not_the_sittings(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db, closed=CLOSED)
        long_ago = [entry(seq, boot="old", at=OPENED - timedelta(hours=1, seconds=-seq)) for seq in (2, 4)]
        later = [entry(seq, boot="new", at=CLOSED + timedelta(hours=1, seconds=seq)) for seq in (1, 3)]
        commit(db, {}, [*long_ago, *later, entry(1, boot="now"), entry(3, boot="now", at=CLOSED + SECOND)])
        assert [(gap.boot, gap.entries) for gap in gaps(db, sitting)] == [("now", 1)]


def test_tickets_let_in_unchecked_are_recorded_with_their_second(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db, closed=CLOSED)
        commit(
            db,
            {},
            [entry(1), entry(2, unchecked=3), entry(3, unchecked=2), entry(4), entry(900, unchecked=9)],
        )
        runs = db.execute(select(Stretch.first_seq, Stretch.unchecked).order_by(Stretch.first_seq)).all()
        assert runs == [(1, 0), (2, 3), (3, 2), (4, 0), (900, 9)]
        assert unchecked_tickets(db, sitting) == 5


def test_two_rows_of_a_visit_in_one_entry_do_not_stop_the_counter(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db)
        commit(db, {}, [entry(1, row(sitting.id, joined=True), row(sitting.id, joined=True))])
        assert db.scalar(select(func.count()).select_from(Sighting)) == 1


def test_a_tally_read_again_is_the_one_that_was_fed(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db)
        tallies: dict[int, Tally] = {}
        commit(db, tallies, a_crowd(sitting.id, Random(8)))
        breaths: list[int] = []
        again = load(db, sitting, lambda: breaths.append(1))
        assert breaths
        now = OPENED + 200 * SECOND
        assert again.room.figures(now) == tallies[sitting.id].room.figures(now)
        assert again.stands == tallies[sitting.id].stands
