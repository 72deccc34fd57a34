"""One door for every verb of a matter: those that also do something have their function, the others only move it."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from engine.actions import (
    attendance,
    consultation,
    material,
    question,
    questionnaire,
    recommendation,
    research,
    sitting,
    topic,
)
from engine.advance import advance
from engine.errors import NotFound
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.rules import Actor
from engine.words import Words

DOES: dict[tuple[str, str], Callable[..., LedgerEntry]] = {
    ("topic", "support"): topic.support_topic,
    ("topic", "answer"): topic.answer_topic,
    ("topic", "merge"): topic.merge_topic,
    ("topic", "split"): topic.split_topic,
    ("topic", "reconsider"): topic.reconsider_topic,
    ("topic", "score"): topic.score_topic,
    ("research", "start_field"): research.start_field,
    ("research", "add_visit"): research.add_visit,
    ("research", "record_visit"): research.record_visit,
    ("research", "add_finding"): research.add_finding,
    ("research", "submit_report"): partial(research.put_in_report, verb="submit_report"),
    ("research", "resubmit_report"): partial(research.put_in_report, verb="resubmit_report"),
    ("research", "set_chapters"): research.set_chapters,
    ("research", "accept"): research.accept_report,
    ("questionnaire", "add_item"): questionnaire.add_item,
    ("questionnaire", "change_item"): questionnaire.change_item,
    ("questionnaire", "move_item"): questionnaire.move_item,
    ("questionnaire", "remove_item"): questionnaire.remove_item,
    ("questionnaire", "open"): questionnaire.open_questionnaire,
    ("sitting", "reschedule"): sitting.reschedule_sitting,
    ("sitting", "release_brief"): sitting.release_brief,
    ("sitting", "go_live"): sitting.go_live,
    ("sitting", "next_segment"): sitting.next_segment,
    ("sitting", "record_promise"): sitting.record_promise,
    ("sitting", "end"): sitting.end_sitting,
    ("attendance", "offer_remote"): attendance.offer_remote,
    ("attendance", "withdraw_remote"): attendance.withdraw_remote,
    ("attendance", "join"): attendance.join,
    ("attendance", "sign_in"): attendance.sign_in,
    ("attendance", "sign_in_by_staff"): attendance.sign_in_by_staff,
    ("material", "change"): partial(material.change, verb="change"),
    ("material", "replace"): partial(material.change, verb="replace"),
    ("material", "set_window"): partial(material.change, verb="set_window"),
    ("material", "share"): material.share,
    ("material", "remind"): material.remind,
    ("question", "upvote"): question.upvote_question,
    ("question", "merge"): question.merge_question,
    ("question", "split"): question.split_question,
    ("question", "withdraw"): partial(question.remove_question, verb="withdraw"),
    ("question", "hide"): partial(question.remove_question, verb="hide"),
    ("question", "reroute"): partial(question.owe_answer, verb="reroute"),
    ("question", "put_on_air"): question.put_on_air,
    ("question", "answer"): question.answer_question,
    ("question", "owe"): question.owe_answer,
    ("recommendation", "cite"): recommendation.cite,
    ("recommendation", "assign"): recommendation.assign,
    ("assignment", "reroute"): recommendation.reroute,
    ("assignment", "reply"): recommendation.reply,
    ("assignment", "reject_reply"): recommendation.reject_reply,
    ("assignment", "report_progress"): recommendation.report_progress,
}

CREATES: dict[tuple[str, str, str], Callable[..., Matter]] = {
    ("plan", "topic", "take_up"): topic.take_up_topic,
    ("topic", "consultation", "plan"): consultation.plan_consultation,
    ("consultation", "research", "plan"): research.plan_research,
    ("research", "questionnaire", "draft"): questionnaire.draft_questionnaire,
    ("consultation", "sitting", "schedule"): sitting.schedule_sitting,
    ("consultation", "recommendation", "draft"): recommendation.draft_recommendation,
    ("sitting", "question", "enter"): question.enter_question,
}
"""(parent, child, verb) → what begins the child. The parent's page offers these."""


def create(
    db: Session, parent: Matter, process: str, verb: str, *, actor: Actor, now: datetime, **given: Any
) -> Matter:
    """Begins a child of a matter as a person asked for it in a form. Raises what `advance.begin` raises."""
    begins = CREATES.get((parent.process, process, verb))
    if begins is None:
        raise NotFound(Words("这里没有这一步。", "There is no such step here."))
    return begins(db, parent, actor=actor, now=now, **given)


def perform(
    db: Session,
    matter: Matter,
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **given: Any,
) -> LedgerEntry:
    """Does a verb as a person asked for it in a form. Raises what `advance` raises."""
    if does := DOES.get((matter.process, verb)):
        return does(db, matter, actor=actor, now=now, seen=seen, **given)
    return advance(db, matter, verb, actor=actor, now=now, seen=seen, **given)
