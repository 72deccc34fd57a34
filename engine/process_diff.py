"""What differs between two editions of a procedure, a sentence each."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from engine.process import Clock, Field, Guard, Process, Span, State, Verb
from engine.words import Words
from engine.workdays import Period

PROCESS = Words("流程", "Process")
KINDS = {
    "states": Words("阶段", "State"),
    "verbs": Words("手续", "Step"),
    "fields": Words("填写项", "Field"),
}
PARTS = {
    "title": Words("名称", "name"),
    "label": Words("名称", "name"),
    "help": Words("说明", "help"),
    "marks": Words("标记", "marks"),
    "due": Words("期限", "deadlines"),
    "end": Words("终点", "end"),
    "by": Words("由谁办理", "done by"),
    "all_of": Words("各办一次", "done by each of"),
    "not_by": Words("须另一人", "not by who did"),
    "start": Words("可办阶段", "possible at"),
    "to": Words("转入", "leads to"),
    "stays": Words("不换阶段", "stays"),
    "free": Words("不列待办", "on no to-do list"),
    "create": Words("新建", "begins a matter"),
    "needs": Words("必填", "required"),
    "takes": Words("选填", "optional"),
    "when": Words("条件", "conditions"),
    "open": Words("窗口", "window"),
    "once_per": Words("只办一次", "once"),
    "undoes": Words("撤回", "undoes"),
    "on_behalf_of": Words("代表", "on behalf of"),
    "carries": Words("带动", "carries"),
    "tells": Words("通知", "tells"),
    "makes": Words("文书", "documents"),
    "kind": Words("种类", "kind"),
    "choices": Words("选项", "choices"),
    "of": Words("构成", "made of"),
    "min": Words("最少", "least"),
    "max": Words("最多", "most"),
    "required_unless": Words("可免填", "spared by"),
    "untold": Words("不显示", "not shown"),
    "watermark": Words("水印", "watermark"),
}
Names = Mapping[str, Words]
"""What a text calls a thing → what people call it."""


def changes(old: Process, new: Process) -> Iterator[Words]:
    """In the order of the texts: what is gone, what is new, and what is said otherwise."""
    if old.title != new.title:
        yield _otherwise(PROCESS, new.title, PARTS["title"], old.title, new.title, {})
    names = _names(old) | _names(new)
    if old.start != new.start:
        yield _otherwise(PROCESS, new.title, Words("起始阶段", "starts at"), old.start, new.start, names)
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
                yield from _differences(noun, before[name], part, names)


def lost_states(old: Process, new: Process) -> list[State]:
    """Where a matter that moves to the new edition would be stranded."""
    return [state for name, state in old.states.items() if name not in new.states]


def _names(process: Process) -> dict[str, Words]:
    return {
        name: _title(part)
        for kind in ("fields", "verbs", "states")
        for name, part in getattr(process, kind).items()
    }


def _differences(noun: Words, before: Any, after: Any, names: Names) -> Iterator[Words]:
    for part in fields(after):
        one, other = getattr(before, part.name), getattr(after, part.name)
        if one != other:
            yield _otherwise(noun, _title(after), PARTS[part.name], one, other, names)


def _otherwise(noun: Words, title: Words, key: Words, one: object, other: object, names: Names) -> Words:
    was, will = _said(one, names), _said(other, names)
    return Words(
        f"{noun.zh}“{title.zh}”的{key.zh}：{was.zh} → {will.zh}。",
        f"{noun.en} “{title.en}”, {key.en}: {was.en} → {will.en}.",
    )


def _title(part: State | Verb | Field) -> Words:
    return part.label if isinstance(part, Field) else part.title


_NONE = Words("无", "none")


def _said(value: object, names: Names) -> Words:
    """As a person would say it, as far as a sentence has room."""
    match value:
        case Words():
            return value
        case Span(period, of):
            words, start = period.words, names.get(of or "", Words(of or "", of or ""))
            return Words(f"{words.zh}（自“{start.zh}”）", f"{words.en} of {start.en}") if of else words
        case Clock(what=what, owner=owner):
            length = _said(value.within or value.before or value.on, names)
            beside = [
                (f"{zh} {said.zh}", f"{en} {said.en}")
                for zh, en, said in (
                    ("最长", "at most", _said(value.at_most, names)),
                    ("提醒", "warned", _said(value.warn, names)),
                    ("逾期告知", "when late", _said(value.late_tells, names)),
                )
                if said != _NONE
            ]
            zh, en = (
                "，".join((owner, *(one[0] for one in beside))),
                ", ".join((owner, *(one[1] for one in beside))),
            )
            return Words(f"{what.zh} {length.zh}（{zh}）", f"{what.en} {length.en} ({en})")
        case Period():
            return value.words
        case Guard(name, number):
            asked = Words("", "") if number is None else _said(number, names)
            return Words(f"{name} {asked.zh}".strip(), f"{name} {asked.en}".strip())
        case None | () | "" | False:
            return _NONE
        case True:
            return Words("是", "yes")
        case tuple():
            said = [_said(one, names) for one in value]
            return Words("、".join(one.zh for one in said), ", ".join(one.en for one in said))
        case Mapping():
            pairs = [(key, _said(one, names)) for key, one in value.items()]
            return Words(
                "、".join(f"{key} {one.zh}" for key, one in pairs),
                ", ".join(f"{key} {one.en}" for key, one in pairs),
            )
        case _:
            return names.get(str(value), Words(str(value), str(value)))
