"""The form of one part of a procedure's text, a stage or a step: what it asks, and what it writes into the text."""

from typing import Any

from werkzeug.datastructures import MultiDict

from engine.errors import NotFound
from engine.process import Broken, Process, State, read
from engine.process_edit import Stage, part_of, with_stage, without, written
from engine.rules import ROLES
from engine.words import Words
from engine.workdays import Period
from web.presenters import say

EDITS = ("write", "stage", "without")
"""Writes the fields of the part, puts a stage after it, takes it out."""
STAGE = ("stage.zh", "stage.en", "step.zh", "step.en", "wait", "within", "warn")
LISTS = ("doers", "stage.by")


def edited(text: str, form: MultiDict[str, str]) -> str:
    """The text after what the form asks for. Raises `Broken` or a refusal, and then nothing was written."""
    part, given = form.get("part", ""), {key: form.get(key, "").strip() for key in STAGE}
    match form.get("do"):
        case "write":
            fields = {key: form[key].strip() for key in form if key in ("zh", "en") or key.startswith("due.")}
            return written(text, part, fields, form.getlist("doers"))
        case "stage":
            title, step = (Words(given[f"{key}.zh"], given[f"{key}.en"]) for key in ("stage", "step"))
            lengths = {key: given[key] for key in ("wait", "within", "warn")}
            return with_stage(
                text, part.removeprefix("verb."), Stage(title, step, form.getlist("stage.by"), **lengths)
            )
        case "without":
            return without(text, part)
        case _:
            return text


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    return {key: form[key] for key in form} | {key: form.getlist(key) for key in LISTS}


def asked(text: str, name: str) -> dict[str, Any]:
    """For the page: every part to choose from, and of the chosen one what the text says now."""
    try:
        process = read(text)
    except Broken:
        return {"parts": [], "part": None}
    roles = [(role, say(known.title)) for role, known in ROLES.items() if known.scope != "body"]
    shown = {"parts": _parts(process), "roles": roles}
    try:
        part = part_of(process, name)
    except NotFound:
        return shown | {"part": None}
    now: dict[str, Any] = {"zh": part.title.zh, "en": part.title.en, "dues": {}}
    if isinstance(part, State):
        for at, clock in enumerate(part.due):
            if span := clock.within or clock.before:
                now["dues"][f"due.{at}"] = clock.what
                now[f"due.{at}"] = _length(span.period)
        return shown | {"part": now}
    leads = (part.to or process.start) in process.states and not part.stays
    return shown | {"part": now | {"doers": list(part.all_of or part.by), "leads": leads}}


def _parts(process: Process) -> list[tuple[str, str]]:
    stages = ((f"state.{one.name}", Words("阶段：", "Stage: "), one.title) for one in process.states.values())
    steps = ((f"verb.{one.name}", Words("手续：", "Step: "), one.title) for one in process.verbs.values())
    return [(name, say(kind) + say(title)) for name, kind, title in (*stages, *steps)]


def _length(period: Period) -> str:
    return f"{period.count} {period.unit}{'' if period.count == 1 else 's'}"
