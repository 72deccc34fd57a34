"""A plan is put together on its page: taking topics in, arranging them, and reading them by where they are."""

import re
from pathlib import Path

import pytest

from engine.actions.editions import move_running
from engine.actions.perform import perform
from engine.database import Session
from engine.editions import SHIPPED
from engine.errors import WrongState
from engine.models.people import Group
from engine.models.topic import Plan, Topic
from engine.queries.documents import plan_lines
from tests.engine.actions.test_editions import adopted
from tests.houses import ARRANGEMENT, POINTS, carried_over_topic, decide, decided, draft, planned_topic
from tests.web.visitors import Visitor, Web, said
from tests.workers.jobs.test_documents import made


def test_an_office_that_plans_by_half_years_reads_its_topics_old_and_new(web: Web) -> None:
    text = (SHIPPED / "topic.toml").read_text(encoding="utf-8")
    halves = 'choices = { half1 = "上半年 | First half", half2 = "下半年 | Second half" }'
    text = re.sub(r"choices = \{ m01 .*\}", halves, text).replace("paper =", "letter =")
    with web.house.transaction() as db:
        call = web.house.plan(db)
        old = scored(web, db, call, "加装电梯", "shortlist")
        old.source, old.proposer_name = "paper", "写信的人"
        decide(web.house, db, call)
        plan, number = call.id, old.id
        adopted(web.house, db, text=text, name="topic", moves={"draft_plan": "draft_plan"})
        move_running(db, now=web.house.now)
        assert (old.edition, old.planned_time) == (2, "q2")
    office = web.sign_in("office")
    for path in (f"/desk/matters/{number}", f"/desk/matters/{plan}"):
        answer = office.get(path)
        assert (answer.status_code, "q2" in said(answer)) == (200, True), path
    with web.house.transaction() as db:
        leader = web.house.actor(db, "leader")
        perform(db, db.get_one(Plan, plan), "issue", actor=leader, now=web.house.now)
        (line,) = plan_lines(db, db.get_one(Plan, plan))
        assert line.time == "q2"
    page = said(web.visitor().get(f"/topics/{number}"))
    assert "q2" in page
    assert "来源：paper" in page
    with web.house.transaction() as db:
        new = web.house.plan(db, 2028)
        topic = scored(web, db, new, "增加社区托育点", "shortlist")
        perform(db, new, "draft", actor=web.house.actor(db, "office"), now=web.house.now)
        later, plan = topic.id, new.id
    assert "上半年" in said(office.get(f"/desk/plans/{plan}/arrangement"))
    with web.house.transaction() as db:
        given = ARRANGEMENT | {"planned_time": "half1"}
        topic, actor = db.get_one(Topic, later), web.house.actor(db, "office")
        perform(db, topic, "arrange", actor=actor, now=web.house.now, **given)
    assert "上半年" in said(office.get(f"/desk/matters/{plan}"))


def test_no_topic_comes_into_a_draft_that_the_three_offices_have(web: Web) -> None:
    with web.house.transaction() as db:
        plan, office = web.house.plan(db), web.house.actor(db, "office")
        scored(web, db, plan, "加装电梯", "shortlist")
        late = web.house.screened_topic(db, plan, "增加社区托育点", "citizen2")
        for name in ("scorer1", "scorer2", "scorer3"):
            perform(db, late, "score", actor=web.house.actor(db, name), now=web.house.now, points=POINTS)
        draft(web.house, db, plan)
        with pytest.raises(WrongState, match="joint revision"):
            perform(db, late, "shortlist", actor=office, now=web.house.now)


def scored(web: Web, db: Session, plan: Plan, title: str, verb: str, **given: object) -> Topic:
    """A topic that has been decided on by this verb after scoring."""
    made = web.house.screened_topic(db, plan, title)
    for name in ("scorer1", "scorer2", "scorer3"):
        perform(db, made, "score", actor=web.house.actor(db, name), now=web.house.now, points=POINTS)
    perform(db, made, verb, actor=web.house.actor(db, "office"), now=web.house.now, **given)
    return made


def in_reserve(web: Web, db: Session, plan: Plan, title: str) -> Topic:
    return scored(web, db, plan, title, "keep_in_reserve", reason="场次有限")


def listed(visitor: Visitor, plan: int, show: str = "") -> list[str]:
    """The topics of a plan that its page lists."""
    table = visitor.get(f"/desk/matters/{plan}?show={show}").text.partition('id="topics"')[2]
    found = re.findall(r'<a class="stretch" href="[^"]*">(.*?)</a>', table.partition("</section>")[0], re.S)
    return [one.strip() for one in found]


