"""Research before a consultation: drafts of its report, each with what was asked to be changed."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions.perform import perform
from engine.errors import Forbidden, Invalid, WrongState
from engine.models.consultation import Research
from engine.models.house import Notice
from engine.queries.research import rounds
from tests.houses import House, paper, research

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
