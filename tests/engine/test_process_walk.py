"""Every procedure walked at random beside its table of steps: no step outside the table, no lost version, nobody
judging their own work; and beside its trial, which takes what the engine takes. And every role at every state with
every verb, once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine import calendar
from engine.actions.comment import post_comment
from engine.actions.questionnaire import draft_questionnaire
from engine.actions.research import plan_research
from engine.advance import advance
from engine.clock import day
from engine.editions import shipped, shipped_names
from engine.errors import Forbidden, Refused, WrongState
from engine.models.consultation import Research, Sitting
from engine.models.house import Document
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.people import Post
from engine.models.topic import Topic
from engine.models.voice import Question
from engine.permits import Kept, permit
from engine.process import Field, Process, Verb
from engine.rules import ROLES, SYSTEM, Actor
from engine.walk import Step, Taken, Walker
from engine.walk import Walk as Trial
from tests.engine.actions.test_recommendation import assigned
from tests.engine.test_processes import steps_of_table
from tests.houses import House, invited, material, shown_question

every_process = pytest.mark.parametrize("name", shipped_names())
on_sqlite = pytest.mark.parametrize("house", ["sqlite"], indirect=True)
DOERS = ("citizen7", "citizen8", "citizen9")
"""Three people, each of whom may come in any role: what keeps them apart is the procedure alone."""


@dataclass
class Walk:
    """A matter among people who may be anything; conditions hold, since they have their own tests."""

    house: House
    db: Session
    matter: Matter
    other: int
    """Another of its kind, to be merged into."""

    @property
    def process(self) -> Process:
        return shipped(self.matter.process)

    def put(self, state: str) -> None:
        self.db.execute(update(Matter).where(Matter.id == self.matter.id).values(state=state))
        self.db.refresh(self.matter)

    def actor(self, who: str, role: str) -> Actor:
        """The person in this one role over this matter, and in those that need no post."""
        matter = self.matter
        if role == "system":
            return SYSTEM
        if role == "submitter":
            return Actor(matter.created_by)
        if role in ("invitee", "remote_guest"):
            return Actor(getattr(matter, "person", None))
        if role == "recipient":
            return Actor(next((one.person for one in getattr(matter, "recipients", ())), None))
        sitting = matter.id if matter.process == "sitting" else matter.sitting_id
        post = Post(role=role, unit_id=matter.unit_id, group_id=matter.group_id, sitting_id=sitting)
        return Actor(self.house.actor(self.db, who).person, (post,))

    def roles(self, actor: Actor) -> set[str]:
        held = {post.role for post in actor.posts} | ({"system"} if actor.is_system else set())
        if actor.person and actor.person.phone_key:
            held.add("citizen")
        if actor.id and actor.id == self.matter.created_by_id:
            held.add("submitter")
        if actor.id and actor.id == getattr(self.matter, "person_id", None):
            held |= {"invitee", "remote_guest"}
        if actor.id and actor.id in getattr(self.matter, "recipient_ids", []):
            held.add("recipient")
        return held


@pytest.fixture
def walk(house: House, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    with house.transaction() as db:
        found = matter_of(house, db, name)
        paper = Document(
            kind="report", name="报告.pdf", media_type="application/pdf", size=1, sha256="0" * 64
        )
        paper.created_at = house.now
        db.add(paper)  # its number is 1, as whatever else an answer chooses
        other = another(house, db, found)
        monkeypatch.setattr("engine.permits.unmet", lambda *_: None)
        monkeypatch.setattr("engine.walk._Course.unmet", lambda *_: None)
        monkeypatch.setattr("engine.permits.Kept.items", own_items)
        monkeypatch.setattr("engine.advance._tick", lambda *_: None)
        yield Walk(house, db, found, other)


def own_items(course: Kept, verb: Verb) -> list[str] | None:
    """As if each item could be ticked, and opened again, at any time."""
    checklist = course.process.checklist_of(verb)
    return checklist and [item for item, owner in checklist.of.items() if course.role_among((owner,))]


def matter_of(house: House, db: Session, name: str) -> Matter:
    """One that has much of its way still before it."""
    recommendation, assignments = assigned(house, db)
    live = db.scalars(select(Sitting)).one()
    match name:
        case "recommendation":
            return recommendation
        case "assignment":
            return assignments[0]
        case "sitting":
            return live
        case "attendance":
            guest = invited(house, db, live)
            guest.remote_url = LINK
            return guest
        case "material":
            return material(house, db, live, [invited(house, db, live)])
        case "question":
            return db.scalars(select(Question)).one()
        case "comment":
            citizen = house.actor(db, "citizen9")
            return post_comment(db, live, actor=citizen, now=house.now, title="说得好", author_name="市民")
        case "research":
            return research_of(house, db, live)
        case "questionnaire":
            leader, task = house.actor(db, "group1"), research_of(house, db, live)
            return draft_questionnaire(db, task, actor=leader, now=house.now, title="业主问卷")
        case "consultation":
            return live.parent
        case "topic":
            return house.topic(db, house.plan(db, 2030))
        case _:
            return house.plan(db, 2030)


def research_of(house: House, db: Session, live: Sitting) -> Research:
    committee, about = house.actor(db, "committee"), {"title": "走访小区", "questions": "业主怎么看？"}
    return plan_research(db, live.parent, actor=committee, now=house.now, group_id=1, **about)


def another(house: House, db: Session, matter: Matter) -> int:
    match matter:
        case Topic():
            return house.topic(db, matter.parent, "另一个议题", by="citizen2").id
        case Question():
            return shown_question(house, db, matter.parent, "另一个问题？", by="citizen2").id
        case _:
            return 1


def answers(walk: Walk, verb: Verb, actor: Actor) -> dict[str, Any]:
    fields = [walk.process.fields[name] for name in verb.needs]
    given = {spec.name: walk.other if spec.kind == "matter" else answer(spec) for spec in fields}
    if checklist := walk.process.checklist_of(verb):
        given[checklist.name] = [
            item for item, owner in checklist.of.items() if owner in walk.roles(actor)
        ] or list(checklist.of)
    return given


LINK = "https://meeting.example/1"


def answer(spec: Field) -> Any:
    match spec.kind:
        case "text" if spec.name.endswith("_url"):
            return LINK
        case "text":
            return "说明" * max(1, (spec.min or 0))
        case "number":
            return spec.min or 1
        case "date":
            return "2027-03-01"
        case "moment":
            return "2027-03-01T14:00"
        case "choice":
            return next(iter(spec.choices))
        case "yes":
            return "yes"
        case "rows":
            return [{column: answer(Field(column, kind, spec.label)) for column, kind in spec.of.items()}]
        case "points":
            return dict.fromkeys(spec.of, 1)
        case "units" | "groups":
            return [1]
        case _:
            return 1


@every_process
@on_sqlite
def test_every_role_at_every_state_may_do_what_the_table_says(walk: Walk, name: str) -> None:
    table, wrong = steps_of_table(name), []
    for state in walk.process.states:
        walk.put(state)
        for role in ROLES:
            actor = walk.actor("citizen7", role)
            for verb in walk.process.verbs.values():
                step = table[verb.name][1]
                is_theirs, is_here = bool(walk.roles(actor) & step["who"]), state in step["from"]
                says = "open" if is_theirs and is_here else "not here" if is_theirs else "forbidden"
                if (verdict := permitted(walk, verb, actor)) != says:
                    wrong.append((state, role, verb.name, verdict))
    assert wrong == []


def permitted(walk: Walk, verb: Verb, actor: Actor) -> str:
    try:
        permit(walk.db, walk.process, walk.matter, verb, actor, walk.house.now)
    except Forbidden:
        return "forbidden"
    except WrongState:
        return "not here"
    return "open"


class Model:
    """What may come next by the table alone: where the matter is, how it got there, and who did what."""

    def __init__(self, walk: Walk) -> None:
        self.walk, self.table = walk, steps_of_table(walk.matter.process)
        self.state = walk.matter.state
        self.back = {verb for verb, (_, step) in self.table.items() if step["to"] == "previous"}
        self.came: list[tuple[str, str]] = []
        self.done: list[tuple[str, int | None, str | None]] = []
        self.here = 0
        for entry in walk.db.scalars(
            select(LedgerEntry).where(LedgerEntry.matter_id == walk.matter.id).order_by(LedgerEntry.id)
        ):
            self.note(entry.verb, entry.actor_id, entry.role, entry.from_state, entry.to_state or "")

    def note(self, verb: str, who: int | None, role: str | None, before: str | None, after: str) -> None:
        if before != after:
            self.here = len(self.done)
            if before and verb not in self.back:
                self.came.append((before, after))
        self.done.append((verb, who, role))
        self.state = after

    def gates(self, verb: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for gate in self.table[verb][1]["gate"]:
            name, _, what = gate.partition("=")
            found.setdefault(name, []).append(what)
        return found

    def refuses(self, verb: str, actor: Actor) -> bool:
        step, gates, now_here = self.table[verb][1], self.gates(verb), self.done[self.here :]
        same = [one for one in self.done if one[0] == verb]
        same_here = [one for one in now_here if one[0] == verb]
        roles = self.walk.roles(actor) & step["who"]
        if "all" in gates:
            roles -= {role for _, _, role in same_here}
        once = gates.get("once_per", [""])[0]
        return (
            not roles
            or self.state not in step["from"]
            or ("all" in gates and actor.id in {who for _, who, _ in same_here})
            or (
                not actor.is_system
                and any(v in gates.get("not_by", ()) and who == actor.id for v, who, _ in self.done)
            )
            or (once == "person" and actor.id in {who for _, who, _ in same})
            or (once == "stay" and bool(same_here))
            or (once == "person_and_stay" and actor.id in {who for _, who, _ in same_here})
            or (step["to"] == "previous" and self.previous() is None)
        )

    def previous(self) -> str | None:
        return next((before for before, after in reversed(self.came) if after == self.state), None)

    def after(self, verb: str, role: str | None) -> str:
        step = self.table[verb][1]
        if "all" in self.gates(verb):
            agreed = {one[2] for one in self.done[self.here :] if one[0] == verb} | {role}
            if not agreed >= step["who"]:
                return self.state
        return self.previous() or "" if step["to"] == "previous" else step["to"] or self.state


def trial_of(walk: Walk) -> Trial:
    """The matter's way so far, as a trial would have it."""
    entries = select(LedgerEntry).where(LedgerEntry.matter_id == walk.matter.id).order_by(LedgerEntry.id)
    taken = [
        Taken(trial_step(walk, one.verb, one.actor_id, one.role or ""), one.from_state, one.to_state or "")
        for one in walk.db.scalars(entries)
    ]
    return Trial(walk.process, calendar.of(walk.db), taken)


