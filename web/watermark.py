"""A reader's own copy of a PDF: their name and the time across every page."""

import io
from math import hypot
from pathlib import Path

from pypdf import PageObject, PdfReader, PdfWriter, Transformation
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from engine.actions.files import NotTaken
from engine.words import Words

PDF = "application/pdf"
FONT = "STSong-Light"
"""One of the fonts that every PDF reader knows by name for Chinese: nothing is embedded, the file hardly grows."""
SIDE = 1000
"""Of the square that the words are set in, in points, before it is fitted to a page."""
LINES = (230, 500, 770)
"""Where they stand in it, from below: whoever cuts one off has the others."""
SIZE, SLANT = 28, 30
MOST_PAGES = 300
"""Which takes a second; the time grows faster than the pages."""

registerFont(UnicodeCIDFont(FONT))


def marked(file: Path, words: str) -> io.BytesIO:
    """Raises `NotTaken` for a PDF of too many pages, or one that nobody can write on: damaged, or under a password."""
    try:
        return _marked(file, words)
    except NotTaken:
        raise
    except Exception as error:  # whatever a broken file leads its reader into
        raise NotTaken(
            Words(
                "这份 PDF 设了密码或者不完好，印不上查阅人的姓名。请重新导出后再上传。",
                "This PDF is under a password or damaged and cannot bear the reader's name. Please export it again.",
            )
        ) from error


def _marked(file: Path, words: str) -> io.BytesIO:
    with PdfReader(file) as opened:
        if len(opened.pages) > MOST_PAGES:
            raise NotTaken(
                Words(
                    f"要印查阅人姓名的 PDF 不能超过 {MOST_PAGES} 页，请分成几份。",
                    f"A PDF that bears its reader's name may have at most {MOST_PAGES} pages; please divide it.",
                )
            )
        stamp, writer = _stamp(words), PdfWriter(clone_from=opened)
    for page in writer.pages:
        box = page.cropbox
        fitted = (
            Transformation()
            .translate(-SIDE / 2, -SIDE / 2)
            .rotate(SLANT + page.rotation)
            .scale(hypot(box.width, box.height) / SIDE)
            .translate(float(box.left + box.right) / 2, float(box.bottom + box.top) / 2)
        )
        page.merge_transformed_page(stamp, fitted)
        page.compress_content_streams()
    copy = io.BytesIO()
    writer.write(copy)
    copy.seek(0)
    return copy


def _stamp(words: str) -> PageObject:
    """Light enough to read through."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(SIDE, SIDE))
    canvas.setFont(FONT, SIZE)
    canvas.setFillGray(0.5, alpha=0.25)
    for height in LINES:
        canvas.drawCentredString(SIDE / 2, height, words)
    canvas.save()
    return PdfReader(file).pages[0]
