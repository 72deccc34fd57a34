"""People by form and by Excel, and rights that take two people."""

import io
import re
import zipfile
from collections.abc import Sequence

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from engine.models.people import Person, Post
from tests.web.visitors import Visitor, Web, said

UNIT, GROUP = "市住房和城乡建设局", "当湖街道活动组"
TITLES = ["姓名", "邮箱", "角色", "所属单位", "所属活动组"]
GOOD = [
    ["赵一", "zhao@xieshang.example", "政协委员", None, None],
    ["钱二", "qian@xieshang.example", "承办单位联络员、经办人, 主席、副主席、秘书长", UNIT, None],
    ["孙三", "sun@xieshang.example", "委员活动组组长", None, GROUP],
]


def sheet(rows: Sequence[Sequence[object]], titles: Sequence[str] = TITLES) -> bytes:
    book = Workbook()
    book.active.append(list(titles))
    for row in rows:
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def send(visitor: Visitor, data: bytes, do: str = "import") -> TestResponse:
    file = FileStorage(io.BytesIO(data), filename="people.xlsx", content_type="application/octet-stream")
    return visitor.upload("/desk/people/import", {"do": do, "sheet": file})


def count(web: Web) -> int:
    with web.house.transaction() as db:
        return db.scalar(select(func.count()).select_from(Person)) or 0


def number_of(web: Web, name: str) -> int:
    with web.house.transaction() as db:
        return db.scalars(select(Person.id).where(Person.name == name)).one()


def waiting_post(web: Web) -> int:
    with web.house.transaction() as db:
        return db.scalars(select(Post.id).where(Post.confirmed_at.is_(None))).one()


def test_a_post_counts_from_the_second_persons_yes(web_on_both: Web) -> None:
    web = web_on_both
    admin, guard = web.sign_in("sysadmin"), web.sign_in("secadmin")
    person = {"name": "赵一", "email": "Zhao@xieshang.example", "role": "scorer"}
    added = admin.post("/desk/people/new", person)
    assert added.location == f"/desk/people/{number_of(web, '赵一')}"
    assert "待确认" in said(admin.get(added.location))
    zhao = web.sign_in("zhao", second_factor=False)
    assert zhao.get("/desk/topics").status_code == 403
    path = f"/desk/posts/{waiting_post(web)}/confirm"
    assert path not in admin.get("/desk/people").text
    refused, before = admin.post(path), web.facts()
    assert refused.status_code == 403
    assert "这件事由安全管理员办理。" in said(refused)
    assert web.facts() == before
    assert path in guard.get("/desk/people").text
    assert guard.post(path).status_code == 302
    assert zhao.get("/desk/topics").status_code == 200
    again = guard.post(path)
    assert again.status_code == 409
    assert "这个岗位已经处理过。" in said(again)


def test_nobody_confirms_their_own_post(web: Web) -> None:
    admin, guard = web.sign_in("sysadmin"), web.sign_in("secadmin")
    admin.post(f"/desk/people/{number_of(web, '何安全')}/posts", {"role": "leader"})
    answer = guard.post(f"/desk/posts/{waiting_post(web)}/confirm")
    assert answer.status_code == 403
    assert "授权需要第二个人确认" in said(answer)


def test_a_post_that_was_refused_never_counts(web: Web) -> None:
    admin, guard = web.sign_in("sysadmin"), web.sign_in("secadmin")
    admin.post("/desk/people/new", {"name": "赵一", "email": "zhao@xieshang.example", "role": "scorer"})
    path = f"/desk/posts/{waiting_post(web)}"
    assert guard.post(f"{path}/end").status_code == 302
    assert guard.post(f"{path}/confirm").status_code == 409
    assert web.sign_in("zhao", second_factor=False).get("/desk/topics").status_code == 403


