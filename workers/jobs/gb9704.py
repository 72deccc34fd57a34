"""Official documents as GB/T 9704-2012 lays them out, in Word's format.

Fonts are named and not embedded: an office has 方正小标宋 and 仿宋_GB2312; where one is missing, Word shows another.
Sizes are points, 3号 = 16; lengths millimetres.
"""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from docx import Document
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

TITLE, BODY, HEI, KAI, SONG = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体"
RED = RGBColor(0xFF, 0, 0)
LEFT, CENTRE, RIGHT, BOTH = (
    WD_ALIGN_PARAGRAPH.LEFT,
    WD_ALIGN_PARAGRAPH.CENTER,
    WD_ALIGN_PARAGRAPH.RIGHT,
    WD_ALIGN_PARAGRAPH.JUSTIFY,
)
ER, SAN, SI, XIAO_SI = 22.0, 16.0, 14.0, 12.0
"""2号 titles, 3号 body, 4号 colophon and page number, 小四 in tables."""
PITCH = 28.95
"""22 lines of it are the 225 mm of the text block, less half a point."""
CLOSER = -5
"""Twentieths of a point between two characters of the body, so that 28 of 16 pt stand in 156 mm and not 27."""
BLOCK = 156
AFTER_PLACE = ("w:tblStyleRowBandSize", "w:tblW", "w:jc", "w:tblLayout", "w:tblLook")
AFTER_BORDERS = ("w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")
"""What must follow in the properties of a table or a paragraph: the schema has an order, and Word keeps to it."""


class Row(NamedTuple):
    """A line of a form; `height` is its least, in millimetres."""

    name: str
    text: str
    height: int = 10


