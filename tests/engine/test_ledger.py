"""The ledger's leaves, tree, proofs, checkpoints and key file."""

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from time import process_time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from engine import ledger
from engine.errors import Invalid, Refused

AT = datetime(2026, 11, 24, 3, 21, 9, 7, tzinfo=UTC)
ORIGIN = "pinghu.example/ledger"
SEED = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = ledger.verifier_key(KEY, ORIGIN)
ENTRY = ledger.Entry(
    id=41,
    at=AT,
    event="reply.published",
    noun="assignment",
    subject=7,
    version=3,
    verb="reply",
    from_state="accepted",
    to_state="replied",
    actor=12,
    role="unit_leader",
    behalf=None,
    data={"decision": "adopted", "units": [3, 4], "on_time": True},
    texts={"reason": ledger.salted(b"0123456789abcdef", "已采纳")},
)

# The leaves, roots and proofs that Certificate Transparency's implementations share for RFC 6962
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_HASHES = [ledger.leaf_hash(leaf) for leaf in CT_LEAVES]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CT_CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]


def numbered(size: int) -> list[bytes]:
    return [ledger.leaf_hash(str(number).encode()) for number in range(size)]


def unhex(proof: list[str]) -> list[bytes]:
    return [bytes.fromhex(sibling) for sibling in proof]


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 8]) + data[1:]


# Leaves


def test_a_leaf_is_canonical_json() -> None:
    assert ledger.leaf(ENTRY).decode() == (
        '{"actor":12,"at":"2026-11-24T03:21:09.000007Z","behalf":null,'
        '"data":{"decision":"adopted","on_time":true,"units":[3,4]},"event":"reply.published","from":"accepted",'
        '"id":41,"noun":"assignment","role":"unit_leader","subject":7,'
        f'"texts":{{"reason":"{sha256(b"0123456789abcdef" + "已采纳".encode()).hexdigest()}"}},'
        '"to":"replied","verb":"reply","version":3}'
    )


def test_a_leaf_keeps_chinese_as_utf_8_and_full_microseconds() -> None:
    leaf = ledger.leaf(replace(ENTRY, at=AT.replace(microsecond=0), data={"类别": "社情民意"}))
    assert '"类别":"社情民意"'.encode() in leaf
    assert b"T03:21:09.000000Z" in leaf


def test_the_order_of_data_and_the_time_zone_of_the_moment_do_not_change_a_leaf() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=8)))
    turned = replace(ENTRY, at=elsewhere, data=dict(reversed(list(ENTRY.data.items()))))
    assert ledger.leaf(turned) == ledger.leaf(ENTRY)


@pytest.mark.parametrize("odd", [1.0, 0.5, float("nan"), float("inf"), 2**53, -(2**53), "\ud800"])
def test_a_leaf_refuses_what_json_readers_disagree_about(odd: ledger.Value) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (each has the wording of the library that noticed)
        ledger.leaf(replace(ENTRY, data={"deep": [{"er": odd}]}))


def test_a_leaf_refuses_a_moment_without_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ledger.leaf(replace(ENTRY, at=AT.replace(tzinfo=None)))


def test_a_salt_has_sixteen_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        ledger.salted(b"short", "text")


def test_every_field_of_an_entry_changes_its_leaf() -> None:
    changes: dict[str, object] = {
        "id": 42,
        "at": AT + timedelta(microseconds=1),
        "event": "reply.publishes",
        "noun": "topic",
        "subject": 8,
        "version": 4,
        "verb": "repli",
        "from_state": None,
        "to_state": "closed",
        "actor": 13,
        "role": None,
        "behalf": "unit 3",
        "data": {**ENTRY.data, "on_time": False},
        "texts": {"reason": ledger.salted(b"0123456789abcdef", "未采纳")},
    }
    assert changes.keys() == vars(ENTRY).keys()
    leaves = {ledger.leaf(replace(ENTRY, **{name: value})) for name, value in changes.items()}  # type: ignore[arg-type]
    assert len(leaves | {ledger.leaf(ENTRY)}) == len(changes) + 1


