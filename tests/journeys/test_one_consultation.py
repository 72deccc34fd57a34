"""One consultation from a citizen's topic to a department's reply, everybody at their own browser.

Citizen, committee, office and leaders, activity group, host and moderator, department.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from docx import Document
from playwright.sync_api import Browser, Page, expect

from engine.clock import day, now
from tests.houses import READINESS, SITTING_POSTS, STAFF
from tests.journeys.browsers import PHONE, Story, number
from tests.journeys.conftest import RunningHouse

TOPIC = "提升小区物业管理水平"
QUESTION = "小区公共收益的账目多久公布一次？"
REPLY = "已要求各小区每季度公布一次公共收益收支。"
AT_ONCE = 2_000
COMPILED = 60_000  # the relay rings, a worker wakes up: seconds; two test runs share the cores


@pytest.fixture(scope="module")
def story(
    new_house: RunningHouse, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    story = Story(new_house, browser, tmp_path_factory.mktemp("papers"))
    yield story
    for context in story.contexts.values():
        context.close()


def test_a_sentence_becomes_a_question_an_answer_a_recommendation_and_a_departments_reply(
    story: Story,
) -> None:
    topic = put_forward(story)
    plan(story, topic)
    consultation = prepare(story, topic)
    research(story, consultation)
    sitting = schedule(story, consultation)
    receipt = hold(story, sitting)
    recommendation = recommend(story, consultation)
    handle(story, consultation, recommendation)
    page = story.page("citizen")
    page.goto(receipt)
    for step in (
        "已收到",
        "已发布",
        "待上场",
        "正在作答",
        "已答复",
        "形成建议",
        "市住房和城乡建设局",
        "已反馈",
    ):
        expect(page.locator(".timeline")).to_contain_text(step)
    page.get_by_role("link", name=re.compile("^形成建议")).click()
    for words in (QUESTION, "市住房和城乡建设局", "采纳", REPLY, "每季度公布"):
        expect(page.locator("main")).to_contain_text(words)
    assert story.complaints == []


def put_forward(story: Story) -> int:
    """A citizen's topic, screened by the office, supported by another citizen."""
    office = story.page("office")
    office.goto("/desk/plans/new")
    year = str(now().year + 1)
    story.send(office, "发布征集", title=f"{year}年度协商计划", year=year, plenary_on=f"{year}-02-22")
    expect(office.get_by_text("征集已发布")).to_be_visible()
    page = verified(story, "citizen", "10012345678", "/topics/new")
    story.send(page, "提交议题", title=TOPIC, why_now="业主和物业争议多。", matter_kind="livelihood")
    expect(page.get_by_text("议题已提交")).to_be_visible()
    topic = number(page.url)
    story.do("office", topic, "通过初筛")
    other = verified(story, "another", "10087654321", f"/topics/{topic}")
    other.get_by_role("button", name="支持这个议题").click()
    expect(other.get_by_text("已记下您的支持。")).to_be_visible()
    return topic


def verified(story: Story, who: str, telephone: str, wanted: str) -> Page:
    """A citizen who comes for a page and proves a telephone first."""
    page = story.page(who)
    page.goto(f"/verify?next={wanted}")
    story.send(page, "获取验证码", phone=telephone)
    code = re.search(r"\d{6}", page.locator(".notice").inner_text())
    assert code
    story.send(page, "完成验证", code=code[0], name="当湖居民", accepted="1")
    page.wait_for_url(f"**{wanted}*")
    return page


def plan(story: Story, topic: int) -> None:
    points = {f"points-{name}": "15" for name in ("priority", "concern", "value", "feasibility", "adoption")}
    for scorer in ("scorer1", "scorer2", "scorer3"):
        story.do(scorer, topic, "评分", **points)
    story.do("office", topic, "列入计划草案")
    page = story.page("office")
    page.goto("/desk/plans")
    page.get_by_role("link", name=re.compile("年度协商计划")).first.click()
    plan, today = number(page.url), str(day(now()))
    story.do("office", plan, "结束征集，起草计划")
    story.arrange(plan)
    story.do("office", plan, "送三办会商")
    for one in ("party", "government", "office"):
        story.do(one, plan, "会商同意", revision="无意见。")
    story.do("office", plan, "记录主席会议审议通过", minutes="同意。")
    story.do("office", plan, "记录市委常委会决定", decision_no="演示〔2026〕1号", decided_on=today)
    story.do("leader", plan, "印发计划")