def trial_step(walk: Walk, verb: str, who: int | None, role: str) -> Step:
    return Step(verb, Walker(role, who, day(walk.house.now)))


def trial_refuses(walk: Walk, trial: Trial, verb: Verb, actor: Actor) -> bool:
    """In each role that this actor has."""
    for role in sorted(walk.roles(actor)):
        try:
            Trial(trial.process, trial.days, list(trial.taken)).take(
                trial_step(walk, verb.name, actor.id, role)
            )
        except Refused:
            continue
        return False
    return True


WALKS = max(100, settings().max_examples)
STEPS = st.lists(st.tuples(st.sampled_from(DOERS), st.integers(0, 9999), st.integers(0, 3)), max_size=50)


@every_process
@on_sqlite
@settings(max_examples=WALKS, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_walk_takes_no_step_that_the_table_has_not(
    walk: Walk, name: str, steps: list[tuple[str, int, int]]
) -> None:
    nested = walk.db.begin_nested()
    model, trial = Model(walk), trial_of(walk)
    for who, seed, wild in steps:
        take(walk, model, trial, who, seed, is_wild=wild == 0)
    nested.rollback()
    walk.db.expire_all()


def take(walk: Walk, model: Model, trial: Trial, who: str, seed: int, *, is_wild: bool) -> None:
    """One step; three of four are by a role that may, from where it may."""
    every = [verb for verb in walk.process.verbs.values() if not verb.create]
    likely = every if is_wild else list(walk.process.verbs_from(model.state))
    if not likely:
        return
    verb = likely[seed % len(likely)]
    roles = list(ROLES) if is_wild else verb.doers
    actor = walk.actor(who, roles[seed // 7 % len(roles)])
    matter, refused = walk.matter, model.refuses(verb.name, actor)
    assert trial_refuses(walk, trial, verb, actor) == refused, (verb.name, model.state)
    before, version, entries = matter.state, matter.version, count(walk)
    try:
        with walk.db.begin_nested():
            given = answers(walk, verb, actor)
            entry = advance(walk.db, matter, verb.name, actor=actor, now=walk.house.now, **given)
    except Refused:
        walk.db.refresh(matter)
        assert refused, (verb.name, model.state)
        assert (matter.state, matter.version, count(walk)) == (before, version, entries)
        return
    assert not refused, (verb.name, model.state)
    after = model.after(verb.name, entry.role)
    assert (matter.state, entry.to_state, count(walk)) == (after, after, entries + 1)
    assert matter.version - version in ((1,) if after != before else (0, 1))
    model.note(verb.name, entry.actor_id, entry.role, before, after)
    trial.take(trial_step(walk, verb.name, entry.actor_id, entry.role or ""))
    assert trial.state == after


def count(walk: Walk) -> int:
    found = select(func.count()).where(LedgerEntry.matter_id == walk.matter.id)
    return walk.db.scalar(found) or 0
