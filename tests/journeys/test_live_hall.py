"""A sitting on the air, everybody at their own screen: viewers, a citizen's phone, moderator, host, projector."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from engine import clock
from engine.actions.comment import post_comment
from engine.actions.perform import perform
from engine.models.voice import Question
from engine.queries import sittings
from tests.journeys.conftest import RunningHouse

AT_ONCE = 2_000
COUNTED = 6_000  # an entry a second, the counter, a frame a second; two cores under test
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
WALL = {"width": 1920, "height": 1080}

Opens = Callable[..., Page]


@pytest.fixture
def opens(browser: Browser, running_house: RunningHouse) -> Iterator[Opens]:
    """A page in a browser of its own, of somebody or of nobody. Whatever a console complains of fails the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def open_page(
        path: str, who: str | None = None, size: Any = DESK, cookies: dict[str, str] | None = None
    ) -> Page:
        context = browser.new_context(viewport=size, locale="zh-CN")
        contexts.append(context)
        given = cookies or {}
        context.add_cookies(
            [{"name": name, "value": value, "url": running_house.url} for name, value in given.items()]
        )
        page = context.new_page()
        if who:
            page.goto(running_house.sign_in_link(who))
            page.click("main form button")
            page.wait_for_url("**/desk/")
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{running_house.url}{path.format(sitting=running_house.sitting_id)}")
        page.evaluate("window.neverReloaded = true")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def approved_comment(running: RunningHouse, text: str) -> None:
    with running.house.transaction() as db:
        at, now = sittings.sitting(db, running.sitting_id), clock.now()
        actor = running.house.actor(db, "citizen7")
        comment = post_comment(db, at, actor=actor, now=now, title=text, author_name="市民七")
        perform(db, comment, "approve", actor=running.house.actor(db, "moderator1"), now=now)


def do(running: RunningHouse, question_id: int, *verbs: str, **given: Any) -> None:
    for verb in verbs:
        with running.house.transaction() as db:
            host, question = running.house.actor(db, "host1"), db.get_one(Question, question_id)
            perform(db, question, verb, actor=host, now=clock.now(), **given)


def settled(page: Page) -> None:
    """Its socket has said hello, and somebody's visit is counted."""
    expect(page.locator("[data-stat=visits]").first).to_have_text(re.compile(r"[1-9]"), timeout=15_000)


def test_two_viewers_see_counts_comment_and_the_question_on_air_move(
    running_house: RunningHouse, opens: Opens
) -> None:
    first = opens("/live/{sitting}", size=PHONE)
    settled(first)
    first.wait_for_timeout(COUNTED)  # its own visit may not be among the figures it found
    visits = int(first.locator("[data-stat=visits]").inner_text().replace(",", ""))
    second = opens("/live/{sitting}")
    expect(first.locator("[data-stat=visits]")).to_have_text(str(visits + 1), timeout=COUNTED)
    settled(second)

    approved_comment(running_house, "讲得实在，希望年底真能看到。")
    for page in (first, second):
        page.click('[data-tabs] a[href="#comments"]')
        expect(page.locator("#comments")).to_contain_text("讲得实在", timeout=AT_ONCE)

    question = running_house.ask("小区公共收益账目多久公布一次？")
    do(running_house, question, "shortlist", "put_on_air")
    for page in (first, second):
        expect(page.locator("[data-on-air]")).to_contain_text("小区公共收益账目", timeout=AT_ONCE)
    do(running_house, question, "answer")
    for page in (first, second):
        expect(page.locator("[data-on-air]")).to_be_hidden(timeout=AT_ONCE)
        page.click('[data-tabs] a[href="#questions"]')
        expect(page.locator(f'[data-list=question] [data-id="{question}"]')).to_contain_text("现场答复")
        assert page.evaluate("window.neverReloaded")


