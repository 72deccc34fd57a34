import json
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import update

from engine.actions.counting import START, commit_entries, take_over
from engine.actions.ledger import seal
from engine.actions.questionnaire import answer
from engine.ledger import Tree, load_or_create_key
from engine.models.live import LiveTotal
from engine.models.questionnaire import Answer
from tests.crowds import CLOSED, a_crowd, a_sitting
from tests.houses import House, questionnaire
from workers.commands import verify


@pytest.fixture
def counted(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("XIESHANG_DATA", str(tmp_path))
    monkeypatch.setenv("XIESHANG_DATABASE_URL", house.database.bind.url.render_as_string(hide_password=False))
    with house.transaction() as db:
        sitting = a_sitting(db, closed=CLOSED)
        seal(db, Tree(), key=load_or_create_key(tmp_path / "ledger.key"), now=house.now)
        take_over(db, 1)
        commit_entries(db, {}, a_crowd(sitting.id, Random(5)), position=START, epoch=1, now=CLOSED)
    return house


def test_where_all_agrees_it_ends_with_0(counted: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify.main([]) == 0
    assert "the figures of 1 sittings, all in agreement" in capsys.readouterr().out


def test_a_figure_that_a_recount_does_not_give_is_named_with_its_sitting(
    counted: House, capsys: pytest.CaptureFixture[str]
) -> None:
    with counted.transaction() as db:
        db.execute(update(LiveTotal).where(LiveTotal.kind == "official").values(visits=70_000))
    assert verify.main([]) == 1
    said = capsys.readouterr().out
    assert "会议“请你来协商”的访问量（正式）：合计为 70000" in said
    assert verify.main(["--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["agrees"] is False
    assert report["recounted"] == 1
    assert ["Visits" in finding["en"] for finding in report["findings"]] == [True]


def test_a_sheet_of_answers_that_was_changed_is_named_with_its_questionnaire(
    counted: House, capsys: pytest.CaptureFixture[str]
) -> None:
    with counted.transaction() as db:
        asking = questionnaire(counted, db)
        answer(db, asking, {asking.items[0].id: "1"}, token="a", now=counted.now)
    assert verify.main([]) == 0
    with counted.transaction() as db:
        db.execute(update(Answer).values(choice=2))
    assert verify.main([]) == 1
    assert "业主问卷" in capsys.readouterr().out
