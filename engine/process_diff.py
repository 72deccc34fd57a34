"""What differs between two editions of a procedure, a sentence each."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from engine.process import Clock, Field, Guard, Process, Span, State, Verb
from engine.words import Words

KINDS = {
    "states": Words("阶段", "State"),
    "verbs": Words("手续", "Step"),
    "fields": Words("填写项", "Field"),
}
NAMES = {"start": "from"}
"""What the text calls a part otherwise than the program does."""


def changes(old: Process, new: Process) -> Iterator[Words]:
    """In the order of the texts: what is gone, what is new, and what is said otherwise."""
    if old.title != new.title:
        yield _otherwise(Words("流程", "Process"), new.title, "title", old.title, new.title)
    for kind, noun in KINDS.items():
        before, after = getattr(old, kind), getattr(new, kind)
        for name, part in before.items():
            if name not in after:
                title = _title(part)
                yield Words(f"删去{noun.zh}“{title.zh}”。", f"{noun.en} “{title.en}” is gone.")
        for name, part in after.items():
            title = _title(part)
            if name not in before:
                yield Words(f"增加{noun.zh}“{title.zh}”。", f"{noun.en} “{title.en}” is new.")
            else:
                yield from _differences(noun, before[name], part)


def lost_states(old: Process, new: Process) -> list[State]:
    """Where a matter that moves to the new edition would be stranded."""
    return [state for name, state in old.states.items() if name not in new.states]


def _differences(noun: Words, before: Any, after: Any) -> Iterator[Words]:
    for part in fields(after):
        one, other = getattr(before, part.name), getattr(after, part.name)
        if one != other:
            yield _otherwise(noun, _title(after), NAMES.get(part.name, part.name), one, other)


def _otherwise(noun: Words, title: Words, key: str, one: object, other: object) -> Words:
    return Words(
        f"{noun.zh}“{title.zh}”的 {key}：{_said(one).zh} → {_said(other).zh}。",
        f"{noun.en} “{title.en}”, {key}: {_said(one).en} → {_said(other).en}.",
    )


def _title(part: State | Verb | Field) -> Words:
    return part.label if isinstance(part, Field) else part.title


def _said(value: object) -> Words:
    """As the text would say it, as far as a sentence has room."""
    match value:
        case Words():
            return value
        case Span(period, of):
            words = period.words
            return Words(f"{words.zh}（自 {of}）", f"{words.en} of {of}") if of else words
        case Clock(what=what, within=within, before=before, on=on):
            length = _said(within or before or on)
            return Words(f"{what.zh} {length.zh}", f"{what.en} {length.en}")
        case Guard(name, number):
            return Words(*2 * (name if number is None else f"{name} = {number}",))
        case None | () | "" | False:
            return Words("无", "none")
        case True:
            return Words("是", "yes")
        case tuple():
            said = [_said(one) for one in value]
            return Words("、".join(one.zh for one in said), ", ".join(one.en for one in said))
        case Mapping():
            pairs = [(key, _said(one)) for key, one in value.items()]
            return Words(
                "、".join(f"{key} {one.zh}" for key, one in pairs),
                ", ".join(f"{key} {one.en}" for key, one in pairs),
            )
        case _ if hasattr(value, "words"):
            return Words(*value.words)
        case _:
            return Words(str(value), str(value))
