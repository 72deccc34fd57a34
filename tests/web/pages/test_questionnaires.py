"""A questionnaire: written and read at the desk, answered by anybody who has its address."""

from datetime import date

import pytest

from engine.actions.perform import create, perform
from engine.actions.questionnaire import answer, draft_questionnaire
from engine.models.consultation import Consultation, Research
from engine.models.questionnaire import Questionnaire
from tests.houses import ITEMS, paper, questionnaire, research
from tests.web.test_bad_input import KINDS
from tests.web.test_bad_input import send as send_raw
from tests.web.visitors import Visitor, Web, said
from web.limits import limiter


def opened(web: Web, to: date = date(2026, 10, 20)) -> tuple[int, list[int]]:
    """Its number and those of its questions."""
    with web.house.transaction() as db:
        asking = questionnaire(web.house, db, to=to)
        return asking.id, [item.id for item in asking.items]


def send(visitor: Visitor, number: int, items: list[int], *values: object, accepted: str = "1"):
    path = f"/questionnaires/{number}"
    visitor.get(path)
    given = {f"item-{item}": value for item, value in zip(items, values, strict=False)}
    return visitor.post(path, given | {"accepted": accepted})


def accept(web: Web, number: int) -> int:
    """Closes it and has its research accepted; the consultation's number."""
    with web.house.transaction() as db:
        asking = db.get_one(Questionnaire, number)
        task, leader = db.get_one(Research, asking.parent_id), web.house.actor(db, "group1")
        perform(db, asking, "close", actor=leader, now=web.house.now)
        report = {"summary": "账目不公开。", "report_id": paper(web.house, db, task, "报告.pdf")}
        perform(db, task, "submit_report", actor=leader, now=web.house.now, **report)
        perform(db, task, "accept", actor=web.house.actor(db, "committee"), now=web.house.now)
        return task.parent_id or 0


def test_the_leader_drafts_writes_and_opens_it_from_the_research(web: Web) -> None:
    with web.house.transaction() as db:
        task = research(web.house, db).id
    leader = web.sign_in("group1")
    begin = f"/desk/matters/{task}/new/questionnaire/draft"
    assert begin in leader.get(f"/desk/matters/{task}").text
    page = leader.post(begin, {"title": "业主问卷", "intro": "为了解账目公开情况。"}).location
    assert "还没有题目。" in said(leader.get(page))
    shown = leader.get(page)
    assert "问卷至少要有 1 道题，请先“加一道题”。 加一道题" in said(shown)
    assert f'<a href="{page}/add_item">加一道题</a>' in shown.text
    item = {"wording": "账目公布过吗？", "kind": "one", "options": "公布过\n没有公布"}
    refused = leader.post(f"{page}/add_item", item | {"options": "只有一项"})
    assert (refused.status_code, "请写 2 到 10 个不同的选项" in said(refused)) == (422, True)
    assert leader.post(f"{page}/add_item", item).location == page
    assert "1. 账目公布过吗？ 单选 公布过 / 没有公布" in said(leader.get(page))
    assert '<option value="1">1. 账目公布过吗？</option>' in leader.get(f"{page}/remove_item").text
    assert leader.post(f"{page}/open", {"version": "1", "closes_on": "2026-10-20"}).location == page
    public = f"/questionnaires/{page.rpartition('/')[2]}"
    assert public in leader.get(page).text
    assert "为了解账目公开情况。" in said(web.visitor().get(public))


def written(web: Web) -> tuple[str, list[int]]:
    """The page of a draft with questions, and their numbers."""
    with web.house.transaction() as db:
        leader, task = web.house.actor(db, "group1"), research(web.house, db)
        asking = draft_questionnaire(db, task, actor=leader, now=web.house.now, title="业主问卷")
        for item in ITEMS:
            perform(db, asking, "add_item", actor=leader, now=web.house.now, **item)
        return f"/desk/matters/{asking.id}", [item.id for item in asking.items]


