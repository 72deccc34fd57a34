"""When: the conditions a process file may name, each with its sentence for the person refused."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendar, counts
from engine.clock import day
from engine.counts import Count, count
from engine.deadlines import deadlines
from engine.editions import carries_mark, has_mark, process_of, shipped
from engine.models.consultation import Attendance, Material, Research, Sitting
from engine.models.matter import Matter
from engine.models.recommendation import Assignment
from engine.models.topic import Plan, Topic, supporters_of_topic
from engine.past import ahead, done_since
from engine.process import Guard, Verb
from engine.process_check import Asks
from engine.rules import ROLES
from engine.words import Words
from engine.workdays import Period

SITTING_AHEAD = ("announced", "warmup", "ready")
SITTING_ON = (*SITTING_AHEAD, "live", "interrupted")
"""Marks of a sitting that is ahead or under way."""


@dataclass(frozen=True)
class Condition:
    """`holds(db, matter, number, now)`; a creating verb asks its parent. `words(number)` says what is lacking."""

    holds: Callable[[Session, Matter, int, datetime], bool]
    words: Callable[[int], Words]
    counts: tuple[Count, ...] = ()
    """What it counts, to be read ahead for a page."""


@dataclass(frozen=True)
class Naming:
    """A guard that names a verb, a length of time or a mark of children. `unmet(db, matter, named, now)` says what is
    lacking.
    """

    asks: Asks
    unmet: Callable[[Session, Matter, str, datetime], Words | None]
    counts: tuple[Count, ...] = ()


def unmet(db: Session, matter: Matter, guard: Guard, now: datetime) -> Words | None:
    """The sentence of a guard that does not hold, or nothing."""
    if guard.name in NAMING:
        return NAMING[guard.name].unmet(db, matter, str(guard.number), now)
    condition = CONDITIONS[guard.name]
    number = int(guard.number or 0)
    return None if condition.holds(db, matter, number, now) else condition.words(number)


def beside(db: Session, matters: Sequence[Matter], guards: Collection[Guard]) -> Sequence[Matter]:
    """The other matters whose past these guards look at, read ahead for a page."""
    if all(guard.name != "co_units_signed" for guard in guards):
        return ()
    found = co_units(db, matters)
    by_parent: dict[int | None, list[Assignment]] = {}
    for one in found:
        by_parent.setdefault(one.parent_id, []).append(one)
    ahead(db)[co_units] = by_parent
    return found


def counted(guards: Collection[Guard]) -> Iterator[tuple[Count, str]]:
    """What these guards count, to be read ahead for a page."""
    for guard in guards:
        naming = NAMING.get(guard.name)
        for of in (naming or CONDITIONS[guard.name]).counts:
            yield of, str(guard.number) if naming else ""


def _done(db: Session, matter: Matter, verb: str, now: datetime) -> Words | None:
    return None if done_since(db, matter, verb) else not_done(process_of(db, matter).verbs[verb])


def _ticked(db: Session, matter: Matter, name: str, now: datetime) -> Words | None:
    """Names what is missing of a checklist, and whose each is."""
    checklist = process_of(db, matter).fields[name]
    ticked = {tick.item for tick in matter.ticks if tick.checklist == name}
    missing = [
        (checklist.choices[item], ROLES[role].title)
        for item, role in checklist.of.items()
        if item not in ticked
    ]
    if not missing:
        return None
    return Words(
        f"请先在清单里确认：{'、'.join(f'{item.zh}（{owner.zh}）' for item, owner in missing)}。",
        f"To be confirmed in the checklist first: {'; '.join(f'{item.en} ({owner.en})' for item, owner in missing)}.",
    )


def _a_child(db: Session, matter: Matter, what: str, now: datetime) -> Words | None:
    """`what` is PROCESS.MARK: one child at least has carried the mark."""
    return None if count(db, matter, counts.children_marked, what) else _no_child(what)


def _every_child(db: Session, matter: Matter, what: str, now: datetime) -> Words | None:
    """Every child of the process has carried the mark or has come to an end without it."""
    return _not_every_child(what) if count(db, matter, counts.children_behind, what) else None


def _said(what: str) -> tuple[Words, Words]:
    name, _, mark = what.partition(".")
    process = shipped(name)
    return process.title, next(state.title for state in process.states.values() if mark in state.marks)


def _at_least(of: Count, words: Callable[[int], Words]) -> Condition:
    return Condition(lambda db, matter, number, now: count(db, matter, of) >= number, words, (of,))


def _fewer_than(of: Count, words: Callable[[int], Words]) -> Condition:
    return Condition(lambda db, matter, number, now: count(db, matter, of) < number, words, (of,))


def _none(of: Count, words: Callable[[int], Words]) -> Condition:
    return Condition(lambda db, matter, number, now: count(db, matter, of) == 0, words, (of,))


def _parent_has(mark: str) -> Callable[[Session, Matter, int, datetime], bool]:
    return lambda db, matter, number, now: carries_mark(db, matter, mark)


def _plan_is_in_the_making(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    """Asked of the plan itself where a topic is to be taken up."""
    return is_in_the_making(db, matter if isinstance(matter, Plan) else matter.parent or matter)


def is_in_the_making(db: Session, plan: Matter) -> bool:
    return carries_mark(db, plan, "call_open") or carries_mark(db, plan, "drafting")


def _topics_are_arranged(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    """As far as their own procedure asks it of them."""
    rows = select(Topic).where(Topic.parent_id == matter.id, has_mark(db, "topic", "shortlisted"))
    return not any(_lacks_arrangement(db, topic) for topic in db.scalars(rows))


def _lacks_arrangement(db: Session, topic: Topic) -> bool:
    verb = process_of(db, topic).verbs.get("arrange")
    return verb is not None and any(getattr(topic, name, "") is None for name in verb.needs)


def _supporters(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return (db.scalar(select(supporters_of_topic()).where(Topic.id == matter.id)) or 0) >= number


def _an_answer_is_owed(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return db.get_one(Topic, matter.id).answer_owed_from is not None


def _no_answer_is_owed(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return not _an_answer_is_owed(db, matter, number, now)


def is_undecided(db: Session, topic: Topic) -> bool:
    return carries_mark(db, topic, "received") or carries_mark(db, topic, "open_for_support")


def _main_is_undecided(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return is_undecided(db, db.get_one(Topic, db.get_one(Topic, matter.id).merged_into_id))


def _research_is_under_way(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    """Asked of the research itself where a questionnaire is to be drafted."""
    research = matter if isinstance(matter, Research) else db.get_one(Research, matter.parent_id)
    return any(carries_mark(db, research, mark) for mark in ("planned", "in_field", "returned"))


def _sitting_is_live(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return carries_mark(db, db.get_one(Matter, matter.sitting_id), "live")


def _sitting_is_on(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    """Asked of the sitting itself where somebody is to be invited."""
    sitting = matter if isinstance(matter, Sitting) else db.get_one(Sitting, matter.parent_id)
    return any(carries_mark(db, sitting, mark) for mark in SITTING_ON)


def _sitting_is_ahead(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    sitting = db.get_one(Sitting, matter.parent_id)
    return any(carries_mark(db, sitting, mark) for mark in SITTING_AHEAD)


def _has_remote_seat(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return db.get_one(Attendance, matter.id).remote_url is not None


def _remote_agreed(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return db.get_one(Attendance, matter.id).remote_consent == "agreed"


def _voluntary(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return not _compulsory(db, matter, number, now)


def _compulsory(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return db.get_one(Attendance, matter.id).must_attend


def _days_before_start(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    starts_at = db.get_one(Sitting, matter.parent_id).starts_at
    return day(now) <= day(starts_at) - timedelta(days=number)


def _minutes_before_start(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return now >= db.get_one(Sitting, matter.parent_id).starts_at - timedelta(minutes=number)


def _reading_is_open(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    begins = db.get_one(Material, matter.id).readable_from
    return (begins is None or begins <= now) and _still_readable(db, matter, number, now)


def _still_readable(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return now < db.get_one(Material, matter.id).readable_until


def _leads_replied(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    return count(db, matter, counts.leads) > 0 and count(db, matter, counts.leads_to_reply) == 0


def _not_assessed(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    recommendation = db.get_one(Matter, matter.parent_id)
    return any(carries_mark(db, recommendation, mark) for mark in ("assigned", "replied", "second_reply"))


def co_units(db: Session, matters: Collection[Matter]) -> Sequence[Assignment]:
    """The co-handling assignments beside these; of one or, read ahead, of a page."""
    of = {matter.parent_id for matter in matters}
    rows = select(Assignment).where(Assignment.parent_id.in_(of), Assignment.duty == "co")
    return db.scalars(rows.order_by(Assignment.id)).all()


def _co_units_signed(db: Session, matter: Matter, number: int, now: datetime) -> bool:
    known = ahead(db).get(co_units)
    others = co_units(db, [matter]) if known is None else known.get(matter.parent_id, ())
    return all(_is_signed_or_late(db, other, now) for other in others)


def _is_signed_or_late(db: Session, other: Assignment, now: datetime) -> bool:
    if process_of(db, other).states[other.state].end:
        return True
    last = max((deadline.due for deadline in deadlines(db, other)), default=day(now))
    return last < day(now)


def _waited(db: Session, matter: Matter, length: str, now: datetime) -> Words | None:
    """Not before that time in this state is over: a public notice must have hung out."""
    last = calendar.of(db).due(day(matter.since), Period.parse(length))
    return None if day(now) > last else not_before(last)


def not_done(verb: Verb) -> Words:
    return Words(f"要先办理“{verb.title.zh}”。", f"“{verb.title.en}” has to be done first.")


def not_before(last: date) -> Words:
    return Words(f"要等到 {last:%Y-%m-%d} 期满之后。", f"The time for it runs until {last:%Y-%m-%d}.")


def _no_child(what: str) -> Words:
    noun, stage = _said(what)
    return Words(
        f"还没有一项“{noun.zh}”办到“{stage.zh}”。", f"No {noun.en.lower()} has reached “{stage.en}” yet."
    )


def _not_every_child(what: str) -> Words:
    noun, stage = _said(what)
    return Words(
        f"还有“{noun.zh}”没有办到“{stage.zh}”。", f"Not every {noun.en.lower()} has reached “{stage.en}”."
    )


def lacking_rows(guard: Guard) -> Words | None:
    """What a guard says where the house's rows do not meet it; nothing for one that the matter's own way decides."""
    match guard.name:
        case "done" | "waited":
            return None
        case "ticked":
            return Words("清单还没有逐项确认。", "Not every item of the checklist is confirmed yet.")
        case "a_child":
            return _no_child(str(guard.number))
        case "every_child":
            return _not_every_child(str(guard.number))
        case _:
            return CONDITIONS[guard.name].words(int(guard.number or 0))


NAMING: dict[str, Naming] = {
    "done": Naming("verb", _done),
    "waited": Naming("length", _waited),
    "ticked": Naming("checklist", _ticked),
    "a_child": Naming("children", _a_child, (counts.children_marked,)),
    "every_child": Naming("children", _every_child, (counts.children_behind,)),
}
"""Of these an office writes gates without Python."""

CONDITIONS: dict[str, Condition] = {
    "call_is_open": Condition(
        _parent_has("call_open"),
        lambda _: Words(
            "征集已经结束，请等下一次征集。", "The call has closed; please wait for the next one."
        ),
    ),
    "plan_is_in_the_making": Condition(
        _plan_is_in_the_making,
        lambda _: Words(
            "计划草案已经送会商，议题不能再转入或安排；退回草案后可以再办。",
            "The draft has gone to joint revision: no topic is taken up or arranged unless it is returned.",
        ),
    ),
    "scorers": _at_least(
        counts.score_sheets,
        lambda n: Words(
            f"至少要有 {n} 人评分，请评分人先“评分”。", f"At least {n} people must score it first: “Score”."
        ),
    ),
    "supporters": Condition(
        _supporters,
        lambda n: Words(
            f"支持的人还不到 {n} 人，请等公众支持。",
            f"Fewer than {n} people support it; wait for the public to do so.",
        ),
    ),
    "an_answer_is_owed": Condition(
        _an_answer_is_owed,
        lambda _: Words(
            "支持人数还没有达到须公开答复的数，或者已经答复。",
            "It has not the supporters that oblige an answer, or it has been answered.",
        ),
    ),
    "no_answer_is_owed": Condition(
        _no_answer_is_owed,
        lambda _: Words(
            "支持人数已达到须公开答复的数，请办公室先“公开答复”。",
            "Its supporters oblige an answer: the office must answer in public first.",
        ),
    ),
    "main_is_undecided": Condition(
        _main_is_undecided,
        lambda _: Words(
            "并入的议题已有决定，不能再拆分。",
            "The topic it was merged into has been decided on; it cannot be split again.",
        ),
    ),
    "carried_topics": _at_least(
        counts.carried_topics,
        lambda n: Words(
            f"计划里至少要有 {n} 个议题，请先筛选并选定议题。",
            f"The plan must hold at least {n} topic(s); choose some first.",
        ),
    ),
    "topics_are_arranged": Condition(
        _topics_are_arranged,
        lambda _: Words(
            "有的议题还没有安排协商形式、时间、责任组和对应部门，请在计划页“逐项安排”。",
            "Some topics have no form, time, responsible group and unit yet; please arrange them on the plan's page.",
        ),
    ),
    "topic_is_planned": Condition(
        _parent_has("planned"),
        lambda _: Words(
            "只有列入年度计划的议题才能立项协商；临时协商由主席会议成员批准。",
            "Only a topic in the annual plan can become a consultation; an ad-hoc one is approved by the leadership.",
        ),
    ),
    "consultation_is_under_way": Condition(
        _parent_has("under_way"),
        lambda _: Words(
            "协商方案批准之后、成果报送之前才能办这一步。",
            "This is possible only after the programme is approved and before the outcome is reported.",
        ),
    ),
    "findings": _at_least(
        counts.findings,
        lambda n: Words(
            f"调研报告至少要附 {n} 条调研发现，请先“登记调研发现”。",
            f"The report must rest on at least {n} finding(s); “Add a finding” first.",
        ),
    ),
    "research_is_under_way": Condition(
        _research_is_under_way,
        lambda _: Words(
            "调研报告提交以后，不能再发问卷。",
            "Once the report has been put in no questionnaire goes out.",
        ),
    ),
    "items": _at_least(
        counts.items,
        lambda n: Words(
            f"问卷至少要有 {n} 道题，请先“加一道题”。",
            f"It must have at least {n} question(s); “Add a question” first.",
        ),
    ),
    "items_fewer_than": _fewer_than(
        counts.items,
        lambda n: Words(
            f"问卷最多 {n} 道题，要加的请先删去一道。", f"It has at most {n} questions; take one out first."
        ),
    ),
    "segments": _at_least(
        counts.segments,
        lambda n: Words(
            f"议程至少要有 {n} 个环节，请专委会人员先编排议程。",
            f"The run-of-show must have at least {n} segment(s); the committee's staff write it first.",
        ),
    ),
    "moderators": _at_least(
        counts.moderators,
        lambda n: Words(
            f"至少要有 {n} 名互动审核员生效，请专委会人员先安排本场岗位。",
            f"At least {n} moderator(s) must be rostered and confirmed; the committee's staff do it first.",
        ),
    ),
    "no_loose_questions": _none(
        counts.loose_questions,
        lambda _: Words(
            "还有提问没有着落：请逐条答复、约定书面答复、合并或说明理由不予回答。",
            "Some questions are still loose: answer each, owe it in writing, merge it, or refuse it with a reason.",
        ),
    ),
    "asking_is_open": Condition(
        _parent_has("asking_open"),
        lambda _: Words(
            "本场现在不接受提问和评论。", "This sitting is not taking questions or comments now."
        ),
    ),
    "sitting_is_live": Condition(
        _sitting_is_live,
        lambda _: Words("直播还没有开始，或者已经中断、结束。", "The sitting is not live now."),
    ),
    "sitting_is_on": Condition(
        _sitting_is_on,
        lambda _: Words(
            "会议已经结束、延期或取消。", "The sitting is over, has been put off or has been cancelled."
        ),
    ),
    "sitting_is_ahead": Condition(
        _sitting_is_ahead,
        lambda _: Words(
            "会议已经开始、结束、延期或取消。",
            "The sitting has begun, is over, has been put off or has been cancelled.",
        ),
    ),
    "has_remote_seat": Condition(
        _has_remote_seat,
        lambda _: Words(
            "没有安排远程席位，要用的请先“安排远程席位”。",
            "No remote seat has been offered; offer one first.",
        ),
    ),
    "remote_agreed": Condition(
        _remote_agreed,
        lambda _: Words(
            "您还没有同意被看到、听到并录像，同意以后才能使用远程席位；也可以到会场参加。",
            "Without your consent to being seen, heard and recorded it stays closed; you may come to the hall.",
        ),
    ),
    "voluntary": Condition(
        _voluntary,
        lambda _: Words(
            "这次会议必须参加，不能来的请请假。", "You must attend; if you cannot, ask for leave."
        ),
    ),
    "compulsory": Condition(
        _compulsory,
        lambda _: Words(
            "这次会议自愿报名，不能来的答复不参加即可，不用请假。",
            "Attending is voluntary; if you cannot come, decline. No leave is needed.",
        ),
    ),
    "days_before_start": Condition(
        _days_before_start,
        lambda n: Words(
            f"请假要在会前 {n} 天以前提出，来不及的请联系专委会人员。",
            f"Leave is asked for at least {n} days before the sitting; now please call the committee's staff.",
        ),
    ),
    "minutes_before_start": Condition(
        _minutes_before_start,
        lambda n: Words(
            f"开会前 {n} 分钟开始签到。", f"Signing in opens {n} minutes before the sitting begins."
        ),
    ),
    "leave_requests_at_most": _fewer_than(
        counts.leave_requests,
        lambda n: Words(
            f"每次会议最多请假 {n} 次，已经用完。", f"Leave may be asked for {n} times a sitting, not more."
        ),
    ),
    "reading_is_open": Condition(
        _reading_is_open,
        lambda _: Words(
            "现在不在查阅时间内，起止时间见材料页面。",
            "It cannot be read at this time; its page says from when until when.",
        ),
    ),
    "still_readable": Condition(
        _still_readable,
        lambda _: Words(
            "停止查阅时间已过，请先修改。",
            "The time until which it may be read is over; please change it first.",
        ),
    ),
    "not_all_have_read": Condition(
        lambda db, matter, number, now: count(db, matter, counts.unread) > 0,
        lambda _: Words("收件人都已查阅。", "Everybody it is for has read it."),
        (counts.unread,),
    ),
    "nothing_on_air": _none(
        counts.others_on_air,
        lambda _: Words(
            "已有一条提问正在作答，请先办结或撤下。",
            "Another question is on air; answer it or take it off first.",
        ),
    ),
    "sources": _at_least(
        counts.sources,
        lambda n: Words(
            f"每条建议至少要有 {n} 条依据（提问、调研发现或现场承诺）。",
            f"A recommendation must cite at least {n} source(s): a question, a finding or a promise.",
        ),
    ),
    "leads_replied": Condition(
        _leads_replied,
        lambda _: Words(
            "还有主办单位没有书面反馈，请等主办单位签发答复。",
            "A lead unit has not replied yet; wait for its signed reply.",
        ),
        (counts.leads, counts.leads_to_reply),
    ),
    "not_assessed": Condition(
        _not_assessed,
        lambda _: Words(
            "建议的反馈已经评价，不能再退回；仍不满意的，由专委会要求重新反馈。",
            "The replies have been assessed and go back no more; the committee may ask for a second reply.",
        ),
    ),
    "co_units_signed": Condition(
        _co_units_signed,
        lambda _: Words(
            "会办单位的意见还没有送齐，请等会办单位答复，或者等到他们的期限过去。",
            "The co-handling units have not all given their opinion; wait for it, or for their last day to pass.",
        ),
    ),
}
COUNTING = frozenset(
    {
        *("scorers", "supporters", "carried_topics", "findings", "segments", "moderators", "sources"),
        *("items", "items_fewer_than"),
        *("days_before_start", "minutes_before_start", "leave_requests_at_most"),
    }
)
"""Conditions that ask for a number."""