def prepare(story: Story, topic: int) -> int:
    consultation = story.begin(
        "committee",
        topic,
        "consultation/plan",
        "立项",
        title=TOPIC,
        form="thematic",
        series="mayor_f2f",
        aim="听取意见，推动解决。",
        planned_on=str(day(now()) + timedelta(days=60)),
    )
    programme = {
        "aim": "听取意见。",
        "people": "市长、委员、市民代表",
        "agenda": "通报、提问、解答",
        "division": "办公室统筹",
        "online_plan": "全程直播",
    }
    story.do("committee", consultation, "起草方案", **programme)
    story.do("leader", consultation, "批准方案")
    return consultation


def research(story: Story, consultation: int) -> None:
    task = story.begin(
        "committee",
        consultation,
        "research/plan",
        "布置调研",
        title="小区物业调研",
        group_id="当湖街道活动组",
        questions="公共收益怎么公布？",
    )
    story.do("committee", consultation, "发出通知，开始调研")
    story.do(
        "group1",
        task,
        "开始调研",
        **{"visits-0-visit_on": str(day(now())), "visits-0-place": "新苑小区", "visits-0-whom": "业主代表"},
    )
    story.do(
        "group1",
        task,
        "登记调研发现",
        claim="十个小区中三个公布账目",
        place="新苑小区",
        found_on=str(day(now())),
    )
    report = story.folder / "调研报告.docx"
    paper = Document()
    paper.add_paragraph("调研报告")
    paper.save(str(report))
    story.do("group1", task, "提交调研报告", summary="账目公布不及时。", report_id=str(report))
    story.do("committee", task, "验收")


def schedule(story: Story, consultation: int) -> int:
    begins = day(now()) + timedelta(days=1)
    sitting = story.begin(
        "committee",
        consultation,
        "sitting/schedule",
        "排定会议",
        title="市长与政协委员面对面",
        starts_at=f"{begins}T14:00",
        ends_at=f"{begins}T16:00",
        place="市行政中心一号会议室",
    )
    page = story.page("committee")
    page.goto(f"/desk/sittings/{sitting}/programme")
    story.send(page, "保存议程")
    expect(page.get_by_text("议程已保存。")).to_be_visible()
    for role, who in SITTING_POSTS.items():
        page.goto(f"/desk/sittings/{sitting}/posts")
        story.send(page, "提出岗位", person=STAFF[who][0], role=role)
        expect(page.get_by_text("岗位已提出，等另一人确认。")).to_be_visible()
    office = story.page("office")
    for _ in SITTING_POSTS:
        office.goto(f"/desk/sittings/{sitting}/posts")
        office.get_by_role("button", name="确认", exact=True).first.click()
    story.do("moderator1", sitting, "开放网络征集", rules_posted="1")
    for who, items in READINESS.items():
        desk = story.page(who)
        desk.goto(f"/desk/matters/{sitting}")
        for _ in items:
            desk.get_by_role("button", name="确认", exact=True).first.click()
            expect(desk.get_by_text("已办理：确认准备事项。")).to_be_visible()
    story.do("committee", sitting, "确认准备就绪")
    return sitting


