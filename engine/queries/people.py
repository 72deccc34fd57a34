"""People, places and posts as the house reads them."""

from collections.abc import Sequence, Set

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from engine.models.house import House, Notice
from engine.models.people import Group, Person, Post, Unit


def house(db: Session) -> House | None:
    return db.get(House, 1)


def person(db: Session, person_id: int) -> Person | None:
    return db.get(Person, person_id)


def by_email(db: Session, email: str) -> Person | None:
    return db.scalar(
        select(Person).where(Person.email == email.strip().lower(), Person.disabled_at.is_(None))
    )


def staff(db: Session, *, text: str = "", page: int = 1, size: int = 50) -> tuple[Sequence[Person], int]:
    """People with an address to sign in by, in the order they were added, and how many there are."""
    rows = select(Person).where(Person.email.is_not(None))
    if text:
        rows = rows.where(
            or_(Person.name.contains(text, autoescape=True), Person.email.contains(text, autoescape=True))
        )
    total = db.scalar(select(func.count()).select_from(rows.subquery())) or 0
    rows = rows.options(
        selectinload(Person.posts).selectinload(Post.unit),
        selectinload(Person.posts).selectinload(Post.group),
    )
    return db.scalars(rows.order_by(Person.id).offset((page - 1) * size).limit(size)).all(), total


def units(db: Session) -> Sequence[Unit]:
    return db.scalars(select(Unit).order_by(Unit.position, Unit.id)).all()


def groups(db: Session) -> Sequence[Group]:
    return db.scalars(select(Group).order_by(Group.position, Group.id)).all()


def liaisons(db: Session, units: Set[int]) -> list[Person]:
    """Of these units, in the order of their posts."""
    posts = select(Post).where(
        Post.role == "unit_admin",
        Post.unit_id.in_(units),
        Post.confirmed_at.is_not(None),
        Post.ended_at.is_(None),
    )
    return [one.person for one in db.scalars(posts.options(selectinload(Post.person)).order_by(Post.id))]


def post(db: Session, post_id: int) -> Post | None:
    return db.get(Post, post_id)


def posts_waiting(db: Session) -> Sequence[Post]:
    """Posts that one person has proposed and a second has not confirmed."""
    rows = select(Post).where(Post.confirmed_at.is_(None), Post.ended_at.is_(None))
    return db.scalars(rows.options(selectinload(Post.person)).order_by(Post.id)).all()


def notices(db: Session, person_id: int, limit: int = 50) -> Sequence[Notice]:
    return db.scalars(
        select(Notice).where(Notice.person_id == person_id).order_by(Notice.id.desc()).limit(limit)
    ).all()


def unread(db: Session, person_id: int) -> int:
    rows = (
        select(func.count())
        .select_from(Notice)
        .where(Notice.person_id == person_id, Notice.read_at.is_(None))
    )
    return db.scalar(rows) or 0


def posts_of_sitting(db: Session, sitting_id: int) -> Sequence[Post]:
    rows = select(Post).where(Post.sitting_id == sitting_id, Post.ended_at.is_(None))
    return db.scalars(rows.options(selectinload(Post.person)).order_by(Post.role, Post.id)).all()
