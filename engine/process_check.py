"""Proves that a process may run: what it names exists, every state is reached and left, every deadline is owned,
nobody approves their own work.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from typing import Literal

from engine.process import (
    CELLS,
    TEXT_MAX,
    Broken,
    Clock,
    Field,
    Finding,
    Guard,
    Process,
    Span,
    Verb,
    line_of,
    read,
)
from engine.process_graph import ahead_of, entered_from, entrances, moves, paths, without_end
from engine.words import Words
from engine.workdays import PERIOD, Period

Asks = Literal["nothing", "number", "verb", "length", "checklist", "children"]
"""What a guard is written with: `"name"`, or `{ name = … }` with 3, "verb", "5 workdays", "field" or "process.mark"."""

MOST = 100
"""States, and steps: every pair of approvals is compared."""
PUBLIC_REASON = "public_reason"
"""The field without which no deadline is put off: what it says is published."""
ONCE_PER = (None, "person", "stay", "person_and_stay")
DAYS = {"workday": 1.0, "day": 1.0, "month": 28.0}
"""The least a period can be, in days: a warning that is longer than that may never be given."""
MOST_DAYS = {"workday": 7 / 5, "day": 1.0, "month": 31.0}


@dataclass(frozen=True)
class Vocabulary:
    """What the house offers to the text of a process, beside the text's own words.

    `roles` with the rows each reaches; of a unit's, a group's or a sitting's, `reached` are those that a matter of this
    procedure can be; `dates` as `field.NAME` and `parent.NAME`; `children` are the processes whose matters stand under
    those of this one; `columns` the kinds of field that fit each column of the noun. `marks` are what figures and code
    rely on, each with a shipped state that carries it, `verbs` the shipped ones: a text keeps what the system does,
    whom they keep apart, on whose behalf they are, what they carry, and the `untold` fields.
    """

    roles: Mapping[str, str]
    guards: Mapping[str, Asks]
    marks: Mapping[str, str] = field(default_factory=dict)
    verbs: Mapping[str, Verb] = field(default_factory=dict)
    untold: Collection[str] = ()
    columns: Mapping[str, Collection[str]] = field(default_factory=dict)
    dates: Collection[str] = ()
    documents: Collection[str] = ()
    children: Mapping[str, Process] = field(default_factory=dict)
    reached: Collection[str] = ("unit", "group", "sitting")


def check(text: str, vocabulary: Vocabulary, edition: int = 1) -> Process:
    """The process, or `Broken` with every finding in the order of the text's lines."""
    process = read(text, edition)
    prove(process, vocabulary)
    return process


def prove(process: Process, vocabulary: Vocabulary) -> None:
    """Raises `Broken` where one that was read may not run."""
    if len(process.states) > MOST or len(process.verbs) > MOST:
        raise Broken(
            [
                Finding(
                    0, Words(f"最多 {MOST} 个阶段、{MOST} 步。", f"At most {MOST} states and {MOST} steps.")
                )
            ]
        )
    checker = _Checker(process, vocabulary)
    checker.names()
    if not checker.findings:
        checker.ways()
    if checker.findings:
        raise Broken(sorted(checker.findings, key=lambda finding: finding.line))


