"""What was sealed and signed is checked against what stands in the database now, row by row."""

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Executable, delete, insert, select, text, update
from sqlalchemy.orm import Session

from engine.actions.attendance import invite
from engine.actions.ledger import seal
from engine.database import Database
from engine.errors import Refused
from engine.ledger import Tree, inclusion_ranges, proves_inclusion, root, verifier_key
from engine.models.consultation import Sitting
from engine.models.ledger import LedgerEntry, LedgerLeaf, LedgerNode
from engine.queries.ledger import (
    ORIGIN,
    disagreements,
    export,
    latest_checkpoint,
    nodes,
    receipt,
    root_of,
    tree,
    unsealed,
)
from engine.record import note
from engine.rules import SYSTEM
from migrations import upgrade
from tests.engine.actions.test_recommendation import assigned, drafted
from tests.houses import DAY, House

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def sealed(house: House) -> House:
    with house.transaction() as db:
        house.topic(db, house.plan(db))
        seal(db, Tree(), key=KEY, now=house.now)
    return house


@contextmanager
def unguarded(house: House) -> Iterator[Session]:
    """The database as someone with a file editor sees it: without the triggers."""
    with house.transaction() as db:
        if db.get_bind().dialect.name == "postgresql":
            db.execute(text("SET session_replication_role = replica"))
        else:
            names = db.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                db.execute(text(f"DROP TRIGGER {name}"))
        yield db


def found(house: House) -> list[str]:
    with house.database.reading() as db:
        return [words.en for words in disagreements(db, KEY)]


def test_an_untouched_ledger_agrees(sealed: House) -> None:
    assert found(sealed) == []


def test_sealing_leaves_no_hole_and_nothing_unsealed(sealed: House) -> None:
    with sealed.transaction() as db:
        assert unsealed(db, 10) == []
        size = tree(db).size
        sealed.topic(db, sealed.plan(db, 2028), "另一个议题")
        assert seal(db, tree(db), key=KEY, now=sealed.now) == 2
        assert tree(db).size == size + 2
        assert latest_checkpoint(db).size == size + 2
    assert found(sealed) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE ledger_entry SET verb = 'accept' WHERE event = 'topic.received'", "was changed"),
        ("UPDATE ledger_entry SET actor_id = 1 WHERE event = 'topic.received'", "was changed"),
        ("UPDATE ledger_entry SET at = '2026-10-12 01:00:01' WHERE event = 'topic.received'", "was changed"),
        ("UPDATE ledger_entry SET to_state = 'issued' WHERE event = 'topic.received'", "was changed"),
        (
            "UPDATE ledger_text SET text = '提升小区物业管理水准' WHERE field = 'title' AND text LIKE '提升%'",
            "The text “title”",
        ),
        ("DELETE FROM ledger_leaf WHERE leaf_index = 2", "Leaf 2 is missing"),
        ("UPDATE checkpoint SET size = size - 1", "does not agree"),
        ("UPDATE checkpoint SET text = 'x'", "not validly signed"),
    ],
)
def test_one_changed_value_is_named(sealed: House, change: str, says: str) -> None:
    with unguarded(sealed) as db:
        assert db.execute(text(change)).rowcount == 1  # type: ignore[attr-defined]
    findings = found(sealed)
    assert len(findings) >= 1
    assert says in findings[0]


def test_erasing_texts_keeps_every_proof(sealed: House) -> None:
    with sealed.transaction() as db:
        db.execute(text("UPDATE ledger_text SET text = NULL, salt = NULL"))
    assert found(sealed) == []


def test_a_checkpoint_of_another_key_is_refused(sealed: House) -> None:
    with sealed.database.reading() as db:
        assert list(disagreements(db, Ed25519PrivateKey.generate()))


def test_a_receipt_is_there_once_its_entry_is_sealed(sealed: House) -> None:
    with sealed.transaction() as db:
        entry = sealed.topic(db, sealed.plan(db, 2028), "另一个议题")
        last = unsealed(db, 10)[-1]
        assert last.matter_id == entry.id
        assert receipt(db, last.id) is None
        seal(db, tree(db), key=KEY, now=sealed.now)
        assert '"proof"' in (receipt(db, last.id) or "")
        assert verifier_key(KEY, ORIGIN).startswith(ORIGIN)


