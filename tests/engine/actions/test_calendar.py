"""The calendar is kept by the administrator; every change of it is a fact, and deadlines follow it by themselves."""

from collections.abc import Callable, Sequence
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import calendar
from engine.actions.calendar import Changes, NewDay, change_day, import_year, load_year
from engine.deadlines import deadlines
from engine.errors import Forbidden, Invalid, WrongState
from engine.models.ledger import LedgerEntry
from engine.workdays import Day
from tests.houses import House, decided

OCTOBER = date(2027, 10, 9)
"""A Saturday that a notice for 2027 may well have worked."""
NOTICE = [
    NewDay(date(2027, 10, 1), "off", "国庆节"),
    NewDay(date(2027, 10, 2), "off", "国庆节"),
    NewDay(OCTOBER, "worked", "国庆节调休"),
]


def change(house: House, db: Session, new: NewDay, by: str = "sysadmin") -> None:
    change_day(db, new, actor=house.actor(db, by), now=house.now)


def newest(db: Session) -> LedgerEntry:
    return db.scalars(select(LedgerEntry).order_by(LedgerEntry.id.desc()).limit(1)).one()


def facts(db: Session) -> int:
    return db.scalar(select(func.count()).select_from(LedgerEntry)) or 0


def test_a_changed_day_is_a_fact_with_who_and_what_it_was_before(house: House) -> None:
    with house.transaction() as db:
        change(house, db, NewDay(date(2026, 10, 10), "off", "运动会"))
        entry = newest(db)
        assert (entry.event, entry.actor_id) == ("calendar.changed", house.actor(db, "sysadmin").id)
        assert entry.data == {"year": 2026, "days": {"2026-10-10": ["worked", "off"]}}
        assert entry.answers == {"names": {"2026-10-10": ["调休上班", "运动会"]}}
        assert not calendar.of(db).is_workday(date(2026, 10, 10))
        change(house, db, NewDay(date(2026, 10, 10), "weekday"))
        assert newest(db).data["days"] == {"2026-10-10": ["off", "weekday"]}
        assert date(2026, 10, 10) not in calendar.of(db).days


def test_a_deadline_moves_by_itself_when_its_last_day_is_given_off(house: House) -> None:
    with house.transaction() as db:
        plan = house.plan(db)
        decided(house, db, plan)
        (before,) = deadlines(db, plan)
        change(house, db, NewDay(before.due, "off", "台风停工"))
        (after,) = deadlines(db, plan)
        assert (before.due, after.due) == (date(2027, 2, 19), date(2027, 2, 18))


@pytest.mark.parametrize(
    ("new", "fields"),
    [
        (NewDay(None, "off", "国庆节"), {"day"}),
        (NewDay(date(1900, 1, 1), "off", "元旦"), {"day"}),
        (NewDay(date(2101, 1, 1), "off", "元旦"), {"day"}),
        (NewDay(OCTOBER, "", "国庆节"), {"plan"}),
        (NewDay(OCTOBER, "half", "国庆节"), {"plan"}),
        (NewDay(date(2027, 10, 8), "worked", "上班"), {"plan"}),
        (NewDay(date(2027, 10, 8), "weekday"), {"plan"}),
        (NewDay(date(2027, 10, 1), "off", "国庆节"), {"plan"}),
        (NewDay(OCTOBER, "worked", " "), {"name"}),
        (NewDay(OCTOBER, "worked", "长" * 61), {"name"}),
        (NewDay(OCTOBER, "worked", "两\n行"), {"name"}),
        (NewDay(None, "half", ""), {"day", "plan", "name"}),
    ],
)
def test_nonsense_is_refused_by_its_field_and_changes_nothing(
    house: House, new: NewDay, fields: set[str]
) -> None:
    with house.transaction() as db:
        before = calendar.of(db).days, facts(db)
        with pytest.raises(Invalid) as refused:
            change(house, db, new)
        assert set(refused.value.fields) == fields
        db.info.pop("calendar")
        assert (calendar.of(db).days, facts(db)) == before


