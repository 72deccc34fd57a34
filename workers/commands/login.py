"""`xieshang login ROLE-OR-NAME`: prints a one-time sign-in link, for whoever administers this machine."""

import argparse
import sys

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import clock, settings
from engine.actions.people import issue_link
from engine.database import Database
from engine.errors import NotFound
from engine.models.people import Person, Post
from engine.words import Words


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("xieshang login", description=__doc__)
    parser.add_argument("who", help="a role (office_staff, host …), an e-mail address or a name")
    who = parser.parse_args(argv).who
    config = settings.load()
    with Database(config.database_url).transaction() as db:
        token = issue_link(db, find(db, who), purpose="sign_in", now=clock.now())
    print(f"{config.public_url}/sign-in/{token}")
    return 0


def find(db: Session, who: str) -> Person:
    """The first person of this role, address or name."""
    holds = select(Post.person_id).where(
        Post.role == who, Post.confirmed_at.is_not(None), Post.ended_at.is_(None)
    )
    known = or_(Person.email == who, Person.name == who, Person.id.in_(holds))
    person = db.scalar(select(Person).where(known, Person.disabled_at.is_(None)).order_by(Person.id).limit(1))
    if person is None:
        raise NotFound(Words(f"没有找到“{who}”。", f"There is nobody called “{who}”."))
    return person


if __name__ == "__main__":
    sys.exit(main())
