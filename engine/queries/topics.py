"""Topics and plans as the public and the desk read them."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from statistics import mean

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from engine.deadlines import Deadline, deadlines
from engine.editions import carries_mark, editions, has_mark, process_of, process_on, shipped
from engine.errors import NotFound
from engine.guards import is_in_the_making
from engine.models.house import Document
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.topic import HeldDecision, Plan, ScoreSheet, Support, Topic, supporters_of_topic
from engine.models.voice import IdempotencyKey
from engine.process import Process, State
from engine.rules import ROLES, SCORE_READERS, Actor
from engine.similar import Index
from engine.words import Words


@dataclass(frozen=True)
class Listed:
    """A topic with its supporters: distinct people over it and the topics merged into it."""

    topic: Topic
    supporters: int


@dataclass(frozen=True)
class Scores:
    """All sheets of a topic, and how many there are; `average` to one decimal and `spread` (highest less lowest),
    nothing without a sheet.
    """

    number: int
    sheets: Sequence[ScoreSheet]
    average: float | None
    spread: int | None


def open_plan(db: Session) -> Plan | None:
    """The plan whose call is open, if any."""
    return db.scalar(
        select(Plan).where(has_mark(db, "plan", "call_open")).order_by(Plan.year.desc()).limit(1)
    )


def plans(db: Session) -> Sequence[Plan]:
    return db.scalars(select(Plan).order_by(Plan.year.desc())).all()


def papers(db: Session) -> Sequence[Document]:
    """The plans as they were issued (D01), the newest first."""
    issued = select(Document).join(Plan, Plan.id == Document.matter_id).where(Document.is_public)
    return db.scalars(issued.order_by(Plan.year.desc(), Document.id.desc())).all()


def topics(
    db: Session,
    *,
    mark: str | None = None,
    plan: Plan | None = None,
    order: str = "support",
    page: int = 1,
    size: int = 20,
) -> tuple[list[Listed], int]:
    """One page of the topics that were not merged away, and how many there are.

    `order` is `support`, `average` (of the scores) or `newest`.
    """
    supporters = supporters_of_topic().label("supporters")
    rows = select(Topic, supporters).where(Topic.merged_into_id.is_(None))
    if mark:
        rows = rows.where(has_mark(db, "topic", mark))
    if plan:
        rows = rows.where(Topic.parent_id == plan.id)
    total = db.scalar(select(func.count()).select_from(rows.subquery())) or 0
    average = select(func.avg(ScoreSheet.total)).where(ScoreSheet.topic_id == Topic.id).correlate(Topic)
    by = {
        "support": supporters.desc(),
        "average": average.scalar_subquery().desc().nulls_last(),
        "newest": Topic.created_at.desc(),
    }
    found = db.execute(rows.order_by(by[order], Topic.id).offset((page - 1) * size).limit(size))
    return [Listed(topic, count) for topic, count in found], total


def takes_in(db: Session, plan: Plan, today: date) -> Sequence[Topic]:
    """What a plan may take in of others: what they carried over until it is drafted, their reserve during its call."""
    if not is_in_the_making(db, plan):
        return ()
    carried = to_take_up(db, plan) if "take_up" in process_on(db, "topic", today).verbs else ()
    if not carries_mark(db, plan, "call_open"):
        return carried
    rows = (
        select(Topic).where(has_mark(db, "topic", "reserve"), Topic.parent_id != plan.id).order_by(Topic.id)
    )
    reserve = [one for one in db.scalars(rows) if "reconsider" in process_of(db, one).verbs]
    return [*carried, *reserve]


def to_take_up(db: Session, plan: Plan) -> Sequence[Topic]:
    """What earlier plans have carried over and no plan has taken up."""
    earlier = select(Plan.id).where(Plan.year < plan.year)
    rows = select(Topic).where(has_mark(db, "topic", "carried_over"), Topic.parent_id.in_(earlier))
    return db.scalars(rows.where(~Topic.carried_into.has()).order_by(Topic.id)).all()


IN_PLAN = ("planned", "adjusting", "cancelled", "carried_over")
"""Marks of a topic that is or has been in an issued plan, each counted apart."""
OF_PLAN = (*IN_PLAN, "shortlisted", "scoring", "received", "reserve", "declined", "merged")
"""Marks that tell apart where a topic of a plan is, in the order in which the plan lists its topics."""


@dataclass(frozen=True)
class PlanTopic:
    """A topic as its plan lists it: at which of `OF_PLAN`, and whom or where it came from."""

    topic: Topic
    state: State
    at: str
    origin: Words


def of_plan(db: Session, plan: Plan) -> list[PlanTopic]:
    """All topics of a plan, within each mark the best scored first."""
    average = select(func.avg(ScoreSheet.total)).where(ScoreSheet.topic_id == Topic.id).correlate(Topic)
    rows = (
        select(Topic)
        .where(Topic.parent_id == plan.id)
        .options(selectinload(Topic.unit), selectinload(Topic.group))
    )
    found = db.scalars(rows.order_by(average.scalar_subquery().desc().nulls_last(), Topic.id)).all()
    begun = select(LedgerEntry.matter_id, LedgerEntry.role).join(Matter, Matter.id == LedgerEntry.matter_id)
    roles = {
        matter_id: role
        for matter_id, role in db.execute(
            begun.where(Matter.parent_id == plan.id, LedgerEntry.from_state.is_(None))
        )
    }
    listed = []
    for topic in found:
        process = process_of(db, topic)
        state = process.states[topic.state]
        listed.append(PlanTopic(topic, state, _at(state), _origin(process, topic, roles.get(topic.id))))
    return sorted(listed, key=lambda one: OF_PLAN.index(one.at) if one.at else len(OF_PLAN))


def counts(db: Session) -> Counter[str]:
    """How many topics, but for those merged away, are at each of `OF_PLAN`."""
    processes = {process.edition: process for process in editions(db, "topic")}
    rows = select(Topic.edition, Topic.state, func.count()).where(Topic.merged_into_id.is_(None))
    found = Counter[str]()
    for edition, state, number in db.execute(rows.group_by(Topic.edition, Topic.state)):
        found[_at(processes[edition].states[state])] += number
    return found


def titles() -> dict[str, Words]:
    """What each of `OF_PLAN` is called."""
    return {_at(state): state.title for state in shipped("topic").states.values()}


def _at(state: State) -> str:
    return next((mark for mark in OF_PLAN if mark in state.marks), "")


def _origin(process: Process, topic: Topic, role: str | None) -> Words:
    if topic.carried_from_id:
        return CARRIED_OVER
    if topic.source:
        return process.fields["source"].choices.get(topic.source, Words(topic.source, topic.source))
    return ROLES[role].title if role in ROLES else Words("—", "—")


CARRIED_OVER = Words("上年结转", "Carried over")


def supporters(db: Session, topic: Topic) -> int:
    return db.scalar(select(supporters_of_topic()).where(Topic.id == topic.id)) or 0


def obliging(process: Process) -> int | None:
    """How many supporters oblige the office to an answer."""
    return _asked_for(process, "supporters")


def scorers_asked(process: Process) -> int | None:
    """How many have to score before it may be decided."""
    return _asked_for(process, "scorers")


def _asked_for(process: Process, name: str) -> int | None:
    guards = (guard for verb in process.verbs.values() for guard in verb.when)
    return next((int(guard.number or 0) for guard in guards if guard.name == name), None)


def answer_due(db: Session, topic: Topic) -> Deadline | None:
    """By when the office owes its answer."""
    for deadline in deadlines(db, topic):
        if deadline.clock.within and deadline.clock.within.of == "field.answer_owed_from":
            return deadline
    return None


def supports(db: Session, person_id: int) -> set[int]:
    """The ids of the topics a person supports."""
    return set(db.scalars(select(Support.topic_id).where(Support.person_id == person_id)))


@dataclass(frozen=True)
class Decidable:
    """A topic with what it is decided on, and what is held for it."""

    topic: Topic
    supporters: int
    scores: Scores
    held: HeldDecision | None
    similar: Sequence[Topic]
    """Other topics of its call, undecided as it is, that it may be merged into."""


def decidable(db: Session, mark: str) -> list[Decidable]:
    """Every topic of a stage, the best scored first; asks as many queries for many as for few."""
    rows = select(Topic, supporters_of_topic()).where(has_mark(db, "topic", mark))
    counts = {topic: count for topic, count in db.execute(rows.order_by(Topic.id))}
    ids = [topic.id for topic in counts]
    holding = select(HeldDecision).where(HeldDecision.topic_id.in_(ids))
    held = {one.topic_id: one for one in db.scalars(holding.options(selectinload(HeldDecision.decided_by)))}
    sheets = _sheets(db, ids)
    alike = _alike(db, counts)
    found = [
        Decidable(topic, count, _scores(sheets[topic.id]), held.get(topic.id), alike[topic.id])
        for topic, count in counts.items()
    ]
    return sorted(found, key=lambda one: -(one.scores.average or 0))


def _alike(db: Session, subjects: Collection[Topic]) -> dict[int, list[Topic]]:
    """By id of each the three of its call it is likest to and may go on in: undecided, and public if it is."""
    calls = {topic.parent_id for topic in subjects}
    undecided = or_(has_mark(db, "topic", "received"), has_mark(db, "topic", "open_for_support"))
    rows = db.scalars(select(Topic).where(Topic.parent_id.in_(calls), undecided)).all()
    public = set(
        db.scalars(select(Topic.id).where(Topic.parent_id.in_(calls), has_mark(db, "topic", "public")))
    )
    by_id = {one.id: one for one in rows}
    indices = {call: Index() for call in calls}
    for one in rows:
        indices[one.parent_id].add(one.id, one.title)
    found: dict[int, list[Topic]] = {}
    for topic in subjects:
        likest = [match.id for match in indices[topic.parent_id].similar(topic.title)]
        may = [one for one in likest if one != topic.id and (one in public or topic.id not in public)]
        found[topic.id] = [by_id[one] for one in may[:3]]
    return found


def similar(
    db: Session, plan_id: int | None, title: str, *, to: Actor | None = None, but: int | None = None
) -> list[Listed]:
    """Up to five topics of a call that ask for much the same, the likest first, without those merged away.

    `to` is a person who sees only what is public and their own.
    """
    rows = select(Topic).where(
        Topic.parent_id == plan_id, Topic.merged_into_id.is_(None), Topic.id.is_distinct_from(but)
    )
    if to:
        rows = rows.where(or_(has_mark(db, "topic", "public"), Topic.created_by_id == to.id))
    found = {topic.id: topic for topic in db.scalars(rows)}
    index = Index()
    for topic in found.values():
        index.add(topic.id, topic.title)
    likest = [found[match.id] for match in index.similar(title)]
    return [Listed(topic, supporters(db, topic)) for topic in likest]


def sent_with(db: Session, actor: Actor, key: str) -> Topic | None:
    """What this person's form of that key has made."""
    kept = db.get(IdempotencyKey, (actor.id, key))
    return db.get(Topic, kept.matter_id) if kept else None


