"""Research before a consultation: its visits, and drafts of its report with what was asked to be changed."""

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions.perform import perform
from engine.actions.research import plan_research
from engine.editions import SHIPPED
from engine.errors import Forbidden, Invalid, WrongState
from engine.models.consultation import Research
from engine.models.house import Document, Notice
from engine.models.ledger import LedgerText
from engine.queries.matters import history
from engine.queries.research import rounds
from engine.queries.sittings import findings_of
from engine.record import note
from tests.engine.actions.test_editions import adopted
from tests.houses import FINDING, VISITS, House, consultation, paper, planned_research, research

REMARK = "请补充乍浦镇的数据。"
CHANGES = "补充了乍浦镇四个小区的数据。"


def do(house: House, db: Session, task: Research, verb: str, who: str = "group1", **given: Any) -> str:
    perform(db, task, verb, actor=house.actor(db, who), now=house.now, **given)
    return task.state


def report(house: House, db: Session, task: Research, summary: str, **given: Any) -> dict[str, Any]:
    """The answers with which a draft of the report is put in."""
    return {"summary": summary, "report_id": paper(house, db, task, f"{summary}.pdf"), **given}


def returned(house: House, db: Session) -> Research:
    """Research whose first draft came back with a remark."""
    task = research(house, db)
    do(house, db, task, "submit_report", **report(house, db, task, "第一稿"))
    do(house, db, task, "return_report", "committee", remark=REMARK)
    return task


def test_research_that_would_be_overdue_at_once_is_not_set(house: House) -> None:
    with house.transaction() as db:
        asked = consultation(house, db)
        given = {"title": "小区物业调研", "group_id": 1, "questions": "公共收益怎么公布？"}
        asked.planned_on = date(2026, 10, 30)  # ten working days before it is 16 October
        for now, refused in ((house.now + timedelta(4), False), (house.now + timedelta(5), True)):
            with pytest.raises(WrongState, match="put off first") if refused else nullcontext():
                plan_research(db, asked, actor=house.actor(db, "committee"), now=now, **given)


def test_every_draft_of_a_report_stays_to_be_read_with_what_came_of_it(house: House) -> None:
    with house.transaction() as db:
        task = returned(house, db)
        again = report(house, db, task, "第二稿", changes=CHANGES)
        assert do(house, db, task, "resubmit_report", **again) == "report_submitted"
        first, second = rounds(db, task)
        assert [(one.number, one.put_in.who.zh) for one in (first, second)] == [
            (1, "委员活动组组长 沈组长"),
            (2, "委员活动组组长 沈组长"),
        ]
        said = [{field.name: given for field, given in one.put_in.answers} for one in (first, second)]
        assert (said[0]["summary"], said[1]["summary"], said[1]["changes"]) == ("第一稿", "第二稿", CHANGES)
        assert said[0]["report_id"] != said[1]["report_id"] == task.report_id
        assert first.judged
        assert (first.judged.who.zh, first.judged.answers[0][1]) == ("专委会人员 陈专委", REMARK)
        assert second.judged is None
        assert do(house, db, task, "accept", "committee") == "accepted"
        assert [one.judged and one.judged.entry.verb for one in rounds(db, task)] == [
            "return_report",
            "accept",
        ]


def test_research_without_a_report_has_no_drafts(house: House) -> None:
    with house.transaction() as db:
        assert rounds(db, research(house, db)) == []


def test_a_report_that_was_returned_goes_up_only_with_how_the_remarks_were_met(house: House) -> None:
    with house.transaction() as db:
        task = returned(house, db)
        given = report(house, db, task, "第二稿")
        with pytest.raises(Invalid) as refusal:
            do(house, db, task, "resubmit_report", **given)
        assert refusal.value.fields.keys() == {"changes"}
        with pytest.raises(WrongState):
            do(house, db, task, "submit_report", **given)
        assert (task.state, len(rounds(db, task))) == ("returned", 1)


def test_whoever_returned_a_report_hears_that_it_is_back(house: House) -> None:
    with house.transaction() as db:
        task = returned(house, db)
        do(house, db, task, "resubmit_report", **report(house, db, task, "第二稿", changes=CHANGES))
        told = select(Notice.zh).where(Notice.matter_id == task.id)
        committee = house.actor(db, "committee").id
        assert db.scalars(told.where(Notice.person_id == committee).order_by(Notice.id)).all()[-1] == (
            "会前调研“小区物业调研”：修改后重新提交，现为“报告已提交”。"
        )


