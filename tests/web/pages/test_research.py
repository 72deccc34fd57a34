"""A group's research as its page on the workbench and the public page of its consultation show it."""

import io
import re
from datetime import date
from io import BytesIO

import pytest
from PIL import ExifTags, Image
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from engine.actions.files import receive, store_upload
from engine.actions.perform import perform
from engine.models.consultation import Consultation, Finding, Research
from tests.houses import FINDING, VISITS, consultation, paper, planned_research, research
from tests.web.visitors import Web, said
from workers.demo.papers import clip
from workers.demo.texts import PROPERTY_STUDIES


def task(web: Web) -> int:
    with web.house.transaction() as db:
        return research(web.house, db).id


def do(web: Web, number: int, verb: str, who: str = "group1", **given: object) -> None:
    with web.house.transaction() as db:
        subject = db.get_one(Research, number)
        perform(db, subject, verb, actor=web.house.actor(db, who), now=web.house.now, **given)


def file(web: Web, number: int, name: str, media_type: str = "application/pdf") -> int:
    with web.house.transaction() as db:
        return paper(web.house, db, db.get_one(Research, number), name, media_type)


def test_the_page_keeps_every_draft_with_the_remarks_on_it(web: Web) -> None:
    number, leader = task(web), web.sign_in("group1")
    assert "还没有提交报告。" in said(leader.get(f"/desk/matters/{number}"))
    first = file(web, number, "第一稿.pdf")
    do(web, number, "submit_report", summary="账目公布不及时。", report_id=first)
    do(web, number, "return_report", "committee", remark="请补充数据。")
    form = f"/desk/matters/{number}/resubmit_report"
    assert "退回修改 请补充数据。 专委会人员 陈专委" in said(leader.get(form)).partition("修改说明")[0]
    refused = leader.post(form, {"version": "4", "summary": "账目公布不及时。"})
    assert refused.status_code == 422
    assert "请填写“修改说明”。" in said(refused)
    do(
        web,
        number,
        "resubmit_report",
        changes="已补充。",
        summary="新摘要。",
        report_id=file(web, number, "第二稿.pdf"),
    )
    page = leader.get(f"/desk/matters/{number}")
    drafts = said(page).partition("报告各稿")[2].partition("办理经过")[0]
    for words in (
        "第 1 稿",
        "账目公布不及时。",
        "退回修改",
        "专委会人员 陈专委",
        "请补充数据。",
        "第 2 稿",
        "已补充。",
    ):
        assert words in drafts
        drafts = drafts.partition(words)[2]
    assert f'<a href="/files/{first}">第一稿.pdf</a>' in page.text


def test_the_plan_of_visits_stands_beside_the_findings_and_each_is_marked(web: Web) -> None:
    number, leader = task(web), web.sign_in("group1")
    form = leader.get(f"/desk/matters/{number}/record_visit")
    assert '<option value="2">2. 10月13日（周二） 梧桐苑</option>' in form.text
    answer = leader.post(form.request.path, {"visit": "2", "outcome": "not_held", "note": "台风，改期。"})
    assert answer.location == f"/desk/matters/{number}"
    leader.post(form.request.path, {"visit": "1", "outcome": "held"})
    finding = {"claim": "账目公布不及时", "place": "梧桐苑", "found_on": "2026-10-12", "visit": "1"}
    leader.post(f"/desk/matters/{number}/add_finding", finding)
    page = said(leader.get(f"/desk/matters/{number}"))
    assert "1 10月11日（周日） 新苑小区 业主代表 已走访" in page
    assert "2 10月13日（周二） 梧桐苑 物业公司 没有成行 台风，改期。" in page
    assert "2 账目公布不及时 梧桐苑 10月12日（周一） 1 —" in page


def test_a_visit_not_held_needs_its_reason_and_one_of_another_research_is_refused(web: Web) -> None:
    number, leader, other = task(web), web.sign_in("group1"), web.sign_in("group2")
    form, before = f"/desk/matters/{number}/record_visit", web.facts()
    for given, words in (
        ({"visit": "1", "outcome": "not_held"}, "请填写“情况说明”。"),
        ({"visit": "9", "outcome": "held"}, "没有这次走访，请从列表中选择。"),
    ):
        refused = leader.post(form, given)
        assert (refused.status_code, words in said(refused)) == (422, True)
    assert other.post(form, {"visit": "1", "outcome": "held"}).status_code == 403
    assert web.facts() == before


def test_the_leader_finds_the_visits_that_were_planned_in_the_form_and_adds_a_row(web: Web) -> None:
    with web.house.transaction() as db:
        number = planned_research(web.house, db, visits=VISITS).id
    leader = web.sign_in("group1")
    form = f"/desk/matters/{number}/start_field"
    shown = leader.get(form).text
    assert 'name="visits-0-visit_on" value="2026-10-11"' in shown
    assert 'name="visits-1-place" value="梧桐苑"' in shown
    rows = {"visits-0-visit_on": "2026-10-11", "visits-0-place": "新苑小区"}
    more = leader.post(form, rows | {"more": "visits", "version": "1"})
    assert 'name="visits-1-visit_on"' in more.text
    refused = leader.post(form, rows | {"version": "1"})
    assert (refused.status_code, "第 1 行没有填完。" in said(refused)) == (422, True)


