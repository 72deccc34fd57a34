"""Inviting to a sitting, answering on the desk, the door and its code."""

import re
from datetime import timedelta

import pytest

from engine.actions.attendance import door_code
from engine.actions.people import confirm_post, grant_post
from engine.actions.perform import perform
from engine.actions.sitting import schedule_sitting
from engine.models.consultation import Attendance, Consultation, Sitting
from tests.houses import invited, sitting
from tests.web.visitors import Web, said


def held(web: Web, **to: int) -> int:
    """A sitting that begins after that time."""
    with web.house.transaction() as db:
        planned = sitting(web.house, db, live=False)
        number, starts_at = planned.id, planned.starts_at
    web.house.now = starts_at - timedelta(**to)
    web.later()
    return number


def asked(web: Web, number: int, name: str = "group1", *, must_attend: bool = True) -> int:
    with web.house.transaction() as db:
        return invited(web.house, db, db.get_one(Sitting, number), name, must_attend=must_attend).id


def code(web: Web, number: int) -> str:
    with web.house.transaction() as db:
        return door_code(db.get_one(Sitting, number), web.house.now)


def state(web: Web, invitation: int) -> str:
    with web.house.transaction() as db:
        return db.get_one(Attendance, invitation).state


def test_the_staff_choose_by_kind_whom_they_invite(web: Web) -> None:
    number, staff = held(web, days=20), web.sign_in("committee")
    path = f"/desk/sittings/{number}/invitations"
    page = staff.get(path)
    assert re.search(
        r"委员 .*许主持 .*政协委员.* 承办单位 .*秦局长 市住房和城乡建设局.* 工作人员 .*周办公", said(page)
    )
    (host,) = re.findall(r'name="members" value="(\d+)"[^>]*><span>许主持', page.text)
    (chief,) = re.findall(r'name="units" value="(\d+)"[^>]*><span>秦局长', page.text)
    answer = staff.post(path, {"members": host, "units": chief, "must": "yes"})
    assert answer.location == f"/desk/matters/{number}"
    shown = said(staff.get(answer.location))
    assert "秦局长 必须参加 待确认 — 许主持 必须参加 待确认 —" in shown
    assert "受邀 2 人 待确认 2" in shown
    assert "许主持" not in said(staff.get(path))


def test_nobody_chosen_is_said_and_nothing_happens(web: Web) -> None:
    number, staff = held(web, days=20), web.sign_in("committee")
    before = web.facts()
    for chosen in ({}, {"members": "999999"}, {"members": "x"}):
        answer = staff.post(f"/desk/sittings/{number}/invitations", chosen)
        assert (answer.status_code, "请选择要邀请的人。" in said(answer)) == (422, True)
    assert web.facts() == before


def test_the_one_invited_answers_on_the_desk(web: Web) -> None:
    one = asked(web, held(web, days=20))
    guest = web.sign_in("group1")
    desk = said(guest.get("/desk/"))
    assert "有 1 份邀请等您答复。" in desk
    assert "现在没有等您办理的事。" not in desk
    assert "您受邀参加：市长与政协委员面对面" in desk
    assert "必须参加 待确认 答复参加 请假 查看邀请" in desk
    assert "您受邀参加" not in said(web.sign_in("group2").get("/desk/"))
    assert guest.post(f"/desk/matters/{one}/accept", {"version": "1"}).status_code == 302
    assert "必须参加 参加 请假 查看邀请" in said(guest.get("/desk/"))
    assert guest.post(f"/desk/matters/{one}/request_leave", {"reason": "出差。"}).status_code == 302
    assert "请假待批 撤回请假 查看邀请" in said(guest.get("/desk/"))
    office = web.sign_in("office")
    assert f'href="/desk/matters/{one}"' in office.get("/desk/").text
    office.post(f"/desk/matters/{one}/approve_leave")
    assert "准假，现为“准假”" in said(guest.get("/desk/notices"))


def test_what_is_over_stands_on_nobodys_desk_though_it_was_never_held(web: Web) -> None:
    asked(web, held(web, days=20))
    web.later(days=21)
    assert "您受邀参加" not in said(web.sign_in("group1").get("/desk/"))


@pytest.mark.parametrize("name", ["group2", "moderator1", "unit_admin", "sysadmin"])
def test_another_ones_invitation_stays_closed(web: Web, name: str) -> None:
    one, visitor = asked(web, held(web, days=20)), web.sign_in(name)
    before = web.facts()
    assert visitor.get(f"/desk/matters/{one}").status_code == 403
    assert visitor.post(f"/desk/matters/{one}/accept").status_code == 403
    assert web.facts() == before


