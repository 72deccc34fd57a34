"""Papers of a sitting: uploaded, handed out to those chosen, read within their hours, recalled."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions.material import read, share, upload
from engine.actions.perform import perform
from engine.actions.reminders import reminders
from engine.deadlines import deadlines
from engine.errors import Forbidden, Invalid, NotFound, Refused, WrongState
from engine.ledger import salted
from engine.models.consultation import Attendance, Material, Sitting
from engine.models.house import Notice
from engine.models.ledger import LedgerEntry
from engine.queries.documents import document
from engine.queries.materials import materials_for, readings
from engine.queries.matters import documents, history, may_read
from tests.houses import House, invited, material, sent_paper, sitting

ON_ONE = pytest.mark.parametrize("house", ["sqlite"], indirect=True)
"""Where only the rules speak; what is queried is asked of both databases."""


def planned(house: House, db: Session, **to: int) -> Sitting:
    """An announced sitting that begins after that time."""
    at = sitting(house, db, live=False)
    house.now = at.starts_at - timedelta(**to)
    return at


def handed_out(house: House, db: Session, **given: object) -> tuple[Material, Attendance, Attendance]:
    """A released one for the first of two who are invited, 20 days before the sitting."""
    at = planned(house, db, days=20)
    one, other = invited(house, db, at), invited(house, db, at, "group2")
    made = material(house, db, at, [one], **given)
    do(house, db, made, "release")
    return made, one, other


def do(house: House, db: Session, one: Material, verb: str, who: str = "committee", **given: Any) -> str:
    perform(db, one, verb, actor=house.actor(db, who), now=house.now, **given)
    return one.state


def reads(house: House, db: Session, one: Material, who: str = "group1") -> Refused | None:
    try:
        read(db, one, actor=house.actor(db, who), now=house.now)
    except Refused as refusal:
        return refusal
    return None


def told(db: Session, one: Material) -> dict[int, list[str]]:
    """Person → what they heard."""
    heard: dict[int, list[str]] = {}
    for notice in db.scalars(select(Notice).where(Notice.matter_id == one.id).order_by(Notice.id)):
        heard.setdefault(notice.person_id, []).append(notice.zh)
    return heard


@ON_ONE
def test_before_its_release_nobody_it_is_for_hears_of_it_or_sees_it(house: House) -> None:
    with house.transaction() as db:
        at = planned(house, db, days=20)
        one = invited(house, db, at)
        made, guest = material(house, db, at, [one]), house.actor(db, "group1")
        assert (made.state, told(db, made), materials_for(db, [one])[one.id]) == ("uploaded", {}, [])
        assert not may_read(db, guest, made)
        assert isinstance(reads(house, db, made), WrongState)
        with pytest.raises(NotFound):
            document(db, made.file_id, guest)


def test_its_release_tells_exactly_those_it_is_for(house: House) -> None:
    with house.transaction() as db:
        made, one, other = handed_out(house, db)
        assert told(db, made) == {one.person_id: ["会议材料“调研通报”：发放，现为“已发放”。"]}
        assert materials_for(db, [one, other]) == {one.id: [made], other.id: []}
        assert may_read(db, house.actor(db, "group1"), made)
        assert not may_read(db, house.actor(db, "group2"), made)


def test_the_first_reading_is_written_down_and_only_the_first(house: House) -> None:
    with house.transaction() as db:
        made, one, _other = handed_out(house, db)
        first = house.now
        assert reads(house, db, made) is None
        house.later(days=1)
        assert reads(house, db, made) is None
        assert readings(db, [made]) == {(made.id, one.person_id): first}
        assert [step.title.en for step in history(db, made)] == ["Upload", "Release", "Read"]


def test_opened_twice_at_once_it_is_read_and_written_down_once(house: House) -> None:
    with house.transaction() as db:
        number = handed_out(house, db)[0].id

    def open_it(db: Session) -> None:
        read(db, db.get_one(Material, number), actor=house.actor(db, "group1"), now=house.now)

    assert house.at_once([open_it, open_it]) == []
    with house.transaction() as db:
        steps = history(db, db.get_one(Material, number))
        assert [step.title.en for step in steps] == ["Upload", "Release", "Read"]
        assert steps[-1].times == 1


@ON_ONE
@pytest.mark.parametrize("who", ["group2", "unit_admin", "host1", "committee", "citizen1"])
def test_whom_it_is_not_for_does_not_read_it(house: House, who: str) -> None:
    with house.transaction() as db:
        made, _one, _other = handed_out(house, db)
        refusal = reads(house, db, made, who)
        assert isinstance(refusal, Forbidden)
        assert refusal.words.en == "“Read” is done by: Those it is for."
        assert readings(db, [made]) == {}


@ON_ONE
def test_it_is_read_within_its_hours_only(house: House) -> None:
    with house.transaction() as db:
        made, _one, _other = handed_out(house, db, readable_from="2026-11-20T09:00")
        early = reads(house, db, made)
        assert isinstance(early, WrongState)
        assert early.words.zh == "现在不在查阅时间内，起止时间见材料页面。"
        assert made.readable_from
        house.now = made.readable_from
        assert reads(house, db, made) is None
        house.now = made.readable_until
        assert isinstance(reads(house, db, made), WrongState)


@ON_ONE
def test_other_hours_hold_at_once_and_are_told(house: House) -> None:
    with house.transaction() as db:
        made, one, _other = handed_out(house, db)
        house.now = made.readable_until
        do(house, db, made, "set_window", readable_until="2026-12-01T18:00")
        assert reads(house, db, made) is None
        assert told(db, made)[one.person_id][-1] == "会议材料“调研通报”：调整查阅时间。"


@ON_ONE
@pytest.mark.parametrize(
    "hours",
    [
        {"readable_until": "2026-11-01T09:00"},
        {"readable_from": "2026-11-20T09:00", "readable_until": "2026-11-20T09:00"},
        {"readable_until": ""},
        {"readable_until": "会后"},
    ],
)
def test_hours_in_which_nobody_could_read_it_are_refused(house: House, hours: dict[str, str]) -> None:
    with house.transaction() as db:
        made, _one, _other = handed_out(house, db)
        before = (made.readable_from, made.readable_until)
        with pytest.raises(Invalid) as refusal, db.begin_nested():
            do(house, db, made, "set_window", **hours)
        assert set(refusal.value.fields) == {"readable_until"}
        at = db.get_one(Sitting, made.parent_id)
        with pytest.raises(Invalid), db.begin_nested():
            material(house, db, at, made.recipients, **hours)
        assert (made.readable_from, made.readable_until) == before


@ON_ONE
def test_a_recall_closes_it_at_once_and_tells_with_the_reason_on_record(house: House) -> None:
    with house.transaction() as db:
        made, one, _other = handed_out(house, db)
        reads(house, db, made)
        with pytest.raises(Invalid):
            do(house, db, made, "recall", reason=" ")
        assert do(house, db, made, "recall", reason="数据有误。") == "recalled"
        assert isinstance(reads(house, db, made), WrongState)
        assert materials_for(db, [one])[one.id] == []
        assert told(db, made)[one.person_id][-1] == "会议材料“调研通报”：收回，现为“已收回”。"
        assert "数据有误。" in [answer for step in history(db, made) for _, answer in step.answers]


@ON_ONE
def test_what_was_never_released_is_taken_off_without_a_word(house: House) -> None:
    with house.transaction() as db:
        at = planned(house, db, days=20)
        made = material(house, db, at, [invited(house, db, at)])
        assert do(house, db, made, "discard", reason="传错了。") == "recalled"
        assert told(db, made) == {}
        assert not may_read(db, house.actor(db, "group1"), made)


@ON_ONE
def test_a_replaced_file_is_the_staffs_and_the_new_one_is_told(house: House) -> None:
    with house.transaction() as db:
        made, one, _other = handed_out(house, db)
        first, second = made.file_id, sent_paper(house, db)
        second.matter_id = made.id
        do(house, db, made, "replace", file_id=second.id)
        assert made.file_id == second.id
        assert [kept.id for kept in documents(db, made)] == [first, second.id]
        assert document(db, first, house.actor(db, "office")).id == first
        for number in (first, second.id):
            with pytest.raises(NotFound):
                document(db, number, house.actor(db, "group1"))
        assert len(told(db, made)[one.person_id]) == 2


@ON_ONE
def test_the_file_of_another_matter_or_person_is_not_handed_out(house: House) -> None:
    with house.transaction() as db:
        made, one, _other = handed_out(house, db)
        others = sent_paper(house, db, by="office")
        for wrong in (made.file_id, others.id, 99999):
            with pytest.raises(Invalid) as refusal, db.begin_nested():
                material(house, db, db.get_one(Sitting, made.parent_id), [one], file_id=wrong)
            assert set(refusal.value.fields) == {"file_id"}
        with pytest.raises(Invalid), db.begin_nested():
            do(house, db, made, "replace", file_id=others.id)


@ON_ONE
def test_it_is_for_one_at_least_of_those_invited_to_this_sitting(house: House) -> None:
    with house.transaction() as db:
        at = planned(house, db, days=20)
        elsewhere = Attendance(parent_id=at.parent_id, title="另一场", person_id=1)
        for wrong in ([], [elsewhere]):
            with pytest.raises(Invalid) as refusal:
                material(house, db, at, wrong)
            assert set(refusal.value.fields) == {"recipients"}


@ON_ONE
@pytest.mark.parametrize("who", ["group1", "host1", "unit_admin", "leader"])
def test_only_the_staff_upload_release_and_recall(house: House, who: str) -> None:
    with house.transaction() as db:
        made, one, _other = handed_out(house, db)
        at, actor = db.get_one(Sitting, made.parent_id), house.actor(db, who)
        given = {"title": "x", "file_id": sent_paper(house, db, who).id, "readable_until": "2026-11-24T16:00"}
        with pytest.raises(Forbidden):
            upload(db, at, [one], actor=actor, now=house.now, **given)
        for verb, more in (("recall", {"reason": "x"}), ("remind", {}), ("release", {})):
            with pytest.raises(Forbidden):
                do(house, db, made, verb, who, **more)


@ON_ONE
def test_nothing_is_released_after_its_hours(house: House) -> None:
    with house.transaction() as db:
        at = planned(house, db, days=20)
        made = material(house, db, at, [invited(house, db, at)], readable_until="2026-11-10T09:00")
        house.later(days=10)
        with pytest.raises(WrongState, match="please change it first"):
            do(house, db, made, "release")
        do(house, db, made, "change", readable_until="2026-11-24T16:00", note="请先看第三部分。")
        assert (do(house, db, made, "release"), made.note) == ("released", "请先看第三部分。")


@ON_ONE
def test_those_who_have_not_read_it_are_reminded_and_no_others(house: House) -> None:
    with house.transaction() as db:
        at = planned(house, db, days=20)
        one, other = invited(house, db, at), invited(house, db, at, "group2")
        made = material(house, db, at, [one, other])
        do(house, db, made, "release")
        reads(house, db, made)
        do(house, db, made, "remind")
        assert [len(told(db, made)[each.person_id]) for each in (one, other)] == [1, 2]
        reads(house, db, made, "group2")
        with pytest.raises(WrongState, match="Everybody it is for has read it"):
            do(house, db, made, "remind")


def test_others_get_it_later_and_only_they_are_told(house: House) -> None:
    with house.transaction() as db:
        made, one, other = handed_out(house, db)
        with pytest.raises(Forbidden):
            share(db, made, [other], actor=house.actor(db, "group2"), now=house.now)
        committee = house.actor(db, "committee")
        for wrong in ([], [one]):
            with pytest.raises(Invalid), db.begin_nested():
                share(db, made, wrong, actor=committee, now=house.now)
        share(db, made, [one, other], actor=committee, now=house.now)
        assert made.recipients == [one, other]
        assert [len(told(db, made)[each.person_id]) for each in (one, other)] == [1, 1]
        assert reads(house, db, made, "group2") is None


@ON_ONE
def test_the_ledger_proves_to_whom_it_was_given(house: House) -> None:
    with house.transaction() as db:
        made, one, other = handed_out(house, db)
        share(db, made, [one, other], actor=house.actor(db, "committee"), now=house.now)
        for verb, whom in (("upload", one), ("share", other)):
            entries = select(LedgerEntry).where(LedgerEntry.matter_id == made.id, LedgerEntry.verb == verb)
            (kept,) = [text for text in db.scalars(entries).one().texts if text.field == "recipients"]
            assert kept.text == f"[{whom.id}]"
            assert kept.salt
            assert kept.digest == salted(kept.salt, kept.text)


def test_two_who_give_it_to_the_same_one_at_once_give_it_once(house: House) -> None:
    with house.transaction() as db:
        made, _one, other = handed_out(house, db)
        number, later = made.id, other.id

    def give(db: Session) -> None:
        found, to = db.get_one(Material, number), db.get_one(Attendance, later)
        share(db, found, [to], actor=house.actor(db, "committee"), now=house.now)

    assert house.at_once([give, give]) == [Invalid]
    with house.transaction() as db:
        assert [one.id for one in db.get_one(Material, number).recipients][-1] == later


def test_with_its_sitting_it_is_recalled(house: House) -> None:
    with house.transaction() as db:
        made, one, _other = handed_out(house, db)
        at = db.get_one(Sitting, made.parent_id)
        waiting = material(house, db, at, [one])
        perform(db, at, "cancel", actor=house.actor(db, "leader"), now=house.now, public_reason="另行安排。")
        assert [each.state for each in (made, waiting, one)] == ["recalled", "recalled", "cancelled"]
        assert isinstance(reads(house, db, made), WrongState)
        with pytest.raises(WrongState, match="has been cancelled"):
            material(house, db, at, [one])


@ON_ONE
def test_its_hours_go_along_with_its_sitting_and_whom_it_was_released_to_is_told(house: House) -> None:
    with house.transaction() as db:
        made, one, _other = handed_out(house, db, readable_from="2026-11-20T09:00")
        at = db.get_one(Sitting, made.parent_id)
        waiting, recalled = material(house, db, at, [one]), material(house, db, at, [one])
        do(house, db, recalled, "discard", reason="传错了。")
        leader, committee = house.actor(db, "leader"), house.actor(db, "committee")
        perform(db, at, "postpone", actor=leader, now=house.now, public_reason="台风。")
        new = {"starts_at": "2026-12-08T14:00", "ends_at": "2026-12-08T17:00", "place": "协商室"}
        perform(db, at, "reschedule", actor=committee, now=house.now, **new)
        assert f"{made.readable_from:%m-%d %H:%M}" == "12-04 02:00"
        assert [each.readable_until == at.ends_at for each in (made, waiting, recalled)] == [
            True,
            True,
            False,
        ]
        assert told(db, made)[one.person_id][-1] == "会议材料“调研通报”：会议改期，查阅时间顺延。"
        assert told(db, waiting) == {}
        house.now = at.starts_at
        assert reads(house, db, made) is None


@ON_ONE
def test_hours_that_do_not_end_with_the_sitting_stay_as_they_were_set(house: House) -> None:
    with house.transaction() as db:
        made, _one, _other = handed_out(house, db)
        at, committee = db.get_one(Sitting, made.parent_id), house.actor(db, "committee")
        do(house, db, made, "set_window", readable_until="2026-11-20T17:00")
        until, heard = made.readable_until, told(db, made)
        perform(db, at, "postpone", actor=house.actor(db, "leader"), now=house.now, public_reason="台风。")
        new = {"starts_at": "2026-12-08T14:00", "ends_at": "2026-12-08T17:00", "place": "协商室"}
        perform(db, at, "reschedule", actor=committee, now=house.now, **new)
        assert (made.readable_until, told(db, made)) == (until, heard)


@ON_ONE
def test_it_is_to_be_released_ten_working_days_before(house: House) -> None:
    with house.transaction() as db:
        at = planned(house, db, days=20)
        made = material(house, db, at, [invited(house, db, at)])
        (clock,) = deadlines(db, made)
        assert (clock.clock.owner, f"{clock.due}") == ("committee_staff", "2026-11-10")
        found = [one for one in reminders(db, clock.due, now=house.now) if one.matter_id == made.id]
        assert house.actor(db, "committee").id in {one.person_id for one in found}
