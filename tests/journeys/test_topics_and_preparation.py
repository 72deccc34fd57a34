"""A topic from a member's phone into the issued plan, and a consultation prepared until it may go live, then put off.

The office at a desktop, members and group leaders on phones, a scorer and the leader reading English.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from docx import Document
from playwright.sync_api import Browser, Page, expect

from engine import clock
from engine.actions.people import confirm_post, grant_post
from engine.actions.perform import perform
from engine.clock import day
from engine.models.consultation import Sitting
from engine.models.topic import Topic
from engine.queries import people
from tests.engine.actions.test_files import MP4
from tests.houses import POINTS, READINESS, SITTING_POSTS, STAFF, planned_topic
from tests.journeys.browsers import PHONE, Story, number
from tests.journeys.conftest import RunningHouse

MEMBER = "moderator1"
KNOWN, ALIKE, AGAIN = "提升小区物业管理水平", "小区物业管理水平怎么提升", "提升老小区物业管理水平"
OWN, PRIVATE = "加快公共充电桩建设", "我家楼上漏水没人修"
DECISION = "演示〔2026〕12号"
OUTCOME = "列入年度计划"
FINDING = "十个小区中三个公布账目"
FEEDBACK = "请补充走访的小区名单。"
PUBLIC_REASON = "因台风预警，会议延期举行。"


@pytest.fixture
def story(new_house: RunningHouse, browser: Browser, tmp_path: Path) -> Iterator[Story]:
    new_house.house.now = clock.now()
    story = Story(
        new_house,
        browser,
        tmp_path,
        english=frozenset({"scorer1", "leader"}),
        phones=frozenset({MEMBER, "group1", "group2", "leader"}),
    )
    yield story
    for context in story.contexts.values():
        context.close()


@dataclass
class Call:
    """The numbers of an open call and of its topics."""

    plan: int
    known: int
    again: int
    private: int


def test_a_members_topic_goes_through_screening_scores_and_approvals_into_the_issued_plan(
    story: Story,
) -> None:
    call = opened_call(story)
    own = put_forward(story, call)
    screen(story, call, own)
    merge(story, call)
    score(story, own)
    shortlist(story, call, own)
    approve(story, call)
    told(story, own)
    assert story.complaints == []


def opened_call(story: Story) -> Call:
    """A call with one topic in public and two that wait for the office, of which one says the same again.

    The office has a second person, who comes from research.
    """
    house = story.running.house
    with house.transaction() as db:
        second, admin = house.actor(db, "research").person, house.actor(db, "sysadmin")
        post = grant_post(db, second, "office_staff", None, actor=admin, now=house.now)
        confirm_post(db, post, actor=house.actor(db, "secadmin"), now=house.now)
        plan = house.plan(db, 2027)
        known = house.screened_topic(db, plan, KNOWN)
        again, private = house.topic(db, plan, AGAIN, "citizen2"), house.topic(db, plan, PRIVATE, "citizen3")
        return Call(plan.id, known.id, again.id, private.id)


def put_forward(story: Story, call: Call) -> int:
    """The member is shown a topic that says the same, supports it and puts another one forward."""
    page = story.at(MEMBER, "/topics/new")
    page.fill("#title", ALIKE)
    page.fill("#why_now", "公共收益不公布，业委会组建难。")
    expect(page.get_by_text("已有相似的议题")).to_be_visible()
    story.looked_at(MEMBER)
    page.get_by_role("button", name="改为支持这个").tap()
    expect(page.get_by_text("已记下您的支持。")).to_be_visible()
    assert number(page.url) == call.known
    story.looked_at(MEMBER)
    page.goto("/topics/new")
    given = {"title": OWN, "why_now": "新能源车越来越多，小区里排队充电。", "matter_kind": "livelihood"}
    story.send(page, "提交议题", **given)
    expect(page.get_by_text("议题已提交")).to_be_visible()
    story.looked_at(MEMBER)
    return number(page.url)


def screen(story: Story, call: Call, own: int) -> None:
    """One of the office decides, which nobody is told; another releases all of it at once."""
    page = story.at("research", "/desk/topics/decisions?stage=received")
    page.select_option(f'[name="verb-{own}"]', label="通过初筛")
    page.select_option(f'[name="verb-{call.private}"]', label="不予采用")
    page.select_option(f'[name="reason_code-{call.private}"]', value="personal")
    page.fill(f'[name="reason-{call.private}"]', "请联系小区物业，或走信访渠道。")
    page.get_by_role("button", name="保存，暂不公布").click()
    expect(page.get_by_text("决定已保存，还没有公布。")).to_be_visible()
    expect(story.at(MEMBER, f"/topics/{own}").get_by_text("初筛通过后公开")).to_be_visible()
    office = story.at("office", "/desk/topics/decisions?stage=received")
    story.looked_at("office")
    office.get_by_role("button", name="公布 2 项决定").click()
    office.get_by_role("button", name="确认公布").click()
    expect(office.get_by_text("已公布 2 项决定")).to_be_visible()
    story.at("office", f"/desk/matters/{own}")
    for who in (f"{STAFF['research'][0]}", f"{STAFF['office'][0]}"):
        expect(office.locator(".timeline")).to_contain_text(who)
    expect(office.locator(".timeline")).to_contain_text("作出决定，待统一公布")
    story.looked_at("office")


def merge(story: Story, call: Call) -> None:
    page = story.at("office", f"/desk/matters/{call.again}")
    page.locator("tr", has_text=KNOWN).get_by_role("link", name="并入这个议题").click()
    page.get_by_role("button", name="合并", exact=True).click()
    story.done("office", "合并")
    expect(story.at(MEMBER, f"/topics/{call.known}").locator("main")).to_contain_text(AGAIN)


def score(story: Story, own: int) -> None:
    """One scorer by the form, in English; two more have done so."""
    page = story.at("scorer1", f"/desk/matters/{own}")
    page.get_by_role("link", name="Score", exact=True).first.click()
    story.looked_at("scorer1")
    points = {f"points-{name}": str(given) for name, given in POINTS.items()}
    story.send(page, "Score", **points, remark="Asked for everywhere.")
    story.done("scorer1", "Score")
    story.looked_at("scorer1")
    house = story.running.house
    house.now = clock.now()
    with house.transaction() as db:
        for scorer in ("scorer2", "scorer3"):
            given = POINTS | {"priority": 22}
            perform(
                db,
                db.get_one(Topic, own),
                "score",
                actor=house.actor(db, scorer),
                now=house.now,
                points=given,
            )


def shortlist(story: Story, call: Call, own: int) -> None:
    page = story.at("office", "/desk/topics/decisions")
    page.select_option(f'[name="verb-{own}"]', label="列入计划草案")
    page.get_by_role("button", name="保存，暂不公布").click()
    expect(page.get_by_text("决定已保存，还没有公布。")).to_be_visible()
    story.looked_at("office")
    page.get_by_role("button", name="公布 1 项决定").click()
    page.get_by_role("button", name="确认公布").click()
    expect(page.get_by_text("已公布 1 项决定")).to_be_visible()
    story.looked_at("office")


def approve(story: Story, call: Call) -> None:
    """Three offices, the Chairpersons' meeting, the Party committee's decision, the leader's issue: in that order."""
    story.do("office", call.plan, "结束征集，起草计划")
    story.arrange(call.plan)
    story.looked_at("office")
    story.do("office", call.plan, "送三办会商")
    for one in ("party", "government", "office"):
        story.do(one, call.plan, "会商同意", revision="无意见。")
    story.do("office", call.plan, "记录主席会议审议通过", minutes="同意提请市委常委会。")
    leader = story.at("leader", f"/desk/matters/{call.plan}")
    expect(leader.get_by_role("link", name="Issue the plan", exact=True)).to_have_count(0)
    story.looked_at("leader")
    today = str(day(clock.now()))
    story.do("office", call.plan, "记录市委常委会决定", decision_no=DECISION, decided_on=today)
    expect(story.page("office").locator("main")).to_contain_text(DECISION)
    story.looked_at("office")
    story.do("leader", call.plan, "Issue the plan")
    story.looked_at("leader")


