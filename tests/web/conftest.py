"""A web server for every test of a page, on a copy of a house that was set up once."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import time_machine
from jinja2 import FileSystemBytecodeCache

from engine.database import Database
from engine.settings import Settings
from tests.houses import House
from tests.web.visitors import Web
from web.app import create_app
from web.limits import limiter


@pytest.fixture
def web(sqlite_template: Path, tmp_path: Path, templates: FileSystemBytecodeCache) -> Iterator[Web]:
    """On SQLite, not a demo."""
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'web.db')}"
    with _running(url, tmp_path, templates) as web:
        yield web


@pytest.fixture
def demo(sqlite_template: Path, tmp_path: Path, templates: FileSystemBytecodeCache) -> Iterator[Web]:
    """On SQLite, as a demo: with the stand-in for phone verification, and no second factor."""
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'web.db')}"
    with _running(url, tmp_path, templates, is_demo=True) as web:
        yield web


@pytest.fixture
def web_on_both(house: House, tmp_path: Path, templates: FileSystemBytecodeCache) -> Iterator[Web]:
    """On SQLite and on PostgreSQL."""
    with _running(house.database.bind.url.render_as_string(hide_password=False), tmp_path, templates) as web:
        yield web


@pytest.fixture
def make_web(tmp_path: Path, templates: FileSystemBytecodeCache) -> Iterator[Callable[[str], Web]]:
    """On a database of the test's own choice."""
    with ExitStack() as open_webs:
        yield lambda url: open_webs.enter_context(_running(url, tmp_path, templates))


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Compiled once for all the apps of the tests: most of an app's first second."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@contextmanager
def _running(
    url: str, data: Path, templates: FileSystemBytecodeCache, *, is_demo: bool = False
) -> Iterator[Web]:
    settings = Settings(data=data, database_url=url, redis_url="", secret=b"of the tests", is_demo=is_demo)
    limiter.enabled = True
    app = create_app(settings)
    app.jinja_env.bytecode_cache = templates
    limiter.enabled = False  # a test knocks more often than anybody may
    house = House(Database(url))
    with time_machine.travel(house.now) as clock:
        yield Web(app, house, clock)
    house.database.close()
    app.extensions["database"].close()