def scores(db: Session, topic: Topic) -> Scores:
    return _scores(_sheets(db, [topic.id])[topic.id])


def _sheets(db: Session, ids: Collection[int]) -> dict[int, list[ScoreSheet]]:
    rows = select(ScoreSheet).where(ScoreSheet.topic_id.in_(ids)).order_by(ScoreSheet.scorer_id)
    found: dict[int, list[ScoreSheet]] = {topic_id: [] for topic_id in ids}
    for sheet in db.scalars(rows):
        found[sheet.topic_id].append(sheet)
    return found


def held(db: Session, topic: Topic) -> HeldDecision | None:
    """What is decided on it and not released."""
    return db.get(HeldDecision, topic.id)


def scores_for(db: Session, topics: Collection[Topic], actor: Actor) -> dict[int, Scores]:
    """By topic, as far as this person is to see them: not before their own sheet is in, so that each judges alone; and
    sheet by sheet only those who have a part in the decision.
    """
    sheets = _sheets(db, [topic.id for topic in topics])
    return {topic.id: _scores_for(db, topic, _scores(sheets[topic.id]), actor) for topic in topics}


def _scores_for(db: Session, topic: Topic, found: Scores, actor: Actor) -> Scores:
    if "scorer" in actor.roles and carries_mark(db, topic, "scoring"):
        if actor.id not in {sheet.scorer_id for sheet in found.sheets}:
            return Scores(found.number, (), None, None)
    return found if actor.roles & SCORE_READERS else replace(found, sheets=())


