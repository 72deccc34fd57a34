"""The public page of a sitting: its lives, one text for all, asking, commenting, asking the same."""

import gzip
import re

import pytest
from icalendar import Calendar, Component

from engine.actions.perform import perform
from engine.models.voice import Comment, Question
from engine.queries import sittings, voices
from tests import houses
from tests.web.visitors import Visitor, Web, said
from web.app import STATIC

JSON = {"Accept": "application/json"}


def sitting(web: Web, *, live: bool = True) -> int:
    with web.house.transaction() as db:
        return houses.sitting(web.house, db, live=live).id


def question(web: Web, sitting_id: int, title: str = "老小区加装电梯谁出钱？") -> int:
    with web.house.transaction() as db:
        return houses.shown_question(web.house, db, sittings.sitting(db, sitting_id), title, by="citizen9").id


def do(web: Web, matter_id: int, verb: str, by: str, **given: object) -> None:
    with web.house.transaction() as db:
        subject = db.get(Question, matter_id) or sittings.sitting(db, matter_id)
        perform(db, subject, verb, actor=web.house.actor(db, by), now=web.house.now, **given)


def token(visitor: Visitor) -> str:
    answer = visitor.client.get("/live/token")
    assert answer.headers["Cache-Control"] == "no-store"
    visitor.token = answer.json["token"]
    return visitor.token


def test_all_who_are_not_signed_in_get_the_same_text_and_no_token(web: Web) -> None:
    at = sitting(web)
    question(web, at)
    first, second = (web.visitor().get(f"/live/{at}") for _ in range(2))
    assert first.text == second.text
    assert "csrf_token" not in first.text
    assert "Set-Cookie" not in first.headers


def test_the_first_view_is_small(web: Web) -> None:
    at = sitting(web)
    for number in range(50):
        question(web, at, f"第 {number} 个问题，说的是小区公共收益账目多久公布一次，由谁来核对？")
    page = web.visitor().get(f"/live/{at}")
    parts = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert len(parts) >= 5
    bodies = [page.data, *((STATIC / part.rpartition("/")[2]).read_bytes() for part in parts)]
    assert sum(len(gzip.compress(body)) for body in bodies) <= 100 * 1024


@pytest.mark.parametrize("verbs", [[], ["interrupt"], ["interrupt", "resume"]])
def test_an_interruption_says_so_and_keeps_asking_open(web: Web, verbs: list[str]) -> None:
    at = sitting(web)
    for verb in verbs:
        do(web, at, verb, "host1", **({"reason": "信号中断"} if verb == "interrupt" else {}))
    page = web.visitor().get(f"/live/{at}").text
    [panel] = re.findall(r'<div class="video-wait" data-during="interrupted"( hidden)?>', page)
    assert (panel == "") == (verbs[-1:] == ["interrupt"])
    [box] = re.findall(r'<div data-during="before live interrupted"( hidden)? data-box="questions">', page)
    assert box == ""


def test_before_it_the_page_says_when_and_gives_a_calendar_entry(web: Web) -> None:
    at = sitting(web, live=False)
    assert "11月24日（周二） 14:00" in said(web.visitor().get(f"/live/{at}"))
    answer = web.visitor().get(f"/live/{at}/calendar.ics")
    [event] = Calendar.from_ical(answer.data).walk("VEVENT")
    assert event["SUMMARY"] == "市长与政协委员面对面"
    assert event["DTSTART"].dt.isoformat() == "2026-11-24T06:00:00+00:00"


def test_afterwards_the_answered_questions_come_first_with_their_second(web: Web) -> None:
    at = sitting(web)
    owed, answered = question(web, at, "第一个提的问题？"), question(web, at, "当场答复的问题？")
    do(web, answered, "shortlist", "host1")
    web.later(minutes=41, seconds=12)
    do(web, answered, "put_on_air", "host1")
    do(web, answered, "answer", "host1", answer="下月起公布。")
    do(web, owed, "owe", "host1", unit_id=1, due_on="2026-12-31")
    do(web, at, "end", "host1")
    page = said(web.visitor().get(f"/live/{at}"))
    assert page.index("当场答复的问题？") < page.index("第一个提的问题？")
    assert "现场答复 41:12" in page
    assert "下月起公布。" in page
    assert "本场提问和评论已经结束" in page


def test_words_of_a_citizen_are_never_markup(web: Web) -> None:
    at = sitting(web)
    question(web, at, "<script>alert(1)</script>？")
    assert "<script>alert" not in web.visitor().get(f"/live/{at}").text


