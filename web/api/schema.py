"""What the API says: the public fields of each noun and nothing else. Times are UTC."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from engine import words

MOST_ID = 2**53 - 1
NAME = r"^[A-Za-z0-9_]{1,40}$"


def _plain(value: object) -> object:
    """A number as it is written one way only: no sign, no space, no leading zero, no other digits."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and str(int(value[:20])) == value):
        raise ValueError("not a plain number")
    return value


Id = Annotated[int, Field(ge=1, le=MOST_ID), BeforeValidator(_plain)]
Nothing = SkipJsonSchema[None]
Name = Annotated[str, Field(pattern=NAME)]


class Asked(BaseModel):
    """What a request may say: these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Said(BaseModel):
    model_config = ConfigDict(frozen=True)


class Problem(Said):
    """RFC 9457."""

    type: str
    title: str
    status: int
    errors: dict[str, str] | None = None


class Words(Said):
    zh: str
    en: str

    @classmethod
    def of(cls, said: words.Words) -> "Words":
        return cls(zh=said.zh, en=said.en)


class State(Said):
    """`marks` are stable names; the title is the office's own."""

    marks: list[str]
    title: Words


# ---- what is asked


class Paging(Asked):
    """The newest first. `cursor` is the `next` of the page before."""

    cursor: Id | Nothing = None
    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_plain)] = 20


class ConsultationsAsked(Paging):
    mark: Name | Nothing = None
    series: Name | Nothing = None
    form: Name | Nothing = None


class RecommendationsAsked(Paging):
    mark: Name | Nothing = None
    kind: Name | Nothing = None
    consultation: Id | Nothing = None
    unit: Id | Nothing = None


class TicketAsked(Asked):
    """`test` is a ticket of `xieshang tickets`: what it opens is test traffic. `hall` looks on and is not counted."""

    test: Annotated[str, Field(max_length=1000)] | Nothing = None
    hall: bool = False


# ---- consultations and sittings


class Consultation(Said):
    id: int
    title: str
    aim: str
    form: str
    series: str
    state: State
    planned_on: date | None


class Consultations(Said):
    items: list[Consultation]
    next: int | None


class Sitting(Said):
    id: int
    consultation: int | None
    title: str
    state: State
    place: str
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    stream_url: str | None


class Segment(Said):
    no: int
    kind: str
    title: str
    minutes: int
    speaker: str
    started_at: datetime | None
    ended_at: datetime | None


class SittingInFull(Sitting):
    """With its run-of-show, and whether its page wears the badge of test traffic."""

    fact_no: int
    has_test_traffic: bool
    segments: list[Segment]


class Now(Said):
    """A sitting as its page needs it while it has no socket. Cards as in docs/facts.md."""

    fact_no: int
    at: datetime
    stats: dict[str, int]
    sitting: dict[str, Any]
    on_air: dict[str, Any] | None
    questions: list[dict[str, Any]]
    comments: list[dict[str, Any]]


class Ticket(Said):
    """Opens one socket at `url`, once, within a minute."""

    ticket: str
    url: str


# ---- statistics


class Figure(Said):
    """Test traffic is never in `official`. Nothing stands where there is nobody to average over."""

    id: str
    label: Words
    unit: Words
    definition: Words
    source: Words
    official: float | None
    test: float | None
    as_of: datetime
    status: Literal["live", "provisional", "frozen"]


class Gap(Said):
    """Entries of one gateway that were lost, between two that came. Figures in it are not guessed."""

    gateway: str
    after: datetime | None
    before: datetime
    entries: int


class Edition(Said):
    """Figures frozen at a moment. `raw` is the SHA-256 of the rows they were counted from, `agrees` whether an
    independent program counted the same; where it did not the edition is withheld.
    """

    edition: int
    at: datetime
    raw: str
    agrees: bool
    reason: str | None


class Statistics(Said):
    sitting: int
    figures: list[Figure]
    editions: list[Edition]
    gaps: list[Gap]
    unchecked_tickets: int


# ---- recommendations


class Recommendation(Said):
    id: int
    consultation: int | None
    number: int
    kind: str
    title: str
    text: str
    state: State


class Recommendations(Said):
    items: list[Recommendation]
    next: int | None


class Source(Said):
    """A question, a finding or a promise; `second` is where in the sitting's recording."""

    kind: Literal["question", "finding", "promise"]
    text: str
    who: str | None = None
    place: str | None = None
    sitting: int | None = None
    second: int | None = None
    on: date | None = None


class Measure(Said):
    text: str
    by: str


class Reply(Said):
    """Signed by the unit; a draft is never here."""

    at: datetime
    decision: Words
    text: str
    reason: str | None
    measures: list[Measure]


class Assignment(Said):
    unit: str
    duty: Annotated[str, Field(pattern="^(lead|co|sole|split)$")]
    state: State
    replies: list[Reply]
    """Every one that was signed, the latest first."""
    percent: int | None
    done_on: date | None


class Step(Said):
    """A step that moved the matter, and in which office it was taken; never by whom."""

    at: datetime
    title: Words
    state: Words
    office: Words


class Thread(Recommendation):
    """A recommendation with what it rests on and everything that was done about it."""

    sources: list[Source]
    assignments: list[Assignment]
    steps: list[Step]


class ConsultationInFull(Consultation):
    sittings: list[Sitting]
    recommendations: list[Recommendation]
