"""Topics as the public meets them."""

import re

import pytest
from sqlalchemy import func, select

from engine.actions.editions import adopt_edition, propose_edition
from engine.actions.perform import perform
from engine.clock import day
from engine.editions import SHIPPED
from engine.models.topic import Support, Topic
from tests.houses import POINTS, carried_over_topic, sitting
from tests.web.visitors import Visitor, Web, said

GOOD = {"title": "加快老旧小区电梯加装", "why_now": "老人下楼难。", "matter_kind": "livelihood"}


def open_call(web: Web) -> int:
    with web.house.transaction() as db:
        return web.house.plan(db).id


def topic(web: Web) -> int:
    """By `citizen1`, screened."""
    with web.house.transaction() as db:
        return web.house.screened_topic(db, web.house.plan(db)).id


def key(visitor: Visitor) -> str:
    page = visitor.get(visitor.get("/topics/new").location)
    found = re.search(r'name="key" value="([\w-]+)"', page.text)
    assert found
    return found[1]


def test_a_citizens_topic_is_public_once_it_was_screened(web_on_both: Web) -> None:
    web = web_on_both
    open_call(web)
    visitor = web.sign_in("citizen1")
    path = visitor.post("/topics/new", GOOD | {"key": key(visitor)}).location
    assert "初筛通过后公开" in said(visitor.get(path))
    assert "加快老旧小区电梯加装" in said(visitor.get("/account"))
    office = web.sign_in("office")
    for stranger in (web.visitor(), web.sign_in("citizen2")):
        assert stranger.get(path).status_code == 404
        for place in ("/", "/topics", "/topics?show=all"):
            assert "加快老旧小区电梯加装" not in said(stranger.get(place))
    number = path.rpartition("/")[2]
    assert office.post(f"/desk/matters/{number}/accept", {"version": "1"}).status_code == 302
    page = said(web.visitor().get(path))
    assert "加快老旧小区电梯加装" in page
    assert "老人下楼难。" in page
    assert "市民1" not in page
    for place in ("/", "/topics"):
        assert "加快老旧小区电梯加装" in said(web.visitor().get(place))


def test_a_declined_topic_is_its_submitters_alone(web: Web) -> None:
    with web.house.transaction() as db:
        number = web.house.topic(db, web.house.plan(db)).id
    given = {"reason_code": "personal", "reason": "请走信访渠道。", "version": "1"}
    assert web.sign_in("office").post(f"/desk/matters/{number}/decline", given).status_code == 302
    assert web.visitor().get(f"/topics/{number}").status_code == 404
    assert "未采用" in said(web.sign_in("citizen1").get(f"/topics/{number}"))


def test_the_same_form_sent_twice_makes_one_topic(web_on_both: Web) -> None:
    web = web_on_both
    open_call(web)
    visitor = web.sign_in("citizen1")
    given = GOOD | {"key": key(visitor)}
    first, before = visitor.post("/topics/new", given), web.facts()
    second = visitor.post("/topics/new", given)
    assert first.location == second.location
    assert web.facts() == before
    other = visitor.post("/topics/new", given | {"title": "另一件事情要协商"})
    assert other.status_code == 422
    assert "已经用于别的内容" in said(other)
    assert web.facts() == before


