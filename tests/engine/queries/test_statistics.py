"""Whether a recount agrees; the figures themselves are held by tests/web/api/test_sittings.py."""

from random import Random

import pytest
from sqlalchemy import delete, func, select, update

from engine.actions.counting import START, commit_entries, take_over
from engine.models.live import Like, LiveMinute, LiveSample, LiveTotal, Sighting
from engine.queries.statistics import DEFINITIONS, disagreements, figures
from tests.crowds import CLOSED, OPENED, a_crowd, a_sitting
from tests.houses import House

KEPT = ("visits", "views", "viewers", "likes_verified", "likes_anonymous", "peak")


@pytest.fixture
def counted(house: House) -> House:
    """One sitting that is over and one that is live, both with a crowd."""
    with house.transaction() as db:
        over, live = a_sitting(db, closed=CLOSED), a_sitting(db)
        take_over(db, 1)
        entries = a_crowd(over.id, Random(5)) + a_crowd(live.id, Random(6), boots=("g3", "g4"))
        commit_entries(db, {}, entries, position=START, epoch=1, now=CLOSED)
        assert db.scalar(select(func.count()).select_from(Sighting)) > 20
    return house


def findings(house: House) -> list[str]:
    with house.database.reading() as db:
        return [words.en for words in disagreements(db)]


def test_what_was_counted_agrees(counted: House) -> None:
    assert findings(counted) == []


@pytest.mark.parametrize("column", [*KEPT, "mean_ms", "median_ms"])
def test_a_changed_total_is_named(counted: House, column: str) -> None:
    with counted.transaction() as db:
        first = db.scalar(select(func.min(LiveTotal.sitting_id)))
        changed = update(LiveTotal).where(LiveTotal.sitting_id == first, LiveTotal.kind == "test")
        db.execute(changed.values({column: func.coalesce(getattr(LiveTotal, column), 0) + 1}))
    label = DEFINITIONS[{"mean_ms": "watch_mean", "median_ms": "watch_median"}.get(column, column)].label.en
    (said,) = findings(counted)
    assert said.startswith(f"“{label}” (test) of the sitting “请你来协商”: the total says ")


@pytest.mark.parametrize("column", KEPT)
def test_a_changed_minute_is_named(counted: House, column: str) -> None:
    with counted.transaction() as db:
        high = update(LiveMinute).where(LiveMinute.at == OPENED, LiveMinute.kind == "official")
        db.execute(high.values({column: getattr(LiveMinute, column) + 100}))
    said = findings(counted)
    assert len(said) == 2  # both sittings have that minute
    assert all(
        f"“{DEFINITIONS[column].label.en}” (official)" in one and "sum of minutes" in one for one in said
    )


def test_a_changed_sample_is_named(counted: House) -> None:
    with counted.transaction() as db:
        db.execute(update(LiveSample).where(LiveSample.kind == "official").values(online=99))
    assert len([one for one in findings(counted) if "samples" in one]) == 2


@pytest.mark.parametrize("table", [Sighting, Like])
def test_lost_raw_rows_are_noticed(counted: House, table: type[Sighting] | type[Like]) -> None:
    with counted.transaction() as db:
        db.execute(delete(table))
    assert findings(counted) != []


def test_a_forged_row_is_noticed(counted: House) -> None:
    with counted.transaction() as db:
        one = db.scalars(select(Sighting).where(Sighting.has_joined).limit(1)).one()
        forged = {column.key: getattr(one, column.key) for column in Sighting.__table__.c}
        db.add(Sighting(**{**forged, "seq": 9999, "viewer": "b.forged", "visit": "forged"}))
    assert any("“Visits”" in one for one in findings(counted))


def test_a_sitting_without_entries_has_noughts_and_agrees(house: House) -> None:
    with house.transaction() as db:
        sitting = a_sitting(db)
        found = {figure.id: figure for figure in figures(db, sitting, OPENED)}
        assert found.keys() == DEFINITIONS.keys()
        assert (found["visits"].official, found["watch_mean"].official) == (0, None)
    assert findings(house) == []