def hold(story: Story, sitting: int) -> str:
    """Live: asked, reviewed, on air, answered, closed. The address of the receipt."""
    host = story.page("host1")
    host.goto(f"/hall/{sitting}/host")
    host.get_by_role("button", name="开始直播").click()
    expect(host.get_by_role("button", name=re.compile("下一环节"))).to_be_visible()
    onlooker = story.page("onlooker")
    onlooker.set_viewport_size(PHONE)
    onlooker.goto(f"/live/{sitting}")
    expect(onlooker.locator("[data-stat=visits]").first).to_have_text(re.compile("[1-9]"), timeout=20_000)
    citizen = story.page("citizen")
    citizen.goto(f"/live/{sitting}")
    citizen.fill("#ask-question", QUESTION)
    citizen.click("[data-say=question] button")
    expect(citizen.locator("[data-code]")).to_have_text(re.compile(r"^[a-z0-9]{13}$"))
    receipt = f"/r/{citizen.locator('[data-code]').inner_text()}"
    moderator = story.page("moderator1")
    moderator.goto(f"/hall/{sitting}/moderate")
    moderator.locator(".pending", has_text=QUESTION).focus()
    moderator.keyboard.press("a")
    expect(onlooker.locator("[data-list=question]")).to_contain_text(QUESTION, timeout=10_000)
    expect(host.locator(".shortlisted", has_text=QUESTION)).to_be_visible(timeout=15_000)
    host.locator(".shortlisted", has_text=QUESTION).get_by_role("button", name="列入备选").click()
    expect(host.locator('[data-key="1"]')).to_be_visible()
    host.keyboard.press("1")
    expect(onlooker.locator("[data-on-air]")).to_contain_text(QUESTION, timeout=AT_ONCE)
    expect(host.locator(".host-on-air h2")).to_have_text(QUESTION)
    host.keyboard.press("f")
    host.fill("#answer", "每季度公布一次。")
    host.get_by_role("button", name="已现场答复").click()
    expect(onlooker.locator("[data-on-air]")).to_be_hidden(timeout=AT_ONCE)
    expect(host.locator(".host-on-air h2")).to_have_count(0)
    end(host)
    expect(onlooker.get_by_text("本场提问和评论已经结束。").first).to_be_visible(timeout=10_000)
    return receipt


def end(host: Page) -> None:
    host.get_by_role("link", name="结束会议").click()
    expect(host.get_by_text("还有环节没有进行")).to_be_visible()
    host.get_by_role("button", name="结束会议").click()


def recommend(story: Story, consultation: int) -> int:
    """What the system compiled, confirmed by a person and reported up with the outcome."""
    page = story.page("committee")
    draft = page.locator("a", has_text="公共收益")
    for _ in range(COMPILED // 1_000):
        page.goto(f"/desk/matters/{consultation}")
        if draft.count():
            break
        page.wait_for_timeout(1_000)
    draft.first.click()
    recommendation = number(page.url)
    story.do(
        "committee",
        recommendation,
        "确认",
        title="公布小区公共收益账目",
        text="由市住房和城乡建设局督促各小区每季度公布公共收益账目。",
        kind="policy",
        suggested_unit_id="市住房和城乡建设局",
    )
    for other in others(page, consultation, recommendation):
        story.do("committee", other, "不采用", reason="与另一条合并考虑。")
    story.do("committee", consultation, "提交成果报告稿", report=str(story.folder / "调研报告.docx"))
    story.do("leader", consultation, "签发并报送成果")
    return recommendation


def others(page: Page, consultation: int, recommendation: int) -> list[int]:
    """The other drafts that wait to be confirmed."""
    page.goto(f"/desk/matters/{consultation}")
    rows = page.locator("tr", has_text="待确认").locator("a").all()
    found = {number(row.get_attribute("href") or "") for row in rows}
    return sorted(found - {recommendation})


def handle(story: Story, consultation: int, recommendation: int) -> None:
    unit = "市住房和城乡建设局"
    story.do("government", recommendation, "交办", lead_unit=unit)
    page = story.page("unit_admin")
    page.goto("/desk/")
    page.get_by_role("link", name="公布小区公共收益账目").click()
    assignment = number(page.url)
    story.do(
        "unit_admin",
        assignment,
        "签收",
        handler_id=STAFF["unit_handler"][0],
        leader_id=STAFF["unit_leader"][0],
    )
    reply = {
        "decision": "adopted",
        "reply": REPLY,
        "measures-0-text": "每季度公布",
        "measures-0-by": "2027-03-31",
    }
    story.do("unit_handler", assignment, "拟写反馈", **reply)
    story.do("unit_leader", assignment, "签发反馈")
