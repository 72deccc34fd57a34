"""The raw rows of a sitting that is over, as `engine.recounter` reads them: pseudonyms, times, no words."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audience import MILLISECOND, Beat, Join, Like
from engine.editions import has_mark
from engine.models.consultation import Sitting
from engine.models.matter import Matter
from engine.queries.statistics import SAID, seen_rows, traffic

Line = tuple[object, ...]


def raw_rows(db: Session, sitting: Sitting) -> Iterator[Line]:
    """Viewers and visits are numbered as they come: the file names nobody, not even by the sitting's own pseudonyms."""
    if sitting.opened_at is None or sitting.closed_at is None:
        raise ValueError("only a sitting that is over has raw rows to keep")
    opened, closed = (
        f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" for at in (sitting.opened_at, sitting.closed_at)
    )
    yield "sitting", sitting.id, opened, closed
    viewers: defaultdict[str, int] = defaultdict(count(1).__next__)
    visits: defaultdict[str, int] = defaultdict(count(1).__next__)
    for row in seen_rows(db, sitting.id):
        at, viewer = (row.at - sitting.opened_at) // MILLISECOND, viewers[row.viewer]
        match row:
            case Join():
                yield "join", row.kind, at, viewer, visits[row.visit]
            case Beat():
                yield "beat", row.kind, at, viewer, visits[row.visit], int(row.visible), row.watched_ms
            case Like():
                yield "like", row.kind, at, viewer, row.to, int(row.verified)
    for figure, (noun, mark) in SAID.items():
        said = select(traffic(noun)).where(Matter.sitting_id == sitting.id, has_mark(db, noun, mark))
        for kind in db.scalars(said):
            yield "said", kind, figure
