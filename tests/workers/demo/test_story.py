import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import docx
import imageio_ffmpeg
import pptx
import pytest
from sqlalchemy import func, select

import migrations
from engine import clock
from engine.actions.files import path_of
from engine.database import Database, Session
from engine.editions import carries_mark, has_mark
from engine.models.consultation import Finding, Promise, Research, Segment, Visit
from engine.models.house import Document
from engine.models.ledger import LedgerEntry, Task
from engine.models.matter import Matter
from engine.models.questionnaire import Questionnaire
from engine.models.recommendation import Assignment, Recommendation
from engine.models.topic import Plan, ScoreSheet, Topic
from engine.models.voice import Comment, Question, Upvote
from engine.permits import offers
from engine.queries import desk, people, questionnaires, recommendations, sittings
from engine.queries.attendance import attendances, tally
from engine.queries.briefs import released, units_of
from engine.queries.materials import materials, readings
from engine.rules import actor_for
from tests.workers.demo.conftest import NOW, say_nothing
from workers.demo import texts
from workers.demo.cast import DOMAIN
from workers.demo.events import OPENED_BEFORE
from workers.demo.start import todays_sitting
from workers.demo.story import tell


@pytest.fixture
def db(told: tuple[Database, Path]) -> Iterator[Session]:
    with told[0].reading() as db:
        yield db


def count(db: Session, rows: Any) -> int:
    return db.scalar(select(func.count()).select_from(rows.subquery())) or 0


def mayors_plan(db: Session) -> Plan:
    return db.scalars(select(Plan).where(Plan.year == 2026)).one()


def test_at_least_forty_topics_are_collected_with_those_the_seed_names(db: Session) -> None:
    titles = set(db.scalars(select(Topic.title).where(Topic.parent_id == mayors_plan(db).id)))
    assert len(titles) >= 40
    assert texts.PROPERTY == "提升小区物业管理水平，助推全国文明城市创建"
    named = (
        "长三角一体化",
        "“四新”经济",
        "营商环境",
        "电子商务",
        "农业主导产业",
        "小微企业园",
        "全域土地综合整治",
    )
    for words in (texts.PROPERTY, *named, "乡村振兴", "低收入家庭", "农民住房", "浙沪交界"):
        assert any(words in title for title in titles), words


def test_every_topic_that_passed_the_screening_has_three_sheets(db: Session) -> None:
    passed = db.scalars(
        select(Topic).where(Topic.parent_id == mayors_plan(db).id, Topic.state.not_in(("merged", "declined")))
    ).all()
    sheets = {
        topic.id: db.scalar(select(func.count()).where(ScoreSheet.topic_id == topic.id)) for topic in passed
    }
    assert len(sheets) >= 40
    assert set(sheets.values()) == {3}


def test_the_plan_is_issued_after_four_approvals_in_order(db: Session) -> None:
    plan = mayors_plan(db)
    approvals = ("agree", "record_review", "record_decision", "issue")
    entries = select(LedgerEntry).where(LedgerEntry.matter_id == plan.id, LedgerEntry.verb.in_(approvals))
    steps = [(entry.verb, entry.role, entry.behalf) for entry in db.scalars(entries.order_by(LedgerEntry.id))]
    assert plan.state == "issued"
    assert [(verb, behalf or role) for verb, role, behalf in steps] == [
        ("agree", "government_office"),
        ("agree", "party_office"),
        ("agree", "office_staff"),
        ("record_review", "chairs_meeting"),
        ("record_decision", "party_committee"),
        ("issue", "leader"),
    ]
    carried = select(Topic).where(Topic.parent_id == plan.id, has_mark(db, "topic", "planned"))
    assert texts.PROPERTY in {topic.title for topic in db.scalars(carried)}
    assert count(db, carried) == texts.CARRIED


def test_two_groups_have_researched_and_their_files_open(db: Session, told: tuple[Database, Path]) -> None:
    research = db.scalars(select(Research).where(Matter.parent_id == todays_sitting(db).parent_id)).all()
    assert len({one.group_id for one in research}) == 2
    for one in research:
        assert one.state == "accepted"
        assert len(sittings.findings_of(db, one)) >= 4
        report, slides, clip = (
            path_of(told[1], db.get_one(Document, id).sha256)
            for id in (one.report_id, one.slides_id, one.video_id)
        )
        assert one.summary in [paragraph.text for paragraph in docx.Document(str(report)).paragraphs]
        assert len(pptx.Presentation(str(slides)).slides) == 3 + len(sittings.findings_of(db, one))
        probe = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(clip), "-f", "null", "-"]
        said = subprocess.run(probe, capture_output=True, text=True, check=True).stderr
        assert "Video: h264" in said
        assert clip.stat().st_size < 100_000


def test_a_group_asked_by_questionnaire_and_a_finding_rests_on_what_was_answered(db: Session) -> None:
    (asking,) = db.scalars(select(Questionnaire))
    first, *_ = questionnaires.published(db, asking)
    assert asking.state == "closed"
    assert (first.answered, dict(first.counts)["说不清"]) == (126, 79)
    (found,) = db.scalars(select(Finding).where(Finding.item_id.is_not(None)))
    assert found.item_id == first.item.id
    assert f"{round(100 * 79 / 126)}%" in found.claim


def test_every_visit_was_made_and_what_was_seen_there_has_a_photo(db: Session) -> None:
    visits = db.scalars(select(Visit)).all()
    assert {visit.held for visit in visits} == {True}
    assert not [visit.place for visit in visits if "问卷" in visit.place or "记录" in visit.place]
    for found in db.scalars(select(Finding)):
        assert (found.photo is None, found.visit is None) == (bool(found.item_id), bool(found.item_id))
    assert list(questionnaires.disagreements(db)) == []


