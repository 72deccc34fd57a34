"""Procedures in the workbench: seen as they run, changed by two people, refused in words."""

import html
import re

from engine.editions import shipped_names
from engine.models.edition import ProcessEdition
from tests.engine.actions.test_editions import MOVES, PLAN, RENAMED, WITH_NOTICE, propose
from tests.web.visitors import Visitor, Web, said

VARIANT = "/desk/procedures/plan/variant"


def given(text: str = WITH_NOTICE, do: str = "check", from_date: str = "2027-01-04") -> dict[str, str]:
    return {"text": text, "from_date": from_date, "do": do}


def proposed(web: Web) -> Visitor:
    admin = web.sign_in("sysadmin")
    assert admin.post(VARIANT, given(do="propose")).status_code == 302
    return admin


def test_every_procedure_is_listed_and_drawn_with_what_is_under_way(web: Web) -> None:
    with web.house.transaction() as db:
        web.house.topic(db, web.house.plan(db))
    admin = web.sign_in("sysadmin")
    listed = admin.get("/desk/procedures").text
    assert listed.count('href="/desk/procedures/') == len(shipped_names())
    drawn = admin.get("/desk/procedures/topic").text
    svg = drawn[drawn.index('class="diagram"') :]
    assert re.findall(r'text-anchor="end">(\d+)<', svg)[0] == "1"
    assert "通过初筛" in svg