def grown(db: Session, size: int) -> list[bytes]:
    """As many leaves as this, of entries that say nothing."""
    entries = [
        {"id": at + 1, "at": DAY, "event": "e", "noun": "n", "verb": "v", "data": {}} for at in range(size)
    ]
    hashes = [sha256(str(at).encode()).digest() for at in range(size)]
    db.execute(insert(LedgerEntry), entries)
    db.execute(
        insert(LedgerLeaf),
        [
            {"leaf_index": at, "entry_id": at + 1, "leaf_hash": leaf_hash}
            for at, leaf_hash in enumerate(hashes)
        ],
    )
    growing = Tree()
    for at, leaf_hash in enumerate(hashes):
        db.add_all(nodes(at, growing.append(leaf_hash)))
    db.flush()
    return hashes


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_536 + 256 + 3])
def test_a_few_kept_roots_prove_every_leaf_as_all_leaves_do(tmp_path: Path, size: int) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'house.db'}")) as database:
        upgrade(database.bind)
        with database.transaction() as db:
            hashes = grown(db, size)
            whole = tree(db)
            assert (whole.size, whole.root()) == (size, root(hashes))
            for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
                for head in {index + 1, size - 1, size} - {0}:
                    if index < head:
                        proof = [root_of(db, *leaves) for leaves in inclusion_ranges(head, index)]
                        assert proves_inclusion(proof, hashes[index], index, head, root(hashes[:head]))


def test_a_tree_without_leaves_is_empty(house: House) -> None:
    with house.database.reading() as db:
        assert tree(db) == Tree()


def test_a_changed_root_is_named(sealed: House) -> None:
    with sealed.transaction() as db:
        plan = sealed.plan(db, 2028)
        growing = tree(db)
        while growing.size < 256:
            sealed.topic(db, plan, f"议题{growing.size}")
            seal(db, growing, key=KEY, now=sealed.now)
    assert found(sealed) == []
    with sealed.transaction() as db:
        db.execute(update(LedgerNode).values(hash=bytes(32)))
    assert found(sealed) == ["Node 0 at level 8 of the ledger does not agree with its leaves."]


def test_a_kept_root_that_is_lost_is_counted_from_its_leaves(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'house.db'}")) as database:
        upgrade(database.bind)
        with database.transaction() as db:
            hashes = grown(db, 600)
            db.execute(delete(LedgerNode).where(LedgerNode.position == 0))
            assert root_of(db, 0, 512) == root(hashes[:512])


@pytest.mark.parametrize("change", [delete(LedgerNode), update(LedgerNode).values(hash=bytes(32))])
def test_a_kept_root_that_is_lost_or_wrong_is_never_signed(house: House, change: Executable) -> None:
    with house.transaction() as db:
        plan, growing = house.plan(db), Tree()
        while growing.size < 300:
            note(db, plan, "late", actor=SYSTEM, now=house.now)
            seal(db, growing, key=KEY, now=house.now)
        db.execute(change)
        assert tree(db).root() == growing.root()
        note(db, plan, "late", actor=SYSTEM, now=house.now)
        seal(db, tree(db), key=KEY, now=house.now)
    assert not [words for words in found(house) if "checkpoint" in words]


def seal_and_fail(house: House) -> None:
    with house.transaction() as db:
        house.plan(db, 2029)
        seal(db, tree(db), key=KEY, now=house.now)
        house.plan(db, 2029)


def test_a_failed_seal_changes_nothing(sealed: House) -> None:
    with pytest.raises(Refused):
        seal_and_fail(sealed)
    assert found(sealed) == []


def test_the_public_log_tells_no_score_no_draft_and_nobody_invited(house: House) -> None:
    with house.transaction() as db:
        _, (lead,) = assigned(house, db)
        drafted(house, db, lead)
        guest = house.actor(db, "host1").person
        live, committee = db.scalars(select(Sitting)).one(), house.actor(db, "committee")
        invite(db, live, [guest], must_attend=True, actor=committee, now=house.now)
        seal(db, Tree(), key=KEY, now=house.now)
        lines = [json.loads(line) for line in export(db)]
    told = json.dumps(lines)
    assert {"score", "draft_reply", "invite", "assign"} <= set(re.findall(r'"verb\\?": \\?"(\w+)', told))
    for secret in ("adopted", "priority", "must_attend", "lead_unit"):
        assert secret not in told
