"""The public page of a consultation: what is on, what was found, and what a reader can do today."""

from engine.actions.perform import perform
from engine.models.consultation import Consultation
from tests.houses import consultation, questionnaire, research, sitting
from tests.web.visitors import Web, said


def page(web: Web, number: int | None) -> str:
    return web.visitor().get(f"/consultations/{number}").text


def test_before_anything_is_published_each_part_says_when_it_will_be(web: Web) -> None:
    with web.house.transaction() as db:
        number = consultation(web.house, db).id
    shown = page(web, number)
    for words in ("会议时间还没有排定。", "调研报告还没有验收。", "还没有建议。"):
        assert words in shown
    assert 'class="button primary"' not in shown


def test_the_first_thing_a_reader_can_do_is_the_pages_one_button(web: Web) -> None:
    with web.house.transaction() as db:
        asking = questionnaire(web.house, db)
        number, form = asking.parent.parent_id, f"/questionnaires/{asking.id}"
    assert f'<a class="button primary" href="{form}">填写调查问卷</a>' in page(web, number)


def test_while_questions_are_taken_online_the_button_leads_there(web: Web) -> None:
    with web.house.transaction() as db:
        at = sitting(web.house, db, live=False)
        number, live = at.parent_id, f"/live/{at.id}"
    assert f'<a class="button primary" href="{live}">我要提问</a>' in page(web, number)
    assert "网上提问已经开放，会议结束前都可以提。" in page(web, number)
    assert page(web, number).count('class="button primary"') == 1


def test_during_a_sitting_the_button_leads_into_it(web: Web) -> None:
    with web.house.transaction() as db:
        at = sitting(web.house, db)
        number, live = at.parent_id, f"/live/{at.id}"
    assert f'<a class="button primary" href="{live}">进入现场</a>' in page(web, number)


def test_a_cancelled_consultation_promises_nothing_more(web: Web) -> None:
    with web.house.transaction() as db:
        task = research(web.house, db)
        number = task.parent_id
        of, leader = db.get_one(Consultation, number), web.house.actor(db, "leader")
        perform(db, of, "cancel", actor=leader, now=web.house.now, public_reason="台风。")
    shown = page(web, number)
    assert "理由：台风。" in shown
    assert shown.count("协商取消，这里不再公布内容。") == 3
    assert "还没有" not in said(web.visitor().get(f"/consultations/{number}"))
