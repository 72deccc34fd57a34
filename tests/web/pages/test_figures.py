"""A sitting's figures as anybody sees them, frozen or not, and asking for a correction."""

import html
import json
import re

import pytest

from engine.actions.figures import ask_to_freeze
from engine.actions.tasks import LASTS, open_tasks
from engine.models.consultation import Segment, Sitting
from tests.crowds import CLOSED, OPENED, a_comment, a_sitting, watched
from tests.web.visitors import Web, said
from workers.jobs import do_task


@pytest.fixture
def over(web: Web) -> int:
    """A sitting with a crowd that closed a minute ago."""
    with web.house.transaction() as db:
        sitting = watched(db)
        a_comment(db, sitting)
        number = sitting.id
    web.house.now = CLOSED
    web.later(minutes=1)
    return number


def freeze(web: Web) -> None:
    with web.house.transaction() as db:
        ask_to_freeze(db, now=web.house.now)
        waiting = open_tasks(db, now=web.house.now)
    for task in waiting:
        do_task(web.house.database, web.app.config["SETTINGS"], task, LASTS)


def test_every_figure_stands_with_its_definition_and_how_firm_it_is(web: Web, over: int) -> None:
    path = f"/live/{over}/figures"
    shown = said(web.visitor().get(path))
    assert "会后 24 小时独立清点、定版，此前为暂定数据。 暂定 截至" in shown
    assert "访问量" in shown
    assert "断线重连算同一次" in shown
    assert "测试流量单列，不计入数值。" in shown
    assert "还没有定版。" in shown
    web.later(hours=24)
    freeze(web)
    shown = said(web.visitor().get(path))
    assert "会后 24 小时定版，由另一程序按原始记录独立清点相符。 已定版" in shown
    assert "相符" in shown


def test_the_page_and_the_interface_say_the_same_edition(web: Web, over: int) -> None:
    web.later(hours=24)
    freeze(web)
    told = web.visitor().get(f"/api/v1/sittings/{over}/statistics").json
    (edition,) = told["editions"]
    assert (edition["edition"], edition["agrees"], edition["reason"]) == (1, True, None)
    assert {figure["status"] for figure in told["figures"]} == {"frozen"}
    assert edition["raw"] in web.visitor().get(f"/live/{over}/figures").text


def test_the_chart_says_what_the_table_beside_it_says(web: Web, over: int) -> None:
    page = web.visitor().get(f"/live/{over}/figures")
    (drawn,) = re.findall(r"data-chart='([^']+)'", page.text)
    series = {one["name"]: one["values"] for one in json.loads(html.unescape(drawn))["series"]}
    assert set(series) == {"在线人数", "测试流量"}
    shown = said(page)
    for at, (online, test) in enumerate(zip(*series.values(), strict=True)):
        assert re.search(rf"15:0{at} {online} \d+ {test} \d+", shown)


def test_before_anything_was_counted_the_page_says_what_will_stand_there(web: Web) -> None:
    with web.house.transaction() as db:
        number = a_sitting(db, opened=None).id
    shown = said(web.visitor().get(f"/live/{number}/figures"))
    assert "还没有数据。 直播开始后，访问、点赞、评论和提问的数字在这里公布。" in shown
    assert web.visitor().get("/live/999/figures").status_code == 404


def test_the_raw_rows_are_for_those_who_run_the_sitting(web: Web, over: int) -> None:
    web.later(hours=24)
    freeze(web)
    path = f"/live/{over}/figures"
    assert 'href="/files/' not in web.visitor().get(path).text
    staff = web.sign_in("committee")
    (raw,) = [
        part.split('"')[0] for part in staff.get(path).text.split('href="')[1:] if part.startswith("/files/")
    ]
    assert staff.get(raw).headers["Content-Type"] == "application/gzip"
    assert web.visitor().get(raw).status_code == 404
    assert web.sign_in("moderator1").get(raw).status_code in (403, 404)


def test_the_program_that_counts_again_is_handed_out(web: Web) -> None:
    answer = web.visitor().get("/figures/recounter.py")
    assert answer.headers["Content-Disposition"] == "attachment; filename=recounter.py"
    compile(answer.text, "recounter.py", "exec")


def test_a_correction_is_asked_for_with_a_public_reason(web: Web, over: int) -> None:
    web.later(hours=24)
    freeze(web)
    with web.house.transaction() as db:
        a_comment(db, db.get_one(Sitting, over))
    staff, path = web.sign_in("committee"), f"/desk/sittings/{over}/figures/correct"
    assert 'name="reason"' in staff.get(path).text
    before = web.facts()
    answer = staff.post(path, {"reason": "  "})
    assert (answer.status_code, "请写明更正的理由" in said(answer)) == (422, True)
    assert web.facts() == before
    assert staff.post(path, {"reason": "补录纸质评论一条。"}).status_code == 302
    assert staff.post(path, {"reason": "补录纸质评论一条。"}).status_code == 409
    freeze(web)
    shown = said(web.visitor().get(f"/live/{over}/figures"))
    assert "补录纸质评论一条。" in shown
    assert "数值与上一版相同。" not in shown
    staff.post(path, {"reason": "再清点一次。"})
    freeze(web)
    assert said(web.visitor().get(f"/live/{over}/figures")).count("再清点一次。 数值与上一版相同。") == 1


def test_many_segments_ask_as_many_queries_as_one(web: Web, over: int) -> None:
    asked = []
    for many in (1, 9):
        with web.house.transaction() as db:
            for at in range(many):
                db.add(
                    Segment(
                        sitting_id=over,
                        position=10 * many + at,
                        kind="answers",
                        title="解答",
                        minutes=5,
                        started_at=OPENED,
                    )
                )
        asked.append(web.queries(web.visitor(), f"/live/{over}/figures"))
    assert asked[0] == asked[1]


def test_before_the_freezing_there_is_nothing_to_correct(web: Web, over: int) -> None:
    staff = web.sign_in("committee")
    assert "更正数据" not in staff.get(f"/live/{over}/figures").text
    answer = staff.post(f"/desk/sittings/{over}/figures/correct", {"reason": "补录。"})
    assert (answer.status_code, "数据正在定版" in said(answer)) == (409, True)