def test_the_mayors_sitting_is_live_with_segments_questions_and_votes(db: Session) -> None:
    sitting = todays_sitting(db)
    assert sitting.title.startswith("“市长与政协委员面对面”")
    assert carries_mark(db, sitting, "live")
    assert sitting.opened_at == NOW - OPENED_BEFORE
    kinds = list(
        db.scalars(select(Segment.kind).where(Segment.sitting_id == sitting.id).order_by(Segment.position))
    )
    assert kinds[:4] == ["briefing", "questions", "answers", "statements"]
    present = sittings.present_segment(db, sitting)
    assert present
    assert present.kind == "questions"
    assert sittings.on_air(db, sitting)
    states = dict(
        db.execute(
            select(Question.state, func.count())
            .where(Matter.parent_id == sitting.id)
            .group_by(Question.state)
        ).all()
    )
    assert states == {
        "answered": 1,
        "on_air": 1,
        "shortlisted": 3,
        "approved": 7,
        "merged": 2,
        "owed": 1,
        "rejected": 1,
    }
    assert count(db, select(Upvote)) > 100
    assert count(db, select(Comment).where(Comment.state == "approved", Matter.parent_id == sitting.id)) == 6
    assert count(db, select(Promise).where(Promise.sitting_id == sitting.id)) == 1
    found = attendances(db, sitting)
    assert tally(db, sitting, found) == {
        "attended": 9,
        "will_attend": 1,
        "declined": 1,
        "on_leave": 1,
        "invited": 1,
        "late": 1,
    }
    (paper,) = materials(db, sitting)
    assert (paper.state, len(paper.recipients), len(readings(db, [paper]))) == ("released", 11, 10)
    assert len(units_of(db, sitting)) > 1
    assert released(db, sitting)


def test_the_earlier_consultation_can_be_followed_from_question_to_closing(db: Session) -> None:
    found, total = recommendations.recommendations(db)
    assert total == len(texts.ADVICE)
    assert {one.title: one.state for one in found} == {
        texts.ADVICE[0].title: "closed",
        texts.ADVICE[1].title: "closed",
        texts.ADVICE[2].title: "implementing",
        texts.ADVICE[3].title: "closed_explained",
        texts.ADVICE[4].title: "second_reply",
    }
    closed = next(one for one in found if one.state == "closed")
    question = next(source.question for source in recommendations.sources(db, closed) if source.question)
    assert question.state == "answered"
    assert question.answered_second
    assert question.answered_second > 15 * 60
    assert all(one.reply for one in db.scalars(select(Assignment).where(Assignment.duty != "co")))
    assert count(db, select(Recommendation).where(Recommendation.state == "proposed")) == 0


@pytest.mark.parametrize("who", ["committee", "office", "moderator", "host", "unit_admin", "unit_leader"])
def test_something_waits_for_everybody_who_is_offered_a_way_in(db: Session, who: str) -> None:
    person = people.by_email(db, f"{who}@{DOMAIN}")
    assert person
    actor = actor_for(db, person)
    if who == "host":
        assert {offer.verb.name for offer in offers(db, todays_sitting(db), actor, NOW)} >= {
            "next_segment",
            "end",
        }
    elif who == "moderator":
        assert count(db, select(Matter).where(has_mark(db, "question", "approved"))) > 0
    else:
        assert desk.waiting(db, actor, NOW)


def test_everything_happened_in_the_order_of_the_ledger_and_none_of_it_tomorrow(db: Session) -> None:
    moments = list(db.scalars(select(LedgerEntry.at).order_by(LedgerEntry.id)))
    assert moments == sorted(moments)
    assert moments[-1] <= NOW
    assert clock.day(moments[0]).year == 2024


def test_no_task_is_left_that_must_fail(db: Session) -> None:
    assert set(db.scalars(select(Task.kind).where(Task.state != "done"))) <= {"make_document"}


def test_telling_it_again_changes_nothing(told: tuple[Database, Path]) -> None:
    database, data = told
    with database.reading() as db:
        before = db.scalar(select(func.max(LedgerEntry.id)))
    tell(database, data, NOW + timedelta(days=1), say_nothing)
    with database.reading() as db:
        assert db.scalar(select(func.max(LedgerEntry.id))) == before


def test_a_story_that_was_interrupted_is_told_from_the_beginning(
    empty_database: Database, tmp_path: Path
) -> None:
    migrations.upgrade(empty_database.bind)

    def interrupt(number: int, of: int, words: object) -> None:
        if number == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tell(empty_database, tmp_path, NOW, interrupt)
    with empty_database.reading() as db:
        assert people.house(db) is None
        assert count(db, select(Matter)) == 0


@pytest.mark.parametrize("day", ["2026-05-01T00:03", "2027-02-16T12:00"])
def test_it_can_be_told_on_any_day(tmp_path: Path, day: str) -> None:
    """Labour Day just after midnight, from when on the year's plan is the one; the Spring Festival, under the old."""
    database = Database(f"sqlite:///{tmp_path / 'xieshang.db'}")
    migrations.upgrade(database.bind)
    tell(database, tmp_path, datetime.fromisoformat(day).replace(tzinfo=clock.CITY), say_nothing)
    with database.reading() as db:
        assert carries_mark(db, todays_sitting(db), "live")
        moments = list(db.scalars(select(LedgerEntry.at).order_by(LedgerEntry.id)))
        assert moments == sorted(moments)
    database.close()
