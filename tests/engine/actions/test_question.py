"""Every question has an end, counts by distinct person, and is never doubled."""

import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.perform import perform
from engine.actions.question import RECEIPT_LENGTH, ask_question, enter_question
from engine.actions.sitting import schedule_sitting
from engine.deadlines import deadlines
from engine.errors import Forbidden, Invalid, Refused, WrongState
from engine.models.consultation import Consultation, Sitting
from engine.models.voice import Question
from engine.queries import voices
from tests.houses import House, shown_question, sitting

GIVEN = {"title": "物业费涨价谁批准？", "asker_name": "当湖居民", "district": "当湖街道"}


def test_a_question_gets_a_receipt_of_sixty_bits_and_more(house: House) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        codes = {
            ask_question(db, live, actor=house.actor(db, "citizen1"), now=house.now, **GIVEN).receipt
            for _ in range(20)
        }
        assert len(codes) == 20
        assert {len(code) for code in codes} == {RECEIPT_LENGTH}
        assert voices.by_receipt(db, codes.pop()) is not None


def test_the_same_key_is_the_same_question_and_never_another(house: House) -> None:
    with house.transaction() as db:
        live, citizen = sitting(house, db), house.actor(db, "citizen1")
        first = ask_question(db, live, actor=citizen, now=house.now, key="k1", **GIVEN)
        assert ask_question(db, live, actor=citizen, now=house.now, key="k1", **GIVEN).id == first.id
        with pytest.raises(Invalid, match="correcting"):
            ask_question(
                db, live, actor=citizen, now=house.now, key="k1", **GIVEN | {"title": "另一个问题？"}
            )
        other = ask_question(db, live, actor=house.actor(db, "citizen2"), now=house.now, key="k1", **GIVEN)
        assert other.id != first.id
        assert db.scalar(select(func.count()).select_from(Question)) == 2


def test_nobody_asks_before_the_window_opens_or_without_a_verified_phone(house: House) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        with pytest.raises(Forbidden, match="Verified citizen"):
            ask_question(db, live, actor=house.actor(db, "unit_admin"), now=house.now, **GIVEN)
        perform(db, live, "end", actor=house.actor(db, "host1"), now=house.now)
        with pytest.raises(WrongState, match="not taking questions"):
            ask_question(db, live, actor=house.actor(db, "citizen1"), now=house.now, **GIVEN)


def test_who_entered_a_question_does_not_approve_it(house: House) -> None:
    with house.transaction() as db:
        live, moderator = sitting(house, db), house.actor(db, "moderator1")
        question = enter_question(db, live, actor=moderator, now=house.now, source="phone", **GIVEN)
        with pytest.raises(Forbidden, match="own work"):
            perform(db, question, "approve", actor=moderator, now=house.now)


def test_one_question_is_on_air_and_its_answer_points_into_the_recording(house: House) -> None:
    with house.transaction() as db:
        live, host, moderator = sitting(house, db), house.actor(db, "host1"), house.actor(db, "moderator1")
        first, second = (
            shown_question(house, db, live),
            shown_question(house, db, live, "业委会怎么成立？", "citizen2"),
        )
        for question in (first, second):
            perform(db, question, "shortlist", actor=moderator, now=house.now)
        house.later(minutes=41, seconds=12)
        perform(db, first, "put_on_air", actor=host, now=house.now)
        with pytest.raises(WrongState, match="Another question is on air"):
            perform(db, second, "put_on_air", actor=host, now=house.now)
        perform(db, first, "answer", actor=host, now=house.now)
        assert (first.on_air_second, first.answered_second, first.state) == (2472, 2472, "answered")


def test_merging_counts_distinct_people_and_can_be_undone(house: House) -> None:
    with house.transaction() as db:
        live, moderator = sitting(house, db), house.actor(db, "moderator1")
        first, second = (
            shown_question(house, db, live),
            shown_question(house, db, live, "加装电梯费用怎么分摊？", "citizen2"),
        )
        for question, names in ((first, ("citizen3", "citizen4")), (second, ("citizen4", "citizen5"))):
            for name in names:
                perform(db, question, "upvote", actor=house.actor(db, name), now=house.now)
        perform(db, second, "merge", actor=moderator, now=house.now, merged_into_id=first.id)
        asked = voices.asked(db, first.id)
        assert (asked.upvotes, asked.merged) == (3, 1)
        unrelated = shown_question(house, db, live, "垃圾分类点什么时候开放？", "citizen6")
        assert voices.asked(db, unrelated.id).upvotes == 0
        with pytest.raises(Invalid):
            perform(db, first, "merge", actor=moderator, now=house.now, merged_into_id=second.id)
        perform(db, second, "split", actor=moderator, now=house.now, reason="问的不是一件事")
        assert (second.state, second.merged_into_id, voices.asked(db, first.id).upvotes) == (
            "approved",
            None,
            2,
        )


