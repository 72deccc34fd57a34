"""A sitting from its preparation to its closing: nothing goes on air unready, nothing closes loose."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.perform import perform
from engine.actions.sitting import Part, schedule_sitting, set_programme
from engine.clock import day
from engine.editions import SHIPPED, carries_mark
from engine.errors import Forbidden, Invalid, WrongState
from engine.models.consultation import Consultation, Promise, Segment, Sitting
from engine.models.edition import ProcessEdition
from engine.models.ledger import LedgerEntry, Task
from engine.models.matter import Matter
from engine.queries.desk import waiting, waiting_by_process
from engine.queries.matters import history
from tests.houses import READINESS, House, consultation, invited, shown_question, sitting


def test_it_goes_live_only_from_ready(house: House) -> None:
    with house.transaction() as db:
        warming = sitting(house, db, live=False)
        with pytest.raises(WrongState, match="Go live"):
            perform(db, warming, "go_live", actor=house.actor(db, "host1"), now=house.now)
        assert warming.opened_at is None


def tick(house: House, db: Session, at: Sitting, who: str, *items: str) -> None:
    perform(db, at, "tick", actor=house.actor(db, who), now=house.now, readiness=list(items))


def test_it_is_not_ready_while_an_item_is_missing_and_the_refusal_says_whose(house: House) -> None:
    with house.transaction() as db:
        warming, committee = sitting(house, db, live=False), house.actor(db, "committee")
        for who, items in READINESS.items():
            if done := [item for item in items if item not in MISSING]:
                tick(house, db, warming, who, *done)
        with pytest.raises(WrongState) as refusal:
            perform(db, warming, "make_ready", actor=committee, now=house.now)
        assert refusal.value.words.zh == (
            "请先在清单里确认：法律提示已在页面公布（互动审核员）、互动审核员已排班（专委会人员）。"
        )
        assert refusal.value.words.en == (
            "To be confirmed in the checklist first: The legal notice stands on the page (Moderator); "
            "The moderators are rostered (Committee staff)."
        )
        assert carries_mark(db, warming, "warmup")
        tick(house, db, warming, "moderator1", "notice_on_page")
        tick(house, db, warming, "committee", "moderators_rostered")
        perform(db, warming, "make_ready", actor=committee, now=house.now)
        assert carries_mark(db, warming, "ready")


MISSING = ("notice_on_page", "moderators_rostered")


def test_an_item_is_ticked_by_its_owner_alone_and_once(house: House) -> None:
    with house.transaction() as db:
        warming = sitting(house, db, live=False)
        with pytest.raises(Forbidden, match="“The stream has been tested” is confirmed by: Live operator"):
            tick(house, db, warming, "committee", "participants_confirmed", "stream_tested")
        assert warming.ticks == []
        with pytest.raises(Forbidden, match="is done by"):
            tick(house, db, warming, "office", "stream_tested")
        tick(house, db, warming, "leader", "cutoff_named")
        with pytest.raises(WrongState, match="All your items are confirmed"):
            tick(house, db, warming, "leader", "cutoff_named")
        tick(house, db, warming, "committee", "replies_prepared")
        with pytest.raises(WrongState, match="“The units have prepared their replies” is confirmed already"):
            tick(house, db, warming, "committee", "replies_prepared")
        with pytest.raises(Invalid):
            tick(house, db, warming, "committee", "everything")
        entries = db.execute(select(LedgerEntry.role).where(LedgerEntry.verb == "tick")).scalars().all()
        assert entries == ["duty_leader", "committee_staff"]


def test_a_tick_is_taken_back_with_a_reason_until_it_is_ready(house: House) -> None:
    with house.transaction() as db:
        warming, operator = sitting(house, db, live=False), house.actor(db, "host1")
        back = {"readiness": ["stream_tested"], "reason": "换了编码器。"}
        with pytest.raises(WrongState, match="None of your items is confirmed"):
            perform(db, warming, "untick", actor=operator, now=house.now, **back)
        tick(house, db, warming, "host1", "stream_tested")
        with pytest.raises(Invalid) as refusal:
            perform(db, warming, "untick", actor=operator, now=house.now, readiness=["stream_tested"])
        assert refusal.value.fields.keys() == {"reason"}
        tick(house, db, warming, "leader", "cutoff_named")
        with pytest.raises(Forbidden, match="is confirmed by: Live operator"):
            perform(db, warming, "untick", actor=house.actor(db, "leader"), now=house.now, **back)
        perform(db, warming, "untick", actor=operator, now=house.now, **back)
        assert [one.item for one in warming.ticks] == ["cutoff_named"]
        make_rest_ready(house, db, warming)
        with pytest.raises(WrongState, match="at the stage “Ready”"):
            perform(db, warming, "untick", actor=operator, now=house.now, **back)


def make_rest_ready(house: House, db: Session, at: Sitting) -> None:
    ticked = {one.item for one in at.ticks}
    for who, items in READINESS.items():
        if rest := [item for item in items if item not in ticked]:
            tick(house, db, at, who, *rest)
    perform(db, at, "make_ready", actor=house.actor(db, "committee"), now=house.now)


def test_ticks_outlast_the_opening_of_the_questions_and_not_a_step_back(house: House) -> None:
    with house.transaction() as db:
        warming, committee = sitting(house, db, live=False), house.actor(db, "committee")
        tick(house, db, warming, "committee", "participants_confirmed")
        perform(db, warming, "close_warmup", actor=committee, now=house.now, reason="先补充须知。")
        perform(db, warming, "open_warmup", actor=committee, now=house.now, rules_posted="yes")
        assert [one.item for one in warming.ticks] == ["participants_confirmed"]
        make_rest_ready(house, db, warming)
        assert len(warming.ticks) == 6
        perform(db, warming, "unready", actor=committee, now=house.now, reason="会场停电。")
        assert warming.ticks == []
        tick(house, db, warming, "committee", "participants_confirmed")
        perform(
            db, warming, "postpone", actor=house.actor(db, "leader"), now=house.now, public_reason="台风。"
        )
        new = {"starts_at": "2026-12-08T14:00", "ends_at": "2026-12-08T16:00", "place": "二号会议室"}
        perform(db, warming, "reschedule", actor=committee, now=house.now, **new)
        assert warming.ticks == []


def test_whoever_has_an_item_to_tick_finds_the_sitting_among_what_waits(house: House) -> None:
    with house.transaction() as db:
        warming = sitting(house, db, live=False)
        operator = house.actor(db, "host1")
        assert waiting_by_process(db, operator) == {"sitting": 1}
        (todo,) = waiting(db, operator, house.now)
        assert [offer.verb.name for offer in todo.offers if not offer.refusal] == ["tick"]
        tick(house, db, warming, "host1", "stream_tested")
        assert waiting_by_process(db, operator) == {}
        assert waiting_by_process(db, house.actor(db, "moderator1")) == {"sitting": 1}


def test_two_who_tick_the_same_item_at_once_tick_it_once(house: House) -> None:
    with house.transaction() as db:
        number = sitting(house, db, live=False).id

    def deed(db: Session) -> None:
        tick(house, db, db.get_one(Sitting, number), "host1", "stream_tested")

    assert house.at_once([deed, deed]) == [WrongState]


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
        perform(db, planned, "cancel", actor=leader, now=house.now, public_reason="另行安排。")
        assert (planned.state, warming.state) == ("cancelled", "cancelled")


def older(house: House, db: Session, name: str, *changes: tuple[str, str]) -> None:
    """An edition that was adopted before the shipped file got what `changes` takes away again."""
    text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    for now, then in changes:
        assert now in text
        text = text.replace(now, then)
    proposer, adopter = house.actor(db, "sysadmin").id, house.actor(db, "office").id
    db.add(
        ProcessEdition(
            process=name, number=2, text=text, sha256="0" * 64, from_date=day(house.now),
            proposed_by_id=proposer, proposed_at=house.now, decided_by_id=adopter, adopted_at=house.now,
        )
    )  # fmt: skip
    db.flush()


def said(db: Session, matter: Matter) -> list[str]:
    return [step.title.en for step in history(db, matter)]


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change", [('name  = "postpone"', 'name  = "put_off"'), ('by    = ["system"]', 'by    = ["host"]')]
)
def test_who_was_invited_by_an_edition_without_the_step_stays_and_the_sitting_says_so(
    house: House, change: tuple[str, str]
) -> None:
    with house.transaction() as db:
        warming, leader = sitting(house, db, live=False), house.actor(db, "leader")
        older(house, db, "attendance", change)
        one = invited(house, db, warming)
        perform(db, warming, "postpone", actor=leader, now=house.now, public_reason="台风。")
        assert (warming.state, one.state) == ("postponed", "invited")
        left = "Not done for all below; please see to them and tell their people: Postpone"
        assert said(db, warming)[-1] == left
        assert said(db, one) == ["Invite"]


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("asks", "ends"), [("reason", "cancelled"), ("place", "planned")])
def test_a_reason_given_serves_for_the_other_and_what_is_not_given_leaves_a_sitting_as_it_is(
    house: House, asks: str, ends: str
) -> None:
    with house.transaction() as db:
        parent, leader = consultation(house, db), house.actor(db, "leader")
        needs = ('needs   = ["public_reason"]', f'needs   = ["{asks}"]')
        older(house, db, "sitting", needs, ("max   = 1000", "max   = 100"))
        at = schedule_sitting(
            db, parent, actor=house.actor(db, "committee"), now=house.now, title="协商会",
            starts_at="2026-11-25T14:00", ends_at="2026-11-25T16:00", place="协商室",
        )  # fmt: skip
        perform(db, parent, "cancel", actor=leader, now=house.now, public_reason="另行安排。" * 30)
        assert (parent.state, at.state, at.place) == ("cancelled", ends, "协商室")
        if asks == "reason":
            assert said(db, parent)[-1] == "Cancel the consultation"
            assert [answer for _, answer in history(db, at)[-1].answers] == ["另行安排。" * 20]
        else:
            assert said(db, parent)[-1].startswith("Not done for all below")


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
