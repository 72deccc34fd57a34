"""Refusals and faults: a page for people, a problem document for programs, nothing that helps an attacker."""

import pytest

from engine.errors import Forbidden, Invalid, NotFound, Refused, Stale, TooMany, WrongState
from engine.words import Words
from tests.web.visitors import Web, said
from web.auth import open_to_all
from web.errors import status_of

JSON = {"Accept": "application/json"}
WORDS = Words("不行。", "No.")
SECRET = "SELECT password FROM person -- /home/xieshang/secret"


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Invalid({"title": WORDS}), 422),
        (Forbidden(WORDS), 403),
        (WrongState(WORDS), 409),
        (Stale(WORDS, 7), 409),
        (NotFound(WORDS), 404),
        (TooMany(WORDS, 30), 429),
        (Refused(WORDS), 409),
    ],
)
def test_every_refusal_has_its_status(refusal: Refused, status: int) -> None:
    assert status_of(refusal) == status


def raising(web: Web, error: Exception) -> None:
    @open_to_all
    def page() -> str:
        raise error

    web.app.add_url_rule("/raise", view_func=page, endpoint="raising", methods=["GET", "POST"])
    web.app.config["PROPAGATE_EXCEPTIONS"] = False


def test_a_program_gets_a_problem_document(web: Web) -> None:
    raising(web, Invalid({"title": Words("太短。", "Too short.")}))
    answer = web.visitor().get("/raise?lang=en", headers=JSON)
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": "about:blank",
        "title": "Some answers need correcting.",
        "status": 422,
        "errors": {"title": "Too short."},
    }


def test_a_stale_problem_says_the_present_version(web: Web) -> None:
    raising(web, Stale(WORDS, 7))
    assert web.visitor().get("/raise", headers=JSON).json["version"] == 7


def test_too_many_says_when_to_come_back(web: Web) -> None:
    raising(web, TooMany(WORDS, 30))
    for headers in ({}, JSON):
        answer = web.visitor().get("/raise", headers=headers)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")


@pytest.mark.parametrize("headers", [{}, JSON])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_fault_shows_a_number_and_nothing_else(web: Web, headers: dict[str, str], language: str) -> None:
    raising(web, RuntimeError(SECRET))
    answer = web.visitor().get(f"/raise?lang={language}", headers=headers)
    assert answer.status_code == 500
    text = answer.json["title"] if answer.is_json else said(answer)
    assert ("系统出了问题，没有保存任何内容。" if language == "zh" else "nothing was saved") in text
    assert "编号" in text or "(number " in text
    for part in ("SELECT", "/home", "Traceback", "RuntimeError", "raise error"):
        assert part not in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_wrong_method_says_the_right_ones(web: Web) -> None:
    answer = web.visitor().get("/logout")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    assert "这个地址不能这样访问。" in said(answer)


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/static/../auth.py", "/static/%2e%2e/app.py", "/%00", "/topics/1/", "/.env"],
)
def test_an_address_without_a_page_says_so_in_both_languages(web: Web, path: str) -> None:
    assert web.visitor().get(path).status_code == 404
    assert "没有这个页面" in said(web.visitor().get(path))
    assert "There is no such page" in said(web.visitor().get(path, headers={"Accept-Language": "en"}))
    assert web.visitor().get(path, headers=JSON).json["status"] == 404


def test_what_was_typed_into_an_address_is_not_said_back_as_markup(web: Web) -> None:
    page = web.visitor().get('/nowhere"><script>alert(1)</script>?a="><img src=x onerror=alert(1)>').text
    assert "<script>alert" not in page
    assert "<img" not in page
