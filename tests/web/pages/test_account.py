"""Signing in and out: one-time links, passwords, the second factor, and what a citizen proves."""

import re

import pyotp
import pytest

from tests.web.visitors import Visitor, Web, said
from web.limits import limiter

PASSWORD = "一把很长的钥匙 2026"
SLEEPS = "/account/second-factor?next=/desk/topics"


def desk(visitor: Visitor) -> int:
    return visitor.get("/desk/").status_code


def with_password(web: Web, name: str) -> Visitor:
    visitor = web.sign_in(name, second_factor=False)
    answer = visitor.post("/account/password", {"password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 302
    return visitor


def test_looking_at_a_sign_in_link_uses_nothing_up(web: Web) -> None:
    link, scanner, person = web.link("scorer1"), web.visitor(), web.visitor()
    for _ in range(3):
        assert "褚评分" in scanner.get(link).text
    assert desk(scanner) == 302
    person.get(link)
    assert person.post(link).location == "/desk/"
    assert desk(person) == 200


def test_a_sign_in_link_works_once(web: Web) -> None:
    link, first, second = web.link("scorer1"), web.visitor(), web.visitor()
    first.get(link)
    second.get(link)
    first.post(link)
    answer = second.post(link)
    assert answer.status_code == 404
    assert "已经用过或已经过期" in said(answer)
    assert desk(second) == 302


@pytest.mark.parametrize("language", ["en", "zh"])
def test_whoever_signs_in_is_written_to_in_the_language_they_read(web: Web, language: str) -> None:
    web.visitor().post(f"{web.link('scorer1')}?lang={language}")
    with web.house.transaction() as db:
        person = web.house.actor(db, "scorer1").person
        assert person is not None
        assert person.language == language


def test_a_sign_in_link_ends_after_a_day(web: Web) -> None:
    link, visitor = web.link("scorer1"), web.visitor()
    visitor.get(link)
    web.later(hours=23, minutes=59)
    assert visitor.get(link).status_code == 200
    web.later(minutes=1)
    assert visitor.get(link).status_code == 404
    assert visitor.post(link).status_code == 404


def test_a_disabled_person_is_out_at_the_next_request(web: Web) -> None:
    scorer, admin = web.sign_in("scorer1"), web.sign_in("sysadmin")
    link = web.link("scorer1")
    with web.house.transaction() as db:
        number = web.house.actor(db, "scorer1").id
    assert desk(scorer) == 200
    assert admin.post(f"/desk/people/{number}/disable", {"version": "1"}).status_code == 302
    assert desk(scorer) == 302
    visitor = web.visitor()
    visitor.get(link)
    assert visitor.post(link).status_code == 403


def test_a_password_signs_in_where_one_wanted_to_go(web: Web) -> None:
    with_password(web, "scorer1")
    visitor = web.visitor()
    sent = visitor.get("/desk/topics?show=scoring")
    assert sent.location == "/login?next=/desk/topics?show%3Dscoring"
    page = visitor.get(sent.location)
    wanted = re.search(r'name="next" value="([^"]+)"', page.text)
    assert wanted
    answer = visitor.post(
        "/login", {"email": " Scorer1@xieshang.example ", "password": PASSWORD, "next": wanted[1]}
    )
    assert answer.location == "/desk/topics?show=scoring"
    assert desk(visitor) == 200


@pytest.mark.parametrize(
    ("email", "password"),
    [("scorer1@xieshang.example", "wrong"), ("nobody@xieshang.example", PASSWORD), ("", ""), ("scorer1", "")],
)
def test_a_wrong_password_and_an_unknown_address_are_not_told_apart(
    web: Web, email: str, password: str
) -> None:
    with_password(web, "scorer1")
    visitor = web.visitor()
    answer = visitor.post("/login", {"email": email, "password": password})
    assert answer.status_code == 422
    assert "邮箱或密码不对。" in said(answer)
    assert f'value="{email}"' in answer.text
    assert desk(visitor) == 302


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "//[",
        "/a\tb",
        "desk",
    ],
)
def test_signing_in_never_leads_to_another_site(web: Web, target: str) -> None:
    with_password(web, "scorer1")
    visitor = web.visitor()
    answer = visitor.post(
        "/login", {"email": "scorer1@xieshang.example", "password": PASSWORD, "next": target}
    )
    assert answer.location == "/desk/"


