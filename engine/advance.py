"""The one writer of state: process and rules turn a verb into a changed row, a ledger entry and an announcement."""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import delete, inspect, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine import rules
from engine.clock import day, local
from engine.deadlines import put_off_wrongly
from engine.editions import process_of, process_on
from engine.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from engine.guards import unmet
from engine.models.chosen import ROWS
from engine.models.house import Notice
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter, MatterMark, Tick
from engine.models.people import Person
from engine.models.topic import HeldDecision, Topic
from engine.permits import Kept, forbidden, leads_to, role_for
from engine.process import REFERENCES, Field, Process, State, Verb
from engine.record import announce_noted, as_text, ask_for, note, record
from engine.rules import ROLES, SYSTEM, Actor
from engine.words import Words, quoted
from engine.workdays import day_words

_KEPT = frozenset(column.key for column in inspect(Matter).columns) - {"title", "unit_id", "group_id"}


def advance(
    db: Session,
    matter: Matter,
    verb_name: str,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    """Does a verb. `seen` is the version the actor had before them.

    Raises `Forbidden`, `WrongState`, `Stale` or `Invalid`, and then nothing has changed.
    """
    return _advance(db, matter, verb_name, actor, now, given, seen, told=frozenset())


def _advance(
    db: Session,
    matter: Matter,
    verb_name: str,
    actor: Actor,
    now: datetime,
    given: Mapping[str, Any],
    seen: int | None,
    told: Set[int],
) -> LedgerEntry:
    """`told` are those who hear of it by a notice on what carries this along."""
    db.flush()
    db.refresh(matter, with_for_update=True)
    process = process_of(db, matter)
    verb = _verb(process, verb_name)
    course = Kept(db, process, matter, actor, now)
    role = role_for(process, verb, course)
    if seen is not None and seen != matter.version and _changes(matter, verb):
        raise _stale(db, process, matter, seen)
    values = _accept(db, process, verb, given)
    checklist = process.checklist_of(verb)
    if checklist:
        role = _owner(checklist, verb, values[checklist.name], course)
    before = matter.state
    after = leads_to(verb, role, course)
    if wrong := put_off_wrongly(db, matter, process.states[after], values, day(now)):
        raise Invalid(wrong)
    _change(db, process, matter, after, values, now)
    if after != before and isinstance(matter, Topic):
        _settle(db, matter)
    entry = _record(db, process, matter, verb, role, actor, now, before, values)
    told |= _tell(db, matter, verb, entry, told)
    if checklist:
        _tick(matter, checklist, verb, values[checklist.name], entry)
    if after != before:
        _untick(process, matter, before)
        _mark(db, process.states[after], matter, now)
        _carry(db, matter, verb, values, now, told)
        for document in verb.makes:
            ask_for(
                db,
                "make_document",
                f"{document}:{matter.id}:{matter.version}",
                now,
                matter,
                document=document,
            )
    return entry


def accepted(db: Session, matter: Matter, verb_name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of a verb, typed, for an action that looks at them or keeps them in rows of its own."""
    process = process_of(db, matter)
    return _accept(db, process, process.verbs[verb_name], given)


def begin(
    db: Session,
    matter: Matter,
    verb_name: str,
    *,
    actor: Actor,
    now: datetime,
    **given: Any,
) -> LedgerEntry:
    """Starts a new matter by a verb that creates; the noun's own columns that no field names are already set on it."""
    process = process_on(db, type(matter).__mapper_args__["polymorphic_identity"], day(now))
    verb = _verb(process, verb_name)
    role = rules.role_over(
        actor, matter if matter.unit_id or matter.sitting_id or matter.group_id else None, verb.by
    )
    if role is None:
        raise forbidden(verb)
    parent = _held(db, matter.parent_id) if matter.parent_id else matter
    for guard in verb.when:
        if lacking := unmet(db, parent, guard, now):
            raise WrongState(lacking)
    values = _accept(db, process, verb, given)
    _set(matter, process, values)
    matter.edition, matter.state, matter.since, matter.version = (
        process.edition,
        verb.to or process.start,
        now,
        1,
    )
    matter.created_at, matter.created_by_id = now, matter.created_by_id or actor.id
    db.add(matter)
    db.flush()
    entry = _record(db, process, matter, verb, role, actor, now, None, values)
    _mark(db, process.states[matter.state], matter, now)
    _tell(db, matter, verb, entry)
    return entry


def move(db: Session, matter: Matter, process: Process, state: str, *, now: datetime) -> None:
    """Takes a matter over to another edition, to where its stage went there. How long it has been there goes on."""
    db.refresh(matter, with_for_update=True)
    before, edition = matter.state, matter.edition
    _write(db, process, matter, state=state, edition=process.edition)
    data = {"from_edition": edition, "to_edition": process.edition}
    note(db, matter, "moved", actor=SYSTEM, now=now, from_state=before, data=data)
    _mark(db, process.states[state], matter, now)


def amend(db: Session, matter: Matter, *, seen: int | None = None) -> None:
    """Another version of a matter whose rows change by no step of its procedure. Raises `Stale` as a step does."""
    db.refresh(matter, with_for_update=True)
    process = process_of(db, matter)
    if seen is not None and seen != matter.version:
        raise _stale(db, process, matter, seen)
    _write(db, process, matter)


def _held(db: Session, parent_id: int) -> Matter:
    """The parent, kept as it is until this transaction ends: nothing begins under one that is being closed."""
    return db.get_one(Matter, parent_id, with_for_update={"read": True}, populate_existing=True)


def _changes(matter: Matter, verb: Verb) -> bool:
    """Whether a verb overwrites anything; one that only adds to the record may be done by many at once."""
    return not verb.stays or bool(_columns(matter) & {*verb.needs, *verb.takes})


def _verb(process: Process, name: str) -> Verb:
    if name not in process.verbs:
        raise NotFound(Words("没有这一步。", "There is no such step."))
    return process.verbs[name]


def _stale(db: Session, process: Process, matter: Matter, seen: int) -> Stale:
    """Says what was done first since the version that was seen; a version it never had is stale all the same."""
    missed = select(LedgerEntry).where(LedgerEntry.matter_id == matter.id, LedgerEntry.version > seen)
    verb = db.scalar(missed.with_only_columns(LedgerEntry.verb).order_by(LedgerEntry.id).limit(1))
    what = process.verbs[verb].title if verb and verb in process.verbs else Words("修改", "Change")
    words = Words(
        f"别人刚刚办了“{what.zh}”，请看过再办。",
        f"Someone has just done “{what.en}”; please look before you go on.",
    )
    return Stale(words, matter.version)


def _accept(db: Session, process: Process, verb: Verb, given: Mapping[str, Any]) -> dict[str, Any]:
    values = process.accept(verb, given)
    wrong = {
        name: Words("没有这一项，请从列表中选择。", "There is no such entry; please choose from the list.")
        for name, value in values.items()
        if not _exists(db, process.fields[name].kind, value)
    }
    if wrong:
        raise Invalid(wrong)
    return values


def _exists(db: Session, kind: str, value: Any) -> bool:
    if kind not in REFERENCES:
        return True
    return all(db.get(ROWS[kind], one) is not None for one in (value if isinstance(value, list) else [value]))


def _columns(matter: Matter) -> Set[str]:
    """The noun's own columns that a form may write."""
    return set(inspect(type(matter)).columns.keys()) - _KEPT


def _set(matter: Matter, process: Process, values: Mapping[str, Any]) -> bool:
    """Fields that the noun keeps as columns of its own; the rest stand in the ledger only."""
    mine = {name: value for name, value in values.items() if name in _columns(matter)}
    for name, value in mine.items():
        setattr(matter, name, value)
    return bool(mine)


def _change(
    db: Session, process: Process, matter: Matter, after: str, values: Mapping[str, Any], now: datetime
) -> None:
    changed = _set(matter, process, values)
    if after == matter.state and not changed:
        return
    _write(db, process, matter, state=after, since=matter.since if after == matter.state else now)


def _write(db: Session, process: Process, matter: Matter, **values: Any) -> None:
    table = Matter.__table__
    guarded = update(table).where(table.c.id == matter.id, table.c.version == matter.version)  # type: ignore[arg-type]
    written = {"version": matter.version + 1, **values}
    done = db.execute(guarded.values(written))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise _stale(db, process, matter, matter.version)
    db.flush()
    db.expire(matter, inspect(type(matter)).relationships.keys())  # a form may have named another unit
    for name, value in written.items():
        set_committed_value(matter, name, value)


def _owner(checklist: Field, verb: Verb, items: Sequence[str], course: Kept) -> str:
    """The role in which these items are ticked, or opened again: their owner's alone."""
    open_now = course.items(verb) or []
    for item in items:
        title, owner = checklist.choices[item], checklist.of[item]
        if course.role_among((owner,)) is None:
            who = ROLES[owner].title
            raise Forbidden(
                Words(f"“{title.zh}”由{who.zh}确认。", f"“{title.en}” is confirmed by: {who.en}.")
            )
        if item not in open_now:
            raise WrongState(
                Words(f"“{title.zh}”还没有确认。", f"“{title.en}” is not confirmed.")
                if verb.undoes
                else Words(f"“{title.zh}”已经确认过了。", f"“{title.en}” is confirmed already.")
            )
    return str(checklist.of[items[0]])


def _tick(matter: Matter, checklist: Field, verb: Verb, items: Sequence[str], entry: LedgerEntry) -> None:
    if verb.undoes:
        matter.ticks = [
            one for one in matter.ticks if one.checklist != checklist.name or one.item not in items
        ]
    else:
        matter.ticks += [Tick(checklist=checklist.name, item=item, entry_id=entry.id) for item in items]


def _settle(db: Session, topic: Topic) -> None:
    """What is held is done by a step that moves the topic, or overtaken; who decided what comes out only now."""
    db.execute(delete(HeldDecision).where(HeldDecision.topic_id == topic.id))
    announce_noted(db, topic)


def _untick(process: Process, matter: Matter, before: str) -> None:
    """What comes back to where it is prepared is looked over anew; ticks of before may speak of another day."""
    prepared = {
        state for verb in process.verbs.values() if process.checklist_of(verb) for state in verb.start
    }
    if matter.state in prepared and before not in prepared:
        matter.ticks = []


def _record(
    db: Session,
    process: Process,
    matter: Matter,
    verb: Verb,
    role: str | None,
    actor: Actor,
    now: datetime,
    before: str | None,
    values: Mapping[str, Any],
) -> LedgerEntry:
    wordy = {name for name in values if process.fields[name].kind in ("text", "rows", "person")}
    moved = matter.state != before
    marks = process.states[matter.state].marks
    return record(
        db,
        f"{process.name}.{marks[0] if moved and marks else matter.state if moved else verb.name}",
        noun=process.name,
        verb=verb.name,
        actor=actor,
        now=now,
        matter=matter,
        role=role,
        behalf=verb.on_behalf_of,
        from_state=before,
        answers={name: value for name, value in values.items() if name not in wordy},
        texts={name: as_text(value) for name, value in values.items() if name in wordy},
    )


def _mark(db: Session, state: State, matter: Matter, now: datetime) -> None:
    for mark in state.marks:
        if db.get(MatterMark, (matter.id, mark)) is None:
            db.add(MatterMark(matter_id=matter.id, mark=mark, at=now))


def _tell(
    db: Session, matter: Matter, verb: Verb, entry: LedgerEntry, told: Set[int] = frozenset()
) -> Set[int]:
    people = [person for role in verb.tells for person in rules.people_over(db, matter, role)]
    return tell(db, matter, entry, people, told)


def tell(
    db: Session, matter: Matter, entry: LedgerEntry, people: Iterable[Person], told: Set[int] = frozenset()
) -> Set[int]:
    """A notice of what was done to each person once, whatever roles they hold; never to the one who did it, nor to
    those `told` already. Who they are.
    """
    process = process_of(db, matter)
    verb, state = process.verbs[entry.verb], process.states[matter.state].title
    hearers = dict.fromkeys(person.id for person in people)
    at = Words("", "") if verb.stays else Words(f"，现为“{state.zh}”", f"; it is now at “{state.en}”")
    why = next((text.text for text in entry.texts if text.field == "public_reason"), None)
    when = _when(entry)
    words = Words(
        f"{process.title.zh}{quoted(matter.title)}：{verb.title.zh}{at.zh}。{when.zh}{f'理由：{why}' if why else ''}",
        f"{process.title.en} {quoted(matter.title)}: {verb.title.en}{at.en}.{when.en}"
        f"{f' Reason: {why}' if why else ''}",
    )
    for person_id in (one for one in hearers if one not in {entry.actor_id, *told}):
        db.add(
            Notice(
                person_id=person_id,
                matter_id=matter.id,
                entry_id=entry.id,
                zh=words.zh,
                en=words.en,
                created_at=entry.at,
            )
        )
    return hearers.keys()


def _when(entry: LedgerEntry) -> Words:
    """The day and time that a step sets."""
    given = entry.answers.get("starts_at")
    if not given:
        return Words("", "")
    at = local(datetime.fromisoformat(given))
    on = day_words(at.date(), day(entry.at))
    return Words(f"时间：{on.zh}{at:%H:%M}。", f" Time: {on.en}, {at:%H:%M}.")


def _carry(
    db: Session, matter: Matter, verb: Verb, values: Mapping[str, Any], now: datetime, told: Set[int]
) -> None:
    """A verb that carries moves the children that can do the verb of the same name. One whose edition does not let the
    system do it, or asks for what was not given, stays where it is, and the matter's history says so.
    """
    if not verb.carries:
        return
    left = []
    children = (
        select(Matter)
        .where(Matter.parent_id == matter.id, Matter.process.in_(verb.carries))
        .order_by(Matter.id)
    )
    for child in db.scalars(children).all():
        process = process_of(db, child)
        same = process.verbs.get(verb.name)
        if same is None or "system" not in same.by:
            left.append(child.id)
        elif child.state in same.start:
            try:
                _advance(db, child, verb.name, SYSTEM, now, _handed_down(process, same, values), None, told)
            except Invalid:
                left.append(child.id)
    if left:
        note(db, matter, "left_behind", actor=SYSTEM, now=now, answers={"verb": verb.name, "matters": left})


def _handed_down(process: Process, verb: Verb, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parent's answers that a carried step asks for; one reason serves for the other."""
    given = {name: values[name] for name in verb.needs + verb.takes if name in values}
    reason = next((values[name] for name in _REASONS if name in values), "")
    return {name: reason[: process.fields[name].max] for name in verb.needs if name in _REASONS} | given


_REASONS = ("public_reason", "reason")
