"""People, units and groups; the posts that give rights, each by two people; one-time ways in."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from engine.editions import process_of
from engine.errors import Forbidden, Invalid, NotFound, Stale, WrongState, all_or_none
from engine.models.house import Notice
from engine.models.matter import Matter
from engine.models.people import Group, Person, Post, SignInLink, Unit
from engine.models.recommendation import Assignment
from engine.record import note, record
from engine.rules import (
    ADMINISTRATORS,
    HELD_BY_POST,
    ROLES,
    SITTING_CONFIRMERS,
    SITTING_GRANTERS,
    Actor,
    require,
)
from engine.words import Language, Words

NAME_MAX = 60
LINK_LASTS = timedelta(hours=24)

P = TypeVar("P", Unit, Group)

_EMAIL = re.compile(r"[^@\s]{1,60}@[^@\s]{1,40}\.[^@\s.]{2,20}")


@dataclass(frozen=True)
class NewPerson:
    """What a form or a row of the Excel template says of someone. `unit` and `group` are names."""

    name: str
    email: str
    roles: Sequence[str] = ()
    unit: str = ""
    group: str = ""


def add_unit(db: Session, name: str, name_en: str = "", *, actor: Actor, now: datetime) -> Unit:
    return _add_place(db, Unit, "unit", name, name_en, actor, now)


def add_group(db: Session, name: str, name_en: str = "", *, actor: Actor, now: datetime) -> Group:
    return _add_place(db, Group, "group", name, name_en, actor, now)


def _add_place(
    db: Session, kind: type[P], noun: str, name: str, name_en: str, actor: Actor, now: datetime
) -> P:
    require(actor, {"sysadmin"})
    name, name_en = _name(name, "name"), name_en.strip()
    if db.scalar(select(kind.id).where(kind.name == name)):
        raise Invalid({"name": Words(f"“{name}”已经有了。", f"“{name}” is there already.")})
    position = db.scalar(select(func.count()).select_from(kind)) or 0
    place = kind(name=name, name_en=name_en, position=position)
    db.add(place)
    db.flush()
    record(
        db,
        f"{noun}.added",
        noun=noun,
        verb="add",
        actor=actor,
        now=now,
        role="sysadmin",
        data={"id": place.id, "name": name},
    )
    return place


def add_person(db: Session, new: NewPerson, *, actor: Actor, now: datetime) -> Person:
    """Adds someone with the posts proposed for them. The posts wait for a second person; see `confirm_post`."""
    require(actor, {"sysadmin"})
    person = _new_person(db, new, now)
    record(
        db,
        "person.added",
        noun="person",
        verb="add",
        actor=actor,
        now=now,
        role="sysadmin",
        data={"id": person.id},
        texts={"name": person.name},
    )
    for role in new.roles:
        place = {
            "unit": _place(db, Unit, new.unit, "unit"),
            "group": _place(db, Group, new.group, "group"),
        }.get(ROLES[role].scope)
        grant_post(db, person, role, place, actor=actor, now=now)
    return person


def _new_person(db: Session, new: NewPerson, now: datetime) -> Person:
    name, email = _name(new.name, "name"), new.email.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise Invalid({"email": Words("请填写有效的电子邮箱。", "Please give a valid e-mail address.")})
    if db.scalar(select(Person.id).where(Person.email == email)):
        raise Invalid({"email": Words("这个邮箱已经登记过。", "This address is registered already.")})
    for role in new.roles:
        if role not in HELD_BY_POST:
            raise Invalid({"roles": Words(f"没有“{role}”这个角色。", f"There is no role “{role}”.")})
    person = Person(name=name, email=email, created_at=now)
    db.add(person)
    db.flush()
    return person


def import_people(db: Session, rows: Sequence[NewPerson], *, actor: Actor, now: datetime) -> list[Person]:
    return all_or_none(rows, lambda row: add_person(db, row, actor=actor, now=now))


def grant_post(
    db: Session,
    person: Person,
    role: str,
    place: Unit | Group | Matter | None = None,
    *,
    actor: Actor,
    now: datetime,
) -> Post:
    """Proposes a post. `place` is the unit, group or sitting it holds for, where the role has such a scope."""
    if role not in HELD_BY_POST:
        raise Invalid({"role": Words("没有这个角色。", "There is no such role.")})
    scope = ROLES[role].scope
    require(actor, SITTING_GRANTERS if scope == "sitting" else {"sysadmin"})
    kinds: dict[str, type] = {"unit": Unit, "group": Group, "sitting": Matter}
    if scope in kinds and not isinstance(place, kinds[scope]):
        field: Literal["unit", "group", "sitting"] = scope  # type: ignore[assignment]
        raise Invalid({field: Words("这个角色要指明属于哪一个。", "This role must say which one it is for.")})
    post = Post(person_id=person.id, role=role, granted_by_id=actor.id, granted_at=now)
    if scope in kinds and place is not None:
        setattr(post, f"{scope}_id", place.id)
    db.add(post)
    db.flush()
    _record_post(db, post, "proposed", actor, now)
    return post


def confirm_post(db: Session, post: Post, *, actor: Actor, now: datetime) -> None:
    """The second person's yes, from which the post counts. Never by the proposer, never for oneself."""
    require(actor, SITTING_CONFIRMERS if ROLES[post.role].scope == "sitting" else {"secadmin"})
    if post.confirmed_at or post.ended_at:
        raise WrongState(Words("这个岗位已经处理过。", "This post has been dealt with already."))
    if actor.id in (post.granted_by_id, post.person_id):
        raise Forbidden(
            Words(
                "授权需要第二个人确认，不能由提出人或本人确认。",
                "A second person must confirm: neither the proposer nor the person concerned.",
            )
        )
    post.confirmed_by_id, post.confirmed_at = actor.id, now
    _record_post(db, post, "confirmed", actor, now)
    if post.follows and not post.follows.ended_at:
        post.follows.ended_at = now
        _record_post(db, post.follows, "ended", actor, now)
        _pass_on(db, post.follows, post, actor, now)