def test_nobody_accepts_a_report_that_they_mended_themselves(house: House) -> None:
    with house.transaction() as db:
        task = returned(house, db)
        do(
            house,
            db,
            task,
            "resubmit_report",
            "committee",
            **report(house, db, task, "第二稿", changes=CHANGES),
        )
        with pytest.raises(Forbidden, match="Nobody may approve their own work"):
            do(house, db, task, "accept", "committee")
        assert do(house, db, task, "accept", "recorder1") == "accepted"


def plan_of(db: Session, task: Research) -> list[tuple[str, str, bool | None, str]]:
    db.refresh(task)
    return [(str(one.visit_on), one.place, one.held, one.note) for one in task.visits]


def test_visits_are_planned_as_rows_and_another_may_be_added(house: House) -> None:
    with house.transaction() as db:
        task = research(house, db)
        more = {"visit_on": "2026-10-20", "place": "桂香里", "whom": "社区书记"}
        do(house, db, task, "add_visit", **more)
        assert plan_of(db, task) == [
            ("2026-10-11", "新苑小区", None, ""),
            ("2026-10-13", "梧桐苑", None, ""),
            ("2026-10-20", "桂香里", None, ""),
        ]


def test_a_visit_is_marked_as_held_or_with_why_it_was_not(house: House) -> None:
    with house.transaction() as db:
        task = research(house, db)
        house.now = datetime(2026, 10, 11, 1, tzinfo=UTC)
        do(house, db, task, "record_visit", visit=1, outcome="held")
        with pytest.raises(Invalid) as early:
            do(house, db, task, "record_visit", visit=2, outcome="held")
        assert early.value.fields["outcome"].en.startswith("It is planned for 2026-10-13;")
        with pytest.raises(Invalid) as refusal:
            do(house, db, task, "record_visit", visit=2, outcome="not_held")
        assert refusal.value.fields.keys() == {"note"}
        do(house, db, task, "record_visit", visit=2, outcome="not_held", note="台风，改期。")
        assert [(held, note) for _, _, held, note in plan_of(db, task)] == [
            (True, ""),
            (False, "台风，改期。"),
        ]


def test_only_the_groups_leader_says_whether_a_visit_took_place(house: House) -> None:
    with house.transaction() as db:
        task = research(house, db)
        for other in ("group2", "committee"):
            with pytest.raises(Forbidden):
                do(house, db, task, "record_visit", other, visit=1, outcome="held")
        assert plan_of(db, task)[0][2] is None


@pytest.mark.parametrize("number", [3, 999])
def test_a_visit_that_is_not_of_this_research_is_refused(house: House, number: int) -> None:
    with house.transaction() as db:
        task = research(house, db)
        for verb, given in (("record_visit", {"outcome": "held"}), ("add_finding", FINDING)):
            with pytest.raises(Invalid) as refusal:
                do(house, db, task, verb, visit=number, **given)
            assert refusal.value.fields["visit"].en == "There is no such visit; please choose one."
        assert len(findings_of(db, task)) == 1


def test_a_finding_may_name_the_visit_where_it_was_made(house: House) -> None:
    with house.transaction() as db:
        task = research(house, db)
        do(house, db, task, "add_finding", visit=2, **FINDING | {"place": "梧桐苑"})
        assert [one.visit and one.visit.place for one in findings_of(db, task)] == [None, "梧桐苑"]


def test_what_was_planned_with_the_task_stands_until_the_leader_plans_anew(house: House) -> None:
    with house.transaction() as db:
        task = planned_research(house, db, visits=VISITS[:1])
        assert [place for _, place, _, _ in plan_of(db, task)] == ["新苑小区"]
        do(house, db, task, "start_field", visits=VISITS[::-1])
        assert [place for _, place, _, _ in plan_of(db, task)] == ["梧桐苑", "新苑小区"]


def test_an_edition_in_which_visits_are_one_text_keeps_working(house: House) -> None:
    text = (SHIPPED / "research.toml").read_text(encoding="utf-8")
    head, _, rest = text.partition("[field.visits]")
    old = '[field.visits]\nkind = "text"\nlabel = { zh = "走访安排", en = "Visits" }\n\n[field.visit_on]'
    with house.transaction() as db:
        adopted(house, db, text=head + old + rest.partition("[field.visit_on]")[2], name="research")
        task = planned_research(house, db)
        do(house, db, task, "start_field", visits="去新苑小区，见业主。")
        assert [(one.visit_on, one.place, one.whom) for one in task.visits] == [
            (None, "", "去新苑小区，见业主。")
        ]
        assert history(db, task)[-1].answers[0][1] == "去新苑小区，见业主。"


