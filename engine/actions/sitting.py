"""A sitting: scheduling it, its run-of-show, opening, promises, closing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.actions.dates import require_to_come
from engine.actions.material import move_windows
from engine.advance import accepted, advance, amend, begin, tell
from engine.clock import day
from engine.editions import carries_mark, process_on
from engine.errors import Forbidden, Invalid, WrongState
from engine.models.consultation import Consultation, Promise, Segment, Sitting
from engine.models.ledger import LedgerEntry
from engine.models.people import Unit
from engine.models.voice import Question
from engine.process import has_controls
from engine.queries.attendance import attendances
from engine.queries.briefs import units_of
from engine.queries.people import liaisons
from engine.queries.sittings import showable
from engine.record import ask_for, record
from engine.rules import PROGRAMMERS, Actor, covers
from engine.words import Words

KINDS = {
    "briefing": Words("通报", "Briefing"),
    "questions": Words("提问", "Questions"),
    "answers": Words("解答", "Answers"),
    "statements": Words("发言", "Statements"),
}


@dataclass(frozen=True)
class Part:
    """A segment as the programme has it: `kind` of `KINDS`, planned minutes, and the rest as `Segment` keeps it."""

    kind: str
    title: str
    minutes: int
    speaker: str = ""
    in_charge: str = ""
    unit_id: int | None = None
    cue: str = ""
    finding_id: int | None = None
    document_id: int | None = None


def schedule_sitting(
    db: Session, consultation: Consultation, *, actor: Actor, now: datetime, **given: Any
) -> Sitting:
    process = process_on(db, "sitting", day(now))
    _require_sensible(process.accept(process.verbs["schedule"], given), now)
    sitting = Sitting(parent_id=consultation.id)
    begin(db, sitting, "schedule", actor=actor, now=now, **given)
    return sitting


def reschedule_sitting(
    db: Session, sitting: Sitting, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """Nobody has come on the new day, or agreed to be recorded on it; its materials are read until it ends."""
    _require_sensible(accepted(db, sitting, "reschedule", given), now)
    before = sitting.ends_at
    entry = advance(db, sitting, "reschedule", actor=actor, now=now, seen=seen, **given)
    for one in attendances(db, sitting):
        if carries_mark(db, one, "invited"):
            one.arrived_at = one.remote_consent = None
    db.flush()
    if sitting.ends_at != before:
        move_windows(db, sitting, before, now=now)
    return entry


def _require_sensible(times: Mapping[str, Any], now: datetime) -> None:
    """A sitting begins today at the earliest, and ends after that."""
    require_to_come("starts_at", day(times["starts_at"]), now)
    if times["ends_at"] <= times["starts_at"]:
        raise Invalid({"ends_at": Words("结束时间应晚于开始时间。", "The sitting must end after it begins.")})


def set_programme(
    db: Session,
    sitting: Sitting,
    parts: Sequence[Part],
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Replaces the run-of-show, as long as no segment has begun."""
    _require_programmer(actor, sitting)
    if any(segment.started_at for segment in sitting.segments):
        raise WrongState(
            Words("会议已经开始，议程不能再改。", "The sitting has begun; the run-of-show is fixed.")
        )
    for position, part in enumerate(parts, start=1):
        if wrong := _wrong(db, sitting, part):
            where = Words(f"第 {position} 环节：", f"Segment {position}: ")
            raise Invalid({"parts": Words(where.zh + wrong.zh, where.en + wrong.en)})
    amend(db, sitting, seen=seen)
    sitting.segments.clear()
    db.flush()
    sitting.segments += [
        Segment(position=position, **asdict(part)) for position, part in enumerate(parts, start=1)
    ]
    db.flush()
    data = {"parts": [[part.kind, part.minutes] for part in parts]}
    record(
        db,
        "sitting.programme",
        noun="sitting",
        verb="set_programme",
        actor=actor,
        now=now,
        matter=sitting,
        from_state=sitting.state,
        data=data,
    )


def release_brief(
    db: Session, sitting: Sitting, *, actor: Actor, now: datetime, seen: int | None = None
) -> LedgerEntry:
    """Opens the brief to the units that take part, and tells their liaisons."""
    entry = advance(db, sitting, "release_brief", actor=actor, now=now, seen=seen)
    units = {unit.id for unit in units_of(db, sitting)}
    if not units:
        raise WrongState(
            Words(
                "还没有单位参加本场会议，请先邀请单位人员。",
                "No unit takes part in this sitting yet; please invite its people first.",
            )
        )
    tell(db, sitting, entry, liaisons(db, units))
    return entry


