"""People, the offices they stand in, and the posts that give them rights."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base


class Unit(Base):
    """A government department that answers, or an office of the body itself."""

    __tablename__ = "unit"
    __table_args__ = (CheckConstraint("name <> ''", name="named"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    name_en: Mapped[str] = mapped_column(String(120), default="")
    position: Mapped[int] = mapped_column(default=0)


class Group(Base):
    """A member activity group (委员活动组): does the research before a consultation."""

    __tablename__ = "activity_group"
    __table_args__ = (CheckConstraint("name <> ''", name="named"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    name_en: Mapped[str] = mapped_column(String(120), default="")
    position: Mapped[int] = mapped_column(default=0)


class Person(Base):
    """Someone known: staff with an e-mail address to sign in by, or a citizen with a verified phone.

    `phone_key` is a keyed hash: the number itself is never stored. `totp_step` is the half minute whose code was
    used last. Signing out ends every cookie from before `signed_out_at`.
    """

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("name <> ''", name="named"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    email: Mapped[str | None] = mapped_column(String(120), unique=True)
    phone_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    totp_step: Mapped[int | None]
    signed_out_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(String(2), default="zh")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    posts: Mapped[list["Post"]] = relationship(back_populates="person", foreign_keys="Post.person_id")


class Post(Base):
    """One role of one person, and where it holds: everywhere, in a unit, in a group, or in one sitting.

    A post counts from `confirmed_at`: the second person's yes. It is ended, never deleted; one that `follows` another
    (交接) ends that one when it begins to count.
    """

    __tablename__ = "post"
    __table_args__ = (
        CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> granted_by_id", name="two_people"),
        CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> person_id", name="not_oneself"),
        Index("ix_post_person_role", "person_id", "role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str] = mapped_column(String(40))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("activity_group.id"))
    sitting_id: Mapped[int | None] = mapped_column(ForeignKey("matter.id"))
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"))
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    granted_at: Mapped[datetime]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(back_populates="posts", foreign_keys=[person_id])
    follows: Mapped["Post | None"] = relationship(remote_side=[id])
    unit: Mapped[Unit | None] = relationship()
    group: Mapped[Group | None] = relationship()


class SignInLink(Base):
    """A one-time way in. Only the hash of its token is kept."""

    __tablename__ = "sign_in_link"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    person: Mapped[Person | None] = relationship()