def test_a_page_moved_by_facts_equals_the_page_fetched_anew(
    running_house: RunningHouse, opens: Opens
) -> None:
    moved = opens("/live/{sitting}")
    settled(moved)
    one, two, three = (
        running_house.ask(f"第{n}件事什么时候能办成？", by=f"citizen{20 + k}") for k, n in enumerate("一二三")
    )
    do(running_house, one, "shortlist", "put_on_air")
    do(running_house, two, "owe", unit_id=1, due_on="2027-12-31")
    with running_house.house.transaction() as db:
        moderator, merged = running_house.house.actor(db, "moderator1"), db.get_one(Question, three)
        perform(db, merged, "merge", actor=moderator, now=clock.now(), merged_into_id=two)
    merged_into = moved.locator(f'[data-list=question] [data-id="{two}"] [data-f=merged]')
    expect(merged_into).to_have_text("同问 1", timeout=2 * AT_ONCE)
    expect(moved.locator("[data-on-air]")).to_contain_text("第一件事")
    fetched = opens("/live/{sitting}")
    read = """() => [...document.querySelectorAll('[data-list=question] > li, [data-on-air]')].map((one) =>
        [...one.querySelectorAll('[data-f]')].filter((part) => !part.hidden).map((part) => part.innerText))"""
    assert moved.evaluate(read) == fetched.evaluate(read)
    do(running_house, one, "answer")


def test_a_question_goes_from_a_phone_to_the_screen_and_its_receipt_tells_it_all(
    running_house: RunningHouse, opens: Opens
) -> None:
    words = "消防通道被占，应该找谁？"
    phone = opens("/live/{sitting}", size=PHONE)
    settled(phone)
    phone.fill("#ask-question", words)
    phone.click("[data-say=question] button")
    phone.wait_for_url("**/verify**")
    phone.fill("#phone", "10012345678")
    phone.click("main form button")
    code = re.search(r"\d{6}", phone.locator(".notice").inner_text())
    assert code
    phone.fill("#code", code[0])
    phone.fill("#name", "独山港陈先生")
    phone.check("#accepted")
    phone.click("main form button")
    phone.wait_for_url("**/ask")
    assert phone.input_value("#title") == words
    phone.goto(f"{running_house.url}/live/{running_house.sitting_id}")
    settled(phone)
    phone.fill("#ask-question", words)
    phone.click("[data-say=question] button")
    expect(phone.locator("[data-code]")).to_have_text(re.compile(r"^[a-z0-9]{13}$"))
    expect(phone.locator("#mine")).to_contain_text(words)

    moderator = opens("/hall/{sitting}/moderate", who="moderator1")
    waiting = moderator.locator(".pending", has_text=words)
    expect(waiting).to_be_visible()
    waiting.focus()
    moderator.keyboard.press("a")
    expect(waiting).to_be_hidden()
    moderator.keyboard.press("u")
    expect(waiting).to_be_visible()
    moderator.keyboard.press("a")
    shown = phone.locator("[data-list=question] li", has_text=words)
    expect(shown).to_be_visible(timeout=10_000)
    assert moderator.evaluate("window.neverReloaded")

    screen, host = opens("/hall/{sitting}/screen", size=WALL), opens("/hall/{sitting}/host", who="host1")
    host.locator(".shortlisted", has_text=words).get_by_role("button", name="列入备选").click()
    place = host.locator("li:has(.place)", has_text=words).locator(".place").inner_text()
    expect(host.locator(f'[data-key="{place}"]')).to_be_visible()
    host.keyboard.press(place)
    expect(host.locator(".host-on-air h2")).to_have_text(words)
    expect(phone.locator("[data-on-air]")).to_contain_text(words, timeout=AT_ONCE)
    expect(screen.locator(".screen-text")).to_contain_text("应该找谁？", timeout=2 * AT_ONCE)
    host.keyboard.press("p")
    host.fill("#words", "一周内清理到位。")
    host.fill("#speaker", "消防救援大队大队长")
    host.select_option("#unit", index=1)
    host.fill("#due_on", "2027-01-15")
    host.locator("#promise").get_by_role("button", name="记下").click()
    expect(host.locator(".promises")).to_contain_text("一周内清理到位。")
    assert host.evaluate("window.neverReloaded")
    host.keyboard.press("f")
    host.fill("#answer", "本周内上门清理。")
    host.get_by_role("button", name="已现场答复").click()
    expect(host.locator(".host-on-air h2")).to_have_count(0)

    phone.click("[data-thanks] [data-href]")
    for step in ("已收到", "已发布", "待上场", "正在作答", "已答复"):
        expect(phone.locator(".timeline")).to_contain_text(step)