WRONG = [
    ({"title": ""}, "title"),
    ({"title": "短"}, "title"),
    ({"title": "长" * 61}, "title"),
    ({"why_now": " "}, "why_now"),
    ({"why_now": "长" * 1001}, "why_now"),
    ({"matter_kind": "war"}, "matter_kind"),
    ({"form": "war"}, "form"),
    ({"unit_id": "x"}, "unit_id"),
    ({"unit_id": "99"}, "unit_id"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_a_mistake_keeps_all_that_was_typed(web: Web, change: dict[str, str], field: str) -> None:
    open_call(web)
    visitor = web.sign_in("citizen1")
    given = GOOD | {"key": key(visitor)} | change
    before = web.facts()
    answer = visitor.post("/topics/new", given)
    assert answer.status_code == 422
    assert f'<li><a href="#{field}">' in answer.text
    assert f'value="{given["title"]}"' in answer.text
    assert f">{given['why_now']}</textarea>" in answer.text
    assert web.facts() == before


def test_outside_a_call_nothing_is_put_forward(web: Web) -> None:
    visitor, before = web.sign_in("citizen1"), web.facts()
    for answer in (visitor.get("/topics/new"), visitor.post("/topics/new", GOOD | {"key": "x"})):
        assert answer.status_code == 409
        assert "现在没有开放的议题征集。" in said(answer)
    assert web.facts() == before


def test_who_may_not_put_a_topic_forward_is_told_before_typing(web: Web) -> None:
    open_call(web)
    answer = web.sign_in("scorer1").get("/topics/new")
    assert answer.status_code == 403
    assert "“提交议题”由实名市民" in said(answer)


def test_support_counts_once_per_person(web_on_both: Web) -> None:
    web = web_on_both
    path = f"/topics/{topic(web)}"
    visitor = web.sign_in("citizen2")
    assert visitor.post(f"{path}/support").location == path
    before, again = web.facts(), visitor.post(f"{path}/support")
    assert again.status_code == 409
    assert "已经办过了，不能重复。" in said(again)
    assert web.facts() == before
    page = said(visitor.get(path))
    assert "您已支持这个议题" in page
    with web.house.transaction() as db:
        assert db.scalar(select(func.count()).select_from(Support)) == 1


def test_support_needs_a_verified_phone(web: Web) -> None:
    path = f"/topics/{topic(web)}"
    stranger, before = web.visitor(), web.facts()
    assert "验证手机后支持" in said(stranger.get(path))
    assert stranger.post(f"{path}/support").location.startswith("/verify?next=")
    refused = web.sign_in("scorer1").post(f"{path}/support")
    assert refused.status_code == 403
    assert web.facts() == before + 1  # the scorer's second factor


def test_supporters_of_merged_topics_count_once(web: Web) -> None:
    kept = topic(web)
    with web.house.transaction() as db:
        parent = db.get_one(Topic, kept).parent
        gone = web.house.screened_topic(db, parent, "小区物业收费要公开", "citizen2").id  # type: ignore[arg-type]
        for one, name in ((kept, "citizen3"), (gone, "citizen3"), (gone, "citizen4")):
            subject = db.get_one(Topic, one)
            perform(db, subject, "support", actor=web.house.actor(db, name), now=web.house.now)
    office = web.sign_in("office")
    assert (
        office.post(f"/desk/matters/{gone}/merge", {"merged_into_id": str(kept), "version": "2"}).status_code
        == 302
    )
    page = said(web.visitor().get(f"/topics/{kept}"))
    assert "支持 2 人" in page
    assert "小区物业收费要公开" in page
    assert "合并办理，提交人共 2 名。" in page
    assert "这个议题已并入： 提升小区物业管理水平" in said(web.visitor().get(f"/topics/{gone}"))
    told = said(web.sign_in("citizen2").get("/account"))
    assert "协商议题“小区物业收费要公开”：合并，现为“已合并”。" in told
    assert "小区物业收费要公开" not in said(web.visitor().get("/topics?show=all"))


@pytest.mark.parametrize(
    "number", ["0", "-1", "00001", "1e3", "0x10", "１", " 1", "1;2", "9" * 17, "9" * 400, "x"]
)
def test_a_number_written_in_another_way_is_no_topic(web: Web, number: str) -> None:
    topic(web)
    answer = web.visitor().get(f"/topics/{number}")
    assert answer.status_code == 404
    assert "没有" in said(answer)


def test_a_public_page_names_no_staff(web: Web) -> None:
    number = topic(web)
    with web.house.transaction() as db:
        subject, office = db.get_one(Topic, number), web.house.actor(db, "office")
        for scorer in ("scorer1", "scorer2", "scorer3"):
            perform(db, subject, "score", actor=web.house.actor(db, scorer), now=web.house.now, points=POINTS)
        perform(db, subject, "keep_in_reserve", actor=office, now=web.house.now, reason="写给提交人的说明")
    page = said(web.visitor().get(f"/topics/{number}"))
    assert "储备议题" in page
    for private in ("周办公", "褚评分", "写给提交人的说明", "市民1"):
        assert private not in page


def test_going_back_to_a_form_that_was_sent_finds_its_topic(web_on_both: Web) -> None:
    web = web_on_both
    open_call(web)
    visitor = web.sign_in("citizen1")
    form = visitor.get("/topics/new").location
    assert form.startswith("/topics/new?key=")
    made = visitor.post("/topics/new", GOOD | {"key": form.rpartition("=")[2]}).location
    assert visitor.get(form).location == made
    assert "这张表已经提交过" in said(visitor.get(made))
    assert web.sign_in("citizen2").get(form).status_code == 200


def test_similar_topics_are_shown_once_and_do_not_block(web_on_both: Web) -> None:
    web = web_on_both
    there = topic(web)
    visitor = web.sign_in("citizen2")
    given = GOOD | {"title": "小区物业管理水平要提升", "key": key(visitor)}
    before, answer = web.facts(), visitor.post("/topics/new", given)
    assert web.facts() == before
    assert f'href="/topics/{there}"' in answer.text
    assert "0 人支持" in said(answer)
    assert "老人下楼难。" in answer.text
    assert "仍然提交我的议题" in said(answer)
    assert f'form="support" formaction="/topics/{there}/support"' in answer.text
    seen = visitor.post("/topics/new", given | {"similar_seen": "1"})
    assert seen.status_code == 302
    assert visitor.post("/topics/new", given).location == seen.location


def test_while_the_title_is_typed_only_what_one_may_read_is_shown(web: Web) -> None:
    there = topic(web)
    with web.house.transaction() as db:
        web.house.topic(db, db.get_one(Topic, there).parent, "小区的物业管理水平", "citizen2")  # type: ignore[arg-type]
    asked = "/topics/similar?title=提升小区的物业管理水平"
    hint = said(web.sign_in("citizen3").get(asked))
    assert "提升小区物业管理水平" in hint
    assert "小区的物业管理水平" not in hint
    assert "改为支持这个" in hint
    own = said(web.sign_in("citizen2").get(asked))
    assert "小区的物业管理水平 0 人支持 · 您提交的" in own
    assert "改为支持这个" not in said(web.sign_in("unit_admin").get(asked))
    assert said(web.sign_in("citizen3").get("/topics/similar?title=另一件事")) == ""


def test_a_topic_that_enough_people_support_shows_until_when_and_then_the_answer(web: Web) -> None:
    path = f"/topics/{topic(web)}"
    assert "满 30 人支持，办公室须公开答复。" in said(web.visitor().get(path))
    with web.house.transaction() as db:
        subject = db.scalars(select(Topic)).one()
        for number in range(1, 31):
            perform(db, subject, "support", actor=web.house.actor(db, f"citizen{number}"), now=web.house.now)
    assert "已达 30 人，办公室将公开答复 剩余 10 个工作日 10月26日（周一）前" in said(web.visitor().get(path))
    office = web.sign_in("office")
    assert "请办公室先“公开答复”" in said(office.get("/desk/"))
    answer = {"answer": "已请市住建局提出方案，评分后研究是否列入计划。", "version": "3"}
    assert office.post(f"/desk/matters{path[7:]}/answer", answer).status_code == 302
    page = said(web.visitor().get(path))
    assert "办公室公开答复 已请市住建局提出方案，评分后研究是否列入计划。 10月12日" in page
    assert "办公室将公开答复" not in page


FULL = GOOD | {"form": "counterpart", "unit_id": "1", "feasibility": "可走访三个小区。"}
PAPER = FULL | {"source": "paper", "proposer_name": "写信的人"}


@pytest.mark.parametrize("name", ["host1", "group1", "unit_admin", "committee", "office"])
def test_members_groups_units_and_staff_put_a_topic_forward_from_the_workbench(web: Web, name: str) -> None:
    open_call(web)
    visitor = web.sign_in(name)
    assert 'href="/desk/topics/new"' in visitor.get("/desk/plans").text
    form = visitor.get(visitor.get("/desk/topics/new").location)
    assert "对应部门" in said(form)
    made = visitor.post("/desk/topics/new", FULL | {"key": "k"}).location
    assert "只有您能看到这一页" in said(visitor.get(made))
    with web.house.transaction() as db:
        one = db.scalars(select(Topic)).one()
        assert (one.form, one.unit_id, one.feasibility) == ("counterpart", 1, "可走访三个小区。")


def test_who_may_not_put_a_topic_forward_is_offered_no_way_to(web: Web) -> None:
    open_call(web)
    visitor = web.sign_in("scorer1")
    assert "/desk/topics/new" not in visitor.get("/desk/topics").text
    for path in ("/desk/topics/new", "/desk/topics/enter"):
        assert visitor.get(path).status_code == 403
    member = web.sign_in("host1")
    assert member.get("/desk/topics/enter").status_code == 403
    assert "/desk/topics/enter" not in member.get("/desk/topics").text


def test_a_topic_entered_for_somebody_shows_its_source_and_never_the_name(web_on_both: Web) -> None:
    web = web_on_both
    open_call(web)
    office = web.sign_in("office")
    assert 'href="/desk/topics/enter"' in office.get("/desk/topics").text
    entered = office.post("/desk/topics/enter", PAPER | {"key": "k"}).location
    assert entered.startswith("/desk/matters/")
    number = entered.rpartition("/")[2]
    path = f"/topics/{number}"
    assert office.post(f"/desk/matters/{number}/accept", {"version": "1"}).status_code == 302
    page = said(web.visitor().get(path))
    assert "来源：来信，由工作人员录入" in page
    desk = said(office.get(f"/desk/matters/{number}"))
    assert "提出人 写信的人" in desk
    assert "代录议题 政协办公室 周办公" in desk
    for place in (path, "/topics", "/ledger"):
        assert "写信的人" not in web.visitor().get(place).text
    for gap in ("source", "proposer_name"):
        answer = office.post("/desk/topics/enter", PAPER | {gap: "", "key": gap})
        assert f'<li><a href="#{gap}">' in answer.text


@pytest.mark.parametrize("text", ["%00", "k%00", "%ED%A0%80", "k" * 5000, "中"])
def test_a_key_or_a_title_of_any_kind_finds_nothing(web_on_both: Web, text: str) -> None:
    open_call(web_on_both)
    visitor = web_on_both.sign_in("citizen1")
    for path in (f"/topics/new?key={text}", f"/topics/similar?title={text}"):
        assert visitor.get(path).status_code < 500


def test_a_topic_carried_over_is_taken_up_on_the_next_plans_page_and_both_link_to_each_other(
    web_on_both: Web,
) -> None:
    web = web_on_both
    with web.house.transaction() as db:
        old = carried_over_topic(web.house, db)
        number, issued, later = old.id, old.parent_id, web.house.plan(db, 2028).id
    office = web.sign_in("office")
    assert "列入年度计划 0 拟调整 0 取消 0 结转下年 1" in said(office.get(f"/desk/matters/{issued}"))
    assert "提升小区物业管理水平" in said(office.get("/desk/topics?show=carried_over"))
    assert "提升小区物业管理水平" not in said(office.get("/desk/topics?show=cancelled"))
    form = f"/desk/matters/{later}/new/topic/take_up?carried_from_id={number}"
    assert "往年储备和结转的议题" in said(office.get(f"/desk/matters/{later}"))
    for name in ("committee", "leader"):
        visitor = web.sign_in(name)
        assert "往年储备和结转的议题" not in said(visitor.get(f"/desk/matters/{later}"))
        assert visitor.get(form).status_code == 403
    assert "转入结转议题" not in said(office.get("/desk/topics"))
    assert f'<option value="{number}" selected>' in office.get(form).text
    before, wrong = web.facts(), office.post(form, {"carried_from_id": str(later)})
    assert wrong.status_code == 422
    assert "请选择往年计划结转、还没有转入新计划的议题。" in said(wrong)
    assert web.facts() == before
    made = office.post(form, {"carried_from_id": str(number)}).location.rpartition("/")[2]
    assert office.post(form, {"carried_from_id": str(number)}).status_code == 422
    assert "往年储备和结转的议题" not in said(office.get(f"/desk/matters/{later}"))
    for there, other, says in (
        (made, number, "由上年结转： 提升小区物业管理水平 · 2027年度协商计划"),
        (number, made, "这个议题结转后转入新的计划： 提升小区物业管理水平 · 2028年度协商计划"),
    ):
        public, desk = web.visitor().get(f"/topics/{there}"), office.get(f"/desk/matters/{there}")
        assert says in said(public)
        assert f'href="/topics/{other}"' in public.text
        assert f'href="/desk/matters/{other}"' in desk.text
    account = said(web.sign_in("citizen1").get("/account"))
    assert "协商议题“提升小区物业管理水平”：转入结转议题，现为“评分”。" in account


def test_where_an_offices_own_edition_takes_up_nothing_the_plan_still_shows(web: Web) -> None:
    without = (SHIPPED / "topic.toml").read_text(encoding="utf-8")
    step = without.index("[[verb]]", without.index('title        = { zh = "同意结转"'))
    field = without.index("[field.carried_from_id]")
    text = without[:field] + without[without.index("[field.remark]") : step]
    with web.house.transaction() as db:
        plan, now = web.house.plan(db).id, web.house.now
        admin = web.house.actor(db, "sysadmin")
        edition = propose_edition(db, "topic", text, from_date=day(now), actor=admin, now=now)
        adopt_edition(db, edition, actor=web.house.actor(db, "secadmin"), now=now)
    office = web.sign_in("office")
    assert office.get(f"/desk/matters/{plan}").status_code == 200
    assert office.get(f"/desk/matters/{plan}/new/topic/take_up").status_code == 404


def test_who_is_still_to_score_sees_no_other_scores_and_a_member_no_sheets(web: Web) -> None:
    with web.house.transaction() as db:
        topic = web.house.screened_topic(db, web.house.plan(db))
        for scorer in ("scorer1", "scorer2"):
            perform(db, topic, "score", actor=web.house.actor(db, scorer), now=web.house.now, points=POINTS)
        page, name = f"/desk/matters/{topic.id}", web.house.actor(db, "scorer2").person.name
    for who, average, sheet in (
        ("scorer3", False, False),
        ("scorer1", True, True),
        ("office", True, True),
        ("moderator1", True, False),
    ):
        seen, history = said(web.sign_in(who).get(page)).split("办理经过", 1)
        assert "公众" not in history
        assert ("平均分 80 分" in seen, name in seen) == (average, sheet), who
        assert ("平均分 —" in seen) == (not average)
        assert "评分人数 2 人" in seen


def test_a_planned_topic_leads_to_its_consultation_and_that_sitting_to_it(web: Web) -> None:
    with web.house.transaction() as db:
        at = sitting(web.house, db)
        number, consulted, topic = at.id, at.parent_id, at.parent.parent_id
    door = f'href="/consultations/{consulted}"'
    assert door in web.visitor().get(f"/topics/{topic}").text
    page = web.visitor().get(f"/live/{number}").text
    assert door in page.partition("data-tabs")[0]
