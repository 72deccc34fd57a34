"""What the public wants consulted on, and the year's plan that carries the chosen ones."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ScalarSelect, String, Text, func, or_, select
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from engine.models.base import Base
from engine.models.matter import Matter
from engine.models.people import Person


class Plan(Matter):
    """An annual consultation plan (年度协商计划); its call opens the year's collection of topics."""

    __tablename__ = "plan"
    __mapper_args__ = {"polymorphic_identity": "plan"}
    __table_args__ = (CheckConstraint("year BETWEEN 2000 AND 2100", name="year"),)

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    year: Mapped[int] = mapped_column(unique=True)
    plenary_on: Mapped[date | None]
    decision_no: Mapped[str | None] = mapped_column(String(60))
    decided_on: Mapped[date | None]


class Topic(Matter):
    """A topic put forward in a plan's call. Its parent is the plan; `sources` are the topics merged into it,
    each by way of its `merged_first_id` (see `engine.actions.merging`).

    Where staff entered it, `source` says how it came in and `proposer_name` from whom, which is never published.
    One that was carried over goes on under a later plan as a topic of its own, which was `carried_from` it.
    In a plan its `group_id` answers for it, at `planned_time`: a month or a quarter.
    `answer_owed_from` is the day it had supporters enough for a public answer; nothing again once that is given.
    """

    __tablename__ = "topic"
    __table_args__ = (
        CheckConstraint("merged_into_id IS NULL OR merged_into_id <> id", name="merged_into_other"),
        CheckConstraint("merged_first_id IS NULL OR merged_into_id IS NOT NULL", name="merged_first"),
        CheckConstraint("carried_from_id IS NULL OR carried_from_id <> id", name="carried_from_other"),
    )

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    why_now: Mapped[str] = mapped_column(Text)
    matter_kind: Mapped[str | None] = mapped_column(String(20))
    form: Mapped[str | None] = mapped_column(String(20))
    level: Mapped[str | None] = mapped_column(String(20))
    planned_time: Mapped[str | None] = mapped_column(String(20))
    feasibility: Mapped[str | None] = mapped_column(Text)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    merged_first_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    carried_from_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"), unique=True, index=True)
    source: Mapped[str | None] = mapped_column(String(10))
    proposer_name: Mapped[str | None] = mapped_column(String(60))
    answer_owed_from: Mapped[date | None]
    answer: Mapped[str | None] = mapped_column(Text)

    merged_into: Mapped["Topic | None"] = relationship(foreign_keys=[merged_into_id], remote_side=[id])
    sources: Mapped[list["Topic"]] = relationship(foreign_keys=[merged_into_id], order_by=id, viewonly=True)
    carried_from: Mapped["Topic | None"] = relationship(
        foreign_keys=[carried_from_id], remote_side=[id], back_populates="carried_into"
    )
    carried_into: Mapped["Topic | None"] = relationship(
        foreign_keys=[carried_from_id], back_populates="carried_from", viewonly=True
    )

    __mapper_args__ = {"polymorphic_identity": "topic"}

    @property
    def put_forward(self) -> list["Topic"]:
        """Every topic that somebody put forward and that goes on in this one: merged into it, or carried over."""
        return [self, *self.sources, *(self.carried_from.put_forward if self.carried_from else [])]

    @property
    def proposers(self) -> int:
        return len({(one.created_by_id, one.proposer_name) for one in self.put_forward})

    @property
    def submitters(self) -> list[Person]:
        """Each once."""
        return list(
            {one.created_by.id: one.created_by for one in self.put_forward if one.created_by}.values()
        )


class Support(Base):
    """One person's support of one topic: there or not, never twice."""

    __tablename__ = "support"

    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    at: Mapped[datetime]


def supporters_of_topic() -> ScalarSelect[int]:
    """Of the topic of the query around it: distinct people over it and the topics merged into it."""
    merged = aliased(Topic)
    also = select(merged.id).where(merged.merged_into_id == Topic.id).correlate(Topic)
    both = or_(Support.topic_id == Topic.id, Support.topic_id.in_(also))
    return select(func.count(Support.person_id.distinct())).where(both).correlate(Topic).scalar_subquery()


class ScoreSheet(Base):
    """One scorer's sheet of one topic: points per criterion, 100 in all; earlier calls stand in the ledger."""

    __tablename__ = "score_sheet"
    __table_args__ = (CheckConstraint("total BETWEEN 0 AND 100", name="total"),)

    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    scorer_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    points: Mapped[dict[str, Any]]
    total: Mapped[int]
    remark: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]

    scorer: Mapped[Person] = relationship()


class HeldDecision(Base):
    """What the office will do with a topic, told to nobody until all are released. `version` is the topic's it saw."""

    __tablename__ = "held_decision"

    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    verb: Mapped[str] = mapped_column(String(30))
    answers: Mapped[dict[str, Any]]
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    version: Mapped[int]

    topic: Mapped[Topic] = relationship()
    decided_by: Mapped[Person] = relationship()
