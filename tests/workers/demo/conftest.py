"""The demonstration's story, told once on each database for all its tests."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import migrations
from engine.database import Database
from engine.words import Words
from tests.postgres import Postgres
from workers.demo.story import tell

NOW = datetime(2026, 11, 24, 6, 3, tzinfo=UTC)


def say_nothing(number: int, of: int, words: Words) -> None:
    pass


def tell_in(url: str, data: Path) -> Database:
    database = Database(url)
    migrations.upgrade(database.bind)
    tell(database, data, NOW, say_nothing)
    return database


@pytest.fixture(scope="session")
def told_in_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Path]]:
    data = tmp_path_factory.mktemp("demo")
    database = tell_in(f"sqlite:///{data / 'xieshang.db'}", data)
    yield database, data
    database.close()


@pytest.fixture(scope="session")
def told_in_postgres(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, Path]]:
    data = tmp_path_factory.mktemp("demo")
    with postgres.database() as url:
        database = tell_in(url, data)
        yield database, data
        database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def told(request: pytest.FixtureRequest) -> tuple[Database, Path]:
    """A database with the story, to be read only, and its data folder."""
    found: tuple[Database, Path] = request.getfixturevalue(f"told_in_{request.param}")
    return found


@pytest.fixture
def live(told_in_sqlite: tuple[Database, Path], tmp_path: Path) -> Iterator[Database]:
    """A copy of the story to go on with."""
    told_in_sqlite[0].close()
    path = shutil.copy(told_in_sqlite[1] / "xieshang.db", tmp_path / "xieshang.db")
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()