# The tree


def test_the_tree_gives_the_known_roots() -> None:
    tree = ledger.Tree()
    assert tree.root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for leaf_hash, root in zip(CT_HASHES, CT_ROOTS, strict=True):
        tree.append(leaf_hash)
        assert tree.root().hex() == root


@pytest.mark.parametrize(("index", "size", "proof"), CT_INCLUSION)
def test_inclusion_proofs_are_the_known_ones(index: int, size: int, proof: list[str]) -> None:
    assert ledger.inclusion_proof(CT_HASHES[:size], index) == unhex(proof)
    root = bytes.fromhex(CT_ROOTS[size - 1])
    assert ledger.proves_inclusion(unhex(proof), CT_HASHES[index], index, size, root)


@pytest.mark.parametrize(("first", "second", "proof"), CT_CONSISTENCY)
def test_consistency_proofs_are_the_known_ones(first: int, second: int, proof: list[str]) -> None:
    assert ledger.consistency_proof(CT_HASHES, first, second) == unhex(proof)
    old, new = bytes.fromhex(CT_ROOTS[first - 1]), bytes.fromhex(CT_ROOTS[second - 1])
    assert ledger.proves_consistency(unhex(proof), first, old, second, new)


def test_every_leaf_of_every_tree_up_to_64_is_proved_at_its_place_and_nowhere_else() -> None:
    hashes = numbered(64)
    for size in range(1, 65):
        root = ledger.root(hashes[:size])
        for index in range(size):
            proof = ledger.inclusion_proof(hashes[:size], index)
            placed = [
                at for at in range(size) if ledger.proves_inclusion(proof, hashes[index], at, size, root)
            ]
            assert placed == [index]


def test_every_tree_up_to_64_is_proved_to_begin_every_larger_one() -> None:
    hashes = numbered(64)
    roots = [ledger.root(hashes[:size]) for size in range(65)]
    for second in range(1, 65):
        for first in range(1, second + 1):
            proof = ledger.consistency_proof(hashes, first, second)
            assert ledger.proves_consistency(proof, first, roots[first], second, roots[second])
            assert not ledger.proves_consistency(proof, first, flipped(roots[first]), second, roots[second])
            assert not ledger.proves_consistency(proof, first, roots[first], second, flipped(roots[second]))


@given(st.data())
def test_proofs_hold_for_any_size_and_break_at_any_changed_hash(data: st.DataObject) -> None:
    size = data.draw(st.integers(65, 3000))
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size - 1))
    hashes = numbered(size)
    old, new = ledger.root(hashes[:first]), ledger.root(hashes)
    inclusion, consistency = (
        ledger.inclusion_proof(hashes, index),
        ledger.consistency_proof(hashes, first, size),
    )
    assert ledger.proves_inclusion(inclusion, hashes[index], index, size, new)
    assert ledger.proves_consistency(consistency, first, old, size, new)
    for proof in (inclusion, consistency):
        at = data.draw(st.integers(0, len(proof) - 1))
        proof[at] = flipped(proof[at])
    assert not ledger.proves_inclusion(inclusion, hashes[index], index, size, new)
    assert not ledger.proves_consistency(consistency, first, old, size, new)


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_tree_goes_on_from_its_stored_peaks(before: int, after: int) -> None:
    hashes = numbered(before + after)
    tree = ledger.Tree()
    for leaf_hash in hashes[:before]:
        tree.append(leaf_hash)
    restored = ledger.Tree(tree.size, list(tree.peaks))
    assert len(restored.peaks) == before.bit_count()
    for leaf_hash in hashes[before:]:
        restored.append(leaf_hash)
    assert (restored.size, restored.root()) == (before + after, ledger.root(hashes))