def chained(house: House, db: Session) -> tuple[Question, Question, Question, Question]:
    """Each merged into the next: all stand under the last."""
    live, moderator = sitting(house, db), house.actor(db, "moderator1")
    titles = ("路灯什么时候修？", "小区路灯多久能修好？", "夜里没有路灯怎么办？", "照明问题怎么解决？")
    one, two, three, four = (
        shown_question(house, db, live, title, f"citizen{at}") for at, title in enumerate(titles, start=1)
    )
    for question, into in ((one, two), (two, three), (three, four)):
        perform(db, question, "merge", actor=moderator, now=house.now, merged_into_id=into.id)
    assert {question.merged_into_id for question in (one, two, three)} == {four.id}
    return one, two, three, four


def test_what_is_split_off_a_chain_takes_along_what_had_come_with_it(house: House) -> None:
    with house.transaction() as db:
        one, two, three, four = chained(house, db)
        moderator, reason = house.actor(db, "moderator1"), "问的不是一件事"
        perform(db, three, "split", actor=moderator, now=house.now, reason=reason)
        assert [question.merged_into_id for question in (one, two, three, four)] == [
            three.id,
            three.id,
            None,
            None,
        ]
        assert voices.asked(db, three.id).merged == 2
        perform(db, one, "split", actor=moderator, now=house.now, reason=reason)
        assert [question.merged_into_id for question in (one, two, three)] == [None, three.id, None]


def test_hiding_one_of_a_chain_leaves_the_others_as_they_came_together(house: House) -> None:
    with house.transaction() as db:
        one, two, three, _four = chained(house, db)
        moderator = house.actor(db, "moderator1")
        perform(db, two, "hide", actor=moderator, now=house.now, reason_code="personal")
        perform(db, three, "split", actor=moderator, now=house.now, reason="问的不是一件事")
        assert (one.merged_into_id, three.merged_into_id) == (three.id, None)


def test_who_asked_the_same_stays_together_when_one_of_them_is_hidden(house: House) -> None:
    with house.transaction() as db:
        one, two, three, four = chained(house, db)
        moderator, hidden = house.actor(db, "moderator1"), {"reason_code": "personal"}
        perform(db, two, "hide", actor=moderator, now=house.now, **hidden)
        assert [question.merged_into_id for question in (one, two, three)] == [four.id, None, four.id]
        perform(db, four, "hide", actor=moderator, now=house.now, **hidden)
        assert [question.merged_into_id for question in (one, three)] == [three.id, None]


def test_an_answer_cannot_be_owed_for_a_day_that_has_passed(house: House) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        question = shown_question(house, db, live)
        with pytest.raises(Invalid), db.begin_nested():
            perform(
                db,
                question,
                "owe",
                actor=house.actor(db, "host1"),
                now=house.now,
                unit_id=1,
                due_on="2026-10-01",
            )
        db.refresh(question)
        assert question.state == "approved"


def test_the_queue_is_the_longest_waiting_first_with_what_is_like_it(house: House) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        shown = shown_question(house, db, live, "老旧小区加装电梯的费用由谁承担？")
        asked = ask_question(
            db,
            live,
            actor=house.actor(db, "citizen2"),
            now=house.now,
            **GIVEN | {"title": "老小区加装电梯费用由谁承担？"},
        )
        house.later(minutes=4)
        ask_question(db, live, actor=house.actor(db, "citizen3"), now=house.now, **GIVEN)
        queue = voices.waiting(db, live, house.now)
        assert [entry.matter.title for entry in queue] == [asked.title, GIVEN["title"]]
        assert (queue[0].waited, [question.id for question in queue[0].similar]) == (240, [shown.id])
        assert queue[1].similar == []


def test_a_merge_needs_a_question_that_the_crowd_sees_and_nobody_refused(house: House) -> None:
    with house.transaction() as db:
        live, moderator = sitting(house, db), house.actor(db, "moderator1")
        one, refused = (
            shown_question(house, db, live),
            shown_question(house, db, live, "外地的事谁来管？", "citizen2"),
        )
        perform(db, refused, "refuse", actor=moderator, now=house.now, refusal="outside")
        rejected = ask_question(
            db,
            live,
            actor=house.actor(db, "citizen3"),
            now=house.now,
            title="不发布的问题？",
            asker_name="网友",
        )
        perform(db, rejected, "reject", actor=moderator, now=house.now, reason_code="personal")
        for other in (refused, rejected, one):
            with pytest.raises(Invalid):
                perform(db, one, "merge", actor=moderator, now=house.now, merged_into_id=other.id)
        assert one.state == "approved"