def told(story: Story, own: int) -> None:
    """The member finds the outcome on the topic's page and among what one was told."""
    page = story.at(MEMBER, f"/topics/{own}")
    for stage in ("初筛", "评分", "列入计划草案", OUTCOME):
        expect(page.locator(".timeline")).to_contain_text(stage)
    expect(page.locator("main")).not_to_contain_text(STAFF["research"][0])
    story.looked_at(MEMBER)
    expect(story.at(MEMBER, "/account").locator("main")).to_contain_text(OUTCOME)
    story.looked_at(MEMBER)


def test_a_consultation_is_prepared_until_it_may_go_live_and_then_put_off_for_a_reason_the_public_reads(
    story: Story,
) -> None:
    house = story.running.house
    with house.transaction() as db:
        topic = planned_topic(house, db, 2028).id
    held_on = day(clock.now()) + timedelta(days=14)
    consultation = plan(story, topic, held_on)
    research(story, consultation)
    sitting = schedule(story, consultation, held_on)
    run_of_show(story, sitting)
    attend(story, sitting)
    material(story, sitting)
    brief(story, sitting)
    make_ready(story, sitting)
    postpone(story, sitting)
    assert story.complaints == []


def plan(story: Story, topic: int, held_on: date) -> int:
    consultation = story.begin(
        "committee",
        topic,
        "consultation/plan",
        "立项",
        title=KNOWN,
        form="thematic",
        series="mayor_f2f",
        aim="听取意见，推动解决。",
        planned_on=str(held_on),
    )
    programme = {
        "aim": "听取意见。",
        "people": "市长、委员、市民代表",
        "agenda": "通报、提问、解答",
        "division": "办公室统筹",
        "online_plan": "全程直播",
    }
    story.do("committee", consultation, "起草方案", **programme)
    story.at("leader", f"/desk/matters/{consultation}")
    story.looked_at("leader")
    story.do("leader", consultation, "Approve the programme")
    return consultation


