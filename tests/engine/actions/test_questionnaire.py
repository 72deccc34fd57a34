"""Questionnaires of a research: written, opened, answered by whoever has the address, and closed."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import ledger
from engine.actions.perform import perform
from engine.actions.questionnaire import answer, close_due, draft_questionnaire
from engine.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from engine.models.consultation import Consultation, Research
from engine.models.house import Notice
from engine.models.questionnaire import AnswerSheet, Item, Questionnaire
from engine.queries.ledger import as_entry
from engine.queries.matters import history
from engine.queries.questionnaires import (
    LEAST,
    Result,
    answered,
    disagreements,
    labels,
    published,
    results,
    sheets,
    withheld,
    words,
)
from engine.queries.questionnaires import questionnaire as public
from engine.queries.sittings import findings_of
from tests.houses import FINDING, ITEMS, House, paper, questionnaire, research

ONE, SEVERAL, SCALE, TEXT = range(4)


def do(house: House, db: Session, asking: Questionnaire, verb: str, who: str = "group1", **given: Any) -> str:
    perform(db, asking, verb, actor=house.actor(db, who), now=house.now, **given)
    return asking.state


def drafted(house: House, db: Session, items: Sequence[dict[str, str]] = ITEMS) -> Questionnaire:
    leader = house.actor(db, "group1")
    asking = draft_questionnaire(db, research(house, db), actor=leader, now=house.now, title="业主问卷")
    for item in items:
        do(house, db, asking, "add_item", **item)
    return asking


def fill(house: House, db: Session, asking: Questionnaire, who: str, *values: Any) -> AnswerSheet:
    """The answers of a browser, in the order of the questions."""
    given = {item.id: value for item, value in zip(asking.items, values, strict=False)}
    return answer(db, asking, given, token=who, now=house.now)


def crowd(house: House, db: Session, asking: Questionnaire, *choices: tuple[int, str]) -> None:
    """So many browsers each choose that of the first question."""
    for many, choice in choices:
        for number in range(many):
            fill(house, db, asking, f"{choice}-{number}", choice)


def test_questions_are_written_numbered_and_taken_out_again(house: House) -> None:
    with house.transaction() as db:
        asking = drafted(house, db)
        taken_out = asking.items[1].id
        do(house, db, asking, "remove_item", item=taken_out)
        assert [(item.position, item.wording, len(item.options)) for item in asking.items] == [
            (1, "账目公布过吗？", 3),
            (2, "总体满意度", 2),
            (3, "您有什么建议？", 0),
        ]
        for gone in (taken_out, 999):
            with pytest.raises(Invalid) as refusal:
                do(house, db, asking, "remove_item", item=gone)
            assert refusal.value.fields.keys() == {"item"}
        assert len(asking.items) == 3


def test_a_draft_question_is_rewritten_in_its_place(house: House) -> None:
    with house.transaction() as db:
        asking = drafted(house, db)
        second = asking.items[SEVERAL].id
        new = {"item": second, "wording": "物业费合理吗？", "kind": "scale", "options": "很不合理\n很合理"}
        do(house, db, asking, "change_item", **new)
        changed = asking.items[SEVERAL]
        assert (changed.id, changed.position, changed.wording) == (second, 2, "物业费合理吗？")
        assert list(labels(changed)) == ["1＝很不合理", "2", "3", "4", "5＝很合理"]
        for wrong in ({"item": 999}, {"options": "一般"}, {"kind": "text"}):
            with pytest.raises(Invalid):
                do(house, db, asking, "change_item", **new | wrong)
        assert labels(changed)[0] == "1＝很不合理"


def test_of_two_who_rewrite_from_the_same_version_the_second_is_told(house: House) -> None:
    with house.transaction() as db:
        asking = drafted(house, db)
        seen, leader = asking.version, house.actor(db, "group1")
        new = {"item": asking.items[ONE].id, **ITEMS[TEXT]}
        perform(db, asking, "change_item", actor=leader, now=house.now, seen=seen, **new)
        with pytest.raises(Stale, match="Change a question"):
            perform(db, asking, "change_item", actor=leader, now=house.now, seen=seen, **new)


def test_questions_move_up_and_down_between_the_ends(house: House) -> None:
    with house.transaction() as db:
        asking = drafted(house, db)

        def move(number: int, towards: str) -> list[str]:
            do(house, db, asking, "move_item", item=asking.items[number].id, towards=towards)
            assert [item.position for item in asking.items] == [1, 2, 3, 4]
            return [item.kind for item in asking.items]

        assert move(0, "down") == ["several", "one", "scale", "text"]
        assert move(3, "up") == ["several", "one", "text", "scale"]
        for number, towards in ((0, "up"), (3, "down")):
            with pytest.raises(Invalid) as refusal:
                move(number, towards)
            assert refusal.value.fields.keys() == {"towards"}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("one", ""),
        ("one", "只有一项"),
        ("several", "停车\n停车"),
        ("several", "\n".join(map(str, range(11)))),
        ("one", f"停车\n{'长' * 101}"),
        ("scale", "满意"),
        ("scale", "满意\n满意"),
        ("scale", "满意\n一般\n不满意"),
        ("text", "满意\n不满意"),
    ],
)
def test_a_question_whose_choices_do_not_fit_its_kind_is_refused(
    house: House, kind: str, options: str
) -> None:
    with house.transaction() as db:
        asking = drafted(house, db, [])
        with pytest.raises(Invalid) as refusal:
            do(house, db, asking, "add_item", wording="题目", kind=kind, options=options)
        assert refusal.value.fields.keys() == {"options"}
        assert asking.items == []


def test_a_questionnaire_opens_with_one_question_at_least_and_has_twenty_at_most(house: House) -> None:
    with house.transaction() as db:
        asking = drafted(house, db, [])
        with pytest.raises(WrongState, match="at least 1 question"):
            do(house, db, asking, "open", closes_on="2026-10-20")
        for _ in range(20):
            do(house, db, asking, "add_item", **ITEMS[SCALE])
        with pytest.raises(WrongState, match="at most 20"):
            do(house, db, asking, "add_item", **ITEMS[SCALE])
        with pytest.raises(Invalid) as refusal:
            do(house, db, asking, "open", closes_on="2026-10-11")
        assert refusal.value.fields["closes_on"].en == "The last day cannot be before today."
        assert do(house, db, asking, "open", closes_on="2026-10-12") == "open"


def test_its_questions_are_fixed_once_it_is_open(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        first = {"item": asking.items[ONE].id}
        for verb, given in (("add_item", ITEMS[SCALE]), ("remove_item", first), ("discard", {})):
            with pytest.raises(WrongState):
                do(house, db, asking, verb, **given)
        assert len(asking.items) == len(ITEMS)


def test_only_the_leader_of_the_group_opens_it(house: House) -> None:
    with house.transaction() as db:
        asking = drafted(house, db)
        for other in ("group2", "committee"):
            with pytest.raises(Forbidden):
                do(house, db, asking, "open", other, closes_on="2026-10-20")
        task, other_leader = db.get_one(Research, asking.parent_id), house.actor(db, "group2")
        with pytest.raises(Forbidden):
            draft_questionnaire(db, task, actor=other_leader, now=house.now, title="别组的问卷")


def test_no_questionnaire_goes_out_once_the_report_is_put_in(house: House) -> None:
    with house.transaction() as db:
        asking = drafted(house, db)
        task = db.get_one(Research, asking.parent_id)
        given = {"summary": "摘要。", "report_id": paper(house, db, task, "报告.pdf")}
        perform(db, task, "submit_report", actor=house.actor(db, "group1"), now=house.now, **given)
        with pytest.raises(WrongState, match="no questionnaire goes out"):
            do(house, db, asking, "open", closes_on="2026-10-20")
        with pytest.raises(WrongState, match="no questionnaire goes out"):
            draft_questionnaire(db, task, actor=house.actor(db, "group1"), now=house.now, title="又一份")


def test_a_browser_has_one_sheet_which_its_next_answers_replace(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        fill(house, db, asking, "a", "2", ["1", "3"], "5", "公布账目。")
        fill(house, db, asking, "b", "1")
        assert answered(db, asking, "a") == {
            asking.items[ONE].id: ["2"],
            asking.items[SEVERAL].id: ["1", "3"],
            asking.items[SCALE].id: ["5"],
            asking.items[TEXT].id: ["公布账目。"],
        }
        fill(house, db, asking, "a", "1", "2")
        assert answered(db, asking, "a") == {asking.items[ONE].id: ["1"], asking.items[SEVERAL].id: ["2"]}
        assert (sheets(db, asking), answered(db, asking, "c")) == (2, None)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (["4"], ONE),
        (["0"], ONE),
        (["１"], ONE),
        ([["1", "2"]], ONE),
        ([None, ["1", "9"]], SEVERAL),
        ([None, None, "6"], SCALE),
        ([None, None, None, "长" * 501], TEXT),
        ([None, None, None, "\x1b[31m"], TEXT),
        ([None, None, None, ["一", "二"]], TEXT),
    ],
)
def test_an_answer_that_its_question_does_not_offer_is_refused(
    house: House, values: list[Any], wrong: int
) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        fill(house, db, asking, "a", "1")
        with pytest.raises(Invalid) as refusal:
            fill(house, db, asking, "a", *values)
        assert refusal.value.fields.keys() == {f"item-{asking.items[wrong].id}"}
        assert answered(db, asking, "a") == {asking.items[ONE].id: ["1"]}


@pytest.mark.parametrize("values", [[], [" ", [], "", "\n"]])
def test_an_empty_sheet_is_refused(house: House, values: list[Any]) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        with pytest.raises(Invalid) as refusal:
            fill(house, db, asking, "a", *values)
        assert refusal.value.fields["answers"].zh == "请至少回答一道题。"
        assert sheets(db, asking) == 0


def test_it_takes_answers_to_the_end_of_its_last_day_and_then_closes_by_itself(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db, to=date(2026, 10, 13))
        house.now += timedelta(days=1)
        close_due(db, now=house.now)
        fill(house, db, asking, "a", "1")
        house.now += timedelta(days=1)
        with pytest.raises(WrongState, match="not taking answers now"):
            fill(house, db, asking, "b", "1")
        close_due(db, now=house.now)
        db.refresh(asking)
        assert (asking.state, sheets(db, asking)) == ("closed", 1)


def test_no_answer_is_taken_before_it_opens_nor_after_its_leader_closed_it(house: House) -> None:
    with house.transaction() as db:
        asking = drafted(house, db)
        with pytest.raises(WrongState):
            fill(house, db, asking, "a", "1")
        with pytest.raises(NotFound):
            public(db, asking.id)
        do(house, db, asking, "open", closes_on="2026-10-20")
        do(house, db, asking, "close")
        with pytest.raises(WrongState):
            fill(house, db, asking, "a", "1")
        assert public(db, asking.id) is asking


def test_a_cancelled_consultation_asks_nobody_any_more(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        fill(house, db, asking, "a", "1")
        task = db.get_one(Research, asking.parent_id)
        leader, given = house.actor(db, "group1"), {"title": "还没开放的问卷"}
        draft = draft_questionnaire(db, task, actor=leader, now=house.now, **given)
        parent = db.get_one(Consultation, task.parent_id)
        perform(db, parent, "cancel", actor=house.actor(db, "leader"), now=house.now, public_reason="台风。")
        assert [one.state for one in (parent, task, asking, draft)] == ["cancelled"] * 4
        told = select(Notice.person_id).where(Notice.zh.contains("协商取消"))
        assert db.scalars(told).all() == [leader.id]
        with pytest.raises(WrongState, match="consultation is cancelled"):
            fill(house, db, asking, "b", "1")
        with pytest.raises(WrongState, match="no questionnaire goes out"):
            draft_questionnaire(db, task, actor=leader, now=house.now, **given)
        assert (public(db, asking.id), sheets(db, asking)) == (asking, 1)
        with pytest.raises(NotFound):
            public(db, draft.id)


def test_with_the_report_accepted_it_asks_no_more(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        task = db.get_one(Research, asking.parent_id)
        report = {"summary": "账目不公开。", "report_id": paper(house, db, task, "报告.pdf")}
        perform(db, task, "submit_report", actor=house.actor(db, "group1"), now=house.now, **report)
        fill(house, db, asking, "a", "1")
        perform(db, task, "accept", actor=house.actor(db, "committee"), now=house.now)
        with pytest.raises(WrongState, match="not taking answers now"):
            fill(house, db, asking, "b", "1")


def test_each_sheet_leaves_a_line_in_the_ledger_that_names_nobody_and_shows_nothing(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        sheet = fill(house, db, asking, "browser-a", "2", ["1"], "5", "请公布账目。")
        fill(house, db, asking, "browser-b", "1")
        first = sheet.entry
        assert first
        lines = [step for step in history(db, asking) if step.entry.event == "matter.answered"]
        assert [(one.title.zh, one.times, one.answers) for one in lines] == [("收到答卷", 2, [])]
        assert (first.actor_id, first.data) == (None, {"sheets": 1})
        leaf = ledger.leaf(as_entry(first)).decode()
        assert "公布账目" not in leaf
        assert sheet.token not in leaf + "".join(text.text or "" for text in first.texts)
        fill(house, db, asking, "browser-a", "3")
        assert sheet.entry is not first
        assert sheet.entry.data == {"sheets": 2}
        assert [(text.salt, text.text) for text in first.texts] == [(None, None)]
        assert list(disagreements(db)) == []


def test_answers_that_are_changed_added_or_lost_behind_the_ledger_are_found(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        crowd(house, db, asking, (3, "1"))
        sheet = fill(house, db, asking, "a", "2")
        sheet.answers[0].choice = 1
        db.flush()
        assert ["1 sheets of answers are not as" in one.en for one in disagreements(db)] == [True]
        sheet.answers[0].choice = 2
        db.flush()
        db.add(AnswerSheet(questionnaire_id=asking.id, token="stuffed", at=house.now))
        db.flush()
        assert ["has 4 sheets of answers, 5 are there" in one.en for one in disagreements(db)] == [True]


def test_the_group_sees_every_figure_and_what_was_written(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        fill(house, db, asking, "a", "2", ["1", "3"], "5", "公布账目。")
        fill(house, db, asking, "b", "2", ["1"])
        found = results(db, asking)
        assert [one.answered for one in found] == [2, 2, 1, 1]
        assert list(found[ONE].counts) == [("公布过", 0), ("没有公布", 2), ("不清楚", 0)]
        assert list(found[SEVERAL].counts) == [("停车", 2), ("保洁", 0), ("维修", 1)]
        assert list(found[SCALE].counts)[-1] == ("5＝很满意", 1)
        assert words(db, asking.items[TEXT]) == ["公布账目。"]


def test_a_question_that_too_few_answered_is_not_published(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        crowd(house, db, asking, (LEAST - 1, "2"))
        assert {one.answered for one in published(db, asking)} == {None}
        assert {count for one in published(db, asking) for _, count in one.counts} == {None}


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ((9, 6, 2), (9, None, None)),
        ((10, 1, 0), (None, None, None)),
        ((10, 0, 0), (None, None, None)),
        ((20, 10, 0), (20, None, None)),
        ((20, 3, 2), (20, None, None)),
        ((9, 6, 5), (9, 6, 5)),
    ],
)
def test_small_figures_are_withheld_with_others_so_that_nobody_works_them_out(
    chosen: tuple[int, ...], shown: tuple[int | None, ...]
) -> None:
    asked = Item(kind="one", options=["公布过", "没有公布", "不清楚"])
    found = withheld(Result(asked, sum(chosen), list(zip(asked.options, chosen, strict=True))))
    assert found.answered == sum(chosen)
    assert tuple(count for _label, count in found.counts) == shown


def test_a_small_figure_of_one_choice_is_not_published(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        crowd(house, db, asking, (9, "1"), (6, "2"), (2, "3"))
        first = published(db, asking)[ONE]
        assert first.answered == 17
        assert list(first.counts) == [("公布过", 9), ("没有公布", None), ("不清楚", None)]


def test_several_choices_do_not_add_up_so_a_small_one_is_withheld_alone(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        for number in range(LEAST):
            fill(house, db, asking, str(number), None, ["1", "2", *(["3"] if number == 0 else [])])
        assert list(published(db, asking)[SEVERAL].counts) == [("停车", 5), ("保洁", 5), ("维修", None)]


def test_a_finding_may_rest_on_a_question_of_the_same_research_that_has_closed(house: House) -> None:
    with house.transaction() as db:
        asking = questionnaire(house, db)
        task, leader = db.get_one(Research, asking.parent_id), house.actor(db, "group1")
        given = FINDING | {"asked": asking.items[ONE].id}
        for number in (asking.items[ONE].id, 999):
            with pytest.raises(Invalid) as refusal:
                perform(db, task, "add_finding", actor=leader, now=house.now, **FINDING | {"asked": number})
            assert refusal.value.fields.keys() == {"asked"}
        do(house, db, asking, "close")
        perform(db, task, "add_finding", actor=leader, now=house.now, **given)
        assert [one.item and one.item.wording for one in findings_of(db, task)] == [None, "账目公布过吗？"]


def test_two_sheets_of_one_browser_at_once_are_one(house: House) -> None:
    with house.transaction() as db:
        number = questionnaire(house, db).id

    def send(db: Session) -> None:
        fill(house, db, db.get_one(Questionnaire, number), "a", "1")

    assert house.at_once([send, send, send]) == []
    with house.transaction() as db:
        assert db.scalar(select(func.count()).select_from(AnswerSheet)) == 1
