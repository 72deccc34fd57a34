"""An office changes how its plan is made, without a programmer: the mistake, the second person, the new way walked."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from engine import clock
from tests.engine.actions.test_editions import WITH_NOTICE
from tests.houses import decided
from tests.journeys.conftest import RunningHouse

MISTAKEN = WITH_NOTICE.replace('to    = "on_notice"', 'to    = "on_notise"')
LINE = MISTAKEN.splitlines().index('to    = "on_notise"') + 1


@pytest.fixture
def signed_in(browser: Browser, new_house: RunningHouse) -> Iterator[dict[str, Page]]:
    pages = {}
    for who in ("sysadmin", "office"):
        pages[who] = browser.new_context(base_url=new_house.url, locale="zh-CN").new_page()
        pages[who].goto(new_house.sign_in_link(who))
        pages[who].click("main form button")
        pages[who].wait_for_url("**/desk/")
    yield pages
    for page in pages.values():
        page.context.close()


def is_accessible(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_a_public_notice_is_added_and_a_plan_walks_through_it(
    new_house: RunningHouse, signed_in: dict[str, Page]
) -> None:
    admin, office = signed_in["sysadmin"], signed_in["office"]
    admin.goto("/desk/procedures")
    admin.get_by_role("link", name="年度协商计划").click()
    is_accessible(admin)
    admin.get_by_role("link", name="提出改动").click()

    admin.fill("#text", MISTAKEN)
    admin.get_by_role("button", name="检查").click()
    expect(admin.get_by_text("没有“on_notise”这个状态。")).to_be_visible()
    is_accessible(admin)
    admin.get_by_role("link", name=str(LINE), exact=True).click()
    chosen = "one => one.value.slice(one.selectionStart, one.selectionEnd)"
    assert admin.locator("#text").evaluate(chosen) == 'to    = "on_notise"'
    admin.fill("#text", WITH_NOTICE)
    admin.get_by_role("button", name="检查").click()
    expect(admin.get_by_text("增加阶段“公示”。")).to_be_visible()
    admin.get_by_role("button", name="提出，送第二人批准").click()
    expect(admin.get_by_text("等第二人批准").first).to_be_visible()

    office.goto("/desk/procedures")
    office.get_by_role("link", name="年度协商计划 · 第 2 版").click()
    is_accessible(office)
    office.get_by_role("button", name="批准").click()
    expect(office.get_by_text("现行第 2 版")).to_be_visible()

    house = new_house.house
    house.now = clock.now()
    with house.transaction() as db:
        plan = house.plan(db, 2028)
        number, topic = plan.id, decided(house, db, plan).id
    office.goto(f"/desk/matters/{number}")
    office.get_by_role("link", name="开始公示").first.click()
    office.get_by_role("button", name="开始公示", exact=True).click()
    expect(office.get_by_text("已办理：开始公示。")).to_be_visible()
    expect(office.get_by_text("公示期满后印发").first).to_be_visible()
    office.goto(f"/desk/matters/{topic}")
    expect(office.locator("main")).to_contain_text("列入计划草案")
