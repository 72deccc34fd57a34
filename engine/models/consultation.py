"""A consultation: its research, its sittings, what was found and who attends."""

from datetime import date, datetime
from typing import Any

import pyotp
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import JSON

from engine.models.base import Base
from engine.models.house import Document
from engine.models.matter import Matter
from engine.models.people import Person, Unit
from engine.models.questionnaire import Item


class Consultation(Matter):
    """One topic of an issued plan, from programme to conclusion. Its parent is the topic.

    `public_reason` is why it was cancelled, as the public is told.
    """

    __tablename__ = "consultation"
    __mapper_args__ = {"polymorphic_identity": "consultation"}
    __table_args__ = ()

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    aim: Mapped[str] = mapped_column(Text)
    form: Mapped[str] = mapped_column(String(20))
    series: Mapped[str] = mapped_column(String(20))
    people: Mapped[str] = mapped_column(Text, default="")
    online_plan: Mapped[str] = mapped_column(Text, default="")
    planned_on: Mapped[date | None]
    public_reason: Mapped[str | None] = mapped_column(Text)


class Research(Matter):
    """One activity group's research before a consultation (会前调研). Its parent is the consultation.

    `chapters` of the video are `{second, title}`, in their order.
    """

    __tablename__ = "research"
    __mapper_args__ = {"polymorphic_identity": "research"}
    __table_args__ = ()

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    questions: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text, default="")
    report_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    slides_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    video_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))

    chapters: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)

    video: Mapped[Document | None] = relationship(foreign_keys=[video_id])
    visits: Mapped[list["Visit"]] = relationship(order_by="Visit.position", cascade="all, delete-orphan")


class Visit(Base):
    """A visit as planned, and whether it was `held`: nothing while that is not known.

    Plans that were written as a text are one visit without a day or a place.
    """

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("whom <> ''", name="whom"),
        CheckConstraint("held IS NULL OR held OR note <> ''", name="reason"),
        UniqueConstraint("research_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    research_id: Mapped[int] = mapped_column(ForeignKey("research.id"))
    position: Mapped[int]
    visit_on: Mapped[date | None]
    place: Mapped[str] = mapped_column(Text)
    whom: Mapped[str] = mapped_column(Text)
    held: Mapped[bool | None]
    note: Mapped[str] = mapped_column(Text, default="")


class Finding(Base):
    """An evidence card: a claim with place, date, photo and page, for the screen and for recommendations to cite;
    `visit` is where it was found, `item` the question of a questionnaire that it rests on.
    """

    __tablename__ = "finding"
    __table_args__ = (
        CheckConstraint("claim <> ''", name="claim"),
        UniqueConstraint("research_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    research_id: Mapped[int] = mapped_column(ForeignKey("research.id"))
    position: Mapped[int]
    claim: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(String(100))
    found_on: Mapped[date]
    page: Mapped[int | None]
    photo_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("questionnaire_item.id"))

    research: Mapped[Research] = relationship()
    visit: Mapped[Visit | None] = relationship()
    item: Mapped[Item | None] = relationship()
    photo: Mapped[Document | None] = relationship()


class Sitting(Matter):
    """The consultation held live (the broadcast). Its parent is the consultation.

    `public_reason` is why it was put off or cancelled, last, as the public is told.
    Visits count from `opened_at` to `closed_at`. `fact_no` is the last number the relay gave. The codes for signing in
    at its door come from `door_key`.
    """

    __tablename__ = "sitting"
    __mapper_args__ = {"polymorphic_identity": "sitting"}
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="order"),
        CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="window"),
    )

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    place: Mapped[str] = mapped_column(String(100))
    stream_url: Mapped[str | None] = mapped_column(String(300))
    public_reason: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    fact_no: Mapped[int] = mapped_column(default=0)
    door_key: Mapped[str] = mapped_column(String(32), default=pyotp.random_base32)

    segments: Mapped[list["Segment"]] = relationship(
        order_by="Segment.position", back_populates="sitting", cascade="all, delete-orphan"
    )

    @property
    def planned_minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60