class Paper:
    """A document that grows downwards. `content()` is the file."""

    def __init__(self, title: str, organ: str, made_at: datetime) -> None:
        self.docx = Document()
        about = self.docx.core_properties
        about.title, about.author, about.comments, about.language = title, organ, "", "zh-CN"
        about.created = about.modified = made_at
        normal = self.docx.styles["Normal"]
        normal.font.size = Pt(SAN)
        _fonts(normal.element.get_or_add_rPr(), BODY)
        self._lay_out()

    def _lay_out(self) -> None:
        """A4, 37 mm above and 28 mm at the binding; page numbers outside, in dashes."""
        section = self.docx.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = Mm(37), Mm(35)
        section.left_margin, section.right_margin = Mm(28), Mm(26)
        section.header_distance, section.footer_distance = Mm(15), Mm(23)
        for grid in section._sectPr.findall(qn("w:docGrid")):  # lines are exact; programs differ over a grid
            section._sectPr.remove(grid)
        self.docx.settings.odd_and_even_pages_header_footer = True
        _page_number(section.footer.paragraphs[0], RIGHT)
        _page_number(section.even_page_footer.paragraphs[0], LEFT)

    def head(self, organ: str, number: str) -> None:
        """版头: the red name 35 mm under the top of the block, two lines, the document's number, the red line."""
        name = self._line(CENTRE, before=Mm(35).pt, exact=False)
        _write(name, f"{organ}文件", TITLE, min(48.0, BLOCK / 25.4 * 72 * 0.95 / (len(organ) + 2)), RED)
        self.blank(2)
        below = self._line(CENTRE)
        _write(below, number, BODY, SAN)
        _rule(below, "bottom", "single", 12, Mm(4).pt)

    def letter_head(self, organ: str, number: str) -> None:
        """信函: the red name over a double line, another at the foot of the first page, which has no number."""
        section = self.docx.sections[0]
        section.different_first_page_header_footer = True
        section.header_distance = Mm(30)
        name = section.first_page_header.paragraphs[0]
        name.alignment = CENTRE
        _write(name, organ, TITLE, min(36.0, 170 / 25.4 * 72 * 0.9 / len(organ)), RED)
        _rule(name, "bottom", "thickThinSmallGap", 24, Mm(4).pt)
        foot = section.first_page_footer.paragraphs[0]
        foot.paragraph_format.line_spacing = Pt(2)
        _rule(foot, "bottom", "thinThickSmallGap", 24, 0)
        for ruled in (name, foot):  # 170 mm long: beyond the block on both sides
            ruled.paragraph_format.left_indent, ruled.paragraph_format.right_indent = Mm(-8), Mm(-6)
        _write(self._line(RIGHT), number, BODY, SAN)

    def title(self, *lines: str, note: str = "") -> None:
        """Two lines under what stands above; `note` in 楷体 under it."""
        self.blank(2)
        for line in lines:
            _write(self._line(CENTRE), line, TITLE, ER)
        if note:
            _write(self._line(CENTRE), note, KAI, SAN)
        self.blank(1)

    def to(self, recipients: str) -> None:
        _write(self._line(LEFT), f"{recipients}：", BODY, SAN)

    def heading(self, text: str) -> None:
        line = self._line(BOTH, indent=2)
        line.paragraph_format.keep_with_next = True
        _write(line, text, HEI, SAN)

    def text(self, text: str) -> None:
        _write(self._line(BOTH, indent=2), text, BODY, SAN)

    def note(self, text: str) -> None:
        """Under a table, in its size."""
        line = self._line(LEFT)
        _write(line, text, BODY, XIAO_SI)

    def signature(self, organ: str, on: str) -> None:
        """Room for the seal: the date stands four characters from the right, the name centred over it."""
        self.blank(1)
        name, date = self._line(RIGHT), self._line(RIGHT)
        name.paragraph_format.right_indent = Pt(max(0.0, 4 + (_ems(on) - _ems(organ)) / 2) * SAN)
        date.paragraph_format.right_indent = Pt(4 * SAN)
        for line, words in ((name, organ), (date, on)):
            line.paragraph_format.keep_with_next = line is name
            _write(line, words, BODY, SAN)

    def attachment_note(self, name: str) -> None:
        self.blank(1)
        self.text(f"附件：{name}")

    def attachment(self, title: str) -> None:
        """On a page of its own."""
        label = self._line(LEFT)
        label.paragraph_format.page_break_before = True
        _write(label, "附件", HEI, SAN)
        self.blank(1)
        _write(self._line(CENTRE), title, TITLE, ER)
        self.blank(1)

    def colophon(self, copies: str, printer: str, on: str) -> None:
        """版记, at the foot of the last page: 抄送, who printed it and when, between lines."""
        self.blank(1)
        lines = (f"抄送：{copies}。", f"{printer}\t{on}印发")
        grid = self.docx.add_table(rows=len(lines), cols=1)
        grid.columns[0].width = Mm(BLOCK)
        for row, words in zip(grid.rows, lines, strict=True):
            line = row.cells[0].paragraphs[0]
            line.paragraph_format.tab_stops.add_tab_stop(Mm(BLOCK) - Pt(2 * SI), WD_TAB_ALIGNMENT.RIGHT)
            line.paragraph_format.left_indent, line.paragraph_format.space_after = Pt(SI / 2), Pt(0)
            _write(line, words, BODY, SI)
        place = {"vertAnchor": "margin", "horzAnchor": "margin", "tblpXSpec": "center", "tblpYSpec": "bottom"}
        floats, borders = OxmlElement("w:tblpPr"), OxmlElement("w:tblBorders")
        _set(floats, **place)
        for side, eighths in (("top", 8), ("bottom", 8), ("insideH", 6)):
            border = OxmlElement(f"w:{side}")
            _set(border, val="single", sz=eighths, space=0, color="000000")
            borders.append(border)
        grid._tbl.tblPr.insert_element_before(floats, "w:tblOverlap", "w:bidiVisual", *AFTER_PLACE)
        grid._tbl.tblPr.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
        last = self.docx.add_paragraph().paragraph_format  # what floats hangs on a paragraph after it
        last.line_spacing, last.space_after = Pt(1), Pt(0)

    def table(
        self, widths: Sequence[int], rows: Sequence[Sequence[str]], *, centred: Sequence[int] = ()
    ) -> None:
        """Widths in millimetres; the first row is the head and stands again on every page."""
        grid = self._grid(widths, rows)
        for cell in grid.rows[0].cells:
            _refill(cell, HEI, CENTRE)
        for row in grid.rows[1:]:
            for column, cell in enumerate(row.cells):
                _refill(cell, BODY, CENTRE if column in centred else LEFT)
        _flag(grid.rows[0]._tr.get_or_add_trPr(), "w:tblHeader")

    def form(self, rows: Sequence[Row]) -> None:
        """A name and what stands beside it, or room to write it."""
        grid = self._grid((32, BLOCK - 32), [(row.name, row.text) for row in rows])
        for row, line in zip(rows, grid.rows, strict=True):
            line.height = Mm(row.height)
            _refill(line.cells[0], HEI, CENTRE)
            _refill(line.cells[1], BODY, LEFT)

    def _grid(self, widths: Sequence[int], rows: Sequence[Sequence[str]]) -> Any:
        grid = self.docx.add_table(rows=len(rows), cols=len(widths), style="Table Grid")
        grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.CENTER, False
        for column, width in zip(grid.columns, widths, strict=True):
            column.width = Mm(width)
        for row, texts in zip(grid.rows, rows, strict=True):
            _flag(row._tr.get_or_add_trPr(), "w:cantSplit")
            for cell, width, text in zip(row.cells, widths, texts, strict=True):
                cell.width, cell.text = Mm(width), text
                cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        return grid

    def blank(self, lines: int) -> None:
        for _ in range(lines):
            self._line(LEFT)

    def _line(
        self, alignment: WD_ALIGN_PARAGRAPH, *, indent: int = 0, before: float = 0, exact: bool = True
    ) -> Paragraph:
        """`indent` of the first line, in characters. Exact lines keep 22 on a page whatever a font's own height."""
        line = self.docx.add_paragraph()
        line.alignment = alignment
        form = line.paragraph_format
        form.space_before, form.space_after = Pt(before), Pt(0)
        if exact:
            form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(PITCH)
        if indent:
            form.first_line_indent = Pt(indent * SAN)
            _set(line._p.get_or_add_pPr().get_or_add_ind(), firstLineChars=indent * 100)
        return line

    def content(self) -> io.BytesIO:
        file = io.BytesIO()
        self.docx.save(file)
        file.seek(0)
        return file


