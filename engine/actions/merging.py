"""Merging and splitting again, of topics and of questions.

Whoever counts looks one level deep: `merged_into_id` is always the one that stands for all. What people merged is a
tree, kept in `merged_first_id`, so that whatever is split off takes with it what had come with it.
"""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models.topic import Topic
from engine.models.voice import Question

Noun = TypeVar("Noun", Topic, Question)


def merge(db: Session, one: Noun, into: Noun) -> None:
    """`one` and what was merged into it stand under `into` from now on."""
    for other in merged_into(db, one):
        other.merged_into_id = into.id
    one.merged_into_id = one.merged_first_id = into.id
    db.flush()


def split(db: Session, one: Noun) -> None:
    """`one` stands by itself, with what was merged into it before it was merged."""
    together = merged_into(db, one.merged_into) if one.merged_into else []
    one.merged_into_id = one.merged_first_id = None
    _take_along(one.id, one, together)
    db.flush()


def leave(db: Session, one: Noun) -> None:
    """`one` is out of it alone; what had come with it stays where it is."""
    for other in merged_into(db, one.merged_into) if one.merged_into else []:
        if other.merged_first_id == one.id:
            other.merged_first_id = one.merged_first_id
    one.merged_into_id = one.merged_first_id = None
    db.flush()


def first_merged_into(db: Session, one: Noun) -> list[Noun]:
    """What people merged into `one` itself."""
    return [other for other in merged_into(db, one) if other.merged_first_id == one.id]


def merged_into(db: Session, one: Noun) -> Sequence[Noun]:
    """Everything that `one` stands for."""
    noun = type(one)
    return db.scalars(select(noun).where(noun.merged_into_id == one.id).order_by(noun.id)).all()


def _take_along(main: int, one: Noun, together: Sequence[Noun]) -> None:
    for other in together:
        if other.merged_first_id == one.id:
            other.merged_into_id = main
            _take_along(main, other, together)