def _scores(sheets: Sequence[ScoreSheet]) -> Scores:
    totals = [sheet.total for sheet in sheets]
    return Scores(
        len(sheets),
        sheets,
        round(mean(totals), 1) if totals else None,
        max(totals) - min(totals) if totals else None,
    )


def topic(db: Session, topic_id: int, actor: Actor) -> Topic:
    """One that was screened, or the actor's own; what was merged is as public as what it was merged into.

    Raises `NotFound` for what is not public as for what is not there.
    """
    found = db.get(Topic, topic_id)
    if found is None or not (carries_mark(db, found.merged_into or found, "public") or is_by(actor, found)):
        raise NotFound(Words("没有这个议题。", "There is no such topic."))
    return found


def is_by(actor: Actor, topic: Topic) -> bool:
    """Whether this person put it forward, or one that was merged into it."""
    return actor.id is not None and actor.id in {person.id for person in topic.submitters}


def own(db: Session, actor: Actor) -> Sequence[Topic]:
    """What this person has put forward, the newest first."""
    rows = select(Topic).where(Topic.created_by_id == actor.id, Topic.created_by_id.is_not(None))
    return db.scalars(rows.order_by(Topic.id.desc())).all()


def plan(db: Session, plan_id: int) -> Plan | None:
    return db.get(Plan, plan_id)
