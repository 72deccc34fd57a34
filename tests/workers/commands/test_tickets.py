import pytest

from engine import clock, wire
from engine.errors import NotFound
from tests.crowds import a_sitting
from tests.houses import House
from workers.commands import tickets


@pytest.fixture
def sitting(house: House, tmp_path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("XIESHANG_DATA", str(tmp_path))
    monkeypatch.setenv("XIESHANG_DATABASE_URL", house.database.bind.url.render_as_string(hide_password=False))
    monkeypatch.setenv("XIESHANG_SECRET", "of the tests")
    with house.transaction() as db:
        return a_sitting(db).id


def test_each_ticket_opens_one_socket_of_test_traffic(
    sitting: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tickets.main([str(sitting), "--count", "50"]) == 0
    lines = capsys.readouterr().out.split()
    read = [wire.read_ticket(line, secret=b"of the tests", now=clock.now()) for line in lines]
    assert len(read) == 50
    assert {(bearer.sitting, bearer.kind) for bearer, _ in read} == {(sitting, "test")}
    for one in (
        lambda bearer, nonce: bearer.viewer,
        lambda bearer, nonce: bearer.visit,
        lambda bearer, nonce: nonce,
    ):
        assert len({one(*each) for each in read}) == 50


def test_without_the_sitting_there_are_none(sitting: int) -> None:
    with pytest.raises(NotFound):
        tickets.main(["999999"])


@pytest.mark.parametrize("arguments", [["x"], ["1", "--count", "0"], ["1", "--count", "200001"], []])
def test_wrong_use_ends_with_2(sitting: int, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        tickets.main(arguments)
    assert ended.value.code == 2
