"""The papers of a research as real files: a report (.docx), slides (.pptx) and a short clip (H.264, .mp4)."""

import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import docx
import imageio_ffmpeg
import pptx
from PIL import Image, ImageDraw, ImageFont
from pptx.presentation import Presentation
from pptx.util import Pt

from workers.demo.texts import Advice, Found, Study

WIDTH, HEIGHT, RATE, SECONDS = 640, 352, 8, 4
PAPER, INK, RED = "#ffffff", "#1f2328", "#b3261e"


def report(study: Study) -> BytesIO:
    """Facts, causes, advice: the parts a research report has (domain/06 D06)."""
    text = docx.Document()
    text.add_heading(f"关于{study.title.removesuffix('调研')}的调研报告", 0)
    text.add_paragraph(study.group)
    text.add_paragraph(study.summary)
    text.add_heading("一、调研情况", 1)
    text.add_paragraph(study.visits)
    table = text.add_table(rows=1, cols=3, style="Table Grid")
    for cell, title in zip(table.rows[0].cells, ("序号", "发现", "地点"), strict=True):
        cell.text = title
    for number, found in enumerate(study.findings, start=1):
        for cell, value in zip(table.add_row().cells, (str(number), found.claim, found.place), strict=True):
            cell.text = value
    for title, lines in (("二、原因分析", study.causes), ("三、对策建议", study.advice)):
        text.add_heading(title, 1)
        for line in lines:
            text.add_paragraph(line, style="List Number")
    return _saved(text)


def outcome(topic: str, advice: tuple[Advice, ...]) -> BytesIO:
    """The report that goes up: its recommendations numbered as they were confirmed."""
    text = docx.Document()
    text.add_heading(f"关于“{topic}”的协商成果报告", 0)
    for number, one in enumerate(advice, start=1):
        text.add_heading(f"建议{number}　{one.title}", 1)
        text.add_paragraph(one.text)
        text.add_paragraph(f"建议承办单位：{'、'.join((one.lead, *one.co))}。")
    return _saved(text)


def slides(study: Study) -> BytesIO:
    """A cover, what was asked, then one page for each finding: the page its card names."""
    show = pptx.Presentation()
    _slide(show, 0, study.title, study.group)
    _slide(show, 1, "调研了什么", f"{study.questions}\n{study.visits}")
    for found in study.findings:
        _slide(show, 1, f"{found.percent}%", f"{found.claim}\n{found.place}")
    _slide(show, 1, "建议", "\n".join(study.advice))
    return _saved(show)


def clip(study: Study) -> BytesIO:
    """The shares of the findings as growing bars, drawn frame by frame; numbers only, as no font can be counted on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        writer = imageio_ffmpeg.write_frames(
            path, (WIDTH, HEIGHT), fps=RATE, codec="libx264", output_params=["-movflags", "+faststart"]
        )
        writer.send(None)
        for frame in _frames([found.percent for found in study.findings]):
            writer.send(frame)
        writer.close()
        return BytesIO(path.read_bytes())


def photo(found: Found) -> BytesIO:
    """A block of flats at dusk, as many of its windows lit as the finding's share says: drawn, and nobody is on it."""
    picture = Image.new("RGB", (960, 720), "#c9d4dd")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 560, 960, 720), fill="#7d8a7a")
    pen.rectangle((180, 90, 780, 600), fill="#b9a58c")
    pen.rectangle((430, 520, 530, 600), fill="#5c4a3c")
    windows = [(220 + column * 90, 120 + row * 78) for row in range(5) for column in range(6)]
    lit = round(len(windows) * found.percent / 100)
    for number, (left, top) in enumerate(windows):
        is_lit = number * 7 % len(windows) < lit
        pen.rectangle(
            (left, top, left + 56, top + 50), fill="#f2c14e" if is_lit else "#4d5a66", outline="#8c7a64"
        )
    saved, exif = BytesIO(), Image.Exif()
    exif[0x0110] = "Demonstration camera"
    picture.save(saved, "JPEG", quality=88, exif=exif)
    saved.seek(0)
    return saved


def _frames(shares: list[int]) -> Iterator[bytes]:
    font = ImageFont.load_default(28)
    for number in range(RATE * SECONDS):
        grown = min(1.0, (number + 1) / RATE)
        picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
        pen = ImageDraw.Draw(picture)
        for row, share in enumerate(shares):
            top, length = 40 + row * (HEIGHT - 60) // len(shares), 480 * share * grown / 100
            pen.rectangle((40, top, 40 + length, top + 36), fill=RED)
            pen.text((52 + length, top), f"{round(share * grown)}%", fill=INK, font=font)
        yield picture.tobytes()


def _slide(show: Presentation, layout: int, title: str, body: str) -> None:
    page = show.slides.add_slide(show.slide_layouts[layout])
    heading, text = page.placeholders[0], page.placeholders[1]
    heading.text, text.text = title, body
    for paragraph in text.text_frame.paragraphs:
        paragraph.font.size = Pt(24)


def _saved(file: docx.document.Document | Presentation) -> BytesIO:
    saved = BytesIO()
    file.save(saved)
    saved.seek(0)
    return saved
