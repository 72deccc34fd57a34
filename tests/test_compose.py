"""compose.yaml runs the same processes as the supervisor, each by a word that exists."""

from pathlib import Path

import yaml

from workers.main import WORDS
from workers.supervisor import PROCESSES

COMPOSE = yaml.safe_load((Path(__file__).parent.parent / "compose.yaml").read_text(encoding="utf-8"))


def test_every_process_of_the_supervisor_is_a_service() -> None:
    assert set(PROCESSES) <= set(COMPOSE["services"])


def test_every_service_of_ours_starts_with_a_known_word() -> None:
    ours = [service for service in COMPOSE["services"].values() if service.get("build")]
    assert len(ours) == len(PROCESSES) + 1
    for service in ours:
        program, word, *_ = service["command"]
        assert program == "xieshang"
        assert word in WORDS


def test_no_secret_has_a_default() -> None:
    environment = COMPOSE["services"]["web"]["environment"]
    assert environment["XIESHANG_SECRET"] == "${XIESHANG_SECRET:?}"
    assert ":?}" in environment["XIESHANG_DATABASE_URL"]
