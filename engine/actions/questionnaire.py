"""Questionnaires of a research: writing them, opening them for a time, and taking answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.advance import accepted, advance, amend, begin
from engine.clock import day
from engine.editions import carries_mark, has_mark
from engine.errors import Invalid, WrongState
from engine.models.consultation import Research
from engine.models.ledger import LedgerEntry
from engine.models.questionnaire import Answer, AnswerSheet, Item, Questionnaire
from engine.process import has_controls
from engine.queries.questionnaires import as_sealed, labels, sheets, takes_answers
from engine.record import note
from engine.rules import NOBODY, SYSTEM, Actor
from engine.words import Words

WORDS_MAX = 500
OPTION_MAX = 100
OPTIONS = range(2, 11)
"""How many choices a question may offer."""
ENDS = 2
"""A scale's lowest and its highest are named."""


def draft_questionnaire(
    db: Session, research: Research, *, actor: Actor, now: datetime, **given: Any
) -> Questionnaire:
    drafted = Questionnaire(parent_id=research.id, group_id=research.group_id)
    begin(db, drafted, "draft", actor=actor, now=now, **given)
    return drafted


def add_item(
    db: Session,
    questionnaire: Questionnaire,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    answers = accepted(db, questionnaire, "add_item", given)
    options = _options(answers["kind"], answers.get("options", ""))
    entry = advance(db, questionnaire, "add_item", actor=actor, now=now, seen=seen, **given)
    position = len(questionnaire.items) + 1
    item = Item(position=position, wording=answers["wording"], kind=answers["kind"], options=options)
    questionnaire.items.append(item)
    db.flush()
    return entry


def change_item(
    db: Session,
    questionnaire: Questionnaire,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    """It keeps its place."""
    answers = accepted(db, questionnaire, "change_item", given)
    options = _options(answers["kind"], answers.get("options", ""))
    amend(db, questionnaire, seen=seen)
    item = _item(questionnaire, answers["item"])
    entry = advance(db, questionnaire, "change_item", actor=actor, now=now, **given)
    item.wording, item.kind, item.options = answers["wording"], answers["kind"], options
    db.flush()
    return entry


def move_item(
    db: Session,
    questionnaire: Questionnaire,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    """It changes places with its neighbour."""
    answers = accepted(db, questionnaire, "move_item", given)
    amend(db, questionnaire, seen=seen)
    item = _item(questionnaire, answers["item"])
    there = item.position + (1 if answers["towards"] == "down" else -1)
    other = next((one for one in questionnaire.items if one.position == there), None)
    if other is None:
        raise Invalid({"towards": Words("这道题已经在头上或末尾。", "It is the first or the last already.")})
    entry = advance(db, questionnaire, "move_item", actor=actor, now=now, **given)
    here, item.position = item.position, 0  # no two may have one place, not for a moment
    db.flush()
    other.position = here
    db.flush()
    item.position = there
    db.flush()
    db.expire(questionnaire, ["items"])
    return entry


def remove_item(
    db: Session,
    questionnaire: Questionnaire,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    """Those after it move up."""
    db.refresh(questionnaire, with_for_update=True)  # two who remove the same one at once
    item = _item(questionnaire, accepted(db, questionnaire, "remove_item", given)["item"])
    entry = advance(db, questionnaire, "remove_item", actor=actor, now=now, seen=seen, **given)
    questionnaire.items.remove(item)
    db.flush()
    for after in questionnaire.items[item.position - 1 :]:
        after.position -= 1
        db.flush()
    return entry


def open_questionnaire(
    db: Session,
    questionnaire: Questionnaire,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    if accepted(db, questionnaire, "open", given)["closes_on"] < day(now):
        raise Invalid({"closes_on": Words("截止日期不能早于今天。", "The last day cannot be before today.")})
    return advance(db, questionnaire, "open", actor=actor, now=now, seen=seen, **given)


def close_due(db: Session, *, now: datetime) -> None:
    """Closes those whose last day is over."""
    rows = select(Questionnaire).where(
        has_mark(db, "questionnaire", "open"), Questionnaire.closes_on < day(now)
    )
    for questionnaire in db.scalars(rows.order_by(Questionnaire.id)).all():
        advance(db, questionnaire, "close", actor=SYSTEM, now=now)


def answer(
    db: Session, questionnaire: Questionnaire, given: Mapping[int, Any], *, token: str, now: datetime
) -> AnswerSheet:
    """Keeps what a browser answers, by the ids of items, instead of what it answered before. The ledger says that a
    sheet came and holds a salted digest of it; that of a sheet which is replaced loses its text.

    Raises `WrongState` where it is not open, `Invalid` by item, and then what was there stays.
    """
    db.refresh(questionnaire, with_for_update=True)  # two sheets of one browser, or its closing meanwhile
    if carries_mark(db, questionnaire, "cancelled"):
        raise WrongState(
            Words(
                "这项协商已经取消，问卷不再收答卷。",
                "The consultation is cancelled; no more answers are taken.",
            )
        )
    if not takes_answers(db, questionnaire, day(now)):
        raise WrongState(Words("这份问卷现在不接受作答。", "This questionnaire is not taking answers now."))
    answers = _answers(questionnaire, given)
    rows = select(AnswerSheet).where(
        AnswerSheet.questionnaire_id == questionnaire.id, AnswerSheet.token == token
    )
    sheet = db.scalar(rows) or AnswerSheet(questionnaire_id=questionnaire.id, token=token)
    sheet.at = now
    sheet.answers.clear()
    db.add(sheet)
    db.flush()
    sheet.answers.extend(answers)
    for text in sheet.entry.texts if sheet.entry else ():
        text.salt = text.text = None
    db.flush()
    came = {"sheets": sheets(db, questionnaire)}
    sheet.entry = note(
        db, questionnaire, "answered", actor=NOBODY, now=now, data=came, answers=as_sealed(sheet)
    )
    db.flush()
    return sheet


def _item(questionnaire: Questionnaire, item_id: int) -> Item:
    item = next((one for one in questionnaire.items if one.id == item_id), None)
    if item is None:
        raise Invalid(
            {"item": Words("没有这道题，请从列表中选择。", "There is no such question; please choose one.")}
        )
    return item


def _options(kind: str, text: str) -> list[str]:
    options = [line.strip() for line in text.split("\n") if line.strip()]
    if kind == "text":
        if options:
            raise Invalid({"options": Words("文字题没有选项。", "A free text has no choices.")})
        return []
    if kind == "scale" and (len(options) != ENDS or len(set(options)) < ENDS):
        raise Invalid(
            {
                "options": Words(
                    "请写两行：1 分和 5 分各表示什么。", "Please give two lines: what 1 and what 5 stand for."
                )
            }
        )
    if len(options) not in OPTIONS or len(set(options)) < len(options):
        raise Invalid(
            {
                "options": Words(
                    "请写 2 到 10 个不同的选项，一行一个。", "Please give 2 to 10 choices, a line each."
                )
            }
        )
    if max(map(len, options)) > OPTION_MAX:
        raise Invalid(
            {
                "options": Words(
                    f"每个选项最多 {OPTION_MAX} 字。", f"A choice has at most {OPTION_MAX} characters."
                )
            }
        )
    return options


def _answers(questionnaire: Questionnaire, given: Mapping[int, Any]) -> list[Answer]:
    rows: list[Answer] = []
    wrong: dict[str, Words] = {}
    for item in questionnaire.items:
        values = given.get(item.id)
        try:
            found = _values(item, values if isinstance(values, list) else [values])
            rows += [Answer(item_id=item.id, **one) for one in found]
        except ValueError:
            wrong[f"item-{item.id}"] = _asks_for(item)
    if not (rows or wrong):
        wrong["answers"] = Words("请至少回答一道题。", "Please answer one question at least.")
    if wrong:
        raise Invalid(wrong)
    return rows


def _asks_for(item: Item) -> Words:
    number = item.position
    if item.kind == "text":
        return Words(
            f"第 {number} 题请填写文字，最多 {WORDS_MAX} 字。",
            f"Question {number} takes text, at most {WORDS_MAX} characters.",
        )
    return Words(
        f"第 {number} 题请从列出的选项中选择。", f"Question {number}: please choose one of those listed."
    )


def _values(item: Item, values: list[Any]) -> list[dict[str, Any]]:
    """The rows of one item's answer; none where it was left open. Raises `ValueError`."""
    texts = [str(value).replace("\r\n", "\n").strip() for value in values if value is not None]
    texts = [text for text in texts if text]
    if len(texts) > 1 and item.kind != "several":
        raise ValueError
    if item.kind == "text":
        if any(len(text) > WORDS_MAX or has_controls(text) for text in texts):
            raise ValueError
        return [{"words": text} for text in texts]
    known = {str(number): number for number in range(1, len(labels(item)) + 1)}
    if not known.keys() >= set(texts):
        raise ValueError
    return [{"choice": number} for text, number in known.items() if text in texts]
