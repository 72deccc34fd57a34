"""Whoever leaves hands over: no seat falls vacant, no matter loses the one who handles it."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions.people import NewPerson, add_person, confirm_post, end_post, hand_over
from engine.advance import advance
from engine.errors import Forbidden, Invalid
from engine.models.ledger import LedgerEntry
from engine.models.people import Person, Post
from engine.queries import desk
from engine.rules import SYSTEM, actor_for
from tests.engine.actions.test_recommendation import assigned, drafted, replied
from tests.houses import House


def successor(house: House, db: Session) -> Person:
    new = NewPerson("孔接手", "successor@xieshang.example", (), "", "")
    return add_person(db, new, actor=house.actor(db, "sysadmin"), now=house.now)


def handed_over(house: House, db: Session, who: str = "unit_handler") -> tuple[Person, Person, list[Post]]:
    leaver, other = house.actor(db, who).person, successor(house, db)
    assert leaver
    posts = list(hand_over(db, leaver, other, actor=house.actor(db, "sysadmin"), now=house.now))
    return leaver, other, posts


def test_a_post_passes_with_the_matters_that_name_its_holder_when_it_is_confirmed(house: House) -> None:
    with house.transaction() as db:
        (assignment,) = assigned(house, db)[1]
        drafted(house, db, assignment)
        leaver, other, (post,) = handed_over(house, db)
        assert assignment.handler_id == leaver.id
        assert actor_for(db, leaver).roles == {"unit_handler"}
        confirm_post(db, post, actor=house.actor(db, "secadmin"), now=house.now)
        assert (actor_for(db, leaver).roles, actor_for(db, other).roles) == (set(), {"unit_handler"})
        assert assignment.handler_id == other.id
        (passed,) = db.scalars(select(LedgerEntry).where(LedgerEntry.event == "matter.handed_over"))
        assert passed.answers == {"from": leaver.id, "to": other.id}
        assert passed.data == {}  # the public log names nobody


def test_a_matter_that_is_closed_keeps_the_name_of_its_handler(house: House) -> None:
    with house.transaction() as db:
        (assignment,) = assigned(house, db)[1]
        replied(house, db, assignment)
        advance(db, assignment, "close", actor=SYSTEM, now=house.now)
        leaver, _, (post,) = handed_over(house, db)
        confirm_post(db, post, actor=house.actor(db, "secadmin"), now=house.now)
        assert assignment.handler_id == leaver.id


def test_a_handing_over_is_proposed_by_one_and_confirmed_by_another(house: House) -> None:
    with house.transaction() as db:
        _, _, (post,) = handed_over(house, db)
        for who in ("sysadmin", "office"):
            with pytest.raises(Forbidden):
                confirm_post(db, post, actor=house.actor(db, who), now=house.now)


@pytest.mark.parametrize("to", ["unit_handler", "citizen1"])
def test_nothing_is_handed_to_oneself_or_to_a_citizen(house: House, to: str) -> None:
    with house.transaction() as db:
        leaver, other = house.actor(db, "unit_handler").person, house.actor(db, to).person
        assert leaver
        assert other
        with pytest.raises(Invalid):
            hand_over(db, leaver, other, actor=house.actor(db, "sysadmin"), now=house.now)


def test_the_same_seat_is_not_handed_over_twice(house: House) -> None:
    with house.transaction() as db:
        leaver, other, _ = handed_over(house, db)
        with pytest.raises(Invalid):
            hand_over(db, leaver, other, actor=house.actor(db, "sysadmin"), now=house.now)


def test_a_seat_is_vacant_only_while_work_waits_there_and_nobody_else_holds_it(house: House) -> None:
    with house.transaction() as db:
        (assignment,) = assigned(house, db)[1]
        assert desk.vacancies(db) == []
        (liaison,) = house.actor(db, "unit_admin").posts
        end_post(db, liaison, actor=house.actor(db, "secadmin"), now=house.now)
        (vacancy,) = desk.vacancies(db)
        assert (vacancy.post.id, vacancy.waiting) == (liaison.id, 1)
    with house.transaction() as db:
        house.screened_topic(db, house.plan(db, 2028))
        (first,) = house.actor(db, "scorer1").posts  # two others score
        end_post(db, first, actor=house.actor(db, "secadmin"), now=house.now)
        assert [one.post.role for one in desk.vacancies(db)] == ["unit_admin"]


def test_whoever_is_disabled_leaves_the_seat_vacant(house: House) -> None:
    with house.transaction() as db:
        assigned(house, db)
        person = house.actor(db, "unit_admin").person
        assert person
        person.disabled_at = house.now
        assert [(one.post.role, one.waiting) for one in desk.vacancies(db)] == [("unit_admin", 1)]