def research(story: Story, consultation: int) -> None:
    """On the group leader's phone: visits, a questionnaire, findings, the report put in twice."""
    task = story.begin(
        "committee",
        consultation,
        "research/plan",
        "布置调研",
        title="小区物业调研",
        group_id=STAFF["group1"][3],
        questions="公共收益怎么公布？",
    )
    today = str(day(clock.now()))
    story.do("committee", consultation, "发出通知，开始调研")
    page = story.at("group1", f"/desk/matters/{task}/start_field")
    visits = {"visits-0-visit_on": today, "visits-0-place": "新苑小区", "visits-0-whom": "业主代表"}
    for name, value in visits.items():
        page.fill(f'[name="{name}"]', value)
    page.get_by_role("button", name="再加一行").tap()
    for name, value in {name.replace("-0-", "-1-"): value for name, value in visits.items()}.items():
        page.fill(f'[name="{name}"]', value.replace("新苑小区", "梧桐苑"))
    story.looked_at("group1")
    page.get_by_role("button", name="开始调研", exact=True).tap()
    story.done("group1", "开始调研")
    page = story.at("group1", f"/desk/matters/{task}/record_visit")
    page.select_option("#visit", value="1")
    story.send(page, "登记走访情况", outcome="held")
    story.done("group1", "登记走访情况")
    expect(page.locator("tr", has_text="新苑小区").first).to_contain_text("已走访")
    ask_around(story, task)
    page = story.at("group1", f"/desk/matters/{task}/add_finding")
    page.select_option("#visit", value="1")
    story.send(page, "登记调研发现", claim=FINDING, place="新苑小区", found_on=today)
    story.done("group1", "登记调研发现")
    story.looked_at("group1")
    report(story, task)


def ask_around(story: Story, task: int) -> None:
    """A questionnaire that two who did not sign in have answered."""
    asking = story.begin(
        "group1",
        task,
        "questionnaire/draft",
        "拟调查问卷",
        title="业主问卷",
        intro="了解小区公共收益的公布情况。",
    )
    story.do("group1", asking, "加一道题", wording="账目公布过吗？", kind="one", options="公布过\n没有公布")
    story.do("group1", asking, "加一道题", wording="您有什么建议？", kind="text")
    story.looked_at("group1")
    story.do("group1", asking, "开放作答", closes_on=str(day(clock.now()) + timedelta(days=3)))
    for who, choice in (("neighbour1", "公布过"), ("neighbour2", "没有公布")):
        page = story.page(who)
        page.set_viewport_size(PHONE)
        page.goto(f"/questionnaires/{asking}")
        page.get_by_label(choice, exact=True).check()
        page.check("#accepted")
        story.looked_at(who)
        page.get_by_role("button", name="提交答卷").click()
        expect(page.get_by_text("已收到您的答卷")).to_be_visible()
    page = story.at("group1", f"/desk/matters/{asking}")
    expect(page.locator("main")).to_contain_text(re.compile(r"收回答卷\s*2"))
    story.looked_at("group1")
    story.do("group1", asking, "结束作答")


