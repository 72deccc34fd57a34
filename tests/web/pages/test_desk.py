"""The workbench: what waits for whom, the tables, the notices."""

import html
import re

import pytest
from werkzeug.test import TestResponse

from engine.actions.decisions import hold
from engine.actions.people import confirm_post, grant_post
from engine.actions.perform import perform
from engine.actions.research import plan_research
from engine.actions.sitting import schedule_sitting
from engine.advance import begin
from engine.database import Session
from engine.models.consultation import Consultation, Sitting
from engine.models.recommendation import Assignment
from engine.models.topic import Plan, Topic
from tests.houses import (
    POINTS,
    REPLY,
    VISITS,
    House,
    assignments,
    consultation,
    invited,
    material,
    sitting,
)
from tests.web.pages.test_ledger import sealed
from tests.web.visitors import Visitor, Web, said


def topic(web: Web) -> int:
    with web.house.transaction() as db:
        return web.house.topic(db, web.house.plan(db)).id


@pytest.mark.parametrize(("name", "waits"), [("office", True), ("research", True), ("scorer1", False)])
def test_a_matter_waits_for_those_who_can_do_the_next_step(web: Web, name: str, waits: bool) -> None:
    number = topic(web)
    page = web.sign_in(name).get("/desk/")
    assert (f'href="/desk/matters/{number}"' in page.text) == waits
    assert ("通过初筛" in said(page)) == waits
    if not waits:
        assert "没有等您办理的事。" in said(page)


def test_a_deadline_stands_in_working_days_and_turns_late(web: Web) -> None:
    topic(web)
    assert "剩余 10 个工作日 10月26日（周一）前" in said(web.sign_in("office").get("/desk/"))
    web.later(days=15)
    assert "逾期 1 个工作日" in said(web.sign_in("research").get("/desk/"))


def test_a_to_do_goes_when_it_is_done(web: Web) -> None:
    number = topic(web)
    office, scorer = web.sign_in("office"), web.sign_in("scorer1")
    office.post(f"/desk/matters/{number}/accept", {"version": "1"})
    assert "已办理：通过初筛。" in said(office.get(f"/desk/matters/{number}"))
    assert "通过初筛" not in said(office.get("/desk/"))
    assert f'href="/desk/matters/{number}"' in scorer.get("/desk/").text


def test_the_submitter_is_told_and_marks_it_read(web: Web) -> None:
    with web.house.transaction() as db:
        made = web.house.topic(db, web.house.plan(db), by="committee")
        perform(db, made, "accept", actor=web.house.actor(db, "office"), now=web.house.now)
    visitor = web.sign_in("committee")
    page = said(visitor.get("/desk/notices"))
    assert "协商议题“提升小区物业管理水平”：通过初筛，现为“评分”。" in page
    assert "未读" in page
    assert "it is now at “Scoring”" in said(visitor.get("/desk/notices?lang=en"))
    visitor.post("/desk/notices/read")
    assert "未读" not in said(visitor.get("/desk/notices"))
    assert "还没有通知。" in said(web.sign_in("scorer1").get("/desk/notices"))


def test_the_table_of_topics_shows_support_and_scores_by_stage(web: Web) -> None:
    number = topic(web)
    with web.house.transaction() as db:
        subject = db.get_one(Topic, number)
        perform(db, subject, "accept", actor=web.house.actor(db, "office"), now=web.house.now)
        perform(db, subject, "support", actor=web.house.actor(db, "citizen2"), now=web.house.now)
        for name, points in (("scorer1", 25), ("scorer2", 5)):
            sheet = {"priority": points, "concern": 25, "value": 20, "feasibility": 15, "adoption": 15}
            perform(db, subject, "score", actor=web.house.actor(db, name), now=web.house.now, points=sheet)
    visitor = web.sign_in("scorer1")
    sheets = said(visitor.get(f"/desk/matters/{number}"))
    assert "指标 褚评分 卫评分 契合党政中心工作 25 5 群众关切程度 25 25" in sheets
    assert "合计 100 80" in sheets
    table = said(visitor.get("/desk/topics?show=scoring"))
    assert "提升小区物业管理水平 1 2／3 90 20 评分" in table
    assert "全部 1 初筛 0 评分 1 列入计划草案 0" in table
    assert "提升小区物业管理水平" not in said(visitor.get("/desk/topics?show=received"))