def test_topics_of_earlier_plans_are_taken_in_several_at_once_or_none(web_on_both: Web) -> None:
    web = web_on_both
    with web.house.transaction() as db:
        old = carried_over_topic(web.house, db)
        first = web.house.plan(db, 2026)
        kept = [in_reserve(web, db, first, title) for title in ("加装电梯", "社区托育点")]
        own = in_reserve(web, db, later := web.house.plan(db, 2028), "夜间停车难")
        plan, numbers, mine = later.id, [old.id, *(one.id for one in kept)], own.id
    office, path = web.sign_in("office"), f"/desk/plans/{plan}/take-in"
    page = office.get(f"/desk/matters/{plan}").text
    assert [int(one) for one in re.findall(r'name="topic" value="(\d+)"', page)] == numbers
    for nonsense in ([], ["x"], ["99999999"], [str(plan), str(numbers[0])]):
        assert office.post(path, {"topic": nonsense}).status_code == 422
    with web.house.transaction() as db:
        two = web.house.screened_topic(db, db.get_one(Plan, plan), "还在评分的议题").id
    before = web.facts()
    refused = office.post(path, {"topic": [str(one) for one in (*numbers, two)]})
    assert refused.status_code == 409
    assert "一个议题也没有转入，请改过再办：“还在评分的议题”：现在是“评分”阶段" in said(refused)
    assert web.facts() == before
    assert office.post(path, {"topic": [str(one) for one in numbers]}).location == f"/desk/matters/{plan}"
    assert "已转入 3 个议题。" in said(office.get(f"/desk/matters/{plan}"))
    assert set(listed(office, plan, "scoring")) == {
        "提升小区物业管理水平",
        "加装电梯",
        "社区托育点",
        "还在评分的议题",
    }
    again = office.post(path, {"topic": [str(numbers[0])]})
    assert again.status_code == 409
    assert "还没有转入新计划的议题" in said(again)
    for name in ("committee", "leader"):
        visitor = web.sign_in(name)
        assert "往年储备和结转的议题" not in said(visitor.get(f"/desk/matters/{plan}"))
        assert visitor.post(path, {"topic": [str(mine)]}).status_code == 403


def test_a_plan_counts_its_topics_by_where_they_are_and_each_count_opens_its_list(web: Web) -> None:
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        number = plan.id
        scored(web, db, plan, "加装电梯", "shortlist")
        in_reserve(web, db, plan, "社区托育点")
        web.house.screened_topic(db, plan, "夜间停车难")
    office = web.sign_in("office")
    page = office.get(f"/desk/matters/{number}")
    assert "全部 3 列入计划草案 1 评分 1 储备议题 1" in said(page)
    assert f'href="/desk/matters/{number}?show=reserve#topics"' in page.text
    assert listed(office, number) == ["加装电梯", "夜间停车难", "社区托育点"]
    assert listed(office, number, "reserve") == ["社区托育点"]
    assert listed(office, number, "war") == listed(office, number, "planned") == []
    assert "实名市民" in said(page)


