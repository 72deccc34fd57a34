"""A matter as it stands and as it came to be."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, inspect, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine.editions import editions, process_of, shipped_names
from engine.errors import NotFound
from engine.models.draft import Draft
from engine.models.house import Document
from engine.models.ledger import LedgerEntry, LedgerText, Outbox
from engine.models.matter import Matter, MatterMark, Tick
from engine.models.people import Person, Post
from engine.process import Field, Process, State, Verb
from engine.rules import ROLES, Actor, covers, role_over
from engine.words import Words

READS_ALL = {"leader", "office_staff", "committee_staff"}


EVENTS = {
    "house.set_up": Words("设立本机构", "House set up"),
    "person.added": Words("添加人员", "Person added"),
    "person.disabled": Words("停用账号", "Account disabled"),
    "person.link_given": Words("生成登录链接", "Sign-in link made"),
    "person.verified": Words("市民验证手机", "Citizen verified"),
    "person.password_set": Words("设置密码", "Password set"),
    "person.second_factor_set": Words("设置第二重验证", "Second factor set"),
    "post.proposed": Words("提出岗位", "Post proposed"),
    "post.confirmed": Words("确认岗位", "Post confirmed"),
    "post.ended": Words("结束岗位", "Post ended"),
    "unit.added": Words("添加单位", "Unit added"),
    "group.added": Words("添加活动组", "Group added"),
    "document.stored": Words("保存文件", "File stored"),
    "calendar.changed": Words("修改工作日历", "Day of the calendar changed"),
    "calendar.imported": Words("导入全年放假安排", "Calendar of a year imported"),
    "calendar.loaded": Words("载入法定节假日", "Statutory holidays loaded"),
    "sitting.programme": Words("安排议程", "Run-of-show set"),
    "sitting.invited": Words("发出邀请", "People invited"),
    "invitation.will_attend": Words("答复邀请：参加", "Invitation accepted"),
    "matter.figures_frozen": Words("数据定版", "Figures frozen"),
    "matter.figures_withheld": Words(
        "数据与独立清点不符，暂不定版", "Figures differ from a recount; not frozen"
    ),
    "matter.late": Words("逾期，已报上级知悉", "Late; reported upwards"),
    "matter.handed_over": Words("经办人交接", "Handed over to another handler"),
    "matter.decided": Words("作出决定，待统一公布", "Decided, to be released with others"),
    "matter.undecided": Words("撤回尚未公布的决定", "Decision taken back before its release"),
    "matter.moved": Words("转入流程新版", "Moved to a new edition of the procedure"),
    "matter.answered": Words("收到答卷", "Answers received"),
    "matter.left_behind": Words(
        "有下属事项没有随之办理，请另行处理并告知",
        "Not done for all below; please see to them and tell their people",
    ),
    "procedure.proposed": Words("提出流程改动", "Change of a procedure proposed"),
    "procedure.adopted": Words("批准流程改动", "Change of a procedure adopted"),
    "procedure.declined": Words("退回流程改动", "Change of a procedure declined"),
    "invitation.declined": Words("答复邀请：不参加", "Invitation declined"),
}
"""What is written down beside the procedures' own steps."""


def title_of(db: Session, entry: LedgerEntry) -> Words:
    """What was done, as people call it: as the newest edition does that knows it."""
    known = editions(db, entry.noun) if entry.noun in shipped_names() else []
    for process in reversed(known):
        if entry.verb in process.verbs:
            return process.verbs[entry.verb].title
    return EVENTS.get(entry.event, Words(entry.event, entry.event))


@dataclass(frozen=True)
class Step:
    """One line of a matter's history. `answers` holds what was given at it and not erased; `times` how often it was
    done in a row by one person after another (支持, 我也想问).
    """

    entry: LedgerEntry
    title: Words
    state: Words | None
    who: Words
    answers: Sequence[tuple[Field, Any]]
    times: int = 1


@dataclass(frozen=True)
class Item:
    """One of a checklist: whose it is, and who ticked it when, if anybody did."""

    name: str
    title: Words
    owner: Words
    who: str | None
    at: datetime | None