@pytest.mark.parametrize("path", ["/desk/?process=war", "/desk/topics?show=war", "/desk/?page=x&size=7"])
def test_a_filter_that_makes_no_sense_shows_everything(web: Web, path: str) -> None:
    topic(web)
    answer = web.sign_in("office").get(path)
    assert answer.status_code == 200
    assert "提升小区物业管理水平" in said(answer)


@pytest.mark.parametrize(
    ("name", "path", "row"),
    [
        ("unit_admin", "/desk/", "补助办法"),
        ("unit_admin", "/desk/list/assignment", "补助办法"),
        ("unit_leader", "/desk/", "补助办法"),
        ("scorer1", "/desk/", "民生实事"),
        ("office", "/desk/", "民生实事"),
        ("committee", "/desk/", "户走访"),
    ],
)
def test_a_long_list_asks_as_many_queries_as_a_short_one(web: Web, name: str, path: str, row: str) -> None:
    house, counted = web.house, []
    with house.transaction() as db:
        at = sitting(house, db)
        plan = house.plan(db, 2028).id
    visitor = web.sign_in(name)
    for many in (2, 10):
        with house.transaction() as db:
            live = db.get_one(Sitting, at.id)
            for one in assignments(house, db, live, many)[-many:]:
                if name == "unit_leader":
                    replied_in_draft(house, db, one)
            for number in range(many):
                house.screened_topic(db, db.get_one(Plan, plan), f"第{number}件民生实事")
                researched(house, db, live, f"第{number}户走访")
        counted.append(web.queries(visitor, path))
    assert said(visitor.get(path)).count(row) == 12
    assert counted[0] == counted[1]


@pytest.mark.parametrize(("name", "row"), [("group1", "您受邀参加："), ("unit_admin", "会前简报：")])
def test_many_invitations_ask_as_many_queries_as_a_few(web: Web, name: str, row: str) -> None:
    house, counted = web.house, []
    with house.transaction() as db:
        parent = consultation(house, db).id
    visitor = web.sign_in(name)
    for many in (2, 4):
        with house.transaction() as db:
            for _ in range(many):
                invited_to_another(house, db, db.get_one(Consultation, parent), name)
        counted.append(web.queries(visitor, "/desk/"))
    page = said(visitor.get("/desk/"))
    assert (page.count(row), page.count("调研通报")) == (6, 6)
    assert counted[0] == counted[1]


def invited_to_another(house: House, db: Session, parent: Consultation, name: str) -> None:
    """To a sitting whose brief is released, with a paper to read."""
    committee = house.actor(db, "committee")
    hours = {"starts_at": "2026-11-25T14:00", "ends_at": "2026-11-25T16:00", "place": "协商室"}
    at = schedule_sitting(db, parent, actor=committee, now=house.now, title="再协商", **hours)
    mine, _other = invited(house, db, at, name), invited(house, db, at, "unit_leader")
    perform(db, material(house, db, at, [mine]), "release", actor=committee, now=house.now)
    perform(db, at, "release_brief", actor=committee, now=house.now)


def replied_in_draft(house: House, db: Session, one: Assignment) -> None:
    """What waits for its unit's leader, and for a co-handling unit's opinion first."""
    admin, handler, government = (
        house.actor(db, who) for who in ("unit_admin", "unit_handler", "government")
    )
    co = Assignment(parent_id=one.parent_id, unit_id=2, duty="co", title=one.title)
    begin(db, co, "assign_co", actor=government, now=house.now)
    leader = house.actor(db, "unit_leader").id
    perform(db, one, "accept", actor=admin, now=house.now, handler_id=handler.id, leader_id=leader)
    perform(db, one, "draft_reply", actor=handler, now=house.now, **REPLY)


