"""The front door, the reader's preferences, and what every page carries."""

import pytest

from tests.web.visitors import Web, said

PUBLIC = ("/", "/topics", "/recommendations", "/ledger", "/rules", "/privacy", "/login")


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:/evil.example",
        "/\nSet-Cookie: a=b",
        "//[",
        "http://[",
        "topics",
        "",
    ],
)
def test_preferences_never_lead_to_another_site(web: Web, back: str) -> None:
    answer = web.visitor().get("/preferences", query_string={"lang": "en", "back": back})
    assert answer.status_code == 302
    assert answer.location == "/"


def test_preferences_are_kept_and_lead_back(web: Web) -> None:
    visitor = web.visitor()
    answer = visitor.get("/preferences?lang=en&theme=dark&elder=1&back=/topics%3Fshow%3Dall")
    assert answer.location == "/topics?show=all"
    page = visitor.get(answer.location).text
    assert '<html lang="en" data-theme="dark" data-elder' in page
    assert "Topics" in page
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("value", ["", "fr", "zh\r\nSet-Cookie: a=b", "<script>", "1" * 10000])
def test_a_preference_that_is_not_offered_is_not_kept(web: Web, value: str) -> None:
    answer = web.visitor().get("/preferences", query_string=dict.fromkeys(("lang", "theme", "elder"), value))
    assert answer.headers.getlist("Set-Cookie") == []


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,en;q=0.8", "zh-CN"),
        ("fr", "zh-CN"),
        ("", "zh-CN"),
        (";=", "zh-CN"),
    ],
)
def test_a_first_visit_is_in_the_browsers_language_if_we_have_it(
    web: Web, header: str, language: str
) -> None:
    page = web.visitor().get("/", headers={"Accept-Language": header})
    assert f'<html lang="{language}"' in page.text


@pytest.mark.parametrize("path", [*PUBLIC, "/nowhere", "/verify", "/healthz", "/ledger/log.jsonl"])
def test_every_answer_carries_the_security_headers(web: Web, path: str) -> None:
    answer = web.visitor().get(path)
    policy = answer.headers["Content-Security-Policy"]
    for rule in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Accept-Language"} <= {part.strip() for part in answer.headers.get("Vary").split(",")}


@pytest.mark.parametrize("path", PUBLIC)
def test_no_page_has_a_script_or_style_of_its_own(web: Web, path: str) -> None:
    page = web.visitor().get(path).text
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick" not in page
    assert page.count("<script") == page.count('<script type="module" src="/static/')


def test_a_write_is_never_stored_by_a_cache(web: Web) -> None:
    answer = web.visitor().post("/login", {"email": "a@b.cn"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_built_file_is_kept_for_a_year(web: Web) -> None:
    page = web.visitor().get("/").text
    path = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    answer = web.visitor().get(path)
    assert answer.status_code == 200
    assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_the_cookie_is_for_us_alone(web: Web) -> None:
    visitor, link = web.visitor(), web.link("scorer1")
    visitor.get(link)
    cookie = visitor.post(link).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_health_says_what_is_missing(web: Web) -> None:
    found = web.visitor().get("/healthz")
    assert found.status_code == 200
    assert found.json["status"] == "degraded"
    assert (found.json["database"], found.json["redis"]) == ("ok", "down")


def test_an_empty_house_says_what_comes_next(web: Web) -> None:
    assert "每年十月至十一月征集下一年的协商议题" in said(web.visitor().get("/"))