def hand_over(
    db: Session, leaver: Person, successor: Person, *, actor: Actor, now: datetime
) -> Sequence[Post]:
    """Proposes every post of the house that one who leaves holds for another. Each passes, with the matters that name
    its holder, when it is confirmed, so that it is never without one.
    """
    require(actor, {"sysadmin"})
    if successor.disabled_at or successor.email is None or successor.id == leaver.id:
        raise Invalid({"successor": Words("请选择另一位在用的人员。", "Choose somebody else who is in use.")})
    has = {_seat(post) for post in successor.posts if not post.ended_at}
    passed = [
        post for post in leaver.posts if post.confirmed_at and not post.ended_at and _seat(post) not in has
    ]
    new = [
        Post(
            person=successor,
            role=post.role,
            unit_id=post.unit_id,
            group_id=post.group_id,
            follows_id=post.id,
            granted_by_id=actor.id,
            granted_at=now,
        )
        for post in passed
        if ROLES[post.role].scope != "sitting"
    ]
    if not new:
        raise Invalid(
            {"successor": Words("没有要交接的岗位。", "There is no post to hand over to this person.")}
        )
    db.add_all(new)
    db.flush()
    for post in new:
        _record_post(db, post, "proposed", actor, now)
    return new


def _seat(post: Post) -> tuple[object, ...]:
    return post.role, post.unit_id, post.group_id, post.sitting_id


def _pass_on(db: Session, old: Post, new: Post, actor: Actor, now: datetime) -> None:
    """What is not closed and names the one as its handler names the other from now on."""
    named = select(Assignment).where(
        Assignment.handler_id == old.person_id, Assignment.unit_id == old.unit_id
    )
    for matter in db.scalars(named.order_by(Assignment.id)):
        if not process_of(db, matter).states[matter.state].end:
            matter.handler_id = new.person_id
            passed = {"from": old.person_id, "to": new.person_id}
            note(db, matter, "handed_over", actor=actor, now=now, answers=passed)


def end_post(db: Session, post: Post, *, actor: Actor, now: datetime) -> None:
    require(
        actor,
        SITTING_GRANTERS | {"secadmin"} if ROLES[post.role].scope == "sitting" else ADMINISTRATORS,
    )
    if post.ended_at:
        raise WrongState(Words("这个岗位已经结束。", "This post has ended already."))
    post.ended_at = now
    _record_post(db, post, "ended", actor, now)


def issue_link(
    db: Session, person: Person | None, *, purpose: str, now: datetime, lasts: timedelta = LINK_LASTS
) -> str:
    """A one-time token; the database keeps only its hash."""
    token = secrets.token_urlsafe(32)
    db.add(
        SignInLink(
            token_hash=_hash(token),
            person_id=person.id if person else None,
            purpose=purpose,
            expires_at=now + lasts,
        )
    )
    db.flush()
    return token


def give_link(db: Session, person: Person, *, actor: Actor, now: datetime) -> str:
    """A way in that the system administrator hands to someone; that someone is told of it.

    Never for a security administrator, or one person could propose a post and confirm it as the other.
    """
    require(actor, {"sysadmin"})
    if any(post.role == "secadmin" and not post.ended_at for post in person.posts):
        raise Forbidden(
            Words(
                "安全管理员的登录链接不能由系统管理员生成，请管理服务器的人运行 xieshang login。",
                "The system administrator cannot make a link for a security administrator;"
                " whoever runs the server does, by `xieshang login`.",
            )
        )
    record(
        db,
        "person.link_given",
        noun="person",
        verb="give_link",
        actor=actor,
        now=now,
        role="sysadmin",
        data={"id": person.id},
    )
    told = Words(
        "系统管理员为您生成了一次性登录链接。如果不是您要的，请告诉安全管理员。",
        "The system administrator made you a one-time sign-in link."
        " If you did not ask for it, tell the security administrator.",
    )
    db.add(Notice(person_id=person.id, zh=told.zh, en=told.en, created_at=now))
    return issue_link(db, person, purpose="sign_in", now=now)