def researched(house: House, db: Session, live: Sitting, title: str) -> None:
    """A research in the field, whose report waits for a finding."""
    given = {"title": title, "group_id": 1, "questions": "谁来管？"}
    committee, group = house.actor(db, "committee"), house.actor(db, "group1")
    task = plan_research(
        db, db.get_one(Consultation, live.parent_id), actor=committee, now=house.now, **given
    )
    perform(db, task, "start_field", actor=group, now=house.now, visits=VISITS)


def test_only_the_office_is_offered_to_open_a_call(web: Web) -> None:
    assert "/desk/plans/new" in web.sign_in("office").get("/desk/plans").text
    assert "/desk/plans/new" not in web.sign_in("leader").get("/desk/plans").text


def test_the_menu_shows_what_one_may_open(web: Web) -> None:
    for name, shown, hidden in (
        ("sysadmin", "/desk/people", "/desk/topics"),
        ("scorer1", "/desk/topics", "/desk/people"),
    ):
        menu = web.sign_in(name).get("/desk/").text
        assert f'href="{shown}"' in menu
        assert f'href="{hidden}"' not in menu


def test_decisions_are_kept_in_one_table_and_released_in_one_step(web_on_both: Web) -> None:
    web = web_on_both
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        made = [
            web.house.screened_topic(db, plan, title) for title in ("加装电梯", "社区托育点", "缓解停车难")
        ]
        for one in made[:2]:
            for scorer in ("scorer1", "scorer2", "scorer3"):
                actor = web.house.actor(db, scorer)
                perform(db, one, "score", actor=actor, now=web.house.now, points=POINTS)
        first, second, third = (one.id for one in made)
    office = web.sign_in("office")
    page = office.get("/desk/topics/decisions")
    assert f'name="verb-{third}"' not in page.text
    assert "至少要有 3 人评分，请评分人先“评分”。" in said(page)
    chosen = {f"verb-{first}": "shortlist", f"verb-{second}": "keep_in_reserve", f"reason-{second}": ""}
    refused = office.post("/desk/topics/decisions", chosen)
    assert refused.status_code == 422
    assert "请填写“对提交人说明”。" in said(refused)
    assert '<option value="shortlist" selected>' in refused.text
    assert "项决定" not in said(
        office.get("/desk/topics/decisions")
    )  # of a table with a mistake nothing is kept
    before = web.facts()
    kept = office.post("/desk/topics/decisions", chosen | {f"reason-{second}": "场次有限"})
    assert kept.status_code == 302
    assert "公布 2 项决定" in said(office.get("/desk/topics/decisions"))
    assert web.facts() == before + 2  # who decided what, which no page shows yet
    assert "评分" in said(web.visitor().get(f"/topics/{first}"))
    assert release(office).location == "/desk/topics"
    assert "已公布 2 项决定" in said(office.get("/desk/topics"))
    assert "列入计划草案" in said(web.visitor().get(f"/topics/{first}"))
    assert "储备议题" in said(web.visitor().get(f"/topics/{second}"))


