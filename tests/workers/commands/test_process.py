"""`xieshang process …`: its answers go to people, its exit codes to scripts."""

from pathlib import Path

import pytest

from engine.editions import SHIPPED, editions
from engine.errors import Refused
from tests.engine.actions.test_editions import WITH_NOTICE
from tests.engine.test_process_check import GOOD
from tests.houses import House
from workers.commands.process import main


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "leave.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_a_good_file_may_run(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(file)]) == 0
    assert capsys.readouterr().out == "请假 Leave：可以运行。 It may run.\n"


def test_what_is_wrong_stands_with_its_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace('to = "granted"', 'to = "grunted"'), encoding="utf-8")
    assert main(["check", str(file)]) == 1
    line = GOOD.splitlines().index('to = "granted"') + 1
    assert capsys.readouterr().out.startswith(f"{file}:{line}: 没有“grunted”这个状态。")


def test_a_changed_file_differs_and_says_who_would_be_stranded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "topic.toml"
    text = (SHIPPED / "topic.toml").read_text(encoding="utf-8")
    changed.write_text(
        text.replace("[state.reserve]", "[state.kept]").replace('"reserve"]', '"kept"]'), encoding="utf-8"
    )
    assert main(["diff", "topic", "topic"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["diff", "topic", str(changed)]) == 1
    out = capsys.readouterr().out
    assert "State “In reserve” is gone." in out
    assert "仍在“储备议题”的事项" in out


def test_with_a_house_the_matters_that_would_be_stranded_are_counted(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = house.database.bind.url.render_as_string(hide_password=False)
    monkeypatch.setenv("XIESHANG_DATABASE_URL", url)
    changed = tmp_path / "topic.toml"
    text = (SHIPPED / "topic.toml").read_text(encoding="utf-8")
    changed.write_text(
        text.replace("[state.scoring", "[state.judging").replace('"scoring"]', '"judging"]'), encoding="utf-8"
    )
    with house.transaction() as db:
        plan = house.plan(db)
        for title in ("加装电梯", "社区托育点"):
            house.screened_topic(db, plan, title)
        house.topic(db, plan, "缓解停车难")
    assert main(["diff", "topic", str(changed), "--data", str(tmp_path)]) == 1
    assert "Matters now at “Scoring”: 2.\n" in capsys.readouterr().out
    with pytest.raises(Refused, match="no house at"):
        main(["diff", "topic", str(changed), "--data", str(tmp_path / "nowhere")])


@pytest.mark.parametrize("options", [[], ["--mermaid"], ["--language", "en"]])
def test_a_procedure_and_a_file_are_drawn(
    file: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("topic", str(file)):
        assert main(["diagram", name, *options]) == 0
        assert capsys.readouterr().out.startswith("stateDiagram" if "--mermaid" in options else "<svg")


def test_a_file_is_adopted_by_two_people(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = house.database.bind.url.render_as_string(hide_password=False)
    monkeypatch.setenv("XIESHANG_DATABASE_URL", url)
    monkeypatch.setenv("XIESHANG_DATA", str(tmp_path))
    variant = tmp_path / "plan.toml"
    variant.write_text(WITH_NOTICE, encoding="utf-8")
    by = ["--proposed-by", "sysadmin@xieshang.example", "--adopted-by"]
    given = ["adopt", str(variant), "--from", "2027-01-04", *by]
    with pytest.raises(Refused, match="is done by"):
        main([*given, "leader@xieshang.example"])
    assert main([*given, "office@xieshang.example"]) == 0
    assert "Edition 2 of plan holds from 2027-01-04." in capsys.readouterr().out
    with house.transaction() as db:
        assert [process.edition for process in editions(db, "plan")] == [1, 2]


@pytest.mark.parametrize("word", ["check", "diagram"])
def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path, word: str) -> None:
    with pytest.raises(Refused):
        main([word, str(tmp_path / "nothing.toml")])
