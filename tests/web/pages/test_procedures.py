"""Procedures in the workbench: seen as they run, changed by two people, refused in words."""

import re

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
    assert listed.count('href="/desk/procedures/') == 9
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