def test_a_question_is_rewritten_from_what_it_says_and_moved_by_buttons(web: Web) -> None:
    page, items = written(web)
    leader = web.sign_in("group1")
    shown = leader.get(page)
    assert f"{page}/change_item?item={items[1]}" in shown.text
    assert (shown.text.count(">上移<"), shown.text.count(">下移<")) == (3, 3)
    form = leader.get(f"{page}/change_item?item={items[1]}")
    assert 'value="最不满意哪些服务？"' in form.text or ">最不满意哪些服务？</textarea>" in form.text
    assert "停车\n保洁\n维修</textarea>" in form.text
    assert 'value="several" checked' in form.text
    assert "选项 视情况必填" in said(form)
    item = {"item": items[1], "wording": "最满意哪些服务？", "kind": "several", "options": "停车\n保洁"}
    assert leader.post(f"{page}/change_item", item).location == page
    assert "2. 最满意哪些服务？ 多选 停车 / 保洁" in said(leader.get(page))
    move = {"item": items[1], "towards": "up"}
    assert leader.post(f"{page}/move_item", move).location == page
    assert "1. 最满意哪些服务？" in said(leader.get(page))
    refused = leader.post(f"{page}/move_item", move)
    assert (refused.status_code, "这道题已经在头上或末尾。" in said(refused)) == (422, True)


def test_what_was_typed_for_one_question_is_not_put_into_another(web: Web) -> None:
    page, items = written(web)
    leader = web.sign_in("group1")
    leader.get(f"{page}/change_item?item={items[0]}")
    typed = {"item": items[0], "wording": "没有写完", "kind": "text", "options": ""}
    leader.post(f"{page}/change_item/draft", typed)
    assert "没有写完" in leader.get(f"{page}/change_item?item={items[0]}").text
    assert "没有写完" not in leader.get(f"{page}/change_item?item={items[1]}").text


def test_a_draft_is_previewed_as_the_public_will_see_it_and_nothing_is_sent(web: Web) -> None:
    page, _items = written(web)
    number = page.rpartition("/")[2]
    path = f"/questionnaires/{number}/preview"
    leader = web.sign_in("group1")
    assert path in leader.get(page).text
    shown = leader.get(path)
    for words in ("这是预览，公众还看不到", "1. 账目公布过吗？", "1＝很不满意", "5＝很满意"):
        assert words in said(shown)
    assert 'type="button" disabled>提交答卷</button>' in shown.text
    assert leader.post(path, {}).status_code == 405
    assert web.sign_in("group2").get(path).status_code == 404
    assert leader.get("/questionnaires/999999/preview").status_code == 404


def test_a_finding_is_not_asked_for_a_question_while_there_is_none_to_choose(web: Web) -> None:
    with web.house.transaction() as db:
        asking = questionnaire(web.house, db)
        number, task = asking.id, asking.parent_id
    leader = web.sign_in("group1")
    path = f"/desk/matters/{task}/add_finding"
    assert 'name="asked"' not in leader.get(path).text
    with web.house.transaction() as db:
        perform(
            db,
            db.get_one(Questionnaire, number),
            "close",
            actor=web.house.actor(db, "group1"),
            now=web.house.now,
        )
    assert 'name="asked"' in leader.get(path).text


def test_anybody_answers_once_from_a_browser_and_may_change_it(web: Web) -> None:
    number, items = opened(web)
    citizen, other = web.visitor(), web.visitor()
    shown = said(citizen.get(f"/questionnaires/{number}"))
    for words in (
        "业主问卷",
        "当湖街道活动组",
        "1. 账目公布过吗？",
        "不用登录，不记姓名",
        "10月20日（周二）结束以前可以修改",
    ):
        assert words in shown
    answer = send(citizen, number, items, "2", ["1", "3"], "4", "公布账目。")
    assert answer.location == f"/questionnaires/{number}"
    again = citizen.get(answer.location)
    assert "这个浏览器已经交过答卷" in said(again)
    for value in ("2", "4"):
        assert f'value="{value}" checked' in again.text
    assert again.text.count("checked") == 4
    assert "公布账目。</textarea>" in again.text
    send(citizen, number, items, "1")
    assert "这个浏览器已经交过答卷" not in said(other.get(f"/questionnaires/{number}"))
    send(other, number, items, "1")
    page = said(web.sign_in("group1").get(f"/desk/matters/{number}"))
    assert "收回答卷 2 份 截至" in page
    assert "公布过 2 / 2 · 100.0%" in page


