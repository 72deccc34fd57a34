"""The rows that fields of a procedure choose from, by the field's kind."""

from engine.models.house import Document
from engine.models.matter import Matter
from engine.models.people import Group, Person, Unit

Chosen = type[Person] | type[Unit] | type[Group] | type[Document] | type[Matter]

ROWS: dict[str, Chosen] = {
    "person": Person,
    "unit": Unit,
    "units": Unit,
    "group": Group,
    "groups": Group,
    "file": Document,
    "matter": Matter,
}
