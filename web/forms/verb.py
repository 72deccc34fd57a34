"""The form of a verb, made from its process file: what it asks, what was typed, what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Request

from engine.database import Session
from engine.errors import Invalid
from engine.models.matter import Matter
from engine.process import Field, Process, Verb
from engine.queries import people
from engine.words import Words
from web.presenters import say

Option = tuple[object, str]


@dataclass
class Form:
    """`given` holds what was typed, by name; `errors` what is wrong with it."""

    given: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, Words] = field(default_factory=dict)

    def refused(self, refusal: Invalid) -> "Form":
        return Form(self.given, refusal.fields)


@dataclass(frozen=True)
class Asked:
    """One field as a form asks for it; `options` for the kinds that choose."""

    spec: Field
    required: bool
    options: list[Option]


def asked(
    db: Session, process: Process, verb: Verb, choices: Mapping[str, list[Option]] | None = None
) -> list[Asked]:
    """The fields of a verb in their order, without those that may be left out and have nothing to choose from.
    `choices` gives the options of fields that choose a matter.
    """
    known = choices or {}
    return [
        Asked(process.fields[name], name in verb.needs, _options(db, process.fields[name], known))
        for name in verb.needs + verb.takes
        if name in verb.needs or known.get(name) != []
    ]


def read(request: Request, process: Process, verb: Verb) -> Form:
    """What a request says for a verb's fields, as it was typed; files are the caller's."""
    return Form(
        {
            name: _typed(request, process.fields[name])
            for name in verb.needs + verb.takes
            if process.fields[name].kind != "file"
        }
    )


def _typed(request: Request, spec: Field) -> Any:
    if spec.kind == "rows":
        return _rows(request, spec)
    if spec.kind == "points":
        return {name: request.form.get(f"{spec.name}-{name}", "") for name in spec.of}
    if spec.kind in ("units", "groups", "checklist"):
        return request.form.getlist(spec.name)
    return request.form.get(spec.name, "")


def _rows(request: Request, spec: Field) -> list[dict[str, str]]:
    """Inputs are named `field-row-column`; one empty row more where 「再加一行」 was pressed."""
    parts = {key.split("-")[1] for key in request.form if key.startswith(f"{spec.name}-")}
    numbers = sorted(int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 4)
    rows = [
        {column: request.form.get(f"{spec.name}-{number}-{column}", "") for column in spec.of}
        for number in numbers
    ]
    return [*rows, {}] if request.form.get("more") == spec.name else rows


def _options(db: Session, spec: Field, choices: Mapping[str, list[Option]]) -> list[Option]:
    if spec.name in choices:
        return choices[spec.name]
    if spec.kind in ("choice", "checklist"):
        return [(key, say(words)) for key, words in spec.choices.items()]
    if spec.kind in ("unit", "units"):
        return [(unit.id, unit.name) for unit in people.units(db)]
    if spec.kind in ("group", "groups"):
        return [(group.id, group.name) for group in people.groups(db)]
    if spec.kind == "person":
        return [(person.id, person.name) for person in people.staff(db, size=500)[0]]
    return []


def present(matter: Matter, process: Process, verb: Verb) -> dict[str, Any]:
    """What the matter's own columns already say for the fields of a verb: nobody types twice what is known."""
    fields = (process.fields[name] for name in verb.needs + verb.takes)
    told = {one.name for one in fields if one.kind not in ("file", "yes", "moment") and not one.untold}
    told -= {"public_reason"}  # of its own occasion: the last one is not published again by oversight
    values = {name: getattr(matter, name, None) for name in told}
    return {name: value for name, value in values.items() if value not in (None, "")}


def seen(request: Request) -> int | None:
    """The version of the matter a form was made from; 0, which no matter has, where it says nonsense."""
    text = request.form.get("version")
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
