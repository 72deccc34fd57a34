"""Those who run a sitting: who gets in, what each key does, what a refusal says, and what the screen shows."""

import pytest

from engine.actions.perform import perform
from engine.models.consultation import Promise
from engine.models.matter import Matter
from engine.models.voice import Question
from engine.queries import sittings
from tests import houses
from tests.web.visitors import Visitor, Web, said


def sitting(web: Web, *, live: bool = True) -> int:
    with web.house.transaction() as db:
        return houses.sitting(web.house, db, live=live).id


def asked(web: Web, at: int, title: str = "老小区加装电梯谁出钱？", by: str = "citizen1") -> int:
    """One that waits for review."""
    with web.house.transaction() as db:
        given = {"title": title, "asker_name": "当湖居民"}
        actor = web.house.actor(db, by)
        return houses.ask_question(db, sittings.sitting(db, at), actor=actor, now=web.house.now, **given).id


def shown(web: Web, at: int, title: str = "老小区加装电梯谁出钱？") -> int:
    with web.house.transaction() as db:
        return houses.shown_question(web.house, db, sittings.sitting(db, at), title).id


def do(web: Web, matter_id: int, verb: str, by: str, **given: object) -> None:
    with web.house.transaction() as db:
        subject = db.get_one(Matter, matter_id)
        perform(db, subject, verb, actor=web.house.actor(db, by), now=web.house.now, **given)


def state(web: Web, matter_id: int) -> str:
    with web.house.transaction() as db:
        return db.get_one(Matter, matter_id).state


def press(visitor: Visitor, at: int, matter_id: int, verb: str, **given: object) -> str:
    answer = visitor.post(f"/hall/{at}/do/{matter_id}/{verb}", given)
    assert answer.status_code == 302, said(answer)
    return said(visitor.get(answer.location))


@pytest.mark.parametrize(
    ("who", "host", "moderate"),
    [
        ("host1", 200, 200),
        ("recorder1", 200, 200),
        ("moderator1", 403, 200),
        ("leader", 200, 200),
        ("unit_leader", 403, 403),
        ("scorer1", 403, 403),
        ("citizen1", 403, 403),
    ],
)
def test_each_page_is_open_to_those_of_this_sitting(web: Web, who: str, host: int, moderate: int) -> None:
    at, visitor = sitting(web), web.sign_in(who)
    assert visitor.get(f"/hall/{at}/host").status_code == host
    assert visitor.get(f"/hall/{at}/moderate").status_code == moderate


def test_a_host_of_one_sitting_is_nobody_at_another(web: Web) -> None:
    sitting(web)
    host = web.sign_in("host1")
    with web.house.transaction() as db:
        other = houses.schedule_sitting(
            db,
            db.query(houses.Consultation).one(),
            actor=web.house.actor(db, "committee"),
            now=web.house.now,
            title="另一场",
            starts_at="2026-12-01T14:00",
            ends_at="2026-12-01T16:00",
            place="二号会议室",
        ).id
    assert host.get(f"/hall/{other}/host").status_code == 403
    assert host.post(f"/hall/{other}/do/{other}/go_live").status_code == 403


@pytest.mark.parametrize("page", ["screen", "timer"])
def test_screen_and_timer_need_no_one_signed_in(web: Web, page: str) -> None:
    answer = web.visitor().get(f"/hall/{sitting(web)}/{page}")
    assert answer.status_code == 200
    assert "csrf_token" not in answer.text


def test_a_question_goes_on_air_is_answered_and_the_screen_follows(web: Web) -> None:
    at, host = sitting(web), web.sign_in("host1")
    question = shown(web, at)
    press(host, at, question, "shortlist")
    press(host, at, question, "put_on_air")
    assert "正在解答" in said(web.visitor().get(f"/hall/{at}/screen"))
    assert "老小区加装电梯谁出钱？" in said(web.visitor().get(f"/hall/{at}/screen"))
    press(host, at, question, "answer")
    assert state(web, question) == "answered"
    assert "老小区加装电梯谁出钱？" not in said(web.visitor().get(f"/hall/{at}/screen"))


def test_a_question_can_be_taken_off_again(web: Web) -> None:
    at, host = sitting(web), web.sign_in("host1")
    question = shown(web, at)
    for verb in ("shortlist", "put_on_air", "take_off", "unshortlist"):
        press(host, at, question, verb)
    assert state(web, question) == "approved"


def test_two_who_press_next_at_once_move_on_once(web: Web) -> None:
    at, first, second = sitting(web), web.sign_in("host1"), web.sign_in("host1", second_factor=False)
    press(first, at, at, "next_segment", version=1)
    refused = second.post(f"/hall/{at}/do/{at}/next_segment", {"version": 1})
    assert refused.status_code == 409
    assert "别人刚刚转到了下一环节" in said(refused)


def test_closing_with_loose_questions_is_refused_and_lists_them_with_what_to_do(web: Web) -> None:
    at, host = sitting(web), web.sign_in("host1")
    question = shown(web, at)
    end = f"/hall/{at}/do/{at}/end"
    for refused in (host.get(end), host.post(end)):
        assert refused.status_code == 409
        assert "还有提问没有着落" in said(refused)
        assert "老小区加装电梯谁出钱？" in said(refused)
        assert f"/hall/{at}/do/{question}/owe" in refused.text
    press(host, at, question, "owe", unit_id=1, due_on="2026-12-31")
    press(host, at, at, "end")
    assert state(web, at) == "held"