def test_a_log_that_only_grows_is_consistent_with_the_empty_one() -> None:
    root = ledger.root(numbered(3))
    assert ledger.proves_consistency([], 0, ledger.EMPTY, 3, root)
    assert ledger.proves_consistency([], 0, ledger.EMPTY, 0, ledger.EMPTY)
    assert not ledger.proves_consistency([], 0, root, 3, root)
    assert not ledger.proves_consistency([], 0, ledger.EMPTY, 0, root)
    assert not ledger.proves_consistency([root], 0, ledger.EMPTY, 3, root)


HASHES = numbered(8)
ROOT = ledger.root(HASHES)
INCLUSION = ledger.inclusion_proof(HASHES, 5)
OLD = ledger.root(HASHES[:6])
CONSISTENCY = ledger.consistency_proof(HASHES, 6, 8)


FORGED_INCLUSION = {
    "the index before": (INCLUSION, HASHES[5], 4, 8, ROOT),
    "the index after": (INCLUSION, HASHES[5], 6, 8, ROOT),
    "a negative index": (INCLUSION, HASHES[5], -1, 8, ROOT),
    "an index behind the end": (INCLUSION, HASHES[5], 8, 8, ROOT),
    "a larger tree": (INCLUSION, HASHES[5], 5, 16, ROOT),
    "a smaller tree": (INCLUSION, HASHES[5], 5, 6, ROOT),
    "an empty tree": (INCLUSION, HASHES[5], 0, 0, ROOT),
    "another leaf": (INCLUSION, HASHES[4], 5, 8, ROOT),
    "no leaf": (INCLUSION, b"", 5, 8, ROOT),
    "the empty root": (INCLUSION, HASHES[5], 5, 8, ledger.EMPTY),
    "a changed root": (INCLUSION, HASHES[5], 5, 8, flipped(ROOT)),
    "no proof": ([], HASHES[5], 5, 8, ROOT),
    "a proof without its end": (INCLUSION[:-1], HASHES[5], 5, 8, ROOT),
    "a proof without its beginning": (INCLUSION[1:], HASHES[5], 5, 8, ROOT),
    "a proof with more": ([*INCLUSION, ROOT], HASHES[5], 5, 8, ROOT),
    "a proof with more before it": ([HASHES[5], *INCLUSION], HASHES[5], 5, 8, ROOT),
    "a proof turned round": (INCLUSION[::-1], HASHES[5], 5, 8, ROOT),
    "a proof with an empty hash": ([b"", *INCLUSION[1:]], HASHES[5], 5, 8, ROOT),
    "a proof with two hashes glued": ([INCLUSION[0] + INCLUSION[1], INCLUSION[2]], HASHES[5], 5, 8, ROOT),
}


@pytest.mark.parametrize(
    ("proof", "leaf_hash", "index", "size", "root"), FORGED_INCLUSION.values(), ids=FORGED_INCLUSION
)
def test_forged_and_cut_inclusion_proofs_are_refused(
    proof: list[bytes], leaf_hash: bytes, index: int, size: int, root: bytes
) -> None:
    assert ledger.proves_inclusion(INCLUSION, HASHES[5], 5, 8, ROOT)
    assert not ledger.proves_inclusion(proof, leaf_hash, index, size, root)


