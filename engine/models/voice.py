"""What the public says at a sitting: questions, comments, likes, and the receipt each asker gets."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base
from engine.models.matter import Matter


class Question(Matter):
    """A question to a sitting (`sitting_id`); its title is its words.

    `receipt` is the code its asker follows it by (60 random bits). `on_air_second` and `answered_second` count from
    the opening of the sitting, so that they point into the recording. `source` says how it came in, `due_on` by when an
    answer in writing was promised. `merged_first_id` is what a person merged it into, which may have been merged on
    since into `merged_into_id`.
    """

    __tablename__ = "question"
    __table_args__ = (
        CheckConstraint("source IN ('online', 'phone', 'paper', 'hall')", name="source"),
        CheckConstraint("answered_second IS NULL OR answered_second >= 0", name="second"),
        CheckConstraint("merged_into_id <> id", name="not_into_itself"),
        CheckConstraint("merged_first_id IS NULL OR merged_into_id IS NOT NULL", name="merged_first"),
    )

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    receipt: Mapped[str] = mapped_column(String(16), unique=True)
    asker_name: Mapped[str] = mapped_column(String(60))
    district: Mapped[str] = mapped_column(String(40), default="")
    source: Mapped[str] = mapped_column(String(10), default="online")
    is_test: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"), index=True)
    merged_first_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"))
    on_air_second: Mapped[int | None]
    answered_second: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(Text)
    due_on: Mapped[date | None]

    merged_into: Mapped["Question | None"] = relationship(foreign_keys=[merged_into_id], remote_side=[id])

    __mapper_args__ = {"polymorphic_identity": "question"}


class Upvote(Base):
    """One person's "I ask this too": there or not, never twice."""

    __tablename__ = "upvote"

    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    at: Mapped[datetime]


class Comment(Matter):
    """A comment on a sitting; its title is its words, shown only once a moderator has approved it."""

    __tablename__ = "comment"
    __mapper_args__ = {"polymorphic_identity": "comment"}
    __table_args__ = ()

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    author_name: Mapped[str] = mapped_column(String(60))
    is_test: Mapped[bool] = mapped_column(default=False)


class IdempotencyKey(Base):
    """A write that was acknowledged: the same key again gives the same answer, another body with it is refused."""

    __tablename__ = "idempotency_key"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    at: Mapped[datetime]
