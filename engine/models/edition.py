"""Variants of a procedure that the house has adopted. The shipped file is edition 1 and has no row."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base


class ProcessEdition(Base):
    __tablename__ = "process_edition"
    __table_args__ = (CheckConstraint("number >= 2", name="number"),)

    process: Mapped[str] = mapped_column(String(30), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    from_date: Mapped[date]
    adopted_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    adopted_at: Mapped[datetime]
