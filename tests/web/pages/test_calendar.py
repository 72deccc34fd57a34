"""The calendar as everybody reads it, and as the administrator changes it: by a form and by Excel."""

import io
import re
from collections.abc import Sequence
from datetime import date, datetime

import pytest
from openpyxl import Workbook, load_workbook
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from engine import calendar
from engine.workdays import Day
from tests.web.visitors import Visitor, Web, said

TITLES = ["日期", "安排", "名称"]
NOTICE: list[list[object]] = [
    ["2027-10-01", "休", "国庆节"],
    ["2027年10月2日", "休", "国庆节"],
    [datetime(2027, 10, 9), "班", "国庆节调休"],  # noqa: DTZ001  (as Excel keeps a day)
]
SATURDAY = {"day": "2027-10-09", "plan": "worked", "name": "国庆节调休"}


def sheet(rows: Sequence[Sequence[object]], titles: Sequence[str] = TITLES) -> bytes:
    book = Workbook()
    for row in (titles, *rows):
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def send(visitor: Visitor, data: bytes, do: str = "import", year: int = 2027) -> TestResponse:
    file = FileStorage(io.BytesIO(data), filename="x.xlsx", content_type="application/octet-stream")
    return visitor.upload(f"/desk/calendar/{year}/import", {"do": do, "sheet": file})


def days(web: Web, year: int = 2027) -> Sequence[Day]:
    with web.house.transaction() as db:
        return calendar.days_in(db, year)


def test_everybody_who_works_here_reads_the_year_and_how_sure_it_is(web: Web) -> None:
    reader = web.sign_in("scorer1")
    this_year = reader.get("/desk/calendar")
    assert this_year.text.count('<table class="month">') == 12
    assert this_year.text.count('scope="col"') >= 12 * 7
    assert "正式：已按国务院通知" in said(this_year)
    assert "全年工作日 248 天" in said(this_year)
    assert "暂定：国务院通知未发布" in said(reader.get("/desk/calendar?year=2027"))
    unknown = reader.get("/desk/calendar?year=2029")
    assert "没有日历：只休周末" in said(unknown)
    assert "这一年没有放假安排。" in said(unknown)
    assert re.search(r'<td class="worked">10 <i class="plan worked">班</i>', this_year.text)
    assert "改一天" not in said(this_year)


@pytest.mark.parametrize("year", ["", "0", "1948", "2101", "99999", "２０２７", "-2027", "abc", "2" * 5000])
def test_a_year_that_is_none_shows_this_one(web: Web, year: str) -> None:
    page = web.sign_in("scorer1").get("/desk/calendar", query_string={"year": year})
    assert page.status_code == 200
    assert "工作日历 2026 年" in said(page)


@pytest.mark.parametrize("year", ["1949", "2100"])
def test_the_first_and_the_last_year_are_shown(web: Web, year: str) -> None:
    assert f"工作日历 {year} 年" in said(web.sign_in("scorer1").get(f"/desk/calendar?year={year}"))


def test_the_administrator_changes_a_day(web_on_both: Web) -> None:
    web = web_on_both
    admin, before = web.sign_in("sysadmin"), web.facts()
    assert admin.post("/desk/calendar/days", SATURDAY).location == "/desk/calendar?year=2027"
    assert Day(date(2027, 10, 9), True, "国庆节调休") in days(web)
    page = said(admin.get("/desk/calendar?year=2027"))
    assert "已改，已记入账本。" in page
    assert "正式：已按国务院通知" in page
    assert web.facts() == before + 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"day": "2027-02-30"}, "day"),
        ({"day": "2227-10-09"}, "day"),
        ({"day": "2027-10-08"}, "plan"),
        ({"plan": ""}, "plan"),
        ({"name": ""}, "name"),
    ],
)
def test_a_mistake_changes_no_day_and_loses_nothing_typed(
    web: Web, change: dict[str, str], field: str
) -> None:
    admin, before = web.sign_in("sysadmin"), web.facts()
    given = SATURDAY | change
    answer = admin.post("/desk/calendar/days", given)
    assert answer.status_code == 422
    assert f'<li><a href="#{field}">' in answer.text
    for name in ("day", "name"):
        assert f'value="{given[name]}"' in answer.text
    assert web.facts() == before


