"""A house with people in it, made through the engine's own actions. All people are invented."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions.attendance import invite
from engine.actions.calendar import load_year
from engine.actions.consultation import plan_consultation
from engine.actions.house import set_up_house
from engine.actions.material import upload
from engine.actions.people import (
    NewPerson,
    add_group,
    add_person,
    add_unit,
    confirm_post,
    grant_post,
    verify_citizen,
)
from engine.actions.perform import perform
from engine.actions.plan import open_call
from engine.actions.question import ask_question
from engine.actions.questionnaire import draft_questionnaire
from engine.actions.recommendation import draft_recommendation
from engine.actions.research import plan_research
from engine.actions.sitting import Part, schedule_sitting, set_programme
from engine.actions.topic import submit_topic
from engine.clock import day, local
from engine.database import Database
from engine.errors import Refused
from engine.models.consultation import Attendance, Consultation, Material, Research, Sitting
from engine.models.house import Document
from engine.models.matter import Matter
from engine.models.people import Person, Post
from engine.models.questionnaire import Questionnaire
from engine.models.recommendation import Assignment
from engine.models.topic import Plan, Topic
from engine.models.voice import Question
from engine.queries import topics
from engine.rules import Actor, actor_for
from engine.words import Words

DAY = datetime(2026, 10, 12, 1, 0, tzinfo=UTC)
"""A Monday morning in Pinghu."""

STAFF = {
    "office": ("周办公", ["office_staff"], "", ""),
    "research": ("郑研究", ["research_office"], "", ""),
    "leader": ("吴主席", ["leader"], "", ""),
    "party": ("王市委", ["party_office"], "", ""),
    "government": ("冯政府", ["government_office", "assigning_office"], "", ""),
    "committee": ("陈专委", ["committee_staff", "committee_head"], "", ""),
    "scorer1": ("褚评分", ["scorer"], "", ""),
    "scorer2": ("卫评分", ["scorer"], "", ""),
    "scorer3": ("蒋评分", ["scorer"], "", ""),
    "group1": ("沈组长", ["group_leader"], "", "当湖街道活动组"),
    "group2": ("韩组长", ["group_leader"], "", "城建环保界别活动组"),
    "unit_admin": ("杨联络", ["unit_admin"], "市住房和城乡建设局", ""),
    "unit_handler": ("朱经办", ["unit_handler"], "市住房和城乡建设局", ""),
    "unit_leader": ("秦局长", ["unit_leader"], "市住房和城乡建设局", ""),
    "inspection": ("金督查", ["inspection_office"], "", ""),
    "host1": ("许主持", ["member"], "", ""),
    "recorder1": ("何记录", ["committee_staff"], "", ""),
    "moderator1": ("吕审核", ["member"], "", ""),
    "other_unit": ("尤联络", ["unit_admin", "unit_leader"], "市综合行政执法局", ""),
}
UNITS = ("市住房和城乡建设局", "市综合行政执法局")
GROUPS = ("当湖街道活动组", "城建环保界别活动组")


@dataclass
class House:
    """A database with a set-up house. Names of people are the keys of `STAFF`, or `citizen1`, `citizen2` …"""

    database: Database
    now: datetime = DAY

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with self.database.transaction() as db:
            yield db

    def later(self, **time: int) -> None:
        self.now += timedelta(**time)

    def actor(self, db: Session, name: str, acting: str | None = None) -> Actor:
        if name.startswith("citizen"):
            return Actor(verify_citizen(db, f"key-of-{name}", f"市民{name[7:]}", now=self.now))
        email = name if "@" in name else f"{name}@xieshang.example"
        return actor_for(db, db.scalars(select(Person).where(Person.email == email)).one(), acting)

    def plan(self, db: Session, year: int = 2027) -> Plan:
        return open_call(
            db,
            actor=self.actor(db, "office"),
            now=self.now,
            title=f"{year}年度协商计划",
            year=year,
            plenary_on=f"{year}-02-22",
        )

    def topic(
        self, db: Session, plan: Plan, title: str = "提升小区物业管理水平", by: str = "citizen1"
    ) -> Topic:
        why = "业主和物业公司争议多，业委会组建难。"
        return submit_topic(
            db,
            plan,
            actor=self.actor(db, by),
            now=self.now,
            title=title,
            why_now=why,
            matter_kind="livelihood",
        )

    def screened_topic(
        self, db: Session, plan: Plan, title: str = "提升小区物业管理水平", by: str = "citizen1"
    ) -> Topic:
        """One that the public sees and may support."""
        topic = self.topic(db, plan, title, by)
        perform(db, topic, "accept", actor=self.actor(db, "office"), now=self.now)
        return topic

    def at_once(self, deeds: Sequence[Callable[[Session], object]]) -> list[type[Refused]]:
        """Does each in a transaction and a thread of its own, together; how those were refused that were."""
        refused: list[type[Refused]] = []
        together = threading.Barrier(len(deeds))

        def do(deed: Callable[[Session], object]) -> None:
            together.wait()
            try:
                with self.transaction() as db:
                    deed(db)
            except Refused as refusal:
                refused.append(type(refusal))

        threads = [threading.Thread(target=do, args=(deed,)) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return refused


def found(database: Database) -> House:
    """Sets up a house with all of `STAFF`, every post confirmed by the second administrator."""
    house = House(database)
    with house.transaction() as db:
        set_up_house(
            db,
            name=Words("政协某市委员会", "CPPCC of a City"),
            offices=(),
            years=(2026, 2027),
            sysadmin=NewPerson("许管理", "sysadmin@xieshang.example"),
            secadmin=NewPerson("何安全", "secadmin@xieshang.example"),
            now=house.now,
        )
        admin, guard = house.actor(db, "sysadmin"), house.actor(db, "secadmin")
        load_year(db, 2025, actor=admin, now=house.now)
        for unit in UNITS:
            add_unit(db, unit, actor=admin, now=house.now)
        for group in GROUPS:
            add_group(db, group, actor=admin, now=house.now)
        for key, (name, roles, unit, group) in STAFF.items():
            new = NewPerson(name, f"{key}@xieshang.example", roles, unit, group)
            add_person(db, new, actor=admin, now=house.now)
        for post in db.scalars(select(Post).where(Post.confirmed_at.is_(None))).all():
            confirm_post(db, post, actor=guard, now=house.now)
    return house


POINTS = {"priority": 20, "concern": 25, "value": 15, "feasibility": 10, "adoption": 10}
DRAFT = {
    "title": "出台电梯加装补助办法",
    "text": "由市住建局牵头，年内出台补助办法。",
    "kind": "policy",
    "suggested_unit_id": 1,
}
REPLY = {
    "decision": "adopted",
    "reply": "已列入年内计划。",
    "measures": [{"text": "出台办法", "by": "2026-12-31"}],
}
VISITS = [
    {"visit_on": "2026-10-11", "place": "新苑小区", "whom": "业主代表"},
    {"visit_on": "2026-10-13", "place": "梧桐苑", "whom": "物业公司"},
]
FINDING = {"claim": "十个小区中三个公布账目", "place": "新苑小区", "found_on": "2026-10-11"}
ITEMS = [
    {"wording": "账目公布过吗？", "kind": "one", "options": "公布过\n没有公布\n不清楚"},
    {"wording": "最不满意哪些服务？", "kind": "several", "options": "停车\n保洁\n维修"},
    {"wording": "总体满意度", "kind": "scale", "options": "很不满意\n很满意"},
    {"wording": "您有什么建议？", "kind": "text"},
]
SITTING_ON = date(2026, 11, 24)
READINESS = {
    "committee": ["participants_confirmed", "replies_prepared", "moderators_rostered"],
    "moderator1": ["notice_on_page"],
    "host1": ["stream_tested"],
    "leader": ["cutoff_named"],
}
"""Who ticks which items of the checklist."""
SITTING_POSTS = {
    "host": "host1",
    "live_operator": "host1",
    "recorder": "recorder1",
    "moderator": "moderator1",
    "duty_leader": "leader",
}


def decided(house: House, db: Session, plan: Plan) -> Topic:
    """A topic that has gone through scoring, and its plan up to the Party committee's decision."""
    topic, office = house.topic(db, plan), house.actor(db, "office")
    perform(db, topic, "accept", actor=office, now=house.now)
    for scorer in ("scorer1", "scorer2", "scorer3"):
        perform(db, topic, "score", actor=house.actor(db, scorer), now=house.now, points=POINTS)
    perform(db, topic, "shortlist", actor=office, now=house.now)
    decide(house, db, plan)
    return topic


