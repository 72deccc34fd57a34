"""A sitting's figures a day after it: counted again by another program, frozen with their raw rows, corrected."""

import csv
import gzip
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from engine.actions.figures import FROZEN_AFTER, ask_to_freeze, correct
from engine.actions.files import path_of
from engine.actions.tasks import LASTS, LASTS_LONGER, open_tasks
from engine.errors import Forbidden, Invalid, Refused, WrongState
from engine.models.consultation import Sitting
from engine.models.house import Notice
from engine.models.ledger import LedgerEntry, Task
from engine.models.live import Like, LiveTotal, Sighting, Snapshot
from engine.queries.statistics import disagreements, figures
from engine.settings import Settings
from tests.crowds import CLOSED, a_comment, a_question, watched
from tests.houses import House
from workers.jobs import do_task


@pytest.fixture
def over(house: House) -> int:
    """A sitting with a crowd, comments and a question, that closed a minute less than a day ago."""
    with house.transaction() as db:
        sitting = watched(db)
        for state in ("approved", "approved", "hidden"):
            a_comment(db, sitting, state)
        a_comment(db, sitting, is_test=True)
        a_question(db, sitting)
        number = sitting.id
    house.now = CLOSED + FROZEN_AFTER - timedelta(minutes=1)
    return number


def turn(house: House, data: Path) -> None:
    """What the schedule asks for, and then a worker does."""
    with house.transaction() as db:
        ask_to_freeze(db, now=house.now)
    with house.database.reading() as db:
        waiting = open_tasks(db, now=house.now)
    for task in waiting:
        do_task(house.database, Settings(data, "", "", b"secret"), task, LASTS)


def said(house: House, sitting_id: int) -> dict[str, tuple[float | None, float | None, str]]:
    with house.database.reading() as db:
        found = figures(db, db.get_one(Sitting, sitting_id), house.now)
        return {one.id: (one.official, one.test, one.status) for one in found}


def snapshots(house: House) -> list[Snapshot]:
    with house.database.reading() as db:
        return list(db.scalars(select(Snapshot).order_by(Snapshot.edition)))


def entries(house: House) -> list[tuple[str, dict[str, Any]]]:
    with house.database.reading() as db:
        rows = select(LedgerEntry).where(LedgerEntry.event.like("matter.figures%")).order_by(LedgerEntry.id)
        return [(entry.event, entry.data) for entry in db.scalars(rows)]


def test_they_are_frozen_a_day_after_the_closing_and_once(house: House, over: int, tmp_path: Path) -> None:
    before = said(house, over)
    assert {status for _, _, status in before.values()} == {"provisional"}
    turn(house, tmp_path)
    assert snapshots(house) == []
    house.later(minutes=1)
    turn(house, tmp_path)
    turn(house, tmp_path)
    (snapshot,) = snapshots(house)
    assert (snapshot.edition, snapshot.reason, snapshot.agrees) == (1, None, True)
    assert said(house, over) == {
        name: (official, test, "frozen") for name, (official, test, _) in before.items()
    }
    assert before["comments_received"][:2] == (3, 1)
    assert before["visits"][0]
    with house.database.reading() as db:
        assert list(disagreements(db)) == []


def test_the_ledger_holds_both_counts_and_the_hash_of_the_raw_rows(
    house: House, over: int, tmp_path: Path
) -> None:
    house.later(minutes=1)
    turn(house, tmp_path)
    ((event, data),) = entries(house)
    with house.database.reading() as db:
        raw = db.scalars(select(Snapshot)).one().raw
    content = path_of(tmp_path, data["raw"]).read_bytes()
    assert event == "matter.figures_frozen"
    assert data["figures"] == data["recounted"]
    assert (data["edition"], data["raw"]) == (1, hashlib.sha256(content).hexdigest())
    assert (raw.sha256, raw.size, raw.is_public) == (data["raw"], len(content), False)


def test_the_raw_rows_are_all_there_and_name_nobody(house: House, over: int, tmp_path: Path) -> None:
    house.later(minutes=1)
    turn(house, tmp_path)
    with house.database.reading() as db:
        raw = db.scalars(select(Snapshot)).one().raw
        seen = db.scalar(select(func.count()).where(Sighting.has_joined | Sighting.visible.is_not(None)))
        viewers = set(db.scalars(select(Sighting.viewer)))
        likes = db.scalar(select(func.count()).select_from(Like))
    text = gzip.decompress(path_of(tmp_path, raw.sha256).read_bytes()).decode()
    rows = list(csv.reader(text.splitlines()))
    assert len([row for row in rows if row[0] in ("join", "beat")]) >= (seen or 0)
    assert len([row for row in rows if row[0] == "like"]) == likes
    assert len([row for row in rows if row[0] == "said"]) == 5
    assert {row[3] for row in rows if row[0] in ("join", "beat", "like")} == {
        str(number + 1) for number in range(len(viewers))
    }
    assert not any(viewer in text for viewer in viewers)
    assert "路灯" not in text