def test_the_screening_is_decided_in_one_table_and_nobody_hears_before_its_release(web_on_both: Web) -> None:
    web = web_on_both
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        good = web.house.topic(db, plan, "加快老旧小区电梯加装").id
        bad = web.house.topic(db, plan, "我家的邻里纠纷", "host1").id
    table, office = "/desk/topics/decisions?stage=received", web.sign_in("office")
    assert f'href="{table}"' in office.get("/desk/topics?show=received").text
    assert "没有评分中的议题。" in said(office.get("/desk/topics/decisions?stage=war"))
    chosen = {f"verb-{good}": "accept", f"verb-{bad}": "decline", f"reason-{bad}": "请走信访渠道。"}
    refused = office.post(table, chosen)
    assert refused.status_code == 422
    assert "请填写“理由”。" in said(refused)
    assert 'value="请走信访渠道。"' in refused.text
    member, other = web.sign_in("host1"), web.sign_in("research")
    sealed(web)
    pages = [
        *((web.visitor(), path) for path in ("/topics?show=all", "/ledger", "/ledger/log.jsonl")),
        *((member, path) for path in (f"/topics/{bad}", f"/desk/matters/{bad}", "/desk/notices", "/account")),
    ]
    member.get("/account")  # says that the second factor is given
    before = [said(visitor.get(path)) for visitor, path in pages]
    assert office.post(table, chosen | {f"reason_code-{bad}": "personal"}).location == table
    sealed(web)
    assert "公布 2 项决定" in said(office.get(table))
    assert [said(visitor.get(path)) for visitor, path in pages] == before
    assert other.post("/desk/topics/decisions/release?stage=received").status_code == 403
    assert release(office).status_code == 302  # of the scoring, where nothing is held
    assert [said(visitor.get(path)) for visitor, path in pages] == before
    assert release(office, "received").status_code == 302
    sealed(web)
    past = said(office.get(f"/desk/matters/{bad}"))
    assert "作出决定，待统一公布：不予采用" in past
    assert past.index("作出决定，待统一公布：不予采用") < past.index("不予采用 政协办公室 周办公")
    assert "请走信访渠道。" in said(member.get(f"/topics/{bad}"))
    public = said(web.visitor().get("/ledger"))
    assert "作出决定，待统一公布" in public
    assert "请走信访渠道。" not in public


def filled(page: TestResponse) -> dict[str, str]:
    """What the form of the decisions sends back as it stands."""
    table = page.text.partition("<dialog")[0]
    inputs = re.findall(r'<input type="(?:hidden|text)" name="(\w+-\d+)"[^>]* value="([^"]*)"', table)
    selects = re.findall(r'<select name="(\w+-\d+)"(.*?)</select>', table, re.S)
    chosen = {name: re.findall(r'value="(\w*)" selected', options) for name, options in selects}
    return {name: html.unescape(value) for name, value in inputs} | {
        name: next(iter(found), "") for name, found in chosen.items()
    }


def release(visitor: Visitor, stage: str = "scoring", page: TestResponse | None = None) -> TestResponse:
    """Confirms what a page, or else the page as it is now, shows as held."""
    path = "/desk/topics/decisions"
    shown = page or visitor.get(f"{path}?stage={stage}")
    held = re.findall(r'name="(held-\d+)" value="([^"]*)"', shown.text)
    return visitor.post(f"{path}/release?stage={stage}", {name: html.unescape(value) for name, value in held})


def test_saving_an_old_page_leaves_what_a_colleague_has_decided_since(web: Web) -> None:
    with web.house.transaction() as db:
        plan, person = web.house.plan(db), web.house.actor(db, "research").person
        post = grant_post(
            db, person, "office_staff", actor=web.house.actor(db, "sysadmin"), now=web.house.now
        )
        confirm_post(db, post, actor=web.house.actor(db, "secadmin"), now=web.house.now)
        titles = ("加装电梯", "社区托育点", "我家的事")
        first, second, third = (web.house.topic(db, plan, title).id for title in titles)
    table, mine, theirs = (
        "/desk/topics/decisions?stage=received",
        web.sign_in("office"),
        web.sign_in("research"),
    )
    mine.post(table, filled(mine.get(table)) | {f"verb-{third}": "accept"})
    old = filled(mine.get(table))
    declined = {
        f"verb-{third}": "decline",
        f"reason_code-{third}": "personal",
        f"reason-{third}": "请“走信访”。",
    }
    assert (
        theirs.post(table, filled(theirs.get(table)) | declined | {f"verb-{second}": "accept"}).status_code
        == 302
    )
    assert mine.post(table, old | {f"verb-{first}": "accept"}).status_code == 302
    held = filled(mine.get(table))
    assert [held[f"verb-{one}"] for one in (first, second, third)] == ["accept", "accept", "decline"]
    for change in ({f"verb-{second}": "decline"}, {f"verb-{third}": ""}):
        refused = mine.post(table, old | {f"verb-{first}": "accept"} | change)
        assert refused.status_code == 409
        assert "这一项别人刚刚改过" in said(refused)
    assert filled(refused) == held == filled(mine.get(table))
    assert mine.post(table, filled(refused) | {f"verb-{third}": ""}).status_code == 302
    assert filled(mine.get(table))[f"verb-{third}"] == ""