def test_the_moving_parts_come_alone_and_may_be_kept_for_a_second(web: Web) -> None:
    at = sitting(web)
    question(web, at)
    answer = web.visitor().get(f"/live/{at}/talk?fact_no=1")
    assert answer.headers["Cache-Control"] == "public, max-age=1"
    assert "老小区加装电梯谁出钱？" in answer.text
    assert "<html" not in answer.text
    again = web.visitor().get(f"/live/{at}/talk?fact_no=1", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_asking_gives_the_receipt_at_once_and_the_same_key_asks_once(demo: Web) -> None:
    at, citizen = sitting(demo), demo.sign_in("citizen1")
    fields = {
        "csrf_token": token(citizen),
        "title": "充电桩什么时候能进老小区？",
        "key": "k1",
        "district": "当湖街道",
    }
    first, second = (citizen.post(f"/live/{at}/ask", fields, headers=JSON).json for _ in range(2))
    assert first == second
    assert first["href"] == f"/r/{first['receipt']}"
    with demo.house.transaction() as db:
        kept = voices.by_receipt(db, first["receipt"])
        assert kept is not None
        assert (kept.title, kept.district) == (fields["title"], "当湖街道")


def test_whoever_has_not_proved_a_phone_is_sent_to_and_what_was_typed_comes_back(demo: Web) -> None:
    at, visitor = sitting(demo), demo.visitor()
    answer = visitor.client.post(f"/live/{at}/ask", data={"title": "谁来管电梯？"}, headers=JSON)
    assert answer.status_code == 401
    answer = visitor.client.post(f"/live/{at}/ask", data={"title": "谁来管电梯？"})
    assert answer.location == f"/verify?next=/live/{at}/ask"
    signed = demo.sign_in("citizen1")
    signed.client.set_cookie(
        "draft", visitor.client.get_cookie("draft", path=f"/live/{at}").value, path=f"/live/{at}"
    )
    assert "谁来管电梯？" in signed.get(f"/live/{at}/ask").text


@pytest.mark.parametrize("path", ["ask", "comment"])
def test_without_a_script_a_form_is_shown_again_and_nothing_is_written_before_it_is_confirmed(
    demo: Web, path: str
) -> None:
    at, citizen = sitting(demo), demo.sign_in("citizen1")
    before = demo.facts()
    page = citizen.client.post(
        f"/live/{at}/{path}", data={"title": "请公布账目好吗？", "csrf_token": "forged"}
    )
    assert page.status_code == 200
    assert "请公布账目好吗？" in page.text
    assert demo.facts() == before
    citizen.get(f"/live/{at}/{path}")
    assert citizen.post(f"/live/{at}/{path}", {"title": "请公布账目好吗？"}).status_code == 302
    assert demo.facts() == before + 1


def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(demo: Web) -> None:
    at, citizen = sitting(demo), demo.sign_in("citizen1")
    token(citizen)
    page = citizen.post(f"/live/{at}/ask", {"title": "长" * 201, "district": "当湖街道"})
    assert page.status_code == 422
    assert "长" * 201 in page.text
    problem = citizen.post(f"/live/{at}/ask", {"title": "短"}, headers=JSON)
    assert (problem.status_code, list(problem.json["errors"])) == (422, ["title"])


def test_a_comment_waits_for_review_and_its_author_can_withdraw_it(demo: Web) -> None:
    at, citizen = sitting(demo), demo.sign_in("citizen1")
    token(citizen)
    posted = citizen.post(f"/live/{at}/comment", {"title": "讲得实在。"}, headers=JSON).json
    assert posted["receipt"] is None
    assert "讲得实在。" not in demo.visitor().get(f"/live/{at}").text
    assert "我的发言 讲得实在。 待审 撤回" in said(citizen.get(f"/live/{at}"))
    assert citizen.post(posted["withdraw"], headers=JSON).json == {"state": "已撤回"}
    with demo.house.transaction() as db:
        assert db.get_one(Comment, posted["id"]).state == "withdrawn"


def test_nobody_withdraws_what_another_said(demo: Web) -> None:
    at = sitting(demo)
    mine = question(demo, at)
    other = demo.sign_in("citizen1")
    token(other)
    before = demo.facts()
    assert other.post(f"/live/{at}/said/{mine}/withdraw").status_code == 404
    assert demo.facts() == before


def test_asking_the_same_counts_once(demo: Web) -> None:
    at, citizen = sitting(demo), demo.sign_in("citizen1")
    shown = question(demo, at)
    assert citizen.client.post(f"/live/{at}/questions/{shown}/upvote").status_code == 200
    token(citizen)
    first, second = (citizen.post(f"/live/{at}/questions/{shown}/upvote", headers=JSON) for _ in range(2))
    assert first.json == {"support": 1}
    assert (second.status_code, second.json["title"]) == (409, "已经办过了，不能重复。")
    assert 'aria-pressed="true"' in citizen.get(f"/live/{at}").text


def test_a_question_of_another_sitting_or_one_not_shown_is_not_there(demo: Web) -> None:
    at, citizen = sitting(demo), demo.sign_in("citizen1")
    token(citizen)
    hidden = citizen.post(f"/live/{at}/ask", {"title": "还没有审核的提问？"}, headers=JSON).json["id"]
    assert citizen.post(f"/live/{at}/questions/{hidden}/upvote", headers=JSON).status_code == 404
    assert citizen.post(f"/live/{at + 999}/questions/{hidden}/upvote", headers=JSON).status_code == 404


def test_a_merged_question_stands_under_the_one_it_was_merged_into(web: Web) -> None:
    at = sitting(web)
    kept, merged = question(web, at, "电梯加装谁出钱？"), question(web, at, "装电梯的钱谁出？")
    do(web, merged, "merge", "moderator1", merged_into_id=kept)
    page = said(web.visitor().get(f"/live/{at}"))
    assert "装电梯的钱谁出？" not in page
    assert "同问 1" in page


NEW_DAY = {"starts_at": "2026-12-08T14:00", "ends_at": "2026-12-08T16:00", "place": "协商室"}
PUT_OFF = "原定 11月24日（周二） 14:00 的会议延期，新的时间定下后在这里公布。理由：台风<b>。"
MOVED = "会议改期到 12月8日（周二） 14:00，地点：协商室。理由：台风<b>。"
CANCELLED = "原定 12月8日（周二） 14:00 的会议取消。理由：另行安排。"


def diary(web: Web, at: int) -> Component:
    [event] = Calendar.from_ical(web.visitor().get(f"/live/{at}/calendar.ics").data).walk("VEVENT")
    return event


def test_what_is_put_off_moved_and_cancelled_is_said_with_its_reason_wherever_the_public_looks(
    web: Web,
) -> None:
    at = sitting(web, live=False)
    asked = question(web, at)
    with web.house.transaction() as db:
        code, parent = db.get_one(Question, asked).receipt, sittings.sitting(db, at).parent_id
    pages = (f"/live/{at}", "/", f"/consultations/{parent}", f"/r/{code}")
    entries, reader = [diary(web, at)], web.sign_in("citizen1")  # whose pages are not kept for a second
    for verb, who, given, says in (
        ("postpone", "leader", {"public_reason": "台风<b>。"}, PUT_OFF),
        ("reschedule", "committee", NEW_DAY, MOVED),
        ("cancel", "leader", {"public_reason": "另行安排。"}, CANCELLED),
    ):
        for path in pages:
            assert says not in said(reader.get(path))
        do(web, at, verb, who, **given)
        for path in pages:
            assert says in said(reader.get(path)), (verb, path)
        entries.append(diary(web, at))
    assert "原定 12月8日（周二） 14:00–16:00" in said(reader.get(f"/live/{at}"))
    assert [entry["STATUS"] for entry in entries] == ["CONFIRMED", "TENTATIVE", "CONFIRMED", "CANCELLED"]
    numbers = [entry["SEQUENCE"] for entry in entries]
    assert numbers == sorted(set(numbers))
    assert len({entry["UID"] for entry in entries}) == 1
    assert entries[2]["DTSTART"].dt.isoformat() == "2026-12-08T06:00:00+00:00"


def test_a_reason_is_asked_for_before_anything_is_put_off(web: Web) -> None:
    at = sitting(web, live=False)
    leader = web.sign_in("leader")
    assert "在公众页面和提问人的回执上公布。" in said(leader.get(f"/desk/matters/{at}/postpone"))
    assert leader.post(f"/desk/matters/{at}/postpone", {"public_reason": " "}).status_code == 422
    assert (
        web.sign_in("committee").post(f"/desk/matters/{at}/postpone", {"public_reason": "雨。"}).status_code
        == 403
    )
    assert "延期" not in said(web.visitor().get("/"))


def test_a_cancelled_sitting_leaves_the_front_page_once_its_day_is_over(web: Web) -> None:
    at = sitting(web, live=False)
    do(web, at, "cancel", "leader", public_reason="另行安排。")
    assert "会议取消。理由：另行安排。" in said(web.visitor().get("/"))
    web.later(days=44)
    assert "会议取消" not in said(web.visitor().get("/"))
    assert "会议取消。理由：另行安排。" in said(web.visitor().get(f"/live/{at}"))
