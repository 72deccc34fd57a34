"""A matter: anything that moves through a procedure. Each noun adds its own table to this one."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base
from engine.models.people import Group, Person, Unit


class Matter(Base):
    """`state`, `since` and `version` change only in `engine.advance`. `since` is when the state was entered.

    `unit_id`, `group_id` and `sitting_id` say whose it is: a post's row scope is compared with them.
    """

    __tablename__ = "matter"
    __table_args__: Any = (
        CheckConstraint("title <> ''", name="titled"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("edition >= 1", name="edition"),
        Index("ix_matter_stage", "process", "state", "edition", "unit_id", "since"),
        Index("ix_matter_parent", "parent_id", "process"),
        Index("ix_matter_sitting", "sitting_id", "process", "state"),
    )
    __mapper_args__ = {"polymorphic_on": "process", "polymorphic_identity": "matter"}

    id: Mapped[int] = mapped_column(primary_key=True)
    process: Mapped[str] = mapped_column(String(30))
    edition: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(40))
    since: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("matter.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("activity_group.id"), index=True)
    sitting_id: Mapped[int | None] = mapped_column(ForeignKey("matter.id"))

    parent: Mapped["Matter | None"] = relationship(foreign_keys=[parent_id], remote_side=[id])
    created_by: Mapped[Person | None] = relationship(foreign_keys=[created_by_id])
    unit: Mapped[Unit | None] = relationship(foreign_keys=[unit_id])
    group: Mapped[Group | None] = relationship(foreign_keys=[group_id])

    ticks: Mapped[list["Tick"]] = relationship(cascade="all, delete-orphan")

    @property
    def submitters(self) -> list[Person]:
        """Those who are told as its submitter."""
        return [self.created_by] if self.created_by else []


class Tick(Base):
    """An item of a checklist that its owner has confirmed, for as long as it counts; the entry says who and when."""

    __tablename__ = "tick"

    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    checklist: Mapped[str] = mapped_column(String(30), primary_key=True)
    item: Mapped[str] = mapped_column(String(30), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"))


class MatterMark(Base):
    """The first time a matter carried a mark: the date that figures use."""

    __tablename__ = "matter_mark"

    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    mark: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