def test_the_topics_of_a_draft_are_arranged_on_one_page(web_on_both: Web) -> None:
    web = web_on_both
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        first, second = (scored(web, db, plan, title, "shortlist").id for title in ("加装电梯", "社区托育点"))
        number, group = plan.id, db.query(Group).order_by(Group.id).first()
        assert group
        chosen = {
            "form": "thematic",
            "planned_time": "q2",
            "group_id": str(group.id),
            "unit_id": "1",
            "level": "chairs",
        }
        name = group.name
    office, path = web.sign_in("office"), f"/desk/plans/{number}/arrangement"
    assert f'href="{path}"' in office.get(f"/desk/matters/{number}").text
    assert f'name="planned_time-{second}"' in office.get(path).text
    row = {f"{field}-{first}": value for field, value in chosen.items()} | {f"version-{first}": "3"}
    before, half = web.facts(), {f"level-{second}": "group", f"version-{second}": "3"}
    refused = office.post(path, row | half)
    assert refused.status_code == 422
    assert f'id="planned_time-{second}-error"' in refused.text
    assert '<option value="q2" selected>' in refused.text
    assert web.facts() == before
    assert office.post(path, row).location == f"/desk/matters/{number}"
    assert f"专题协商 市住房和城乡建设局 {name} 主席会议 第二季度" in said(
        office.get(f"/desk/matters/{number}")
    )
    stale = office.post(path, row | {f"planned_time-{first}": "q3"})
    assert stale.status_code == 409
    assert "别人刚刚办了“安排”" in said(stale)
    assert '<option value="q2" selected>' in stale.text
    before = web.facts()
    assert office.post(path, row).status_code == 302  # what says nothing new is not done again
    assert web.facts() == before
    with web.house.transaction() as db:
        perform(
            db,
            db.get_one(Topic, second),
            "arrange",
            actor=web.house.actor(db, "office"),
            now=web.house.now,
            **ARRANGEMENT,
        )
        perform(db, db.get_one(Plan, number), "draft", actor=web.house.actor(db, "office"), now=web.house.now)
        perform(
            db, db.get_one(Plan, number), "submit", actor=web.house.actor(db, "office"), now=web.house.now
        )
    assert path not in office.get(f"/desk/matters/{number}").text
    late = office.post(path, row | {f"planned_time-{first}": "q4", f"version-{first}": "4"})
    assert late.status_code == 409
    assert "计划草案已经送会商" in said(late)
    assert web.sign_in("leader").get(path).status_code == 403
    assert office.get("/desk/plans/999999/arrangement").status_code == 404


def test_the_public_reads_how_a_topic_is_arranged_once_its_plan_is_issued(web: Web) -> None:
    with web.house.transaction() as db:
        topic = decided(web.house, db, web.house.plan(db))
        plan, path = topic.parent_id, f"/topics/{topic.id}"
        says = f"计划时间 2027年第二季度 协商形式 对口协商 责任组 {db.get_one(Group, 1).name}"
    assert "计划时间" not in said(web.visitor().get(path))
    with web.house.transaction() as db:
        leader = web.house.actor(db, "leader")
        perform(db, db.get_one(Plan, plan), "issue", actor=leader, now=web.house.now)
    assert says in said(web.visitor().get(path))


def test_the_party_office_hears_that_a_planned_topic_is_put_off(web: Web) -> None:
    with web.house.transaction() as db:
        topic, office = planned_topic(web.house, db), web.house.actor(db, "office")
        perform(db, topic, "ask_adjustment", actor=office, now=web.house.now, reason="主管部门机构改革。")
        later = {"planned_time": "q4", "reason": "同意改在第四季度。"}
        perform(db, topic, "change_time", actor=office, now=web.house.now, **later)
        assert (topic.state, topic.planned_time) == ("issued", "q4")
        path = f"/topics/{topic.id}"
    assert "提升小区物业管理水平”：同意改期" in said(web.sign_in("party").get("/desk/notices"))
    assert "同意改期" in said(web.sign_in("citizen1").get("/account"))
    assert "2027年第四季度" in said(web.visitor().get(path))


@pytest.mark.parametrize("path", ["/desk/matters/{}", "/desk/plans/{}/arrangement", "/desk/topics"])
def test_many_topics_of_a_plan_ask_as_many_queries_as_a_few(web: Web, path: str) -> None:
    office, counted = web.sign_in("office"), []
    with web.house.transaction() as db:
        plan, old = web.house.plan(db, 2028).id, web.house.plan(db, 2027).id
    for many in (2, 8):
        with web.house.transaction() as db:
            for number in range(many):
                later, earlier = db.get_one(Plan, plan), db.get_one(Plan, old)
                scored(web, db, later, f"第{many}批第{number}件民生实事", "shortlist")
                in_reserve(web, db, earlier, f"往年第{many}批第{number}件民生实事")
        counted.append(web.queries(office, path.format(plan)))
    assert counted[0] == counted[1]


def test_the_issued_plan_itself_is_on_its_page_and_among_the_planned_topics(web: Web, tmp_path: Path) -> None:
    with web.house.transaction() as db:
        plan = db.get_one(Plan, planned_topic(web.house, db).parent_id)
        path = f"/desk/matters/{plan.id}"
    assert "年度协商计划.docx" not in said(web.visitor().get("/topics?show=planned"))
    row, _paper = made(web.house, tmp_path, "D01")
    for page in (web.visitor().get("/topics?show=planned"), web.sign_in("leader").get(path)):
        assert f'href="/files/{row.id}"' in page.text
        assert "2027年度协商计划.docx" in said(page)
    assert "年度协商计划.docx" not in said(web.visitor().get("/topics"))
