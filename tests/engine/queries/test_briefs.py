"""The brief before a sitting: which units get one, what stands in it, who may read it and from when."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions.perform import perform
from engine.actions.question import ask_question
from engine.actions.research import plan_research
from engine.actions.sitting import Part, schedule_sitting, set_programme
from engine.errors import Forbidden, NotFound, WrongState
from engine.models.consultation import Consultation, Sitting
from engine.models.house import Notice
from engine.models.people import Unit
from engine.models.recommendation import Recommendation, Source
from engine.queries.briefs import Brief, brief, open_to, units_of
from tests.engine.actions.test_recommendation import assessed, assigned, drafted, replied
from tests.houses import REPLY, VISITS, House, invited, sent_paper, shown_question, sitting

ON_ONE = pytest.mark.parametrize("house", ["sqlite"], indirect=True)
"""Where only the rules speak; what is queried is asked of both databases."""

OURS, OTHERS = 1, 2
PROMISE = {
    "words": "年内出台补助办法。",
    "speaker": "秦局长",
    "unit": OURS,
    "due_on": "2026-12-31",
    "second": 60,
}


def planned(house: House, db: Session) -> Sitting:
    """To come, with one unit's people invited."""
    at = sitting(house, db, live=False)
    invited(house, db, at, "unit_leader")
    return at


def next_sitting(house: House, db: Session, before: Sitting) -> Sitting:
    """Another of the same consultation, three weeks after it."""
    hours = {"starts_at": "2026-12-15T14:00", "ends_at": "2026-12-15T16:00", "place": "协商室"}
    committee, parent = house.actor(db, "committee"), db.get_one(Consultation, before.parent_id)
    at = schedule_sitting(db, parent, actor=committee, now=house.now, title="再协商", **hours)
    invited(house, db, at, "unit_leader")
    return at


def do(house: House, db: Session, one: Any, verb: str, who: str, **given: Any) -> None:
    perform(db, one, verb, actor=house.actor(db, who), now=house.now, **given)


def read(house: House, db: Session, at: Sitting, who: str = "committee", unit: int = OURS) -> Brief:
    return brief(db, at, unit, house.actor(db, who))


def titles(found: Brief) -> list[str]:
    return [group.first.question.title for group in found.groups]


def told(db: Session, at: Sitting) -> list[int]:
    mine = select(Notice.person_id).where(Notice.matter_id == at.id, Notice.zh.contains("发放会前简报"))
    return list(db.scalars(mine.order_by(Notice.id)))


def test_a_unit_takes_part_by_its_people_the_run_of_show_or_a_question_routed_to_it(house: House) -> None:
    with house.transaction() as db:
        at = sitting(house, db, live=False)
        at.parent.parent.unit_id = None
        db.flush()
        ours, others = db.scalars(select(Unit).order_by(Unit.id))
        assert units_of(db, at) == []
        invited(house, db, at, "unit_leader")
        assert units_of(db, at) == [ours]
        part = Part("answers", f"{others.name}下属分局解答", 40, f"{others.name}副局长")
        set_programme(db, at, [part], actor=house.actor(db, "committee"), now=house.now)
        assert units_of(db, at) == [ours]  # a name that only resembles another is no part in it
        part = Part("answers", "部门解答", 40, unit_id=others.id)
        set_programme(db, at, [part], actor=house.actor(db, "committee"), now=house.now)
        assert units_of(db, at) == [ours, others]
        set_programme(db, at, [], actor=house.actor(db, "committee"), now=house.now)
        question = shown_question(house, db, at)
        do(house, db, question, "owe", "host1", unit_id=OTHERS, due_on="2026-12-01")
        assert units_of(db, at) == [ours, others]


def test_the_counterpart_of_the_topic_takes_part(house: House) -> None:
    with house.transaction() as db:
        at = sitting(house, db, live=False)
        at.parent.parent.unit_id = OTHERS
        db.flush()
        assert [unit.id for unit in units_of(db, at)] == [OTHERS]


def test_questions_stand_by_support_near_duplicates_together_and_the_units_own_first(house: House) -> None:
    with house.transaction() as db:
        at = planned(house, db)
        lift = shown_question(house, db, at, "老小区加装电梯谁出钱？")
        shown_question(house, db, at, "老旧小区加装电梯的费用由谁承担？", by="citizen2")
        light = shown_question(house, db, at, "东湖路的路灯坏了没人修？", by="citizen3")
        ours = shown_question(house, db, at, "物业费收了为什么不公示？", by="citizen4")
        for voter in ("citizen5", "citizen6"):
            do(house, db, lift, "upvote", voter)
        do(house, db, light, "upvote", "citizen5")
        do(house, db, ours, "owe", "host1", unit_id=OURS, due_on="2026-12-01")
        found = read(house, db, at)
        assert titles(found) == [ours.title, lift.title, light.title]
        assert [len(group.others) for group in found.groups] == [0, 1, 0]
        assert [group.is_ours for group in found.groups] == [True, False, False]
        assert (found.asked, found.groups[1].first.upvotes) == (4, 2)


def test_what_is_not_shown_to_the_public_stands_in_no_brief(house: House) -> None:
    with house.transaction() as db:
        at = planned(house, db)
        asker = house.actor(db, "citizen1")
        waiting = ask_question(db, at, actor=asker, now=house.now, title="待审的提问？", asker_name="居民")
        hidden, test, merged, refused = (
            shown_question(house, db, at, f"{word}的事怎么办？", by=f"citizen{number}")
            for number, word in enumerate(("隐藏", "演练", "绿化", "停车"), start=2)
        )
        main = shown_question(house, db, at, "物业费收了为什么不公示？", by="citizen9")
        do(house, db, hidden, "hide", "moderator1", reason_code="personal")
        test.is_test = True
        do(house, db, merged, "merge", "moderator1", merged_into_id=main.id)
        do(house, db, refused, "refuse", "moderator1", refusal="court")
        assert waiting.state == "pending"
        assert titles(read(house, db, at)) == [main.title]


