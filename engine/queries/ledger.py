"""The provable log as it is read: leaves, checkpoints, receipts, and whether all of it still agrees."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from engine import ledger
from engine.errors import Refused
from engine.ledger import Entry, Tree
from engine.models.ledger import Checkpoint, LedgerEntry, LedgerLeaf, LedgerNode, Outbox
from engine.words import Words

BATCH = 1000
KEPT = (24, 16, 8)
"""The levels of the tree whose roots are stored: one row for 256 leaves, and 256 of these for one above."""
ORIGIN = "xieshang/ledger"


@dataclass(frozen=True)
class Sealed:
    """An entry with its place in the tree."""

    index: int
    leaf_hash: bytes
    row: LedgerEntry


def as_entry(row: LedgerEntry) -> Entry:
    """A row as the tree hashes it; its texts by the digests that are kept even when a text is erased."""
    return Entry(
        id=row.id,
        at=row.at,
        event=row.event,
        noun=row.noun,
        subject=row.matter_id,
        version=row.version,
        verb=row.verb,
        from_state=row.from_state,
        to_state=row.to_state,
        actor=row.actor_id,
        role=row.role,
        behalf=row.behalf,
        data=row.data,
        texts={text.field: text.digest for text in row.texts},
    )


def unsealed(db: Session, limit: int) -> Sequence[LedgerEntry]:
    """Committed entries without a place yet. Not `id > last`: on PostgreSQL ids become visible out of order."""
    rows = select(LedgerEntry).join(Outbox, Outbox.entry_id == LedgerEntry.id).where(~Outbox.is_sealed)
    rows = rows.options(selectinload(LedgerEntry.texts))
    return db.scalars(rows.order_by(Outbox.id).limit(limit)).all()


def sealed(db: Session, start: int = 0) -> Iterator[Sealed]:
    """Every sealed entry from a leaf index on, in the order of the tree, read in batches."""
    while True:
        rows = select(LedgerLeaf, LedgerEntry).join(LedgerEntry, LedgerEntry.id == LedgerLeaf.entry_id)
        rows = rows.where(LedgerLeaf.leaf_index >= start).options(selectinload(LedgerEntry.texts))
        batch = db.execute(rows.order_by(LedgerLeaf.leaf_index).limit(BATCH)).all()
        for leaf, entry in batch:
            yield Sealed(leaf.leaf_index, leaf.leaf_hash, entry)
        if len(batch) < BATCH:
            return
        start = batch[-1][0].leaf_index + 1


def tree(db: Session) -> Tree:
    """The tree over all leaves as they were sealed: by the kept roots if they lead to what was signed last."""
    grown, signed = _tree_of_kept_roots(db), latest_checkpoint(db)
    if signed is None or ledger.signed_root(signed.text) == grown.root():
        return grown
    grown = Tree()
    for leaf_hash in db.scalars(select(LedgerLeaf.leaf_hash).order_by(LedgerLeaf.leaf_index)):
        grown.append(leaf_hash)
    return grown


def _tree_of_kept_roots(db: Session) -> Tree:
    last = db.scalar(select(func.max(LedgerLeaf.leaf_index)))
    size = 0 if last is None else last + 1
    grown = Tree()
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            grown.peaks.append(root_of(db, grown.size, grown.size + (1 << level)))
            grown.size += 1 << level
    return grown


def nodes(index: int, roots: Sequence[bytes]) -> list[LedgerNode]:
    """What is kept of the roots that leaf `index` has made perfect."""
    return [
        LedgerNode(level=level, position=index >> level, hash=roots[level])
        for level in KEPT
        if level < len(roots)
    ]


def root_of(db: Session, start: int, stop: int) -> bytes:
    """The root over leaves [start, stop), a range of a proof or a peak: at most 255 hashes are read of each level, more
    only where a kept root is missing.
    """
    for level in (*(level for level in KEPT if stop - start >= 1 << level), 0):
        first, after = start >> level, stop >> level
        hashes = list(db.scalars(_hashes(level, first, after)))
        if len(hashes) == after - first:
            rest = [root_of(db, after << level, stop)] if after << level < stop else []
            return ledger.root([*hashes, *rest])
    raise ValueError(f"leaves are missing between {start} and {stop}")


def _hashes(level: int, first: int, after: int) -> Select[bytes]:
    if level == 0:
        leaves = LedgerLeaf.leaf_index
        return select(LedgerLeaf.leaf_hash).where(leaves >= first, leaves < after).order_by(leaves)
    place = LedgerNode.position
    rows = select(LedgerNode.hash).where(LedgerNode.level == level, place >= first, place < after)
    return rows.order_by(place)


def latest_checkpoint(db: Session) -> Checkpoint | None:
    return db.scalar(select(Checkpoint).order_by(Checkpoint.size.desc()).limit(1))


def recent_entries(db: Session, page: int, size: int) -> tuple[Sequence[LedgerEntry], int]:
    """The newest sealed entries first, and how many there are."""
    rows = select(LedgerEntry).join(LedgerLeaf, LedgerLeaf.entry_id == LedgerEntry.id)
    rows = rows.options(selectinload(LedgerEntry.texts)).order_by(LedgerLeaf.leaf_index.desc())
    total = db.scalar(select(func.count()).select_from(LedgerLeaf)) or 0
    return db.scalars(rows.offset((page - 1) * size).limit(size)).all(), total


def receipt(db: Session, entry_id: int) -> str | None:
    """The proof that an entry was recorded, for `verifier.py receipt`; nothing while it is being sealed."""
    leaf = db.scalar(select(LedgerLeaf).where(LedgerLeaf.entry_id == entry_id))
    checkpoint = latest_checkpoint(db)
    if leaf is None or checkpoint is None or leaf.leaf_index >= checkpoint.size:
        return None
    ranges = ledger.inclusion_ranges(checkpoint.size, leaf.leaf_index)
    proof = [root_of(db, start, stop) for start, stop in ranges]
    return ledger.receipt(
        as_entry(db.get_one(LedgerEntry, entry_id)), leaf.leaf_index, proof, checkpoint.text, {}
    )


def export(db: Session) -> Iterator[str]:
    """The public log, a line an entry; free texts stay in the house."""
    return (ledger.export_line(as_entry(one.row), one.leaf_hash, {}) for one in sealed(db))


def disagreements(db: Session, key: Ed25519PrivateKey) -> Iterator[Words]:
    """Everything in the ledger that does not agree with what was sealed and signed, by row."""
    grown = Tree()
    roots: dict[int, bytes] = {}
    sizes = {checkpoint.size for checkpoint in db.scalars(select(Checkpoint))}
    for one in sealed(db):
        if one.index != grown.size:
            yield Words(f"第 {grown.size} 号叶缺失。", f"Leaf {grown.size} is missing.")
            return
        yield from _row_disagreements(one)
        for node in nodes(grown.size, grown.append(one.leaf_hash)):
            kept = db.get(LedgerNode, (node.level, node.position))
            if kept is None or kept.hash != node.hash:
                yield Words(
                    f"账本第 {node.level} 层第 {node.position} 个节点与各叶不符。",
                    f"Node {node.position} at level {node.level} of the ledger does not agree with its leaves.",
                )
        if grown.size in sizes:
            roots[grown.size] = grown.root()
    yield from _checkpoint_disagreements(db, key, roots)


def _row_disagreements(one: Sealed) -> Iterator[Words]:
    try:
        agrees = ledger.leaf_hash(ledger.leaf(as_entry(one.row))) == one.leaf_hash
    except ValueError:
        agrees = False
    if not agrees:
        yield Words(
            f"账本第 {one.row.id} 条（叶 {one.index}）已被改动。",
            f"Ledger entry {one.row.id} (leaf {one.index}) was changed.",
        )
    for text in one.row.texts:
        if text.text is not None and (
            text.salt is None or ledger.salted(text.salt, text.text) != text.digest
        ):
            yield Words(
                f"账本第 {one.row.id} 条的文字“{text.field}”已被改动。",
                f"The text “{text.field}” of ledger entry {one.row.id} was changed.",
            )


def _checkpoint_disagreements(
    db: Session, key: Ed25519PrivateKey, roots: dict[int, bytes]
) -> Iterator[Words]:
    public = ledger.verifier_key(key, ORIGIN)
    for row in db.scalars(select(Checkpoint).order_by(Checkpoint.size)):
        try:
            signed = ledger.read_checkpoint(row.text, public)
        except Refused:
            yield Words(
                f"第 {row.size} 条处的签名树头无效。", f"The checkpoint at {row.size} is not validly signed."
            )
            continue
        if signed.size != row.size or roots.get(row.size) != signed.root:
            yield Words(
                f"第 {row.size} 条处的签名树头与账本不符。",
                f"The checkpoint at {row.size} does not agree with the log.",
            )


def oldest_unannounced(db: Session) -> datetime | None:
    """When the fact was written down that the world has been waiting for longest."""
    waiting = (
        select(LedgerEntry.at)
        .join(Outbox, Outbox.entry_id == LedgerEntry.id)
        .where(Outbox.announced_at.is_(None))
    )
    return db.scalar(waiting.order_by(Outbox.id).limit(1))