def test_a_decision_on_what_has_changed_since_is_taken_anew_by_saving_it_again(web: Web) -> None:
    number, table, office = topic(web), "/desk/topics/decisions?stage=received", web.sign_in("office")
    office.post(table, {f"verb-{number}": "accept"})
    with web.house.transaction() as db:
        db.get_one(Topic, number).version += 1
    assert release(office, "received").status_code == 409
    assert office.post(table, filled(office.get(table))).status_code == 302
    assert release(office, "received").status_code == 302


def test_nothing_is_released_that_the_releaser_has_not_seen(web_on_both: Web) -> None:
    web = web_on_both
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        made = [web.house.topic(db, plan, title) for title in ("加装电梯", "社区托育点", "夜间停车难")]
        for one in made[:2]:
            hold(db, one, "accept", actor=web.house.actor(db, "office"), now=web.house.now)
        first, second, third = (one.id for one in made)
    office = web.sign_in("office")
    changes = [
        {f"verb-{third}": "accept"},
        {f"verb-{third}": ""},
        {f"verb-{second}": "decline", f"reason_code-{second}": "done", f"reason-{second}": "已有安排。"},
        {f"verb-{second}": ""},
    ]
    for change, name in zip(changes, ("夜间停车难", "夜间停车难", "社区托育点", "社区托育点"), strict=True):
        old = office.get("/desk/topics/decisions?stage=received")
        assert office.post("/desk/topics/decisions?stage=received", filled(old) | change).status_code == 302
        refused = release(office, "received", old)
        assert refused.status_code == 409
        assert f"有变化，一项也没有公布：“{name}”。" in said(refused)
    assert "现在待公布的： 加装电梯 — 通过初筛" in said(refused)
    assert web.visitor().get(f"/topics/{first}").status_code == 404
    assert office.post("/desk/topics/decisions/release?stage=received", {"held-x": "1"}).status_code == 409
    assert release(office, "received", refused).status_code == 302  # the page that refused shows what is held
    assert web.visitor().get(f"/topics/{first}").status_code == 200
    assert web.visitor().get(f"/topics/{second}").status_code == 404


def test_a_missing_reason_is_said_at_its_field(web: Web) -> None:
    number, office = topic(web), web.sign_in("office")
    page = office.post("/desk/topics/decisions?stage=received", {f"verb-{number}": "decline"})
    assert page.status_code == 422
    for name, words in (("reason_code", "理由"), ("reason", "对提交人说明")):
        marked = f'name="{name}-{number}"[^>]*aria-invalid="true" aria-describedby="{name}-{number}-error"'
        assert re.search(marked, page.text)
        error = re.search(f'id="{name}-{number}-error">(.*?)</p>', page.text, re.S)
        assert error
        assert f"请填写“{words}”。" in error[1]


def test_the_table_of_decisions_counts_its_stages_and_sheets_and_leads_to_a_merge(web: Web) -> None:
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        scored, other = (
            web.house.screened_topic(db, plan, title) for title in ("提升小区物业管理水平", "加装电梯")
        )
        received = web.house.topic(db, plan, "提升老小区物业管理水平").id
        for name, points in (("scorer1", POINTS), ("scorer2", POINTS | {"priority": 10})):
            actor = web.house.actor(db, name)
            perform(db, scored, "score", actor=actor, now=web.house.now, points=points)
        main = scored.id
    office = web.sign_in("office")
    page = said(office.get("/desk/topics/decisions"))
    assert "初筛 1 评分 2" in page
    assert "2／3" in page
    merge = f"/desk/matters/{received}/merge?merged_into_id={main}"
    assert f'href="{merge}"' in office.get("/desk/topics/decisions?stage=received").text
    assert (
        f"/desk/matters/{main}/merge?merged_into_id={received}"
        not in office.get("/desk/topics/decisions").text
    )
    assert f'<option value="{main}" selected>' in office.get(merge).text


