"""The forms of a matter on the workbench: nothing typed is lost, nothing is done twice or by the wrong hands."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions.perform import perform
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.topic import Topic
from tests.houses import POINTS, assignments, invited, sitting
from tests.web.visitors import Web, said
from web.pages.matters import STEPS

REASON = "已列入今年的民生实事。"
DECLINE = {"reason_code": "done", "reason": REASON}
SHEET = {f"points-{name}": str(points) for name, points in POINTS.items()}


def topic(web: Web, state: str = "screening") -> int:
    with web.house.transaction() as db:
        made = web.house.topic(db, web.house.plan(db))
        if state == "scoring":
            perform(db, made, "accept", actor=web.house.actor(db, "research"), now=web.house.now)
        return made.id


def score(web: Web, db: Session, subject: Topic) -> None:
    for name in ("scorer1", "scorer2", "scorer3"):
        perform(db, subject, "score", actor=web.house.actor(db, name), now=web.house.now, points=POINTS)


def verbs(web: Web, number: int) -> list[str]:
    with web.house.transaction() as db:
        found = select(LedgerEntry.verb).where(LedgerEntry.matter_id == number).order_by(LedgerEntry.id)
        return list(db.scalars(found))


def test_a_step_is_done_from_its_page(web_on_both: Web) -> None:
    web = web_on_both
    number = topic(web)
    office = web.sign_in("office")
    page = office.get(f"/desk/matters/{number}")
    assert f'href="/desk/matters/{number}/accept"' in page.text
    form = office.get(f"/desk/matters/{number}/accept")
    assert 'name="version" value="1"' in form.text
    answer = office.post(f"/desk/matters/{number}/accept", {"version": "1"})
    assert answer.location == f"/desk/matters/{number}"
    after = said(office.get(answer.location))
    assert "已办理：通过初筛。" in after
    assert "政协办公室 周办公" in after
    assert verbs(web, number) == ["submit", "accept"]


def test_a_form_sent_twice_has_one_effect(web_on_both: Web) -> None:
    web = web_on_both
    number = topic(web)
    office = web.sign_in("office")
    answers = [office.post(f"/desk/matters/{number}/decline", DECLINE | {"version": "1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 409]
    assert verbs(web, number) == ["submit", "decline"]


def test_a_scorer_scores_once(web: Web) -> None:
    number = topic(web, "scoring")
    scorer = web.sign_in("scorer1")
    answers = [scorer.post(f"/desk/matters/{number}/score", SHEET | {"version": "2"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 409]
    assert "已经办过了，不能重复。" in said(answers[1])
    assert 'value="25"' in answers[1].text
    assert verbs(web, number).count("score") == 1


def test_who_was_overtaken_sees_what_was_done_and_keeps_what_was_typed(web_on_both: Web) -> None:
    """The stage has moved on meanwhile."""
    web = web_on_both
    number = topic(web)
    late, early = web.sign_in("office"), web.sign_in("research")
    late.get(f"/desk/matters/{number}/decline")
    early.post(f"/desk/matters/{number}/accept", {"version": "1"})
    before, answer = web.facts(), late.post(f"/desk/matters/{number}/decline", DECLINE | {"version": "1"})
    assert answer.status_code == 409
    assert "现在是“评分”阶段，不能“不予采用”。" in said(answer)
    assert REASON in answer.text
    assert web.facts() == before


@pytest.mark.parametrize("version", ["1", "", "0", "99", "abc", "３", "-1", "9" * 5000])
def test_a_stale_form_is_told_what_was_done_first(web: Web, version: str) -> None:
    """The stage is the same again, but somebody has been there."""
    number = topic(web, "scoring")
    with web.house.transaction() as db:
        subject, office = db.get_one(Topic, number), web.house.actor(db, "office")
        score(web, db, subject)
        perform(db, subject, "keep_in_reserve", actor=office, now=web.house.now, reason="缓一缓")
        perform(db, subject, "reconsider", actor=office, now=web.house.now, plan_id=subject.parent_id)
        score(web, db, subject)
    visitor, before = web.sign_in("office"), web.facts()
    given = {"reason": REASON, "version": version}
    answer = visitor.post(f"/desk/matters/{number}/keep_in_reserve", given)
    assert answer.status_code == 409
    assert "内容已有变化" in said(answer)
    assert "别人刚刚办了" in said(answer)
    assert REASON in answer.text
    assert 'name="version" value="4"' in answer.text
    assert web.facts() == before
    again = visitor.post(f"/desk/matters/{number}/keep_in_reserve", given | {"version": "4"})
    assert again.status_code == 302


def test_a_long_history_shows_its_end_first_and_asks_as_many_queries_as_a_short_one(web: Web) -> None:
    house = web.house
    with house.transaction() as db:
        number = assignments(house, db, sitting(house, db), 1)[0].id
    visitor, path, counted = web.sign_in("unit_admin"), f"/desk/matters/{number}", []
    for many in (1, 120):
        with house.transaction() as db:
            for each in range(many):
                given = {"reminder": f"第{each}次催办。"}
                office, subject = house.actor(db, "government"), db.get_one(Matter, number)
                perform(db, subject, "remind", actor=office, now=house.now, **given)
        counted.append(web.queries(visitor, path))
    page = visitor.get(path)
    assert counted[0] == counted[1]
    assert "第119次催办。" in page.text
    assert page.text.count("次催办。") == STEPS
    assert f'href="{path}?all=1"' in page.text
    whole = visitor.get(f"{path}?all=1").text
    assert whole.count("次催办。") == 121
    assert f'href="{path}?all=1"' not in whole
    assert web.queries(visitor, f"{path}?all=1") == counted[0]


WRONG = [
    ({"reason": ""}, "reason"),
    ({"reason": "长" * 501}, "reason"),
    ({"reason_code": ""}, "reason_code"),
    ({"reason_code": "because"}, "reason_code"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_a_mistake_stands_at_its_field(web: Web, change: dict[str, str], field: str) -> None:
    number = topic(web)
    office, before = web.sign_in("office"), web.facts()
    answer = office.post(f"/desk/matters/{number}/decline", DECLINE | {"version": "1"} | change)
    assert answer.status_code == 422
    assert f'<li><a href="#{field}">' in answer.text
    assert web.facts() == before


@pytest.mark.parametrize("target", ["", "x", "１", "0", "-1", "itself", "9" * 17, "9" * 5000, "1 OR 1=1"])
def test_a_topic_merges_into_a_topic_and_nothing_else(web: Web, target: str) -> None:
    number = topic(web)
    office, before = web.sign_in("office"), web.facts()
    given = {"merged_into_id": str(number) if target == "itself" else target, "version": "1"}
    answer = office.post(f"/desk/matters/{number}/merge", given)
    assert answer.status_code == 422
    assert '<li><a href="#merged_into_id">' in answer.text
    assert web.facts() == before


@pytest.mark.parametrize("points", ["", "26", "-1", "1.5", "１０", "1e1", "9" * 5000])
def test_a_score_is_a_whole_number_within_its_limit(web: Web, points: str) -> None:
    number = topic(web, "scoring")
    scorer, before = web.sign_in("scorer1"), web.facts()
    given = SHEET | {"points-priority": points, "version": "2"}
    answer = scorer.post(f"/desk/matters/{number}/score", given)
    assert answer.status_code == 422
    assert "请填 0 到 25 的整数。" in said(answer)
    assert web.facts() == before


@pytest.mark.parametrize(
    ("name", "verb", "sentence"),
    [
        ("scorer1", "accept", "“通过初筛”由政协办公室、研究室办理。"),
        ("committee", "decline", "“不予采用”由政协办公室、研究室办理。"),
        ("office", "score", "“评分”由议题评分人办理。"),
    ],
)
def test_a_refusal_says_who_may(web: Web, name: str, verb: str, sentence: str) -> None:
    number = topic(web)
    visitor, before = web.sign_in(name), web.facts()
    for answer in (
        visitor.get(f"/desk/matters/{number}/{verb}"),
        visitor.post(f"/desk/matters/{number}/{verb}", SHEET | DECLINE | {"version": "1"}),
    ):
        assert answer.status_code == 403
        assert sentence in said(answer)
    assert web.facts() == before


def test_a_step_out_of_turn_says_why_not(web: Web) -> None:
    number = topic(web)
    office, before = web.sign_in("office"), web.facts()
    for answer in (
        office.get(f"/desk/matters/{number}/shortlist"),
        office.post(f"/desk/matters/{number}/shortlist", {"version": "1"}),
    ):
        assert answer.status_code == 409
        assert "现在是“初筛”阶段，不能“列入计划草案”。" in said(answer)
    assert web.facts() == before


def test_a_topic_is_not_shortlisted_before_three_have_scored(web: Web) -> None:
    number = topic(web, "scoring")
    office, before = web.sign_in("office"), web.facts()
    assert office.post(f"/desk/matters/{number}/shortlist", {"version": "2"}).status_code == 409
    assert web.facts() == before


@pytest.mark.parametrize("verb", ["issue", "submit", "x", "__class__", "state"])
def test_what_no_person_does_has_no_form(web: Web, verb: str) -> None:
    number = topic(web)
    office, before = web.sign_in("office"), web.facts()
    assert office.get(f"/desk/matters/{number}/{verb}").status_code in (403, 404, 409)
    assert office.post(f"/desk/matters/{number}/{verb}", {"version": "1"}).status_code in (403, 404, 409)
    assert web.facts() == before


def test_fields_that_a_verb_does_not_name_do_not_get_in(web: Web) -> None:
    number = topic(web)
    given = {"version": "1", "state": "issued", "title": "改了", "created_by_id": "1", "edition": "9"}
    assert web.sign_in("office").post(f"/desk/matters/{number}/accept", given).status_code == 302
    with web.house.transaction() as db:
        made = db.get_one(Topic, number)
        assert (made.title, made.state, made.edition) == ("提升小区物业管理水平", "scoring", 1)


def test_one_call_a_year(web: Web) -> None:
    office = web.sign_in("office")
    given = {"title": "2027年度协商计划", "year": "2027", "plenary_on": "2027-02-22"}
    assert office.post("/desk/plans/new", given).status_code == 302
    before, again = web.facts(), office.post("/desk/plans/new", given)
    assert again.status_code == 422
    assert "这一年的征集已经发布过。" in said(again)
    assert 'value="2027年度协商计划"' in again.text
    for year in ("1999", "2101", "二〇二七", "２０２８", "9" * 50):
        assert office.post("/desk/plans/new", given | {"year": year}).status_code == 422
    for day in ("2027-02-29", "0000-00-00", "2027-13-01", "22/02/2027", "tomorrow"):
        answer = office.post("/desk/plans/new", given | {"year": "2028", "plenary_on": day})
        assert answer.status_code == 422
    assert web.facts() == before


def test_a_topic_in_screening_shows_those_like_it_and_a_way_to_merge(web: Web) -> None:
    there = topic(web, "scoring")
    with web.house.transaction() as db:
        plan = db.get_one(Topic, there).parent
        number = web.house.topic(db, plan, "小区物业管理水平要提升", "citizen2").id  # type: ignore[arg-type]
        web.house.topic(db, plan, "增加社区托育点", "citizen3")  # type: ignore[arg-type]
    merge = f"/desk/matters/{number}/merge?merged_into_id={there}"
    office = web.sign_in("office")
    page = office.get(f"/desk/matters/{number}")
    assert f'href="{merge}"' in page.text
    assert "增加社区托育点" not in said(page)
    assert f'<option value="{there}" selected>' in office.get(merge).text
    assert "/merge?" not in web.sign_in("scorer1").get(f"/desk/matters/{number}").text


def test_the_page_of_a_topic_lists_what_is_like_it_and_not_itself(web: Web) -> None:
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        other = web.house.screened_topic(db, plan, "提升小区的物业管理水平")
        topic = web.house.topic(db, plan, "提升小区物业管理水平", "citizen2")
        paths = [f"/desk/matters/{one.id}" for one in (topic, other)]
    page = web.sign_in("office").get(paths[0]).text
    listed = page.partition("相似议题")[2].partition("</table>")[0]
    assert [f'href="{path}"' in listed for path in paths] == [False, True]


def test_a_checklist_shows_whose_each_item_is_and_is_ticked_and_opened_again_by_them(web: Web) -> None:
    with web.house.transaction() as db:
        number = sitting(web.house, db, live=False).id
    operator, page = web.sign_in("host1"), f"/desk/matters/{number}"
    shown = operator.get(page)
    assert "直播信号已测试 直播地址还没有填写 直播运维 待确认 — 确认" in said(shown)
    assert "会前简报还没有发放 专委会人员 待确认 — 法律提示" in said(shown)
    assert shown.text.count('name="readiness"') == 1
    assert operator.post(f"{page}/tick", {"readiness": "stream_tested"}).location == page
    shown = operator.get(page)
    assert "直播地址还没有填写 直播运维 已确认 许主持 · " in said(shown)
    form = operator.get(f"{page}/untick?readiness=stream_tested")
    assert 'value="stream_tested" checked' in form.text
    assert "replies_prepared" not in form.text
    refused = operator.post(f"{page}/untick", {"readiness": "stream_tested", "reason": ""})
    assert refused.status_code == 422
    assert (
        operator.post(f"{page}/untick", {"readiness": "stream_tested", "reason": "换设备。"}).location == page
    )
    assert "直播地址还没有填写 直播运维 待确认 — 确认" in said(operator.get(page))
    assert verbs(web, number)[-2:] == ["tick", "untick"]


def test_each_item_of_the_checklist_shows_the_fact_it_confirms(web: Web) -> None:
    with web.house.transaction() as db:
        at = sitting(web.house, db, live=False)
        number = at.id
        web.house.now = at.starts_at - timedelta(days=20)
        come, _silent = invited(web.house, db, at), invited(web.house, db, at, "group2")
        perform(db, come, "accept", actor=web.house.actor(db, "group1"), now=web.house.now)
    web.later()
    page = web.sign_in("committee").get(f"/desk/matters/{number}")
    items = said(page).partition("会前准备清单")[2]
    for words in (
        "参会人员已确认 受邀 2 人，已答复 1 人 答复参加 1 人",
        "部门已准备好答复 议程 3 个环节，共 100 分钟",
        "会议材料已发放 0 / 0 份",
        "法律提示已在页面公布 公众页面 ",
        "互动审核员已排班 本场主持人：许主持 互动审核员：吕审核",
        "已指定切断直播的负责人 本场值班领导：",
    ):
        assert words in items
        items = items.partition(words)[2]
    for place in ("programme", "posts", "attendance", "materials"):
        assert (f'href="#{place}"' in page.text, f'id="{place}"' in page.text) == (True, True)


def test_a_step_that_cannot_be_taken_yet_leads_to_what_it_lacks(web: Web) -> None:
    with web.house.transaction() as db:
        page = f"/desk/matters/{sitting(web.house, db, live=False).id}"
    shown = web.sign_in("committee").get(page).text
    assert '<a href="#readiness">看清单</a>' in shown
    assert 'id="readiness"' in shown


def test_only_who_may_supply_what_a_step_lacks_is_led_there(web: Web) -> None:
    with web.house.transaction() as db:
        topic = web.house.screened_topic(db, web.house.plan(db), "改造老旧管网")
        page = f"/desk/matters/{topic.id}"
    office, door = web.sign_in("office").get(page), f'<a href="{page}/score">评分</a>'
    assert "至少要有 3 人评分，请评分人先“评分”。" in said(office)
    assert door not in office.text


def test_another_ones_item_is_refused_and_ready_names_what_is_missing(web: Web) -> None:
    with web.house.transaction() as db:
        number = sitting(web.house, db, live=False).id
    staff, page = web.sign_in("committee"), f"/desk/matters/{number}"
    refused = staff.post(f"{page}/tick", {"readiness": "stream_tested"})
    assert refused.status_code == 403
    assert "“直播信号已测试”由直播运维确认。" in said(refused)
    assert "确认准备就绪 请先在清单里确认：参会人员已确认（专委会人员）" in said(staff.get(page))
    refused = staff.post(f"{page}/make_ready")
    assert refused.status_code == 409
    assert "已指定切断直播的负责人（本场值班领导）" in said(refused)
    assert web.sign_in("host1").get(f"{page}/make_ready").status_code == 403


def test_who_approves_reads_what_it_is(web: Web) -> None:
    with web.house.transaction() as db:
        at = sitting(web.house, db, live=False)
        one = invited(web.house, db, at)
        web.house.now = at.starts_at - timedelta(days=20)
        guest = web.house.actor(db, "group1")
        perform(db, one, "request_leave", actor=guest, now=web.house.now, reason="带队去外地考察。")
        number = one.id
    web.later()
    page = said(web.sign_in("committee").get(f"/desk/matters/{number}/approve_leave"))
    assert "请假 理由 带队去外地考察。" in page