def test_a_promise_is_kept_with_its_second(web: Web) -> None:
    at, host = sitting(web), web.sign_in("host1")
    given = {
        "words": "年底前出台补助办法。",
        "speaker": "住建局局长",
        "unit": 1,
        "due_on": "2026-12-31",
        "second": 1510,
    }
    page = press(host, at, at, "record_promise", **given)
    assert "年底前出台补助办法。" in page
    assert "25:10" in page
    with web.house.transaction() as db:
        assert db.query(Promise).one().second == 1510


def test_a_promise_with_something_missing_keeps_what_was_typed(web: Web) -> None:
    at, host = sitting(web), web.sign_in("host1")
    answer = host.post(f"/hall/{at}/do/{at}/record_promise", {"words": "年底前出台补助办法。"})
    assert answer.status_code == 422
    assert "年底前出台补助办法。" in answer.text


def test_the_stream_is_cut_with_a_reason_and_resumed(web: Web) -> None:
    at, host = sitting(web), web.sign_in("host1")
    assert host.post(f"/hall/{at}/do/{at}/interrupt").status_code == 422
    assert "直播已中断" in press(host, at, at, "interrupt", reason="画面黑屏")
    assert "直播中断， 请稍候" in said(web.visitor().get(f"/hall/{at}/screen"))
    press(host, at, at, "resume")
    assert state(web, at) == "live"


def test_a_verb_on_something_of_another_place_is_not_there(web: Web) -> None:
    at, host = sitting(web), web.sign_in("host1")
    with web.house.transaction() as db:
        consultation = sittings.sitting(db, at).parent_id
    before = web.facts()
    assert host.post(f"/hall/{at}/do/{consultation}/conclude").status_code == 404
    assert host.post(f"/hall/{at}/do/{at}/nonsense").status_code == 404
    assert web.facts() == before


@pytest.mark.parametrize(
    ("decision", "after"),
    [
        ({"approve": "1"}, "approved"),
        ({"reject": "advert"}, "rejected"),
        ({"escalate": "danger"}, "escalated"),
    ],
)
def test_a_moderator_decides_by_one_press(web: Web, decision: dict[str, str], after: str) -> None:
    at, moderator = sitting(web), web.sign_in("moderator1")
    waiting = asked(web, at)
    page = moderator.get(f"/hall/{at}/moderate")
    assert f"/hall/{at}/decide/{waiting}" in page.text
    answer = moderator.post(f"/hall/{at}/decide/{waiting}", {"version": 1, **decision})
    assert answer.location == f"/hall/{at}/moderate"
    assert state(web, waiting) == after


def test_what_resembles_a_shown_question_is_approved_and_merged_by_one_press(web: Web) -> None:
    at, moderator = sitting(web), web.sign_in("moderator1")
    kept, waiting = shown(web, at), asked(web, at, "老小区加装电梯，谁来出钱？", by="citizen2")
    page = moderator.get(f"/hall/{at}/moderate")
    assert f'name="merge" value="{kept}"' in page.text
    moderator.post(f"/hall/{at}/decide/{waiting}", {"version": 1, "merge": kept})
    with web.house.transaction() as db:
        assert db.get_one(Question, waiting).merged_into_id == kept


def test_a_decision_on_what_changed_meanwhile_is_refused_in_words(web: Web) -> None:
    at, moderator = sitting(web), web.sign_in("moderator1")
    waiting = asked(web, at)
    do(web, waiting, "withdraw", "citizen1")
    answer = moderator.post(
        f"/hall/{at}/decide/{waiting}", {"version": 1}, headers={"Accept": "application/json"}
    )
    assert (answer.status_code, answer.json["title"]) == (409, "现在是“已撤回”阶段，不能“通过”。")


def test_a_host_may_look_at_the_queue_and_not_decide(web: Web) -> None:
    at, host = sitting(web), web.sign_in("host1")
    waiting = asked(web, at)
    assert "/decide/" in host.get(f"/hall/{at}/moderate").text
    assert 'name="approve"' not in host.get(f"/hall/{at}/moderate").text
    assert host.post(f"/hall/{at}/decide/{waiting}", {"version": 1, "approve": "1"}).status_code == 403
    assert state(web, waiting) == "pending"


def test_the_longest_waiting_comes_first_and_is_told_when_it_is_over_three_minutes(web: Web) -> None:
    at, moderator = sitting(web), web.sign_in("moderator1")
    asked(web, at, "先来的问题是什么？")
    web.later(minutes=2)
    asked(web, at, "后到的另一件事情？", by="citizen2")
    text = said(moderator.get(f"/hall/{at}/moderate"))
    assert "2 条待审 最久已等 2:00" in text
    assert text.index("先来的问题") < text.index("后到的另一件")
    assert "waiting-meter over" not in moderator.get(f"/hall/{at}/moderate").text
    web.later(minutes=1, seconds=1)
    assert "waiting-meter over" in moderator.get(f"/hall/{at}/moderate").text