WRONG = [
    ({"name": ""}, "name"),
    ({"name": "长" * 61}, "name"),
    ({"email": "no address"}, "email"),
    ({"email": "office@xieshang.example"}, "email"),
    ({"role": "emperor"}, "roles"),
    ({"role": "unit_admin"}, "unit"),
    ({"role": "unit_admin", "unit": "没有的局"}, "unit"),
    ({"role": "group_leader"}, "group"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_a_mistake_adds_nobody_and_loses_nothing_typed(web: Web, change: dict[str, str], field: str) -> None:
    admin, before = web.sign_in("sysadmin"), count(web)
    facts = web.facts()
    given = {"name": "赵一", "email": "zhao@xieshang.example", "role": "scorer"} | change
    answer = admin.post("/desk/people/new", given)
    assert answer.status_code == 422
    assert f'<li><a href="#{field}">' in answer.text
    for name in ("name", "email"):
        assert f'value="{given[name]}"' in answer.text
    assert (count(web), web.facts()) == (before, facts)


def test_the_link_is_shown_once_and_kept_as_a_hash(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    path = f"/desk/people/{number_of(web, '褚评分')}"
    page = admin.post(f"{path}/link")
    found = re.search(r"<code>http://127\.0\.0\.1:8000(/sign-in/[\w-]+)</code>", page.text)
    assert found
    assert page.headers["Cache-Control"] == "no-store"
    assert "/sign-in/" not in admin.get(path).text
    visitor = web.visitor()
    assert "褚评分" in visitor.get(found[1]).text
    assert visitor.post(found[1]).status_code == 302


def test_nobody_makes_a_way_in_for_the_one_who_confirms_their_posts(web: Web) -> None:
    admin, before = web.sign_in("sysadmin"), web.facts()
    path = f"/desk/people/{number_of(web, '何安全')}"
    assert "生成一次性登录链接" not in said(admin.get(path))
    answer = admin.post(f"{path}/link")
    assert answer.status_code == 403
    assert "xieshang login" in said(answer)
    assert web.facts() == before


def test_whose_link_was_made_is_told(web: Web) -> None:
    web.sign_in("sysadmin").post(f"/desk/people/{number_of(web, '褚评分')}/link")
    assert "系统管理员为您生成了一次性登录链接。" in said(web.sign_in("scorer1").get("/desk/notices"))


@pytest.mark.parametrize("version", ["", "0", "2", "abc", "-1", "１", "9" * 5000])
def test_a_stale_page_disables_nobody(web: Web, version: str) -> None:
    admin = web.sign_in("sysadmin")
    before = web.facts()
    answer = admin.post(f"/desk/people/{number_of(web, '褚评分')}/disable", {"version": version})
    assert answer.status_code == 409
    assert "刚刚被别人修改过" in said(answer)
    assert web.facts() == before


def test_the_template_lists_the_names_that_may_be_used_and_comes_back_filled(web_on_both: Web) -> None:
    web = web_on_both
    admin = web.sign_in("sysadmin")
    template = admin.get("/desk/people/template.xlsx")
    assert "people.xlsx" in template.headers["Content-Disposition"]
    book = load_workbook(io.BytesIO(template.data))
    assert [cell.value for cell in book.worksheets[0][1]] == TITLES
    names = {cell.value for row in book.worksheets[1].iter_rows() for cell in row}
    assert {"政协委员", "承办单位联络员", UNIT, GROUP} <= names
    for row in GOOD:
        book.worksheets[0].append(row)
    filled = io.BytesIO()
    book.save(filled)
    before, facts = count(web), web.facts()
    tried = send(admin, filled.getvalue(), do="check")
    assert "共 3 人，没有错误。" in said(tried)
    assert (count(web), web.facts()) == (before, facts)
    assert send(admin, filled.getvalue()).location == "/desk/people"
    assert count(web) == before + 3
    page = said(admin.get("/desk/people"))
    assert "已导入 3 人。" in page
    assert "钱二" in page
    with web.house.transaction() as db:
        posts = db.scalars(select(Post).where(Post.confirmed_at.is_(None))).all()
        assert {(post.person.name, post.role, post.unit_id and post.unit.name) for post in posts} == {
            ("赵一", "member", None),
            ("钱二", "unit_admin", UNIT),
            ("钱二", "unit_handler", UNIT),
            ("钱二", "leader", None),
            ("孙三", "group_leader", None),
        }


MISTAKES = [
    (0, 0, "", "A2"),
    (1, 0, "长" * 61, "A3"),
    (1, 1, "no address", "B3"),
    (2, 1, "zhao@xieshang.example", "B4"),
    (2, 1, "office@xieshang.example", "B4"),
    (0, 2, "皇帝", "C2"),
    (1, 3, "没有的局", "D3"),
    (1, 3, None, "D3"),
    (2, 4, "没有的组", "E4"),
    (2, 4, None, "E4"),
    (0, 0, '=HYPERLINK("http://evil.example")', "A2"),
    (0, 1, "=1+1", "B2"),
]


@pytest.mark.parametrize(("row", "column", "value", "place"), MISTAKES)
def test_one_wrong_cell_imports_nobody_and_is_named(
    web: Web, row: int, column: int, value: object, place: str
) -> None:
    rows = [list(one) for one in GOOD]
    rows[row][column] = value
    admin, before = web.sign_in("sysadmin"), count(web)
    facts = web.facts()
    answer = send(admin, sheet(rows))
    assert answer.status_code == 422
    assert re.findall(r">([A-E][0-9]+)<", answer.text) == [place]
    assert "有 1 处错误，一行也没有导入。" in said(answer)
    assert (count(web), web.facts()) == (before, facts)


def test_every_wrong_cell_is_named_at_once(web: Web) -> None:
    rows = [["", "x", "皇帝", None, None], *GOOD[1:], ["李四", "sun@xieshang.example", "", None, None]]
    answer = send(web.sign_in("sysadmin"), sheet(rows))
    assert set(re.findall(r">([A-E][0-9]+)<", answer.text)) >= {"A2", "B5"}


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in parts.items():
            book.writestr(name, data)
    return file.getvalue()


def broken(part: str, data: bytes) -> bytes:
    """A good book with one part replaced."""
    with zipfile.ZipFile(io.BytesIO(sheet(GOOD))) as good:
        return zipped(**{name: data if name == part else good.read(name) for name in good.namelist()})


def bomb() -> bytes:
    """A good book in every way, but with 60 MB of blanks in it."""
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(sheet(GOOD))) as good:
        return broken(part, good.read(part) + b" " * (60 * 1024 * 1024))


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]><x>&j;</x>' % b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
NOT_EXCEL = {
    "nothing": b"",
    "text": b"name,email\n",
    "the old format": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000),
    "an empty zip": zipped(),
    "a zip of something else": zipped(readme=b"x"),
    "broken XML": broken("xl/worksheets/sheet1.xml", b"<worksheet><sheetData>"),
    "no XML": broken("xl/workbook.xml", b"\x00\xff"),
    "a bomb of entities": broken("xl/worksheets/sheet1.xml", ENTITIES),
    "an entity from outside": broken("xl/worksheets/sheet1.xml", OUTSIDE),
    "a bomb": bomb(),
    "more than 2 MB": sheet(GOOD) + bytes(2 * 1024 * 1024),
    "cut off": sheet(GOOD)[:-300],
}


