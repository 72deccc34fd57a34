"""Forty matters of nine procedures in a house of their own, each step done by the engine's own actions.

One of the forty waits for the office (whose post reaches the whole house), one for the liaison of a unit (whose post
reaches that unit's), one for a scorer (who may score a topic once).
"""

from sqlalchemy.orm import Session

from engine.actions.comment import post_comment
from engine.actions.perform import perform
from engine.actions.question import ask_question
from engine.actions.recommendation import draft_recommendation
from engine.actions.research import plan_research
from engine.database import Database
from engine.models.consultation import Consultation, Sitting
from engine.models.recommendation import Assignment, Recommendation
from engine.models.topic import Plan
from engine.queries.recommendations import assignments
from tests.houses import DRAFT, POINTS, REPLY, House, found, shown_question, sitting

SIZE = 40
CHECK = {"check_way": "site", "finding_text": "已现场查看，措施落实。"}


def build(database: Database) -> House:
    house = found(database)
    with house.transaction() as db:
        live = sitting(house, db)
        consultation = db.get_one(Consultation, live.parent_id)
        _sitting(house, db, live)
        _research(house, db, consultation)
        _recommendations(house, db, consultation, live)
        _topics(house, db, house.plan(db, 2028))
    return house


def _sitting(house: House, db: Session, live: Sitting) -> None:
    """Eight questions and four comments; two of each still wait for a moderator."""
    moderator = house.actor(db, "moderator1")
    for number in range(6):
        shown_question(house, db, live, f"第{number}个小区何时加装电梯？", f"citizen{number}")
    for number in range(2):
        asker = house.actor(db, f"citizen{number}")
        ask_question(db, live, actor=asker, now=house.now, title="停车位怎么分？", asker_name="居民")
    for number in range(4):
        commenter = house.actor(db, f"citizen{number}")
        comment = post_comment(db, live, actor=commenter, now=house.now, title="说得好", author_name="居民")
        if number < 2:
            perform(db, comment, "approve", actor=moderator, now=house.now)


def _research(house: House, db: Session, consultation: Consultation) -> None:
    given = {"title": "老小区物业调研", "group_id": 1, "questions": "谁来管？钱从哪里来？"}
    plan_research(db, consultation, actor=house.actor(db, "committee"), now=house.now, **given)


def _recommendations(house: House, db: Session, consultation: Consultation, live: Sitting) -> None:
    """Six, each with an assignment: one still to be accepted here, two elsewhere, three closed."""
    office, committee, government = (house.actor(db, name) for name in ("office", "committee", "government"))
    host = house.actor(db, "host1")
    for unit in (1, 2, 2, 1, 1, 1):
        question = shown_question(house, db, live, "物业费为什么年年涨？")
        perform(db, question, "owe", actor=host, now=house.now, unit_id=2, due_on="2026-12-01")
        draft = draft_recommendation(db, consultation, actor=committee, now=house.now, **DRAFT)
        perform(db, draft, "cite", actor=committee, now=house.now, question=question.id)
        perform(db, draft, "report_up", actor=office, now=house.now)
        perform(db, draft, "assign", actor=government, now=house.now, lead_unit=unit)
        if draft.number > 3:
            _close(house, db, draft, *assignments(db, draft))


def _close(house: House, db: Session, recommendation: Recommendation, assignment: Assignment) -> None:
    committee = house.actor(db, "committee")
    admin, handler, leader = (house.actor(db, f"unit_{name}") for name in ("admin", "handler", "leader"))
    people = {"handler_id": handler.id, "leader_id": leader.id}
    perform(db, assignment, "accept", actor=admin, now=house.now, **people)
    perform(db, assignment, "draft_reply", actor=handler, now=house.now, **REPLY)
    perform(db, assignment, "reply", actor=leader, now=house.now, **REPLY)
    rating = {"rating": "satisfied", "remark": "同意。"}
    perform(db, recommendation, "assess", actor=committee, now=house.now, **rating)
    perform(db, recommendation, "start_implementing", actor=committee, now=house.now)
    perform(db, recommendation, "verify", actor=committee, now=house.now, **CHECK)
    perform(db, recommendation, "close", actor=committee, now=house.now, closing_note="办结。")


def _topics(house: House, db: Session, plan: Plan) -> None:
    """Six: one that two of three scorers have scored, two in reserve, three declined."""
    office = house.actor(db, "office")
    for number in range(6):
        topic = house.topic(db, plan, f"第{number}件民生实事", f"citizen{number}")
        if number >= 3:
            given = {"reason_code": "done", "reason": "已列入今年的民生实事。"}
            perform(db, topic, "decline", actor=office, now=house.now, **given)
            continue
        perform(db, topic, "accept", actor=office, now=house.now)
        for scorer in ("scorer2", "scorer3", "scorer1")[: 3 if number else 2]:
            perform(db, topic, "score", actor=house.actor(db, scorer), now=house.now, points=POINTS)
        if number:
            perform(db, topic, "keep_in_reserve", actor=office, now=house.now, reason="明年再议。")
