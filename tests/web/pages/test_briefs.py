"""The brief on the desk: released by the committee, read by the unit, printed, and nothing private in it."""

from datetime import timedelta

from engine.actions.perform import perform
from engine.models.consultation import Sitting
from tests.houses import invited, shown_question, sitting
from tests.web.visitors import Web, said


def planned(web: Web) -> int:
    """A sitting in 20 days with one unit's leader invited and a question to it."""
    with web.house.transaction() as db:
        at = sitting(web.house, db, live=False)
        invited(web.house, db, at, "unit_leader")
        question = shown_question(web.house, db, at)
        given = {"unit_id": 1, "due_on": "2026-12-01"}
        perform(db, question, "owe", actor=web.house.actor(db, "host1"), now=web.house.now, **given)
        shown_question(web.house, db, at, "东湖路的路灯坏了没人修？", by="citizen2")
        number, starts_at = at.id, at.starts_at
    web.house.now = starts_at - timedelta(days=20)
    web.later()
    return number


def test_the_committee_releases_it_and_the_units_people_read_theirs(web: Web) -> None:
    number, staff, unit = planned(web), web.sign_in("committee"), web.sign_in("unit_admin")
    path = f"/desk/sittings/{number}/brief/"
    assert "查看简报" not in said(unit.get("/desk/"))
    early = unit.get(f"{path}1")
    assert (early.status_code, "会前简报还没有发放" in said(early)) == (409, True)
    page = staff.get(path)
    assert "还没有发放。发放后，参加本场的单位才能查看。" in said(page)
    assert "市住房和城乡建设局" in said(page)
    assert staff.post(f"/desk/matters/{number}/release_brief", {"version": "2"}).status_code == 302
    assert "再次发放" in said(staff.get(path))
    assert "会前简报：市住房和城乡建设局" in said(unit.get("/desk/"))
    assert f'href="/desk/matters/{number}"' in unit.get("/desk/notices").text
    assert unit.get(f"/desk/matters/{number}").location == path
    assert unit.get(path).location == f"{path}1"
    shown = said(unit.get(f"{path}1"))
    assert "以下均截至 11月4日（周三） 14:00。" in shown
    assert "1. 调研通报 20 分钟 2. 委员和网友提问" in shown
    assert shown.index("转本单位 老小区加装电梯谁出钱？") < shown.index("东湖路的路灯坏了没人修？")
    for empty in ("还没有验收的调研报告。", "没有尚未落实的承诺。", "没有还没核实的建议。"):
        assert empty in shown
    assert "当湖居民" not in shown
    assert "data-print" in unit.get(f"{path}1").text


def test_whom_it_does_not_concern_is_refused_in_words(web: Web) -> None:
    number, path = planned(web), ""
    path = f"/desk/sittings/{number}/brief/"
    with web.house.transaction() as db:
        at, committee = db.get_one(Sitting, number), web.house.actor(db, "committee")
        perform(db, at, "release_brief", actor=committee, now=web.house.now)
    visitors = {name: web.sign_in(name) for name in ("other_unit", "group1", "sysadmin")}
    before = web.facts()
    for visitor in visitors.values():
        assert [visitor.get(one).status_code for one in (path, f"{path}1", f"{path}2")] == [403, 403, 404]
        assert visitor.post(f"/desk/matters/{number}/release_brief").status_code == 403
        assert visitor.get(f"/desk/matters/{number}").status_code == 403
    assert "会前简报只供本单位查看。" in said(visitors["other_unit"].get(f"{path}1"))
    assert web.facts() == before


def test_before_any_unit_takes_part_the_page_says_how_one_does(web: Web) -> None:
    with web.house.transaction() as db:
        at = sitting(web.house, db, live=False)
        number, at.parent.parent.unit_id = at.id, None
    page = said(web.sign_in("committee").get(f"/desk/sittings/{number}/brief/"))
    assert "还没有单位参加本场会议。 邀请单位人员" in page
    assert "发放 还没有" not in page
