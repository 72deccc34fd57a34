"""Whether this actor may do this verb of this matter now, and if not, why; and where it leads. Reads only."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

from sqlalchemy.orm import Session

from engine import rules
from engine.clock import day
from engine.counts import count_ahead
from engine.deadlines import window_ends
from engine.editions import former_names, present_name, process_of
from engine.errors import Forbidden, Refused, WrongState
from engine.guards import beside, counted, unmet
from engine.models.matter import Matter
from engine.past import came_from, done_since, has_done, read_ahead
from engine.process import Guard, Process, Span, Verb
from engine.rules import Actor
from engine.words import Words


@dataclass(frozen=True)
class Offer:
    """A verb of a matter's state as this actor meets it: open, or closed with the reason why."""

    verb: Verb
    refusal: Refused | None


class Deed(NamedTuple):
    """That a verb was done: by whom, nobody being the system, and in which role."""

    who: int | None
    role: str | None


class Course(Protocol):
    """What the rules ask about a matter's way so far, and about whoever would go on with it now."""

    @property
    def state(self) -> str: ...

    @property
    def who(self) -> int | None:
        """The person, or nobody where it is the system."""

    @property
    def today(self) -> date: ...

    def role_among(self, roles: Iterable[str]) -> str | None:
        """The first of these that the actor holds over the matter."""

    def has_done(self, verb: str) -> bool:
        """Whether this person did it, ever."""

    def deeds_here(self, verb: str) -> Sequence[Deed]:
        """Those since the matter entered its state."""

    def came_from(self) -> str | None:
        """Where it was when it last came forward to its state; steps back do not count, so two go back two."""

    def items(self, verb: Verb) -> Sequence[str] | None:
        """Of the checklist that a step asks for: what the actor may tick, or open again, now."""

    def window_ends(self, window: Span) -> date | None:
        """Its last day; nothing where it has not begun to run."""

    def unmet(self, guard: Guard) -> Words | None:
        """The sentence of a guard that does not hold."""


@dataclass(frozen=True)
class Kept:
    """The course of a matter of the house, and one who acts on it."""

    db: Session
    process: Process
    matter: Matter
    actor: Actor
    now: datetime

    @property
    def state(self) -> str:
        return self.matter.state

    @property
    def who(self) -> int | None:
        return self.actor.id

    @property
    def today(self) -> date:
        return day(self.now)

    def role_among(self, roles: Iterable[str]) -> str | None:
        return rules.role_over(self.actor, self.matter, roles)

    def has_done(self, verb: str) -> bool:
        return has_done(self.db, self.matter, verb, self.actor.id)

    def deeds_here(self, verb: str) -> Sequence[Deed]:
        return [Deed(entry.actor_id, entry.role) for entry in done_since(self.db, self.matter, verb)]

    def came_from(self) -> str | None:
        back = {verb.name for verb in self.process.verbs.values() if verb.to == "previous"}
        here = former_names(self.db, self.matter, self.matter.state)
        before = came_from(self.db, self.matter, here, but=back)
        return before and present_name(self.db, self.matter, before)

    def items(self, verb: Verb) -> Sequence[str] | None:
        checklist = self.process.checklist_of(verb)
        if checklist is None:
            return None
        ticked = {tick.item for tick in self.matter.ticks if tick.checklist == checklist.name}
        return [
            item
            for item, owner in checklist.of.items()
            if (item in ticked) == bool(verb.undoes) and self.role_among((owner,))
        ]

    def window_ends(self, window: Span) -> date | None:
        return window_ends(self.db, self.matter, window)

    def unmet(self, guard: Guard) -> Words | None:
        return unmet(self.db, self.matter, guard, self.now)


def permit(db: Session, process: Process, matter: Matter, verb: Verb, actor: Actor, now: datetime) -> str:
    """The role in which the actor may do this verb now, or the refusal that says why not."""
    return role_for(process, verb, Kept(db, process, matter, actor, now))