ARRANGEMENT = {"form": "counterpart", "planned_time": "q2", "group_id": 1, "unit_id": 1}


def draft(house: House, db: Session, plan: Plan) -> None:
    """Closes the call, arranges what is shortlisted and sends it to joint revision."""
    office = house.actor(db, "office")
    perform(db, plan, "draft", actor=office, now=house.now)
    for one in topics.of_plan(db, plan):
        if one.at == "shortlisted":
            perform(db, one.topic, "arrange", actor=office, now=house.now, **ARRANGEMENT)
    perform(db, plan, "submit", actor=office, now=house.now)


def decide(house: House, db: Session, plan: Plan) -> None:
    """From the call up to the Party committee's decision on record."""
    office = house.actor(db, "office")
    draft(house, db, plan)
    for name in ("party", "office", "government"):
        perform(db, plan, "agree", actor=house.actor(db, name), now=house.now, revision="无意见")
    perform(db, plan, "record_review", actor=office, now=house.now, minutes="同意")
    perform(
        db,
        plan,
        "record_decision",
        actor=office,
        now=house.now,
        decision_no="平委发〔2026〕12号",
        decided_on="2026-10-12",
    )


def planned_topic(house: House, db: Session, year: int = 2027) -> Topic:
    """A topic of an issued plan."""
    plan = house.plan(db, year)
    topic = decided(house, db, plan)
    perform(db, plan, "issue", actor=house.actor(db, "leader"), now=house.now)
    return topic