FORGED_CONSISTENCY = {
    "an older first": (CONSISTENCY, 5, OLD, 8, ROOT),
    "a newer first": (CONSISTENCY, 7, OLD, 8, ROOT),
    "a first that needs no seed": (CONSISTENCY, 4, OLD, 8, ROOT),
    "a larger second": (CONSISTENCY, 6, OLD, 16, ROOT),
    "a second of another shape": (CONSISTENCY, 6, OLD, 12, ROOT),
    "an empty first": (CONSISTENCY, 0, OLD, 8, ROOT),
    "a negative first": (CONSISTENCY, -6, OLD, 8, ROOT),
    "a log that shrank": (CONSISTENCY, 8, ROOT, 6, OLD),
    "roots exchanged": (CONSISTENCY, 6, ROOT, 8, OLD),
    "the new root for both": (CONSISTENCY, 6, ROOT, 8, ROOT),
    "the old root for both": (CONSISTENCY, 6, OLD, 8, OLD),
    "no proof": ([], 6, OLD, 8, ROOT),
    "no proof and one size": ([], 8, OLD, 8, ROOT),
    "a proof without its end": (CONSISTENCY[:-1], 6, OLD, 8, ROOT),
    "a proof without its beginning": (CONSISTENCY[1:], 6, OLD, 8, ROOT),
    "a proof with more": ([*CONSISTENCY, ROOT], 6, OLD, 8, ROOT),
    "a proof with more before it": ([OLD, *CONSISTENCY], 6, OLD, 8, ROOT),
    "a proof turned round": (CONSISTENCY[::-1], 6, OLD, 8, ROOT),
    "a proof with an empty hash": ([b"", *CONSISTENCY[1:]], 6, OLD, 8, ROOT),
}


@pytest.mark.parametrize(
    ("proof", "first", "old", "second", "new"), FORGED_CONSISTENCY.values(), ids=FORGED_CONSISTENCY
)
def test_forged_and_cut_consistency_proofs_are_refused(
    proof: list[bytes], first: int, old: bytes, second: int, new: bytes
) -> None:
    assert ledger.proves_consistency(CONSISTENCY, 6, OLD, 8, ROOT)
    assert not ledger.proves_consistency(proof, first, old, second, new)


