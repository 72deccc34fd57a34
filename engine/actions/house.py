"""The first day: whose house this is, its offices, its calendar, and the two who administer it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine.actions.calendar import load_year
from engine.actions.people import NewPerson, add_person, add_unit
from engine.errors import WrongState
from engine.models.house import House
from engine.models.people import Person, Post
from engine.record import record
from engine.rules import SYSTEM
from engine.words import Words


def set_up_house(
    db: Session,
    *,
    name: Words,
    offices: Sequence[str],
    years: Sequence[int],
    sysadmin: NewPerson,
    secadmin: NewPerson,
    now: datetime,
    is_demo: bool = False,
) -> tuple[Person, Person]:
    """Founds the house. The two administrators confirm each other's post: the only posts nobody else could confirm."""
    if db.get(House, 1):
        raise WrongState(Words("已经设置过了。", "The house has been set up already."))
    db.add(House(id=1, name=name.zh.strip(), name_en=name.en.strip(), is_demo=is_demo, created_at=now))
    db.flush()
    record(
        db,
        "house.set_up",
        noun="house",
        verb="set_up",
        actor=SYSTEM,
        now=now,
        data={"name": name.zh, "name_en": name.en},
    )
    for year in sorted(set(years)):
        load_year(db, year, actor=SYSTEM, now=now)
    first, second = (add_person(db, new, actor=SYSTEM, now=now) for new in (sysadmin, secadmin))
    for person, role, other in ((first, "sysadmin", second), (second, "secadmin", first)):
        db.add(
            Post(person_id=person.id, role=role, granted_at=now, confirmed_by_id=other.id, confirmed_at=now)
        )
        record(
            db,
            "post.confirmed",
            noun="post",
            verb="confirmed",
            actor=SYSTEM,
            now=now,
            data={"person": person.id, "role": role},
        )
    for office in offices:
        add_unit(db, office, actor=SYSTEM, now=now)
    return first, second
