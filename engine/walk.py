"""A procedure walked for trial, step by step in any role: who may, when, and where it leads. Nothing is made or kept.

The rules are those of `permits` and `deadlines`. What only a house can tell is taken as held: conditions over its rows,
answers to forms, whose unit, group or sitting a matter is. A date that a form would ask for is known where it is given.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from engine.deadlines import Deadline, running
from engine.errors import Invalid, NotFound, Refused, WrongState
from engine.guards import not_before, not_done
from engine.permits import Deed, Offer, forbidden, leads_to, role_for
from engine.process import Clock, Guard, Process, Span, Verb
from engine.rules import ROLES
from engine.words import Words
from engine.workdays import Calendar, Period

PEOPLE = tuple(Words(zh, en) for zh, en in zip("甲乙丙丁戊己庚辛壬癸", "ABCDEFGHIJ", strict=True))
"""Whoever walks; each may come in any role, so only the procedure keeps them apart. Numbered from 1."""
MOST = 50
"""Steps of a walk: as many as the line of an address can carry."""
YEARS = range(2000, 2101)
NO_DAY = Words(
    f"请写 {YEARS[0]} 年到 {YEARS[-1]} 年的一天，如 2027-01-04。",
    f"Please give a day from {YEARS[0]} to {YEARS[-1]}, like 2027-01-04.",
)
_STEP = re.compile(r"([a-z][a-z0-9_]{0,29})\.([a-z_]{1,30})\.(\d{1,2})\.(\d{4}-\d\d-\d\d)", re.ASCII)


@dataclass(frozen=True)
class Walker:
    """Whoever goes on: a person in one role, or nobody as the system, on a day."""

    role: str
    who: int | None
    on: date

    @classmethod
    def of(cls, role: str, who: str, on: str) -> Self:
        """As an address or a form has it. Raises `Invalid` by field."""
        wrong = {}
        if role not in ROLES:
            wrong["role"] = Words("没有这个角色。", "There is no such role.")
        if who not in map(str, range(len(PEOPLE) + 1)):
            wrong["who"] = Words("没有这个人。", "There is no such person.")
        if (found := day_of(on)) is None:
            wrong["on"] = NO_DAY
        if wrong or found is None:
            raise Invalid(wrong)
        return cls(role, None if role == "system" else int(who) or 1, found)


def dates_of(process: Process) -> list[str]:
    """The dates of a matter or its parent that its deadlines and windows hang on, as `field.NAME` and `parent.NAME`."""
    spans = [verb.open for verb in process.verbs.values()]
    clocks = [clock for state in process.states.values() for clock in state.due]
    spans += [span for clock in clocks for span in (clock.within, clock.before)]
    named = [*(span.of for span in spans if span), *(clock.on for clock in clocks)]
    return list(dict.fromkeys(name for name in named if name and "." in name))


def day_of(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in YEARS else None


@dataclass(frozen=True)
class Step:
    """One step of a walk; as a text `verb.role.who.day`."""

    verb: str
    by: Walker

    @classmethod
    def parse(cls, text: str) -> Self:
        found = _STEP.fullmatch(text)
        if found is None:
            raise Invalid(
                {},
                Words(
                    "演练的步骤无法识别，请重新开始。", "The steps of this walk make no sense; start anew."
                ),
            )
        return cls(found[1], Walker.of(*found.groups()[1:]))

    def __str__(self) -> str:
        return f"{self.verb}.{self.by.role}.{self.by.who or 0}.{self.by.on}"


@dataclass(frozen=True)
class Taken:
    step: Step
    before: str | None
    after: str


@dataclass
class Walk:
    process: Process
    days: Calendar
    taken: list[Taken] = field(default_factory=list)
    dates: Mapping[str, date] = field(default_factory=dict)

    @property
    def state(self) -> str | None:
        """Nothing before the first step, which begins it."""
        return self.taken[-1].after if self.taken else None

    @property
    def entered(self) -> int:
        """The place of the step that led to the present state."""
        return max((at for at, one in enumerate(self.taken) if one.before != one.after), default=0)

    def steps(self) -> Iterator[Verb]:
        """What can come next, by anybody."""
        if self.state is not None:
            return self.process.verbs_from(self.state)
        return (verb for verb in self.process.verbs.values() if verb.create)

    def offers(self, walker: Walker) -> Iterator[Offer]:
        """The next steps that are this role's; one that is not open to this person now says why."""
        for verb in self.steps():
            if walker.role in verb.doers:
                try:
                    self._after(verb, walker)
                except Refused as refusal:
                    yield Offer(verb, refusal)
                else:
                    yield Offer(verb, None)

    def take(self, step: Step) -> None:
        """Raises the refusal that the engine would give, and then nothing was done."""
        if len(self.taken) == MOST:
            raise WrongState(Words(f"一次最多走 {MOST} 步。", f"A walk has at most {MOST} steps."))
        if step.verb not in self.process.verbs:
            raise NotFound(Words("没有这一步。", "There is no such step."))
        self.taken.append(Taken(step, self.state, self._after(self.process.verbs[step.verb], step.by)))

    def _after(self, verb: Verb, walker: Walker) -> str:
        if self.taken and walker.on < self.taken[-1].step.by.on:
            raise WrongState(Words("日期不能早于上一步。", "The day cannot be before that of the last step."))
        if self.state is None:
            if not verb.create:
                raise WrongState(Words("还没有开始。", "It has not begun."))
            if walker.role not in verb.by:
                raise forbidden(verb)
            return verb.to or self.process.start
        course = _Course(self, self.state, walker)
        return leads_to(verb, role_for(self.process, verb, course), course)

    def deadlines(self) -> Iterable[Deadline]:
        return running(self._clocks(), self.days, self.day_of)

    def unknown(self) -> list[Clock]:
        """The deadlines of the present state that hang on a date which was not given."""
        known = {deadline.clock.what for deadline in self.deadlines()}
        return [clock for clock in self._clocks() if clock.what not in known]

    def _clocks(self) -> Sequence[Clock]:
        return self.process.states[self.state].due if self.state else ()

    def day_of(self, of: str | None) -> date | None:
        if of is None:
            return self.taken[self.entered].step.by.on
        return self.dates.get(of) or next((one.step.by.on for one in self.taken if one.after == of), None)


