"""What waits for whom, and until when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, inspect, or_, select
from sqlalchemy.orm import Session, joinedload, selectin_polymorphic, selectinload

from engine.deadlines import Deadline, deadlines
from engine.editions import every_edition, process_of, shipped
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter, Tick
from engine.models.people import Post
from engine.past import in_this_state
from engine.permits import Offer, judged, look_ahead
from engine.process import Field, Process, Verb
from engine.queries.matters import readers
from engine.rules import ROLES, Actor


@dataclass(frozen=True)
class ToDo:
    """A matter that waits for this person: what they can do, what is closed and why, and the nearest deadline."""

    matter: Matter
    offers: Sequence[Offer]
    deadline: Deadline | None


def waiting(
    db: Session, actor: Actor, now: datetime, *, process: str | None = None, page: int = 1, size: int = 50
) -> list[ToDo]:
    """One page of what waits for this actor, the longest waiting first. How many in all: `waiting_by_process`."""
    condition = _waits_for(db, actor)
    if process:
        condition = and_(condition, Matter.process == process)
    rows = (
        select(Matter)
        .where(condition)
        .order_by(Matter.since, Matter.id)
        .offset((page - 1) * size)
        .limit(size)
    )
    matters = _with_pasts(db, rows)
    return [_to_do(db, matter, actor, now) for matter in matters]


def waiting_by_process(db: Session, actor: Actor) -> dict[str, int]:
    """How many matters of each procedure wait for this actor."""
    rows = select(Matter.process, func.count()).where(_waits_for(db, actor)).group_by(Matter.process)
    return {name: count for name, count in db.execute(rows)}


@dataclass(frozen=True)
class Vacancy:
    """A seat that somebody held and nobody holds, for whom so many matters wait."""

    post: Post
    waiting: int


def vacancies(db: Session) -> list[Vacancy]:
    """The seats of the house where work waits for nobody."""
    held, empty = set(), {}
    rows = select(Post).where(Post.confirmed_at.is_not(None), Post.sitting_id.is_(None)).order_by(Post.id)
    for post in db.scalars(rows.options(joinedload(Post.person))):
        seat = (post.role, post.unit_id, post.group_id)
        if post.ended_at or post.person.disabled_at:
            empty[seat] = post
        else:
            held.add(seat)
    found = [
        Vacancy(post, sum(waiting_by_process(db, Actor(posts=(post,))).values()))
        for seat, post in empty.items()
        if seat not in held
    ]
    return [vacancy for vacancy in found if vacancy.waiting]


def listed(
    db: Session, actor: Actor, process: str, *, state: str = "", page: int = 1, size: int = 50
) -> tuple[Sequence[Matter], int]:
    """One page of a procedure's matters that this actor may read, the latest first, and how many there are."""
    reach = or_(false(), *(_scope(post) for post in readers(actor, shipped(process))))
    conditions = [Matter.process == process, reach, *([Matter.state == state] if state else [])]
    total = db.scalar(select(func.count()).select_from(Matter).where(*conditions)) or 0
    rows = select(Matter).where(*conditions).order_by(Matter.since.desc(), Matter.id.desc())
    return _with_pasts(db, rows.offset((page - 1) * size).limit(size)), total


def _scope(post: Post) -> ColumnElement[bool]:
    """The rows a post reaches, as SQL: the same rule as `rules.covers`."""
    scopes: dict[str, ColumnElement[bool]] = {
        "all": Matter.id.is_not(None),
        "unit": Matter.unit_id == post.unit_id,
        "group": Matter.group_id == post.group_id,
        "sitting": or_(Matter.sitting_id == post.sitting_id, Matter.id == post.sitting_id),
    }
    return scopes.get(ROLES[post.role].scope, false())


def _to_do(db: Session, matter: Matter, actor: Actor, now: datetime) -> ToDo:
    nearest = min(deadlines(db, matter), key=lambda deadline: deadline.due, default=None)
    return ToDo(matter, list(judged(db, matter, _steps(db, matter), actor, now)), nearest)


def _with_pasts(db: Session, rows: Select[Matter]) -> Sequence[Matter]:
    """The matters with their own columns, their parents, and what their rules and clocks ask of the past: in as many
    queries for many as for few.
    """
    nouns = [
        mapper.class_ for mapper in inspect(Matter).polymorphic_map.values() if mapper.class_ is not Matter
    ]
    parents = selectinload(Matter.parent).selectin_polymorphic(nouns)
    loaded = selectin_polymorphic(Matter, nouns), parents, selectinload(Matter.ticks)
    matters = db.scalars(rows.options(*loaded)).all()
    look_ahead(db, matters, {verb for matter in matters for verb in _steps(db, matter)})
    return matters


def _steps(db: Session, matter: Matter) -> list[Verb]:
    """What somebody is waited for in the matter's state."""
    return [verb for verb in process_of(db, matter).verbs_from(matter.state) if not verb.free]


def _waits_for(db: Session, actor: Actor) -> ColumnElement[bool]:
    """The process files as one SQL condition; guards are judged per row afterwards, for the rows of a page."""
    verbs = (
        _verb_waits(process, verb, actor)
        for process in every_edition(db)
        for verb in process.verbs.values()
        if not verb.create and not verb.free
    )
    return or_(false(), *(condition for condition in verbs if condition is not None))


def _verb_waits(process: Process, verb: Verb, actor: Actor) -> ColumnElement[bool] | None:
    checklist = process.checklist_of(verb)
    mine = [
        and_(reach, _is_open(checklist, role)) if checklist else reach
        for role in verb.doers
        for reach in _reaches(verb, role, actor)
    ]
    if not mine:
        return None
    here = and_(
        Matter.process == process.name,
        Matter.edition == process.edition,
        Matter.state.in_(verb.start),
        or_(*mine),
    )
    if verb.once_per:
        by_me = [LedgerEntry.actor_id == actor.id] if verb.once_per != "stay" else []
        now = [in_this_state(Matter.id)] if verb.once_per != "person" else []
        here = and_(here, ~_did(verb.name, *by_me, *now))
    for other in verb.not_by:
        here = and_(here, ~_did(other, LedgerEntry.actor_id == actor.id))
    return here


def _reaches(verb: Verb, role: str, actor: Actor) -> Iterator[ColumnElement[bool]]:
    """The rows this actor's posts of a role reach, less those where this role has given its part of `all_of`."""
    for post in actor.posts:
        if post.role != role or (actor.acting and actor.acting != role):
            continue
        scope = _scope(post)
        yield (
            and_(scope, ~_did(verb.name, LedgerEntry.role == role, in_this_state(Matter.id)))
            if role in verb.all_of
            else scope
        )


def _is_open(checklist: Field, role: str) -> ColumnElement[bool]:
    """Whether an item that is this role's is still to be ticked."""
    ticked = exists().where(Tick.matter_id == Matter.id, Tick.checklist == checklist.name)
    items = (item for item, owner in checklist.of.items() if owner == role)
    return or_(false(), *(~ticked.where(Tick.item == item) for item in items))


def _did(verb: str, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(LedgerEntry.matter_id == Matter.id, LedgerEntry.verb == verb, *conditions)
