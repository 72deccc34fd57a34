"""The documents an office would sign: what they say, and GB/T 9704 as their file holds it."""

import re
from datetime import timedelta
from pathlib import Path

import docx
import pytest
from docx.document import Document as Docx
from docx.oxml.ns import qn
from docx.shared import Mm
from sqlalchemy import select

from engine.actions.files import path_of
from engine.actions.perform import perform
from engine.actions.recommendation import draft_recommendation
from engine.actions.tasks import LASTS
from engine.models.consultation import Consultation
from engine.models.house import Document
from engine.models.ledger import Task
from engine.models.people import Group
from engine.queries.documents import document
from engine.rules import NOBODY
from engine.settings import Settings
from tests.houses import DAY, House, planned_topic, shown_question, sitting
from workers.jobs import do_task
from workers.jobs.gb9704 import Paper

DRAFT = {
    "title": "出台电梯加装补助办法",
    "text": "由市住建局牵头，年内出台补助办法。",
    "kind": "policy",
    "suggested_unit_id": 1,
}


def made(house: House, data: Path, number: str) -> tuple[Document, Docx]:
    """The document of this number that was asked for, made and opened."""
    with house.database.reading() as db:
        task = db.scalars(select(Task).where(Task.key.startswith(f"{number}:"))).one()
    do_task(house.database, Settings(data, "", "", b"secret"), task.id, LASTS)
    with house.database.reading() as db:
        assert db.get_one(Task, task.id).failure is None
        row = db.scalars(select(Document).where(Document.kind == number)).one()
        assert row.matter_id == task.matter_id
    return row, docx.Document(str(path_of(data, row.sha256)))


def words(paper: Docx) -> str:
    return "\n".join(line.text for line in paper.paragraphs)


def assigned(house: House, **given: object) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        question = shown_question(house, db, live)
        house.later(minutes=12, seconds=33)
        for verb in ("shortlist", "put_on_air", "answer"):
            perform(db, question, verb, actor=house.actor(db, "host1"), now=house.now)
        committee = house.actor(db, "committee")
        consultation = db.get_one(Consultation, live.parent_id)
        one = draft_recommendation(db, consultation, actor=committee, now=house.now, **DRAFT)
        perform(db, one, "cite", actor=committee, now=house.now, question=question.id)
        perform(db, one, "report_up", actor=house.actor(db, "office"), now=house.now)
        perform(db, one, "assign", actor=house.actor(db, "government"), now=house.now, lead_unit=1, **given)


def test_an_issued_plan_is_a_public_document_of_its_topics_and_its_decision(
    house: House, tmp_path: Path
) -> None:
    with house.transaction() as db:
        topic = planned_topic(house, db)
        topic.form, topic.unit_id, topic.group_id, topic.planned_time = "counterpart", 1, 1, "q2"
        group = db.get_one(Group, 1).name
    row, paper = made(house, tmp_path, "D01")
    assert row.name == "政协某市委员会2027年度协商计划.docx"
    assert row.is_public
    with house.database.reading() as db:
        assert document(db, row.id, NOBODY).id == row.id
    text = words(paper)
    assert "政协某市委员会文件\n\n\n某政协〔2026〕　　号" in text
    assert "（2026年10月12日确定，平委发〔2026〕12号）" in text
    assert "由中共某市委常委会会议确定，共安排协商议题1个。" in text
    rows = [[cell.text for cell in row.cells] for row in paper.tables[0].rows]
    assert rows == [
        ["序号", "协商议题", "协商形式", "时间", "责任组", "对口协商单位", "评分", "分差"],
        ["1", "提升小区物业管理水平", "对口协商", "第二季度", group, "市住房和城乡建设局", "80", "0"],
    ]
    assert [cell.text for cell in paper.tables[1].columns[0].cells] == [
        "抄送：中共某市委，某市人民政府。",
        "政协某市委员会办公室\t2026年10月12日印发",
    ]


