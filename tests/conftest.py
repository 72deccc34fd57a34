"""What every test may ask for: real servers, a real browser, and whether there is time for the long forms."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, sync_playwright
from redis import Redis
from sqlalchemy import make_url

import migrations
from engine.actions.ledger import seal
from engine.database import Database
from engine.ledger import Tree
from tests.houses import House, found
from tests.postgres import Postgres, postgres_server
from workers.valkey import EmbeddedValkey

CHROMIUM = Path("/usr/bin/chromium")

hypothesis.settings.register_profile("short", deadline=None, max_examples=50)
hypothesis.settings.register_profile("long", deadline=None, max_examples=2000, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="the long forms of the tests, with many more examples"
    )


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("long" if config.getoption("--long") else "short")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The journeys take the longest, so they begin: at the end one process would wait for the other's last."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


@pytest.fixture(scope="session")
def long(pytestconfig: pytest.Config) -> bool:
    """Whether a test is to take its long form."""
    return bool(pytestconfig.getoption("--long"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for each worker of the tests. A template made in it once makes many databases at once."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database of the test's own."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables: the same test runs on both."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'xieshang.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    database = Database(url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "xieshang.db"
    _found_in(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as url:
        _found_in(url)
        yield str(make_url(url).database)


def _found_in(url: str) -> None:
    database = Database(url)
    migrations.upgrade(database.bind)
    found(database)
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A house with people in it, on SQLite and on PostgreSQL: a copy of one that was set up once."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "xieshang.db")
        database = Database(f"sqlite:///{path}")
        yield House(database)
        database.close()
        return
    postgres, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    with postgres.database(template) as url:
        database = Database(url)
        yield House(database)
        database.close()


@pytest.fixture
def sealed_house(house: House) -> Database:
    """A house whose ledger has been sealed once."""
    with house.transaction() as db:
        seal(db, Tree(), key=Ed25519PrivateKey.generate(), now=house.now)
    return house.database


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def valkey_url(valkey: EmbeddedValkey) -> str:
    """A real Valkey with nothing in it."""
    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
    return valkey.url


@pytest.fixture(scope="module")  # not the session: asyncio.run() is refused while it is open
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Where it is missing a browser test fails: a skipped one would pass unseen."""
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: install it with `apt-get install chromium fonts-noto-cjk`.")
    with sync_playwright() as playwright:
        is_root = os.getuid() == 0
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=not is_root)
        yield chromium
        chromium.close()