def test_the_video_plays_with_chapters_on_the_workbench_and_once_accepted_in_public(web: Web) -> None:
    number, leader, citizen = task(web), web.sign_in("group1"), web.visitor()
    film = file(web, number, "短片.mp4", "video/mp4")
    chapters = [{"second": 0, "title": "走访概况"}, {"second": 95, "title": "主要发现"}]
    report = file(web, number, "报告.pdf")
    do(web, number, "submit_report", summary="摘要。", report_id=report, video_id=film, chapters=chapters)
    link = f'<a href="?film={film}&amp;at=95#film-{film}" data-seek="95"><span class="number">1:35</span> 主要发现</a>'
    assert link in leader.get(f"/desk/matters/{number}").text
    with web.house.transaction() as db:
        public = f"/consultations/{db.get_one(Research, number).parent_id}"
    assert "<video" not in citizen.get(public).text
    do(web, number, "accept", "committee")
    page = citizen.get(public).text
    assert link in page
    assert f'src="/files/{film}"' in page
    assert "film-" in page.partition("</head>")[0]
    assert f'src="/files/{film}#t=95"' in citizen.get(f"{public}?film={film}&at=95").text
    assert "#t=" not in citizen.get(f"{public}?film={film}&at=%22onerror").text


def test_a_first_chapter_at_second_zero_is_shown_again_in_the_form(web: Web) -> None:
    number, committee = task(web), web.sign_in("committee")
    film, report = file(web, number, "短片.mp4", "video/mp4"), file(web, number, "报告.pdf")
    do(web, number, "submit_report", summary="摘要。", report_id=report, video_id=film)
    form = f"/desk/matters/{number}/set_chapters"
    rows = {"chapters-0-second": "0", "chapters-0-title": "走访概况"}
    assert committee.post(form, rows).status_code == 302
    assert 'name="chapters-0-second" value="0"' in committee.get(form).text
    refused = committee.post(form, rows | {"chapters-1-second": "0", "chapters-1-title": "再来"})
    assert (refused.status_code, "各章要按先后排列" in said(refused)) == (422, True)


def taken(web: Web, number: int, name: str, content: bytes) -> int:
    """A file of that research, with its bytes on the disk."""
    with web.house.transaction() as db:
        of, actor = db.get_one(Research, number), web.house.actor(db, "group1")
        data, now = web.app.config["SETTINGS"].data, web.house.now
        return store_upload(db, receive(BytesIO(content), name, data), actor=actor, now=now, matter=of).id


def snapshot() -> bytes:
    """A photo that says where, when and with what it was taken, and lies on its side."""
    exif, picture = Image.Exif(), BytesIO()
    exif[ExifTags.Base.Model], exif[ExifTags.Base.Orientation] = "Spy Camera 3000", 6
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (30.0, 42.0, 0.0)
    Image.new("RGB", (1600, 800), "green").save(picture, "JPEG", exif=exif, comment=b"Spy Camera 3000")
    return picture.getvalue()


def test_the_photo_of_a_finding_is_public_once_accepted_and_says_not_where_it_was_taken(web: Web) -> None:
    number, leader, citizen = task(web), web.sign_in("group1"), web.visitor()
    photo, report = taken(web, number, "楼道.jpg", snapshot()), file(web, number, "报告.pdf")
    do(web, number, "add_finding", **FINDING | {"claim": "楼道堆物"}, photo_id=photo)
    page = leader.get(f"/desk/matters/{number}").text
    assert f'<img class="photo" src="/files/{photo}" alt="照片：楼道堆物" loading="lazy">' in page
    with web.house.transaction() as db:
        public = f"/consultations/{db.get_one(Research, number).parent_id}"
        finding = db.scalars(select(Finding.id).where(Finding.photo_id == photo)).one()
    address = f"/findings/{finding}/photo"
    assert (citizen.get(address).status_code, leader.get(address).status_code) == (404, 404)
    do(web, number, "submit_report", summary="摘要。", report_id=report)
    do(web, number, "accept", "committee")
    shown = f'<img class="finding-photo" src="{address}" alt="照片：楼道堆物" width="320" height="240" loading="lazy"'
    assert shown in citizen.get(public).text
    got = citizen.get(address)
    assert (got.status_code, got.mimetype) == (200, "image/jpeg")
    with Image.open(BytesIO(got.data)) as picture:
        assert (picture.size, dict(picture.getexif()), "comment" in picture.info) == ((640, 1280), {}, False)
    assert b"Spy Camera" not in got.data
    assert citizen.get(f"/files/{photo}").status_code == 404
    assert b"Spy Camera" in leader.get(f"/files/{photo}").data
    assert citizen.get("/findings/999999/photo").status_code == 404


