"""The provable log, to which entries, texts, leaves and checkpoints are only added, and what is owed because of it."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base


class LedgerEntry(Base):
    """One fact. `data` is for everybody: typed values that name no person. What was answered in a form stands in
    `LedgerText`, salted: free texts by their field, the typed rest together as `answers`.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        Index("ix_ledger_entry_matter", "matter_id", "id"),
        Index("ix_ledger_entry_verb", "matter_id", "verb", "actor_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(60))
    noun: Mapped[str] = mapped_column(String(30))
    matter_id: Mapped[int | None] = mapped_column(ForeignKey("matter.id"))
    version: Mapped[int | None]
    verb: Mapped[str] = mapped_column(String(40))
    from_state: Mapped[str | None] = mapped_column(String(40))
    to_state: Mapped[str | None] = mapped_column(String(40))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str | None] = mapped_column(String(40))
    behalf: Mapped[str | None] = mapped_column(String(40))
    data: Mapped[dict[str, Any]]

    texts: Mapped[list["LedgerText"]] = relationship(order_by="LedgerText.field")

    @property
    def answers(self) -> dict[str, Any]:
        """The typed answers by field, dates as ISO texts."""
        kept = next((text.text for text in self.texts if text.field == "answers"), None)
        return dict(json.loads(kept)) if kept else {}


class LedgerText(Base):
    """A text of an entry with its salt. Erasing clears both: the digest keeps the leaf provable, and without
    its salt nobody can guess a name back from it.
    """

    __tablename__ = "ledger_text"

    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    field: Mapped[str] = mapped_column(String(40), primary_key=True)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    text: Mapped[str | None] = mapped_column(Text)


class LedgerLeaf(Base):
    """An entry's place in the tree. The relay gives it, in the order of commit, without a hole."""

    __tablename__ = "ledger_leaf"
    __table_args__ = (CheckConstraint("leaf_index >= 0", name="index"),)

    leaf_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class LedgerNode(Base):
    """The root over 2**`level` leaves from `position` * 2**`level` on, kept for a few levels so that no proof needs all
    leaves.
    """

    __tablename__ = "ledger_node"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class Checkpoint(Base):
    """A signed head of the tree, as handed out."""

    __tablename__ = "checkpoint"
    __table_args__ = (CheckConstraint("size >= 1", name="size"),)

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)


class Outbox(Base):
    """What is owed because of a committed fact: to seal it, and to tell the world. `fact_no` is its number in its
    sitting, if the crowd may see it.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unannounced", "announced_at", "id"),
        Index("ix_outbox_unsealed", "is_sealed", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    sitting_id: Mapped[int | None] = mapped_column(ForeignKey("matter.id"))
    fact_no: Mapped[int | None]
    announced_at: Mapped[datetime | None]
    is_sealed: Mapped[bool] = mapped_column(default=False, server_default=false())

    entry: Mapped[LedgerEntry] = relationship()


class Lease(Base):
    """Who alone may do a job now. `epoch` rises with each new holder and fences the effects of an old one."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(60))
    epoch: Mapped[int]
    until: Mapped[datetime]


class Task(Base):
    """Background work: the truth of it. RQ only rings; whoever holds the lease with the newest epoch does it."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state"),
        Index("ix_task_state", "state", "lease_until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    matter_id: Mapped[int | None] = mapped_column(ForeignKey("matter.id"))
    given: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    epoch: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)