@pytest.mark.parametrize(("password", "again"), [("short", "short"), (PASSWORD, PASSWORD + "x"), ("", "")])
def test_a_password_is_long_and_typed_twice(web: Web, password: str, again: str) -> None:
    visitor, before = web.sign_in("scorer1"), web.facts()
    answer = visitor.post("/account/password", {"password": password, "again": again})
    assert answer.status_code == 422
    assert "密码至少 12 位，两次要相同。" in said(answer)
    assert web.facts() == before


def test_a_new_password_ends_every_other_sign_in(web: Web) -> None:
    stolen = web.sign_in("scorer1")
    own = with_password(web, "scorer1")
    assert desk(own) == 200
    assert desk(stolen) == 302


def test_signing_in_keeps_nothing_of_the_cookie_before(web: Web) -> None:
    visitor, link = web.sign_in("office"), web.link("scorer1")
    visitor.get(link)
    visitor.post(link)
    with visitor.client.session_transaction() as cookie:
        assert "second_factor" not in cookie


def test_signing_out_ends_it(web: Web) -> None:
    visitor = web.sign_in("scorer1")
    assert visitor.post("/logout").location == "/"
    assert desk(visitor) == 302


def test_a_changed_cookie_signs_nobody_in(web: Web) -> None:
    visitor = web.sign_in("scorer1")
    cookie = visitor.client.get_cookie("xieshang")
    assert cookie
    at = len(cookie.value) - 10  # in the signature, and not its last sign, whose low bits mean nothing
    other = "A" if cookie.value[at] != "A" else "B"
    visitor.client.set_cookie("xieshang", cookie.value[:at] + other + cookie.value[at + 1 :])
    assert desk(visitor) == 302


def test_a_grave_post_sleeps_until_the_second_factor(web: Web) -> None:
    visitor = web.sign_in("leader", second_factor=False)
    assert visitor.get("/desk/topics").location == SLEEPS
    assert "要先通过第二重验证" in said(visitor.get("/account"))
    web.give_second_factor(visitor)
    assert visitor.get("/desk/topics").status_code == 200
    assert "要先通过第二重验证" not in said(visitor.get("/account"))


def test_the_second_factor_leads_where_one_wanted_to_go(web: Web) -> None:
    visitor = web.sign_in("leader", second_factor=False)
    page = visitor.get(SLEEPS)
    secret = re.search(r"<code>([A-Z2-7]+)</code>", page.text)
    assert secret
    assert 'name="next" value="/desk/topics"' in page.text
    fields = {"code": pyotp.TOTP(secret[1]).now(), "next": "/desk/topics"}
    assert visitor.post("/account/second-factor", fields).location == "/desk/topics"


def test_the_second_factor_is_no_way_to_a_role_one_does_not_hold(web: Web) -> None:
    visitor = web.sign_in("leader", second_factor=False)
    assert visitor.get("/desk/people").status_code == 403


def test_the_second_factor_is_asked_for_again_at_the_next_sign_in(web: Web) -> None:
    first = web.sign_in("leader", second_factor=False)
    secret = re.search(r"<code>([A-Z2-7]+)</code>", first.get("/account/second-factor").text)
    assert secret
    first.post("/account/second-factor", {"code": pyotp.TOTP(secret[1]).now()})
    again = web.sign_in("leader", second_factor=False)
    page = again.get("/account/second-factor")
    assert secret[1] not in page.text
    assert again.get("/desk/topics").location == SLEEPS
    used = {"code": pyotp.TOTP(secret[1]).now()}
    assert again.post("/account/second-factor", used).status_code == 422
    assert again.get("/desk/topics").location == SLEEPS
    web.later(seconds=30)
    again.post("/account/second-factor", {"code": pyotp.TOTP(secret[1]).now()})
    assert again.get("/desk/topics").status_code == 200


def test_signing_out_ends_a_cookie_that_was_copied(web: Web) -> None:
    visitor = web.sign_in("scorer1")
    cookie = visitor.client.get_cookie("xieshang")
    assert cookie
    web.later(seconds=1)
    visitor.post("/logout")
    thief = web.visitor()
    thief.client.set_cookie("xieshang", cookie.value)
    assert thief.get("/desk/").location.startswith("/login")


