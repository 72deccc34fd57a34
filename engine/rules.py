"""Who may: each role, and the rows it reaches. Deny by default; the table of domain/05."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.errors import Forbidden
from engine.models.matter import Matter
from engine.models.people import Person, Post
from engine.words import Words

Scope = Literal["all", "unit", "group", "sitting", "own", "body", "none"]


@dataclass(frozen=True)
class Role:
    """`scope` is the rows it reaches. `grave` roles assign, sign or publish: they need a second factor."""

    title: Words
    scope: Scope
    grave: bool = False


ROLES: dict[str, Role] = {
    "citizen": Role(Words("实名市民", "Verified citizen"), "all"),
    "member": Role(Words("政协委员", "CPPCC member"), "all"),
    "group_leader": Role(Words("委员活动组组长", "Activity group leader"), "group"),
    "org_contact": Role(Words("参加单位联系人", "Organisation contact"), "all"),
    "scorer": Role(Words("议题评分人", "Topic scorer"), "all"),
    "committee_staff": Role(Words("专委会人员", "Committee staff"), "all"),
    "committee_head": Role(Words("专委会主任", "Committee head"), "all", grave=True),
    "office_staff": Role(Words("政协办公室", "CPPCC Office"), "all", grave=True),
    "research_office": Role(Words("研究室", "Research Office"), "all"),
    "party_office": Role(Words("市委办公室", "Party Committee Office"), "all", grave=True),
    "government_office": Role(Words("市政府办公室", "Government Office"), "all", grave=True),
    "assigning_office": Role(Words("交办机关", "Assigning office"), "all", grave=True),
    "inspection_office": Role(Words("督查室", "Inspection Office"), "all"),
    "leader": Role(
        Words("主席、副主席、秘书长", "Chairperson, vice chairs, secretary-general"), "all", grave=True
    ),
    "unit_admin": Role(Words("承办单位联络员", "Unit liaison"), "unit"),
    "unit_handler": Role(Words("经办人", "Handler"), "unit"),
    "unit_leader": Role(Words("单位领导", "Unit leader"), "unit", grave=True),
    "host": Role(Words("本场主持人", "Host of the sitting"), "sitting"),
    "recorder": Role(Words("本场记录员", "Recorder of the sitting"), "sitting"),
    "moderator": Role(Words("互动审核员", "Moderator"), "sitting"),
    "duty_leader": Role(Words("本场值班领导", "Duty leader of the sitting"), "sitting"),
    "live_operator": Role(Words("直播运维", "Live operator"), "sitting"),
    "submitter": Role(Words("提交人", "The one who put it forward"), "own"),
    "invitee": Role(Words("受邀人", "The one invited"), "own"),
    "remote_guest": Role(Words("远程席位的受邀人", "The one invited to a remote seat"), "own"),
    "recipient": Role(Words("收件人", "Those it is for"), "own"),
    "chairs_meeting": Role(Words("主席会议", "Chairpersons' meeting"), "body"),
    "standing_committee": Role(Words("常务委员会", "Standing Committee"), "body"),
    "party_committee": Role(Words("市委", "Party committee"), "body"),
    "sysadmin": Role(Words("系统管理员", "System administrator"), "none"),
    "secadmin": Role(Words("安全管理员", "Security administrator"), "none"),
    "auditor": Role(Words("审计管理员", "Audit administrator"), "none"),
    "system": Role(Words("系统", "The system"), "all"),
}

HELD_BY_POST = tuple(
    name
    for name, role in ROLES.items()
    if role.scope not in ("own", "body") and name not in ("citizen", "system")
)

OWNED = {
    "submitter": "created_by_id",
    "invitee": "person_id",
    "remote_guest": "remote_guest_id",
    "recipient": "recipient_ids",
}
"""Whose a matter is, for the roles of scope `own`: one person's or several people's."""

# What no procedure says: who may do it, and read it, apart from the steps of a matter.
PROGRAMMERS = frozenset({"committee_staff", "office_staff"})
ADMINISTRATORS = frozenset({"sysadmin", "secadmin"})
EDITION_PROPOSERS = frozenset({"sysadmin"})
EDITION_ADOPTERS = frozenset({"office_staff", "secadmin"})
CALENDAR_KEEPERS = frozenset({"sysadmin"})
"""domain/05 gives the system administrator the configuration; that the calendar is part of it is our assumption."""
UNITS = frozenset({"unit_admin", "unit_handler", "unit_leader"})
SITTING_GRANTERS = frozenset({"office_staff", "committee_staff"})
SITTING_CONFIRMERS = frozenset({"office_staff", "leader"})
HALL_RUNNERS = ("host", "recorder", "live_operator", "duty_leader", "committee_staff", "leader")
DOOR_KEEPERS = ("committee_staff", "recorder")
HALL_MODERATORS = ("moderator", *HALL_RUNNERS)
TOPIC_DECIDERS = frozenset({"office_staff"})
SCORE_READERS = frozenset({"office_staff", "research_office", "scorer", "committee_staff", "leader"})
TOPIC_READERS = SCORE_READERS | {"member"}


@dataclass(frozen=True)
class Actor:
    """Whoever acts: a person with the posts that count now, nobody known, or the system itself.

    `acting` is the role chosen where a person has several; without it any of them serves.
    """

    person: Person | None = None
    posts: Sequence[Post] = field(default=())
    acting: str | None = None
    is_system: bool = False

    @property
    def id(self) -> int | None:
        return self.person.id if self.person else None

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(post.role for post in self.posts)


SYSTEM = Actor(is_system=True)
NOBODY = Actor()


def actor_for(db: Session, person: Person, acting: str | None = None) -> Actor:
    """The person with the posts that are confirmed and not ended."""
    posts = db.scalars(
        select(Post)
        .where(Post.person_id == person.id, Post.confirmed_at.is_not(None), Post.ended_at.is_(None))
        .order_by(Post.id)
    )
    return Actor(person, tuple(posts), acting)


def role_over(actor: Actor, matter: Matter | None, roles: Iterable[str]) -> str | None:
    """The first of `roles` that this actor holds over this matter; `matter` is None where one is to be created."""
    return next((role for role in roles if _holds(actor, matter, role)), None)


def _holds(actor: Actor, matter: Matter | None, role: str) -> bool:
    if role == "system":
        return actor.is_system
    if actor.person is None:
        return False
    if role == "citizen":
        return actor.person.phone_key is not None
    if role in OWNED:
        return matter is not None and actor.id in _owner_ids(matter, role)
    if actor.acting and actor.acting != role:
        return False
    return any(covers(post, matter) for post in actor.posts if post.role == role)


def _owner_ids(matter: Matter, role: str) -> Sequence[int]:
    whose = getattr(matter, OWNED[role], None) or []
    return [whose] if isinstance(whose, int) else whose


def covers(post: Post, matter: Matter | None) -> bool:
    """Whether a post reaches a matter's row: its own unit's, group's, sitting's, or all."""
    scope = ROLES[post.role].scope
    if scope == "all":
        return True
    if matter is None:
        return scope in ("unit", "group", "sitting")
    if scope == "unit":
        return post.unit_id is not None and matter.unit_id == post.unit_id
    if scope == "group":
        return post.group_id is not None and matter.group_id == post.group_id
    if scope == "sitting":
        return post.sitting_id is not None and post.sitting_id in (matter.sitting_id, matter.id)
    return False


def people_over(db: Session, matter: Matter, role: str) -> list[Person]:
    """Everybody who is to hear of this matter in this role, each once, in the order of their posts."""
    if role == "submitter":
        return matter.submitters
    if role in OWNED:
        return [db.get_one(Person, owner) for owner in _owner_ids(matter, role)]
    posts = db.scalars(
        select(Post)
        .where(Post.role == role, Post.confirmed_at.is_not(None), Post.ended_at.is_(None))
        .options(joinedload(Post.person))
        .order_by(Post.id)
    )
    return list({post.person_id: post.person for post in posts if covers(post, matter)}.values())


def require(actor: Actor, roles: frozenset[str] | set[str]) -> None:
    """For what no procedure says: raises `Forbidden` with who may."""
    if not (actor.is_system or actor.roles & roles):
        who = titles(sorted(roles))
        raise Forbidden(Words(f"这件事由{who.zh}办理。", f"This is done by: {who.en}."))


def titles(roles: Iterable[str]) -> Words:
    """Who may, for the sentence of a refusal."""
    known = [ROLES[role].title for role in roles]
    return Words("、".join(title.zh for title in known), ", ".join(title.en for title in known))