def test_a_mistake_is_shown_with_its_line_and_nothing_typed_is_lost(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    wrong = WITH_NOTICE.replace('to    = "on_notice"', 'to    = "on_notise"')
    line = wrong.splitlines().index('to    = "on_notise"') + 1
    for do in ("check", "propose"):
        answer = admin.post(VARIANT, given(wrong, do))
        assert answer.status_code == 422
        assert f'data-line="{line}">{line}</a>' in answer.text
        assert "没有“on_notise”这个状态" in said(answer)
        assert "on_notise&#34;" in answer.text[answer.text.index("<textarea") :]
    with web.house.transaction() as db:
        assert db.get(ProcessEdition, ("plan", 2)) is None


def test_a_good_text_says_what_it_changes(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    answer = admin.post(VARIANT, given(WITH_NOTICE.replace("\n", "\r\n")))
    assert answer.status_code == 200
    assert "增加阶段“公示”。" in said(answer)
    assert "增加手续“开始公示”。" in said(answer)
    assert "和现行版本没有区别" in said(admin.post(VARIANT, given(PLAN)))


def test_a_day_that_is_none_or_past_is_refused_in_words(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    for day, words in (("soon", "请写成 2027-01-04 的样子"), ("2020-01-04", "请写今天或以后的日期")):
        answer = admin.post(VARIANT, given(do="propose", from_date=day))
        assert answer.status_code == 422
        assert words in said(answer)


def test_a_second_person_adopts_it_and_the_first_cannot(web_on_both: Web) -> None:
    web = web_on_both
    admin, office = proposed(web), web.sign_in("office")
    assert "有改动等第二人批准" in office.get("/desk/procedures").text
    page = "/desk/procedures/plan/editions/2"
    assert "/adopt" not in admin.get(page).text
    assert admin.post(f"{page}/adopt").status_code == 403
    assert f'action="{page}/adopt"' in office.get(page).text
    assert office.post(f"{page}/adopt").status_code == 302
    assert office.post(f"{page}/adopt").status_code == 409
    with web.house.transaction() as db:
        edition = db.get_one(ProcessEdition, ("plan", 2))
        assert edition.adopted_at
        assert edition.decided_by_id == web.house.actor(db, "office").id
    assert "第 1 版" in office.get("/desk/procedures/plan").text  # its day has not come


def test_whoever_adopts_may_have_what_is_under_way_move_with_a_place_for_each_lost_stage(web: Web) -> None:
    with web.house.transaction() as db:
        propose(web.house, db, RENAMED)
    office, page = web.sign_in("office"), "/desk/procedures/plan/editions/2"
    form = office.get(page).text
    assert "停在“三办会商”的事项转到" in form
    refused = office.post(f"{page}/adopt", {"move-running": "yes", "approved": "settled"})
    assert refused.status_code == 422
    assert "要写明停在“三办会商”的事项转到新版的哪个阶段。" in refused.text
    assert '<option value="settled" selected>' in refused.text
    assert office.post(f"{page}/adopt", {"move-running": "yes", **MOVES}).status_code == 302
    with web.house.transaction() as db:
        assert db.get_one(ProcessEdition, ("plan", 2)).moves == MOVES


def test_a_declined_one_never_holds(web: Web) -> None:
    proposed(web)
    office = web.sign_in("office")
    assert office.post("/desk/procedures/plan/editions/2/decline").status_code == 302
    assert "已退回" in office.get("/desk/procedures/plan").text


def test_what_is_not_there_is_404(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    for path in (
        "/desk/procedures/nothing",
        "/desk/procedures/nothing/variant",
        "/desk/procedures/plan/editions/99999999999",
    ):
        assert admin.get(path).status_code == 404


def edit(part: str, do: str, **fields: object) -> dict[str, object]:
    return given(PLAN, do) | {"part": part} | {key.replace("__", "."): value for key, value in fields.items()}


def test_a_part_is_opened_with_what_the_text_says_and_written_back(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    opened = admin.post(VARIANT, edit("state.draft_plan", "open"))
    assert 'name="due.0" required aria-describedby="due.0-help " value="10 workdays"' in opened.text
    answer = admin.post(
        VARIANT, edit("state.draft_plan", "write", zh="草案", en="Draft plan", due__0="12 workdays")
    )
    assert answer.status_code == 200
    assert "阶段“草案”的名称：计划草案 → 草案。" in said(answer)
    assert "within = &#34;12 workdays&#34;" in answer.text
    answer = admin.post(
        VARIANT,
        edit("verb.issue", "write", zh="印发计划", en="Issue the plan", doers=["leader", "office_staff"]),
    )
    assert "手续“印发计划”的由谁办理" in said(answer)


def test_a_public_notice_is_added_by_the_form_and_taken_out_again(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    stage = {"stage__zh": "公示", "stage__en": "Notice", "step__zh": "结束公示", "step__en": "End it"}
    lengths = {"wait": "5 workdays", "within": "10 workdays", "warn": "1 workday"}
    added = admin.post(
        VARIANT, edit("verb.record_review", "stage", stage__by=["office_staff"], **stage, **lengths)
    )
    assert added.status_code == 200
    assert "增加阶段“公示”。" in said(added)
    text = html.unescape(re.findall(r"<textarea.*?>(.*?)</textarea>", added.text, re.S)[0])
    gone = admin.post(VARIANT, given(text, "without") | {"part": "state.stage_1"})
    assert "和现行版本没有区别" in said(gone)


def test_what_the_form_cannot_write_is_refused_and_nothing_typed_is_lost(web: Web) -> None:
    admin = web.sign_in("sysadmin")
    wrong = admin.post(VARIANT, edit("state.draft_plan", "write", zh="草案", en="", due__0="soon"))
    assert wrong.status_code == 422
    assert "“soon”不是期限" in said(wrong)
    assert 'value="草案"' in wrong.text
    assert "计划草案" in wrong.text[wrong.text.index("<textarea") :]
    for part, do in (("state.nothing", "write"), ("", "without"), ("state.draft_plan", "stage")):
        stage = {"stage__zh": "公示", "stage__en": "Notice", "step__zh": "x", "step__en": "x", "within": "x"}
        answer = admin.post(VARIANT, edit(part, do, **stage))
        assert answer.status_code == 422
        assert "文本里没有这一项" in said(answer)
    broken = admin.post(VARIANT, given("process =", "write") | {"part": "verb.issue"})
    assert broken.status_code == 422
    assert "不是有效的 TOML" in said(broken)


def test_matters_where_a_text_has_no_stage_are_told(web: Web) -> None:
    with web.house.transaction() as db:
        web.house.plan(db)
    admin = web.sign_in("sysadmin")
    without_call = PLAN.replace("call_open", "calling").replace(
        'marks = ["calling"]', 'marks = ["call_open"]'
    )
    told = "有 1 项在“议题征集”，这个版本没有这个阶段。"
    assert told in said(admin.post(VARIANT, given(without_call)))
    assert admin.post(VARIANT, given(without_call, "propose")).status_code == 302
    assert told in said(admin.get("/desk/procedures/plan/editions/2"))
    assert told not in said(admin.get("/desk/procedures/plan"))
    web.sign_in("office").post("/desk/procedures/plan/editions/2/adopt")
    web.later(days=100)
    assert told in said(web.sign_in("secadmin").get("/desk/procedures/plan"))