def report(story: Story, task: int) -> None:
    """Put in by the group, returned, put in again with what was changed, accepted by the committee."""
    paper, film = story.folder / "调研报告.docx", story.folder / "走访短片.mp4"
    document = Document()
    document.add_paragraph("调研报告")
    document.save(str(paper))
    film.write_bytes(MP4)
    chapters = {"chapters-0-second": "0", "chapters-0-title": "走访概况"}
    story.do(
        "group1",
        task,
        "提交调研报告",
        summary="账目公布不及时。",
        report_id=str(paper),
        video_id=str(film),
        **chapters,
    )
    story.do("committee", task, "退回修改", remark=FEEDBACK)
    page = story.at("group1", "/desk/")
    page.get_by_role("link", name="小区物业调研").first.tap()
    expect(page.locator("main")).to_contain_text(FEEDBACK)
    story.do(
        "group1",
        task,
        "修改后重新提交",
        changes="已补充名单。",
        summary="走访新苑小区、梧桐苑，账目公布不及时。",
        report_id=str(paper),
    )
    story.looked_at("group1")
    story.do("committee", task, "验收")
    for words in ("第 1 稿", "第 2 稿", FEEDBACK, "已补充名单。", "走访概况"):
        expect(story.page("committee").locator("main")).to_contain_text(words)
    story.looked_at("committee")


def schedule(story: Story, consultation: int, held_on: date) -> int:
    """The sitting; its posts are given beforehand, as they are no part of this story."""
    sitting = story.begin(
        "committee",
        consultation,
        "sitting/schedule",
        "排定会议",
        title="市长与政协委员面对面",
        starts_at=f"{held_on}T14:00",
        ends_at=f"{held_on}T16:00",
        place="市行政中心一号会议室",
    )
    house = story.running.house
    house.now = clock.now()
    with house.transaction() as db:
        at, committee = db.get_one(Sitting, sitting), house.actor(db, "committee")
        for role, name in SITTING_POSTS.items():
            grant_post(db, house.actor(db, name).person, role, at, actor=committee, now=house.now)
        for post in people.posts_of_sitting(db, sitting):
            confirm_post(db, post, actor=house.actor(db, "office"), now=house.now)
    return sitting


def run_of_show(story: Story, sitting: int) -> None:
    """The first part has somebody in charge, and what is then shown on the screen."""
    page = story.at("committee", f"/desk/sittings/{sitting}/programme")
    page.fill('[name="parts-0-in_charge"]', STAFF["committee"][0])
    page.fill('[name="parts-0-cue"]', "播放走访短片")
    page.select_option('[name="parts-0-material"]', label="走访短片.mp4")
    story.looked_at("committee")
    story.send(page, "保存议程")
    expect(page.get_by_text("议程已保存。")).to_be_visible()
    expect(page.locator("tr", has_text="播放走访短片")).to_contain_text(STAFF["committee"][0])


def attend(story: Story, sitting: int) -> None:
    """Three are invited: one comes from afar, one asks for leave, which another grants, one of a unit just comes."""
    page = story.at("committee", f"/desk/sittings/{sitting}/invitations")
    page.check("#must")
    for who in ("group1", "group2", "unit_admin"):
        page.get_by_label(STAFF[who][0]).check()
    story.looked_at("committee")
    page.get_by_role("button", name="发出邀请").click()
    expect(page.get_by_text("邀请已发出。")).to_be_visible()
    seat = opened(page, STAFF["group2"][0])
    story.do("committee", seat, "安排远程席位", remote_url="https://meeting.example/8")
    page = story.at("group2", "/desk/")
    story.looked_at("group2")
    page.get_by_role("button", name="答复参加").tap()
    story.done("group2", "答复参加")
    story.at("group2", f"/desk/matters/{seat}/answer_remote")
    story.looked_at("group2")
    story.send(page, "答复远程参会告知", remote_consent="agreed")
    story.done("group2", "答复远程参会告知")
    story.looked_at("group2")
    page = story.at("group1", "/desk/")
    page.get_by_role("link", name="请假", exact=True).tap()
    story.send(page, "请假", reason="当天参加省里的会议。")
    story.done("group1", "请假")
    story.do("office", number(page.url), "准假")
    story.at("unit_admin", "/desk/").get_by_role("button", name="答复参加").click()
    story.done("unit_admin", "答复参加")
    story.at("committee", f"/desk/matters/{sitting}")
    for who, state in (("group1", "准假"), ("group2", "参加"), ("unit_admin", "参加")):
        row = story.page("committee").locator("tr", has_text=STAFF[who][0])
        expect(row.filter(has_text=state)).to_be_visible()


