"""A sitting's figures are frozen a day after its closing; afterwards they are only corrected, by another edition."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from engine import rules
from engine.actions.files import Received, store_received
from engine.actions.tasks import FREEZE
from engine.errors import Invalid, WrongState
from engine.models.consultation import Sitting
from engine.models.house import Notice
from engine.models.ledger import Task
from engine.models.live import Snapshot
from engine.process import has_controls
from engine.queries.statistics import ByKind
from engine.record import ask_for, note
from engine.rules import PROGRAMMERS, Actor
from engine.words import Words

FROZEN_AFTER = timedelta(hours=24)
"""W5: the snapshot of what was counted, `held` and 24 hours."""
AGAIN_AFTER = timedelta(days=1)
REASON_MAX = 500


def ask_to_freeze(db: Session, *, now: datetime) -> None:
    """The first edition, for each sitting that has been over for long enough; each day again where it failed."""
    stands = or_(Task.state != "failed", Task.created_at > now - AGAIN_AFTER)
    asked = exists().where(Task.matter_id == Sitting.id, Task.kind == FREEZE, stands)
    over = select(Sitting).where(Sitting.closed_at <= now - FROZEN_AFTER, ~asked)
    for sitting in db.scalars(over.order_by(Sitting.id)).all():
        _ask(db, sitting, now)


def correct(db: Session, sitting: Sitting, reason: str, *, actor: Actor, now: datetime) -> None:
    """Asks for another edition from the rows as they stand now; the earlier ones stay."""
    rules.require(actor, PROGRAMMERS)
    db.refresh(sitting, with_for_update=True)
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_MAX or has_controls(reason):
        words = Words(
            f"请写明更正的理由，不超过 {REASON_MAX} 字，不含控制字符。",
            f"Please say why, in at most {REASON_MAX} characters and without control characters.",
        )
        raise Invalid({"reason": words})
    if last_edition(db, sitting) == 0 or _is_under_way(db, sitting):
        raise WrongState(
            Words("数据正在定版，请稍后再更正。", "The figures are being frozen; please correct them later.")
        )
    _ask(db, sitting, now, reason=reason, actor=actor.id)


def freeze(
    db: Session,
    sitting: Sitting,
    raw: Received,
    counted: ByKind,
    recounted: ByKind,
    *,
    reason: str | None,
    actor: Actor,
    now: datetime,
) -> Snapshot:
    """Keeps an edition with its raw rows. Where the recount says otherwise it is withheld, and the office is told:
    the figures stay as provisional as they were.
    """
    edition = last_edition(db, sitting) + 1
    document = store_received(db, raw, kind="raw", actor=actor, now=now, matter=sitting)
    snapshot = Snapshot(
        sitting_id=sitting.id,
        edition=edition,
        at=now,
        raw=document,
        figures=counted,
        recounted=recounted,
        reason=reason,
    )
    db.add(snapshot)
    note(
        db,
        sitting,
        "figures_frozen" if snapshot.agrees else "figures_withheld",
        actor=actor,
        now=now,
        data={"edition": edition, "raw": raw.sha256, "figures": counted, "recounted": recounted},
        answers={"reason": reason} if reason else None,
    )
    if not snapshot.agrees:
        for person in rules.people_over(db, sitting, "office_staff"):
            db.add(
                Notice(
                    person_id=person.id,
                    matter_id=sitting.id,
                    zh=f"会议“{sitting.title}”的数据与独立清点不符，暂不定版。",
                    en=f"The figures of the sitting “{sitting.title}” differ from a recount; they are not frozen.",
                    created_at=now,
                )
            )
    db.flush()
    return snapshot


def last_edition(db: Session, sitting: Sitting) -> int:
    """Withheld ones count."""
    return db.scalar(select(func.max(Snapshot.edition)).where(Snapshot.sitting_id == sitting.id)) or 0


def _is_under_way(db: Session, sitting: Sitting) -> bool:
    rows = _asked(sitting).where(Task.state.in_(("waiting", "running")))
    return bool(db.scalar(rows))


def _ask(db: Session, sitting: Sitting, now: datetime, **given: Any) -> None:
    before = db.scalar(_asked(sitting)) or 0
    ask_for(db, FREEZE, f"{FREEZE}:{sitting.id}:{before + 1}", now, sitting, **given)


def _asked(sitting: Sitting) -> Select[int]:
    return select(func.count()).where(Task.matter_id == sitting.id, Task.kind == FREEZE)