def _write(line: Paragraph, text: str, font: str, size: float, colour: RGBColor | None = None) -> Run:
    run = line.add_run(text)
    run.font.size = Pt(size)
    if colour is not None:
        run.font.color.rgb = colour
    properties = run._r.get_or_add_rPr()
    _fonts(properties, font)
    if size == SAN:
        spacing = OxmlElement("w:spacing")
        _set(spacing, val=CLOSER)
        properties.insert_element_before(spacing, "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:lang")
    return run


def _refill(cell: _Cell, font: str, alignment: WD_ALIGN_PARAGRAPH) -> None:
    """A cell's words in a table's size, with lines as high as the font needs."""
    for line in cell.paragraphs:
        words = line.text
        line.clear()
        line.alignment = alignment
        line.paragraph_format.line_spacing_rule, line.paragraph_format.line_spacing = (
            WD_LINE_SPACING.EXACTLY,
            Pt(20),
        )
        _write(line, words, font, XIAO_SI)


def _ems(text: str) -> float:
    """Its width in Chinese characters."""
    return sum(0.5 if character.isascii() else 1.0 for character in text)


def _fonts(properties: Any, font: str) -> None:
    """Chinese in `font`, digits and Latin in Times New Roman; the hint lets quotation marks be Chinese too."""
    fonts = properties.get_or_add_rFonts()
    _set(
        fonts,
        ascii="Times New Roman",
        hAnsi="Times New Roman",
        cs="Times New Roman",
        eastAsia=font,
        hint="eastAsia",
    )


def _page_number(line: Paragraph, alignment: WD_ALIGN_PARAGRAPH) -> None:
    """— 1 —, in 4号 宋体, one character in from the outer edge."""
    line.alignment = alignment
    form = line.paragraph_format
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(SI)
    form.left_indent = form.right_indent = Pt(SI)
    _write(line, "— ", SONG, SI)
    field = _write(line, "", SONG, SI)
    for kind, instruction in (("begin", ""), ("", "PAGE"), ("end", "")):
        if kind:
            part = OxmlElement("w:fldChar")
            _set(part, fldCharType=kind)
        else:
            part = OxmlElement("w:instrText")
            part.text = instruction
        field._r.append(part)
    _write(line, " —", SONG, SI)


def _rule(line: Paragraph, side: str, kind: str, eighths: int, space: float) -> None:
    """A line at a paragraph's side, its width in eighths of a point, its distance in points. Red when heavy."""
    properties = line._p.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.insert_element_before(borders, *AFTER_BORDERS)
    border = OxmlElement(f"w:{side}")
    _set(border, val=kind, sz=eighths, space=round(space), color="FF0000" if eighths > 8 else "000000")
    borders.append(border)


def _flag(properties: Any, name: str) -> None:
    properties.append(OxmlElement(name))


def _set(element: Any, **values: object) -> None:
    for name, value in values.items():
        element.set(qn(f"w:{name}"), str(value))
