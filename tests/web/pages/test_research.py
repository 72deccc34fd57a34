"""A group's research as its page on the workbench and the public page of its consultation show it."""

from engine.actions.perform import perform
from engine.models.consultation import Research
from tests.houses import paper, research
from tests.web.visitors import Web, said


def task(web: Web) -> int:
    with web.house.transaction() as db:
        return research(web.house, db).id


def do(web: Web, number: int, verb: str, who: str = "group1", **given: object) -> None:
    with web.house.transaction() as db:
        subject = db.get_one(Research, number)
        perform(db, subject, verb, actor=web.house.actor(db, who), now=web.house.now, **given)


def file(web: Web, number: int, name: str, media_type: str = "application/pdf") -> int:
    with web.house.transaction() as db:
        return paper(web.house, db, db.get_one(Research, number), name, media_type)


def test_the_page_keeps_every_draft_with_the_remarks_on_it(web: Web) -> None:
    number, leader = task(web), web.sign_in("group1")
    assert "还没有提交报告。" in said(leader.get(f"/desk/matters/{number}"))
    first = file(web, number, "第一稿.pdf")
    do(web, number, "submit_report", summary="账目公布不及时。", report_id=first)
    do(web, number, "return_report", "committee", remark="请补充数据。")
    form = f"/desk/matters/{number}/resubmit_report"
    refused = leader.post(form, {"version": "4", "summary": "账目公布不及时。"})
    assert refused.status_code == 422
    assert "请填写“修改说明”。" in said(refused)
    do(
        web,
        number,
        "resubmit_report",
        changes="已补充。",
        summary="新摘要。",
        report_id=file(web, number, "第二稿.pdf"),
    )
    page = leader.get(f"/desk/matters/{number}")
    drafts = said(page).partition("报告各稿")[2].partition("办理经过")[0]
    for words in (
        "第 1 稿",
        "账目公布不及时。",
        "退回修改",
        "专委会人员 陈专委",
        "请补充数据。",
        "第 2 稿",
        "已补充。",
    ):
        assert words in drafts
        drafts = drafts.partition(words)[2]
    assert f'<a href="/files/{first}">第一稿.pdf</a>' in page.text
