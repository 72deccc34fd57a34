"""The body that runs this house: its name, its calendar, its notices and its files."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base
from engine.models.people import Person


class House(Base):
    """The one row that says whose house this is. It exists from the first-day set-up on."""

    __tablename__ = "house"
    __table_args__ = (CheckConstraint("id = 1", name="one"), CheckConstraint("name <> ''", name="named"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(120))
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Workday(Base):
    """A day that differs from its weekday: a holiday, or a make-up working day (调休)."""

    __tablename__ = "workday"

    day: Mapped[date] = mapped_column(primary_key=True)
    worked: Mapped[bool]
    note: Mapped[str] = mapped_column(String(60), default="")


class Notice(Base):
    """A word to one person about one matter, in the house and, for those with an address, by e-mail."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_person", "person_id", "read_at"),
        Index("ix_notice_mail", "mailed_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    matter_id: Mapped[int | None] = mapped_column(ForeignKey("matter.id"))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"))
    zh: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship()


class Document(Base):
    """A stored file. Its bytes stand in the data folder under their sha256; it is always served as an attachment."""

    __tablename__ = "document"
    __table_args__ = (CheckConstraint("size > 0", name="size"), Index("ix_document_matter", "matter_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int | None] = mapped_column(ForeignKey("matter.id"))
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    is_public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
