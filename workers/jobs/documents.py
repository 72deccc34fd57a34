"""The official documents that a step of a procedure makes, as Word files stored with their matter."""

from collections.abc import Callable
from datetime import datetime

from engine.actions.files import store_file
from engine.clock import day
from engine.database import Session
from engine.models.house import House
from engine.models.ledger import Task
from engine.models.matter import Matter
from engine.models.people import Unit
from engine.models.recommendation import Recommendation
from engine.models.topic import Plan
from engine.queries.documents import assignment_note, day_words, plan_lines
from engine.rules import SYSTEM
from engine.settings import Settings
from workers.jobs.gb9704 import Paper, Row

REPLY_FORM = "书面反馈（见附件），由单位负责人签发：写明采纳、部分采纳或未采纳，附理由、措施和完成日期。"


def make_document(db: Session, task: Task, config: Settings, now: datetime) -> Callable[[Session], object]:
    """`given` names the document by its number; what it says is read as it stands now."""
    number = task.given["document"]
    if number not in MAKES:
        raise NotImplementedError(f"no document {number} is written yet")
    matter, house = db.get_one(Matter, task.matter_id), db.get_one(House, 1)
    name, paper = MAKES[number](db, matter, house, now)
    return lambda db: store_file(
        db,
        paper.content(),
        f"{name}.docx",
        kind=number,
        data=config.data,
        actor=SYSTEM,
        now=now,
        matter=matter,
        is_public=number in PUBLIC,
    )


def annual_plan(db: Session, plan: Plan, house: House, now: datetime) -> tuple[str, Paper]:
    """D01 年度协商计划: every topic with its form, counterpart unit and scores; decision number and date."""
    name, issued = f"{house.name}{plan.year}年度协商计划", day(plan.since)
    lines = plan_lines(db, plan)
    paper = Paper(name, house.name, now)
    paper.head(house.name, document_number(house, issued.year))
    paper.title(house.name, f"{plan.year}年度协商计划", note=_decision(plan))
    paper.to(f"各政协委员，各参加单位，{_level(house)}级有关部门")
    paper.text(
        f"{plan.year}年度协商计划经公开征集、评分遴选和主席会议审议，由{_party(house)}常委会会议确定，"
        f"共安排协商议题{len(lines)}个。现予印发，请认真组织实施。"
    )
    paper.heading("一、协商议题")
    rows = [("序号", "协商议题", "协商形式", "时间", "责任组", "对口协商单位", "评分", "分差")]
    for number, line in enumerate(lines, start=1):
        score, spread = _figure(line.scores.average), _figure(line.scores.spread)
        rows.append(
            (str(number), line.topic.title, line.form, line.time, line.group, line.unit, score, spread)
        )
    paper.table((11, 40, 21, 18, 24, 24, 10, 8), rows, centred=(0, 2, 3, 6, 7))
    paper.note("注：评分为各评分人打分的平均分，满分100分；分差为最高分与最低分之差。")
    paper.heading("二、有关要求")
    paper.text(
        "各承办单位和对口协商单位要按照计划安排，做好会前调研、协商议政和成果办理工作。"
        "议题确需调整的，由承办单位提出，经主席会议同意后办理。"
    )
    paper.signature(house.name, day_words(issued))
    paper.colophon(f"{_party(house)}，{_place(house)}人民政府", f"{house.name}办公室", day_words(issued))
    return name, paper


def assignment_letter(
    db: Session, recommendation: Recommendation, house: House, now: datetime
) -> tuple[str, Paper]:
    """D11 协商建议交办单: the recommendation, what it rests on, to whom and by when, and the form of the reply."""
    note, consultation = assignment_note(db, recommendation), db.get_one(Matter, recommendation.parent_id)
    number, due = f"第{recommendation.number}号", note.due
    paper = Paper(f"协商建议交办单（{number}）", house.name, now)
    paper.letter_head(house.name, document_number(house, note.issued_on.year))
    paper.title("协商建议交办单")
    paper.to("，".join(unit.name for unit in (note.lead, *note.others)))
    paper.text(
        f"现将“{consultation.title}”协商活动形成的{number}建议交你单位办理，请于{due}前书面反馈办理情况。"
    )
    sources = "\n".join(f"{place}. {line}" for place, line in enumerate(note.sources, start=1))
    paper.form(
        [
            Row("建议编号", f"{number}（{note.kind}类）"),
            Row("建议标题", recommendation.title),
            Row("建议内容", recommendation.text),
            Row("依　　据", sources),
            Row("主办单位", note.lead.name),
            Row("会办单位", "、".join(unit.name for unit in note.others) or "无"),
            Row("反馈期限", due),
            Row("反馈形式", REPLY_FORM),
        ]
    )
    paper.attachment_note("协商建议办理情况反馈表")
    paper.signature("交办机关（盖章）", day_words(note.issued_on))
    paper.attachment("协商建议办理情况反馈表")
    paper.form(reply_form(number, recommendation, note.lead, due))
    return f"协商建议交办单{number}", paper


def reply_form(number: str, recommendation: Recommendation, lead: Unit, due: str) -> list[Row]:
    """The form that comes back: what is known is filled in, the rest is left to the unit."""
    return [
        Row("建议编号", number),
        Row("建议标题", recommendation.title),
        Row("承办单位", lead.name),
        Row("反馈期限", due),
        Row("办理结论", "□采纳　　□部分采纳　　□未采纳"),
        Row("办理情况", "", 48),
        Row("措施和\n完成日期", "", 32),
        Row("未采纳的\n理由", "", 18),
        Row("联系人\n及电话", "", 14),
        Row("单位负责人\n签发", "　　　　　　　　　　　（盖章）　　　年　　月　　日", 20),
    ]


def document_number(house: House, year: int) -> str:
    """发文字号 with its number left open: that is taken from the register when the document is numbered.

    平政协〔2027〕　　号: the place by its first character, as is usual.
    """
    return f"{_place(house)[:1]}政协〔{year}〕　　号"


def _decision(plan: Plan) -> str:
    if not plan.decision_no or not plan.decided_on:
        return ""
    number = plan.decision_no.translate(str.maketrans("[]【】［］", "〔〕〔〕〔〕"))
    return f"（{day_words(plan.decided_on)}确定，{number}）"


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"


def _place(house: House) -> str:
    """平湖市, of 政协平湖市委员会."""
    name = house.name.removeprefix("中国人民政治协商会议").removeprefix("政协")
    return name.removesuffix("委员会")


def _level(house: House) -> str:
    return _place(house)[-1:]


def _party(house: House) -> str:
    return f"中共{_place(house)}委"


MAKES: dict[str, Callable[..., tuple[str, Paper]]] = {"D01": annual_plan, "D11": assignment_letter}
PUBLIC = frozenset({"D01"})
