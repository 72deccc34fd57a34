"""The demonstration's crowd leaves, and every figure on the page is the one its rows give; a changed byte is named."""

import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.audience import recount
from engine.database import Database
from engine.models.live import Like
from engine.models.matter import Matter
from engine.models.voice import Comment
from engine.queries import sittings, statistics
from tests.journeys.serving import Running, verify
from workers.demo import start

CROWD = 200
ON_PAGE = ("visits", "likes", "comments")


def test_the_page_shows_what_its_rows_give_and_a_changed_byte_is_named(tmp_path: Path) -> None:
    with Running("demo", tmp_path, "--crowd", str(CROWD)) as running:
        with opened(tmp_path) as db:
            sitting = start.todays_sitting(db).id
        address = f"/api/v1/sittings/{sitting}"
        before = figures(running, address)["comments"]["test"]
        running.wait_until(
            lambda: took_part(running, address, before), "the crowd has watched, liked, commented"
        )
        running.stop()
    with Running("demo", tmp_path, "--crowd", "0") as running:
        began = running.told(f"{address}/state")["at"]
        running.wait_until(
            lambda: running.told(f"{address}/state")["at"] > began, "what had come in is counted"
        )
        shown = running.told(f"{address}/state")["stats"]
        told = figures(running, address)
        with urllib.request.urlopen(f"{running.url}/live/{sitting}", timeout=5) as answer:
            page = answer.read().decode()
        running.stop()

    rows = recounted(tmp_path, sitting)
    for name in ON_PAGE:
        assert shown[name] == rows[name] == told[name]["test"], name
        assert told[name]["official"] == 0
        assert f'data-stat="{name}">{rows[name]:,}<' in page
    assert '<span class="demo">' in page
    assert verify(tmp_path).returncode == 0

    changed = one_byte_changed(tmp_path)
    found = verify(tmp_path)
    assert found.returncode == 1
    assert f"第 {changed} 条" in found.stdout


def figures(running: Running, address: str) -> dict[str, Any]:
    return {figure["id"]: figure for figure in running.told(f"{address}/statistics")["figures"]}


def took_part(running: Running, address: str, said_before: int) -> bool:
    now = {name: figure["test"] for name, figure in figures(running, address).items()}
    return now["visits"] >= CROWD / 2 and now["likes"] > 0 and now["comments"] > said_before


@contextmanager
def opened(data: Path) -> Iterator[Session]:
    with closing(Database(f"sqlite:///{data / 'xieshang.db'}")) as database, database.reading() as db:
        yield db


def recounted(data: Path, sitting_id: int) -> dict[str, int]:
    """From the rows themselves, by means other than the counter's."""
    with opened(data) as db:
        began, as_of = sittings.sitting(db, sitting_id).opened_at, statistics.counted_at(db, sitting_id)
        assert began
        assert as_of
        again = recount(statistics.seen_rows(db, sitting_id), began, as_of + timedelta(milliseconds=1))
        likes = select(Like.viewer, Like.target).where(Like.sitting_id == sitting_id).distinct()
        comments = (
            select(func.count())
            .select_from(Comment)
            .where(Matter.sitting_id == sitting_id, Matter.state == "approved")
        )
        return {
            "visits": sum(figures.counts.visits for figures in again.values()),
            "likes": len(db.execute(likes).all()),
            "comments": db.scalar(comments) or 0,
        }


def one_byte_changed(data: Path) -> int:
    """Of an old entry of the ledger, by someone with a file editor: the triggers are gone. Gives the entry's number."""
    with closing(sqlite3.connect(data / "xieshang.db")) as file, file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        (entry,) = file.execute("SELECT id FROM ledger_entry ORDER BY id LIMIT 1 OFFSET 100").fetchone()
        file.execute("UPDATE ledger_entry SET verb = 'S' || substr(verb, 2) WHERE id = ?", (entry,))
    return int(entry)
