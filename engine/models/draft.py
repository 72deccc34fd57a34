"""What someone has typed and not yet sent."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base


class Draft(Base):
    """The answers of one person's unfinished form, saved while they type."""

    __tablename__ = "draft"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    verb: Mapped[str] = mapped_column(String(40), primary_key=True)
    answers: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