def test_whoever_scans_the_code_at_the_door_presses_one_button(web: Web) -> None:
    number = held(web, minutes=30)
    one, door = asked(web, number), web.sign_in("recorder1")
    page = door.get(f"/desk/sittings/{number}/door")
    digits = code(web, number)
    assert f"{digits[:4]} {digits[4:]}" in said(page)
    assert '<svg viewBox="0 0' in page.text
    path = f"/desk/sittings/{number}/sign-in"
    stranger = web.visitor()
    assert stranger.get(f"{path}?code={digits}").location == f"/login?next={path}?code%3D{digits}"
    guest = web.sign_in("group1")
    scanned = guest.get(f"{path}?code={digits}")
    assert f'type="hidden" name="code" value="{digits}"' in scanned.text
    assert "沈组长 本人签到，不得代签。" in said(scanned)
    assert guest.post(path, {"code": digits}).location == path
    assert "沈组长，您已签到" in said(guest.get(path))
    assert state(web, one) == "signed_in"
    assert "已签到 1 人" in said(door.get(f"/desk/sittings/{number}/door"))


def test_pressing_twice_signs_in_once(web: Web) -> None:
    number = held(web, minutes=30)
    asked(web, number)
    guest, path = web.sign_in("group1"), f"/desk/sittings/{number}/sign-in"
    digits = code(web, number)
    guest.post(path, {"code": digits})
    before = web.facts()
    again = guest.post(path, {"code": digits})
    assert (again.status_code, web.facts()) == (409, before)


def test_a_photograph_of_the_code_is_worth_nothing_later(web: Web) -> None:
    number = held(web, minutes=30)
    one, guest = asked(web, number), web.sign_in("group1")
    old, path = code(web, number), f"/desk/sittings/{number}/sign-in"
    web.later(minutes=20)
    for wrong in (old, "", "12345678", "签到"):
        before = web.facts()
        answer = guest.post(path, {"code": wrong})
        assert (answer.status_code, web.facts(), state(web, one)) == (422, before, "invited")
    assert "签到码不对，或者已经过期" in said(guest.post(path, {"code": old}))
    by_hand = code(web, number)
    assert guest.post(path, {"code": f" {by_hand[:4]} {by_hand[4:]}"}).status_code == 302
    assert "迟到" not in said(guest.get(path))


def test_who_comes_late_is_said_to_be_late(web: Web) -> None:
    number = held(web, minutes=-5)
    asked(web, number)
    guest, path = web.sign_in("group1"), f"/desk/sittings/{number}/sign-in"
    guest.post(path, {"code": code(web, number)})
    assert "14:05 · 迟到" in said(guest.get(path))
    door = said(web.sign_in("committee").get(f"/desk/sittings/{number}/door"))
    assert "已签到 1 人 迟到 1" in door
    assert "沈组长 必须参加 已签到 迟到 14:05" in door


def test_who_is_not_invited_is_refused_in_words(web: Web) -> None:
    number = held(web, minutes=30)
    guest, path = web.sign_in("group2"), f"/desk/sittings/{number}/sign-in"
    for answer in (guest.get(path), guest.post(path, {"code": code(web, number)})):
        assert answer.status_code == 403
        assert "您不在本场会议的受邀名单里" in said(answer)


def test_before_the_door_opens_the_page_says_when(web: Web) -> None:
    number = held(web, hours=3)
    asked(web, number)
    page = said(web.sign_in("group1").get(f"/desk/sittings/{number}/sign-in"))
    assert "现在不能签到 开会前 60 分钟开始签到。" in page


def test_a_cancelled_sitting_has_no_code(web: Web) -> None:
    number = held(web, minutes=30)
    with web.house.transaction() as db:
        leader = web.house.actor(db, "leader")
        perform(
            db, db.get_one(Sitting, number), "cancel", actor=leader, now=web.house.now, public_reason="台风。"
        )
    page = web.sign_in("committee").get(f"/desk/sittings/{number}/door")
    assert "会议已经结束、延期或取消。" in said(page)
    assert "<figure" not in page.text


@pytest.mark.parametrize("name", ["host1", "moderator1", "group1", "leader"])
def test_the_door_is_kept_by_the_recorder_and_the_committee(web: Web, name: str) -> None:
    number = held(web, minutes=30)
    page = web.sign_in(name).get(f"/desk/sittings/{number}/door")
    assert page.status_code == 403
    assert code(web, number)[:4] not in page.text


