"""That the servers and the browser of the tests are what they are said to be."""

import pytest
import sqlalchemy
from playwright.sync_api import Browser
from redis import Redis

from tests.postgres import Postgres


def test_postgres_is_a_real_one(postgres_url: str) -> None:
    bind = sqlalchemy.create_engine(postgres_url)
    with bind.begin() as connection:
        assert connection.scalar(sqlalchemy.text("SHOW server_version")).startswith("18.")
        connection.execute(sqlalchemy.text("CREATE TABLE matter (title TEXT)"))
        connection.execute(sqlalchemy.text("INSERT INTO matter VALUES ('更新')"))
        assert connection.scalar(sqlalchemy.text("SELECT title FROM matter")) == "更新"
    bind.dispose()


def test_a_template_is_copied_and_the_copy_is_dropped(postgres: Postgres, postgres_url: str) -> None:
    template = sqlalchemy.create_engine(postgres_url, poolclass=sqlalchemy.NullPool)
    with template.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE matter (title TEXT)"))
    with postgres.database(template=str(template.url.database)) as copy:
        bind = sqlalchemy.create_engine(copy)
        assert sqlalchemy.inspect(bind).get_table_names() == ["matter"]
        bind.dispose()
    bind = sqlalchemy.create_engine(copy)
    with pytest.raises(sqlalchemy.exc.OperationalError, match="does not exist"):
        bind.connect()
    bind.dispose()


def test_valkey_starts_empty(valkey_url: str) -> None:
    with Redis.from_url(valkey_url) as redis:
        assert redis.dbsize() == 0
        redis.set("left", "behind")


def test_valkey_starts_empty_again(valkey_url: str) -> None:
    with Redis.from_url(valkey_url) as redis:
        assert redis.dbsize() == 0
        redis.set("left", "behind")


def test_chromium_draws_chinese(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<h1>协商</h1>")
    assert page.get_by_role("heading", name="协商").bounding_box()
    page.close()
