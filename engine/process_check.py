"""Proves that a process may run: what it names exists, every state is reached and left, every deadline is owned."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from engine.process import Broken, Finding, Process, Verb, read
from engine.words import Words

ONCE_PER = (None, "person", "stay", "person_and_stay")


@dataclass(frozen=True)
class Vocabulary:
    """What the house offers to a process text: the words it may use beside its own."""

    roles: Collection[str]
    guards: Collection[str]
    marks: Collection[str]
    """Marks that figures and code rely on for this process; a text that loses one is refused."""


def check(text: str, vocabulary: Vocabulary, edition: int = 1) -> Process:
    """The process, or `Broken` with every finding in the order of the text's lines."""
    process = read(text, edition)
    findings = [
        *_unknown_states(process),
        *_unknown_fields(process),
        *_unknown_words(process, vocabulary),
        *_owners(process, vocabulary),
        *_lost_marks(process, vocabulary),
    ]
    if not findings:
        findings = [*_unreachable(process), *_no_way_out(process)]
    if findings:
        raise Broken(sorted(findings, key=lambda finding: finding.line))
    return process


def _at(process: Process, place: str) -> int:
    return process.lines.get(place, process.lines.get(place.rpartition(".")[0], 0))


def _verbs(process: Process) -> Iterator[tuple[str, Verb]]:
    return ((f"verb.{at}", verb) for at, verb in enumerate(process.verbs.values()))


def _unknown_states(process: Process) -> Iterator[Finding]:
    named = [("start", process.start)]
    for place, verb in _verbs(process):
        named += [(f"{place}.from", state) for state in verb.start]
        if verb.to not in (None, "previous"):
            named.append((f"{place}.to", str(verb.to)))
    for place, state in named:
        if state not in process.states:
            yield Finding(
                _at(process, place), Words(f"没有“{state}”这个状态。", f"There is no state “{state}”.")
            )


def _unknown_fields(process: Process) -> Iterator[Finding]:
    for place, verb in _verbs(process):
        for key, names in (("needs", verb.needs), ("takes", verb.takes)):
            for name in names:
                if name not in process.fields:
                    yield Finding(
                        _at(process, f"{place}.{key}"),
                        Words(f"没有“{name}”这一填写项。", f"There is no field “{name}”."),
                    )


def _unknown_words(process: Process, vocabulary: Vocabulary) -> Iterator[Finding]:
    for place, verb in _verbs(process):
        if not verb.doers:
            yield Finding(
                _at(process, place),
                Words(f"“{verb.title.zh}”没有人可以做。", f"Nobody may do “{verb.title.en}”."),
            )
        for role in (*verb.doers, *verb.tells, *([verb.on_behalf_of] if verb.on_behalf_of else [])):
            if role not in vocabulary.roles:
                yield Finding(
                    _at(process, f"{place}.by"),
                    Words(f"没有“{role}”这个角色。", f"There is no role “{role}”."),
                )
        for guard in verb.when:
            if guard.name not in vocabulary.guards:
                yield Finding(
                    _at(process, f"{place}.when"),
                    Words(f"没有“{guard.name}”这个条件。", f"There is no guard “{guard.name}”."),
                )
        if verb.once_per not in ONCE_PER:
            yield Finding(
                _at(process, f"{place}.once_per"),
                Words(f"once_per 不能是“{verb.once_per}”。", f"`once_per` cannot be “{verb.once_per}”."),
            )
        for other in verb.not_by:
            if other not in process.verbs:
                yield Finding(
                    _at(process, f"{place}.not_by"),
                    Words(f"没有“{other}”这一步。", f"There is no verb “{other}”."),
                )


def _owners(process: Process, vocabulary: Vocabulary) -> Iterator[Finding]:
    for state in process.states.values():
        for at, clock in enumerate(state.due):
            place = f"state.{state.name}.due.{at}"
            if clock.owner not in vocabulary.roles:
                yield Finding(
                    _at(process, f"{place}.owner"),
                    Words(
                        f"“{clock.what.zh}”的期限没有人负责。", f"Nobody owns the deadline “{clock.what.en}”."
                    ),
                )
            anchor = next((span.of for span in (clock.within, clock.before) if span), None)
            if anchor and "." not in anchor and anchor not in process.states:
                yield Finding(
                    _at(process, place), Words(f"没有“{anchor}”这个状态。", f"There is no state “{anchor}”.")
                )


def _lost_marks(process: Process, vocabulary: Vocabulary) -> Iterator[Finding]:
    carried = {mark for state in process.states.values() for mark in state.marks}
    for mark in sorted(set(vocabulary.marks) - carried):
        yield Finding(
            0,
            Words(
                f"缺少标记“{mark}”，统计依赖它。", f"The mark “{mark}”, which figures rely on, is missing."
            ),
        )


def _next(process: Process, state: str) -> set[str]:
    onward = {verb.to for verb in process.verbs_from(state) if verb.to}
    if "previous" in onward:
        onward |= {
            verb_from for verb in process.verbs.values() if verb.to == state for verb_from in verb.start
        }
    return {name for name in onward if name != "previous"}


def _unreachable(process: Process) -> Iterator[Finding]:
    seen, ahead = (
        set[str](),
        {process.start, *(verb.to for verb in process.verbs.values() if verb.create and verb.to)},
    )
    while ahead:
        state = ahead.pop()
        seen.add(state)
        ahead |= _next(process, state) - seen
    for name in process.states.keys() - seen:
        title = process.states[name].title
        yield Finding(
            _at(process, f"state.{name}"),
            Words(f"没有一步通向“{title.zh}”。", f"No step leads to “{title.en}”."),
        )


def _no_way_out(process: Process) -> Iterator[Finding]:
    """Every state that is not an end must be able to reach one; an end has no steps of its own but a reopening."""
    good = {state.name for state in process.states.values() if state.end}
    while more := {name for name in process.states.keys() - good if _next(process, name) & good}:
        good |= more
    for name in process.states.keys() - good:
        title = process.states[name].title
        yield Finding(
            _at(process, f"state.{name}"),
            Words(f"从“{title.zh}”走不到任何终点。", f"From “{title.en}” no end can be reached."),
        )