def marked_at(db: Session, matter: Matter) -> dict[str, datetime]:
    """When the matter first carried each of its marks."""
    rows = select(MatterMark.mark, MatterMark.at).where(MatterMark.matter_id == matter.id)
    return {mark: at for mark, at in db.execute(rows)}


def checklists(db: Session, matter: Matter) -> list[tuple[Field, list[Item]]]:
    """Those of the matter's procedure, with what stands ticked."""
    by = select(Tick.checklist, Tick.item, Person.name, LedgerEntry.at).where(Tick.matter_id == matter.id)
    by = by.join(LedgerEntry, LedgerEntry.id == Tick.entry_id).join(Person, Person.id == LedgerEntry.actor_id)
    ticked = {(checklist, item): (who, at) for checklist, item, who, at in db.execute(by)}
    return [
        (
            field,
            [
                Item(
                    item,
                    field.choices[item],
                    ROLES[owner].title,
                    *ticked.get((field.name, item), (None, None)),
                )
                for item, owner in field.of.items()
            ],
        )
        for field in process_of(db, matter).fields.values()
        if field.kind == "checklist"
    ]


def history(db: Session, matter: Matter, last: int | None = None) -> list[Step]:
    """Every step of a matter that is announced, or the last so many, the first one first."""
    process = process_of(db, matter)
    announced = select(Outbox.id).where(Outbox.entry_id == LedgerEntry.id).exists()
    entries = select(LedgerEntry).where(LedgerEntry.matter_id == matter.id, announced)
    told: list[tuple[Row[int, str, str, str], int]] = []
    for one in db.execute(entries.with_only_columns(*_TELLING).order_by(LedgerEntry.id)):
        if told and told[-1][0].event == one.event and _is_everybodys(process, one.noun, one.verb):
            told[-1] = one, told[-1][1] + 1
        else:
            told.append((one, 1))
    if last:
        told = told[-last:]
        entries = entries.where(LedgerEntry.id.in_([one.id for one, _times in told]))
    shown = {entry.id: entry for entry in db.scalars(entries)}
    _with_texts(db, shown, entries)
    people = select(Person.id, Person.name).where(Person.id.in_({entry.actor_id for entry in shown.values()}))
    names = {id: name for id, name in db.execute(people)}
    return [_step(db, process, shown[one.id], times, names) for one, times in told]


def asked_back(db: Session, matter: Matter) -> Step | None:
    """The step that sent a matter back to where it is, if it is there because it was sent back with a remark."""
    came = select(LedgerEntry).where(LedgerEntry.matter_id == matter.id, LedgerEntry.to_state == matter.state)
    came = came.where(LedgerEntry.from_state != LedgerEntry.to_state).order_by(LedgerEntry.id.desc()).limit(1)
    entry = db.scalar(came)
    if entry is None or all(text.field != "remark" for text in entry.texts):
        return None
    who = {entry.actor_id: db.get_one(Person, entry.actor_id).name} if entry.actor_id else {}
    return _step(db, process_of(db, matter), entry, 1, who)


_TELLING = (LedgerEntry.id, LedgerEntry.event, LedgerEntry.noun, LedgerEntry.verb)
"""What decides how a history is told: of a long one no more is read."""


def _is_everybodys(process: Process, noun: str, verb_name: str) -> bool:
    """Whether many do it one after another, with nothing to say beside."""
    verb = process.verbs.get(verb_name)
    if verb is None:
        return noun == "invitation" or verb_name == "answered"
    return verb.once_per == "person" and not (verb.needs or verb.takes)


def _with_texts(db: Session, shown: Mapping[int, LedgerEntry], entries: Select[LedgerEntry]) -> None:
    """The texts of these entries, in one query however many they are."""
    texts: dict[int, list[LedgerText]] = {number: [] for number in shown}
    among = entries.with_only_columns(LedgerEntry.id)
    for text in db.scalars(
        select(LedgerText).where(LedgerText.entry_id.in_(among)).order_by(LedgerText.field)
    ):
        texts[text.entry_id].append(text)
    for number, entry in shown.items():
        set_committed_value(entry, "texts", texts[number])