def test_what_is_not_offered_or_not_agreed_to_is_said_and_nothing_is_kept(web: Web) -> None:
    number, items = opened(web)
    citizen = web.visitor()
    for values, accepted, words in (
        (["2"], "", "请先同意隐私说明。"),
        (["9"], "1", "第 1 题请从列出的选项中选择。"),
        ([], "1", "请至少回答一道题。"),
        ([None, None, None, "长" * 501], "1", "第 4 题请填写文字，最多 500 字。"),
    ):
        values = ["" if value is None else value for value in values]
        refused = send(citizen, number, items, *values, accepted=accepted)
        assert (refused.status_code, words in said(refused)) == (422, True)
    assert "收回答卷 0 份" in said(web.sign_in("group1").get(f"/desk/matters/{number}"))


def test_what_was_written_is_for_the_group_alone(web: Web) -> None:
    number, items = opened(web)
    send(web.visitor(), number, items, "1", "1", "5", "请公布维修资金。")
    assert "请公布维修资金。" in said(web.sign_in("group1").get(f"/desk/matters/{number}"))
    committee = said(web.sign_in("committee").get(f"/desk/matters/{number}"))
    assert "请公布维修资金。" not in committee
    assert "文字答复只给本活动组组长看。" in committee
    assert web.sign_in("group2").get(f"/desk/matters/{number}").status_code == 403


def test_its_figures_are_published_with_the_accepted_research_and_none_is_small(web: Web) -> None:
    number, items = opened(web)
    with web.house.transaction() as db:
        asking = db.get_one(Questionnaire, number)
        for who, choice in enumerate("1111111222223"):
            given = {items[0]: choice, items[3]: "公布维修资金。"}
            answer(db, asking, given, token=str(who), now=web.house.now)
    citizen, path = web.visitor(), f"/questionnaires/{number}"
    assert "公布过 7 / 13" not in said(citizen.get(path))
    consultation = accept(web, number)
    page = said(citizen.get(path))
    assert "公布过 7 / 13 · 53.8%" in page
    assert page.count(" 人数太少，不公布") == 2
    assert page.count("作答人数太少，不公布。") == 2
    assert "公布维修资金。" not in page
    public = citizen.get(f"/consultations/{consultation}")
    assert f'<a href="{path}">调查问卷结果：业主问卷</a>' in public.text


def test_the_public_finds_an_open_one_on_the_page_of_its_consultation(web: Web) -> None:
    number, _items = opened(web)
    with web.house.transaction() as db:
        consultation = db.get_one(Research, db.get_one(Questionnaire, number).parent_id).parent_id
    assert f'href="/questionnaires/{number}"' in web.visitor().get("/").text
    page = web.visitor().get(f"/consultations/{consultation}")
    assert f'href="/questionnaires/{number}"' in page.text
    assert "正在征集答卷" in said(page)


def test_after_its_last_day_nothing_is_taken_and_no_figure_shown_before_the_report(web: Web) -> None:
    number, items = opened(web, to=date(2026, 10, 12))
    citizen = web.visitor()
    citizen.get(f"/questionnaires/{number}")
    web.later(days=1)
    assert "这份问卷已经结束。" in said(citizen.get(f"/questionnaires/{number}"))
    refused = send(web.visitor(), number, items, "1")
    assert (refused.status_code, "这份问卷现在不接受作答。" in said(refused)) == (409, True)


