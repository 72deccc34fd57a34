"""A procedure walked for trial in the workbench: the walk stands in the address, and nothing is made or kept."""

import html
import re
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from engine.models.matter import Matter
from tests.engine.actions.test_editions import PLAN, WITH_NOTICE
from tests.web.pages.test_procedures import VARIANT, given, proposed
from tests.web.visitors import Visitor, Web, said

WALK = "/desk/procedures/plan/walk"


def go(visitor: Visitor, path: str, **asked: str) -> TestResponse:
    """As a browser: presses a button, then follows to where the walk stands."""
    answer = visitor.get(f"{path}{'&' if '?' in path else '?'}{urlencode(asked)}")
    return visitor.get(answer.location) if answer.status_code == 302 else answer


def walked(visitor: Visitor, *steps: str, path: str = WALK, **asked: str) -> TestResponse:
    return visitor.get(f"{path}?{urlencode([('step', one) for one in steps] + list(asked.items()))}")


OFFICES = ("office_staff", "party_office", "government_office")
BEGUN = "open_call.office_staff.1.2027-01-04"
DRAFTED = "draft.office_staff.1.2027-01-04"
SUBMITTED = "submit.office_staff.1.2027-01-04"


def test_a_role_sees_its_steps_and_for_whom_else_it_waits(web: Web) -> None:
    admin, before = web.sign_in("sysadmin"), web.facts()
    fresh = admin.get(WALK)
    assert "还没有开始" in said(fresh)
    assert 'name="do" value="open_call"' in fresh.text
    begun = go(admin, WALK, role="office_staff", who="1", on="2027-01-04", do="open_call")
    assert begun.request.query_string.decode() == f"step={BEGUN}&role=office_staff&who=1&on=2027-01-04"
    waiting = walked(admin, BEGUN, DRAFTED, SUBMITTED, role="leader")
    assert 'name="do"' not in waiting.text
    assert "现在没有这个角色要办的手续" in said(waiting)
    assert re.findall(r'name="turn" value="(\w+)"', waiting.text) == [
        "office_staff",
        "party_office",
        "government_office",
    ]
    assert web.facts() == before
    with web.house.transaction() as db:
        assert db.query(Matter).count() == 0