def walked(
    process: Process, days: Calendar, steps: Iterable[Step], dates: Mapping[str, date] | None = None
) -> Walk:
    """Raises `WrongState` with the first step that cannot be taken. `dates` as `dates_of` names them."""
    walk = Walk(process, days, dates=dates or {})
    for at, step in enumerate(steps, start=1):
        try:
            walk.take(step)
        except Refused as refusal:
            why = refusal.words
            raise WrongState(
                Words(f"演练走不到第 {at} 步：{why.zh}", f"The walk stops at step {at}: {why.en}")
            ) from refusal
    return walk


@dataclass(frozen=True)
class _Course:
    """A walk as the rules ask about it."""

    walk: Walk
    state: str
    walker: Walker

    @property
    def who(self) -> int | None:
        return self.walker.who

    @property
    def today(self) -> date:
        return self.walker.on

    def role_among(self, roles: Iterable[str]) -> str | None:
        mine = self.walker.role
        return mine if mine in roles and self.who == self._only(mine) else None

    def _only(self, role: str) -> int | None:
        """Whom a matter is: as its submitter whoever began it, as the one invited whoever first came as that."""
        taken = [one.step.by for one in self.walk.taken]
        match role:
            case "submitter":
                return taken[0].who
            case "invitee":
                return next((by.who for by in taken if by.role == role), self.who)
            case _:
                return self.who

    def has_done(self, verb: str) -> bool:
        return any(deed.who == self.who for deed in _deeds(self.walk.taken, verb))

    def deeds_here(self, verb: str) -> Sequence[Deed]:
        return _deeds(self.walk.taken[self.walk.entered :], verb)

    def came_from(self) -> str | None:
        verbs = self.walk.process.verbs
        for one in reversed(self.walk.taken):
            if one.before not in (None, one.after) and verbs[one.step.verb].to != "previous":
                if one.after == self.state:
                    return one.before
        return None

    def items(self, verb: Verb) -> None:
        """A walk asks no form."""

    def window_ends(self, window: Span) -> date | None:
        start = self.walk.day_of(window.of)
        return self.walk.days.due(start, window.period) if start else None

    def unmet(self, guard: Guard) -> Words | None:
        match guard.name:
            case "done" if not self.deeds_here(str(guard.number)):
                return not_done(self.walk.process.verbs[str(guard.number)])
            case "waited":
                start = self.walk.taken[self.walk.entered].step.by.on
                last = self.walk.days.due(start, Period.parse(str(guard.number)))
                return None if self.today > last else not_before(last)
            case _:
                return None


def _deeds(taken: Iterable[Taken], verb: str) -> list[Deed]:
    return [Deed(one.step.by.who, one.step.by.role) for one in taken if one.step.verb == verb]
