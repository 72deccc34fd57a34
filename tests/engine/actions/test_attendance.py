"""Who comes to a sitting: asked, answered, let off, signed in, and marked when it closes."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.attendance import CODE_LASTS, door_code, invite
from engine.actions.perform import perform
from engine.actions.reminders import reminders
from engine.actions.sitting import schedule_sitting
from engine.clock import day
from engine.deadlines import deadlines
from engine.errors import Forbidden, Invalid, WrongState
from engine.models.consultation import Attendance, Consultation, Sitting
from engine.models.house import Notice
from engine.queries.attendance import attendances, is_late, seat, tally
from engine.queries.matters import history, may_read
from engine.words import Words
from tests.houses import House, invited, make_ready, sitting

LEAVE = {"reason": "当天在省里参加培训。"}
BY_HAND = {"reason": "手机没电。"}


def at(house: House, db: Session, **to: int) -> Sitting:
    """An announced sitting that begins after that time."""
    planned = sitting(house, db, live=False)
    house.now = planned.starts_at - timedelta(**to)
    return planned


def do(house: House, db: Session, one: Attendance, verb: str, who: str = "group1", **given: Any) -> str:
    perform(db, one, verb, actor=house.actor(db, who), now=house.now, **given)
    return one.state


def come(house: House, db: Session, one: Attendance, who: str = "group1") -> str:
    code = door_code(db.get_one(Sitting, one.parent_id), house.now)
    return do(house, db, one, "sign_in", who, code=code)


def told(db: Session, one: Attendance) -> list[str]:
    return list(db.scalars(select(Notice.zh).where(Notice.matter_id == one.id).order_by(Notice.id)))


def test_a_notice_does_not_double_the_quotation_marks_of_a_title(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        planned.title = "“加装电梯”协商会"
        assert told(db, invited(house, db, planned))[0].startswith("出席“‘加装电梯’协商会（沈组长）”：")


def test_whoever_is_asked_hears_of_it_and_answers_alone(house: House) -> None:
    with house.transaction() as db:
        one = invited(house, db, at(house, db, days=20))
        assert told(db, one) == [f"出席“{one.title}”：邀请，现为“待确认”。"]
        assert may_read(db, house.actor(db, "group1"), one)
        assert not may_read(db, house.actor(db, "group2"), one)
        for other in ("group2", "committee", "office"):
            with pytest.raises(Forbidden, match="done by: The one invited"):
                do(house, db, one, "accept", other)
        assert do(house, db, one, "accept") == "will_attend"


def test_inviting_again_leaves_those_who_are_invited_as_they_are(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        one = invited(house, db, planned, must_attend=False)
        do(house, db, one, "accept")
        again = invited(house, db, planned, must_attend=True)
        assert (again.id, again.state, again.must_attend) == (one.id, "will_attend", False)


def test_two_who_invite_at_once_ask_nobody_twice(house: House) -> None:
    with house.transaction() as db:
        sitting_id = sitting(house, db, live=False).id

    def ask(who: str) -> Callable[[Session], None]:
        def deed(db: Session) -> None:
            people = [house.actor(db, name).person for name in ("group1", "group2")]
            planned, actor = db.get_one(Sitting, sitting_id), house.actor(db, who)
            invite(db, planned, [one for one in people if one], must_attend=True, actor=actor, now=house.now)

        return deed

    assert house.at_once([ask("committee"), ask("office")]) == []
    with house.transaction() as db:
        assert db.scalar(select(func.count()).select_from(Attendance)) == 2


def test_only_the_staff_invite_and_only_while_the_sitting_is_to_come(house: House) -> None:
    with house.transaction() as db:
        planned, guest = sitting(house, db, live=False), house.actor(db, "group1").person
        assert guest
        for who in ("host1", "unit_admin", "group1"):
            with pytest.raises(Forbidden, match="Committee staff, CPPCC Office"):
                invite(db, planned, [guest], must_attend=True, actor=house.actor(db, who), now=house.now)
        leader = house.actor(db, "leader")
        perform(db, planned, "cancel", actor=leader, now=house.now, public_reason="另行安排。")
        with pytest.raises(WrongState, match="has been cancelled"):
            invited(house, db, planned)


def test_where_attending_is_voluntary_one_declines_with_a_reason_and_may_think_again(house: House) -> None:
    with house.transaction() as db:
        one = invited(house, db, at(house, db, days=20), must_attend=False)
        with pytest.raises(WrongState, match="No leave is needed"):
            do(house, db, one, "request_leave", **LEAVE)
        with pytest.raises(Invalid):
            do(house, db, one, "decline", reason=" ")
        assert do(house, db, one, "decline", **LEAVE) == "declined"
        assert do(house, db, one, "accept") == "will_attend"


def test_where_one_must_attend_leave_is_asked_for_and_granted_by_another(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        one = invited(house, db, planned, "recorder1")
        with pytest.raises(WrongState, match="You must attend"):
            do(house, db, one, "decline", "recorder1", **LEAVE)
        do(house, db, one, "request_leave", "recorder1", **LEAVE)
        with pytest.raises(Forbidden, match="own work"):
            do(house, db, one, "approve_leave", "recorder1")
        assert do(house, db, one, "approve_leave", "committee") == "leave_approved"
        assert told(db, one)[-1].endswith("准假，现为“准假”。")


def test_leave_is_asked_for_two_days_before_at_the_latest(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=2)
        one, late = invited(house, db, planned), invited(house, db, planned, "group2")
        assert do(house, db, one, "request_leave", **LEAVE) == "leave_requested"
        house.later(days=1)
        with pytest.raises(WrongState, match="at least 2 days"):
            do(house, db, late, "request_leave", "group2", **LEAVE)


def test_leave_is_asked_for_twice_at_most_and_what_is_refused_must_be_attended(house: House) -> None:
    with house.transaction() as db:
        one = invited(house, db, at(house, db, days=20))
        do(house, db, one, "request_leave", **LEAVE)
        assert do(house, db, one, "withdraw_leave") == "invited"
        do(house, db, one, "request_leave", **LEAVE)
        with pytest.raises(Invalid):
            do(house, db, one, "refuse_leave", "office")
        assert do(house, db, one, "refuse_leave", "office", remark="本组只有您熟悉情况。") == "will_attend"
        with pytest.raises(WrongState, match="2 times a sitting"):
            do(house, db, one, "request_leave", **LEAVE)
        assert "本组只有您熟悉情况。" in [answer for step in history(db, one) for _, answer in step.answers]


def test_for_another_day_leave_may_be_asked_for_anew(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        one = invited(house, db, planned)
        for _ in range(2):
            do(house, db, one, "request_leave", **LEAVE)
            do(house, db, one, "withdraw_leave")
        perform(
            db, planned, "postpone", actor=house.actor(db, "leader"), now=house.now, public_reason="台风。"
        )
        committee = house.actor(db, "committee")
        perform(db, planned, "reschedule", actor=committee, now=house.now, **NEW_DAY)
        assert do(house, db, one, "request_leave", **LEAVE) == "leave_requested"


def test_the_answer_is_due_three_working_days_before_and_the_one_invited_is_reminded(house: House) -> None:
    with house.transaction() as db:
        one = invited(house, db, at(house, db, days=20))
        (clock,) = deadlines(db, one)
        assert (clock.clock.owner, f"{clock.due}") == ("invitee", "2026-11-19")
        found = [notice for notice in reminders(db, clock.due, now=house.now) if notice.matter_id == one.id]
        assert [notice.person_id for notice in found] == [one.person_id]


def test_the_door_opens_an_hour_before_and_closes_with_the_sitting(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, minutes=61)
        one = invited(house, db, planned)
        do(house, db, one, "accept")
        with pytest.raises(WrongState, match="60 minutes before"):
            come(house, db, one)
        house.later(minutes=1)
        assert come(house, db, one) == "signed_in"
        assert (one.arrived_at, is_late(db, planned, one)) == (house.now, False)
        with pytest.raises(WrongState, match="Signed in"):
            come(house, db, one)


@pytest.mark.parametrize("code", ["0000000x", "", "１２３４５６７８", "1234567"])
def test_a_code_that_is_none_signs_nobody_in(house: House, code: str) -> None:
    with house.transaction() as db:
        one = invited(house, db, at(house, db, minutes=10))
        with pytest.raises(Invalid), db.begin_nested():
            do(house, db, one, "sign_in", code=code)
        assert (one.state, one.arrived_at) == ("invited", None)


def test_the_code_of_another_sitting_or_of_a_while_ago_signs_nobody_in(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, minutes=30)
        one = invited(house, db, planned)
        old, other = door_code(planned, house.now), door_code(Sitting(door_key="A" * 32), house.now)
        house.later(seconds=2 * CODE_LASTS)
        for code in (old, other):
            with pytest.raises(Invalid) as refusal, db.begin_nested():
                do(house, db, one, "sign_in", code=code)
            assert set(refusal.value.fields) == {"code"}
        just_now = door_code(planned, house.now - timedelta(seconds=CODE_LASTS))
        assert do(house, db, one, "sign_in", code=just_now) == "signed_in"


def test_nobody_signs_in_for_another(house: House) -> None:
    with house.transaction() as db:
        one = invited(house, db, at(house, db, minutes=10))
        for other in ("group2", "committee", "host1"):
            with pytest.raises(Forbidden):
                come(house, db, one, other)


def test_who_was_let_off_or_had_declined_and_comes_all_the_same_signs_in(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        let_off, declined = (
            invited(house, db, planned),
            invited(house, db, planned, "group2", must_attend=False),
        )
        do(house, db, let_off, "request_leave", **LEAVE)
        do(house, db, let_off, "approve_leave", "committee")
        do(house, db, declined, "decline", "group2", **LEAVE)
        house.now = planned.starts_at
        assert (come(house, db, let_off), come(house, db, declined, "group2")) == ("signed_in", "signed_in")


def test_who_comes_after_it_has_begun_is_late(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, minutes=0)
        in_time, late = invited(house, db, planned), invited(house, db, planned, "group2")
        come(house, db, in_time)
        house.later(minutes=1)
        come(house, db, late, "group2")
        assert [is_late(db, planned, one) for one in (in_time, late)] == [False, True]
        assert tally(db, planned, attendances(db, planned)) == {"attended": 2, "late": 1}


@pytest.mark.parametrize(
    ("arrived_at", "is_taken"),
    [
        (None, True),
        ("2026-11-24T13:50", True),
        ("2026-11-24T14:11", False),
        ("2026-11-23T13:50", False),
        ("下午", False),
    ],
)
def test_the_recorder_signs_in_by_hand_with_a_reason_and_a_time_of_that_day(
    house: House, arrived_at: str | None, is_taken: bool
) -> None:
    with house.transaction() as db:
        planned = at(house, db, minutes=-10)
        one, given = invited(house, db, planned), {"arrived_at": arrived_at} if arrived_at else {}
        with pytest.raises(Invalid), db.begin_nested():
            do(house, db, one, "sign_in_by_staff", "recorder1", **given)
        if is_taken:
            do(house, db, one, "sign_in_by_staff", "recorder1", **BY_HAND, **given)
            assert one.arrived_at == (
                house.now if arrived_at is None else datetime.fromisoformat(f"{arrived_at}+08:00")
            )
            assert is_late(db, planned, one) == (arrived_at is None)
        else:
            with pytest.raises(Invalid) as refusal, db.begin_nested():
                do(house, db, one, "sign_in_by_staff", "recorder1", **BY_HAND, **given)
            assert set(refusal.value.fields) == {"arrived_at"}


def test_by_hand_signs_in_who_runs_the_door_and_nobody_before_it_opens(house: House) -> None:
    with house.transaction() as db:
        one = invited(house, db, at(house, db, minutes=61))
        for who in ("group1", "moderator1", "unit_admin"):
            with pytest.raises(Forbidden):
                do(house, db, one, "sign_in_by_staff", who, **BY_HAND)
        with pytest.raises(WrongState, match="60 minutes before"):
            do(house, db, one, "sign_in_by_staff", "committee", **BY_HAND)


def test_at_the_close_who_did_not_come_is_absent_and_the_staff_correct_it(house: House) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        house.now = live.starts_at
        guests = ("group1", "group2", "unit_admin", "unit_leader")
        came, silent, let_off, declined = (
            invited(house, db, live, name, must_attend=name != "unit_leader") for name in guests
        )
        house.now -= timedelta(days=20)
        do(house, db, let_off, "request_leave", "unit_admin", **LEAVE)
        do(house, db, let_off, "approve_leave", "committee")
        do(house, db, declined, "decline", "unit_leader", **LEAVE)
        house.now = live.starts_at
        come(house, db, came)
        house.later(hours=2)
        perform(db, live, "end", actor=house.actor(db, "host1"), now=house.now)
        states = [one.state for one in (came, silent, let_off, declined)]
        assert states == ["signed_in", "absent", "leave_approved", "declined"]
        assert told(db, silent)[-1].endswith("现为“缺席”。")
        with pytest.raises(WrongState):
            come(house, db, let_off, "unit_admin")
        house.later(hours=1)
        given = {"arrived_at": f"{day(live.starts_at)}T13:55"}
        assert do(house, db, silent, "sign_in_by_staff", "recorder1", **BY_HAND, **given) == "signed_in"
        assert not is_late(db, live, silent)
        assert do(house, db, came, "correct", "committee", reason="代签。") == "absent"
        assert not is_late(db, live, came)


def test_with_its_sitting_an_invitation_is_cancelled(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        one = invited(house, db, planned)
        leader = house.actor(db, "leader")
        perform(db, planned, "cancel", actor=leader, now=house.now, public_reason="另行安排。")
        assert one.state == "cancelled"
        assert told(db, one)[-1].endswith("现为“会议取消”。理由：另行安排。")


def test_on_a_new_day_everybody_is_asked_again(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        will, silent = invited(house, db, planned), invited(house, db, planned, "group2")
        do(house, db, will, "accept")
        perform(
            db, planned, "postpone", actor=house.actor(db, "leader"), now=house.now, public_reason="台风。"
        )
        assert told(db, silent)[-1].endswith("会议延期。理由：台风。")
        with pytest.raises(WrongState, match="put off"):
            do(house, db, silent, "accept", "group2")
        new = {"starts_at": "2026-12-08T14:00", "ends_at": "2026-12-08T16:00", "place": "协商室"}
        perform(db, planned, "reschedule", actor=house.actor(db, "committee"), now=house.now, **new)
        assert (will.state, silent.state) == ("invited", "invited")
        said = "改期，重新答复，现为“待确认”。时间：12月8日（周二）14:00。"
        assert [told(db, one)[-1].endswith(said) for one in (will, silent)] == [True, True]


NEW_DAY = {"starts_at": "2026-12-08T14:00", "ends_at": "2026-12-08T16:00", "place": "协商室"}


def test_each_who_is_invited_or_serves_hears_once_that_it_is_put_off_rescheduled_or_cancelled(
    house: House,
) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        will, gone = invited(house, db, planned), invited(house, db, planned, "group2", must_attend=False)
        do(house, db, will, "accept")
        do(house, db, gone, "decline", "group2", reason="出差。")
        invited(house, db, planned, "host1")  # who hears of it as the host already
        leader, committee = house.actor(db, "leader"), house.actor(db, "committee")
        for verb, actor, given in (
            ("postpone", leader, {"public_reason": "台风。"}),
            ("reschedule", committee, NEW_DAY),
            ("cancel", leader, {"public_reason": "另行安排。"}),
        ):
            before = heard(house, db)
            perform(db, planned, verb, actor=actor, now=house.now, **given)
            now = heard(house, db)
            assert {who: now[who] - before[who] for who in now} == dict.fromkeys(now, 1), verb
            if verb == "postpone":
                assert (will.state, gone.state) == ("will_attend", "declined")


def heard(house: House, db: Session) -> Counter[str]:
    """How many notices each has who is invited or serves, and has not done it themselves."""
    found = Counter({who: 0 for who in ("group1", "group2", "host1", "moderator1")})
    for who in found:
        person = house.actor(db, who).person
        assert person
        count = select(func.count()).select_from(Notice).where(Notice.person_id == person.id)
        found[who] = db.scalar(count) or 0
    return found


def test_with_the_consultation_the_invited_hear_once_too(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        one = invited(house, db, planned)  # a leader of a group, whom the consultation tells as well
        leader, committee = house.actor(db, "leader"), house.actor(db, "committee")
        parent = db.get_one(Consultation, planned.parent_id)
        other = schedule_sitting(db, parent, actor=committee, now=house.now, title="分会场", **NEW_DAY)
        for to in (planned, other):
            invited(house, db, to, "moderator1")
        before = heard(house, db)
        perform(db, parent, "cancel", actor=leader, now=house.now, public_reason="另行安排。")
        assert (planned.public_reason, one.state) == ("另行安排。", "cancelled")
        assert heard(house, db)["group1"] == before["group1"] + 1
        assert heard(house, db)["moderator1"] == before["moderator1"] + 2  # of each sitting


def test_who_had_signed_in_hears_of_a_new_day_and_has_not_come_on_it(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, minutes=30)
        came, mistaken = invited(house, db, planned), invited(house, db, planned, "group2")
        come(house, db, came)
        come(house, db, mistaken, "group2")
        do(house, db, mistaken, "correct", "committee", reason="代签。")
        leader = house.actor(db, "leader")
        perform(db, planned, "postpone", actor=leader, now=house.now, public_reason="台风。")
        assert all("会议延期" in told(db, one)[-1] for one in (came, mistaken))
        perform(db, planned, "reschedule", actor=house.actor(db, "committee"), now=house.now, **NEW_DAY)
        assert [(one.state, one.arrived_at) for one in (came, mistaken)] == [("invited", None)] * 2
        assert tally(db, planned, attendances(db, planned)) == {"invited": 2, "late": 0}


def test_who_had_signed_in_to_a_sitting_that_is_cancelled_hears_of_it(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, minutes=30)
        one = invited(house, db, planned)
        come(house, db, one)
        leader = house.actor(db, "leader")
        perform(db, planned, "cancel", actor=leader, now=house.now, public_reason="台风。")
        assert one.state == "cancelled"
        assert told(db, one)[-1].endswith("现为“会议取消”。理由：台风。")


LINK = "https://meeting.example/j/123?pwd=abc"


def remote(house: House, db: Session, planned: Sitting, consent: str | None = "agreed") -> Attendance:
    """One who is invited to a remote seat and has answered the notice."""
    one = invited(house, db, planned)
    do(house, db, one, "offer_remote", "committee", remote_url=LINK)
    if consent:
        do(house, db, one, "answer_remote", remote_consent=consent)
    return one


def link(house: House, db: Session, one: Attendance, who: str) -> str | None:
    return seat(db, one, house.actor(db, who), house.now).link


@pytest.mark.parametrize(
    "url",
    ["http://meeting.example/1", "javascript:alert(1)", "https://", "https://a b", "https://[1", "腾讯会议"],
)
def test_the_link_of_a_remote_seat_is_https_and_nothing_else(house: House, url: str) -> None:
    with house.transaction() as db:
        one = invited(house, db, at(house, db, days=20))
        with pytest.raises(Invalid) as refusal:
            do(house, db, one, "offer_remote", "committee", remote_url=url)
        assert refusal.value.fields.keys() == {"remote_url"}
        assert one.remote_url is None


def test_only_the_guest_consents_and_only_to_a_seat_that_was_offered(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        one = invited(house, db, planned)
        with pytest.raises(Forbidden, match="The one invited to a remote seat"):
            do(house, db, one, "answer_remote", remote_consent="agreed")
        with pytest.raises(Forbidden, match="Committee staff, CPPCC Office"):
            do(house, db, one, "offer_remote", remote_url=LINK)
        do(house, db, one, "offer_remote", "committee", remote_url=LINK)
        for who in ("committee", "host1", "group2"):
            with pytest.raises(Forbidden):
                do(house, db, one, "answer_remote", who, remote_consent="agreed")
        with pytest.raises(Invalid):
            do(house, db, one, "answer_remote")
        assert one.remote_consent is None


def test_the_link_is_shown_with_consent_from_when_signing_in_opens_to_guest_host_and_operator(
    house: House,
) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        one = remote(house, db, planned, consent=None)
        house.now = planned.starts_at - timedelta(minutes=61)
        do(house, db, one, "answer_remote", remote_consent="agreed")
        assert link(house, db, one, "group1") is None
        house.later(minutes=1)
        shown = {who for who in ("group1", "host1", "committee", "moderator1", "group2", "office", "leader")
                 if link(house, db, one, who)}  # fmt: skip
        assert shown == {"group1", "host1"}
        do(house, db, one, "answer_remote", remote_consent="declined")
        assert link(house, db, one, "group1") is link(house, db, one, "host1") is None
        assert seat(db, one, house.actor(db, "host1"), house.now).closed == Words("没有同意。", "No consent.")


def test_consent_is_taken_back_until_the_sitting_is_live(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, minutes=30)
        one = remote(house, db, planned)
        make_ready(house, db, planned)
        do(house, db, one, "answer_remote", remote_consent="declined")
        do(house, db, one, "answer_remote", remote_consent="agreed")
        perform(db, planned, "go_live", actor=house.actor(db, "host1"), now=house.now)
        with pytest.raises(WrongState, match="has begun"):
            do(house, db, one, "answer_remote", remote_consent="declined")
        assert link(house, db, one, "host1") == LINK


def test_consent_is_to_one_link_and_one_day(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, days=20)
        one = remote(house, db, planned)
        do(house, db, one, "offer_remote", "committee", remote_url=f"{LINK}2")
        assert one.remote_consent is None
        do(house, db, one, "answer_remote", remote_consent="agreed")
        leader, committee = house.actor(db, "leader"), house.actor(db, "committee")
        perform(db, planned, "postpone", actor=leader, now=house.now, public_reason="台风。")
        perform(db, planned, "reschedule", actor=committee, now=house.now, **NEW_DAY)
        assert (one.remote_url, one.remote_consent) == (f"{LINK}2", None)
        house.now = planned.starts_at
        closed = seat(db, one, house.actor(db, "group1"), house.now).closed
        assert closed
        assert closed.en.endswith("answered anew when the link or the day has changed.")


def test_the_remote_seat_of_a_guest_on_leave_is_taken_away_too(house: House) -> None:
    with house.transaction() as db:
        one = remote(house, db, at(house, db, days=9))
        do(house, db, one, "request_leave", reason="出差。")
        do(house, db, one, "approve_leave", "committee")
        assert (
            do(house, db, one, "withdraw_remote", "committee", public_reason="不再需要。") == "leave_approved"
        )
        assert one.remote_url is None


def test_a_guest_signs_in_to_the_remote_seat_without_the_code_at_the_door(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, minutes=90)
        one = remote(house, db, planned, consent="declined")
        house.now = planned.starts_at - timedelta(minutes=20)
        with pytest.raises(WrongState, match="Without your consent"):
            do(house, db, one, "join")
        do(house, db, one, "answer_remote", remote_consent="agreed")
        for who in ("committee", "host1"):
            with pytest.raises(Forbidden):
                do(house, db, one, "join", who)
        do(house, db, one, "join")
        assert (one.state, one.arrived_at) == ("signed_in", house.now)
        assert link(house, db, one, "group1") == LINK


def test_a_seat_that_nobody_takes_or_of_a_sitting_that_is_over_shows_no_link(house: House) -> None:
    with house.transaction() as db:
        planned = at(house, db, minutes=30, days=3)
        one = remote(house, db, planned)
        do(house, db, one, "request_leave", reason="出差。")
        do(house, db, one, "approve_leave", "committee")
        house.now = planned.starts_at
        assert seat(db, one, house.actor(db, "host1"), house.now).closed == Words("准假", "On leave")
        perform(db, planned, "cancel", actor=house.actor(db, "leader"), now=house.now, public_reason="台风。")
        assert link(house, db, one, "group1") is None


@pytest.mark.parametrize("verb", [None, "accept", "request_leave", "join"])
def test_a_remote_seat_is_taken_away_with_its_link_its_consent_and_a_reason(
    house: House, verb: str | None
) -> None:
    with house.transaction() as db:
        planned = at(house, db, minutes=90, days=0 if verb == "join" else 9)
        one = remote(house, db, planned)
        house.now += timedelta(minutes=45)
        if verb:
            do(house, db, one, verb, **({"reason": "出差。"} if verb == "request_leave" else {}))
        state = one.state
        with pytest.raises(Forbidden):
            do(house, db, one, "withdraw_remote", public_reason="线路不通。")
        with pytest.raises(Invalid):
            do(house, db, one, "withdraw_remote", "committee")
        assert one.remote_url == LINK
        do(house, db, one, "withdraw_remote", "committee", public_reason="线路不通。")
        assert (one.state, one.remote_url, one.remote_consent) == (state, None, None)
        house.now = planned.starts_at
        assert link(house, db, one, "group1") is link(house, db, one, "host1") is None
        told = db.scalars(select(Notice).where(Notice.matter_id == one.id).order_by(Notice.id)).all()[-1]
        assert told.person_id == one.person_id
        assert told.zh.endswith("收回远程席位。理由：线路不通。")
        assert told.en.endswith("Take the remote seat away. Reason: 线路不通。")
        with pytest.raises(WrongState, match="No remote seat"):
            do(house, db, one, "withdraw_remote", "committee", public_reason="线路不通。")
        with pytest.raises(Forbidden):
            do(house, db, one, "answer_remote", remote_consent="agreed")


def test_a_history_does_not_repeat_the_link(house: House) -> None:
    with house.transaction() as db:
        one = remote(house, db, at(house, db, days=20))
        assert [step.entry.verb for step in history(db, one)] == ["invite", "offer_remote", "answer_remote"]
        assert LINK not in str([step.answers for step in history(db, one)])