def test_a_new_password_asks_for_the_present_one(web: Web) -> None:
    own, new = with_password(web, "scorer1"), {"password": PASSWORD + "x", "again": PASSWORD + "x"}
    for current in ("", "something else"):
        answer = own.post("/account/password", new | {"current": current})
        assert answer.status_code == 422
        assert "现在的密码不对。" in said(answer)
    assert own.post("/account/password", new | {"current": PASSWORD}).status_code == 302


@pytest.mark.parametrize("code", ["", "000000", "abcdef", "１２３４５６", "9" * 300])
def test_a_wrong_code_wakes_nothing(web: Web, code: str) -> None:
    visitor, before = web.sign_in("leader", second_factor=False), web.facts()
    visitor.get("/account/second-factor")
    answer = visitor.post("/account/second-factor", {"code": code})
    assert answer.status_code == 422
    assert "验证码不对" in said(answer)
    assert visitor.get("/desk/topics").location == SLEEPS
    assert web.facts() == before


def test_one_acts_in_a_role_one_holds_and_in_no_other(web: Web) -> None:
    visitor = web.sign_in("committee")
    visitor.post("/account/acting", {"role": "committee_head"})
    assert '<option value="committee_head" selected>' in visitor.get("/account").text
    visitor.post("/account/acting", {"role": "leader"})
    page = visitor.get("/account").text
    assert "selected" not in page
    assert "leader" not in page


def test_a_phone_is_verified_by_its_own_code_after_the_rules_are_accepted(demo: Web) -> None:
    visitor = demo.visitor()
    page = visitor.post("/verify", {"phone": "100 1234 5678", "next": "/topics/new"})
    code = re.search(r"验证码是 ([0-9]{6})", said(page))
    assert code
    given = {"phone": "10012345678", "code": code[1], "name": "当湖居民", "next": "/topics"}
    refused = visitor.post("/verify", given)
    assert refused.status_code == 422
    assert "请先阅读并同意" in said(refused)
    assert 'value="当湖居民"' in refused.text
    assert visitor.post("/verify", given | {"accepted": "1"}).location == "/topics"
    assert "当湖居民" in visitor.get("/account").text


@pytest.mark.parametrize("phone", ["10012345679", "１００１２３４５６７８"])
def test_a_code_verifies_no_other_phone(demo: Web, phone: str) -> None:
    visitor = demo.visitor()
    page = visitor.post("/verify", {"phone": "10012345678"})
    code = re.search(r"验证码是 ([0-9]{6})", said(page))
    assert code
    answer = visitor.post("/verify", {"phone": phone, "code": code[1], "accepted": "1"})
    assert answer.status_code == 422
    assert visitor.get("/account").status_code == 302


@pytest.mark.parametrize("code", [" ", "000000", "１２３４５６", "None"])
def test_a_code_that_was_never_sent_verifies_nothing(demo: Web, code: str) -> None:
    visitor, before = demo.visitor(), demo.facts()
    answer = visitor.post("/verify", {"phone": "10012345678", "code": code, "accepted": "1"})
    assert answer.status_code == 422
    assert "验证码不对。" in said(answer)
    assert demo.facts() == before


def test_without_a_service_for_phones_the_page_says_so(web: Web) -> None:
    answer = web.visitor().get("/verify")
    assert answer.status_code == 409
    assert "还没有接入手机实名验证" in said(answer)


def test_a_form_without_its_token_is_refused(web: Web) -> None:
    visitor, other = web.sign_in("scorer1"), web.sign_in("scorer2")
    before = web.facts()
    for token in ("", "x", other.token):
        answer = visitor.client.post(
            "/account/password", data={"csrf_token": token, "password": PASSWORD, "again": PASSWORD}
        )
        assert answer.status_code == 400
        assert "请刷新后再提交一次" in said(answer)
    assert web.facts() == before


def test_guessing_passwords_is_slowed_down(web: Web) -> None:
    limiter.reset()
    limiter.enabled = True
    visitor = web.visitor()
    answers = [visitor.post("/login", {"email": "a@b.cn", "password": str(n)}) for n in range(21)]
    assert [answer.status_code for answer in answers] == [422] * 20 + [429]
    assert "操作太频繁" in said(answers[-1])
    assert int(answers[-1].headers["Retry-After"]) > 0