class Segment(Base):
    """A part of the run-of-show: 通报, 提问, 解答 or 发言. The one that has begun and not ended is the present one.

    `in_charge`, of a unit or not, sees to it that it goes as planned; `cue` says what is then shown or played, and may
    name a finding or a document of the consultation. These are for the house, not for the public.
    """

    __tablename__ = "segment"
    __table_args__ = (
        CheckConstraint("kind IN ('briefing', 'questions', 'answers', 'statements')", name="kind"),
        CheckConstraint("minutes BETWEEN 1 AND 240", name="minutes"),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="order"),
        CheckConstraint("finding_id IS NULL OR document_id IS NULL", name="one_material"),
        UniqueConstraint("sitting_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    title: Mapped[str] = mapped_column(String(100))
    minutes: Mapped[int]
    speaker: Mapped[str] = mapped_column(String(100), default="")
    in_charge: Mapped[str] = mapped_column(String(60), default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    cue: Mapped[str] = mapped_column(String(100), default="")
    finding_id: Mapped[int | None] = mapped_column(ForeignKey("finding.id"))
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    sitting: Mapped[Sitting] = relationship(back_populates="segments")
    unit: Mapped[Unit | None] = relationship()
    finding: Mapped[Finding | None] = relationship()
    document: Mapped[Document | None] = relationship()

    @property
    def owner(self) -> str:
        """The person, the unit, or both."""
        return " · ".join(filter(None, (self.in_charge, self.unit.name if self.unit else "")))

    @property
    def shown(self) -> str:
        """The cue with the name of its material."""
        material = self.document.name if self.document else self.finding.claim if self.finding else ""
        return " · ".join(filter(None, (self.cue, material)))


class Attendance(Matter):
    """One person's part in a sitting, from the invitation to having come. Its parent is the sitting.

    A remote seat (远程席位) is the link of a meeting tool, and whether its guest agrees to be seen and recorded.
    """

    __tablename__ = "attendance"
    __mapper_args__ = {"polymorphic_identity": "attendance"}
    __table_args__ = (
        CheckConstraint("substr(remote_url, 1, 8) = 'https://'", name="https"),
        CheckConstraint("remote_consent IN ('agreed', 'declined')", name="consent"),
        CheckConstraint("remote_consent IS NULL OR remote_url IS NOT NULL", name="consent_to_a_seat"),
    )

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    must_attend: Mapped[bool] = mapped_column(default=False)
    arrived_at: Mapped[datetime | None]
    remote_url: Mapped[str | None] = mapped_column(String(300))
    remote_consent: Mapped[str | None] = mapped_column(String(10))

    person: Mapped[Person] = relationship(foreign_keys=[person_id])

    @property
    def remote_guest_id(self) -> int | None:
        return self.person_id if self.remote_url else None


class Material(Matter):
    """A paper for chosen ones of those invited to a sitting (会议材料), its parent. They may read its file from
    `readable_from`, or else its release, until `readable_until`; files it had before stand among its documents.
    """

    __tablename__ = "material"
    __mapper_args__ = {"polymorphic_identity": "material"}
    __table_args__ = (CheckConstraint("readable_until > readable_from", name="window"),)

    id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    readable_from: Mapped[datetime | None]
    readable_until: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")

    file: Mapped[Document] = relationship(foreign_keys=[file_id])
    recipients: Mapped[list[Attendance]] = relationship(secondary="recipient", order_by=Attendance.id)

    @property
    def recipient_ids(self) -> list[int]:
        return [one.person_id for one in self.recipients]


class Recipient(Base):
    """One of those a material is for."""

    __tablename__ = "recipient"

    material_id: Mapped[int] = mapped_column(ForeignKey("material.id"), primary_key=True)
    attendance_id: Mapped[int] = mapped_column(ForeignKey("attendance.id"), primary_key=True, index=True)


class Promise(Base):
    """What an official promised on air: the words, the speaker, the second of the recording, the day it is due."""

    __tablename__ = "promise"
    __table_args__ = (
        CheckConstraint("words <> ''", name="words"),
        CheckConstraint("second >= 0", name="second"),
        Index("ix_promise_sitting", "sitting_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"))
    words: Mapped[str] = mapped_column(Text)
    speaker: Mapped[str] = mapped_column(String(60))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    due_on: Mapped[date]
    second: Mapped[int]
    made_at: Mapped[datetime]

    unit: Mapped[Unit] = relationship()
