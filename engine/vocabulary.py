"""What the house offers to the text of a process: its roles, conditions, dates and documents."""

from functools import cache
from typing import Any

from sqlalchemy import Boolean, Column, Date, Integer, String, inspect
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from engine.editions import shipped, shipped_names
from engine.guards import CONDITIONS, COUNTING, NAMING
from engine.models.base import Moment
from engine.models.matter import Matter
from engine.process_check import Asks, Vocabulary
from engine.rules import OWNED, ROLES

PARENTS = {
    "topic": "plan",
    "consultation": "topic",
    "research": "consultation",
    "questionnaire": "research",
    "sitting": "consultation",
    "attendance": "sitting",
    "material": "sitting",
    "question": "sitting",
    "comment": "sitting",
    "recommendation": "consultation",
    "assignment": "recommendation",
}
DOCUMENTS = frozenset({"D01", "D11"})


@cache
def vocabulary(name: str) -> Vocabulary:
    """For a process of this name; one the house does not know has nothing to lose."""
    roles: dict[str, str] = {role: known.scope for role, known in ROLES.items()}
    guards: dict[str, Asks] = {guard: naming.asks for guard, naming in NAMING.items()}
    if name not in shipped_names():
        return Vocabulary(roles, guards, documents=DOCUMENTS)
    process, parent = shipped(name), PARENTS.get(name)
    used = {guard.name for verb in process.verbs.values() for guard in verb.when}
    for condition in used & CONDITIONS.keys():  # each reads the rows of its own noun
        guards[condition] = "number" if condition in COUNTING else "nothing"
    for role, owner in OWNED.items():  # of what nobody can own
        if not hasattr(inspect(Matter).polymorphic_map[name].class_, owner):
            roles[role] = "none"
    dates = {f"field.{column}" for column in _dates(name)}
    dates |= {f"parent.{column}" for column in _dates(parent)} if parent else set()
    return Vocabulary(
        roles,
        guards,
        marks={mark: state.name for state in process.states.values() for mark in state.marks},
        verbs=process.verbs,
        untold={one.name for one in process.fields.values() if one.untold},
        columns={key: kinds for key, column in _columns(name).items() if (kinds := _kinds(column))},
        dates=dates,
        documents=DOCUMENTS,
        reached={roles[role] for verb in process.verbs.values() if not verb.create for role in verb.doers},
        children={child: shipped(child) for child, above in PARENTS.items() if above == name},
    )


def _columns(name: str) -> ReadOnlyColumnCollection[str, Column[Any]]:
    return inspect(Matter).polymorphic_map[name].columns


def _dates(name: str) -> set[str]:
    return {key for key, column in _columns(name).items() if isinstance(column.type, Date | Moment)}


def _kinds(column: Column[Any]) -> frozenset[str]:
    """The kinds of field that a column can keep; empty for one that no form fills."""
    match column.type:
        case Date():
            return frozenset({"date"})
        case Moment():
            return frozenset({"moment"})
        case String():
            return frozenset({"text", "choice"})
        case Boolean():
            return frozenset({"yes"})
        case Integer():
            return frozenset(
                {"person", "unit", "group", "file", "matter"} if column.foreign_keys else {"number"}
            )
        case _:
            return frozenset()