def test_a_refused_step_says_what_the_engine_says_and_the_walk_stays(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    agreed = "agree.office_staff.1.2027-01-04"
    answer = walked(
        admin, BEGUN, DRAFTED, SUBMITTED, agreed, role="party_office", who="1", on="2027-01-05", do="agree"
    )
    assert answer.status_code == 403
    assert "其他单位要由另一人确认" in said(answer)
    assert f'name="step" value="{agreed}"' in answer.text
    assert walked(admin, BEGUN, role="leader", do="draft").status_code == 403


def test_days_pass_and_a_light_turns_late(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    assert "剩余 10 个工作日" in said(walked(admin, BEGUN, DRAFTED))
    later = go(admin, f"{WALK}?step={BEGUN}&step={DRAFTED}", role="office_staff", on="2027-01-04", later="30")
    assert "逾期" in said(later)
    assert 'value="2027-02-03"' in later.text


def test_conditions_over_rows_are_shown_as_taken_as_held(web: Web) -> None:
    shown = walked(web.sign_in("office"), BEGUN, DRAFTED, role="office_staff")
    assert "2 项条件视为已满足" in said(shown)
    assert "计划里至少要有 1 个议题" in said(shown)


def test_one_goes_back_to_where_a_step_was_done(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    back = go(admin, f"{WALK}?step={BEGUN}&step={DRAFTED}", role="leader", on="2027-03-01", back="1")
    assert back.request.query_string.decode() == f"step={BEGUN}&role=office_staff&who=1&on=2027-01-04"


def test_the_second_person_walks_what_is_proposed(web: Web) -> None:
    proposed(web)
    office = web.sign_in("office")
    page = "/desk/procedures/plan/editions/2"
    assert f'href="{page}/walk"' in office.get(page).text
    agreed = [
        f"agree.{role}.{who}.2027-01-04"
        for who, role in enumerate(("office_staff", "party_office", "government_office"), 1)
    ]
    review, decision, notice = (
        f"{verb}.office_staff.1.2027-01-04" for verb in ("record_review", "record_decision", "give_notice")
    )
    answer = walked(
        office,
        *(BEGUN, DRAFTED, SUBMITTED, *agreed, review, decision, notice),
        path=f"{page}/walk",
        role="leader",
    )
    assert "要等到 2027-01-11 期满之后" in said(answer)
    assert walked(office, "nothing.leader.1.2027-01-04", path=f"{page}/walk").status_code == 409


def test_a_text_being_written_is_walked_and_comes_back_unchanged(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    text = given(WITH_NOTICE.replace("发布征集", "开始征集").replace("\n", "\r\n"))
    fields = text | {"step": BEGUN, "role": "office_staff", "who": "1", "on": "2027-01-05", "do": "draft"}
    answer = admin.post(WALK, fields)
    assert answer.status_code == 200
    assert "计划草案" in said(answer)
    kept = re.findall(r'name="text" value="([^"]*)"', answer.text)
    assert {html.unescape(one) for one in kept} == {WITH_NOTICE.replace("发布征集", "开始征集")}
    assert 'name="from_date" value="2027-01-04"' in answer.text


def test_a_text_that_may_not_run_shows_its_faults_instead(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    answer = admin.post(WALK, given(PLAN.replace('to     = "call_open"', 'to     = "call_opened"')))
    assert (answer.status_code, answer.location) == (307, VARIANT)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"step": "x"}, 422),
        ({"step": "draft.office_staff.1.2027-01-04"}, 409),
        ({"step": f"{BEGUN}\n"}, 422),
        ({"step": "長" * 3000}, 422),
        ({"role": "nobody"}, 422),
        ({"who": "１"}, 422),
        ({"who": "9" * 3000}, 422),
        ({"on": "soon"}, 422),
        ({"on": "9999-12-31"}, 422),
        ({"on": "2100-12-31", "later": "30"}, 422),
        ({"do": "nothing"}, 404),
        ({"turn": "<b>"}, 422),
    ],
)
def test_what_an_address_should_not_say_is_refused_in_words(
    web: Web, asked: dict[str, str], status: int
) -> None:
    answer = web.sign_in("sysadmin").get(f"{WALK}?{urlencode(asked)}")
    assert answer.status_code == status
    assert "。" in said(answer)


def test_what_a_button_does_not_say_is_passed_over(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    for asked in ({"back": "9" * 3000}, {"back": "-1"}, {"later": "x"}):
        assert go(admin, WALK, **asked).status_code == 200


def test_a_walk_longer_than_may_be_is_refused(web: Web) -> None:
    text = given(WITH_NOTICE.replace('once_per     = "stay"\n', ""))
    fields = text | {"step": [BEGUN] * 20_000}
    assert web.sign_in("sysadmin").post(WALK, fields).status_code in (409, 413)


def test_a_date_that_the_procedure_counts_from_is_given_and_goes_along(web: Web) -> None:
    admin, dated = web.sign_in("sysadmin"), {"field.plenary_on": "2027-02-22"}
    steps = [f"agree.{role}.{who}.2027-01-04" for who, role in enumerate(OFFICES, start=1)]
    trail = [BEGUN, DRAFTED, SUBMITTED, *steps, "record_review.office_staff.1.2027-01-04"]
    without = walked(admin, *trail)
    assert "“全会前确定并印发”从一个日期算起，日期没有填，所以不计。" in said(without)
    page = walked(admin, *trail, **dated)
    assert (
        '<span>全会开幕日</span><input type="date" name="field.plenary_on" value="2027-02-22">' in page.text
    )
    assert "所以不计" not in said(page)
    assert "2月19日" in said(page)
    later = admin.get(
        f"{WALK}?{urlencode([('step', one) for one in trail])}&field.plenary_on=2027-02-22&later=7"
    )
    assert "field.plenary_on=2027-02-22" in later.location
    wrong = walked(admin, *trail, **{"field.plenary_on": "soon"}, later="7")
    assert wrong.status_code == 422
    assert "请写 2000 年到 2100 年的一天" in said(wrong)
    assert 'value="soon"' in wrong.text
    research = admin.get("/desk/procedures/research/walk").text
    assert "协商活动 · " in research
    assert 'name="parent.planned_on"' in research
