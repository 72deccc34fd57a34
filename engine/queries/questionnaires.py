"""Questionnaires: as the public fills them in, and what came of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from engine.editions import carries_mark, has_mark
from engine.errors import NotFound
from engine.ledger import salted
from engine.models.consultation import Consultation, Research
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter, MatterMark
from engine.models.questionnaire import Answer, AnswerSheet, Item, Questionnaire
from engine.record import as_text
from engine.words import Words

LEAST = 5
"""A published figure rests on so many answers at least. Assumed: no rule that we know gives the number."""
SCALE = ("1", "2", "3", "4", "5")


def questionnaire(db: Session, questionnaire_id: int) -> Questionnaire:
    """One that is or was open. Raises `NotFound` for one that never was as for what is not there."""
    found = db.get(Questionnaire, questionnaire_id)
    if found is None or db.get(MatterMark, (found.id, "open")) is None:
        raise NotFound(Words("没有这份问卷。", "There is no such questionnaire."))
    return found


def of_research(db: Session, research: Research) -> Sequence[Questionnaire]:
    rows = select(Questionnaire).where(Questionnaire.parent_id == research.id)
    return db.scalars(rows.order_by(Questionnaire.id)).all()


def open_now(db: Session, consultation: Consultation | None = None) -> Sequence[Questionnaire]:
    """Those that take answers, of a consultation's research or of any."""
    rows = select(Questionnaire).where(has_mark(db, "questionnaire", "open"))
    if consultation:
        tasks = select(Matter.id).where(Matter.parent_id == consultation.id, Matter.process == "research")
        rows = rows.where(Questionnaire.parent_id.in_(tasks))
    return db.scalars(rows.order_by(Questionnaire.id)).all()


def finished(db: Session, research: Research) -> Sequence[Questionnaire]:
    """Those whose figures stand."""
    return [one for one in of_research(db, research) if carries_mark(db, one, "closed")]


def takes_answers(db: Session, of: Questionnaire, today: date) -> bool:
    return carries_mark(db, of, "open") and (of.closes_on is None or today <= of.closes_on)


def citable(db: Session, research: Research) -> dict[int, str]:
    """The questions that a finding of this research may rest on: id → its words."""
    rows = (
        select(Item.id, Item.wording)
        .join(Questionnaire, Questionnaire.id == Item.questionnaire_id)
        .where(Questionnaire.parent_id == research.id, has_mark(db, "questionnaire", "closed"))
    )
    return {id: wording for id, wording in db.execute(rows.order_by(Item.questionnaire_id, Item.position))}


def answered(db: Session, of: Questionnaire, token: str) -> dict[int, list[str]] | None:
    """What a browser answered, by item; nothing where it has not."""
    rows = select(AnswerSheet).where(AnswerSheet.questionnaire_id == of.id, AnswerSheet.token == token)
    sheet = db.scalar(rows)
    if sheet is None:
        return None
    given: dict[int, list[str]] = {}
    for one in sheet.answers:
        given.setdefault(one.item_id, []).append(one.words or str(one.choice))
    return given


@dataclass(frozen=True)
class Result:
    """How many answered an item, and each of its choices; nothing for a figure that is withheld."""

    item: Item
    answered: int | None
    counts: Sequence[tuple[str, int | None]]


def labels(item: Item) -> Sequence[str]:
    """What can be chosen, the first counting as 1. Scales written before their ends had names are bare numbers."""
    if item.kind == "scale" and item.options:
        lowest, highest = item.options
        return (f"{SCALE[0]}＝{lowest}", *SCALE[1:-1], f"{SCALE[-1]}＝{highest}")
    return {"scale": SCALE, "text": ()}.get(item.kind, item.options)


def as_sealed(sheet: AnswerSheet) -> dict[str, list[str]]:
    """What is answered, by the number of the item, as the ledger's digest is of."""
    given: dict[str, list[str]] = {}
    for one in sorted(sheet.answers, key=lambda one: (one.item_id, one.choice or 0)):
        given.setdefault(str(one.item_id), []).append(one.words or str(one.choice))
    return given


