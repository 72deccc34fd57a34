"""One relay, one counter: a lease in the database, because `SKIP LOCKED` means nothing on SQLite."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine.models.ledger import Lease

LASTS = timedelta(seconds=5)


def hold(db: Session, name: str, holder: str, *, now: datetime) -> int | None:
    """The epoch under which `holder` alone does this job for the next seconds; nothing while another does.

    Called again by the same holder it prolongs the lease and keeps the epoch.
    """
    lease = db.get(Lease, name, with_for_update=True)
    if lease is None:
        lease = Lease(name=name, holder=holder, epoch=1, until=now + LASTS)
        db.add(lease)
    elif lease.holder == holder:
        lease.until = now + LASTS
    elif lease.until < now:
        lease.holder, lease.epoch, lease.until = holder, lease.epoch + 1, now + LASTS
    else:
        return None
    db.flush()
    return lease.epoch