def test_findings_stand_in_it_once_their_report_is_accepted(house: House) -> None:
    with house.transaction() as db:
        at, committee = planned(house, db), house.actor(db, "committee")
        given = {"title": "走访小区", "group_id": 1, "questions": "业主怎么看？"}
        task = plan_research(db, at.parent, actor=committee, now=house.now, **given)
        do(house, db, task, "start_field", "group1", visits=VISITS)
        found = {"claim": "六成小区没有业委会。", "place": "当湖街道", "found_on": "2026-10-12"}
        do(house, db, task, "add_finding", "group1", **found)
        report = sent_paper(house, db, by="group1").id
        do(house, db, task, "submit_report", "group1", summary="物业矛盾突出。", report_id=report)
        assert read(house, db, at).findings == []
        do(house, db, task, "accept", "committee")
        assert [one.claim for one in read(house, db, at).findings] == ["六成小区没有业委会。"]


def verified(house: House, db: Session, recommendation: Recommendation) -> None:
    assessed(house, db, recommendation)
    do(house, db, recommendation, "start_implementing", "committee")
    do(house, db, recommendation, "verify", "committee", check_way="site", finding_text="现场核实。")


def test_the_units_promises_of_earlier_sittings_stay_until_what_rests_on_them_is_verified(
    house: House,
) -> None:
    with house.transaction() as db:
        recommendation, (assignment,) = assigned(house, db)
        live = db.scalars(select(Sitting)).one()
        do(house, db, live, "record_promise", "recorder1", **PROMISE)
        do(house, db, live, "record_promise", "recorder1", **PROMISE | {"unit": OTHERS, "words": "别家的。"})
        at = next_sitting(house, db, live)
        ((promise, made_at),) = read(house, db, at).promises
        assert (promise.words, made_at) == ("年内出台补助办法。", live)
        assert read(house, db, live).promises == []
        db.add(Source(recommendation_id=recommendation.id, promise_id=promise.id))
        replied(house, db, assignment)
        assert len(read(house, db, at).promises) == 1
        verified(house, db, recommendation)
        assert read(house, db, at).promises == []


@pytest.mark.parametrize(("decision", "stays"), [("adopted", True), ("partly", True), ("declined", False)])
def test_what_a_unit_has_taken_up_stays_from_its_signed_reply_until_it_is_verified(
    house: House, decision: str, stays: bool
) -> None:
    with house.transaction() as db:
        recommendation, (assignment,) = assigned(house, db)
        at = next_sitting(house, db, db.scalars(select(Sitting)).one())
        given = {"decision": decision, "reason": "资金要分两年安排。"}
        drafted(house, db, assignment, **given)
        assert read(house, db, at).replies == []
        do(house, db, assignment, "reply", "unit_leader", **REPLY | given)
        assert read(house, db, at).replies == ([assignment] if stays else [])
        if stays:
            verified(house, db, recommendation)
        assert read(house, db, at).replies == []


def test_its_release_opens_it_to_the_units_that_take_part_and_tells_their_liaisons(house: House) -> None:
    with house.transaction() as db:
        at = planned(house, db)
        for who in ("unit_admin", "unit_handler", "unit_leader"):
            with pytest.raises(WrongState, match="not released yet"):
                read(house, db, at, who)
        assert open_to(db, house.actor(db, "unit_admin")) == []
        do(house, db, at, "release_brief", "committee")
        assert told(db, at) == [house.actor(db, "unit_admin").id]
        for who in ("unit_admin", "unit_handler", "unit_leader"):
            assert read(house, db, at, who).released_at == house.now
            assert [(one.id, unit.id) for one, unit in open_to(db, house.actor(db, who))] == [(at.id, OURS)]
        house.later(days=1)
        do(house, db, at, "release_brief", "committee")
        assert (len(told(db, at)), read(house, db, at).released_at) == (2, house.now)


def test_nobody_reads_anothers_brief_but_those_who_run_the_sitting(house: House) -> None:
    with house.transaction() as db:
        at = planned(house, db)
        do(house, db, at, "release_brief", "committee")
        for who in ("other_unit", "group1", "citizen1", "sysadmin"):
            with pytest.raises(Forbidden):
                read(house, db, at, who)
        assert open_to(db, house.actor(db, "other_unit")) == []
        for who in ("committee", "office", "leader", "host1", "moderator1"):
            assert read(house, db, at, who).unit.id == OURS
        with pytest.raises(NotFound):
            read(house, db, at, "committee", OTHERS)


@ON_ONE
@pytest.mark.parametrize("who", ["office", "host1", "unit_admin", "group1"])
def test_the_committee_alone_releases_it(house: House, who: str) -> None:
    with house.transaction() as db:
        at = planned(house, db)
        with pytest.raises(Forbidden, match="Committee staff"):
            do(house, db, at, "release_brief", who)
        assert told(db, at) == []


def test_with_no_unit_or_once_it_is_on_the_air_nothing_is_released(house: House) -> None:
    with house.transaction() as db:
        at = sitting(house, db, live=False)
        at.parent.parent.unit_id = None
        db.flush()
        with pytest.raises(WrongState, match="No unit takes part"), db.begin_nested():
            do(house, db, at, "release_brief", "committee")
        invited(house, db, at, "unit_leader")
        do(house, db, at, "cancel", "leader", public_reason="台风。")
        with pytest.raises(WrongState, match="Cancelled"):
            do(house, db, at, "release_brief", "committee")
