"""Sending a paper to those invited to a sitting, releasing it, and reading it on a phone."""

import io
import re
from datetime import timedelta

import pytest
from PIL import Image
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from engine.actions.files import path_of
from engine.actions.perform import perform
from engine.models.consultation import Material, Sitting
from engine.models.house import Document
from tests.houses import invited, sitting
from tests.web.visitors import Visitor, Web, said


def pdf(*pages: str, password: str | None = None) -> bytes:
    made = io.BytesIO()
    canvas = Canvas(made, encrypt=password)
    for words in pages:
        canvas.drawString(72, 720, words)
        canvas.showPage()
    canvas.save()
    return made.getvalue()


PDF, OTHER = pdf("first", "second"), pdf("another")


def words_of(content: bytes) -> list[str]:
    """Of each page."""
    return [page.extract_text().strip() for page in PdfReader(io.BytesIO(content)).pages]


def file(content: bytes, name: str = "通报.pdf") -> FileStorage:
    return FileStorage(io.BytesIO(content), filename=name)


def planned(web: Web, *guests: str) -> int:
    """A sitting in 20 days, with these invited."""
    with web.house.transaction() as db:
        at = sitting(web.house, db, live=False)
        number, starts_at = at.id, at.starts_at
        for name in guests:
            invited(web.house, db, at, name)
    web.house.now = starts_at - timedelta(days=20)
    web.later()
    return number


def sent(web: Web, staff: Visitor, number: int, *guests: str, content: bytes = PDF) -> str:
    """The page of a material for these, not released."""
    path = f"/desk/sittings/{number}/materials/new"
    page = staff.get(path).text
    boxes = dict(re.findall(r'name="recipients" value="(\d+)"[^>]*><span>([^<]+)<', page))
    chosen = [box for box, name in boxes.items() if name in guests]
    fields = {"title": "调研通报", "readable_until": "2026-11-24T16:00", "recipients": chosen}
    answer = staff.upload(path, fields | {"file_id": file(content)})
    assert answer.status_code == 302, said(answer)
    return str(answer.location)


def file_of(web: Web) -> int:
    with web.house.transaction() as db:
        return db.scalars(select(Material)).one().file_id


def test_the_staff_upload_choose_and_release_and_the_one_it_is_for_reads_it(web: Web) -> None:
    number, staff = planned(web, "group1", "group2"), web.sign_in("committee")
    page = sent(web, staff, number, "沈组长")
    shown = said(staff.get(page))
    assert "调研通报 待发放 发放会议材料" in shown
    assert "沈组长 待确认 未查阅" in shown
    assert "韩组长" not in shown
    guest, other = web.sign_in("group1"), web.sign_in("group2")
    assert "调研通报" not in said(guest.get("/desk/"))
    assert guest.get(page).status_code == 403
    assert staff.post(f"{page}/release").status_code == 302
    assert "会议材料 调研通报 · 未查阅" in said(guest.get("/desk/"))
    assert "调研通报" not in said(other.get("/desk/"))
    assert "会议材料“调研通报”：发放" in said(guest.get("/desk/notices"))
    mine = guest.get(page)
    assert "这一份供 沈组长 本人查阅" in said(mine)
    assert "收件人" not in said(mine)
    (door,) = re.findall(r'href="(/desk/materials/\d+/file)"', mine.text)
    answer = guest.get(door)
    assert answer.status_code == 200
    mark = "沈组长 2026-11-04 14:00"
    assert words_of(answer.data) == ["\n".join([words, mark, mark, mark]) for words in ("first", "second")]
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    shown = said(staff.get(page))
    assert "沈组长 待确认 11月4日（周三） 14:00" in shown
    assert "查阅 收件人 沈组长" in shown
    assert "查阅 收件人 沈组长" not in said(guest.get(page))
    assert "1 / 1" in said(staff.get(f"/desk/matters/{number}"))
    assert "未查阅" not in said(guest.get("/desk/"))


def test_whom_it_is_not_for_gets_it_by_no_address(web: Web) -> None:
    number, staff = planned(web, "group1", "group2"), web.sign_in("committee")
    page = sent(web, staff, number, "沈组长")
    staff.post(f"{page}/release")
    door, copy = f"{page.replace('matters', 'materials')}/file", f"/files/{file_of(web)}"
    visitors = [web.sign_in(name) for name in ("group2", "unit_admin", "moderator1")]
    before = web.facts()
    for visitor in visitors:
        assert [visitor.get(path).status_code for path in (page, door, copy)] == [403, 403, 404]
        assert "“查阅”由收件人办理。" in said(visitor.get(door))
    assert web.visitor().get(door).location.startswith("/login?next=")
    assert web.visitor().get(copy).status_code == 404
    assert web.facts() == before