def test_what_was_released_meanwhile_is_not_said_to_be_saved(web: Web) -> None:
    with web.house.transaction() as db:
        plan = web.house.plan(db)
        first, second = (web.house.topic(db, plan, title).id for title in ("加装电梯", "社区托育点"))
    table, office = "/desk/topics/decisions?stage=received", web.sign_in("office")
    old = filled(office.get(table))
    with web.house.transaction() as db:
        perform(
            db, db.get_one(Topic, first), "accept", actor=web.house.actor(db, "office"), now=web.house.now
        )
    refused = office.post(table, old | {f"verb-{first}": "decline", f"verb-{second}": "accept"})
    assert refused.status_code == 409
    assert "已不在这个阶段" in said(refused)
    assert filled(refused)[f"verb-{second}"] == "accept"
    assert office.post(table, filled(refused)).status_code == 302


@pytest.mark.parametrize(("stage", "verb"), [("received", "accept"), ("scoring", "shortlist")])
def test_many_decisions_ask_as_many_queries_as_a_few(web: Web, stage: str, verb: str) -> None:
    counted = []
    visitor, path = web.sign_in("office"), f"/desk/topics/decisions?stage={stage}"
    with web.house.transaction() as db:
        plan = web.house.plan(db).id
    for many in (2, 10):
        with web.house.transaction() as db:
            for number in range(many):
                new = web.house.topic if stage == "received" else web.house.screened_topic
                one = new(db, db.get_one(Plan, plan), f"第{many}批第{number}件民生实事")
                for name in ("scorer1", "scorer2", "scorer3") if stage == "scoring" else ():
                    actor = web.house.actor(db, name)
                    perform(db, one, "score", actor=actor, now=web.house.now, points=POINTS)
                if number:
                    hold(db, one, verb, actor=web.house.actor(db, "office"), now=web.house.now)
        counted.append(web.queries(visitor, path))
    assert said(visitor.get(path)).count("件民生实事 ") >= 12
    assert counted[0] == counted[1]


def test_the_table_of_topics_is_sorted_by_average_on_demand(web: Web) -> None:
    with web.house.transaction() as db:
        plan, actor = web.house.plan(db), web.house.actor(db, "scorer1")
        low, _, high = (
            web.house.screened_topic(db, plan, title) for title in ("低分议题", "没评议题", "高分议题")
        )
        points = {"priority": 1, "concern": 1, "value": 1, "feasibility": 1, "adoption": 1}
        perform(db, low, "score", actor=actor, now=web.house.now, points=points)
        perform(db, high, "score", actor=actor, now=web.house.now, points=POINTS)
    page = said(web.sign_in("office").get("/desk/topics?sort=-average"))
    assert page.index("高分议题") < page.index("低分议题") < page.index("没评议题")


def test_posts_of_a_sitting_wait_on_the_desk_of_whoever_may_confirm_them(web: Web) -> None:
    with web.house.transaction() as db:
        at = sitting(web.house, db, live=False)
        person = web.house.actor(db, "research").person
        grant_post(db, person, "host", at, actor=web.house.actor(db, "committee"), now=web.house.now)
        grant_post(db, person, "recorder", at, actor=web.house.actor(db, "office"), now=web.house.now)
        number, title = at.id, at.title
    office, door = web.sign_in("office"), f"/desk/sittings/{number}/posts"
    page = office.get("/desk/")
    assert f"有 1 个岗位等您确认 {title}" in said(page)
    assert "现在没有等您办理的事。" not in said(page)
    assert f'href="{door}"' in page.text
    for other in ("committee", "research"):
        assert "个岗位等您确认" not in said(web.sign_in(other).get("/desk/"))
    assert f"有 2 个岗位等您确认 {title}" in said(web.sign_in("leader").get("/desk/"))
    (confirm,) = re.findall(rf'action="({door}/\d+/confirm)"', office.get(door).text)
    assert office.post(confirm).status_code == 302
    assert "个岗位等您确认" not in said(office.get("/desk/"))
