"""Sealing: gives committed entries their place in the tree and signs its head."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update
from sqlalchemy.orm import Session

from engine import ledger
from engine.ledger import Tree
from engine.models.ledger import Checkpoint, LedgerLeaf, Outbox
from engine.queries.ledger import ORIGIN, as_entry, nodes, unsealed

BATCH = 500


def seal(db: Session, tree: Tree, *, key: Ed25519PrivateKey, now: datetime) -> int:
    """Appends what is committed and unsealed to `tree` and signs the new head. Returns how many were sealed.

    The caller holds the relay's lease, and throws `tree` away when its transaction fails.
    """
    rows = unsealed(db, BATCH)
    for row in rows:
        leaf_hash = ledger.leaf_hash(ledger.leaf(as_entry(row)))
        db.add(LedgerLeaf(leaf_index=tree.size, entry_id=row.id, leaf_hash=leaf_hash))
        db.add_all(nodes(tree.size, tree.append(leaf_hash)))
    if rows:
        ids = [row.id for row in rows]
        db.execute(update(Outbox).where(Outbox.entry_id.in_(ids)).values(is_sealed=True))
        db.add(
            Checkpoint(
                size=tree.size, at=now, text=ledger.sign_checkpoint(key, ORIGIN, tree.size, tree.root(), now)
            )
        )
        db.flush()
    return len(rows)
