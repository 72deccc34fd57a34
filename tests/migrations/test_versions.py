"""Migrations run both ways, on both databases, and lead to exactly the tables the models describe."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

import migrations
from engine.actions.perform import perform
from engine.database import Database
from engine.models.base import Base
from engine.models.consultation import Sitting
from engine.models.matter import MatterMark
from engine.queries.attendance import attendances
from tests.houses import House, invited, sitting


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
    ("deed", "states"),
    [
        (None, ["invited", "will_attend", "declined"]),
        ("end", ["absent", "will_attend", "declined"]),
        ("cancel", ["cancelled", "cancelled", "cancelled"]),
    ],
)
def test_invitations_become_matters_where_their_reply_had_left_them(
    house: House, deed: str | None, states: list[str]
) -> None:
    guests = ("group1", "group2", "unit_leader")
    with house.transaction() as db:
        at = sitting(house, db, live=deed == "end")
        sitting_id, key = at.id, at.door_key
        people = [invited(house, db, at, name, must_attend=name == "group1").person_id for name in guests]
        if deed == "end":
            perform(db, at, deed, actor=house.actor(db, "host1"), now=house.now)
        elif deed:
            told = {"public_reason": "另行安排。"}
            perform(db, at, deed, actor=house.actor(db, "leader"), now=house.now, **told)
    migrations.downgrade(house.database.bind, "editions_move")
    replies = dict(zip(people, ("waiting", "will_attend", "declined"), strict=True))
    with house.transaction() as db:
        for person, reply in replies.items():
            given = {"person": person, "reply": reply}
            db.execute(text("UPDATE invitation SET reply = :reply WHERE person_id = :person"), given)
    migrations.upgrade(house.database.bind)
    with house.transaction() as db:
        at = db.get_one(Sitting, sitting_id)
        found = attendances(db, at)
        assert [one.state for one in found] == states
        assert [(one.person_id, one.must_attend) for one in found] == [(n, n == people[0]) for n in people]
        assert [one.title for one in found] == [f"{at.title}（{one.person.name}）" for one in found]
        assert all(db.get(MatterMark, (one.id, one.state)) for one in found)
        assert len(at.door_key) == len(key) != 0
        assert not inspect(db.connection()).has_table("invitation")


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
