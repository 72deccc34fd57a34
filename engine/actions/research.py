"""The research before a consultation: its visits, what was found, and the report with its video."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.advance import accepted, advance, begin
from engine.clock import day
from engine.deadlines import deadlines
from engine.editions import carries_mark
from engine.errors import Invalid, WrongState
from engine.models.consultation import Consultation, Finding, Research, Visit
from engine.models.house import Document
from engine.models.ledger import LedgerEntry
from engine.queries.questionnaires import citable, of_research
from engine.rules import SYSTEM, Actor
from engine.words import Words

OVERDUE = Words(
    "按计划举行日期推算，调研报告的提交期限已经过了。请领导先给协商改期，再布置调研。",
    "Counted from the planned day, the report would be overdue at once. Please have the consultation put off first.",
)


def plan_research(
    db: Session, consultation: Consultation, *, actor: Actor, now: datetime, **given: Any
) -> Research:
    """Raises `WrongState` where its report would be overdue at once."""
    research = Research(parent_id=consultation.id)
    begin(db, research, "plan", actor=actor, now=now, **given)
    if any(one.due < day(now) for one in deadlines(db, research)):
        raise WrongState(OVERDUE)
    _plan_visits(db, research, accepted(db, research, "plan", given))
    return research


def start_field(
    db: Session, research: Research, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """Its visits stand instead of those that were planned with the task."""
    entry = advance(db, research, "start_field", actor=actor, now=now, seen=seen, **given)
    _plan_visits(db, research, accepted(db, research, "start_field", given))
    return entry


def add_visit(
    db: Session, research: Research, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    entry = advance(db, research, "add_visit", actor=actor, now=now, seen=seen, **given)
    answers = accepted(db, research, "add_visit", given)
    db.add(Visit(research_id=research.id, position=_next(db, Visit, research), **answers))
    db.flush()
    db.expire(research, ["visits"])
    return entry


def record_visit(
    db: Session, research: Research, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """That a visit took place, or why it did not; the last word holds."""
    answers = accepted(db, research, "record_visit", given)
    visit = _visit(db, research, answers["visit"])
    if answers["outcome"] == "held" and visit.visit_on and visit.visit_on > day(now):
        raise Invalid(
            {
                "outcome": Words(
                    f"这次走访安排在 {visit.visit_on:%Y-%m-%d}，到那一天才能登记已走访。",
                    f"It is planned for {visit.visit_on:%Y-%m-%d}; it can be recorded as held from that day on.",
                )
            }
        )
    entry = advance(db, research, "record_visit", actor=actor, now=now, seen=seen, **given)
    visit.held, visit.note = answers["outcome"] == "held", answers.get("note", "")
    db.flush()
    return entry


def add_finding(
    db: Session, research: Research, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """One evidence card more, numbered in its research from 1."""
    answers = accepted(db, research, "add_finding", given)
    visit = _visit(db, research, answers.pop("visit")) if "visit" in answers else None
    item_id = answers.pop("asked", None)
    if item_id and item_id not in citable(db, research):
        raise Invalid(
            {"asked": Words("没有这道题，请从列表中选择。", "There is no such question; please choose one.")}
        )
    if "photo_id" in answers and not db.get_one(Document, answers["photo_id"]).media_type.startswith(
        "image/"
    ):
        raise Invalid(
            {"photo_id": Words("照片要用 JPG 或 PNG 文件。", "The photo must be a JPG or PNG file.")}
        )
    entry = advance(db, research, "add_finding", actor=actor, now=now, seen=seen, **given)
    position = _next(db, Finding, research)
    db.add(Finding(research_id=research.id, position=position, visit=visit, item_id=item_id, **answers))
    db.flush()
    return entry


def put_in_report(
    db: Session,
    research: Research,
    *,
    verb: str,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    """A draft of the report. Its video's chapters are those that come with it."""
    answers = accepted(db, research, verb, given)
    _require_chapters(db, answers, answers.get("video_id") or research.video_id)
    entry = advance(db, research, verb, actor=actor, now=now, seen=seen, **given)
    research.chapters = answers.get("chapters")
    db.flush()
    return entry


def set_chapters(
    db: Session, research: Research, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    _require_chapters(db, accepted(db, research, "set_chapters", given), research.video_id)
    return advance(db, research, "set_chapters", actor=actor, now=now, seen=seen, **given)


def accept_report(
    db: Session, research: Research, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """What is found becomes public, and with it the video; a questionnaire that is still open has asked long enough."""
    entry = advance(db, research, "accept", actor=actor, now=now, seen=seen, **given)
    for asking in of_research(db, research):
        if carries_mark(db, asking, "open"):
            advance(db, asking, "close", actor=SYSTEM, now=now)
    if research.video:
        research.video.is_public = True
        db.flush()
    return entry


def _require_chapters(db: Session, answers: Mapping[str, Any], video_id: int | None) -> None:
    """That a page can play the video and go to each of its chapters."""
    video = db.get(Document, video_id) if video_id else None
    if video and video.media_type != "video/mp4":
        raise Invalid({"video_id": Words("短片要用 MP4 文件。", "The video must be an MP4 file.")})
    seconds = [row["second"] for row in answers.get("chapters", [])]
    if seconds and video is None:
        raise Invalid({"chapters": Words("还没有短片，不能分章。", "There is no video to set chapters in.")})
    if seconds != sorted({second for second in seconds if second >= 0}):
        raise Invalid(
            {
                "chapters": Words(
                    "各章要按先后排列，从第 0 秒起，不能重复。",
                    "Chapters stand in their order, from second 0 on, none twice.",
                )
            }
        )


def _plan_visits(db: Session, research: Research, answers: Mapping[str, Any]) -> None:
    planned = answers.get("visits", [])
    if isinstance(planned, str):  # as an edition may have it that is older than the rows
        planned = [{"visit_on": None, "place": "", "whom": planned}]
    research.visits.clear()
    db.flush()
    for position, row in enumerate(planned, start=1):
        on = date.fromisoformat(row["visit_on"]) if row["visit_on"] else None
        research.visits.append(Visit(position=position, visit_on=on, place=row["place"], whom=row["whom"]))
    db.flush()


def _visit(db: Session, research: Research, position: int) -> Visit:
    """The one of this research with that number."""
    rows = select(Visit).where(Visit.research_id == research.id, Visit.position == position)
    visit = db.scalar(rows)
    if visit is None:
        raise Invalid(
            {"visit": Words("没有这次走访，请从列表中选择。", "There is no such visit; please choose one.")}
        )
    return visit


def _next(db: Session, row: type[Visit] | type[Finding], research: Research) -> int:
    return (db.scalar(select(func.max(row.position)).where(row.research_id == research.id)) or 0) + 1
