"""A sitting and the entries of its gateways, for whoever counts them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from engine import wire
from engine.actions.counting import START, commit_entries, take_over
from engine.models.consultation import Consultation, Sitting
from engine.models.matter import MatterMark
from engine.models.voice import Comment, Question
from engine.wire import Bearer, Beat, Entry, Kind, Row
from tests.houses import DAY

OPENED = DAY + timedelta(hours=6)
CLOSED = OPENED + timedelta(minutes=3)


def a_sitting(db: Session, opened: datetime | None = OPENED, closed: datetime | None = None) -> Sitting:
    """The row alone, without the year that leads to it."""
    kept = {"edition": 1, "since": DAY, "created_at": DAY}
    consultation = Consultation(
        title="提升小区物业管理水平", state="research", aim="听取意见", form="topical", series="QNLXS", **kept
    )
    db.add(consultation)
    db.flush()
    db.add(MatterMark(matter_id=consultation.id, mark="public", at=DAY))
    sitting = Sitting(
        title="请你来协商",
        state="held" if closed else "live" if opened else "ready",
        parent_id=consultation.id,
        starts_at=OPENED,
        ends_at=OPENED + timedelta(hours=2),
        place="协商室",
        opened_at=opened,
        closed_at=closed,
        **kept,
    )
    db.add(sitting)
    db.flush()
    return sitting


def a_comment(db: Session, sitting: Sitting, state: str = "approved", *, is_test: bool = False) -> Comment:
    kept = {"edition": 1, "since": DAY, "created_at": DAY, "sitting_id": sitting.id, "is_test": is_test}
    comment = Comment(title="路灯早点修好", state=state, author_name="市民甲", **kept)
    db.add(comment)
    db.flush()
    return comment


def a_question(db: Session, sitting: Sitting, state: str = "approved", *, is_test: bool = False) -> Question:
    kept = {"edition": 1, "since": DAY, "created_at": DAY, "sitting_id": sitting.id, "is_test": is_test}
    question = Question(
        title="停车位什么时候增加？",
        state=state,
        asker_name="市民乙",
        receipt=wire.secrets.token_hex(8),
        **kept,
    )
    db.add(question)
    db.flush()
    return question


def row(
    sitting: int,
    viewer: str = "b.a",
    visit: str = "",
    *,
    kind: Kind = "official",
    joined: bool = False,
    watched: float | None = None,
    likes: Sequence[str] = (),
) -> Row:
    beat = None if watched is None else Beat(1, True, int(watched * 1000))
    return Row(Bearer(sitting, viewer, visit or f"{viewer}-1", kind), joined, False, beat, list(likes))


def entry(seq: int, *rows: Row, boot: str = "boot", at: datetime | None = None, unchecked: int = 0) -> Entry:
    """The entry of second `seq` after the opening, unless said otherwise."""
    return Entry(boot, seq, at or OPENED + timedelta(seconds=seq), rows, unchecked)


def a_crowd(
    sitting: int, random: Random, seconds: int = 200, boots: Sequence[str] = ("g1", "g2")
) -> list[Entry]:
    """Viewers of both kinds who come, beat, like, go and come back, as their gateways write it down."""
    rows: dict[tuple[str, int], list[Row]] = {
        (boot, seq): [] for boot in boots for seq in range(1, seconds + 1)
    }
    for number in range(random.randrange(1, 12)):
        kind: Kind = random.choice(wire.KINDS)
        viewer = f"{random.choice('pb')}.{kind[0]}{number % 6}"
        start, boot = random.randrange(1, seconds - 20), random.choice(boots)
        visit = f"{viewer}-{number}"
        rows[boot, start].append(row(sitting, viewer, visit, kind=kind, joined=True))
        for second in range(start + 4, min(seconds, start + random.randrange(5, 120)) + 1, 30):
            likes = ["sitting"] if random.random() < 0.4 else []
            boot = random.choice(boots) if random.random() < 0.1 else boot
            beat = row(
                sitting, viewer, visit, kind=kind, watched=(second - start) * random.random(), likes=likes
            )
            rows[boot, second].append(beat)
    return [entry(seq, *found, boot=boot) for (boot, seq), found in rows.items()]


def watched(db: Session) -> Sitting:
    """A sitting of three minutes that is over, with a crowd of both kinds counted."""
    sitting = a_sitting(db, closed=CLOSED)
    take_over(db, 1)
    commit_entries(db, {}, a_crowd(sitting.id, Random(5)), position=START, epoch=1, now=CLOSED)
    return sitting