def test_a_comment_of_ones_own_is_taken_back_on_the_page(running_house: RunningHouse, opens: Opens) -> None:
    page = opens("/live/{sitting}", who="citizen3", size=PHONE)
    page.click('[data-tabs] a[href="#comments"]')
    page.fill("#ask-comment", "这句话我想收回。")
    page.keyboard.press("Enter")
    mine = page.locator("#mine li", has_text="这句话我想收回。")
    expect(mine).to_contain_text("待审")
    mine.get_by_role("button", name="撤回").click()
    expect(mine).to_contain_text("已撤回")


def test_a_like_is_kept_until_it_is_counted_and_then_for_good(
    running_house: RunningHouse, opens: Opens
) -> None:
    page = opens("/live/{sitting}")
    settled(page)
    before = int(page.locator("[data-like] [data-stat]").inner_text())
    page.click("[data-like]")
    expect(page.locator("[data-like]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-like] [data-stat]")).to_have_text(str(before + 1), timeout=COUNTED)
    key = f"like:{running_house.sitting_id}"
    page.wait_for_function(f"localStorage.getItem('{key}') === 'done'", timeout=COUNTED)
    page.reload()
    settled(page)
    page.click("[data-like]")
    page.wait_for_timeout(3_000)
    assert page.locator("[data-like] [data-stat]").inner_text() == str(before + 1)


def test_without_its_script_the_page_can_be_read_and_asked_at(
    running_house: RunningHouse, browser: Browser
) -> None:
    running_house.ask("没有脚本也看得到这个问题吗？", by="citizen11")
    with browser.new_context(java_script_enabled=False, locale="zh-CN") as context:
        page = context.new_page()
        page.goto(running_house.sign_in_link("citizen4"))
        page.click("main form button")
        page.goto(f"{running_house.url}/live/{running_house.sitting_id}")
        expect(page.locator("#questions")).to_contain_text("没有脚本也看得到这个问题吗？")
        page.fill("#ask-question", "没有脚本也能提问吗？")
        page.click("[data-say=question] button")
        assert page.input_value("#title") == "没有脚本也能提问吗？"
        page.get_by_role("button", name="发送").click()
        page.wait_for_url("**/r/*")
        expect(page.locator("h1")).to_have_text("没有脚本也能提问吗？")


PAGES = [
    ("/", None, PHONE),
    ("/ledger", None, DESK),
    ("/account", "citizen5", PHONE),
    ("/desk/", "moderator1", DESK),
    ("/desk/matters/{sitting}", "committee", DESK),
    ("/live/{sitting}", None, PHONE),
    ("/live/{sitting}", "citizen5", DESK),
    ("/live/{sitting}/ask", "citizen5", PHONE),
    ("/live/{sitting}/figures", None, PHONE),
    ("/live/{sitting}/figures", "committee", DESK),
    ("/hall/{sitting}/host", "host1", DESK),
    ("/hall/{sitting}/moderate", "moderator1", DESK),
    ("/hall/{sitting}/moderate", "moderator1", PHONE),
    ("/hall/{sitting}/screen", None, WALL),
    ("/hall/{sitting}/timer", None, WALL),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("path", "who", "size"), PAGES)
def test_nothing_serious_stands_in_anybodys_way(
    running_house: RunningHouse, opens: Opens, path: str, who: str | None, size: Any, theme: str
) -> None:
    page = opens(path, who=who, size=size, cookies={"theme": theme})
    page.wait_for_timeout(1_000)
    found = Axe().run(page).response["violations"]
    assert [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_gateway_that_goes_is_told_and_missed_and_found_again(
    running_house: RunningHouse, browser: Browser
) -> None:
    """Last, and without the console's watch: a socket that cannot be opened is an error there."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{running_house.url}/live/{running_house.sitting_id}")
        settled(page)
        expect(page.locator("[data-connection]")).to_be_hidden()
        running_house.stop("gateway")
        expect(page.locator("[data-connection]")).to_be_visible(timeout=10_000)
        running_house.ask("网关停着的时候提的问题？", by="citizen12")
        running_house.start("gateway")
        expect(page.locator("[data-connection]")).to_be_hidden(timeout=60_000)
        expect(page.locator("#questions")).to_contain_text("网关停着的时候提的问题？", timeout=30_000)