def test_a_recorder_keeps_the_door_of_their_own_sitting_only(web: Web) -> None:
    number = held(web, minutes=30)
    with web.house.transaction() as db:
        this = db.get_one(Sitting, number)
        times = {"starts_at": this.starts_at, "ends_at": this.ends_at, "place": "二号会议室"}
        committee, office = web.house.actor(db, "committee"), web.house.actor(db, "office")
        parent = db.get_one(Consultation, this.parent_id)
        other = schedule_sitting(db, parent, actor=committee, now=web.house.now, title="分会场", **times).id
        person = web.house.actor(db, "scorer1").person
        post = grant_post(db, person, "recorder", this, actor=committee, now=web.house.now)
        confirm_post(db, post, actor=office, now=web.house.now)
    recorder = web.sign_in("scorer1")
    assert recorder.get(f"/desk/sittings/{number}/door").status_code == 200
    assert recorder.get(f"/desk/sittings/{other}/door").status_code == 403


def test_at_the_door_somebody_is_signed_in_by_hand(web: Web) -> None:
    number = held(web, minutes=30)
    one, door = asked(web, number), web.sign_in("recorder1")
    path = f"/desk/matters/{one}/sign_in_by_staff"
    assert path in door.get(f"/desk/sittings/{number}/door").text
    assert door.post(path, {"reason": ""}).status_code == 422
    assert door.post(path, {"reason": "手机没电。", "arrived_at": "2026-11-24T13:59"}).status_code == 422
    assert door.post(path, {"reason": "手机没电。", "arrived_at": ""}).status_code == 302
    assert state(web, one) == "signed_in"
    assert path not in door.get(f"/desk/sittings/{number}/door").text


LINK = "https://meeting.example/j/123?pwd=abc"


def test_a_remote_guest_reads_the_notice_consents_and_finds_the_link_when_the_door_opens(web: Web) -> None:
    number = held(web, hours=3)
    one = asked(web, number)
    staff, guest, page = web.sign_in("committee"), web.sign_in("group1"), f"/desk/matters/{one}"
    assert "远程" not in said(guest.get(page))
    assert staff.post(f"{page}/offer_remote", {"remote_url": "http://meeting.example"}).status_code == 422
    assert staff.post(f"{page}/offer_remote", {"remote_url": LINK}).status_code == 302
    assert f'href="{page}/answer_remote"' in guest.get("/desk/").text
    notice = said(guest.get(f"{page}/answer_remote"))
    assert "您的画面和声音会在会场、大屏和直播中播出，并录像保存。" in notice
    assert "未经监护人同意，不采访未成年人。" in notice
    assert "远程席位 还没有答复告知；" in said(guest.get(page))
    assert guest.post(f"{page}/answer_remote", {"remote_consent": ""}).status_code == 422
    assert staff.post(f"{page}/answer_remote", {"remote_consent": "agreed"}).status_code == 403
    assert guest.post(f"{page}/answer_remote", {"remote_consent": "agreed"}).status_code == 302
    assert "开会前 60 分钟开始签到。" in said(guest.get(page))
    assert "meeting.example" not in guest.get(page).text
    web.later(hours=2, minutes=30)
    assert f'<a href="{LINK}" rel="noreferrer"' in guest.get(page).text
    host = web.sign_in("host1").get(f"/hall/{number}/host")
    assert f'<a href="{LINK}"' in host.text
    assert "远程席位 1 沈组长 打开会议链接" in said(host)
    assert guest.post(f"{page}/join").status_code == 302
    assert state(web, one) == "signed_in"
    leader = web.sign_in("leader")
    for reader in (staff, leader, web.sign_in("recorder1")):
        shown = reader.get(page)
        assert shown.status_code == 200
        assert "meeting.example" not in shown.text
    assert "meeting.example" not in leader.get(f"/hall/{number}/host").text


def test_the_form_that_replaces_a_remote_link_does_not_show_it(web: Web) -> None:
    page, staff = f"/desk/matters/{asked(web, held(web, hours=3))}", web.sign_in("committee")
    staff.post(f"{page}/offer_remote", {"remote_url": LINK})
    shown = staff.get(f"{page}/offer_remote")
    assert shown.status_code == 200
    assert "meeting.example" not in shown.text


def test_without_consent_the_host_is_told_so_and_sees_no_link(web: Web) -> None:
    number = held(web, minutes=30)
    one = asked(web, number)
    page, guest = f"/desk/matters/{one}", web.sign_in("group1")
    web.sign_in("committee").post(f"{page}/offer_remote", {"remote_url": LINK})
    guest.post(f"{page}/answer_remote", {"remote_consent": "agreed"})
    guest.post(f"{page}/answer_remote", {"remote_consent": "declined"})
    host = web.sign_in("host1").get(f"/hall/{number}/host")
    assert "远程席位 1 沈组长 没有同意。" in said(host)
    assert "meeting.example" not in host.text
    assert "meeting.example" not in guest.get(page).text
    assert guest.post(f"{page}/join").status_code == 409