@pytest.mark.parametrize("verb", [None, "discard"])
def test_one_that_was_never_open_is_not_there_for_the_public(web: Web, verb: str | None) -> None:
    with web.house.transaction() as db:
        task = research(web.house, db)
        leader = web.house.actor(db, "group1")
        asking = create(db, task, "questionnaire", "draft", actor=leader, now=web.house.now, title="拟稿")
        if verb:
            perform(db, asking, verb, actor=leader, now=web.house.now)
        number = asking.id
    assert web.visitor().get(f"/questionnaires/{number}").status_code == 404
    assert web.visitor().get(f"/questionnaires/{number + 1}").status_code == 404


def test_of_a_cancelled_consultation_its_page_says_that_it_is_closed(web: Web) -> None:
    number, items = opened(web)
    citizen = web.visitor()
    assert send(citizen, number, items, "1").status_code == 302
    with web.house.transaction() as db:
        task = db.get_one(Research, db.get_one(Questionnaire, number).parent_id)
        parent, leader = db.get_one(Consultation, task.parent_id), web.house.actor(db, "leader")
        perform(db, parent, "cancel", actor=leader, now=web.house.now, public_reason="台风。")
    refused = send(citizen, number, items, "2")
    assert (refused.status_code, "这项协商已经取消，问卷不再收答卷。" in said(refused)) == (409, True)
    page = citizen.get(f"/questionnaires/{number}")
    assert "这项协商已经取消，问卷不再收答卷。 理由：台风。" in said(page)
    assert "提交答卷" not in page.text
    assert "收回答卷 1" in said(web.sign_in("group1").get(f"/desk/matters/{number}"))


def test_two_who_remove_the_same_question_remove_one(web: Web) -> None:
    with web.house.transaction() as db:
        leader = web.house.actor(db, "group1")
        asking = draft_questionnaire(
            db, research(web.house, db), actor=leader, now=web.house.now, title="业主问卷"
        )
        for item in ITEMS:
            perform(db, asking, "add_item", actor=leader, now=web.house.now, **item)
        page, given = f"/desk/matters/{asking.id}", {"item": asking.items[1].id, "version": asking.version}
    both = [web.sign_in("group1"), web.sign_in("committee")]
    for visitor in both:
        visitor.get(f"{page}/remove_item")
    first, second = (visitor.post(f"{page}/remove_item", given) for visitor in both)
    assert (first.status_code, second.status_code) == (302, 422)
    assert "没有这道题，请从列表中选择。" in said(second)
    assert "2. 总体满意度 打分（1 至 5 分）" in said(both[0].get(page))


def test_a_browser_that_sends_without_end_is_slowed_down(web: Web) -> None:
    number, items = opened(web)
    citizen = web.visitor()
    limiter.enabled = True
    try:
        codes = [send(citizen, number, items, "1").status_code for _ in range(11)]
    finally:
        limiter.enabled = False
    assert codes == [302] * 10 + [429]


def test_whatever_is_sent_for_an_answer_it_is_kept_or_refused_in_words(web_on_both: Web) -> None:
    web = web_on_both
    number, items = opened(web)
    citizen, path = web.visitor(), f"/questionnaires/{number}"
    for item in items:
        for text in KINDS:
            citizen.get(path)
            answer = send_raw(citizen, path, {f"item-{item}": text, "accepted": "1"})
            assert answer.status_code in (302, 400, 422), (item, text[:20])
            assert answer.status_code == 302 or "。" in said(answer)
            assert "<script>alert" not in answer.text + citizen.get(path).text


def test_answers_to_questions_of_another_questionnaire_are_not_taken(web: Web) -> None:
    number, items = opened(web)
    refused = send(web.visitor(), number, [max(items) + 1, 999_999], "1", "1")
    assert (refused.status_code, "请至少回答一道题。" in said(refused)) == (422, True)
