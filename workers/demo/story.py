"""How the house came to its live sitting, played through the engine's own actions in the order it happened.

Two years of it are told: an earlier consultation from topic to closed recommendations, and the mayor's of today.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from engine import clock, settings
from engine.actions.house import set_up_house
from engine.actions.people import NewPerson, add_group, add_person, add_unit
from engine.actions.plan import open_call
from engine.actions.topic import submit_topic
from engine.clock import day, local
from engine.database import Database
from engine.editions import shipped
from engine.models.people import Group, Unit
from engine.queries import people
from engine.words import Words
from workers.demo import cast, events, handling, texts
from workers.demo.stage import Stage

Say = Callable[[int, int, Words], None]


def main() -> int:
    """Tells it to the database of this process's settings, with a line of progress on a terminal."""
    config = settings.load()
    try:
        tell(Database(config.database_url), config.data, clock.now(), _say)
    except KeyboardInterrupt:
        return 130
    return 0


def _say(number: int, of: int, words: Words) -> None:
    if sys.stdout.isatty():
        end = "\n" if number == of else ""
        sys.stdout.write(f"\r\x1b[K装入演示 loading {number}/{of}  {words.zh} {words.en}{end}")
        sys.stdout.flush()


def tell(database: Database, data: Path, now: datetime, say: Say) -> None:
    """Plays the story once, wholly or not at all; where there is a house already nothing happens."""
    with database.transaction() as db:
        if people.house(db) is None:
            stage = Stage(db, data, now)
            for number, (words, chapter) in enumerate(CHAPTERS, start=1):
                say(number, len(CHAPTERS), words)
                chapter(stage)


# ---- the house


def found(stage: Stage) -> None:
    """Every post is proposed by one administrator and confirmed by the other."""
    set_up_house(
        stage.db,
        name=cast.HOUSE,
        offices=(),
        years=range(stage.year - 2, day(stage.today).year + 2),
        sysadmin=_new("sysadmin", cast.SYSADMIN),
        secadmin=_new("secadmin", cast.SECADMIN),
        now=stage.now,
        is_demo=True,
    )
    admin = stage.actor("sysadmin")
    for name, name_en in cast.UNITS.items():
        add_unit(stage.db, name, name_en, actor=admin, now=stage.now)
    for name, name_en in cast.GROUPS.items():
        add_group(stage.db, name, name_en, actor=admin, now=stage.now)
    for key, part in cast.STAFF.items():
        add_person(stage.db, _new(key, part), actor=admin, now=stage.now)
    stage.later(hours=1)
    stage.confirm_posts("secadmin")


def _new(key: str, part: cast.Part) -> NewPerson:
    return NewPerson(part.name, f"{key}@{cast.DOMAIN}", part.roles, part.unit, part.group)


# ---- topics and the year's plan


def earlier_plan(stage: Stage) -> None:
    year = stage.year - 1
    collect(stage, year, texts.EARLIER_TOPICS)
    score(stage, year, texts.EARLIER_TOPICS)
    agree(stage, year, carried=2)
    issue(stage, year)