class _Checker:
    def __init__(self, process: Process, vocabulary: Vocabulary) -> None:
        self.process, self.known = process, vocabulary
        self.verbs = {verb.name: f"verb.{at}" for at, verb in enumerate(process.verbs.values())}
        self.findings: list[Finding] = []

    def wrong(self, place: str, zh: str, en: str) -> None:
        self.findings.append(Finding(line_of(self.process.lines, place), Words(zh, en)))

    # ---- what the text names

    def names(self) -> None:
        for one in self.process.fields.values():
            self.field(one)
        for state in self.process.states.values():
            for at, clock in enumerate(state.due):
                self.clock(f"state.{state.name}.due.{at}", clock)
        if self.process.start not in self.process.states:
            self.no_state("start", self.process.start)
        for verb in self.process.verbs.values():
            self.verb(self.verbs[verb.name], verb)
        self.lost()

    def field(self, field: Field) -> None:
        place = f"field.{field.name}"
        if not any(field.name in verb.needs + verb.takes for verb in self.process.verbs.values()):
            self.wrong(
                place,
                f"没有一步要填“{field.label.zh}”。",
                f"No step asks for “{field.label.en}”.",
            )
        if field.kind not in self.known.columns.get(field.name, (field.kind,)):
            self.wrong(
                f"{place}.kind",
                f"“{field.label.zh}”存不下这一种。",
                f"“{field.label.en}” is kept as another kind.",
            )
        if field.name in self.known.untold and not field.untold:
            self.wrong(place, f"“{field.label.zh}”要保留 untold。", f"“{field.label.en}” keeps `untold`.")
        if field.watermark and field.kind != "file":
            self.wrong(f"{place}.watermark", "只有文件才能加水印。", "Only a file can bear a watermark.")
        if field.min is not None and field.max is not None and field.min > field.max:
            self.wrong(f"{place}.min", "min 大于 max。", "`min` is more than `max`.")
        for key, length in (("min", field.min), ("max", field.max)):
            if field.kind == "text" and not 0 <= (length or 0) <= TEXT_MAX:
                self.wrong(
                    f"{place}.{key}",
                    f"文字的字数在 0 到 {TEXT_MAX} 之间。",
                    f"A text has between 0 and {TEXT_MAX} characters.",
                )
        if field.kind == "checklist":
            self.checklist(place, field)
        if field.kind in ("choice", "checklist") and not field.choices:
            self.wrong(f"{place}.choices", "没有可选的项。", "There is nothing to choose from.")
        if field.kind == "rows" and not (field.of and CELLS.issuperset(map(str, field.of.values()))):
            self.wrong(
                f"{place}.of", "of 要写每一列的种类。", "`of` gives each column and the kind of its cells."
            )
        if field.kind == "points" and not (field.of and all(_is_count(most) for most in field.of.values())):
            self.wrong(
                f"{place}.of", "of 要写每项评分的满分。", "`of` gives each criterion and its most points."
            )
        if field.kind in ("rows", "points") and field.of.keys() - field.choices.keys():
            self.wrong(
                f"{place}.choices", "choices 要写每一项的名称。", "`choices` gives the name of each of them."
            )
        for name, value in field.required_unless.items():
            other = self.process.fields.get(name)
            if other is None or (other.choices and value not in other.choices):
                self.wrong(
                    f"{place}.required_unless",
                    f"“{name}”没有“{value}”这个选项。",
                    f"“{name}” has no choice “{value}”.",
                )

    def checklist(self, place: str, field: Field) -> None:
        """Every item has an owner, who can tick it."""
        ticking = [verb for verb in self.process.verbs.values() if self.process.checklist_of(verb) is field]
        for item in field.choices.keys() | field.of.keys():
            role = str(field.of.get(item))
            if item not in field.choices or not any(
                role in verb.by and self.can_do(role, verb) for verb in ticking if not verb.undoes
            ):
                title = field.choices.get(item, Words(item, item))
                self.wrong(
                    f"{place}.of",
                    f"“{title.zh}”没有人可以确认。",
                    f"Nobody can tick “{title.en}”.",
                )

    def clock(self, place: str, clock: Clock) -> None:
        if not self.reaches(clock.owner) or clock.owner == "system":
            self.wrong(
                f"{place}.owner",
                f"“{clock.what.zh}”的期限没有人负责。",
                f"Nobody owns the deadline “{clock.what.en}”.",
            )
        for span in (clock.within, clock.before):
            if span:
                self.anchor(place, span)
        if clock.before and clock.before.of is None:
            self.wrong(
                f"{place}.before", "before 要写 of 哪一天。", "`before` needs a day to count back from."
            )
        if clock.on and clock.on not in self.known.dates:
            self.no_date(f"{place}.on", clock.on)
        if clock.at_most:
            self.anchor(f"{place}.at_most", clock.at_most)
            self.put_off(place, clock)
        for role in clock.late_tells:
            if not self.reaches(role):
                self.wrong(
                    f"{place}.late_tells",
                    f"“{clock.what.zh}”逾期时告知的“{role}”不存在或不收通知。",
                    f"“{role}”, to be told when “{clock.what.en}” is late, is nobody who can be told.",
                )
        length = clock.within and clock.within.period
        for warning in clock.warn:
            if length and _reaches(warning, length):
                self.wrong(
                    f"{place}.warn",
                    f"“{clock.what.zh}”的提醒不能早于期限开始。",
                    f"“{clock.what.en}” would warn before its time has begun.",
                )

    def put_off(self, place: str, clock: Clock) -> None:
        """A later day is another's to give, and the public is told why."""
        name = (clock.on or "").removeprefix("field.")
        for verb in self.process.verbs.values():
            if name not in verb.needs + verb.takes:
                continue
            if clock.owner in verb.doers:
                self.wrong(
                    f"{self.verbs[verb.name]}.by",
                    f"“{clock.what.zh}”的延期不能由负责这一期限的人自己批准。",
                    f"Whoever owns the deadline “{clock.what.en}” cannot put it off.",
                )
            if PUBLIC_REASON not in verb.needs or PUBLIC_REASON not in self.known.columns:
                self.wrong(
                    f"{self.verbs[verb.name]}.needs",
                    f"延期要有向社会公布的理由（{PUBLIC_REASON}）。",
                    f"Putting a deadline off needs a published reason ({PUBLIC_REASON}).",
                )

    def anchor(self, place: str, span: Span) -> None:
        if span.of is None:
            return
        if "." in span.of:
            if span.of not in self.known.dates:
                self.no_date(place, span.of)
        elif span.of not in self.process.states:
            self.no_state(place, span.of)

    def verb(self, place: str, verb: Verb) -> None:
        for state in verb.start:
            if state not in self.process.states:
                self.no_state(f"{place}.from", state)
        if verb.to and verb.to != "previous" and verb.to not in self.process.states:
            self.no_state(f"{place}.to", verb.to)
        self.doers(place, verb)
        for key, names in (("needs", verb.needs), ("takes", verb.takes)):
            for name in names:
                if name not in self.process.fields:
                    self.wrong(f"{place}.{key}", f"没有“{name}”这一填写项。", f"There is no field “{name}”.")
        for other in verb.not_by:
            if other not in self.process.verbs:
                self.no_verb(f"{place}.not_by", other)
        for guard in verb.when:
            self.guard(f"{place}.when", verb, guard)
        if verb.open:
            self.anchor(f"{place}.open", verb.open)
        if verb.once_per not in ONCE_PER:
            self.wrong(
                f"{place}.once_per",
                f"once_per 不能是“{verb.once_per}”。",
                f"`once_per` cannot be “{verb.once_per}”.",
            )
        self.ticks(place, verb)
        for document in verb.makes:
            if document not in self.known.documents:
                self.wrong(
                    f"{place}.makes", f"没有“{document}”这种文书。", f"There is no document “{document}”."
                )
        if verb.stays and (verb.makes or verb.carries):
            self.wrong(
                place,
                "只有离开这个阶段的一步才能生成文书、带动其他事项。",
                "Only a step that leaves the state can make documents or carry others along.",
            )
        for name in verb.carries:
            self.carries(f"{place}.carries", verb, name)

    def ticks(self, place: str, verb: Verb) -> None:
        checklist = self.process.checklist_of(verb)
        if checklist and not verb.stays:
            self.wrong(place, "逐项确认的一步不换阶段。", "A step that ticks a checklist stays in its state.")
        undone = self.process.verbs.get(verb.undoes or "")
        if verb.undoes and not (undone and checklist and checklist is self.process.checklist_of(undone)):
            self.wrong(
                f"{place}.undoes",
                f"“{verb.undoes}”没有确认同一张清单。",
                f"“{verb.undoes}” does not tick the same checklist.",
            )

    def doers(self, place: str, verb: Verb) -> None:
        bodies = [verb.on_behalf_of] if verb.on_behalf_of else []
        for key, roles in (
            ("by", verb.by),
            ("all_of", verb.all_of),
            ("tells", verb.tells),
            ("on_behalf_of", bodies),
        ):
            for role in roles:
                if role not in self.known.roles:
                    self.wrong(f"{place}.{key}", f"没有“{role}”这个角色。", f"There is no role “{role}”.")
        if verb.on_behalf_of and self.known.roles.get(verb.on_behalf_of) not in (None, "body"):
            self.wrong(
                f"{place}.on_behalf_of",
                f"“{verb.on_behalf_of}”不是会议或机构。",
                f"“{verb.on_behalf_of}” is not a body.",
            )
        if verb.all_of and len(set(verb.all_of)) < max(2, len(verb.all_of)):
            self.wrong(
                f"{place}.all_of",
                "all_of 要写两个以上不同的角色。",
                "`all_of` names two roles or more, each once.",
            )
        if not any(self.can_do(role, verb) for role in verb.by) and (verb.create or not verb.all_of):
            self.wrong(place, f"“{verb.title.zh}”没有人可以做。", f"Nobody may do “{verb.title.en}”.")
        if any(not self.can_do(role, verb) for role in verb.all_of):
            self.wrong(
                f"{place}.all_of",
                f"“{verb.title.zh}”等不齐：其中有人做不了。",
                f"“{verb.title.en}” waits for someone who cannot do it.",
            )

    def can_do(self, role: str, verb: Verb) -> bool:
        """In some row: a body decides through the staff who record it, and a submitter has submitted something."""
        if role == "system":
            return verb.name in self.known.verbs and "system" in self.known.verbs[verb.name].by
        if verb.create:
            return self.known.roles.get(role) not in (None, "none", "body", "own")
        return self.reaches(role)

    def reaches(self, role: str) -> bool:
        """Whether some matter of this procedure can be one of the rows of this role: it has a unit, a sitting …"""
        scope = self.known.roles.get(role)
        if scope in ("unit", "group", "sitting"):
            return scope in self.known.reached or f"{scope}_id" in self.process.fields
        return scope not in (None, "none", "body")

    def guard(self, place: str, verb: Verb, guard: Guard) -> None:
        asks = self.known.guards.get(guard.name)
        if asks is None:
            self.wrong(place, f"没有“{guard.name}”这个条件。", f"There is no guard “{guard.name}”.")
        elif asks == "nothing" and guard.number is not None:
            self.wrong(place, f"条件“{guard.name}”不带数。", f"The guard “{guard.name}” takes no number.")
        elif asks == "number" and not _is_count(guard.number):
            self.wrong(
                place,
                f"条件“{guard.name}”要带一个正整数。",
                f"The guard “{guard.name}” needs a whole number, at least 1.",
            )
        elif asks == "verb":
            self.done(place, verb, str(guard.number))
        elif asks == "length":
            self.waited(place, verb, str(guard.number))
        elif asks == "checklist":
            self.ticked(place, verb, str(guard.number))
        elif asks == "children":
            self.children(place, str(guard.number))

    def done(self, place: str, verb: Verb, name: str) -> None:
        """What is to be done first can be done in every state where this step waits for it."""
        first = self.process.verbs.get(name)
        if first is None:
            self.no_verb(place, name)
        elif stuck := [
            state for state in verb.start if first.to != state and not (first.stays and state in first.start)
        ]:
            titles = [self.process.states[state].title for state in stuck if state in self.process.states]
            for title in titles:
                self.wrong(
                    place,
                    f"在“{title.zh}”办不了“{first.title.zh}”，“{verb.title.zh}”就永远办不成。",
                    f"“{first.title.en}” cannot be done at “{title.en}”, so “{verb.title.en}” never can.",
                )

    def waited(self, place: str, verb: Verb, length: str) -> None:
        """Where nothing else leads on, a step that waits as long as the state's own deadline is always late."""
        if not PERIOD.fullmatch(length):
            self.wrong(place, f"期限“{length}”无法识别。", f"“{length}” is not a length of time.")
            return
        for name in verb.start if not verb.stays else ():
            state = self.process.states.get(name)
            sooner = any(
                not one.stays and one.free <= verb.free and "waited" not in {guard.name for guard in one.when}
                for one in self.process.verbs_from(name)
            )
            for clock in state.due if state and not sooner else ():
                own = clock.within and clock.within.of is None and clock.within.period
                if own and _reaches(Period.parse(length), own):
                    self.wrong(
                        place,
                        f"要等的时间不短于“{clock.what.zh}”的期限，办的时候一定已经逾期。",
                        f"What it waits is no shorter than the deadline “{clock.what.en}”: it would always be late.",
                    )

    def ticked(self, place: str, verb: Verb, name: str) -> None:
        """The checklist can be ticked in every state where this step waits for it."""
        checklist = self.process.fields.get(name)
        ticking = [one for one in self.process.verbs.values() if self.process.checklist_of(one) is checklist]
        startable = {state for one in ticking if not one.undoes for state in one.start}
        if checklist is None or checklist.kind != "checklist":
            self.wrong(place, f"没有“{name}”这张清单。", f"There is no checklist “{name}”.")
        elif set(verb.start) - startable:
            self.wrong(
                place,
                f"有的阶段不能逐项确认“{checklist.label.zh}”，“{verb.title.zh}”就永远办不成。",
                f"“{checklist.label.en}” cannot be ticked everywhere “{verb.title.en}” waits for it.",
            )

    def children(self, place: str, what: str) -> None:
        name, _, mark = what.partition(".")
        child = self.known.children.get(name)
        if child is None:
            self.wrong(place, f"这里没有下属的“{name}”。", f"There is no “{name}” under this one.")
        elif not child.marked(mark):
            self.wrong(
                place,
                f"“{child.title.zh}”永远办不到“{mark}”。",
                f"A {child.title.en.lower()} can never reach “{mark}”.",
            )

    def carries(self, place: str, verb: Verb, name: str) -> None:
        child = self.known.children.get(name)
        if child is None:
            self.wrong(place, f"这里没有下属的“{name}”。", f"There is no “{name}” under this one.")
        elif verb.name not in child.verbs or "system" not in child.verbs[verb.name].by:
            self.wrong(
                place,
                f"“{child.title.zh}”没有由系统办理的“{verb.name}”。",
                f"A {child.title.en.lower()} has no step “{verb.name}” that the system does.",
            )

    def lost(self) -> None:
        carried = {mark for state in self.process.states.values() for mark in state.marks}
        for mark in sorted(self.known.marks.keys() - carried):
            self.wrong(
                f"state.{self.known.marks[mark]}",
                f"缺少标记“{mark}”，统计依赖它。",
                f"The mark “{mark}”, which figures rely on, is missing.",
            )
        for name, shipped in self.known.verbs.items():
            verb = self.process.verbs.get(name)
            place = self.verbs.get(name, "")
            if "system" in shipped.by and (verb is None or "system" not in verb.by):
                self.wrong(
                    place,
                    f"缺少由系统办理的“{name}”。",
                    f"The step “{name}”, which the system does, is missing.",
                )
            if verb is None:
                continue
            for other in shipped.not_by:
                if other in self.process.verbs and other not in verb.not_by:
                    self.wrong(
                        place,
                        f"“{verb.title.zh}”不能由办“{self.process.verbs[other].title.zh}”的人办理，请保留 not_by。",
                        f"“{verb.title.en}” is not for who did “{self.process.verbs[other].title.en}”: keep `not_by`.",
                    )
            lost = [("carries", child) for child in shipped.carries if child not in verb.carries]
            if shipped.on_behalf_of and verb.on_behalf_of != shipped.on_behalf_of:
                lost.append(("on_behalf_of", shipped.on_behalf_of))
            for key, kept in lost:
                self.wrong(
                    place,
                    f"“{verb.title.zh}”要保留 {key} = “{kept}”。",
                    f"“{verb.title.en}” keeps `{key}` = “{kept}”.",
                )

    def no_state(self, place: str, name: str) -> None:
        self.wrong(place, f"没有“{name}”这个状态。", f"There is no state “{name}”.")

    def no_verb(self, place: str, name: str) -> None:
        self.wrong(place, f"没有“{name}”这一步。", f"There is no step “{name}”.")

    def no_date(self, place: str, name: str) -> None:
        self.wrong(place, f"没有“{name}”这个日期。", f"There is no date “{name}”.")

    # ---- the ways through it; only where every name is known

    def ways(self) -> None:
        ways = paths(self.process)
        for name, state in self.process.states.items():
            if name not in ways:
                self.wrong(
                    f"state.{name}",
                    f"没有一步通向“{state.title.zh}”。",
                    f"No step leads to “{state.title.en}”.",
                )
        for name in without_end(self.process):
            if name in ways:
                self.no_end(name, ways[name])
        for verb in self.process.verbs.values():
            for name in verb.start if verb.to == "previous" else ():
                if not entered_from(self.process, name):
                    title = self.process.states[name].title
                    self.wrong(
                        self.verbs[verb.name],
                        f"“{title.zh}”没有上一阶段可退。",
                        f"There is no stage before “{title.en}” to go back to.",
                    )
        self.circles()
        self.own_work()

    def no_end(self, name: str, way: Iterable[Verb]) -> None:
        title, steps = self.process.states[name].title, list(way)
        zh, en = (
            " → ".join(getattr(verb.title, language) for verb in steps) or title[at]
            for at, language in enumerate(("zh", "en"))
        )
        if any(moves(self.process, name)):
            self.wrong(
                f"state.{name}",
                f"从“{title.zh}”只能绕圈，走不到任何终点（{zh}）。",
                f"From “{title.en}” all ways run in a circle; no end can be reached ({en}).",
            )
        else:
            self.wrong(
                f"state.{name}",
                f"到了“{title.zh}”就走不下去，它又不是终点（{zh}）。",
                f"“{title.en}” is a dead end: no step leads on, and it is no end ({en}).",
            )

    def circles(self) -> None:
        """Of steps in one state that wait for each other none can ever be done."""
        waits = {
            verb.name: {str(guard.number) for guard in verb.when if guard.name == "done"}
            for verb in self.process.verbs.values()
        }
        while True:
            free = {name for name, first in waits.items() if not first}
            if not free:
                break
            waits = {name: first - free for name, first in waits.items() if name not in free}
        for name in waits:
            title = self.process.verbs[name].title
            self.wrong(
                f"{self.verbs[name]}.when",
                f"“{title.zh}”与它等的一步互相等待。",
                f"“{title.en}” and what it waits for wait for each other.",
            )

    def own_work(self) -> None:
        """A step named `approve…` is never done by one who did the step before it, nor by who gave another approval."""
        approvals = [verb for verb in self.process.verbs.values() if _approves(verb)]
        for verb in approvals:
            for before in self.before(verb):
                if not _approves(before) and before.name not in verb.not_by and _shared(before, verb):
                    self.wrong(
                        self.verbs[verb.name],
                        f"办了“{before.title.zh}”的人可以自己“{verb.title.zh}”，请写 not_by。",
                        f"Whoever did “{before.title.en}” may do “{verb.title.en}” as well; say `not_by`.",
                    )
        for one, other in permutations(approvals, 2):
            if one.name not in other.not_by and _shared(one, other) and self.follows(one, other):
                self.wrong(
                    self.verbs[other.name],
                    f"同一个人可以办“{one.title.zh}”和“{other.title.zh}”两道批准，请写 not_by。",
                    f"One person may give both “{one.title.en}” and “{other.title.en}”; say `not_by`.",
                )

    def before(self, verb: Verb) -> Iterator[Verb]:
        """What this step judges: what it waits for, or else whatever leads to where it is done."""
        waited = {str(guard.number) for guard in verb.when if guard.name == "done"}
        if waited:
            return (self.process.verbs[name] for name in waited)
        begun = entrances(self.process)
        leads = {other.name for state in verb.start for other in begun.get(state, [])}
        return (
            other
            for other in self.process.verbs.values()
            if other is not verb and (other.to in verb.start or other.name in leads)
        )

    def follows(self, one: Verb, other: Verb) -> bool:
        """Whether the other can be done after the one on the same matter."""
        reached = {after for state in one.start for verb, after in moves(self.process, state) if verb is one}
        reached |= set(one.start) if one.stays or one.all_of else set()
        ahead = reached.union(*(self.ahead[state] for state in reached))
        return bool(ahead & set(other.start))

    @cached_property
    def ahead(self) -> dict[str, set[str]]:
        return {state: ahead_of(self.process, state) for state in self.process.states}


def _approves(verb: Verb) -> bool:
    return verb.name.partition("_")[0] == "approve"


def _shared(one: Verb, other: Verb) -> bool:
    """Whether a role may do both, and not on behalf of two bodies."""
    bodies = one.on_behalf_of, other.on_behalf_of
    return bool(set(one.doers) & set(other.doers) - {"system"}) and (None in bodies or len(set(bodies)) == 1)


def _reaches(warning: Period, length: Period) -> bool:
    """Whether the one may be as long as the other."""
    if warning.unit == length.unit:
        return warning.count >= length.count
    return warning.count * MOST_DAYS[warning.unit] >= length.count * DAYS[length.unit]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
