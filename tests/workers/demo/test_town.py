from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, select

from engine.actions.comment import post_comment
from engine.actions.question import ask_question
from engine.database import Database, Session
from engine.models.matter import Matter
from engine.models.voice import Comment, Question, Upvote
from engine.queries import sittings
from tests.workers.demo.conftest import NOW
from workers.demo import sayings, texts
from workers.demo.stage import citizen
from workers.demo.start import todays_sitting
from workers.demo.town import PATIENCE, REVIEWED_AFTER, Town

SOON = NOW + timedelta(seconds=REVIEWED_AFTER + 1)


@pytest.fixture
def town(live: Database) -> Town:
    with live.reading() as db:
        return Town(live, todays_sitting(db).id, Random(7))


@pytest.fixture
def db(live: Database) -> Iterator[Session]:
    with live.reading() as db:
        yield db


def said_by_crowd(db: Session, kind: type[Comment] | type[Question]) -> list[tuple[str, str]]:
    db.rollback()
    rows = select(kind.title, Matter.state).where(kind.is_test, Matter.created_at >= NOW)
    return [(title, state) for title, state in db.execute(rows.order_by(kind.id))]


def say(town: Town, text: str, number: int = 3) -> None:
    with town.database.transaction() as db:
        actor, sitting = citizen(db, number, NOW), sittings.sitting(db, town.sitting_id)
        post_comment(db, sitting, actor=actor, now=NOW, is_test=True, title=text, author_name="市民")


def put(town: Town, text: str, *, is_test: bool = True) -> None:
    with town.database.transaction() as db:
        actor, sitting = citizen(db, 3, NOW), sittings.sitting(db, town.sitting_id)
        ask_question(db, sitting, actor=actor, now=NOW, is_test=is_test, title=text, asker_name="市民")


def test_what_the_citizens_say_is_test_traffic_and_said_once(town: Town, db: Session) -> None:
    for _ in range(len(sayings.questions()) + 3):
        town.do(town.ask, NOW)
    town.do(town.comment, NOW)
    asked = said_by_crowd(db, Question)
    assert sorted(text for text, _ in asked) == sorted(sayings.questions())
    assert {state for _, state in asked} == {"pending"}
    assert len(said_by_crowd(db, Comment)) == 1


def test_a_text_waits_a_while_and_is_then_approved(town: Town, db: Session) -> None:
    say(town, sayings.COMMENTS[0])
    town.do(town.review, NOW + timedelta(seconds=5))
    assert said_by_crowd(db, Comment) == [(sayings.COMMENTS[0], "pending")]
    town.do(town.review, SOON)
    assert said_by_crowd(db, Comment) == [(sayings.COMMENTS[0], "approved")]


def test_an_advertisement_is_rejected(town: Town, db: Session) -> None:
    text = next(iter(sayings.UNFIT))
    say(town, text)
    town.do(town.review, SOON)
    assert said_by_crowd(db, Comment) == [(text, "rejected")]


def test_a_visitors_own_question_is_left_to_them_for_longer(town: Town, db: Session) -> None:
    put(town, "地下车库的照明能不能换成感应灯？", is_test=False)
    state = select(Question.state).where(Question.title.startswith("地下车库"))
    town.do(town.review, SOON)
    assert db.scalar(state) == "pending"
    town.do(town.review, NOW + timedelta(seconds=PATIENCE + 1))
    db.rollback()
    assert db.scalar(state) == "approved"


def test_of_questions_that_are_alike_the_later_is_merged_or_left_to_a_visitor(
    town: Town, db: Session
) -> None:
    _, first, *others = sayings.QUESTIONS[2]
    for text in (first, *others):
        put(town, text)
        town.do(town.review, SOON)
    states = dict(said_by_crowd(db, Question))
    assert states[first] == "approved"
    assert {states[other] for other in others} <= {"approved", "merged"}


def test_citizens_ask_the_same_each_once(town: Town, db: Session) -> None:
    before = db.scalar(select(func.count()).select_from(Upvote)) or 0
    for _ in range(60):
        town.do(town.upvote, NOW)
    db.rollback()
    assert db.scalar(select(func.count()).select_from(Upvote)) in range(before + 10, before + 61)


def test_the_hall_answers_what_is_on_air_and_takes_the_next(town: Town, db: Session) -> None:
    sitting = todays_sitting(db)
    first = sittings.on_air(db, sitting)
    assert first
    town.do(town.lead, NOW + timedelta(seconds=30))
    db.rollback()
    assert sittings.on_air(db, sitting) == first
    town.do(town.lead, NOW + timedelta(seconds=80))
    town.do(town.lead, NOW + timedelta(seconds=85))
    db.rollback()
    second = sittings.on_air(db, sitting)
    assert second
    assert second.title == texts.PROPERTY_SCRIPT.questions[2].title
    db.refresh(first)
    assert first.state == "answered"
    assert first.answer == texts.PROPERTY_SCRIPT.questions[1].answer


def test_a_segment_whose_time_is_over_is_followed_by_the_next_and_the_last_one_stays(
    town: Town, db: Session
) -> None:
    positions = []
    for hours in range(1, 14):
        town.do(town.lead, NOW + timedelta(hours=hours))
        db.rollback()
        present = sittings.present_segment(db, todays_sitting(db))
        assert present
        positions.append(present.position)
    assert positions == sorted(positions)
    assert positions[-1] == len(texts.PROPERTY_SCRIPT.parts)


def test_nothing_is_said_when_the_sitting_is_not_live(town: Town, db: Session) -> None:
    with town.database.reading() as other:
        earlier = sittings.held(other)[0].id
    quiet = Town(town.database, earlier, Random(7))
    for deed in (quiet.ask, quiet.comment, quiet.upvote, quiet.review, quiet.lead):
        quiet.do(deed, NOW)
    assert said_by_crowd(db, Question) == said_by_crowd(db, Comment) == []