def opened(page: Page, name: str) -> int:
    """The number of what stands in the line of a list."""
    page.get_by_role("link", name=name).click()
    page.wait_for_url("**/desk/matters/*")
    return number(page.url)


def material(story: Story, sitting: int) -> None:
    """One of the two it is for reads it on the phone, the other is reminded."""
    page = story.at("committee", f"/desk/sittings/{sitting}/materials/new")
    story.looked_at("committee")
    story.send(page, "上传", title="调研通报", file_id=str(story.folder / "调研报告.docx"))
    expect(page.get_by_text("材料已上传，还没有发放。")).to_be_visible()
    given = number(page.url)
    story.do("committee", given, "发放")
    reader = story.at("group2", "/desk/")
    reader.get_by_role("link", name="调研通报").first.tap()
    story.looked_at("group2")
    with reader.expect_download() as download:
        reader.get_by_role("link", name="查阅", exact=True).tap()
    assert download.value.suggested_filename == "调研报告.docx"
    story.do("committee", given, "提醒未查阅的人")
    row = page.get_by_role("table", name="收件人").locator("tr")
    expect(row.filter(has_text=STAFF["unit_admin"][0])).to_contain_text("未查阅")
    expect(row.filter(has_text=STAFF["group2"][0])).not_to_contain_text("未查阅")
    story.looked_at("committee")
    expect(story.at("unit_admin", "/desk/notices").locator("main")).to_contain_text("调研通报")


def brief(story: Story, sitting: int) -> None:
    """Released to the unit that takes part; its liaison reads it."""
    unit = STAFF["unit_admin"][2]
    page = story.at("committee", f"/desk/sittings/{sitting}/brief/")
    expect(page.locator("main")).to_contain_text(unit)
    story.looked_at("committee")
    page.get_by_role("button", name="发放", exact=True).click()
    story.done("committee", "发放会前简报")
    liaison = story.at("unit_admin", "/desk/")
    story.looked_at("unit_admin")
    liaison.get_by_role("link", name="查看简报").click()
    expect(liaison.locator("main")).to_contain_text(FINDING)
    story.looked_at("unit_admin")


def make_ready(story: Story, sitting: int) -> None:
    """Each owner ticks what is theirs; while one is missing the page says whose it is."""
    story.do("moderator1", sitting, "开放网络征集", rules_posted="1")
    last = "leader"
    for who, items in READINESS.items():
        if who != last:
            tick(story, who, sitting, len(items), "确认", "确认准备事项")
    page = story.at("committee", f"/desk/matters/{sitting}")
    expect(page.get_by_role("link", name="确认准备就绪", exact=True)).to_have_count(0)
    refusal = page.locator(".notice", has_text="确认准备就绪")
    expect(refusal).to_contain_text("已指定切断直播的负责人")
    expect(refusal).to_contain_text("值班领导")
    story.looked_at("committee")
    tick(story, last, sitting, len(READINESS[last]), "Confirm", "Confirm items of the checklist")
    story.looked_at(last)
    story.do("committee", sitting, "确认准备就绪")
    host = story.at("host1", f"/hall/{sitting}/host")
    expect(host.get_by_role("button", name="开始直播")).to_be_visible()
    expect(host.locator("main")).to_contain_text("播放走访短片")
    story.looked_at("host1")


def tick(story: Story, who: str, sitting: int, many: int, button: str, verb: str) -> None:
    page = story.at(who, f"/desk/matters/{sitting}")
    for _ in range(many):
        page.get_by_role("button", name=button, exact=True).first.click()
        story.done(who, verb)


def postpone(story: Story, sitting: int) -> None:
    story.do("leader", sitting, "Postpone", public_reason=PUBLIC_REASON)
    story.looked_at("leader")
    page = story.page("neighbour1")
    page.goto(f"/live/{sitting}")
    expect(page.get_by_text(PUBLIC_REASON).first).to_be_visible()
    story.looked_at("neighbour1")
    expect(story.at("group2", "/desk/notices").locator("main")).to_contain_text("延期")
    story.looked_at("group2")
