"""A sitting from its preparation to its closing: nothing goes on air unready, nothing closes loose."""

import pytest
from sqlalchemy import func, select

from engine.actions.perform import perform
from engine.actions.sitting import Part, schedule_sitting, set_programme
from engine.errors import Forbidden, Invalid, WrongState
from engine.models.consultation import Consultation, Promise, Segment
from engine.models.ledger import Task
from tests.houses import House, consultation, shown_question, sitting


def test_it_goes_live_only_from_ready(house: House) -> None:
    with house.transaction() as db:
        warming = sitting(house, db, live=False)
        with pytest.raises(WrongState, match="Go live"):
            perform(db, warming, "go_live", actor=house.actor(db, "host1"), now=house.now)
        with pytest.raises(Invalid) as refusal:
            perform(
                db,
                warming,
                "make_ready",
                actor=house.actor(db, "committee"),
                now=house.now,
                stream_tested="yes",
            )
        assert len(refusal.value.fields) == 5
        assert warming.opened_at is None


def test_going_live_opens_the_window_and_begins_the_first_segment(house: House) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        assert live.opened_at == house.now
        assert [segment.started_at for segment in live.segments] == [house.now, None, None]


def test_only_this_sittings_host_goes_live(house: House) -> None:
    with house.transaction() as db:
        warming = sitting(house, db, live=False)
        with pytest.raises(Forbidden, match="Host of the sitting"):
            perform(db, warming, "go_live", actor=house.actor(db, "office"), now=house.now)


def test_next_moves_once_for_two_who_press_at_once(house: House) -> None:
    with house.transaction() as db:
        live, host = sitting(house, db), house.actor(db, "host1")
        house.later(minutes=20)
        perform(db, live, "next_segment", actor=host, now=house.now, seen=1)
        with pytest.raises(WrongState, match="just moved on"):
            perform(db, live, "next_segment", actor=host, now=house.now, seen=1)
        first, second, third = live.segments
        assert (first.ended_at, second.started_at, third.started_at) == (house.now, house.now, None)
        perform(db, live, "next_segment", actor=host, now=house.now, seen=2)
        with pytest.raises(WrongState, match="last segment"):
            perform(db, live, "next_segment", actor=host, now=house.now, seen=3)


def test_it_does_not_close_while_a_question_is_loose(house: House) -> None:
    with house.transaction() as db:
        live, host = sitting(house, db), house.actor(db, "host1")
        question = shown_question(house, db, live)
        with pytest.raises(WrongState, match="loose"):
            perform(db, live, "end", actor=host, now=house.now)
        perform(db, question, "owe", actor=host, now=house.now, unit_id=1, due_on="2026-12-01")
        house.later(hours=2)
        perform(db, live, "end", actor=host, now=house.now)
        assert (live.state, live.closed_at) == ("held", house.now)
        assert live.segments[0].ended_at == house.now
        kinds = set(db.scalars(select(Task.kind).where(Task.matter_id == live.id)))
        assert kinds == {"compile_recommendations"}


def test_a_promise_is_kept_with_its_second_and_its_day(house: House) -> None:
    with house.transaction() as db:
        live, recorder = sitting(house, db), house.actor(db, "recorder1")
        given = {
            "words": "年底前出台电梯加装补助办法。",
            "speaker": "秦局长",
            "unit": 1,
            "due_on": "2026-12-31",
            "second": 2472,
        }
        entry = perform(db, live, "record_promise", actor=recorder, now=house.now, **given)
        promise = db.scalars(select(Promise)).one()
        assert (promise.second, str(promise.due_on), promise.entry_id) == (2472, "2026-12-31", entry.id)
        with pytest.raises(Invalid):
            perform(db, live, "record_promise", actor=recorder, now=house.now, **given | {"due_on": "明年"})
        with pytest.raises(Invalid), db.begin_nested():
            perform(
                db, live, "record_promise", actor=recorder, now=house.now, **given | {"question": live.id}
            )
        assert db.scalar(select(func.count()).select_from(Promise)) == 1


def test_the_run_of_show_is_fixed_once_it_has_begun(house: House) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        with pytest.raises(WrongState):
            set_programme(
                db, live, [Part("answers", "解答", 10)], actor=house.actor(db, "committee"), now=house.now
            )


def test_the_run_of_show_may_be_written_again(house: House) -> None:
    with house.transaction() as db:
        warming, committee = sitting(house, db, live=False), house.actor(db, "committee")
        for titles in (("通报", "解答"), ("解答",), ("通报", "提问", "解答", "发言")):
            parts = [Part("answers", title, 10) for title in titles]
            set_programme(db, warming, parts, actor=committee, now=house.now)
            rows = db.execute(select(Segment.position, Segment.title).order_by(Segment.position)).all()
            assert [tuple(row) for row in rows] == list(enumerate(titles, start=1))


@pytest.mark.parametrize(
    ("times", "field"),
    [
        ({"ends_at": "2026-11-24T13:59"}, "ends_at"),
        ({"ends_at": "2026-11-24T14:00"}, "ends_at"),
        ({"starts_at": "2026-10-11T14:00"}, "starts_at"),
        ({"starts_at": "2020-12-10T14:00"}, "starts_at"),
        ({"ends_at": "9999-12-31T23:59"}, "ends_at"),
    ],
)
def test_a_sitting_begins_today_at_the_earliest_and_ends_after_that(
    house: House, times: dict[str, str], field: str
) -> None:
    with house.transaction() as db:
        planned, committee = consultation(house, db), house.actor(db, "committee")
        given = {
            "title": "请你来协商",
            "starts_at": "2026-11-24T14:00",
            "ends_at": "2026-11-24T16:00",
            "place": "协商室",
        }
        with pytest.raises(Invalid) as refusal:
            schedule_sitting(db, planned, actor=committee, now=house.now, **given | times)
        assert set(refusal.value.fields) == {field}


def test_with_its_consultation_a_sitting_is_cancelled(house: House) -> None:
    with house.transaction() as db:
        warming, leader = sitting(house, db, live=False), house.actor(db, "leader")
        planned = db.get_one(Consultation, warming.parent_id)
        perform(db, planned, "cancel", actor=leader, now=house.now, reason="另行安排。")
        assert (planned.state, warming.state) == ("cancelled", "cancelled")


@pytest.mark.parametrize(
    "part", [Part("speech", "讲话", 10), Part("answers", " ", 10), Part("answers", "解答", 0)]
)
def test_a_wrong_segment_is_refused(house: House, part: Part) -> None:
    with house.transaction() as db:
        warming = sitting(house, db, live=False)
        with pytest.raises(Invalid):
            set_programme(db, warming, [part], actor=house.actor(db, "committee"), now=house.now)
        assert len(warming.segments) == 3


def test_interrupted_it_keeps_taking_questions_and_comes_back(house: House) -> None:
    with house.transaction() as db:
        live, host = sitting(house, db), house.actor(db, "host1")
        perform(db, live, "interrupt", actor=host, now=house.now, reason="信号中断")
        shown_question(house, db, live)
        perform(db, live, "resume", actor=host, now=house.now)
        assert live.state == "live"
