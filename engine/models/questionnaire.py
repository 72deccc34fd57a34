"""A questionnaire of a research: what it asks, and what was answered, by whom nobody knows."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter


class Questionnaire(Matter):
    """Its parent is the research, its group that of the research. It takes answers to the end of `closes_on`."""

    __tablename__ = "questionnaire"
    __mapper_args__ = {"polymorphic_identity": "questionnaire"}
    __table_args__ = ()

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    intro: Mapped[str] = mapped_column(Text, default="")
    closes_on: Mapped[date | None]

    items: Mapped[list["Item"]] = relationship(order_by="Item.position", cascade="all, delete-orphan")


class Item(Base):
    """One of its questions, numbered from 1. A scale is answered from 1 to 5; its options say what the ends mean."""

    __tablename__ = "questionnaire_item"
    __table_args__ = (
        CheckConstraint("wording <> ''", name="wording"),
        CheckConstraint("kind IN ('one', 'several', 'scale', 'text')", name="kind"),
        UniqueConstraint("questionnaire_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    position: Mapped[int]
    wording: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(8))
    options: Mapped[list[str]]


class AnswerSheet(Base):
    """What one browser answered. `token` is a keyed hash that is another for each questionnaire, and stands in no
    ledger; `entry` is the ledger's line of what is answered now.
    """

    __tablename__ = "answer_sheet"
    __table_args__ = (UniqueConstraint("questionnaire_id", "token"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    token: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"), index=True, unique=True)

    entry: Mapped[LedgerEntry | None] = relationship()
    answers: Mapped[list["Answer"]] = relationship(order_by="Answer.id", cascade="all, delete-orphan")


class Answer(Base):
    """A choice, counted from 1, or words; several choices are several rows."""

    __tablename__ = "answer"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN choice IS NULL THEN 0 ELSE 1 END + CASE WHEN words IS NULL THEN 0 ELSE 1 END = 1",
            name="one",
        ),
        UniqueConstraint("sheet_id", "item_id", "choice"),
        Index("ix_answer_item", "item_id", "choice"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("answer_sheet.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("questionnaire_item.id"))
    choice: Mapped[int | None]
    words: Mapped[str | None] = mapped_column(Text)
