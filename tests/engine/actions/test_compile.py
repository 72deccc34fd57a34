"""Drafts of recommendations from a sitting that was held: grouped, linked to what they rest on, never twice."""

from sqlalchemy import select

from engine.actions.compile import compile_recommendations
from engine.actions.perform import perform
from engine.actions.research import plan_research
from engine.database import Session
from engine.models.consultation import Consultation, Sitting
from engine.models.ledger import LedgerEntry, Task
from engine.models.recommendation import Recommendation
from engine.models.voice import Question
from tests.houses import VISITS, House, shown_question, sitting

LIFT, SAME_LIFT, FEES = "老小区加装电梯谁出钱？", "老旧小区安装电梯钱由谁出", "物业费收支为什么不公开？"


def do(house: House, db: Session, matter, verb: str, by: str, **given: object) -> None:
    house.later(seconds=10)
    perform(db, matter, verb, actor=house.actor(db, by), now=house.now, **given)


def held(house: House, db: Session) -> Sitting:
    """Two questions about lifts, one answered on air and one owed; a promise; a finding and a question about fees."""
    live = sitting(house, db)
    committee = house.actor(db, "committee")
    consultation = db.get_one(Consultation, live.parent_id)
    research = plan_research(
        db,
        consultation,
        actor=committee,
        now=house.now,
        title="物业调研",
        group_id=1,
        questions="收支是否公开？",
    )
    do(house, db, research, "start_field", "committee", visits=VISITS)
    do(
        house, db, research, "add_finding", "committee", claim="物业费收支不公开", place="当湖街道",
        found_on="2026-09-03", page=7,
    )  # fmt: skip
    answered, owed = (
        shown_question(house, db, live, LIFT),
        shown_question(house, db, live, SAME_LIFT, "citizen2"),
    )
    fees = shown_question(house, db, live, FEES, "citizen3")
    refused = shown_question(house, db, live, "邻居家的狗太吵怎么办？", "citizen4")
    for question in (answered, fees):
        do(house, db, question, "shortlist", "host1")
        do(house, db, question, "put_on_air", "host1")
        do(house, db, question, "answer", "host1")
    do(house, db, owed, "owe", "host1", unit_id=1, due_on="2026-12-01")
    do(house, db, refused, "refuse", "moderator1", refusal="personal")
    do(
        house, db, live, "record_promise", "recorder1", words="年底前出台补助办法", speaker="市住建局局长", unit=1,
        due_on="2026-12-31", second=95, question=answered.id,
    )  # fmt: skip
    do(house, db, live, "end", "host1")
    return live


def test_similar_material_becomes_one_draft_that_cites_all_of_it(house: House) -> None:
    with house.transaction() as db:
        live = held(house, db)
        lifts, fees = compile_recommendations(db, live, now=house.now)
        assert [draft.state for draft in (lifts, fees)] == ["proposed", "proposed"]
        assert [draft.number for draft in (lifts, fees)] == [1, 2]
        assert lifts.title == "关于“老小区加装电梯谁出钱”的建议"
        assert lifts.suggested_unit_id == 1
        assert lifts.text.splitlines()[:2] == [
            "建议市住房和城乡建设局研究办理“老小区加装电梯谁出钱”的问题。依据：",
            "1. 现场承诺：市住建局局长：“年底前出台补助办法”（录像 00:01:35，2026年12月31日前完成）",
        ]
        cited = [
            (source.promise and source.promise.words) or (source.question and source.question.title)
            for source in lifts.sources
        ]
        assert cited == ["年底前出台补助办法", LIFT, SAME_LIFT]
        assert [(source.finding is not None, source.question is not None) for source in fees.sources] == [
            (True, False),
            (False, True),
        ]
        assert "调研发现：物业费收支不公开（当湖街道，2026年9月3日，报告第7页）" in fees.text


def test_a_refused_question_and_one_of_a_test_are_in_no_draft(house: House) -> None:
    with house.transaction() as db:
        live = held(house, db)
        db.scalars(select(Question).where(Question.title == FEES)).one().is_test = True
        db.flush()
        texts = "".join(draft.text for draft in compile_recommendations(db, live, now=house.now))
        assert "狗" not in texts
        assert FEES not in texts
        assert LIFT in texts


def test_running_twice_adds_nothing(house: House) -> None:
    with house.transaction() as db:
        live = held(house, db)
        first = compile_recommendations(db, live, now=house.now)
    with house.transaction() as db:
        assert compile_recommendations(db, db.get_one(Sitting, live.id), now=house.now) == []
        assert len(db.scalars(select(Recommendation)).all()) == len(first) == 2


def test_every_link_of_a_draft_stands_in_the_ledger_and_the_committee_is_told(house: House) -> None:
    with house.transaction() as db:
        draft, _ = compile_recommendations(db, held(house, db), now=house.now)
        entries = db.scalars(
            select(LedgerEntry).where(LedgerEntry.matter_id == draft.id).order_by(LedgerEntry.id)
        ).all()
        assert [(entry.verb, entry.role) for entry in entries] == [("propose", "system")] + [
            ("cite", "system")
        ] * 3
        assert [set(entry.answers) for entry in entries[1:]] == [{"promise"}, {"question"}, {"question"}]
        committee = house.actor(db, "committee")
        confirmed = {"title": draft.title, "text": draft.text, "kind": "policy", "suggested_unit_id": 1}
        perform(db, draft, "confirm", actor=committee, now=house.now, **confirmed)
        perform(db, draft, "report_up", actor=house.actor(db, "office"), now=house.now)
        assert draft.state == "submitted_to_leaders"


def test_ending_a_sitting_asks_for_its_drafts_once(house: House) -> None:
    with house.transaction() as db:
        live = held(house, db)
        (task,) = db.scalars(select(Task).where(Task.kind == "compile_recommendations"))
        assert (task.key, task.matter_id) == (f"compile:{live.id}", live.id)
