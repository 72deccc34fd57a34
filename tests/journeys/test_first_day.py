"""The first day, in a real browser against a real server: from the set-up link to a topic in the issued plan."""

import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from openpyxl import load_workbook
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

import migrations
from engine import clock
from engine.actions.people import issue_link
from engine.database import Database
from engine.settings import Settings, environment
from workers.valkey import die_with_parent

KEY = "一把很长的钥匙 2026"
PEOPLE = [
    ("周办公", "office", "政协办公室"),
    ("王市委", "party", "市委办公室"),
    ("冯政府", "government", "市政府办公室"),
    ("吴主席", "leader", "主席、副主席、秘书长"),
    ("褚评分", "scorer1", "议题评分人"),
    ("卫评分", "scorer2", "议题评分人"),
    ("蒋评分", "scorer3", "议题评分人"),
]
TITLE = "加快老旧小区电梯加装"
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}


@dataclass
class Site:
    """An empty house on a port of its own, and every complaint of a browser about its pages."""

    url: str
    database: Database
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    people: dict[str, BrowserContext] = field(default_factory=dict)

    def person(self, name: str) -> Page:
        """The open page of somebody's own browser."""
        if name not in self.people:
            context = self.browser.new_context(base_url=self.url, locale="zh-CN", viewport=DESKTOP)
            context.set_default_timeout(20_000)
            context.on(
                "console", lambda line: self.complaints.append(line.text) if line.type == "error" else None
            )
            context.on("weberror", lambda error: self.complaints.append(str(error.error)))
            self.people[name] = context
            context.new_page()
        return self.people[name].pages[0]

    @contextmanager
    def elsewhere(self, name: str, viewport: ViewportSize, language: str) -> Iterator[Page]:
        """The same person in another window."""
        self.person(name)
        state = self.people[name].storage_state()
        with self.browser.new_context(base_url=self.url, viewport=viewport, storage_state=state) as context:
            page = context.new_page()
            page.goto(f"/preferences?lang={language}")
            assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
            yield page