def _wrong(db: Session, sitting: Sitting, part: Part) -> Words | None:
    texts = (part.title, 100), (part.speaker, 100), (part.in_charge, 60), (part.cue, 100)
    if part.kind not in KINDS or not 1 <= part.minutes <= 240 or not part.title.strip():
        return Words(
            "要有名称、类别和 1 到 240 分钟的时长。", "it needs a title, a kind and 1 to 240 minutes."
        )
    if any(has_controls(text) for text, _most in texts):
        return Words("含有无法保存的控制字符。", "it holds control characters that cannot be kept.")
    if any(len(text) > most for text, most in texts):
        return Words(
            "名称、发言人和播放内容最多 100 字，负责人最多 60 字。",
            "title, speaker and media cue have at most 100 characters, whoever is in charge 60.",
        )
    if part.unit_id is not None and db.get(Unit, part.unit_id) is None:
        return Words("没有这个单位，请从列表中选择。", "there is no such unit; please choose from the list.")
    if not _is_material(db, sitting, part):
        return Words(
            "素材只能选本次协商的一条调研发现或一个文件。",
            "the material is one finding or one file of this consultation.",
        )
    return None


def _is_material(db: Session, sitting: Sitting, part: Part) -> bool:
    if part.finding_id is None and part.document_id is None:
        return True
    findings, files = showable(db, sitting)
    return (part.finding_id, part.document_id) in {
        *((one.id, None) for one in findings),
        *((None, one.id) for one in files),
    }


def go_live(
    db: Session, sitting: Sitting, *, actor: Actor, now: datetime, seen: int | None = None
) -> LedgerEntry:
    """Opens the live window, from which visits count, and begins the first segment."""
    entry = advance(db, sitting, "go_live", actor=actor, now=now, seen=seen)
    sitting.opened_at = sitting.opened_at or now
    if not any(segment.started_at for segment in sitting.segments):
        sitting.segments[0].started_at = now
    db.flush()
    return entry


def next_segment(
    db: Session, sitting: Sitting, *, actor: Actor, now: datetime, seen: int | None = None
) -> LedgerEntry:
    """Ends the present segment and begins the next. `seen` is its number: two who press at once move it once."""
    present = next(
        (segment for segment in sitting.segments if segment.started_at and not segment.ended_at), None
    )
    following = next((segment for segment in sitting.segments if not segment.started_at), None)
    if following is None:
        raise WrongState(Words("已经是最后一个环节。", "This is the last segment already."))
    if seen is not None and present and present.position != seen:
        raise WrongState(Words("别人刚刚转到了下一环节。", "Somebody has just moved on to the next segment."))
    entry = advance(db, sitting, "next_segment", actor=actor, now=now)
    if present:
        present.ended_at = now
    following.started_at = now
    db.flush()
    return entry


def record_promise(
    db: Session, sitting: Sitting, *, actor: Actor, now: datetime, seen: int | None = None, **given: Any
) -> LedgerEntry:
    """What was promised on air, kept with its second of the recording."""
    entry = advance(db, sitting, "record_promise", actor=actor, now=now, seen=seen, **given)
    kept = accepted(db, sitting, "record_promise", given)
    require_to_come("due_on", kept["due_on"], now)
    question = kept.get("question")
    asked = db.get(Question, question) if question else None
    if question and (
        asked is None or asked.sitting_id != sitting.id or not carries_mark(db, asked, "public")
    ):
        raise Invalid({"question": Words("没有这条提问。", "There is no such question.")})
    db.add(
        Promise(
            entry_id=entry.id,
            sitting_id=sitting.id,
            question_id=question,
            words=kept["words"],
            speaker=kept["speaker"],
            unit_id=kept["unit"],
            due_on=kept["due_on"],
            second=kept["second"],
            made_at=now,
        )
    )
    db.flush()
    return entry


def end_sitting(
    db: Session, sitting: Sitting, *, actor: Actor, now: datetime, seen: int | None = None
) -> LedgerEntry:
    """Closes the live window once, and asks for the drafts of the recommendations."""
    entry = advance(db, sitting, "end", actor=actor, now=now, seen=seen)
    sitting.closed_at = now
    for segment in sitting.segments:
        if segment.started_at and not segment.ended_at:
            segment.ended_at = now
    ask_for(db, "compile_recommendations", f"compile:{sitting.id}", now, sitting)
    db.flush()
    return entry


def _require_programmer(actor: Actor, sitting: Sitting) -> None:
    if not any(post.role in PROGRAMMERS and covers(post, sitting) for post in actor.posts):
        raise Forbidden(
            Words("由专委会人员或政协办公室办理。", "This is done by committee staff or the CPPCC Office.")
        )
