"""People by Excel: the template, what a filled one says, and the list as a file. Dates and numbers stay text."""

import io
import re
import zipfile
from collections.abc import Sequence

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from werkzeug.datastructures import FileStorage

from engine.actions.people import NewPerson
from engine.errors import Invalid
from engine.models.people import Person
from engine.rules import HELD_BY_POST, ROLES
from engine.words import Words

COLUMNS = {"name": "姓名", "email": "邮箱", "roles": "角色", "unit": "所属单位", "group": "所属活动组"}
LETTERS = dict(zip(COLUMNS, "ABCDE", strict=True))
MOST_ROWS = 2000
MOST_BYTES = 5 * 1024 * 1024
MOST_UNPACKED = 10 * MOST_BYTES
FIRST = 2
"""The first row of people: row 1 holds the titles."""

_TITLES = {ROLES[role].title.zh: role for role in HELD_BY_POST}
_ROLE = re.compile(f"(?:{'|'.join(_TITLES)})(?=[、，,;；\\s]|$)|[^、，,;；\\s]+")
"""One role in a cell. A title is taken whole, for “主席、副主席、秘书长” holds the sign that parts them."""
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def read(upload: FileStorage | None) -> list[NewPerson]:
    """The rows of a filled template. Raises `Invalid`, by `row.column` where a cell is to blame."""
    sheet = _sheet(upload)
    titles = next(sheet.iter_rows(max_row=1, max_col=len(COLUMNS), values_only=True))
    if [str(title or "").strip() for title in titles] != list(COLUMNS.values()):
        raise _wrong(
            "第一行应是：" + "、".join(COLUMNS.values()) + "。请用下载的模板。",
            "The first row must hold the template's titles.",
        )
    cells = [
        [str(value if value is not None else "").strip() for value in row]
        for row in sheet.iter_rows(
            min_row=FIRST, max_col=len(COLUMNS), max_row=FIRST + MOST_ROWS, values_only=True
        )
    ]
    while cells and not any(cells[-1]):
        cells.pop()
    if not cells:
        raise _wrong("表里没有人员。", "The sheet holds no people.")
    if len(cells) > MOST_ROWS:
        raise _wrong(f"一次最多导入 {MOST_ROWS} 人。", f"At most {MOST_ROWS} people at a time.")
    return [NewPerson(name, email, _roles(roles), unit, group) for name, email, roles, unit, group in cells]


def place(field: str) -> str:
    """`3.email` → B4: where a person looks for the mistake."""
    row, dot, column = field.partition(".")
    if not (dot and row.isdigit()):
        return ""
    return f"{LETTERS.get(column, LETTERS['roles'])}{int(row) + FIRST - 1}"


def template(units: Sequence[str], groups: Sequence[str]) -> bytes:
    """An empty sheet, and a second one with the names that may be used in it."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  (a new workbook always has one)
    sheet.title = "人员"
    _titles(sheet, list(COLUMNS.values()))
    known = book.create_sheet("可填写的名称")
    _titles(known, ["角色", "所属单位", "所属活动组"])
    for column, names in enumerate((_TITLES, units, groups), start=1):
        for row, name in enumerate(names, start=FIRST):
            known.cell(row, column, _plain(name))
    return _saved(book)


def export(found: Sequence[Person]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101
    _titles(sheet, list(COLUMNS.values()))
    for person in found:
        posts = [post for post in person.posts if post.confirmed_at and not post.ended_at]
        unit, group = (
            next((place.name for place in places if place), "")
            for places in ((post.unit for post in posts), (post.group for post in posts))
        )
        roles = "、".join(ROLES[post.role].title.zh for post in posts)
        sheet.append([_plain(text) for text in (person.name, person.email or "", roles, unit, group)])
    return _saved(book)


def _sheet(upload: FileStorage | None) -> Worksheet:
    data = b""
    if upload:
        with upload.stream as stream:
            data = stream.read(MOST_BYTES + 1)
    if not data:
        raise _wrong("请选择填好的 Excel 文件。", "Please choose the filled Excel file.")
    if len(data) > MOST_BYTES:
        raise _wrong("文件不能超过 5 MB。", "The file must not exceed 5 MB.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
                raise ValueError("a zip bomb")
        return load_workbook(io.BytesIO(data), data_only=True).worksheets[0]
    except Exception as error:  # a stranger's file may break the reader in any way
        raise _wrong("这不是 .xlsx 文件。", "This is not an .xlsx file.") from error


def _roles(text: str) -> tuple[str, ...]:
    return tuple(_TITLES.get(name, name) for name in _ROLE.findall(text))


def _titles(sheet: Worksheet, titles: Sequence[str]) -> None:
    sheet.append(list(titles))
    for number, cell in enumerate(sheet[1], start=1):
        cell.font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = 24
    sheet.freeze_panes = "A2"


def _plain(text: str) -> str:
    """A text that Excel must not take for a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _wrong(zh: str, en: str) -> Invalid:
    return Invalid({"sheet": Words(zh, en)}, Words(zh, en))