@pytest.mark.parametrize("kind", NOT_EXCEL)
def test_what_is_no_excel_file_is_refused_in_words(web: Web, kind: str) -> None:
    admin, before = web.sign_in("sysadmin"), web.facts()
    answer = send(admin, NOT_EXCEL[kind])
    assert answer.status_code == 422
    assert re.search("这不是 .xlsx 文件|请选择填好的 Excel|不能超过 2 MB|第一行应是", said(answer))
    assert "root:" not in answer.text
    assert web.facts() == before


def test_wrong_titles_and_an_empty_sheet_are_refused(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    assert "第一行应是：姓名、邮箱" in said(send(admin, sheet(GOOD, titles=["邮箱", *TITLES])))
    assert "第一行应是：姓名、邮箱" in said(send(admin, sheet([], titles=[])))
    assert "表里一行也没有填。" in said(send(admin, sheet([])))
    assert "一次最多导入 2000 行。" in said(send(admin, sheet([["人"]] * 2001)))


def test_what_looks_like_a_formula_leaves_as_text(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    for name, unit in (("=1+1", "@SUM(A1)"), ("+1", "-1")):
        admin.post("/desk/places", {"kind": "unit", "name": unit})
        person = {"name": name, "email": f"x{len(unit)}@xieshang.example", "role": "unit_admin", "unit": unit}
        assert admin.post("/desk/people/new", person).status_code == 302
    for path in ("/desk/people/export.xlsx", "/desk/people/template.xlsx"):
        book = load_workbook(io.BytesIO(admin.get(path).data))
        cells = [cell for page in book for row in page.iter_rows() for cell in row if cell.value]
        assert not [cell.value for cell in cells if cell.data_type == "f" or str(cell.value)[0] in "=+-@"]
        assert ("'=1+1" if "export" in path else "'@SUM(A1)") in [cell.value for cell in cells]


def test_a_search_finds_by_name_and_address_and_takes_every_sign_for_itself(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    for text, found in (("褚评", True), ("scorer1@", True), ("周办", False), ("SCORER9", False)):
        page = admin.get("/desk/people", query_string={"q": text})
        assert ("褚评分" in said(page)) == found
    for text in ("%", "'", '"', "\\", "' OR 1=1 --", "sc%er1"):
        assert "没有符合条件的人员。" in said(admin.get("/desk/people", query_string={"q": text}))


@pytest.mark.parametrize("page", ["0", "-1", "１", "1e3", "9" * 5000, "0000010000000000000000", "99999", ""])
def test_a_page_number_that_makes_no_sense_does_no_harm(web: Web, page: str) -> None:
    answer = web.sign_in("sysadmin").get("/desk/people", query_string={"page": page, "size": page})
    assert answer.status_code == 200


def test_units_and_groups_are_added_once(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    assert admin.post("/desk/places", {"kind": "unit", "name": "市财政局"}).status_code == 302
    assert "市财政局" in said(admin.get("/desk/places"))
    before = web.facts()
    for name, name_en, field in (
        ("市财政局", "", "name"),
        ("", "", "name"),
        ("市民政局", "x" * 121, "name_en"),
    ):
        answer = admin.post("/desk/places", {"kind": "unit", "name": name, "name_en": name_en})
        assert answer.status_code == 422
        assert f'<li><a href="#{field}">' in answer.text
    guard = web.sign_in("secadmin", second_factor=False)
    assert guard.post("/desk/places", {"kind": "unit", "name": "市民政局"}).status_code == 403
    assert web.facts() == before


def test_the_administrator_hands_over_the_posts_of_one_who_leaves(web: Web) -> None:
    admin, guard = web.sign_in("sysadmin"), web.sign_in("secadmin")
    leaver, successor = number_of(web, "朱经办"), number_of(web, "何记录")
    page = f"/desk/people/{leaver}/hand-over"
    assert guard.post(page, {"successor": str(successor)}).status_code == 403
    refused = admin.post(page, {"successor": str(leaver)})
    assert (refused.status_code, "请选择另一位在用的人员" in refused.text) == (422, True)
    assert admin.post(page, {"successor": str(successor)}).status_code == 302
    assert "接替 朱经办" in guard.get(f"/desk/people/{successor}").text
    guard.post(f"/desk/posts/{waiting_post(web)}/confirm")
    with web.house.transaction() as db:
        posts = db.scalars(select(Post).where(Post.role == "unit_handler", Post.ended_at.is_(None))).all()
        assert [post.person_id for post in posts] == [successor]


def test_a_seat_where_work_waits_for_nobody_is_named_to_the_administrators(web: Web) -> None:
    with web.house.transaction() as db:
        web.house.topic(db, web.house.plan(db))
        for post in db.scalars(select(Post).where(Post.role.in_(["office_staff", "research_office"]))):
            post.ended_at = web.house.now
    page = web.sign_in("secadmin").get("/desk/people").text
    assert "有事项在等，却没有人在岗" in page
    assert re.search("政协办公室：2 件", page)