@pytest.mark.parametrize("when", ["unreleased", "recalled", "over"])
def test_outside_its_time_it_is_closed_in_words_by_every_address(web: Web, when: str) -> None:
    number, staff = planned(web, "group1"), web.sign_in("committee")
    page = sent(web, staff, number, "沈组长")
    guest, door = web.sign_in("group1"), f"{page.replace('matters', 'materials')}/file"
    if when != "unreleased":
        staff.post(f"{page}/release")
        assert guest.get(door).status_code == 200
    if when == "recalled":
        assert staff.post(f"{page}/recall", {"reason": "数据有误。"}).status_code == 302
        shown = said(guest.get(page))
        assert "这一份供 沈组长 本人查阅 已收回" in shown
        assert "数据有误。" in shown
    if when == "over":
        staff.post(f"{page}/set_window", {"readable_until": "2026-11-04T14:05"})
        web.later(minutes=5)
        assert "现在不在查阅时间内" in said(guest.get(page))
    before = web.facts()
    assert guest.get(door).status_code == 409
    assert guest.get(f"/files/{file_of(web)}").status_code == 404
    assert guest.post(f"{page}/read").status_code == (403 if when == "unreleased" else 404)
    assert "查阅：" not in guest.get("/desk/").text
    assert f'href="{door}"' not in guest.get(page).text
    assert web.facts() == before
    assert staff.get(f"/files/{file_of(web)}").data == PDF


def test_a_new_file_takes_the_old_ones_place_and_the_staff_keep_both(web: Web) -> None:
    number, staff = planned(web, "group1"), web.sign_in("committee")
    page = sent(web, staff, number, "沈组长")
    staff.post(f"{page}/release")
    first = file_of(web)
    answer = staff.upload(f"{page}/replace", {"file_id": file(OTHER, "通报（改）.pdf")})
    assert answer.status_code == 302
    guest = web.sign_in("group1")
    assert words_of(guest.get(f"{page.replace('matters', 'materials')}/file").data)[0].startswith(
        "another\n沈组长 "
    )
    assert guest.get(f"/files/{first}").status_code == 404
    shown = said(staff.get(page))
    assert "现行文件 通报（改）.pdf" in shown
    assert "换下的文件 通报.pdf" in shown
    assert staff.get(f"/files/{first}").data == PDF


def test_what_is_wrong_is_said_and_what_was_typed_and_chosen_stays(web: Web) -> None:
    number, staff = planned(web, "group1", "group2"), web.sign_in("committee")
    path = f"/desk/sittings/{number}/materials/new"
    (one, *_rest) = re.findall(r'name="recipients" value="(\d+)"', staff.get(path).text)
    good = {"title": "调研通报", "readable_until": "2026-11-24T16:00", "recipients": one}
    before = web.facts()
    for wrong, words in (
        ({"recipients": "999999"}, "请选择发给哪些受邀人。"),
        ({"readable_until": "2026-11-01T16:00"}, "停止查阅时间应晚于现在"),
        ({"title": ""}, "材料名称"),
        ({"file_id": file(b"MZ")}, "文件"),
    ):
        answer = staff.upload(path, good | {"file_id": file(PDF)} | wrong)
        assert (answer.status_code, words in said(answer)) == (422, True), wrong
        assert ("title" in wrong) or 'value="调研通报"' in answer.text
    assert staff.upload(path, good).status_code == 422
    assert web.facts() == before


def references(page: str) -> list[str]:
    return re.findall(r'name="file_id-kept" value="([^"]+)"', page)


