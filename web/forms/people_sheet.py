"""People by Excel: the template, what a filled one says, and the list as a file."""

import re
from collections.abc import Sequence

from werkzeug.datastructures import FileStorage

from engine.actions.people import NewPerson
from engine.models.people import Person
from engine.rules import HELD_BY_POST, ROLES
from web.forms.sheets import FIRST, Template, plain, saved, title

TEMPLATE = Template(
    {"name": "姓名", "email": "邮箱", "roles": "角色", "unit": "所属单位", "group": "所属活动组"},
    most_rows=2000,
)

_TITLES = {ROLES[role].title.zh: role for role in HELD_BY_POST}
_ROLE = re.compile(f"(?:{'|'.join(_TITLES)})(?=[、，,;；\\s]|$)|[^、，,;；\\s]+")
"""One role in a cell. A title is taken whole, for “主席、副主席、秘书长” holds the sign that parts them."""


def read(upload: FileStorage | None) -> list[NewPerson]:
    return [
        NewPerson(name, email, _roles(roles), unit, group)
        for name, email, roles, unit, group in TEMPLATE.read(upload)
    ]


def place(field: str) -> str:
    """The cell of a mistake; one in a post that is no column's is its role's."""
    row, _, column = field.partition(".")
    return TEMPLATE.place(f"{row}.{column if column in TEMPLATE.columns else 'roles'}")


def template(units: Sequence[str], groups: Sequence[str]) -> bytes:
    """An empty sheet, and a second one with the names that may be used in it."""
    book = TEMPLATE.filled([])
    known = book.create_sheet("可填写的名称")
    title(known, ["角色", "所属单位", "所属活动组"])
    for column, names in enumerate((_TITLES, units, groups), start=1):
        for row, name in enumerate(names, start=FIRST):
            known.cell(row, column, plain(name))
    return saved(book)


def export(found: Sequence[Person]) -> bytes:
    return saved(TEMPLATE.filled(_row(person) for person in found))


def _row(person: Person) -> list[str]:
    posts = [post for post in person.posts if post.confirmed_at and not post.ended_at]
    unit, group = (
        next((place.name for place in places if place), "")
        for places in ((post.unit for post in posts), (post.group for post in posts))
    )
    roles = "、".join(ROLES[post.role].title.zh for post in posts)
    return [person.name, person.email or "", roles, unit, group]


def _roles(text: str) -> tuple[str, ...]:
    return tuple(_TITLES.get(name, name) for name in _ROLE.findall(text))