def misread() -> bytes:
    """A photo whose camera wrote a text where a number belongs."""
    exif, picture = Image.Exif(), BytesIO()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.ImageDescription] = 6, "hello"
    Image.new("RGB", (90, 90)).save(picture, "JPEG", exif=exif)
    content = bytearray(picture.getvalue())
    content[41] = 0
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "answers"), [(snapshot()[:4000], 404), (misread(), 200)], ids=["cut", "misread"]
)
def test_a_picture_is_drawn_whatever_its_camera_wrote_or_refused_in_words(
    web: Web, content: bytes, answers: int
) -> None:
    number = task(web)
    photo, report = taken(web, number, "断.jpg", content), file(web, number, "报告.pdf")
    do(web, number, "add_finding", **FINDING, photo_id=photo)
    do(web, number, "submit_report", summary="摘要。", report_id=report)
    do(web, number, "accept", "committee")
    with web.house.transaction() as db:
        finding = db.scalars(select(Finding.id).where(Finding.photo_id == photo)).one()
    refused = web.visitor().get(f"/findings/{finding}/photo")
    assert refused.status_code == answers
    assert answers == 200 or "这张图片无法显示。" in said(refused)


def test_a_published_film_shows_its_first_picture_before_it_is_played(web: Web) -> None:
    number, citizen = task(web), web.visitor()
    film = taken(web, number, "短片.mp4", clip(PROPERTY_STUDIES[0]).read())
    address, report = f"/research/{number}/poster", file(web, number, "报告.pdf")
    do(web, number, "submit_report", summary="摘要。", report_id=report, video_id=film)
    assert citizen.get(address).status_code == 404
    do(web, number, "accept", "committee")
    with web.house.transaction() as db:
        public = f"/consultations/{db.get_one(Research, number).parent_id}"
    assert f'preload="none" poster="{address}"' in citizen.get(public).text
    with Image.open(BytesIO(citizen.get(address).data)) as picture:
        assert picture.size == (640, 352)


def test_whoever_sets_research_sees_by_when_its_report_is_due(web: Web) -> None:
    with web.house.transaction() as db:
        parent = consultation(web.house, db).id
    path, committee = f"/desk/matters/{parent}/new/research/plan", web.sign_in("committee")
    assert "提交调研报告 应于 2026年11月10日 前完成。" in said(committee.get(path))
    with web.house.transaction() as db:
        db.get_one(Consultation, parent).planned_on = date(2026, 10, 20)
    assert "这一天已经过了，现在布置就逾期。" in said(committee.get(path))
    given = {"title": "小区物业调研", "group_id": "1", "questions": "账目公布了吗？", "visits-0-visit_on": ""}
    refused = committee.post(path, given)
    assert (refused.status_code, "请领导先给协商改期" in said(refused)) == (409, True)


def test_tables_that_may_be_left_empty_may_be_left_as_the_page_sends_them(web: Web) -> None:
    with web.house.transaction() as db:
        parent = consultation(web.house, db).id
    committee, leader = web.sign_in("committee"), web.sign_in("group1")
    no_visits = {"visits-0-visit_on": "", "visits-0-place": "", "visits-0-whom": " "}
    task_given = {"title": "小区物业调研", "group_id": "1", "questions": "账目公布了吗？"} | no_visits
    begun = committee.post(f"/desk/matters/{parent}/new/research/plan", task_given)
    assert begun.status_code == 302
    refused = leader.post(f"{begun.location}/start_field", no_visits | {"version": "1"})
    assert (refused.status_code, "请填写“走访安排”。" in said(refused)) == (422, True)


def test_rows_are_numbered_by_plain_digits(web: Web) -> None:
    number, leader = task(web), web.sign_in("group1")
    answer = leader.post(f"/desk/matters/{number}/submit_report", {"chapters-²-title": "x", "summary": ""})
    assert answer.status_code == 422


def test_a_row_more_and_a_stale_form_keep_the_chosen_report(web: Web) -> None:
    number, leader = task(web), web.sign_in("group1")
    form = f"/desk/matters/{number}/submit_report"
    report = FileStorage(io.BytesIO(b"%PDF-1.7\nreport\n%%EOF\n"), filename="调研报告.pdf")
    more = leader.upload(form, {"summary": "摘要。", "more": "chapters", "report_id": report})
    (kept,) = re.findall(r'name="report_id-kept" value="([^"]+)"', more.text)
    answer = leader.post(form, {"version": "1", "summary": "摘要。", "report_id-kept": kept})
    assert (answer.status_code, "已收到：调研报告.pdf" in said(answer)) == (409, True)
    version = re.findall(r'name="version" value="(\d+)"', leader.get(form).text)[0]
    answer = leader.post(form, {"version": version, "summary": "摘要。", "report_id-kept": kept})
    assert answer.status_code == 302, said(answer)
    assert "调研报告.pdf" in said(leader.get(f"/desk/matters/{number}"))


def test_the_visits_that_were_planned_with_the_task_stand_in_the_form(web: Web) -> None:
    with web.house.transaction() as db:
        number = planned_research(web.house, db, visits=VISITS).id
    page = web.sign_in("group1").get(f"/desk/matters/{number}/start_field")
    for visit in VISITS:
        assert f'value="{visit["place"]}"' in page.text
    assert "这里写的代替原来的安排。" in said(page)
