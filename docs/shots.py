"""Takes the pictures of the product from a running demonstration: `python3 dev.py shots`.

Starts `xieshang demo` on a folder of its own, lets the crowd come in, and writes docs/pictures/.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
PORT = 8760
READY_S = 120
SETTLED_S = 40
DESKTOP, PHONE, HALL = (1440, 900), (390, 844), (1920, 1080)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data, Path(data, "demo.log").open("w+") as log:
        words = [
            sys.executable,
            "-m",
            "workers.main",
            "demo",
            "--data",
            data,
            "--port",
            str(PORT),
            "--crowd",
            "60",
        ]
        demo = subprocess.Popen(words, stdout=log, stderr=log)
        try:
            said = _wait_for(Path(data, "demo.log"))
            time.sleep(SETTLED_S)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", chromium_sandbox=False
                )
                _take(browser, said)
                browser.close()
        finally:
            demo.terminate()
            demo.wait()


def _wait_for(log: Path) -> str:
    """What the demonstration printed once it was ready."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        said = log.read_text(encoding="utf-8")
        if "sign-in/" in said:
            return said
        time.sleep(0.5)
    raise SystemExit("the demonstration did not get ready")


def _take(browser: Browser, said: str) -> None:
    live = re.search(r"/live/\d+", said)
    host = re.search(r"/hall/\d+/host", said)
    links = re.findall(r"(\S+)\s+(http\S+/sign-in/\S+)", said)
    assert live
    assert host
    base = f"http://127.0.0.1:{PORT}"
    _shot(browser, "home", base + "/", DESKTOP)
    _shot(browser, "live", base + live[0], DESKTOP)
    _shot(browser, "live-phone", base + live[0], PHONE)
    _shot(browser, "live-phone-dark-en", base + live[0], PHONE, theme="dark", lang="en")
    _shot(browser, "recommendations", base + "/recommendations", DESKTOP)
    _shot(browser, "screen", base + host[0].replace("host", "screen"), HALL)
    for name, path, who in (
        ("desk", "/desk/", 1),
        ("moderate", host[0].replace("host", "moderate"), 2),
        ("host", host[0], 3),
    ):
        _shot(browser, name, base + path, DESKTOP, link=links[who][1])


def _shot(
    browser: Browser,
    name: str,
    url: str,
    size: tuple[int, int],
    *,
    link: str = "",
    theme: str = "light",
    lang: str = "zh",
) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.add_cookies(
        [{"name": key, "value": value, "url": url} for key, value in (("theme", theme), ("lang", lang))]
    )
    page = context.new_page()
    if link:
        page.goto(link)
        page.locator("main button[type=submit]").click()
    page.goto(url)
    page.wait_for_timeout(3000)
    page.screenshot(path=PICTURES / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()