def _step(db: Session, process: Process, entry: LedgerEntry, times: int, names: dict[int, str]) -> Step:
    verb = process.verbs.get(entry.verb)
    state = process.states.get(entry.to_state or "") if entry.from_state != entry.to_state else None
    title = verb.title if verb and entry.noun == process.name else title_of(db, entry)
    about = verb or process.verbs.get(entry.answers.get("verb", ""))
    if about and not verb:  # a note on one of the procedure's steps
        title = Words(f"{title.zh}：{about.title.zh}", f"{title.en}: {about.title.en}")
    return Step(
        entry,
        title,
        state.title if state else None,
        _who(entry, names) if times == 1 else Words("", ""),
        _answers(process, about, entry) if about else [],
        times,
    )


def _answers(process: Process, verb: Verb, entry: LedgerEntry) -> list[tuple[Field, Any]]:
    """What was given, in the order of the form; a small table as the rows that were typed."""
    texts = {text.field: text.text for text in entry.texts if text.text}
    given = entry.answers | texts
    return [
        (field, _rows(given[name]) if field.kind == "rows" else given[name])
        for name in verb.needs + verb.takes
        if name in given and not (field := process.fields[name]).untold
    ]


def _rows(text: str) -> Any:
    """The rows that were typed; the text itself where the field was one then."""
    try:
        rows = json.loads(text)
    except ValueError:
        return text
    return rows if isinstance(rows, list) else text


def _who(entry: LedgerEntry, names: dict[int, str]) -> Words:
    """Name and role; where staff recorded a body's decision, both (domain/05, delegated entry)."""
    role = ROLES[entry.role].title if entry.role in ROLES else Words("", "")
    name = names.get(entry.actor_id or 0, "")
    who = Words(f"{role.zh} {name}".strip(), f"{name} ({role.en})" if name and role.en else name or role.en)
    if entry.behalf:
        body = ROLES[entry.behalf].title
        return Words(f"{body.zh}（{who.zh} 代录）", f"{body.en} (entered by {who.en})")
    return who


def children(db: Session, matter: Matter, process: str) -> Sequence[Matter]:
    noun = inspect(Matter).polymorphic_map[process].class_
    return db.scalars(select(noun).where(Matter.parent_id == matter.id).order_by(Matter.id)).all()


def state_of(db: Session, matter: Matter) -> State:
    return process_of(db, matter).states[matter.state]


def matter(db: Session, matter_id: int) -> Matter:
    found = db.get(Matter, matter_id)
    if found is None:
        raise NotFound(Words("没有这件事。", "There is no such matter."))
    return found


def may_read(db: Session, actor: Actor, matter: Matter) -> bool:
    """Whoever reads it by a post; whoever is invited, their own invitation; whom a material is for, once it has been
    released.
    """
    if role_over(actor, matter, ["recipient"]) and db.get(MatterMark, (matter.id, "released")):
        return True
    return role_over(actor, matter, ["invitee"]) is not None or reads_by_post(db, actor, matter)


def reads_by_post(db: Session, actor: Actor, matter: Matter) -> bool:
    """Whoever holds a post that reaches the matter, and has a part in its procedure or leads the house (domain/05)."""
    return any(covers(post, matter) for post in readers(actor, process_of(db, matter)))


def readers(actor: Actor, process: Process) -> list[Post]:
    """The actor's posts that let them read a procedure's matters, as far as each reaches."""
    parts = {role for verb in process.verbs.values() for role in (*verb.doers, *verb.tells)} | READS_ALL
    return [post for post in actor.posts if post.role in parts]


def draft(db: Session, actor: Actor, matter: Matter, verb: str) -> Draft | None:
    """What this person has typed for this step and not sent."""
    return db.get(Draft, (actor.id, matter.id, verb)) if actor.id else None


def documents(db: Session, matter: Matter) -> Sequence[Document]:
    return db.scalars(select(Document).where(Document.matter_id == matter.id).order_by(Document.id)).all()
