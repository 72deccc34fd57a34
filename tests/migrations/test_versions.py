"""Migrations run both ways, on both databases, and lead to exactly the tables the models describe."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import DBAPIError

import migrations
from engine.actions.drafts import save_draft
from engine.actions.perform import create, perform
from engine.actions.questionnaire import answer
from engine.database import Database
from engine.models.base import Base
from engine.models.consultation import Finding, Research, Sitting
from engine.models.draft import Draft
from engine.models.matter import MatterMark
from engine.models.questionnaire import AnswerSheet, Questionnaire
from engine.models.topic import ScoreSheet, Topic
from engine.queries.attendance import attendances
from engine.queries.sittings import findings_of
from tests.houses import (
    FINDING,
    VISITS,
    House,
    carried_over_topic,
    invited,
    material,
    questionnaire,
    research,
    sitting,
)


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


def test_a_topic_that_others_refer_to_stays_when_it_can_be_carried_over_and_can_no_more(house: House) -> None:
    with house.transaction() as db:
        old = carried_over_topic(house, db)
        given = {"actor": house.actor(db, "office"), "now": house.now, "carried_from_id": old.id}
        ids = [old.id, create(db, house.plan(db, 2028), "topic", "take_up", **given).id]
    migrations.downgrade(house.database.bind, "attendance")
    migrations.upgrade(house.database.bind)
    with house.transaction() as db:
        assert list(db.scalars(select(Topic.id).order_by(Topic.id))) == ids
        assert db.scalars(select(Topic.carried_from_id)).all() == [None, None]
        assert db.scalar(select(func.count()).select_from(ScoreSheet)) == 3
    with pytest.raises(DBAPIError, match="carried_from_other"), house.transaction() as db:
        db.execute(text("UPDATE topic SET carried_from_id = id"))


def test_visits_that_were_planned_as_a_text_are_kept_and_go_back_as_lines(house: House) -> None:
    lines = "2026-10-11 新苑小区 业主代表\n2026-10-13 梧桐苑 物业公司"
    typed = "走访 24 个小区，\n召开座谈会 6 次。"
    with house.transaction() as db:
        task = research(house, db)
        task_id, leader = task.id, house.actor(db, "group1")
        save_draft(db, task, "start_field", {"visits": VISITS}, actor=leader, now=house.now)
    migrations.downgrade(house.database.bind, "attendance")
    with house.transaction() as db:
        assert db.scalar(text("SELECT visits FROM research")) == lines
        db.execute(text("UPDATE research SET visits = :typed"), {"typed": typed})
    migrations.upgrade(house.database.bind)
    with house.transaction() as db:
        (visit,) = db.get_one(Research, task_id).visits
        assert (visit.position, visit.visit_on, visit.place, visit.whom, visit.held) == (
            1,
            None,
            "",
            typed,
            None,
        )
        assert db.get_one(Finding, 1).visit is None
        unsent = db.scalars(select(Draft.answers)).one()["visits"]
        assert unsent == [
            {"visit_on": "", "place": "", "whom": "2026-10-11 新苑小区 业主代表\n2026-10-13 梧桐苑 物业公司"}
        ]


def test_a_finding_outlives_the_questionnaire_it_rested_on(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        asking_id, task_id = asking.id, asking.parent_id
        answer(db, asking, {asking.items[0].id: "1"}, token="a", now=house.now)
        db.get_one(Finding, 1).item = asking.items[0]
    migrations.downgrade(house.database.bind, "chapters")
    migrations.upgrade(house.database.bind)
    with house.transaction() as db:
        (found,) = findings_of(db, db.get_one(Research, task_id))
        assert (found.claim, found.item) == (FINDING["claim"], None)
        left = db.get_one(Questionnaire, asking_id)
        assert (left.state, left.items) == ("open", [])


def test_sheets_from_before_their_lines_stay_and_take_their_next_answers(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        number, items = asking.id, {asking.items[0].id: "1"}
        answer(db, asking, items, token="a", now=house.now)
    migrations.downgrade(house.database.bind, "public_reasons")
    migrations.upgrade(house.database.bind)
    with house.transaction() as db:
        assert db.scalars(select(AnswerSheet.entry_id)).all() == [None]
        assert answer(db, db.get_one(Questionnaire, number), items, token="a", now=house.now).entry_id


def test_going_below_materials_leaves_them_recalled_and_nobodys(house: House) -> None:
    with house.transaction() as db:
        at = sitting(house, db, live=False)
        number = material(house, db, at, [invited(house, db, at)]).id
    migrations.downgrade(house.database.bind, "attendance")
    migrations.upgrade(house.database.bind)
    with house.transaction() as db:
        state = db.scalar(text("SELECT state FROM matter WHERE id = :number"), {"number": number})
        assert state == "recalled"
        assert db.scalar(text("SELECT count(*) FROM recipient")) == 0


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