def disagreements(db: Session) -> Iterator[Words]:
    """Every questionnaire whose sheets are not those that the ledger has a line of."""
    for asking in db.scalars(select(Questionnaire).order_by(Questionnaire.id)):
        lines = select(LedgerEntry).where(LedgerEntry.matter_id == asking.id, LedgerEntry.verb == "answered")
        last = db.scalar(lines.order_by(LedgerEntry.id.desc()).limit(1))
        came, kept = (last.data["sheets"] if last else None), sheets(db, asking)
        if came is not None and came != kept:
            yield Words(
                f"问卷“{asking.title}”：账本记有答卷 {came} 份，现有 {kept} 份。",
                f"Questionnaire “{asking.title}”: the ledger has {came} sheets of answers, {kept} are there.",
            )
        rows = select(AnswerSheet).where(AnswerSheet.questionnaire_id == asking.id)
        sealed = rows.where(AnswerSheet.entry_id.is_not(None)).options(
            selectinload(AnswerSheet.answers), selectinload(AnswerSheet.entry).selectinload(LedgerEntry.texts)
        )
        changed = sum(not _is_as_sealed(sheet) for sheet in db.scalars(sealed))
        if changed:
            yield Words(
                f"问卷“{asking.title}”：有 {changed} 份答卷与账本记录不符。",
                f"Questionnaire “{asking.title}”: {changed} sheets of answers are not as the ledger has them.",
            )


def _is_as_sealed(sheet: AnswerSheet) -> bool:
    texts = sheet.entry.texts if sheet.entry else []
    return any(text.salt and salted(text.salt, as_text(as_sealed(sheet))) == text.digest for text in texts)


def sheets(db: Session, of: Questionnaire) -> int:
    rows = select(func.count()).select_from(AnswerSheet).where(AnswerSheet.questionnaire_id == of.id)
    return db.scalar(rows) or 0


def results(db: Session, of: Questionnaire) -> list[Result]:
    """Every figure, for the group."""
    asked = Answer.item_id.in_([item.id for item in of.items])
    people = select(Answer.item_id, func.count(Answer.sheet_id.distinct())).where(asked)
    chosen = select(Answer.item_id, Answer.choice, func.count()).where(asked, Answer.choice.is_not(None))
    answered = {id: count for id, count in db.execute(people.group_by(Answer.item_id))}
    counts = {(id, choice): n for id, choice, n in db.execute(chosen.group_by(Answer.item_id, Answer.choice))}
    return [
        Result(
            item,
            answered.get(item.id, 0),
            [(label, counts.get((item.id, number), 0)) for number, label in enumerate(labels(item), start=1)],
        )
        for item in of.items
    ]


def published(db: Session, of: Questionnaire) -> list[Result]:
    """The figures that anybody may see: none that rests on fewer than `LEAST` answers, no answer being fewer too. Of a
    question with one answer each, so many are withheld that together they are `LEAST` answers or more.
    """
    return [withheld(result) for result in results(db, of)]


def withheld(result: Result) -> Result:
    if (result.answered or 0) < LEAST:
        return Result(result.item, None, [(label, None) for label, _count in result.counts])
    rising = sorted((count or 0, label) for label, count in result.counts)
    small = [(count, label) for count, label in rising if count < LEAST]
    if small and result.item.kind != "several":  # together they are what the others leave of the whole
        while sum(count for count, _label in small) < LEAST:
            small.append(rising[len(small)])
    hidden = {label for _count, label in small}
    return replace(
        result, counts=[(label, None if label in hidden else count) for label, count in result.counts]
    )


def words(db: Session, item: Item) -> Sequence[str]:
    """What was written to a free text: for the group alone."""
    rows = select(Answer.words).where(Answer.item_id == item.id, Answer.words.is_not(None))
    return [text for text in db.scalars(rows.order_by(Answer.id)) if text]