def test_a_year_without_a_calendar_is_loaded_once(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    assert "/desk/calendar/2028/load" in admin.get("/desk/calendar?year=2028").text
    assert admin.post("/desk/calendar/2028/load").status_code == 302
    assert days(web, 2028)
    before, again = web.facts(), admin.post("/desk/calendar/2028/load")
    assert again.status_code == 409
    assert "2028 年已经有日历。" in said(again)
    for year, status in ((1949, 409), (1948, 404), (2101, 404), (10**12, 404)):
        assert admin.post(f"/desk/calendar/{year}/load").status_code == status
    assert web.facts() == before


def test_a_notice_is_tried_and_then_imported(web_on_both: Web) -> None:
    web = web_on_both
    admin, before, facts = web.sign_in("sysadmin"), days(web), web.facts()
    tried = send(admin, sheet(NOTICE), do="check")
    assert tried.status_code == 200
    assert "天会变，没有错误。" in said(tried)
    assert "2027年10月9日（周六） 平日 班 国庆节调休" in said(tried)
    assert "2027年2月8日（周一） 休 春节 平日" in said(tried)
    assert (days(web), web.facts()) == (before, facts)
    assert send(admin, sheet(NOTICE)).location == "/desk/calendar?year=2027"
    assert [(one.day.day, one.worked) for one in days(web)] == [(1, False), (2, False), (9, True)]
    assert web.facts() == facts + 1
    again = send(admin, sheet(NOTICE), do="check")
    assert "有 0 天会变" in said(again)
    assert "没有变化。" in said(again)


def test_the_template_is_the_year_as_it_is_and_comes_back_unchanged(web: Web) -> None:
    admin, before = web.sign_in("sysadmin"), web.facts()
    template = admin.get("/desk/calendar/2026/template.xlsx")
    assert "calendar-2026.xlsx" in template.headers["Content-Disposition"]
    page = load_workbook(io.BytesIO(template.data)).worksheets[0]
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    assert rows[:2] == [TITLES, ["2026-01-01", "休", "元旦"]]
    assert ["2026-10-10", "班", "调休上班"] in rows
    assert "没有变化。" in said(send(admin, template.data, do="check", year=2026))
    assert web.facts() == before


MISTAKES: list[tuple[int, int, object, str]] = [
    (0, 0, "2027-10-32", "A2"),
    (0, 0, "", "A2"),
    (0, 0, 46661, "A2"),
    (1, 0, "2027-10-01", "A3"),
    (1, 0, "2026-10-02", "A3"),
    (1, 1, "上", "B3"),
    (1, 1, "班", ""),
    (0, 1, "班", "B2"),
    (2, 2, "", "C4"),
    (2, 2, "=1+1", "C4"),
]


@pytest.mark.parametrize(("row", "column", "value", "place"), MISTAKES)
def test_one_wrong_cell_imports_no_day_and_is_named(
    web: Web, row: int, column: int, value: object, place: str
) -> None:
    rows = [list(one) for one in NOTICE]
    rows[row][column] = value
    admin, before = web.sign_in("sysadmin"), (days(web), web.facts())
    answer = send(admin, sheet(rows), do="import" if place else "check")
    assert answer.status_code == (422 if place else 200)
    assert re.findall(r">([A-C][0-9]+)<", answer.text) == ([place] if place else [])
    assert ("有 1 处错误，一行也没有导入。" in said(answer)) == bool(place)
    assert (days(web), web.facts()) == before


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "请选择填好的 Excel 文件。"),
        (b"date,plan\n", "这不是 .xlsx 文件。"),
        (sheet(NOTICE) + bytes(2 * 1024 * 1024), "文件不能超过 2 MB。"),
        (sheet(NOTICE)[:-300], "这不是 .xlsx 文件。"),
        (sheet(NOTICE, titles=["日期", "名称", "安排"]), "第一行应是：日期、安排、名称。"),
        (sheet([]), "表里一行也没有填。"),
        (sheet([["2027-10-01", "休", "国庆节"]] * 367), "一次最多导入 366 行。"),
    ],
    ids=["nothing", "text", "too large", "cut off", "other titles", "empty", "too long"],
)
def test_a_file_that_is_no_filled_template_is_refused_in_words(web: Web, data: bytes, words: str) -> None:
    admin, before = web.sign_in("sysadmin"), (days(web), web.facts())
    answer = send(admin, data)
    assert answer.status_code == 422
    assert words in said(answer)
    assert (days(web), web.facts()) == before


def test_a_due_date_of_a_provisional_year_says_so_on_the_desk(web: Web) -> None:
    web.later(days=75)
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        web.house.screened_topic(db, plan)
    assert re.search(r"2027年1月\d+日（周.）前（暂定）", said(web.sign_in("office").get("/desk/")))
