"""Stored files, and what the documents that the house makes itself are written from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendar
from engine.clock import day
from engine.editions import carries_mark, has_mark, process_of
from engine.errors import NotFound, WrongState
from engine.models.consultation import Finding, Material, Promise, Research, Segment, Sitting
from engine.models.house import Document
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.people import Unit
from engine.models.recommendation import Recommendation
from engine.models.topic import Plan, Topic
from engine.models.voice import Question
from engine.queries.matters import may_read, reads_by_post
from engine.queries.recommendations import sources
from engine.queries.topics import Scores, scores
from engine.rules import HALL_RUNNERS, Actor, role_over
from engine.words import Words
from engine.workdays import provisional


@dataclass(frozen=True)
class PlanLine:
    """One topic as the annual plan prints it."""

    topic: Topic
    form: str
    time: str
    group: str
    unit: str
    scores: Scores


@dataclass(frozen=True)
class AssignmentNote:
    """What an assignment says: to whom, by when, and what the recommendation rests on."""

    recommendation: Recommendation
    kind: str
    sources: Sequence[str]
    lead: Unit
    others: Sequence[Unit]
    issued_on: date
    due: str


def document(db: Session, document_id: int, actor: Actor) -> Document:
    """A file that this actor may have: a public one, their own, one of a matter they may read, or one that is to be
    shown at a sitting they run. A material's is the staff's: whom it is for reads it by `actions.material.read`, which
    writes it down.
    """
    found = db.get(Document, document_id)
    if found is None or not (found.is_public or _may_have(db, actor, found)):
        raise NotFound(
            Words("没有这个文件，或者它不对您开放。", "There is no such file, or it is not open to you.")
        )
    return found


def published_photo(db: Session, finding_id: int) -> Document:
    """Of a finding that is public. Raises `NotFound`."""
    finding = db.get(Finding, finding_id)
    if finding is None or finding.photo is None or not carries_mark(db, finding.research, "accepted"):
        raise NotFound(Words("没有这张照片。", "There is no such photo."))
    return finding.photo


def published_film(db: Session, research_id: int) -> Document:
    """The film of a research whose report is accepted. Raises `NotFound`."""
    research = db.get(Research, research_id)
    if research is None or research.video is None or not research.video.is_public:
        raise NotFound(Words("没有这段短片。", "There is no such film."))
    return research.video


def _may_have(db: Session, actor: Actor, found: Document) -> bool:
    if actor.id is not None and found.created_by_id == actor.id:
        return True
    matter = db.get(Matter, found.matter_id) if found.matter_id else None
    reads = reads_by_post if isinstance(matter, Material) else may_read
    if matter is not None and reads(db, actor, matter):
        return True
    cued_at = select(Sitting).join(Segment).where(Segment.document_id == found.id)
    return any(role_over(actor, sitting, HALL_RUNNERS) for sitting in db.scalars(cued_at))


def plan_lines(db: Session, plan: Plan) -> list[PlanLine]:
    """The topics that the plan carries, the best scored first."""
    planned = select(Topic).where(Topic.parent_id == plan.id, has_mark(db, "topic", "planned"))
    lines = [
        PlanLine(
            topic,
            _choice(db, topic, "form"),
            _choice(db, topic, "planned_time"),
            topic.group.name if topic.group else "",
            topic.unit.name if topic.unit else "",
            scores(db, topic),
        )
        for topic in db.scalars(planned)
    ]
    return sorted(lines, key=lambda line: (-(line.scores.average or 0), line.topic.id))


def assignment_note(db: Session, recommendation: Recommendation) -> AssignmentNote:
    """As it was assigned the last time. Raises `NotFound` where it has not been."""
    assigned = select(LedgerEntry).where(
        LedgerEntry.matter_id == recommendation.id, LedgerEntry.verb == "assign"
    )
    entry = db.scalar(assigned.order_by(LedgerEntry.id.desc()).limit(1))
    if entry is None:
        raise NotFound(Words("这条建议还没有交办。", "This recommendation has not been assigned."))
    return AssignmentNote(
        recommendation,
        _choice(db, recommendation, "kind"),
        [tell(source.question or source.finding or source.promise) for source in sources(db, recommendation)],
        db.get_one(Unit, entry.answers["lead_unit"]),
        [db.get_one(Unit, unit) for unit in entry.answers.get("co_units") or []],
        day(entry.at),
        _reply_due(db, recommendation, entry),
    )


def _reply_due(db: Session, recommendation: Recommendation, entry: LedgerEntry) -> str:
    """The day that was given, else by the clock of the state that assigning entered, which may be provisional."""
    if given := entry.answers.get("due_on"):
        return day_words(date.fromisoformat(given))
    clocks = process_of(db, recommendation).states[entry.to_state or ""].due
    span = next((clock.within for clock in clocks if clock.within), None)
    if span is None:
        raise WrongState(
            Words(
                "没有填写反馈日期，流程里也没有期限。",
                "No day was given for the reply, by hand or procedure.",
            )
        )
    days = calendar.of(db)
    due = days.due(day(entry.at), span.period)
    return day_words(due) + provisional(due, days).zh


def tell(cited: Question | Finding | Promise | None) -> str:
    """A source in one line of an official document: what was said or found, and where to see it."""
    match cited:
        case Promise():
            where = f"录像 {recording_clock(cited.second)}，{day_words(cited.due_on)}前完成"
            return f"现场承诺：{cited.speaker}：“{cited.words}”（{where}）"
        case Finding():
            page = f"，报告第{cited.page}页" if cited.page else ""
            return f"调研发现：{cited.claim}（{cited.place}，{day_words(cited.found_on)}{page}）"
        case Question():
            second = cited.on_air_second if cited.answered_second is None else cited.answered_second
            where = "约定书面答复" if second is None else f"录像 {recording_clock(second)}"
            return f"群众提问：“{cited.title}”（{where}）"
    return ""


def recording_clock(second: int) -> str:
    """Where in the recording: 00:12:33."""
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def day_words(on: date) -> str:
    """As GB/T 9704 writes a date: no leading zeros."""
    return f"{on.year}年{on.month}月{on.day}日"


def _choice(db: Session, matter: Matter, field: str) -> str:
    """The Chinese word of a choice that a matter keeps, by its own edition, or the code where that no longer has it."""
    given = getattr(matter, field) or ""
    spec = process_of(db, matter).fields.get(field)
    return spec.choices[given].zh if spec and given in spec.choices else given
