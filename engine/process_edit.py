"""Writes what a form says into the text of a process and leaves every other line as it stands. No database.

The text stays the one truth: whether it may run is said by `process_check` afterwards. A part is named as its header:
`state.NAME`, or `verb.NAME`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from engine.errors import Invalid, NotFound, WrongState
from engine.process import Broken, Finding, Process, State, Verb, read
from engine.words import LANGUAGES, Words
from engine.workdays import NotAPeriod, Period


@dataclass(frozen=True)
class Stage:
    """A stage to be put between two, and the step that leads out of it after `wait` (nothing: at once).

    Periods as the language writes them; the first of `by` answers for its deadline.
    """

    title: Words
    step: Words
    by: Sequence[str]
    wait: str
    within: str
    warn: str


def part_of(process: Process, name: str) -> State | Verb:
    kind, _, key = name.partition(".")
    found = process.states.get(key) if kind == "state" else process.verbs.get(key) if kind == "verb" else None
    if found is None:
        raise NotFound(Words("文本里没有这一项。", "The text has no such part."))
    return found


def written(text: str, name: str, given: Mapping[str, str], doers: Sequence[str] = ()) -> str:
    """`given`: `zh` and `en` of the title, `due.N` the length of its Nth deadline. `doers`: the roles of a step.

    Raises `Invalid` by the names of `given`.
    """
    process = read(text)
    part = part_of(process, name)
    titles: dict[str, str] = {key: said for key, said in given.items() if key in LANGUAGES}
    _require(titles, {key: said for key, said in given.items() if key not in LANGUAGES})

    def write(document: Any) -> None:
        table = _table(document, process, part)
        for language, said in titles.items():
            _put(table["title"], language, said)
        for at, clock in enumerate(table.get("due", [])):
            for key in ("within", "before"):
                if (length := given.get(f"due.{at}")) is not None and key in clock:
                    old, of, anchor = clock[key].partition(" of ")
                    if Period.parse(length) != Period.parse(old):
                        clock[key] = f"{length}{of}{anchor}"
        if isinstance(part, Verb):
            _put(table, "all_of" if part.all_of else "by", list(doers))

    return _edited(text, write)


def with_stage(text: str, after: str, stage: Stage) -> str:
    """The stage stands where the step `after` led, and its own step leads on from there.

    Raises `Invalid` by `stage.zh`, `step.zh`, `wait`, `within` and their like.
    """
    process = read(text)
    verb = part_of(process, f"verb.{after}")
    to = verb.to or process.start if isinstance(verb, Verb) and not verb.stays else ""
    if to not in process.states:
        raise WrongState(
            Words(
                "这一步不转入固定的阶段，后面不能加阶段。",
                "This step leads to no certain stage; none can be put after it.",
            )
        )
    titles = {"stage.zh": stage.title.zh, "stage.en": stage.title.en}
    titles |= {"step.zh": stage.step.zh, "step.en": stage.step.en}
    lengths = {"wait": stage.wait, "within": stage.within, "warn": stage.warn}
    _require(titles, {key: length for key, length in lengths.items() if length or key == "within"})
    number = next(
        n for n in count(1) if not {f"stage_{n}", f"end_stage_{n}"} & {*process.states, *process.verbs}
    )
    title, step = (
        f"{{ zh = {_quoted(one.zh)}, en = {_quoted(one.en)} }}" for one in (stage.title, stage.step)
    )
    wait = f"when  = [{{ waited = {_quoted(stage.wait)} }}]\n" if stage.wait else ""
    warn = f"warn   = [{_quoted(stage.warn)}]\n" if stage.warn else ""
    state_lines = f"""\
[state.stage_{number}]
title = {title}
[[state.stage_{number}.due]]
what   = {step}
within = {_quoted(stage.within)}
owner  = {_quoted(stage.by[0] if stage.by else "")}
{warn}
"""
    verb_lines = f"""\
[[verb]]
name  = "end_stage_{number}"
title = {step}
from  = ["stage_{number}"]
to    = {_quoted(to)}
by    = [{", ".join(map(_quoted, stage.by))}]
{wait}
"""
    lines = text.rstrip("\n").split("\n") + [""]
    next_verb = process.lines.get(f"verb.{list(process.verbs).index(after) + 1}", len(lines) + 1)
    places = [(next_verb, verb_lines), (process.lines.get(f"state.{to}", len(lines) + 1), state_lines)]
    for line, block in sorted(places, reverse=True):
        at = _above_comments(lines, line - 1)
        lines[at:at] = block.rstrip("\n").split("\n") + [""]
    longer = "\n".join(lines).rstrip("\n") + "\n"
    return _edited(longer, lambda document: _put(_table(document, process, verb), "to", f"stage_{number}"))


def without(text: str, name: str) -> str:
    """Without a step; or without a stage and the steps that only it has: what led to it leads to where it led on."""
    process = read(text)
    part = part_of(process, name)

    def remove(document: Any) -> None:
        verbs = document["verb"]
        if isinstance(part, Verb):
            del verbs[list(process.verbs).index(part.name)]
            return
        ways = (verb.to for verb in process.verbs_from(part.name) if verb.to != part.name)
        onward = next((to for to in ways if to in process.states), None)
        for at in reversed(range(len(verbs))):
            start = list(verbs[at].get("from", []))
            if start == [part.name]:
                del verbs[at]
                continue
            if part.name in start:
                _put(verbs[at], "from", [one for one in start if one != part.name])
            if verbs[at].get("to") == part.name and onward:
                _put(verbs[at], "to", onward)
        del document["state"][part.name]

    return _edited(text, remove).rstrip("\n") + "\n"


def _require(titles: Mapping[str, str], periods: Mapping[str, str]) -> None:
    wrong = {
        name: Words("请填写。", "Please fill this in.") for name, said in titles.items() if not said.strip()
    }
    for name, length in periods.items():
        try:
            Period.parse(length)
        except NotAPeriod as reason:
            wrong[name] = reason.words
    if wrong:
        raise Invalid(wrong)


def _edited(text: str, edit: Callable[[Any], None]) -> str:
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise Broken([Finding(0, Words(f"不是有效的 TOML：{error}", f"Not valid TOML: {error}"))]) from error
    edit(document)
    return tomlkit.dumps(document)


def _table(document: Any, process: Process, part: State | Verb) -> Any:
    if isinstance(part, State):
        return document["state"][part.name]
    return document["verb"][list(process.verbs).index(part.name)]


def _put(table: Any, key: str, value: str | list[str]) -> None:
    """Only what differs, so that a form sent back as it came leaves the text alone."""
    if table.get(key) != value:
        table[key] = value


def _quoted(text: str) -> str:
    return tomlkit.string(text).as_string()


def _above_comments(lines: Sequence[str], at: int) -> int:
    while at and lines[at - 1].startswith("#"):
        at -= 1
    return at
