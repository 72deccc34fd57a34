"""The receipt's page: without signing in, in public words, and the same answer for every code that is none."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.actions.ledger import seal
from engine.actions.perform import perform
from engine.ledger import Tree
from engine.models.voice import Question
from engine.queries import sittings
from tests import houses
from tests.web.visitors import Web, said


def asked(web: Web, title: str = "老小区加装电梯谁出钱？", by: str = "citizen1") -> tuple[int, str]:
    with web.house.transaction() as db:
        at = db.query(sittings.Sitting).first() or houses.sitting(web.house, db)
        question = houses.shown_question(web.house, db, at, title, by=by)
        return question.id, question.receipt


def do(web: Web, question_id: int, verb: str, by: str, **given: object) -> None:
    with web.house.transaction() as db:
        perform(
            db,
            db.get_one(Question, question_id),
            verb,
            actor=web.house.actor(db, by),
            now=web.house.now,
            **given,
        )


def test_every_step_stands_on_it_with_its_time(web: Web) -> None:
    question, code = asked(web)
    do(web, question, "shortlist", "host1")
    web.later(minutes=41, seconds=12)
    do(web, question, "put_on_air", "host1")
    do(web, question, "answer", "host1", answer="下月起公布。")
    page = web.visitor().get(f"/r/{code}")
    text = said(page)
    assert "录像 41:12" in text
    assert "下月起公布。" in text
    order = [text.index(step) for step in ("已收到", "已发布", "待上场", "正在作答")]
    assert order == sorted(order)
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "许主持" not in page.text


def test_a_rejection_says_its_reason_and_no_name(web: Web) -> None:
    with web.house.transaction() as db:
        at = houses.sitting(web.house, db)
        question = houses.ask_question(
            db,
            at,
            actor=web.house.actor(db, "citizen1"),
            now=web.house.now,
            title="卖房找我呀",
            asker_name="某某",
        )
        code = question.receipt
    do(web, question.id, "reject", "moderator1", reason_code="advert")
    text = said(web.visitor().get(f"/r/{code}"))
    assert "理由：属于广告" in text
    assert "吕审核" not in text


def test_an_owed_answer_names_the_unit_and_the_day(web: Web) -> None:
    question, code = asked(web)
    do(web, question, "owe", "host1", unit_id=1, due_on="2026-12-31")
    text = said(web.visitor().get(f"/r/{code}"))
    assert "12月31日（周四）" in text
    with web.house.transaction() as db:
        assert db.get_one(Question, question).unit.name in text


def test_a_merged_question_leads_on(web: Web) -> None:
    kept, _code = asked(web)
    merged, code = asked(web, "装电梯的钱谁出？", by="citizen2")
    do(web, merged, "merge", "moderator1", merged_into_id=kept)
    assert "合并后的提问：老小区加装电梯谁出钱？" in said(web.visitor().get(f"/r/{code}"))


def test_the_proof_is_offered_once_it_is_sealed(web: Web) -> None:
    _question, code = asked(web)
    assert "正在封存" in said(web.visitor().get(f"/r/{code}"))
    with web.house.transaction() as db:
        seal(db, Tree(), key=Ed25519PrivateKey.generate(), now=web.house.now)
    page = web.visitor().get(f"/r/{code}")
    assert "正在封存" not in page.text
    link = page.text.split('href="/ledger/receipts/')[1].split('"')[0]
    assert web.visitor().get(f"/ledger/receipts/{link}").status_code == 200


@pytest.mark.parametrize("code", ["aaaaaaaaaaaaa", "1", "x" * 300, "'; drop table question", "%00", "你好"])
def test_every_code_that_is_none_gets_the_same_answer(web: Web, code: str) -> None:
    asked(web)
    unknown = web.visitor().get("/r/bbbbbbbbbbbbb")
    answer = web.visitor().get(f"/r/{code}")
    assert (answer.status_code, said(answer).split("·")[0]) == (404, said(unknown).split("·")[0])


def test_the_code_may_be_typed_with_capitals_and_dashes(web: Web) -> None:
    _question, code = asked(web)
    assert web.visitor().get(f"/r/{code[:4].upper()}-{code[4:]}").status_code == 200


def test_only_the_asker_is_offered_to_withdraw_and_can(demo: Web) -> None:
    question, code = asked(demo)
    stranger, asker = demo.sign_in("citizen2"), demo.sign_in("citizen1")
    assert "撤回" not in said(stranger.get(f"/r/{code}"))
    assert stranger.post(f"/r/{code}/withdraw").status_code == 403
    assert "撤回" in said(asker.get(f"/r/{code}"))
    assert asker.post(f"/r/{code}/withdraw").status_code == 302
    with demo.house.transaction() as db:
        assert db.get_one(Question, question).state == "withdrawn"
