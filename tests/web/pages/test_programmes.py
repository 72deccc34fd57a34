"""Writing the run-of-show: who is in charge, what is shown, whether it fits, and moving segments without a script."""

import re
from contextlib import suppress
from datetime import date

from engine.actions.research import plan_research
from engine.errors import NotFound
from engine.models.consultation import Consultation, Finding, Sitting
from engine.models.house import Document
from engine.queries.documents import document
from tests import houses
from tests.web.visitors import Visitor, Web, said

COLUMNS = ("kind", "title", "speaker", "minutes", "in_charge", "unit", "cue", "material")
ROWS = (
    ("briefing", "调研通报", "沈组长", "20", "陈专委", "1", "播放短片", "document-1"),
    ("answers", "部门解答", "", "40", "", "", "", "finding-1"),
)


def sitting(web: Web, *, live: bool = False) -> int:
    """One whose consultation has a finding and a file, each numbered 1."""
    with web.house.transaction() as db:
        at = houses.sitting(web.house, db, live=live)
        committee, consultation = web.house.actor(db, "committee"), db.get_one(Consultation, at.parent_id)
        given = {"title": "走访小区", "group_id": 1, "questions": "业主怎么看？"}
        task = plan_research(db, consultation, actor=committee, now=web.house.now, **given)
        film = Document(kind="upload", name="短片.mp4", media_type="video/mp4", size=1, sha256="0" * 64)
        film.matter_id, film.created_at = task.id, web.house.now
        claim = {"claim": "三个小区公布账目", "place": "新苑小区", "found_on": date(2026, 10, 12)}
        db.add_all([film, Finding(research_id=task.id, position=1, **claim)])
        return at.id


def typed(*rows: tuple[str, ...], **more: str) -> dict[str, str]:
    return {
        f"parts-{at}-{name}": value
        for at, row in enumerate(rows)
        for name, value in zip(COLUMNS, row, strict=True)
    } | more


def saved(web: Web, at: int) -> list[tuple[str, str, str]]:
    with web.house.transaction() as db:
        return [(part.title, part.owner, part.shown) for part in db.get_one(Sitting, at).segments]


def path(at: int) -> str:
    return f"/desk/sittings/{at}/programme"


def titles(page: str) -> list[str]:
    rows = page.split('name="parts-')[1:]
    return [row.split('value="')[1].split('"')[0] for row in rows if row.partition('"')[0].endswith("-title")]


def test_a_segment_has_somebody_in_charge_a_unit_and_a_cue_which_the_desk_and_the_host_see(web: Web) -> None:
    at, staff = sitting(web), web.sign_in("committee")
    answer = staff.post(path(at), typed(*ROWS))
    assert answer.location == f"/desk/matters/{at}"
    first, second = ("陈专委 · 市住房和城乡建设局", "播放短片 · 短片.mp4"), ("", "三个小区公布账目")
    assert saved(web, at) == [("调研通报", *first), ("部门解答", *second)]
    page = staff.get(answer.location)
    assert "调研通报 沈组长 陈专委 · 市住房和城乡建设局 播放短片 · 短片.mp4 20" in said(page)
    assert 'href="/files/1"' in page.text
    assert "各环节共 60 分钟，会议安排 120 分钟。" in said(page)
    host = web.sign_in("host1").get(f"/hall/{at}/host")
    assert "负责：陈专委 · 市住房和城乡建设局 播放： 播放短片 · 短片.mp4" in said(host)
    form = staff.get(path(at)).text
    assert '<option value="document-1" selected>短片.mp4' in form
    assert '<option value="finding-1" selected>三个小区公布账目' in form


def test_the_public_sees_neither_cue_nor_who_is_in_charge(web: Web) -> None:
    at = sitting(web)
    web.sign_in("committee").post(path(at), typed(*ROWS))
    for page in (f"/live/{at}", f"/hall/{at}/screen"):
        shown = said(web.visitor().get(page))
        assert "陈专委" not in shown
        assert "短片" not in shown


def test_who_runs_the_sitting_may_open_what_is_cued_there_and_nobody_else(web: Web) -> None:
    at = sitting(web)
    readers = {"committee", "recorder1", "leader", "group1"}
    assert who_opens(web) == readers
    web.sign_in("committee").post(path(at), typed(*ROWS))
    assert who_opens(web) == readers | {"host1"}


def who_opens(web: Web) -> set[str]:
    """The file of the research, which its own group reads and whoever leads the house."""
    opens = set()
    with web.house.transaction() as db:
        for who in (
            "committee",
            "leader",
            "group1",
            "group2",
            "host1",
            "recorder1",
            "moderator1",
            "unit_admin",
        ):
            with suppress(NotFound):
                document(db, 1, web.house.actor(db, who))
                opens.add(who)
    return opens


