"""Drafts of recommendations, compiled from what was said and found. People confirm or discard them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.actions.recommendation import draft_recommendation
from engine.editions import has_mark
from engine.models.consultation import Consultation, Finding, Promise, Research, Sitting
from engine.models.matter import Matter
from engine.models.people import Unit
from engine.models.recommendation import Recommendation, Source
from engine.models.voice import Question
from engine.queries.documents import tell
from engine.record import record
from engine.rules import SYSTEM
from engine.similar import group
from engine.words import quoted

ANSWERED = ("answered", "owed", "answer_submitted")
KIND = "service"
"""What kind a draft is, nothing it is compiled from says; whoever confirms it must choose."""
TITLE, LINES = 40, 8


class Material(NamedTuple):
    """`column` is the one of `Source` that cites it, `about` what it is compared by, `line` how the draft tells it."""

    column: str
    id: int
    about: str
    line: str
    unit_id: int | None


def compile_recommendations(db: Session, sitting: Sitting, *, now: datetime) -> list[Recommendation]:
    """One draft for each group of similar material that no recommendation cites yet: a second run adds nothing."""
    consultation = db.get_one(Consultation, sitting.parent_id)
    cited = _cited(db, consultation)
    material = [one for one in _material(db, sitting, consultation) if (one.column, one.id) not in cited]
    groups = group((number, one.about) for number, one in enumerate(material))
    return [_propose(db, consultation, [material[number] for number in ids], now) for ids in groups]


def _cited(db: Session, consultation: Consultation) -> set[tuple[str, int]]:
    siblings = select(Matter.id).where(
        Matter.parent_id == consultation.id, Matter.process == "recommendation"
    )
    sources = db.scalars(select(Source).where(Source.recommendation_id.in_(siblings)))
    columns = ("question_id", "finding_id", "promise_id")
    return {
        (column, id)
        for source in sources
        for column in columns
        if (id := getattr(source, column)) is not None
    }


def _material(db: Session, sitting: Sitting, consultation: Consultation) -> Iterator[Material]:
    """Promises first, then what research found, then what was asked: the first of a group gives the draft its name."""
    promises = select(Promise).where(Promise.sitting_id == sitting.id)
    for promise in db.scalars(promises.order_by(Promise.second, Promise.id)):
        question = db.get(Question, promise.question_id) if promise.question_id else None
        about = question.title if question else promise.words
        yield Material("promise_id", promise.id, about, tell(promise), promise.unit_id)
    findings = select(Finding).join(Research).where(Matter.parent_id == consultation.id)
    for finding in db.scalars(findings.order_by(Finding.research_id, Finding.position)):
        yield Material("finding_id", finding.id, finding.claim, tell(finding), None)
    marks = or_(*(has_mark(db, "question", mark) for mark in ANSWERED))
    questions = select(Question).where(Matter.sitting_id == sitting.id, marks, Question.is_test.is_(False))
    for question in db.scalars(questions.order_by(Question.id)):
        yield Material("question_id", question.id, question.title, tell(question), question.unit_id)


def _propose(
    db: Session, consultation: Consultation, material: Sequence[Material], now: datetime
) -> Recommendation:
    """The unit is the one that most of the material names."""
    units = Counter(one.unit_id for one in material if one.unit_id).most_common(1)
    unit = db.get_one(Unit, units[0][0]) if units else None
    draft = draft_recommendation(
        db,
        consultation,
        actor=SYSTEM,
        now=now,
        verb="propose",
        title=f"关于{quoted(_short(material[0].about))}的建议",
        text=_text(material, unit),
        kind=KIND,
        **({"suggested_unit_id": unit.id} if unit else {}),
    )
    for one in material:
        db.add(Source(recommendation_id=draft.id, **{one.column: one.id}))
        _record_source(db, draft, one, now)
    db.flush()
    return draft


def _record_source(db: Session, draft: Recommendation, one: Material, now: datetime) -> None:
    """As a person's `cite` stands in the ledger, so that a draft's links are as provable as theirs."""
    record(
        db,
        "recommendation.cite",
        noun="recommendation",
        verb="cite",
        actor=SYSTEM,
        now=now,
        matter=draft,
        role="system",
        from_state=draft.state,
        answers={one.column.removesuffix("_id"): one.id},
    )


def _text(material: Sequence[Material], unit: Unit | None) -> str:
    """Says what it rests on. What is to be done, the person who confirms it writes."""
    lines = [f"{number}. {one.line}" for number, one in enumerate(material[:LINES], start=1)]
    if len(material) > LINES:
        lines.append(f"另有 {len(material) - LINES} 条同类提问和发现，见依据。")
    who = unit.name if unit else "有关部门"
    return "\n".join([f"建议{who}研究办理“{_short(material[0].about)}”的问题。依据：", *lines])[:2000]


def _short(text: str) -> str:
    text = text.rstrip("。？！?!.")
    return text if len(text) <= TITLE else f"{text[:TITLE]}…"
