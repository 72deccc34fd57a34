"""Everybody's own browser in a running house: who reads which language on what, and steps taken by their buttons."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from tests.houses import STAFF
from tests.journeys.conftest import RunningHouse

PHONE: ViewportSize = {"width": 390, "height": 844}
DONE = {"zh": "已办理：{}。", "en": "Done: {}."}


@dataclass
class Story:
    """Everybody's open page, by the keys of `houses.STAFF`; citizens prove a telephone.

    Chinese on a desktop, but where `english` or `phones` name somebody.
    """

    running: RunningHouse
    browser: Browser
    folder: Path
    english: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    contexts: dict[str, BrowserContext] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def page(self, who: str) -> Page:
        if who not in self.contexts:
            self.contexts[who] = context = self._context(who)
            page = context.new_page()
            if self.language(who) == "en":
                page.goto("/preferences?lang=en")
            if who in STAFF:
                page.goto(self.running.sign_in_link(who))
                page.locator("main form button").click()
                page.wait_for_url("**/desk/")
        return self.contexts[who].pages[0]

    def language(self, who: str) -> str:
        return "en" if who in self.english else "zh"

    def _context(self, who: str) -> BrowserContext:
        url = self.running.url
        if who in self.phones:
            context = self.browser.new_context(
                base_url=url, locale="zh-CN", viewport=PHONE, has_touch=True, is_mobile=True
            )
        else:
            context = self.browser.new_context(base_url=url, locale="zh-CN")
        context.set_default_timeout(20_000)
        context.on(
            "console", lambda line: self.complaints.append(line.text) if line.type == "error" else None
        )
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        return context

    def do(self, who: str, matter: int, verb: str, **given: str) -> None:
        """A step of a matter, by its button and its form."""
        self.at(who, f"/desk/matters/{matter}").get_by_role("link", name=verb, exact=True).first.click()
        self.send(self.page(who), verb, **given)
        self.done(who, verb)

    def arrange(self, plan: int) -> None:
        """The office gives every topic of a draft the first form, time, group, unit and level of its lists."""
        page = self.at("office", f"/desk/matters/{plan}")
        page.get_by_role("link", name="逐项安排").click()
        for choice in page.locator("main select").all():
            choice.select_option(index=1)
        page.get_by_role("button", name="保存安排").click()
        expect(page.get_by_text("安排已保存。")).to_be_visible()

    def begin(self, who: str, parent: int, path: str, verb: str, **given: str) -> int:
        """Something new under a matter; its number."""
        page = self.at(who, f"/desk/matters/{parent}")
        page.locator(f'a[href="/desk/matters/{parent}/new/{path}"]').click()
        self.send(page, verb, **given)
        self.done(who, verb)
        return number(page.url)

    def at(self, who: str, path: str) -> Page:
        page = self.page(who)
        page.goto(path)
        return page

    def send(self, page: Page, button: str, **given: str) -> None:
        for name, value in given.items():
            fill(page, name, value)
        page.get_by_role("button", name=button, exact=True).click()

    def done(self, who: str, verb: str) -> None:
        expect(self.page(who).get_by_text(DONE[self.language(who)].format(verb))).to_be_visible()

    def looked_at(self, who: str) -> None:
        """The page that is open is in the reader's language, fits the screen and keeps nobody out."""
        page = self.page(who)
        assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[self.language(who)]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
        assert grave(page) == {}, page.url


def grave(page: Page) -> Mapping[str, list[str]]:
    """What axe finds serious or critical: the rule, and the elements."""
    found = Axe().run(page).response["violations"]
    return {
        rule["id"]: [node["html"][:120] for node in rule["nodes"]]
        for rule in found
        if rule["impact"] in ("serious", "critical")
    }


def fill(page: Page, name: str, value: str) -> None:
    """Whatever kind of control it is."""
    control: Locator = page.locator(f'[name="{name}"]')
    kind = control.first.evaluate("one => one.type || one.tagName")
    if kind == "radio":
        page.locator(f'[name="{name}"][value="{value}"]').check()
    elif kind == "checkbox":
        control.first.check()
    elif kind == "file":
        control.set_input_files(value)
    elif kind.startswith("select"):
        control.select_option(label=value)
    else:
        control.fill(value)


def number(url: str) -> int:
    return int(re.findall(r"\d+", url)[-1])