def find_link(db: Session, token: str, *, purpose: str, now: datetime) -> SignInLink:
    """The link as long as it can be used; looking at it uses nothing up."""
    link = db.get(SignInLink, _hash(token))
    if link is None or link.purpose != purpose or link.used_at or link.expires_at <= now:
        raise NotFound(
            Words(
                "这个链接已经用过或已经过期，请向管理员索取新的链接。",
                "This link has been used or has expired; please ask an administrator for a new one.",
            )
        )
    return link


def use_link(db: Session, token: str, *, purpose: str, now: datetime) -> Person | None:
    """Uses a link up. Of two that race, one gets in."""
    link = find_link(db, token, purpose=purpose, now=now)
    used = (
        update(SignInLink)
        .where(SignInLink.token_hash == link.token_hash, SignInLink.used_at.is_(None))
        .values(used_at=now)
    )
    if db.execute(used).rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(Words("这个链接刚刚用过。", "This link has just been used."))
    if link.person and link.person.disabled_at:
        raise Forbidden(Words("这个账号已停用。", "This account is disabled."))
    return link.person


def signs_in(db: Session, person_id: int, *, language: Language) -> None:
    """From now on the person is written to in the language they read here."""
    db.execute(update(Person).where(Person.id == person_id).values(language=language))


def sign_out(db: Session, person_id: int, *, now: datetime) -> None:
    """Ends every cookie this person has been given."""
    db.execute(update(Person).where(Person.id == person_id).values(signed_out_at=now))


def use_code(db: Session, person: Person, step: int) -> bool:
    """Uses up a second factor's code, by the half minute it is of. False where that or a later one was used before."""
    newer = (Person.totp_step.is_(None), Person.totp_step < step)
    used = update(Person).where(Person.id == person.id, or_(*newer)).values(totp_step=step)
    return bool(db.execute(used).rowcount == 1)  # type: ignore[attr-defined]


def set_secrets(
    db: Session,
    person: Person,
    *,
    password_hash: str | None = None,
    totp_secret: str | None = None,
    now: datetime,
) -> None:
    """A person's own new password or second factor, already hashed or made by the edge."""
    if password_hash:
        person.password_hash = password_hash
    if totp_secret:
        person.totp_secret = totp_secret
    what = "password" if password_hash else "second_factor"
    record(
        db,
        f"person.{what}_set",
        noun="person",
        verb=f"set_{what}",
        actor=Actor(person),
        now=now,
        data={"id": person.id},
    )


def disable_person(db: Session, person: Person, *, seen: int, actor: Actor, now: datetime) -> None:
    require(actor, {"sysadmin"})
    if person.version != seen:
        raise Stale(
            Words("这个人的资料刚刚被别人修改过。", "Someone has just changed this person's record."),
            person.version,
        )
    person.disabled_at, person.version = now, person.version + 1
    record(
        db,
        "person.disabled",
        noun="person",
        verb="disable",
        actor=actor,
        now=now,
        role="sysadmin",
        data={"id": person.id},
    )


def verify_citizen(db: Session, phone_key: str, name: str, *, now: datetime) -> Person:
    """The citizen of a phone that has just been verified; made at the first time. `phone_key` is a keyed hash."""
    person = db.scalar(select(Person).where(Person.phone_key == phone_key))
    if person is None:
        person = Person(name=_name(name, "name"), phone_key=phone_key, created_at=now)
        db.add(person)
        db.flush()
        record(
            db,
            "person.verified",
            noun="person",
            verb="verify",
            actor=Actor(person),
            now=now,
            data={"id": person.id},
            texts={"name": person.name},
        )
    return person


def _record_post(db: Session, post: Post, what: str, actor: Actor, now: datetime) -> None:
    data = {
        "id": post.id,
        "person": post.person_id,
        "role": post.role,
        "unit": post.unit_id,
        "group": post.group_id,
        "sitting": post.sitting_id,
    }
    record(
        db,
        f"post.{what}",
        noun="post",
        verb=what,
        actor=actor,
        now=now,
        data={name: value for name, value in data.items() if value is not None},
    )


def _place(db: Session, kind: type[P], name: str, field: str) -> P | None:
    if not name.strip():
        return None
    place = db.scalar(select(kind).where(kind.name == name.strip()))
    if place is None:
        raise Invalid({field: Words(f"没有登记“{name.strip()}”。", f"“{name.strip()}” is not registered.")})
    return place


def _name(text: str, field: str) -> str:
    name = text.strip()
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise Invalid(
            {
                field: Words(
                    f"请填写名称，不超过 {NAME_MAX} 字。",
                    f"Please give a name of at most {NAME_MAX} characters.",
                )
            }
        )
    return name


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