def test_an_assignment_says_what_to_whom_by_when_and_where_in_the_recording(
    house: House, tmp_path: Path
) -> None:
    assigned(house, co_units=[2], due_on="2026-12-12")
    row, paper = made(house, tmp_path, "D11")
    assert (row.name, row.is_public) == ("协商建议交办单第1号.docx", False)
    form, reply = (
        dict((row.cells[0].text, row.cells[1].text) for row in table.rows) for table in paper.tables
    )
    assert form == {
        "建议编号": "第1号（政策类）",
        "建议标题": "出台电梯加装补助办法",
        "建议内容": "由市住建局牵头，年内出台补助办法。",
        "依　　据": "1. 群众提问：“老小区加装电梯谁出钱？”（录像 00:12:33）",
        "主办单位": "市住房和城乡建设局",
        "会办单位": "市综合行政执法局",
        "反馈期限": "2026年12月12日",
        "反馈形式": form["反馈形式"],
    }
    assert "采纳、部分采纳或未采纳" in form["反馈形式"]
    assert "市住房和城乡建设局，市综合行政执法局：" in words(paper)
    assert (reply["建议编号"], reply["办理结论"]) == ("第1号", "□采纳　　□部分采纳　　□未采纳")
    with house.database.reading() as db, pytest.raises(Exception, match="not open to you"):
        document(db, row.id, NOBODY)


def test_without_a_date_the_reply_is_due_by_the_clock_of_the_procedure(house: House, tmp_path: Path) -> None:
    assigned(house)
    _, paper = made(house, tmp_path, "D11")
    assert "请于2026年12月14日前书面反馈" in words(paper)  # two months, and the 12th is a Saturday


def test_a_reply_due_in_a_year_whose_holidays_may_still_move_is_provisional(
    house: House, tmp_path: Path
) -> None:
    house.later(days=99)
    assigned(house)
    _, paper = made(house, tmp_path, "D11")
    assert "请于2027年3月19日（暂定）前书面反馈" in words(paper)
    assert {table.rows[at].cells[1].text for table, at in zip(paper.tables, (6, 3), strict=True)} == {
        "2027年3月19日（暂定）"
    }


def test_a_document_nobody_has_written_fails_where_people_see_it(house: House, tmp_path: Path) -> None:
    with house.transaction() as db:
        topic = planned_topic(house, db)
        task = db.scalars(select(Task)).one()
        task.given = {"document": "D99"}
        assert task.matter_id == topic.parent_id
    do_task(house.database, Settings(tmp_path, "", "", b"secret"), task.id, timedelta(seconds=60))
    with house.database.reading() as db:
        assert db.get_one(Task, task.id).failure == "NotImplementedError: no document D99 is written yet"


def test_a_page_is_laid_out_as_the_standard_says() -> None:
    paper = Paper("题", "机关", DAY)
    paper.head("政协平湖市委员会", "平政协〔2027〕　　号")
    paper.title("标题")
    paper.heading("一、标题")
    paper.text("正文")
    section = paper.docx.sections[0]
    millimetres = [
        round(length / Mm(1))
        for length in (
            section.page_width, section.page_height, section.top_margin, section.bottom_margin,
            section.left_margin, section.right_margin,
        )
        if length
    ]  # fmt: skip
    assert millimetres == [210, 297, 37, 35, 28, 26]
    assert paper.docx.settings.odd_and_even_pages_header_footer
    said = {line.text: line for line in paper.docx.paragraphs if line.text}
    fonts = {
        text: (line.runs[0]._r.rPr.rFonts.get(qn("w:eastAsia")), line.runs[0].font.size.pt)
        for text, line in said.items()
    }
    assert fonts["标题"] == ("方正小标宋简体", 22)
    assert fonts["一、标题"] == ("黑体", 16)
    assert fonts["正文"] == ("仿宋_GB2312", 16)
    body = said["正文"].paragraph_format
    assert body.line_spacing is not None
    height, width = 225 / 25.4 * 72, 156 / 25.4 * 72
    assert int(height // body.line_spacing.pt) == 22
    assert int(width // (16 - 0.25)) == 28
    assert said["正文"]._p.pPr.ind.get(qn("w:firstLineChars")) == "200"
    foot = section.footer.paragraphs[0]
    assert re.fullmatch(r"—  —", foot.text)
    assert [foot.alignment, section.even_page_footer.paragraphs[0].alignment] == [2, 0]
    assert "PAGE" in foot._p.xml


def test_every_paragraphs_properties_stand_in_the_order_of_the_schema() -> None:
    order = ["keepNext", "pageBreakBefore", "pBdr", "tabs", "spacing", "ind", "jc"]
    paper = Paper("题", "机关", DAY)
    paper.letter_head("机关", "机〔2027〕　　号")
    paper.attachment("附件名")
    paper.colophon("机关", "办公室", "2026年10月12日")
    for properties in paper.docx.element.body.iter(qn("w:pPr")):
        names = [child.tag.rpartition("}")[2] for child in properties]
        known = [name for name in names if name in order]
        assert known == sorted(known, key=order.index)
