import re
import sys
from pathlib import Path
from unicodedata import east_asian_width

import pytest

import migrations
from engine.actions.people import use_link
from engine.database import Database
from engine.errors import Refused
from engine.models.consultation import Sitting
from engine.queries import voices
from engine.settings import Settings, environment
from tests.houses import House
from tests.workers.demo.conftest import NOW
from workers.demo import start


def settings(database: Database, data: Path) -> Settings:
    url = database.bind.url.render_as_string(hide_password=False)
    return Settings(data, url, "", b"secret", is_demo=True)


def test_each_part_has_a_way_in_that_is_good_once(live: Database) -> None:
    with live.transaction() as db:
        lines = list(start.welcome(db, "http://127.0.0.1:8000", NOW))
        tokens = re.findall(r"/sign-in/(\S+)", "\n".join(lines))
        names = [
            person.name for token in tokens if (person := use_link(db, token, purpose="sign_in", now=NOW))
        ]
        assert len(set(names)) == len(start.PARTS)
        with pytest.raises(Refused):
            use_link(db, tokens[0], purpose="sign_in", now=NOW)


def test_the_addresses_are_aligned_and_lead_to_the_live_sitting(live: Database) -> None:
    with live.transaction() as db:
        lines = list(start.welcome(db, "http://127.0.0.1:8000", NOW))
        sitting = start.todays_sitting(db)
        assert sitting.state == "live"
        receipt = re.search(r"/r/(\w+)", "\n".join(lines))
        assert receipt
        question = voices.by_receipt(db, receipt[1])
        assert question
        assert question.state == "answered"
    columns = {
        sum(1 + (east_asian_width(sign) in "WF") for sign in line.partition("http")[0])
        for line in lines
        if "http" in line
    }
    assert len(columns) == 1
    for place in ("host", "moderate", "screen", "timer"):
        assert any(line.endswith(f"/hall/{sitting.id}/{place}") for line in lines)


def test_the_crowd_is_told_its_sitting_its_number_and_its_gateway(live: Database, tmp_path: Path) -> None:
    arguments = start.crowd(settings(live, tmp_path).with_(gateway_port=8101), live, 50)
    with live.reading() as db:
        sitting = db.get(Sitting, int(arguments[1]))
    assert sitting
    assert sitting.state == "live"
    assert arguments[2:] == ("--count", "50", "--url", "ws://127.0.0.1:8101/ws")


def test_a_real_house_is_never_made_a_demonstration(house: House) -> None:
    with pytest.raises(Refused, match="choose another folder"):
        start.load(house.database)


def test_a_house_with_the_story_is_left_as_it_is(live: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent")  # no process is started
    start.load(live)


def test_the_story_is_told_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(f"sqlite:///{tmp_path / 'xieshang.db'}")
    migrations.upgrade(database.bind)
    for name, value in environment(settings(database, tmp_path)).items():
        monkeypatch.setenv(name, value)
    start.load(database)
    with database.reading() as db:
        assert start.todays_sitting(db).state == "live"
    database.close()