def collect(stage: Stage, year: int, topics: Sequence[texts.Topic]) -> None:
    """The call of mid-October to mid-November."""
    stage.on(date(year - 1, 10, 15))
    open_plan(stage, year)
    for number, one in enumerate(topics):
        stage.on(date(year - 1, 10, 15) + timedelta(1 + 28 * number // len(topics)), 8 + number % 12)
        put_forward(stage, year, number, one)
    screen(stage, year, topics)
    stage.on(date(year - 1, 11, 13), 16)
    for number, one in enumerate(topics):
        if one in passed(topics):
            for supporter in range(one.quality // 3 + number % 3):
                stage.do_as_citizen(stage.topics[one.title], "support", number * 5 + supporter)


def open_plan(stage: Stage, year: int) -> None:
    stage.plans[year] = open_call(
        stage.db,
        actor=stage.actor("office"),
        now=stage.now,
        title=f"{year}年度协商计划",
        year=year,
        plenary_on=date(year, 2, 22),
    )


def put_forward(stage: Stage, year: int, number: int, one: texts.Topic) -> None:
    stage.topics[one.title] = submit_topic(
        stage.db,
        stage.plans[year],
        actor=stage.actor(one.by) if one.by else stage.citizen(number),
        now=stage.now,
        title=one.title,
        why_now=one.why,
        matter_kind=one.kind,
    )


def screen(stage: Stage, year: int, topics: Sequence[texts.Topic]) -> None:
    """Only what has passed is shown to the public."""
    stage.on(date(year - 1, 11, 12), 14)
    for one in topics:
        topic = stage.topics[one.title]
        if main := texts.MERGED.get(one.title):
            stage.do(topic, "merge", "research", merged_into_id=stage.topics[main].id)
        elif declined := texts.DECLINED.get(one.title):
            stage.do(topic, "decline", "office", reason_code=declined[0], reason=declined[1])
        else:
            stage.do(topic, "accept", "research")


def score(stage: Stage, year: int, topics: Sequence[texts.Topic]) -> None:
    """A sheet from each of three scorers for whatever has passed the screening."""
    stage.on(date(year - 1, 11, 20))
    stage.do(stage.plans[year], "draft", "office")
    for number, scorer in enumerate(("scorer1", "scorer2", "scorer3")):
        stage.on(date(year - 1, 11, 23) + timedelta(number), 10)
        for one in passed(topics):
            stage.do(stage.topics[one.title], "score", scorer, points=points(one.quality, number))


def passed(topics: Sequence[texts.Topic]) -> list[texts.Topic]:
    return [one for one in topics if one.title not in texts.MERGED | texts.DECLINED]


def points(quality: int, scorer: int) -> dict[str, int]:
    most = shipped("topic").fields["points"].of
    return {
        name: min(int(of), int(of) * (11 + quality) // 22 + (quality + len(name) + scorer) % 3)
        for name, of in most.items()
    }


def agree(stage: Stage, year: int, carried: int) -> None:
    """The best scored go into the draft, and the three offices agree one after the other."""
    topics = passed(texts.TOPICS if year == stage.year else texts.EARLIER_TOPICS)
    ranked = sorted(topics, key=lambda one: -sum(sum(points(one.quality, n).values()) for n in range(3)))
    stage.on(date(year - 1, 12, 2), 14)
    groups, units = stage.db.scalars(select(Group.id)).all(), stage.db.scalars(select(Unit.id)).all()
    for number, one in enumerate(ranked[:carried]):
        stage.do(stage.topics[one.title], "shortlist", "office")
        arrangement = {
            "form": "thematic" if one.kind == "party" else "counterpart",
            "planned_time": f"q{1 + 4 * number // carried}",
            "group_id": groups[number % len(groups)],
            "unit_id": units[number % len(units)],
        }
        stage.do(stage.topics[one.title], "arrange", "office", **arrangement)
    for one in ranked[carried:]:
        stage.do(
            stage.topics[one.title],
            "keep_in_reserve",
            "office",
            reason="本年度场次有限，转入储备，明年优先考虑。",
        )
    plan = stage.plans[year]
    stage.do(plan, "submit", "office")
    revisions = {
        "government": "与政府全年重点工作对接，调整两场的时间。",
        "party": "同意。建议市长面对面活动安排在创建迎检以前。",
        "office": "已按两办意见修改，责任专委会和对应部门已逐项明确。",
    }
    for number, (who, revision) in enumerate(revisions.items()):
        stage.on(date(year - 1, 12, 4) + timedelta(3 * number), 15)
        stage.do(plan, "agree", who, revision=revision)


def issue(stage: Stage, year: int) -> None:
    """The Chairpersons' meeting, the Party committee's decision, then the plan goes out."""
    plan = stage.plans[year]
    stage.on(date(year - 1, 12, 21), 11)
    stage.do(plan, "record_review", "office", minutes="主席会议审议通过，同意报市委常委会会议确定。")
    stage.on(date(year, 1, 8), 16)
    decided = {"decision_no": f"演示〔{year}〕1号", "decided_on": local(stage.now).date()}
    stage.do(plan, "record_decision", "office", **decided)
    stage.on(date(year, 1, 12), 10)
    stage.do(plan, "issue", "leader")


def mayors_topics(stage: Stage) -> None:
    collect(stage, stage.year, texts.TOPICS)
    score(stage, stage.year, texts.TOPICS)


def mayors_plan(stage: Stage) -> None:
    agree(stage, stage.year, texts.CARRIED)
    handling.assess(stage)
    issue(stage, stage.year)


LEFT_TO_SCREEN = 2
SUPPORTED_BY_MOST = 31
"""Of the first topic: enough that the office owes an answer."""


def next_call(stage: Stage) -> None:
    """The call that is open today, for anybody to support a topic or put one forward; the last ones are unscreened."""
    year = day(stage.today).year + 1
    stage.ago(3, 16)
    open_plan(stage, year)
    for number, one in enumerate(texts.NEW_TOPICS):
        stage.until(stage.today - timedelta(hours=60 - 7 * number))
        put_forward(stage, year, number, one)
        if number >= len(texts.NEW_TOPICS) - LEFT_TO_SCREEN:
            continue
        stage.later(hours=2)
        stage.do(stage.topics[one.title], "accept", "research")
        for supporter in range(3 + number * 3 % 8 if number else SUPPORTED_BY_MOST):
            stage.do_as_citizen(stage.topics[one.title], "support", number * 3 + supporter)


CHAPTERS: tuple[tuple[Words, Callable[[Stage], None]], ...] = (
    (Words("立户，人员和岗位", "the house, its people and posts"), found),
    (Words("上一年的协商计划", "the earlier year's plan"), earlier_plan),
    (Words("上一场协商：调研", "the earlier consultation: research"), events.earlier_research),
    (Words("上一场协商：会议", "the earlier consultation: its sitting"), events.earlier_sitting),
    (Words("建议报送和交办", "recommendations reported and assigned"), handling.report_and_assign),
    (Words("征集议题和评分", "topics collected and scored"), mayors_topics),
    (Words("部门反馈", "the departments' replies"), handling.replies),
    (Words("年度计划确定", "the annual plan decided"), mayors_plan),
    (Words("建议落实和销号", "recommendations implemented and closed"), handling.implement),
    (Words("市长面对面：方案和调研", "the mayor's event: programme and research"), events.mayors_research),
    (Words("建议回头看", "a look back at the recommendations"), handling.second_replies),
    (Words("市长面对面：网络提问", "the mayor's event: questions online"), events.mayors_questions),
    (Words("下一年的征集", "next year's call"), next_call),
    (Words("开播", "going live"), events.go_live),
)

if __name__ == "__main__":
    sys.exit(main())
