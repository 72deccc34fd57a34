"""Migrations run both ways, on both databases, and lead to exactly the tables the models describe."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

import migrations
from engine.database import Database
from engine.models.base import Base


def test_the_migrations_lead_to_the_tables_of_the_models(empty_database: Database) -> None:
    migrations.upgrade(empty_database.bind)
    with empty_database.bind.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_head_is_the_newest_version() -> None:
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head() == migrations.HEAD


def test_going_down_removes_what_going_up_made(empty_database: Database) -> None:
    migrations.upgrade(empty_database.bind)
    migrations.downgrade(empty_database.bind, "base")
    assert set(inspect(empty_database.bind).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(empty_database.bind)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET verb = 'other'",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_text SET text = 'other'",
        "UPDATE ledger_text SET text = NULL",
        "UPDATE ledger_text SET text = NULL, salt = NULL, digest = salt",
        "DELETE FROM ledger_text",
        "UPDATE checkpoint SET text = ''",
        "DELETE FROM ledger_leaf",
    ],
)
def test_the_database_refuses_to_change_the_ledger(sealed_house: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="the ledger only grows"), sealed_house.transaction() as db:
        db.execute(text(statement))


def test_a_text_of_the_ledger_can_be_erased_with_its_salt(sealed_house: Database) -> None:
    with sealed_house.transaction() as db:
        erased = db.execute(text("UPDATE ledger_text SET text = NULL, salt = NULL"))
        assert erased.rowcount > 0  # type: ignore[attr-defined]