def carried_over_topic(house: House, db: Session) -> Topic:
    """A topic of an issued plan that the Chairpersons' meeting has put off to a later year."""
    topic, office = planned_topic(house, db), house.actor(db, "office")
    perform(db, topic, "ask_adjustment", actor=office, now=house.now, reason="主管部门机构改革。")
    perform(db, topic, "carry_over", actor=office, now=house.now, reason="明年再议。")
    return topic


def consultation(house: House, db: Session) -> Consultation:
    """A consultation with its programme approved."""
    committee, leader = house.actor(db, "committee"), house.actor(db, "leader")
    planned = plan_consultation(
        db,
        planned_topic(house, db),
        actor=committee,
        now=house.now,
        title="提升小区物业管理水平",
        form="thematic",
        series="mayor_f2f",
        aim="听取意见，推动解决。",
        planned_on="2026-11-24",
    )
    programme = {
        "aim": "听取意见。",
        "people": "市长、委员、市民代表",
        "agenda": "通报、提问、解答、发言",
        "division": "办公室统筹",
        "online_plan": "全程直播",
    }
    perform(db, planned, "draft_programme", actor=committee, now=house.now, **programme)
    perform(db, planned, "approve_programme", actor=leader, now=house.now)
    return planned


def planned_research(house: House, db: Session, **given: object) -> Research:
    """The first group's research for that consultation."""
    return plan_research(
        db,
        consultation(house, db),
        actor=house.actor(db, "committee"),
        now=house.now,
        title="小区物业调研",
        group_id=1,
        questions="公共收益怎么公布？",
        **given,
    )


def research(house: House, db: Session) -> Research:
    """The same under way, with one finding."""
    task = planned_research(house, db)
    leader = house.actor(db, "group1")
    perform(db, task, "start_field", actor=leader, now=house.now, visits=VISITS)
    perform(db, task, "add_finding", actor=leader, now=house.now, **FINDING)
    return task


def questionnaire(house: House, db: Session, *, to: date = date(2026, 10, 20)) -> Questionnaire:
    """One of that research with a question of each kind, open until then."""
    leader = house.actor(db, "group1")
    asking = draft_questionnaire(db, research(house, db), actor=leader, now=house.now, title="业主问卷")
    for item in ITEMS:
        perform(db, asking, "add_item", actor=leader, now=house.now, **item)
    perform(db, asking, "open", actor=leader, now=house.now, closes_on=to)
    return asking


def paper(house: House, db: Session, of: Matter, name: str, media_type: str = "application/pdf") -> int:
    """The number of a file of that matter; it has no bytes."""
    made = Document(matter_id=of.id, kind="upload", name=name, media_type=media_type, size=1, sha256="0" * 64)
    made.created_at = house.now
    db.add(made)
    db.flush()
    return made.id