def test_a_form_that_is_refused_keeps_its_file_for_whoever_sent_it(web: Web) -> None:
    number, staff = planned(web, "group1"), web.sign_in("committee")
    other, facts = web.sign_in("office"), web.facts()
    path = f"/desk/sittings/{number}/materials/new"
    (one,) = re.findall(r'name="recipients" value="(\d+)"', staff.get(path).text)
    good = {"title": "调研通报", "readable_until": "2026-11-24T16:00", "recipients": one}
    refused = staff.upload(path, good | {"title": "", "file_id": file(PDF)})
    assert "已收到：通报.pdf（2 KB）。" in said(refused)
    (reference,) = references(refused.text)
    kept = {"file_id-kept": reference}
    again = staff.upload(path, good | kept | {"readable_until": ""})
    assert "已收到：通报.pdf（2 KB）。" in said(again)

    taken_away = staff.upload(path, good | kept | {"file_id-drop": "yes"})
    assert (taken_away.status_code, references(taken_away.text)) == (422, [])
    for visitor, forged in ((other, reference), (staff, reference[:-2]), (staff, "…")):
        foreign = visitor.upload(path, good | {"file_id-kept": forged})
        assert (foreign.status_code, "请重新选择" in said(foreign)) == (422, True)
    assert web.facts() == facts

    assert staff.upload(path, good | kept).status_code == 302
    with web.house.transaction() as db:
        made = db.scalars(select(Material)).one().file
        assert (made.name, made.size, made.created_by_id) == (
            "通报.pdf",
            len(PDF),
            web.house.actor(db, "committee").id,
        )


def test_another_file_takes_the_kept_ones_place_and_a_kept_one_is_kept_two_hours(web: Web) -> None:
    number, staff = planned(web, "group1"), web.sign_in("committee")
    path = f"/desk/sittings/{number}/materials/new"
    (one,) = re.findall(r'name="recipients" value="(\d+)"', staff.get(path).text)
    good = {"title": "调研通报", "readable_until": "2026-11-24T16:00", "recipients": one}
    refused = staff.upload(path, good | {"title": "", "file_id": file(PDF)})
    kept = {"file_id-kept": references(refused.text)[0]}
    made = staff.upload(path, good | kept | {"file_id": file(OTHER, "新.pdf")})
    assert (made.status_code, staff.get(f"/files/{file_of(web)}").data) == (302, OTHER)
    web.later(hours=2)
    late = staff.upload(path, good | kept)
    assert (late.status_code, "收到的文件已过保留时间，请重新选择。" in said(late)) == (422, True)


def test_who_stays_away_is_left_out_unless_chosen(web: Web) -> None:
    number, staff = planned(web, "group1", "group2"), web.sign_in("committee")
    with web.house.transaction() as db:
        one = invited(web.house, db, db.get_one(Sitting, number), "group2")
        reason = {"reason": "当天在省里参加培训。"}
        perform(db, one, "request_leave", actor=web.house.actor(db, "group2"), now=web.house.now, **reason)
        perform(db, one, "approve_leave", actor=web.house.actor(db, "committee"), now=web.house.now)
    page = staff.get(f"/desk/sittings/{number}/materials/new").text
    assert re.findall(r'name="recipients" value="\d+"( checked)?><span>(\S+)<small>', page) == [
        (" checked", "沈组长"),
        ("", "韩组长"),
    ]
    material = sent(web, staff, number, "韩组长")
    staff.post(f"{material}/release")
    assert web.sign_in("group2").get(f"{material.replace('matters', 'materials')}/file").status_code == 200


def test_with_nobody_invited_the_page_leads_to_inviting(web: Web) -> None:
    number, staff = planned(web), web.sign_in("office")
    page = staff.get(f"/desk/sittings/{number}/materials/new")
    assert "还没有邀请人员。" in said(page)
    assert f'href="/desk/sittings/{number}/invitations"' in page.text


def test_those_who_have_not_read_it_are_reminded_by_one_button(web: Web) -> None:
    number, staff = planned(web, "group1", "group2"), web.sign_in("committee")
    page = sent(web, staff, number, "沈组长", "韩组长")
    staff.post(f"{page}/release")
    reader = web.sign_in("group1")
    reader.get(f"{page.replace('matters', 'materials')}/file")
    assert staff.post(f"{page}/remind").status_code == 302
    assert "提醒未查阅的人" in said(web.sign_in("group2").get("/desk/notices"))
    assert "提醒未查阅的人" not in said(reader.get("/desk/notices"))


def test_its_page_asks_as_much_for_many_as_for_one(web: Web) -> None:
    number, staff = planned(web, "group1", "group2", "unit_admin", "unit_leader"), web.sign_in("committee")
    pages = [
        sent(web, staff, number, *names) for names in (("沈组长",), ("沈组长", "韩组长", "杨联络", "秦局长"))
    ]
    for page in pages:
        staff.post(f"{page}/release")
        assert "提醒未查阅的人" in said(staff.get(page))
    one, four = (web.queries(staff, page) for page in pages)
    assert one == four