def role_for(process: Process, verb: Verb, course: Course) -> str:
    """As `permit`, of any course."""
    role = course.role_among(roles_left(verb, course))
    if role is None and course.role_among(verb.doers) is None:
        raise forbidden(verb)
    if course.state not in verb.start:
        state = process.states[course.state].title
        raise WrongState(
            Words(
                f"现在是“{state.zh}”阶段，不能“{verb.title.zh}”。",
                f"It is at the stage “{state.en}”; “{verb.title.en}” is not possible now.",
            )
        )
    if role is None:
        raise WrongState(Words("贵单位已经确认过了。", "Your office has already confirmed."))
    if (items := course.items(verb)) is not None and not items:
        raise WrongState(
            Words("您负责的各项都还没有确认。", "None of your items is confirmed.")
            if verb.undoes
            else Words("您负责的各项都已确认。", "All your items are confirmed.")
        )
    if verb.open and (last := course.window_ends(verb.open)) and course.today > last:
        raise WrongState(
            Words(
                f"“{verb.title.zh}”的期限是 {last:%Y-%m-%d}，已经过了。",
                f"“{verb.title.en}” was possible until {last:%Y-%m-%d}.",
            )
        )
    if course.who is not None and any(course.has_done(other) for other in verb.not_by):
        raise Forbidden(
            Words(
                "不能办理自己经手的事项，请由另一人办理。",
                "Nobody may approve their own work; someone else must do this.",
            )
        )
    if verb.all_of and course.who in {deed.who for deed in course.deeds_here(verb.name)}:
        raise Forbidden(
            Words(
                "您已经代表一个单位确认过，其他单位要由另一人确认。",
                "You have confirmed for one office; someone else must do so for another.",
            )
        )
    if verb.once_per and _already(verb, course):
        raise WrongState(Words("已经办过了，不能重复。", "This has been done already."))
    for guard in verb.when:
        if lacking := course.unmet(guard):
            raise WrongState(lacking, (guard.name, str(guard.number or "")))
    return role


def leads_to(verb: Verb, role: str, course: Course) -> str:
    """The state after this verb, done in this role. Raises `WrongState` where it goes back and nothing was before."""
    if verb.stays or (role in verb.all_of and set(roles_left(verb, course)) & set(verb.all_of) > {role}):
        return course.state
    if verb.to != "previous":
        return verb.to or course.state
    before = course.came_from()
    if before is None:
        raise WrongState(
            Words("这是第一个阶段，没有上一步。", "This is the first stage; there is no step back.")
        )
    return before


def offers(db: Session, matter: Matter, actor: Actor, now: datetime) -> Iterator[Offer]:
    """The verbs of the matter's state that this actor's roles allow; one that is not open now says why."""
    return judged(db, matter, process_of(db, matter).verbs_from(matter.state), actor, now)


def judged(
    db: Session, matter: Matter, verbs: Iterable[Verb], actor: Actor, now: datetime
) -> Iterator[Offer]:
    process = process_of(db, matter)
    course = Kept(db, process, matter, actor, now)
    for verb in verbs:
        try:
            role_for(process, verb, course)
        except Forbidden:
            continue
        except Refused as refusal:
            yield Offer(verb, refusal)
        else:
            yield Offer(verb, None)


def look_ahead(db: Session, matters: Sequence[Matter], verbs: Collection[Verb]) -> None:
    """Reads what `judged` asks about these matters and verbs, in as many queries for many matters as for few."""
    guards = {guard for verb in verbs for guard in verb.when}
    asked = {str(guard.number) for guard in guards if guard.name == "done"}
    for verb in verbs:
        asked |= {*verb.not_by, *([verb.name] if verb.once_per or verb.all_of else ())}
    read_ahead(db, [*matters, *beside(db, matters, guards)], asked)
    count_ahead(db, matters, counted(guards))


def may_begin(
    db: Session, process: Process, verb: Verb, parent: Matter, actor: Actor, now: datetime
) -> Refused | None:
    """Nothing where the actor may begin a child of `parent` by this verb; otherwise the refusal."""
    if rules.role_over(actor, None, verb.by) is None:
        return forbidden(verb)
    lacking = next((words for guard in verb.when if (words := unmet(db, parent, guard, now))), None)
    return WrongState(lacking) if lacking else None


def roles_left(verb: Verb, course: Course) -> tuple[str, ...]:
    if not verb.all_of:
        return verb.by
    done = {deed.role for deed in course.deeds_here(verb.name)}
    return verb.by + tuple(role for role in verb.all_of if role not in done)


def forbidden(verb: Verb) -> Forbidden:
    who = rules.titles(verb.doers)
    return Forbidden(Words(f"“{verb.title.zh}”由{who.zh}办理。", f"“{verb.title.en}” is done by: {who.en}."))


def _already(verb: Verb, course: Course) -> bool:
    """`person`: this one ever; `stay`: anybody in this state; `person_and_stay`: this one in this state."""
    if verb.once_per == "person":
        return course.has_done(verb.name)
    done = course.deeds_here(verb.name)
    return bool(done) if verb.once_per == "stay" else any(deed.who == course.who for deed in done)
