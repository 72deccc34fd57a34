"""What was seen of a sitting's viewers, what was counted from it, and how far the counter is."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base
from engine.models.house import Document
from engine.wire import Kind


def _kinds() -> CheckConstraint:
    return CheckConstraint("kind IN ('official', 'test')", name="kind")


class Stretch(Base):
    """A run of entries of one gateway's life, all of them committed. Between two of them entries were lost.

    An entry that let in `unchecked` tickets is a stretch of its own.
    """

    __tablename__ = "stretch"
    __table_args__ = (CheckConstraint("first_seq <= last_seq", name="order"),)

    boot: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    began: Mapped[datetime]
    ended: Mapped[datetime]
    unchecked: Mapped[int]


class Sighting(Base):
    """What one visit did in one second: the raw row under every figure. `viewer` is the sitting's own pseudonym."""

    __tablename__ = "sighting"
    __table_args__: Any = (
        _kinds(),
        CheckConstraint("(visible IS NULL) = (watched_ms IS NULL)", name="beat"),
        Index("ix_sighting_sitting", "sitting_id"),
    )

    boot: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    visit: Mapped[str] = mapped_column(String(64), primary_key=True)
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"))
    viewer: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Kind] = mapped_column(String(8))
    at: Mapped[datetime]
    has_joined: Mapped[bool]
    has_left: Mapped[bool]
    visible: Mapped[bool | None]
    watched_ms: Mapped[int | None] = mapped_column(BigInteger)


class Like(Base):
    """One viewer's like of one target: there or not, never twice, however often it was sent."""

    __tablename__ = "live_like"
    __table_args__: Any = (_kinds(),)

    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(String(8), primary_key=True)
    viewer: Mapped[str] = mapped_column(String(64), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime]
    is_verified: Mapped[bool]


class LiveMinute(Base):
    """What began in one minute of a sitting, and the highest sample in it."""

    __tablename__ = "live_minute"
    __table_args__: Any = (_kinds(),)

    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(String(8), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    visits: Mapped[int]
    views: Mapped[int]
    viewers: Mapped[int]
    likes_verified: Mapped[int]
    likes_anonymous: Mapped[int]
    peak: Mapped[int]


class LiveSample(Base):
    """How many were online at one of the moments five seconds apart."""

    __tablename__ = "live_sample"
    __table_args__: Any = (_kinds(),)

    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(String(8), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    online: Mapped[int]


class LiveTotal(Base):
    """The figures of a sitting as they were `as_of`; at its closing they are complete. Watch time may be older."""

    __tablename__ = "live_total"
    __table_args__: Any = (_kinds(),)

    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(String(8), primary_key=True)
    as_of: Mapped[datetime]
    online: Mapped[int]
    visits: Mapped[int]
    views: Mapped[int]
    viewers: Mapped[int]
    likes_verified: Mapped[int]
    likes_anonymous: Mapped[int]
    peak: Mapped[int]
    mean_ms: Mapped[int | None] = mapped_column(BigInteger)
    median_ms: Mapped[int | None] = mapped_column(BigInteger)


class Snapshot(Base):
    """An edition of a sitting's figures, kept for good with its raw rows and what another program counted from them.

    Both by kind of traffic; `reason` is why there is another edition than the first.
    """

    __tablename__ = "snapshot"
    __table_args__ = (CheckConstraint("(edition = 1) = (reason IS NULL)", name="reason"),)

    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), primary_key=True)
    edition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    raw_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    figures: Mapped[dict[Kind, dict[str, int | None]]] = mapped_column(JSON)
    recounted: Mapped[dict[Kind, dict[str, int | None]]] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(Text)

    raw: Mapped[Document] = relationship()

    @property
    def agrees(self) -> bool:
        return self.figures == self.recounted


class CounterState(Base):
    """The one row that says how far in the stream of entries the database is, and under which epoch it may go on."""

    __tablename__ = "counter_state"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    epoch: Mapped[int]
    position: Mapped[str] = mapped_column(String(40))