def test_what_happens_later_changes_nothing_that_is_frozen(house: House, over: int, tmp_path: Path) -> None:
    house.later(minutes=1)
    turn(house, tmp_path)
    before = said(house, over)
    with house.transaction() as db:
        a_comment(db, db.get_one(Sitting, over))
    assert said(house, over) == before


def test_figures_that_a_recount_does_not_give_are_withheld_and_the_office_is_told(
    house: House, over: int, tmp_path: Path
) -> None:
    with house.transaction() as db:
        db.execute(update(LiveTotal).where(LiveTotal.kind == "official").values(visits=LiveTotal.visits + 1))
    house.later(minutes=1)
    turn(house, tmp_path)
    turn(house, tmp_path)
    (snapshot,) = snapshots(house)
    assert not snapshot.agrees
    assert {status for _, _, status in said(house, over).values()} == {"provisional"}
    ((event, data),) = entries(house)
    assert event == "matter.figures_withheld"
    assert data["figures"]["official"]["visits"] == data["recounted"]["official"]["visits"] + 1
    with house.database.reading() as db:
        told = db.scalars(select(Notice.zh)).all()
    assert told == ["会议“请你来协商”的数据与独立清点不符，暂不定版。"]


def test_raw_rows_that_are_changed_after_the_freezing_are_noticed(
    house: House, over: int, tmp_path: Path
) -> None:
    house.later(minutes=1)
    turn(house, tmp_path)
    with house.transaction() as db:
        db.execute(delete(Like))
        db.execute(update(LiveTotal).values(likes_verified=0, likes_anonymous=0))
    with house.database.reading() as db:
        assert any("frozen edition" in words.en for words in disagreements(db))


def corrected(house: House, sitting_id: int, reason: str, by: str = "committee") -> None:
    with house.transaction() as db:
        correct(db, db.get_one(Sitting, sitting_id), reason, actor=house.actor(db, by), now=house.now)


def test_a_correction_is_another_edition_with_its_reason(house: House, over: int, tmp_path: Path) -> None:
    house.later(minutes=1)
    turn(house, tmp_path)
    with house.transaction() as db:
        a_comment(db, db.get_one(Sitting, over))
    corrected(house, over, " 补录纸质评论一条。 ")
    turn(house, tmp_path)
    first, second = snapshots(house)
    assert (second.edition, second.reason, second.agrees) == (2, "补录纸质评论一条。", True)
    assert first.figures["official"]["comments"] == 2
    assert said(house, over)["comments"] == (3, 1, "frozen")
    assert [data["edition"] for _, data in entries(house)] == [1, 2]


@pytest.mark.parametrize(
    ("reason", "by", "refusal"),
    [
        (" ", "committee", Invalid),
        ("字" * 501, "committee", Invalid),
        ("补\x1b[31m", "committee", Invalid),
        ("补录。", "moderator1", Forbidden),
        ("补录。", "citizen1", Forbidden),
    ],
)
def test_a_correction_without_reason_or_by_others_is_refused(
    house: House, over: int, tmp_path: Path, reason: str, by: str, refusal: type[Refused]
) -> None:
    house.later(minutes=1)
    turn(house, tmp_path)
    with pytest.raises(refusal):
        corrected(house, over, reason, by)
    with house.database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Task)) == 1


def test_nothing_is_corrected_before_it_is_frozen_nor_twice_at_once(
    house: House, over: int, tmp_path: Path
) -> None:
    with pytest.raises(WrongState):
        corrected(house, over, "补录。")
    house.later(minutes=1)
    turn(house, tmp_path)
    corrected(house, over, "补录。")
    with pytest.raises(WrongState):
        corrected(house, over, "补录。")


def test_a_freezing_that_failed_is_tried_again_the_day_after(house: House, over: int, tmp_path: Path) -> None:
    house.later(minutes=1)
    with house.transaction() as db:
        ask_to_freeze(db, now=house.now)
        db.execute(update(Task).values(state="failed"))
    turn(house, tmp_path)
    assert snapshots(house) == []
    house.later(days=1)
    turn(house, tmp_path)
    assert [one.edition for one in snapshots(house)] == [1]
    corrected(house, over, "会后又审核通过 3 条评论。")
    with house.transaction() as db:
        db.execute(update(Task).where(Task.state == "waiting").values(state="failed"))
    corrected(house, over, "会后又审核通过 3 条评论。")
    turn(house, tmp_path)
    assert [one.edition for one in snapshots(house)] == [1, 2]


def test_a_worker_has_half_an_hour_for_it(house: House, over: int) -> None:
    house.later(minutes=1)
    with house.transaction() as db:
        ask_to_freeze(db, now=house.now)
        assert list(open_tasks(db, now=house.now).values()) == [LASTS_LONGER["freeze_figures"]]