def test_by_the_form_of_any_step_nothing_is_read_or_given_to_others(web: Web) -> None:
    number, staff = planned(web, "group1"), web.sign_in("committee")
    page = sent(web, staff, number, "沈组长")
    staff.post(f"{page}/release")
    for visitor, verb in ((web.sign_in("group1"), "read"), (staff, "share")):
        assert visitor.get(f"{page}/{verb}").status_code == 404
        assert visitor.post(f"{page}/{verb}").status_code == 404
    assert "沈组长 待确认 未查阅" in said(staff.get(page))


def test_who_was_invited_later_gets_it_too(web: Web) -> None:
    number, staff = planned(web, "group1"), web.sign_in("committee")
    page = sent(web, staff, number, "沈组长")
    staff.post(f"{page}/release")
    path = f"{page.replace('matters', 'materials')}/recipients"
    assert "受邀人都已是收件人。" in said(staff.get(path))
    with web.house.transaction() as db:
        later = invited(web.house, db, db.get_one(Sitting, number), "group2").id
    assert f'href="{path}"' in staff.get(page).text
    assert "沈组长" not in said(staff.get(path))
    before = web.facts()
    for wrong in ({}, {"recipients": "999999"}):
        answer = staff.post(path, wrong)
        assert (answer.status_code, "请选择发给哪些受邀人。" in said(answer)) == (422, True)
    assert web.facts() == before
    assert staff.post(path, {"recipients": str(later)}).location == page
    assert "韩组长 待确认 未查阅" in said(staff.get(page))
    assert "会议材料“调研通报”：增发" in said(web.sign_in("group2").get("/desk/notices"))
    staff.post(f"{page}/recall", {"reason": "数据有误。"})
    assert staff.get(path).status_code == 409


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (pdf("first", password="shut"), "设了密码或者不完好"),
        (b"%PDF-1.7\nnot one\n%%EOF\n", "设了密码或者不完好"),
        (pdf(*["page"] * 301), "不能超过 300 页"),
    ],
    ids=["password", "damaged", "long"],
)
def test_a_pdf_that_cannot_bear_the_readers_name_is_not_taken(web: Web, content: bytes, says: str) -> None:
    number, staff = planned(web, "group1"), web.sign_in("committee")
    path = f"/desk/sittings/{number}/materials/new"
    (box,) = re.findall(r'name="recipients" value="(\d+)"', staff.get(path).text)
    before = web.facts()
    fields = {"title": "调研通报", "readable_until": "2026-11-24T16:00", "recipients": box}
    answer = staff.upload(path, fields | {"file_id": file(content)})
    assert answer.status_code == 422
    assert says in said(answer)
    assert web.facts() == before


def test_what_cannot_be_handed_out_is_not_written_down_as_read(web: Web) -> None:
    number, staff = planned(web, "group1"), web.sign_in("committee")
    page = sent(web, staff, number, "沈组长")
    staff.post(f"{page}/release")
    guest, before = web.sign_in("group1"), web.facts()
    with web.house.transaction() as db:
        kept = path_of(web.app.config["SETTINGS"].data, db.get_one(Document, file_of(web)).sha256)
    kept.write_bytes(b"%PDF-1.7\nbroken since\n%%EOF\n")
    assert guest.get(f"{page.replace('matters', 'materials')}/file").status_code == 409
    assert web.facts() == before


def test_what_is_no_pdf_is_handed_out_as_it_is(web: Web) -> None:
    number, staff = planned(web, "group1"), web.sign_in("committee")
    path, picture = f"/desk/sittings/{number}/materials/new", io.BytesIO()
    (box,) = re.findall(r'name="recipients" value="(\d+)"', staff.get(path).text)
    Image.new("RGB", (30, 20)).save(picture, "PNG")
    fields = {"title": "现场", "readable_until": "2026-11-24T16:00", "recipients": box}
    answer = staff.upload(path, fields | {"file_id": file(picture.getvalue(), "现场.png")})
    page = str(answer.location)
    staff.post(f"{page}/release")
    got = web.sign_in("group1").get(f"{page.replace('matters', 'materials')}/file")
    assert got.data == picture.getvalue()