@pytest.mark.parametrize(("size", "index"), [(0, 0), (3, 3), (3, -1)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(size: int, index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        ledger.inclusion_proof(numbered(size), index)


@pytest.mark.parametrize(("first", "second"), [(0, 3), (4, 3), (-1, 3)])
def test_there_is_no_proof_for_a_log_that_shrank(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="cannot begin"):
        ledger.consistency_proof(numbered(3), first, second)


def test_many_leaves_cost_microseconds_each_and_one_more_costs_no_more_than_before(long: bool) -> None:
    size = 1_000_000 if long else 100_000
    begun = process_time()
    tree = ledger.Tree()
    hashes = numbered(1000) * (size // 1000)
    for leaf_hash in hashes:
        tree.append(leaf_hash)
    proof = ledger.inclusion_proof(hashes, size // 3)
    assert ledger.proves_inclusion(proof, hashes[size // 3], size // 3, size, tree.root())
    assert process_time() - begun < size * 20e-6
    begun = process_time()
    for leaf_hash in hashes[:1000]:
        tree.append(leaf_hash)
        tree.root()
    assert process_time() - begun < 1


# Checkpoints


def checkpoint(size: int = 8, root: bytes = ROOT) -> str:
    return ledger.sign_checkpoint(KEY, ORIGIN, size, root, AT)


def signed(body: str, name: str = ORIGIN) -> str:
    """A note with a good signature over whatever the body is."""
    stem = checkpoint().split("\n\n")[1].split(" ")[2]
    key_id = base64.b64decode(stem)[:4]
    signature = base64.b64encode(key_id + KEY.sign(body.encode())).decode()
    return f"{body}\n— {name} {signature}\n"


def test_a_checkpoint_is_a_signed_note_any_c2sp_reader_can_read() -> None:
    """Written out here after the two specifications, with nothing of the ledger's own."""
    raw = KEY.public_key().public_bytes_raw()
    key_id = sha256(ORIGIN.encode() + b"\n\x01" + raw).digest()[:4]
    encode = base64.b64encode
    body = f"{ORIGIN}\n8\n{encode(ROOT).decode()}\nat 2026-11-24T03:21:09.000007Z\n"
    signature = encode(key_id + KEY.sign(body.encode())).decode()
    assert checkpoint() == f"{body}\n— {ORIGIN} {signature}\n"
    assert PUBLIC.split("+", 2) == [ORIGIN, key_id.hex(), encode(b"\x01" + raw).decode()]


def test_a_checkpoint_reads_as_it_was_signed() -> None:
    assert ledger.read_checkpoint(checkpoint(), PUBLIC) == ledger.Checkpoint(ORIGIN, 8, ROOT, AT)
    empty = ledger.sign_checkpoint(KEY, ORIGIN, 0, ledger.EMPTY, AT)
    assert ledger.read_checkpoint(empty, PUBLIC).size == 0


def test_a_witness_may_add_its_signature() -> None:
    witness = ledger.sign_checkpoint(Ed25519PrivateKey.generate(), "witness.example", 8, ROOT, AT).split(
        "\n"
    )[-2]
    cosigned = f"{checkpoint()}{witness}\n"
    assert ledger.read_checkpoint(cosigned, PUBLIC).size == 8
    same_name = ledger.sign_checkpoint(Ed25519PrivateKey.generate(), ORIGIN, 8, ROOT, AT).split("\n")[-2]
    assert ledger.read_checkpoint(f"{checkpoint()}{same_name}\n", PUBLIC).size == 8


GOOD = checkpoint()
BODY = GOOD.split("\n\n")[0] + "\n"
LINES = BODY.split("\n")
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
ODD_CHECKPOINTS = {
    "nothing": "",
    "one line": ORIGIN,
    "no signature": BODY,
    "no signature line": BODY + "\n",
    "another size": GOOD.replace("\n8\n", "\n9\n"),
    "another root": GOOD.replace(LINES[2], base64.b64encode(flipped(ROOT)).decode()),
    "another time": GOOD.replace("03:21", "03:22"),
    "another origin": GOOD.replace(ORIGIN, "haiyan.example/ledger"),
    "another key": ledger.sign_checkpoint(OTHER, ORIGIN, 8, ROOT, AT),
    "a cut end": GOOD[:-2],
    "no last newline": GOOD[:-1],
    "an extra newline": GOOD + "\n",
    "text after the signature": GOOD + "more",
    "Windows line ends": GOOD.replace("\n", "\r\n"),
    "a byte-order mark": "\ufeff" + GOOD,
    "a hyphen for the dash": GOOD.replace("—", "-"),
    "seventeen signatures": GOOD + GOOD.split("\n\n")[1] * 16,
    "a malformed signature line": GOOD + "— witness.example ????\n",
    "a signature of three bytes": GOOD + "— witness.example AAAA\n",
    "a signature with stray bits": GOOD + "— witness.example AAAAAAB=\n",
    "a bad signature besides the good one": GOOD + signed("other\n").split("\n\n")[-1].split("\n")[-2] + "\n",
    "a leading zero": signed(BODY.replace("\n8\n", "\n08\n")),
    "a plus sign": signed(BODY.replace("\n8\n", "\n+8\n")),
    "full-width digits": signed(BODY.replace("\n8\n", "\n８\n")),
    "a negative size": signed(BODY.replace("\n8\n", "\n-8\n")),
    "an enormous size": signed(BODY.replace("\n8\n", f"\n{'9' * 5000}\n")),
    "a short root": signed(BODY.replace(LINES[2], LINES[2][4:])),
    "stray bits in the root": signed(BODY.replace(LINES[2], LINES[2][:-2] + "/=")),
    "no time": signed("\n".join(LINES[:3]) + "\n"),
    "an impossible time": signed(BODY.replace("2026-11", "2026-13")),
    "a time without microseconds": signed(BODY.replace(".000007", "")),
    "a time of another zone": signed(BODY.replace("000007Z", "000007+00:00")),
    "a second extra line": signed(BODY + "more\n"),
    "a space in the name": signed(BODY.replace(ORIGIN, "pinghu ledger")),
    "a control character": signed(BODY.replace(ORIGIN, ORIGIN + "\x07")),
    "a lone surrogate": GOOD.replace(ORIGIN, "\udc80"),
}


@pytest.mark.parametrize("odd", ODD_CHECKPOINTS.values(), ids=ODD_CHECKPOINTS)
def test_anything_odd_about_a_checkpoint_is_refused(odd: str) -> None:
    with pytest.raises(Invalid) as refusal:
        ledger.read_checkpoint(odd, PUBLIC)
    assert "checkpoint" in refusal.value.fields


@pytest.mark.parametrize("at", range(len(GOOD)))
def test_no_character_of_a_checkpoint_can_be_changed(at: int) -> None:
    changed = GOOD[:at] + chr(ord(GOOD[at]) ^ 1) + GOOD[at + 1 :]
    with pytest.raises(Invalid):
        ledger.read_checkpoint(changed, PUBLIC)


@pytest.mark.parametrize(
    "public",
    [
        "",
        ORIGIN,
        f"{ORIGIN}+00000000+AAAA",
        f"{ORIGIN}+00000000+{PUBLIC.split('+', 2)[2]}",
        PUBLIC.replace("+A", "+B"),  # another kind of key
        PUBLIC[:-4],
        PUBLIC.replace("+", " "),
        PUBLIC + "\n",
        "+" + PUBLIC,
    ],
)
def test_a_mistyped_public_key_is_refused(public: str) -> None:
    with pytest.raises(Invalid):
        ledger.read_checkpoint(GOOD, public)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("two words", 1, ROOT),
        ("a+b", 1, ROOT),
        ("", 1, ROOT),
        ("a\nb", 1, ROOT),
        (ORIGIN, -1, ROOT),
        (ORIGIN, 1, b""),
    ],
)
def test_only_what_can_be_read_again_is_signed(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be a checkpoint"):
        ledger.sign_checkpoint(KEY, origin, size, root, AT)


# The key file


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    key = ledger.load_or_create_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert ledger.load_or_create_key(path).private_bytes_raw() == key.private_bytes_raw()
    assert os.listdir(tmp_path) == ["ledger.pem"]


def test_processes_that_start_together_use_one_key(tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: ledger.load_or_create_key(path).private_bytes_raw(), range(16)))
    assert len(keys) == 1


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    ledger.load_or_create_key(path)
    path.chmod(0o640)
    with pytest.raises(Refused, match="chmod 600"):
        ledger.load_or_create_key(path)


OTHER_KIND = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)


@pytest.mark.parametrize("content", [b"", b"not a key", b"\xff" * 100, OTHER_KIND], ids=range(4))
def test_a_file_that_holds_no_key_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Refused, match="no Ed25519"):
        ledger.load_or_create_key(path)
    assert path.read_bytes() == content


# What outsiders get


def test_a_receipt_holds_all_that_a_proof_needs() -> None:
    salt = b"0123456789abcdef"
    receipt = json.loads(ledger.receipt(ENTRY, 5, INCLUSION, GOOD, {"reason": (salt, "已采纳")}))
    assert receipt == {
        "leaf": ledger.leaf(ENTRY).decode(),
        "index": 5,
        "proof": [sibling.hex() for sibling in INCLUSION],
        "checkpoint": GOOD,
        "texts": {"reason": {"salt": salt.hex(), "text": "已采纳"}},
    }


def test_an_exported_line_carries_the_leaf_and_the_hash_it_was_sealed_with() -> None:
    sealed = ledger.leaf_hash(b"as it was")
    line = ledger.export_line(ENTRY, sealed, {})
    assert "\n" not in line
    assert json.loads(line) == {
        "hash": sealed.hex(),
        "leaf": json.loads(ledger.leaf(ENTRY)),
        "texts": {},
    }
    assert ledger.leaf(ENTRY).decode() in line
