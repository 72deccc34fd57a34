"""What the house offers to the text of a process: its roles, conditions, dates and documents."""

from functools import cache

from sqlalchemy import Date, inspect

from engine.editions import shipped, shipped_names
from engine.guards import CONDITIONS, COUNTING, NAMING
from engine.models.base import Moment
from engine.models.matter import Matter
from engine.process_check import Asks, Vocabulary
from engine.rules import ROLES

PARENTS = {
    "topic": "plan",
    "consultation": "topic",
    "research": "consultation",
    "sitting": "consultation",
    "question": "sitting",
    "comment": "sitting",
    "recommendation": "consultation",
    "assignment": "recommendation",
}
NAMED: dict[str, Asks] = {"done": "verb", "waited": "length"}
DOCUMENTS = frozenset({"D01", "D11"})


@cache
def vocabulary(name: str) -> Vocabulary:
    """For a process of this name; one the house does not know has nothing to lose."""
    roles = {role: known.scope for role, known in ROLES.items()}
    guards: dict[str, Asks] = {guard: "number" if guard in COUNTING else "nothing" for guard in CONDITIONS}
    guards |= {guard: NAMED.get(guard, "children") for guard in NAMING}
    if name not in shipped_names():
        return Vocabulary(roles, guards, documents=DOCUMENTS)
    process, parent = shipped(name), PARENTS.get(name)
    dates = {f"field.{column}" for column in _dates(name)}
    dates |= {f"parent.{column}" for column in _dates(parent)} if parent else set()
    return Vocabulary(
        roles,
        guards,
        marks={mark for state in process.states.values() for mark in state.marks},
        verbs={verb.name for verb in process.verbs.values() if "system" in verb.doers},
        dates=dates,
        documents=DOCUMENTS,
        children={child: shipped(child) for child, above in PARENTS.items() if above == name},
    )


def _dates(name: str) -> set[str]:
    columns = inspect(Matter).polymorphic_map[name].columns
    return {key for key, column in columns.items() if isinstance(column.type, Date | Moment)}