@contextmanager
def served(data: Path) -> Iterator[Settings]:
    """gunicorn with one worker, as `xieshang web` starts it; a demo, so that a phone can be verified."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = Settings(
        data,
        f"sqlite:///{data}/xieshang.db",
        "",
        b"",
        is_demo=True,
        web_port=port,
        public_url=url,
        origins=(url,),
    )
    migrations.upgrade(Database(settings.database_url).bind)
    with (data / "web.log").open("wb") as log:
        command = [sys.executable, "-m", "web", "--workers", "1"]
        process = subprocess.Popen(
            command, env=environment(settings), stdout=log, stderr=log, preexec_fn=die_with_parent()
        )
    try:
        for _ in range(600):
            with suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=2):
                break
            time.sleep(0.1)
        else:
            pytest.fail((data / "web.log").read_text())
        yield settings
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("first-day")
    with served(data) as settings:
        database = Database(settings.database_url)
        site = Site(settings.public_url, database, browser)
        play(site, data)
        yield site
        for context in site.people.values():
            context.close()
        database.close()


def play(site: Site, folder: Path) -> None:
    """The whole day, every step by the hand that may do it."""
    set_up(site)
    people_by_excel(site, folder)
    confirm_everybody(site)
    for name, key, _role in PEOPLE:
        enter(site, key, name)
    open_call(site)
    put_forward(site)
    do(site, "office", TITLE, "通过初筛")
    for scorer in ("scorer1", "scorer2", "scorer3"):
        do(site, scorer, TITLE, "评分", points=True)
    do(site, "office", TITLE, "列入计划草案")
    approve(site)


def set_up(site: Site) -> None:
    with site.database.transaction() as db:
        token = issue_link(db, None, purpose="set_up", now=clock.now())
    page = site.person("admin")
    page.goto(f"/set-up/{token}")
    given = {
        "name": "政协某市委员会",
        "name_en": "CPPCC of a City",
        "offices": "办公室\n提案委员会",
        "sysadmin_name": "许管理",
        "sysadmin_email": "admin@xieshang.example",
        "secadmin_name": "何安全",
        "secadmin_email": "guard@xieshang.example",
        "password": KEY,
        "again": KEY,
    }
    for name, text in given.items():
        page.fill(f"#{name}", text)
    page.get_by_role("button", name="完成设置").click()
    expect(page.get_by_role("heading", name="设置完成")).to_be_visible()
    guard = site.person("guard")
    guard.goto(page.locator("code").inner_text())
    guard.get_by_role("button", name="登录", exact=True).click()
    expect(guard.get_by_role("heading", name="待我办理", level=1)).to_be_visible()


def enter(site: Site, key: str, name: str) -> None:
    """By a one-time link that the system administrator makes and hands over."""
    admin = site.person("admin")
    admin.goto("/desk/people")
    admin.get_by_role("link", name=name, exact=True).click()
    admin.get_by_role("button", name="生成一次性登录链接").click()
    page = site.person(key)
    page.goto(admin.locator("code").inner_text())
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("heading", name="待我办理", level=1)).to_be_visible()


def people_by_excel(site: Site, folder: Path) -> None:
    page = site.person("admin")
    page.goto("/desk/people")
    page.get_by_role("link", name="从 Excel 导入").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载模板").click()
    filled = folder / "people.xlsx"
    download.value.save_as(filled)
    book = load_workbook(filled)
    for name, key, role in PEOPLE:
        book.worksheets[0].append([name, f"{key}@xieshang.example", role])
    book.save(filled)
    page.set_input_files("#sheet", filled)
    page.get_by_role("button", name="试读").click()
    expect(page.get_by_text("共 7 人，没有错误。")).to_be_visible()
    page.set_input_files("#sheet", filled)
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.get_by_text("已导入 7 人。")).to_be_visible()


def confirm_everybody(site: Site) -> None:
    page = site.person("guard")
    for left in range(len(PEOPLE), 0, -1):
        page.goto("/desk/people")
        buttons = page.get_by_role("button", name="确认", exact=True)
        expect(buttons).to_have_count(left)
        buttons.first.click()
        expect(page.get_by_text("岗位已确认生效。")).to_be_visible()


def open_call(site: Site) -> None:
    page, year = site.person("office"), clock.now().year + 1
    page.goto("/desk/plans")
    page.get_by_role("link", name="发布征集").click()
    for name, text in {
        "title": f"{year}年度协商计划",
        "year": str(year),
        "plenary_on": f"{year}-02-22",
    }.items():
        page.fill(f"#{name}", text)
    page.get_by_role("button", name="发布征集").click()
    expect(page.get_by_text("征集已发布")).to_be_visible()


def put_forward(site: Site) -> None:
    page = site.person("citizen")
    page.goto("/topics")
    page.get_by_role("link", name="提交议题").first.click()
    page.fill("#phone", "10012345678")
    page.get_by_role("button", name="获取验证码").click()
    code = re.search(r"验证码是 (\d{6})", page.locator("main").inner_text())
    assert code
    page.fill("#code", code[1])
    page.fill("#name", "当湖居民")
    page.check("#accepted")
    page.get_by_role("button", name="完成验证").click()
    expect(page.get_by_role("heading", name="提交议题")).to_be_visible()
    page.fill("#title", TITLE)
    page.fill("#why_now", "老人下楼难。")
    page.get_by_label("民生改善实事").check()
    page.get_by_role("button", name="提交议题").click()
    expect(page.get_by_text("议题已提交，初筛通过后公开。")).to_be_visible()


def do(site: Site, who: str, matter: str, verb: str, points: bool = False, **given: str) -> None:
    """A step from the to-do list of the one it waits for."""
    page = site.person(who)
    page.goto("/desk/")
    page.get_by_role("link", name=matter).first.click()
    page.get_by_role("link", name=verb, exact=True).click()
    if points:
        for box in page.locator("input[id^=points-]").all():
            box.fill("15")
    for name, text in given.items():
        page.fill(f"#{name}", text)
    page.get_by_role("button", name=verb, exact=True).click()
    expect(page.get_by_text(f"已办理：{verb}。")).to_be_visible()


def arrange(site: Site, plan: str) -> None:
    """Once there is a unit and a group to choose, which the page asks for."""
    page, admin = site.person("office"), site.person("admin")
    page.goto("/desk/")
    page.get_by_role("link", name=plan).first.click()
    page.get_by_role("link", name="逐项安排").click()
    expect(page.get_by_text("请系统管理员在“单位与活动组”中添加")).to_be_visible()
    for kind, name in (("单位", "市住房和城乡建设局"), ("委员活动组", "当湖街道委员小组")):
        admin.goto("/desk/places")
        admin.get_by_role("radio", name=kind, exact=True).check()
        admin.fill("#name", name)
        admin.get_by_role("button", name="添加").click()
        expect(admin.get_by_text("已添加。")).to_be_visible()
    page.reload()
    for choice in page.locator("main select").all():
        choice.select_option(index=1)
    page.get_by_role("button", name="保存安排").click()
    expect(page.get_by_text("安排已保存。")).to_be_visible()


def approve(site: Site) -> None:
    plan, today = "年度协商计划", f"{clock.day(clock.now())}"
    do(site, "office", plan, "结束征集，起草计划")
    arrange(site, plan)
    do(site, "office", plan, "送三办会商")
    for office in ("party", "government", "office"):
        do(site, office, plan, "会商同意", revision="无修改意见。")
    do(site, "office", plan, "记录主席会议审议通过", minutes="同意。")
    do(site, "office", plan, "记录市委常委会决定", decision_no="平委发〔2026〕12号", decided_on=today)
    do(site, "leader", plan, "印发计划")


def test_the_topic_stands_on_the_public_page_as_planned(site: Site) -> None:
    page = site.person("a stranger")
    page.goto("/")
    section = page.locator("section").filter(has=page.get_by_role("heading", name="列入年度协商计划"))
    section.get_by_role("link", name=TITLE).click()
    expect(page.locator(".page-state")).to_have_text("列入年度计划")
    for stage in ("初筛", "评分", "列入计划草案", "列入年度计划"):
        expect(page.locator("main")).to_contain_text(stage)
    for private in ("周办公", "当湖居民"):
        expect(page.locator("main")).not_to_contain_text(private)


def test_the_citizen_finds_the_topic_planned_and_the_call_closed(site: Site) -> None:
    page = site.person("citizen")
    page.goto("/topics?show=planned")
    expect(page.get_by_role("link", name=TITLE)).to_be_visible()
    expect(page.get_by_role("link", name="提交议题")).to_have_count(0)


def test_nothing_waits_for_anybody_any_more(site: Site) -> None:
    for key in ("office", "leader", "scorer1", "party"):
        page = site.person(key)
        page.goto("/desk/")
        expect(page.get_by_text("现在没有等您办理的事。")).to_be_visible()


def audit(page: Page, path: str) -> dict[str, list[str]]:
    """What axe finds grave on a page: rule → the elements. A page that must be pushed sideways counts too."""
    page.goto(path)
    grave = {
        rule["id"]: [node["html"][:120] for node in rule["nodes"]]
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in ("serious", "critical")
    }
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        grave["too wide"] = [path]
    return grave


PUBLIC = (
    "/",
    "/topics",
    "/topics?show=planned",
    "/topics/2",
    "/recommendations",
    "/ledger",
    "/rules",
    "/privacy",
    "/login",
    "/verify",
)
DESKS = {
    "office": (
        "/desk/",
        "/desk/topics",
        "/desk/plans",
        "/desk/matters/1",
        "/desk/matters/2",
        "/desk/plans/new",
        "/desk/notices",
        "/account",
    ),
    "admin": ("/desk/people", "/desk/people/new", "/desk/people/import", "/desk/people/1", "/desk/places"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_passed_is_open_to_everybody(site: Site, viewport: ViewportSize, language: str) -> None:
    found: dict[str, object] = {}
    for who, paths in {"a stranger": PUBLIC, **DESKS}.items():
        with site.elsewhere(who, viewport, language) as page:
            for path in paths:
                found[f"{who} {path}"] = audit(page, path)
    assert {path: grave for path, grave in found.items() if grave} == {}


def test_no_browser_complained(site: Site) -> None:
    """No error of a script, no file missing, nothing that the content security policy stopped."""
    page = site.person("a stranger")
    for path in PUBLIC:
        page.goto(path)
        page.wait_for_load_state("networkidle")
    assert site.complaints == []
