"""A list by Excel: its template, and what a filled one says, each cell as text."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from werkzeug.datastructures import FileStorage

from engine.errors import Invalid
from engine.words import Words

MOST_MB = 2
MOST_BYTES = MOST_MB * 1024 * 1024
MOST_UNPACKED = 25 * MOST_BYTES
FIRST = 2
"""The first row of the list: row 1 holds the titles."""
_RISKY = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Template:
    """`columns` are the engine's names of what stands under each title, from column A on."""

    columns: dict[str, str]
    most_rows: int

    def read(self, upload: FileStorage | None) -> list[list[str]]:
        """The cells of every row. Raises `Invalid` where the file is not this template filled."""
        sheet, width = _sheet(upload), len(self.columns)
        titles = next(sheet.iter_rows(max_row=1, max_col=width, values_only=True))
        if [_text(title) for title in titles] != list(self.columns.values()):
            raise _wrong(
                "第一行应是：" + "、".join(self.columns.values()) + "。请用下载的模板。",
                "The first row must hold the template's titles.",
            )
        rows = sheet.iter_rows(min_row=FIRST, max_col=width, max_row=FIRST + self.most_rows, values_only=True)
        cells = [[_text(value) for value in row] for row in rows]
        while cells and not any(cells[-1]):
            cells.pop()
        if not cells:
            raise _wrong("表里一行也没有填。", "The sheet holds no rows.")
        if len(cells) > self.most_rows:
            raise _wrong(f"一次最多导入 {self.most_rows} 行。", f"At most {self.most_rows} rows at a time.")
        return cells

    def place(self, field: str) -> str:
        """`3.email` → B4: where a person looks for the mistake; nothing for the file as a whole."""
        row, _, column = field.partition(".")
        if not row.isdigit():
            return ""
        return f"{get_column_letter([*self.columns].index(column) + 1)}{int(row) + FIRST - 1}"

    def filled(self, rows: Iterable[Sequence[str]]) -> Workbook:
        book = Workbook()
        sheet = book.active
        assert isinstance(sheet, Worksheet)  # noqa: S101  (a new workbook always has one)
        title(sheet, list(self.columns.values()))
        for row in rows:
            sheet.append([plain(text) for text in row])
        return book


def title(sheet: Worksheet, titles: Sequence[str]) -> None:
    sheet.append(list(titles))
    for number, cell in enumerate(sheet[1], start=1):
        cell.font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = 24
    sheet.freeze_panes = "A2"


def plain(text: str) -> str:
    """A text that Excel must not take for a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text


def workbook(data: bytes, name: str) -> Response:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(data, mimetype=kind, headers={"Content-Disposition": f"attachment; filename={name}"})


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _sheet(upload: FileStorage | None) -> Worksheet:
    data = b""
    if upload:
        with upload.stream as stream:
            data = stream.read(MOST_BYTES + 1)
    if not data:
        raise _wrong("请选择填好的 Excel 文件。", "Please choose the filled Excel file.")
    if len(data) > MOST_BYTES:
        raise _wrong(f"文件不能超过 {MOST_MB} MB。", f"The file must not exceed {MOST_MB} MB.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
                raise ValueError("a zip bomb")
        return load_workbook(io.BytesIO(data), data_only=True).worksheets[0]
    except Exception as error:  # a stranger's file may break the reader in any way
        raise _wrong("这不是 .xlsx 文件。", "This is not an .xlsx file.") from error


def _text(value: object) -> str:
    """A cell as text: Excel makes a date of what looks like one."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value if value is not None else "").strip()


def _wrong(zh: str, en: str) -> Invalid:
    return Invalid({"sheet": Words(zh, en)}, Words(zh, en))