@pytest.mark.parametrize("by", ["secadmin", "office", "leader", "scorer1"])
def test_nobody_but_the_administrator_changes_the_calendar(house: House, by: str) -> None:
    with house.transaction() as db:
        actor, before = house.actor(db, by), facts(db)
        with pytest.raises(Forbidden, match="System administrator"):
            change(house, db, NOTICE[0], by)
        with pytest.raises(Forbidden):
            import_year(db, 2027, NOTICE, actor=actor, now=house.now)
        with pytest.raises(Forbidden):
            load_year(db, 2028, actor=actor, now=house.now)
        assert facts(db) == before


def test_a_year_is_loaded_once_and_stands_provisional(house: House) -> None:
    with house.transaction() as db:
        admin = house.actor(db, "sysadmin")
        load_year(db, 2028, actor=admin, now=house.now)
        known = calendar.of(db)
        assert 2028 in known.years - known.final
        assert newest(db).data["days"]["2028-10-02"] == ["weekday", "off"]
        for year, why in ((2028, "2028 年已经有日历。"), (1949, "没有 1949 年的放假安排可用。")):
            with pytest.raises(WrongState) as refused:
                load_year(db, year, actor=admin, now=house.now)
            assert refused.value.words.zh == why


def imported(house: House, db: Session, rows: Sequence[NewDay]) -> Changes:
    return import_year(db, 2027, rows, actor=house.actor(db, "sysadmin"), now=house.now)


def test_a_notice_is_the_whole_year_and_makes_it_final(house: House) -> None:
    with house.transaction() as db:
        outside = calendar.days_in(db, 2026)
        changes = imported(house, db, NOTICE)
        assert changes[OCTOBER] == (None, Day(OCTOBER, True, "国庆节调休"))
        assert changes[date(2027, 2, 8)] == (Day(date(2027, 2, 8), False, "春节"), None)
        assert date(2027, 10, 1) not in changes
        assert calendar.days_in(db, 2027) == [Day(new.day, new.plan == "worked", new.name) for new in NOTICE]
        assert calendar.days_in(db, 2026) == outside
        assert 2027 in calendar.of(db).final
        entry, count = newest(db), facts(db)
        assert (entry.event, set(entry.data["days"])) == ("calendar.imported", {str(on) for on in changes})
        assert imported(house, db, NOTICE) == {}
        assert facts(db) == count


def test_one_wrong_row_imports_nothing_and_every_mistake_is_named(house: House) -> None:
    rows = [
        *NOTICE,
        NOTICE[0],
        NewDay(date(2026, 12, 31), "off", "元旦"),
        NewDay(None, "", "元旦"),
        NewDay(date(2027, 1, 4), "worked", "上班"),
    ]
    with house.transaction() as db:
        before = calendar.days_in(db, 2027), facts(db)
        with pytest.raises(Invalid) as refused:
            imported(house, db, rows)
        assert set(refused.value.fields) == {"4.day", "5.day", "6.day", "6.plan", "7.plan"}
        assert refused.value.words.zh == "有 5 处错误，一行也没有导入。"
        assert (calendar.days_in(db, 2027), facts(db)) == before


def test_of_two_who_change_a_day_at_once_each_writes_down_what_it_really_was_before(house: House) -> None:
    def give(plan: str) -> Callable[[Session], None]:
        return lambda db: change(house, db, NewDay(OCTOBER, plan, plan))

    assert house.at_once([give("off"), give("worked")]) == []
    with house.transaction() as db:
        entries = db.scalars(
            select(LedgerEntry).where(LedgerEntry.event == "calendar.changed").order_by(LedgerEntry.id)
        )
        first, second = (entry.data["days"][str(OCTOBER)] for entry in entries)
        assert first[0] == "weekday"
        assert second[0] == first[1]