@pytest.mark.parametrize("leaving", ["withdraw", "hide"])
def test_who_asked_the_same_is_an_asker_again_when_the_question_goes(house: House, leaving: str) -> None:
    with house.transaction() as db:
        live, moderator = sitting(house, db), house.actor(db, "moderator1")
        one, two = (
            shown_question(house, db, live),
            shown_question(house, db, live, "电梯加装谁出钱？", "citizen2"),
        )
        perform(db, two, "merge", actor=moderator, now=house.now, merged_into_id=one.id)
        if leaving == "withdraw":
            perform(db, one, "withdraw", actor=house.actor(db, "citizen1"), now=house.now)
        else:
            perform(db, one, "hide", actor=moderator, now=house.now, reason_code="personal")
        assert (two.state, two.merged_into_id) == ("approved", None)
        with pytest.raises(WrongState, match="still loose"):
            perform(db, live, "end", actor=house.actor(db, "host1"), now=house.now)


def test_an_answer_is_owed_by_the_day_that_was_agreed_on_air(house: House) -> None:
    with house.transaction() as db:
        question = shown_question(house, db, sitting(house, db))
        host = house.actor(db, "host1")
        with pytest.raises(Invalid), db.begin_nested():
            perform(db, question, "owe", actor=host, now=house.now, unit_id=1, due_on="2026-10-11")
        perform(db, question, "owe", actor=host, now=house.now, unit_id=1, due_on="2026-12-01")
        assert [str(one.due) for one in deadlines(db, question)] == ["2026-12-01"]


def test_a_key_used_again_at_another_sitting_is_refused(house: House) -> None:
    with house.transaction() as db:
        first = sitting(house, db)
        second = schedule_sitting(
            db,
            db.get_one(Consultation, first.parent_id),
            actor=house.actor(db, "committee"),
            now=house.now,
            title="第二场",
            starts_at="2026-12-01T14:00",
            ends_at="2026-12-01T16:00",
            place="协商室",
        )
        asked = {"title": "何时动工？", "asker_name": "网友", "key": "one"}
        citizen = house.actor(db, "citizen1")
        question = ask_question(db, first, actor=citizen, now=house.now, **asked)
        assert ask_question(db, first, actor=citizen, now=house.now, **asked) is question
        with pytest.raises(Invalid) as refusal:
            ask_question(db, second, actor=citizen, now=house.now, **asked)
        assert set(refusal.value.fields) == {"key"}


def test_of_two_put_on_air_at_once_one_is(house: House) -> None:
    with house.transaction() as db:
        live, host = sitting(house, db), house.actor(db, "host1")
        ids = [shown_question(house, db, live, f"第{n}个问题？", f"citizen{n}").id for n in (1, 2)]
        for id in ids:
            perform(db, db.get_one(Question, id), "shortlist", actor=host, now=house.now)
    deeds = [
        lambda db, id=id: perform(
            db, db.get_one(Question, id), "put_on_air", actor=house.actor(db, "host1"), now=house.now
        )
        for id in ids
    ]
    assert house.at_once(deeds) == [WrongState]


def test_of_two_merged_into_each_other_at_once_one_is(house: House) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        ids = [shown_question(house, db, live, f"第{n}个问题？", f"citizen{n}").id for n in (1, 2)]
    deeds = [
        lambda db, id=id, into=into: perform(
            db,
            db.get_one(Question, id),
            "merge",
            actor=house.actor(db, "moderator1"),
            now=house.now,
            merged_into_id=into,
        )
        for id, into in (ids, ids[::-1])
    ]
    assert house.at_once(deeds) == [Invalid]


def test_the_same_key_sent_twice_at_once_makes_one_question(house: House) -> None:
    with house.transaction() as db:
        live = sitting(house, db).id
        house.actor(db, "citizen1")
    made: list[int] = []

    def ask(db: Session) -> None:
        given = {"title": "何时动工？", "asker_name": "网友", "key": "one"}
        made.append(
            ask_question(
                db, db.get_one(Sitting, live), actor=house.actor(db, "citizen1"), now=house.now, **given
            ).id
        )

    assert house.at_once([ask, ask, ask]) == []
    assert len(set(made)) == 1


def test_nothing_is_asked_behind_a_closing(house: House) -> None:
    """Who asks while the closing is under way waits for it, and is refused."""
    refused: list[Refused] = []

    def ask() -> None:
        try:
            with house.transaction() as db:
                citizen = house.actor(db, "citizen1")
                ask_question(db, db.get_one(Sitting, live), actor=citizen, now=house.now, **GIVEN)
        except Refused as refusal:
            refused.append(refusal)

    with house.transaction() as db:
        live = sitting(house, db).id
        house.actor(db, "citizen1")
    asking = threading.Thread(target=ask)
    with house.transaction() as db:
        perform(db, db.get_one(Sitting, live), "end", actor=house.actor(db, "host1"), now=house.now)
        asking.start()
        asking.join(1)
        assert asking.is_alive()
    asking.join()
    assert [type(one) for one in refused] == [WrongState]