def test_steps_from_when_visits_were_one_text_still_read_as_they_were_typed(house: House) -> None:
    with house.transaction() as db:
        task = planned_research(house, db)
        entry = note(db, task, "start_field", actor=house.actor(db, "group1"), now=house.now)
        entry.texts.append(LedgerText(field="visits", salt=b"", digest=b"", text="12 个小区"))
        db.flush()
        assert [given for _, given in history(db, task)[-1].answers] == ["12 个小区"]


CHAPTERS = [{"second": 0, "title": "走访概况"}, {"second": 95, "title": "主要发现"}]


def film(house: House, db: Session, task: Research, media_type: str = "video/mp4") -> int:
    return paper(house, db, task, "短片.mp4", media_type)


def test_the_video_of_a_report_has_chapters_and_is_public_once_it_is_accepted(house: House) -> None:
    with house.transaction() as db:
        task = research(house, db)
        given = report(house, db, task, "第一稿", video_id=film(house, db, task), chapters=CHAPTERS)
        do(house, db, task, "submit_report", **given)
        assert task.chapters == CHAPTERS
        assert task.video
        assert not task.video.is_public
        do(house, db, task, "accept", "committee")
        assert task.video.is_public
        assert not db.get_one(Document, task.report_id).is_public


def test_the_committee_sets_chapters_also_when_the_report_is_accepted(house: House) -> None:
    with house.transaction() as db:
        task = research(house, db)
        do(house, db, task, "submit_report", **report(house, db, task, "稿", video_id=film(house, db, task)))
        do(house, db, task, "set_chapters", "committee", chapters=CHAPTERS[1:])
        do(house, db, task, "accept", "committee")
        assert do(house, db, task, "set_chapters", "committee", chapters=CHAPTERS) == "accepted"
        assert task.chapters == CHAPTERS
        with pytest.raises(Forbidden):
            do(house, db, task, "set_chapters", chapters=CHAPTERS)


def test_a_new_video_does_not_keep_the_chapters_of_the_one_before(house: House) -> None:
    with house.transaction() as db:
        task = research(house, db)
        first = report(house, db, task, "第一稿", video_id=film(house, db, task), chapters=CHAPTERS)
        do(house, db, task, "submit_report", **first)
        do(house, db, task, "return_report", "committee", remark=REMARK)
        second = report(house, db, task, "第二稿", video_id=film(house, db, task), changes=CHANGES)
        do(house, db, task, "resubmit_report", **second)
        assert task.chapters is None


@pytest.mark.parametrize(
    ("chapters", "media_type", "field", "words"),
    [
        (CHAPTERS, None, "chapters", "There is no video to set chapters in."),
        ([], "application/pdf", "video_id", "The video must be an MP4 file."),
        (CHAPTERS[::-1], "video/mp4", "chapters", "Chapters stand in their order"),
        (CHAPTERS[:1] * 2, "video/mp4", "chapters", "Chapters stand in their order"),
        ([{"second": -1, "title": "片头"}], "video/mp4", "chapters", "Chapters stand in their order"),
    ],
)
def test_a_video_and_chapters_that_no_page_could_play_are_refused(
    house: House, chapters: list[dict[str, Any]], media_type: str | None, field: str, words: str
) -> None:
    with house.transaction() as db:
        task = research(house, db)
        given = report(house, db, task, "稿", chapters=chapters)
        if media_type:
            given["video_id"] = film(house, db, task, media_type)
        with pytest.raises(Invalid) as refusal:
            do(house, db, task, "submit_report", **given)
        assert refusal.value.fields[field].en.startswith(words)
        assert (task.state, task.chapters) == ("in_field", None)


def test_the_photo_of_a_finding_is_a_picture(house: House) -> None:
    with house.transaction() as db:
        task = research(house, db)
        with pytest.raises(Invalid) as refusal:
            do(house, db, task, "add_finding", **FINDING, photo_id=paper(house, db, task, "扫描.pdf"))
        assert refusal.value.fields["photo_id"].en == "The photo must be a JPG or PNG file."
        photo = paper(house, db, task, "楼道.jpg", "image/jpeg")
        do(house, db, task, "add_finding", **FINDING, photo_id=photo)
        assert [one.photo_id for one in findings_of(db, task)] == [None, photo]
