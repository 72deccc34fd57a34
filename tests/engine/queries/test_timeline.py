"""How a sitting went, from the same rows as its figures."""

from datetime import timedelta

import pytest

from engine.actions.counting import START, commit_entries, take_over
from engine.models.consultation import Segment, Sitting
from engine.queries import timeline
from engine.queries.statistics import counts_of
from tests.crowds import CLOSED, OPENED, a_comment, a_question, a_sitting, entry, row, watched
from tests.houses import House

MINUTE = timedelta(minutes=1)


@pytest.fixture
def over(house: House) -> int:
    with house.transaction() as db:
        return watched(db).id


def test_the_minutes_add_up_to_the_figures(house: House, over: int) -> None:
    with house.database.reading() as db:
        sitting = db.get_one(Sitting, over)
        found, counts = timeline.minutes(db, sitting), counts_of(db, sitting)
    assert [one.at for one in found] == [OPENED + MINUTE * at for at in range(3)]
    for kind, figures in counts.items():
        assert sum(one.visits[kind] for one in found) == figures["visits"]
        assert max(one.online[kind] for one in found) == figures["peak"]


def test_a_segment_counts_what_happened_while_it_lasted(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db, closed=CLOSED)
        take_over(db, 1)
        entries = [
            entry(1, row(sitting.id, "b.a", joined=True, watched=1, likes=["sitting"])),
            entry(
                10,
                row(sitting.id, "b.b", joined=True, watched=1),
                *(row(sitting.id, viewer, kind="test", watched=1) for viewer in ("b.t", "b.u", "b.v")),
            ),
            entry(100, row(sitting.id, "b.c", joined=True, watched=1, likes=["sitting"])),
        ]
        commit_entries(db, {}, entries, position=START, epoch=1, now=CLOSED)
        for state, second, is_test in (
            ("approved", 20, False),
            ("hidden", 21, False),
            ("approved", 22, True),
        ):
            a_comment(db, sitting, state, is_test=is_test).created_at = OPENED + timedelta(seconds=second)
        a_question(db, sitting).created_at = OPENED + timedelta(seconds=110)
        times = [(OPENED, OPENED + MINUTE), (OPENED + MINUTE, None), (None, None)]
        for at, (started, ended) in enumerate(times, start=1):
            db.add(
                Segment(
                    sitting_id=sitting.id,
                    position=at,
                    kind="briefing",
                    title=f"环节{at}",
                    minutes=5,
                    started_at=started,
                    ended_at=ended,
                )
            )
        db.flush()
        db.expire_all()
        first, second = timeline.segments(db, sitting, CLOSED)
    assert (first.minutes, first.online_peak, first.likes, first.comments, first.questions) == (1, 2, 1, 1, 0)
    assert (second.minutes, second.online_peak, second.likes, second.comments, second.questions) == (
        2,
        1,
        1,
        0,
        1,
    )
    assert first.online_mean is not None
    assert 1 <= first.online_mean <= 2


def test_a_sitting_that_has_not_begun_has_neither(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db, opened=None)
        assert (timeline.minutes(db, sitting), timeline.segments(db, sitting, CLOSED)) == ([], [])