def sitting(house: House, db: Session, *, live: bool = True) -> Sitting:
    """A sitting of that consultation with its posts filled and its run-of-show set; on the air if asked."""
    committee, office = house.actor(db, "committee"), house.actor(db, "office")
    on = max(SITTING_ON, day(house.now))
    scheduled = schedule_sitting(
        db,
        consultation(house, db),
        actor=committee,
        now=house.now,
        title="市长与政协委员面对面",
        starts_at=f"{on}T14:00",
        ends_at=f"{on}T16:00",
        place="市行政中心一号会议室",
    )
    for role, name in SITTING_POSTS.items():
        grant_post(db, house.actor(db, name).person, role, scheduled, actor=committee, now=house.now)
    for post in db.scalars(select(Post).where(Post.sitting_id == scheduled.id)).all():
        confirm_post(db, post, actor=office, now=house.now)
    parts = [
        Part("briefing", "调研通报", 20),
        Part("questions", "委员和网友提问", 40),
        Part("answers", "部门解答", 40),
    ]
    set_programme(db, scheduled, parts, actor=committee, now=house.now)
    perform(
        db, scheduled, "open_warmup", actor=house.actor(db, "moderator1"), now=house.now, rules_posted="yes"
    )
    if live:
        make_ready(house, db, scheduled)
        perform(db, scheduled, "go_live", actor=house.actor(db, "host1"), now=house.now)
    return scheduled


def make_ready(house: House, db: Session, at: Sitting) -> None:
    for who, items in READINESS.items():
        perform(db, at, "tick", actor=house.actor(db, who), now=house.now, readiness=items)
    perform(db, at, "make_ready", actor=house.actor(db, "committee"), now=house.now)


def assignments(house: House, db: Session, at: Sitting, many: int) -> list[Assignment]:
    """So many recommendations from a sitting's consultation, each given to the first unit."""
    committee = house.actor(db, "committee")
    question = shown_question(house, db, at, f"第{many}问：电梯何时加装？")
    owed = {"unit_id": 2, "due_on": "2026-12-01"}
    perform(db, question, "owe", actor=house.actor(db, "host1"), now=house.now, **owed)
    for _ in range(many):
        draft = draft_recommendation(
            db,
            db.get_one(Consultation, at.parent_id),
            actor=committee,
            now=house.now,
            **DRAFT,
        )
        perform(db, draft, "cite", actor=committee, now=house.now, question=question.id)
        perform(db, draft, "report_up", actor=house.actor(db, "office"), now=house.now)
        perform(db, draft, "assign", actor=house.actor(db, "government"), now=house.now, lead_unit=1)
    return list(db.scalars(select(Assignment).order_by(Assignment.id)))


def invited(
    house: House, db: Session, to: Sitting, name: str = "group1", *, must_attend: bool = True
) -> Attendance:
    """What has become of asking one of the staff to a sitting."""
    person = house.actor(db, name).person
    assert person
    committee = house.actor(db, "committee")
    invite(db, to, [person], must_attend=must_attend, actor=committee, now=house.now)
    rows = select(Attendance).where(Attendance.parent_id == to.id, Attendance.person_id == person.id)
    return db.scalars(rows).one()


def sent_paper(house: House, db: Session, by: str = "committee") -> Document:
    """A file that was sent; its bytes are nowhere."""
    sent = Document(
        kind="upload", name="通报.pdf", media_type="application/pdf", size=1, sha256="0" * 64,
        created_at=house.now, created_by_id=house.actor(db, by).id,
    )  # fmt: skip
    db.add(sent)
    db.flush()
    return sent


def material(
    house: House, db: Session, at: Sitting, recipients: Sequence[Attendance], **given: object
) -> Material:
    """A material for these, not released yet, to be read until the sitting ends."""
    asked = {"title": "调研通报", "readable_until": f"{local(at.ends_at):%Y-%m-%dT%H:%M}"} | given
    if "file_id" not in asked:
        asked["file_id"] = sent_paper(house, db).id
    return upload(db, at, recipients, actor=house.actor(db, "committee"), now=house.now, **asked)


def shown_question(
    house: House, db: Session, at: Sitting, title: str = "老小区加装电梯谁出钱？", by: str = "citizen1"
) -> Question:
    """A citizen's question that a moderator has approved."""
    question = ask_question(
        db, at, actor=house.actor(db, by), now=house.now, title=title, asker_name="当湖居民"
    )
    perform(db, question, "approve", actor=house.actor(db, "moderator1"), now=house.now)
    return question
