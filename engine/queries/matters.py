"""A matter as it stands and as it came to be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from engine.editions import process_of
from engine.errors import NotFound
from engine.models.draft import Draft
from engine.models.house import Document
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.people import Person
from engine.process import State
from engine.rules import ROLES, Actor, covers
from engine.words import Words

READS_ALL = {"leader", "office_staff", "committee_staff"}


@dataclass(frozen=True)
class Step:
    """One line of a matter's history. `answers` holds what was written at it and not erased; `times` how often it
    was done in a row by one person after another (支持, 我也想问).
    """

    entry: LedgerEntry
    title: Words
    state: Words | None
    who: Words
    answers: Sequence[tuple[Words, str]]
    times: int = 1


def history(db: Session, matter: Matter) -> list[Step]:
    """Every step of a matter, the first one first."""
    process = process_of(db, matter)
    rows = (
        select(LedgerEntry)
        .where(LedgerEntry.matter_id == matter.id)
        .options(selectinload(LedgerEntry.texts))
        .order_by(LedgerEntry.id)
    )
    entries = db.scalars(rows).all()
    names = {
        person.id: person.name
        for person in db.scalars(select(Person).where(Person.id.in_({entry.actor_id for entry in entries})))
    }
    steps: list[Step] = []
    for entry in entries:
        verb = process.verbs.get(entry.verb)
        if (
            verb
            and verb.once_per == "person"
            and steps
            and steps[-1].entry.verb == entry.verb
            and not entry.texts
        ):
            steps[-1] = replace(steps[-1], entry=entry, who=Words("", ""), times=steps[-1].times + 1)
            continue
        state = process.states.get(entry.to_state or "") if entry.from_state != entry.to_state else None
        steps.append(
            Step(
                entry,
                verb.title if verb else Words(entry.verb, entry.verb),
                state.title if state else None,
                _who(entry, names),
                [
                    (process.fields[text.field].label, text.text)
                    for text in entry.texts
                    if text.field in process.fields and text.text
                ],
            )
        )
    return steps


def _who(entry: LedgerEntry, names: dict[int, str]) -> Words:
    """Name and role; where staff recorded a body's decision, both (domain/05, delegated entry)."""
    role = ROLES[entry.role].title if entry.role in ROLES else Words("", "")
    name = names.get(entry.actor_id or 0, "")
    who = Words(f"{role.zh} {name}".strip(), f"{name} ({role.en})" if name else role.en)
    if entry.behalf:
        body = ROLES[entry.behalf].title
        return Words(f"{body.zh}（{who.zh} 代录）", f"{body.en} (entered by {who.en})")
    return who


def children(db: Session, matter: Matter, process: str) -> Sequence[Matter]:
    rows = select(Matter).where(Matter.parent_id == matter.id, Matter.process == process)
    return db.scalars(rows.order_by(Matter.id)).all()


def state_of(db: Session, matter: Matter) -> State:
    return process_of(db, matter).states[matter.state]


def matter(db: Session, matter_id: int) -> Matter:
    found = db.get(Matter, matter_id)
    if found is None:
        raise NotFound(Words("没有这件事。", "There is no such matter."))
    return found


def may_read(db: Session, actor: Actor, matter: Matter) -> bool:
    """Whoever holds a post that reaches the matter, and has a part in its procedure or leads the house (domain/05)."""
    process = process_of(db, matter)
    parts = {role for verb in process.verbs.values() for role in (*verb.doers, *verb.tells)} | READS_ALL
    return any(post.role in parts and covers(post, matter) for post in actor.posts)


def draft(db: Session, actor: Actor, matter: Matter, verb: str) -> Draft | None:
    """What this person has typed for this step and not sent."""
    return db.get(Draft, (actor.id, matter.id, verb)) if actor.id else None


def documents(db: Session, matter: Matter) -> Sequence[Document]:
    return db.scalars(select(Document).where(Document.matter_id == matter.id).order_by(Document.id)).all()