def test_a_run_of_show_that_is_too_long_is_said_and_kept(web: Web) -> None:
    at, staff = sitting(web), web.sign_in("committee")
    long = [(*row[:3], minutes, *row[4:]) for row, minutes in zip(ROWS, ("90", "45"), strict=True)]
    answer = staff.post(path(at), typed(*long))
    words = "议程超出会议时间 各环节共 135 分钟，会议安排 120 分钟，超出 15 分钟。"
    assert words in said(staff.get(answer.location))
    assert words in said(staff.get(path(at)))


def moved(staff: Visitor, at: int, move: str) -> list[str]:
    answer = staff.post(path(at), typed(*ROWS, move=move))
    assert answer.status_code == 200
    return titles(answer.text)


def test_a_segment_moves_by_a_button_and_nothing_is_kept_before_it_is_saved(web: Web) -> None:
    at, staff = sitting(web), web.sign_in("committee")
    before = saved(web, at)
    assert moved(staff, at, "down-0") == moved(staff, at, "up-1") == ["部门解答", "调研通报"]
    for nowhere in ("up-0", "down-1", "up-", "down-99", "left-1", "up--1", "up-٣"):
        assert moved(staff, at, nowhere) == ["调研通报", "部门解答"]
    page = staff.post(path(at), typed(*ROWS, move="down-0")).text
    assert '<option value="document-1" selected>' in page
    assert 'value="up-1" aria-label="第 2 环节：上移" autofocus' in page
    assert saved(web, at) == before


def test_a_segment_is_taken_out_by_a_button(web: Web) -> None:
    at, staff = sitting(web), web.sign_in("committee")
    before = saved(web, at)
    for which, left in (
        ("0", ["部门解答"]),
        ("1", ["调研通报"]),
        ("2", None),
        ("-1", None),
        ("٠", None),
        ("", None),
    ):
        page = staff.post(path(at), typed(*ROWS, remove=which))
        assert (page.status_code, titles(page.text)) == (200, left or ["调研通报", "部门解答"])
    assert saved(web, at) == before


def test_what_is_not_whole_or_not_of_this_consultation_is_refused_and_stays_typed(web: Web) -> None:
    at, staff = sitting(web), web.sign_in("committee")
    with web.house.transaction() as db:
        other = Document(
            kind="upload", name="别处.pdf", media_type="application/pdf", size=1, sha256="1" * 64
        )
        other.created_at = web.house.now
        db.add(other)
        db.flush()
        foreign = f"document-{other.id}"
    before = saved(web, at)
    row = dict(zip(COLUMNS, ROWS[0], strict=True))
    for wrong, says in (
        ({"cue": "长" * 101}, "播放内容最多 100 字"),
        ({"speaker": "长" * 101}, "发言人和播放内容最多 100 字"),
        ({"in_charge": "长" * 61}, "负责人最多 60 字"),
        ({"unit": "999"}, "没有这个单位"),
        ({"unit": "x"}, "没有这个单位"),
        ({"material": foreign}, "素材只能选本次协商"),
        ({"material": "finding-2"}, "素材只能选本次协商"),
        ({"material": "1"}, "素材只能选本次协商"),
        ({"minutes": "241"}, "1 到 240 分钟"),
        ({"title": ""}, "第 1 环节：要有名称"),
        ({"title": "甲\x0b乙"}, "控制字符"),
        ({"cue": "\x1b"}, "控制字符"),
    ):
        answer = staff.post(path(at), typed(tuple((row | wrong).values()), ROWS[1]))
        assert answer.status_code == 422, wrong
        assert says in said(answer)
        assert titles(answer.text)[1] == "部门解答"
    assert saved(web, at) == before


def test_two_who_write_it_at_once_do_not_undo_each_other(web: Web) -> None:
    at, one, other = sitting(web), web.sign_in("committee"), web.sign_in("office")
    version = re.findall(r'name="version" value="(\d+)"', one.get(path(at)).text)[0]
    assert other.post(path(at), typed(ROWS[1], version=version)).status_code == 302
    row = one.post(path(at), typed(ROWS[0], version=version, more="parts"))
    assert f'name="version" value="{version}"' in row.text
    before = saved(web, at)
    late = one.post(path(at), typed(ROWS[0], version=version))
    assert (late.status_code, titles(late.text), saved(web, at)) == (409, ["调研通报"], before)
    assert "内容已有变化 别人刚刚办了“修改”，请看过再办。 您填写的内容还在下面，没有保存。" in said(late)
    version = re.findall(r'name="version" value="(\d+)"', late.text)[0]
    assert one.post(path(at), typed(ROWS[0], version=version)).status_code == 302


def test_once_it_has_begun_the_run_of_show_is_fixed(web: Web) -> None:
    at = sitting(web, live=True)
    assert web.sign_in("committee").post(path(at), typed(*ROWS)).status_code == 409
    assert web.sign_in("host1").get(path(at)).status_code == 403
