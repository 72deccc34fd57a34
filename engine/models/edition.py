"""Variants of a procedure, proposed, and adopted or not. The shipped file is edition 1 and has no row."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base
from engine.models.people import Person


class ProcessEdition(Base):
    """It counts once it is adopted, for matters that begin on its day or later.

    `moves` also takes those that are under way over to it on that day: lost state → state of this edition. Without it
    they keep the edition they began under.
    """

    __tablename__ = "process_edition"
    __table_args__ = (
        CheckConstraint("number >= 2", name="number"),
        CheckConstraint("adopted_at IS NULL OR decided_by_id <> proposed_by_id", name="by_two"),
        CheckConstraint("adopted_at IS NULL OR declined_at IS NULL", name="decided"),
    )

    process: Mapped[str] = mapped_column(String(30), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    from_date: Mapped[date]
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    adopted_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    moves: Mapped[dict[str, Any] | None]

    proposed_by: Mapped[Person] = relationship(foreign_keys=[proposed_by_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])

    @property
    def is_open(self) -> bool:
        return self.adopted_at is None and self.declined_at is None
