"""Recommendations, what they rest on, and each unit's handling of them."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import JSON

from engine.models.base import Base
from engine.models.consultation import Finding, Promise
from engine.models.matter import Matter
from engine.models.voice import Question


class Recommendation(Matter):
    """The smallest tracked item (协商建议). Its parent is the consultation; `number` is its place in the report.

    `due_on` is the day the assigning office set for the replies, if it set one.
    """

    __tablename__ = "recommendation"
    __mapper_args__ = {"polymorphic_identity": "recommendation"}
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("text <> ''", name="text"),
    )

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text)
    suggested_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    due_on: Mapped[date | None]

    sources: Mapped[list["Source"]] = relationship(order_by="Source.id")


class Source(Base):
    """What a recommendation rests on: exactly one question, finding or promise."""

    __tablename__ = "source"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN question_id IS NULL THEN 0 ELSE 1 END + CASE WHEN finding_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN promise_id IS NULL THEN 0 ELSE 1 END = 1",
            name="one",
        ),
        UniqueConstraint("recommendation_id", "question_id", "finding_id", "promise_id"),
        Index("ix_source_question", "question_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recommendation_id: Mapped[int] = mapped_column(ForeignKey("recommendation.id"))
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"))
    finding_id: Mapped[int | None] = mapped_column(ForeignKey("finding.id"))
    promise_id: Mapped[int | None] = mapped_column(ForeignKey("promise.id"))

    question: Mapped[Question | None] = relationship()
    finding: Mapped[Finding | None] = relationship()
    promise: Mapped[Promise | None] = relationship()


class Assignment(Matter):
    """One unit's (`unit_id`) handling of one recommendation, its parent. `decision` is the unit's own conclusion;
    `public_reason` is why its reply may wait until `extended_to`.
    """

    __tablename__ = "assignment"
    __mapper_args__ = {"polymorphic_identity": "assignment"}
    __table_args__ = (CheckConstraint("duty IN ('lead', 'co', 'sole', 'split')", name="duty"),)

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    duty: Mapped[str] = mapped_column(String(8))
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decision: Mapped[str | None] = mapped_column(String(12))
    reply: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    measures: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    extended_to: Mapped[date | None]
    public_reason: Mapped[str | None] = mapped_column(Text)
    percent: Mapped[int | None]
    done_on: Mapped[date | None]
