"""The provable ledger, without a database: leaves, tree, proofs, signed checkpoints, receipts.

`engine/verifier.py` checks what this file makes and shares no line with it.
Hashes are RFC 6962's (SHA-256, leaf 0x00, node 0x01), checkpoints C2SP's (tlog-checkpoint in a signed note).
"""

import base64
import functools
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from engine.errors import Invalid, Refused
from engine.words import Words

Value: TypeAlias = "str | int | bool | None | Sequence[Value] | Mapping[str, Value]"
Disclosed: TypeAlias = Mapping[str, tuple[bytes, str]]
"""Field → (salt, text), for the texts that were not erased and that the reader may see."""

EMPTY = sha256(b"").digest()
SALT_BYTES = 16


# Leaves


@dataclass(frozen=True)
class Entry:
    """One fact. `data` names no person; `texts` maps a field to the salted hash of a text kept elsewhere."""

    id: int
    at: datetime
    event: str
    noun: str
    subject: int | None
    version: int | None
    verb: str
    from_state: str | None
    to_state: str | None
    actor: int | None
    role: str | None
    behalf: str | None
    data: Mapping[str, Value]
    texts: Mapping[str, bytes]


def stamp(moment: datetime) -> str:
    """A moment as leaves and checkpoints write it: UTC, always with microseconds, ending in Z."""
    if moment.tzinfo is None:
        raise ValueError("a ledger moment must know its time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def salted(salt: bytes, text: str) -> bytes:
    """What a leaf holds in place of a text. With the salt gone the text cannot be guessed from it."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return sha256(salt + text.encode()).digest()


def leaf(entry: Entry) -> bytes:
    """The bytes that are hashed: canonical JSON in UTF-8. ValueError for what JSON readers disagree about."""
    return _canonical(_fields(entry)).encode()


def _fields(entry: Entry) -> dict[str, Value]:
    return {
        "id": entry.id,
        "at": stamp(entry.at),
        "event": entry.event,
        "noun": entry.noun,
        "subject": entry.subject,
        "version": entry.version,
        "verb": entry.verb,
        "from": entry.from_state,
        "to": entry.to_state,
        "actor": entry.actor,
        "role": entry.role,
        "behalf": entry.behalf,
        "data": entry.data,
        "texts": {name: digest.hex() for name, digest in entry.texts.items()},
    }


def _exact(number: str) -> int:
    """A whole number every JSON reader keeps exactly; a float is a ValueError."""
    value = int(number)
    if abs(value) >= 2**53:
        raise ValueError(f"{number} would be rounded by some JSON readers")
    return value


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_int=_exact, parse_float=_exact)


def _canonical(value: Mapping[str, Value]) -> str:
    text = _ENCODER.encode(value)
    _DECODER.decode(text)  # refuses floats, at whatever depth
    return text


def leaf_hash(leaf_bytes: bytes) -> bytes:
    return sha256(b"\x00" + leaf_bytes).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


# The tree


@dataclass
class Tree:
    """A growing tree that keeps only the roots of its perfect subtrees: one for each 1 in the binary `size`.

    Appending costs O(1) on average, the root O(log n). To go on later, store `size` and `peaks`.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf_hash: bytes) -> list[bytes]:
        """The roots of the subtrees that are perfect with this leaf, by level: of it alone, of two, of four …"""
        roots, full = [leaf_hash], self.size
        while full & 1:
            roots.append(node_hash(self.peaks.pop(), roots[-1]))
            full >>= 1
        self.peaks.append(roots[-1])
        self.size += 1
        return roots

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY
        return functools.reduce(lambda right, left: node_hash(left, right), reversed(self.peaks))


def root(hashes: Iterable[bytes]) -> bytes:
    """The root over all these leaf hashes: O(n), about a second for a million."""
    tree = Tree()
    for leaf_hash in hashes:
        tree.append(leaf_hash)
    return tree.root()


def _middle(start: int, stop: int) -> int:
    """Where RFC 6962 splits a range of two or more: after the largest power of two that leaves a rest."""
    return start + (1 << (stop - start - 1).bit_length() - 1)


def inclusion_ranges(size: int, index: int) -> list[tuple[int, int]]:
    """The leaf ranges [start, stop) whose roots prove leaf `index`, from the leaf upwards: O(log n)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    ranges = []
    start, stop = 0, size
    while stop - start > 1:
        middle = _middle(start, stop)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(first: int, second: int) -> list[tuple[int, int]]:
    """The leaf ranges whose roots prove that a tree of `first` leaves begins one of `second`: O(log n)."""
    if not 0 < first <= second:
        raise ValueError(f"a tree of {first} cannot begin a tree of {second}")
    ranges = []
    start, stop = 0, second
    while stop != first:
        middle = _middle(start, stop)
        if first <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # otherwise it is the old root itself, which the reader has
        ranges.append((start, stop))
    return ranges[::-1]


def inclusion_proof(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """RFC 6962 2.1.1. O(n), about a second for a million; `queries.ledger` keeps subtree roots and needs few."""
    return [root(hashes[start:stop]) for start, stop in inclusion_ranges(len(hashes), index)]


def consistency_proof(hashes: Sequence[bytes], first: int, second: int) -> list[bytes]:
    """RFC 6962 2.1.2. O(n) as `inclusion_proof`."""
    return [root(hashes[start:stop]) for start, stop in consistency_ranges(first, second)]


def proves_inclusion(
    proof: Sequence[bytes], leaf_hash: bytes, index: int, size: int, tree_root: bytes
) -> bool:
    """Whether the tree of this size and root has this leaf at this index."""
    if not 0 <= index < size:
        return False
    ranges = inclusion_ranges(size, index)
    if len(ranges) != len(proof):
        return False
    climbed = leaf_hash
    for (start, _), sibling in zip(ranges, proof, strict=True):
        climbed = node_hash(climbed, sibling) if start > index else node_hash(sibling, climbed)
    return climbed == tree_root


def proves_consistency(
    proof: Sequence[bytes], first: int, first_root: bytes, second: int, second_root: bytes
) -> bool:
    """Whether the second tree is the first with leaves only added.

    Take each size with its root from one signed checkpoint: a proof alone doesn't bind the second size.
    """
    if first == 0:
        return not proof and first_root == EMPTY and (second > 0 or (second, second_root) == (0, EMPTY))
    if not 0 < first <= second:
        return False
    ranges = consistency_ranges(first, second)
    if len(ranges) != len(proof):
        return False
    old = new = first_root
    for (start, stop), sibling in zip(ranges, proof, strict=True):
        if stop == first:
            old = new = sibling
        elif start < first:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    return old == first_root and new == second_root


# Checkpoints


@dataclass(frozen=True)
class Checkpoint:
    """A head of the tree at a moment. `origin` is the log's lasting name, such as `pinghu.example/ledger`."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def body(self) -> str:
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\nat {stamp(self.at)}\n"


_NAME = r"[^\s+\x00-\x1f\x7f]+"
_BASE64 = r"[A-Za-z0-9+/]+={0,2}"
_BODY = re.compile(
    rf"(?P<origin>{_NAME})\n(?P<size>0|[1-9][0-9]{{0,17}})\n(?P<root>[A-Za-z0-9+/]{{43}}=)\nat (?P<at>\S+Z)\n"
)
_SIGNATURE = re.compile(rf"— (?P<name>{_NAME}) (?P<signature>{_BASE64})")
_ED25519 = b"\x01"
_MOST_SIGNATURES = 16


def load_or_create_key(path: Path) -> Ed25519PrivateKey:
    """The signing key in this file (PEM, for its owner's eyes), made and safely on disk if there is none.

    Of several processes that find no file, one makes the key and all read the same.
    """
    if not path.exists():
        _create_key(path)
    if path.stat().st_mode & 0o077:
        raise Refused(
            Words(
                f"签名密钥文件 {path} 可被他人读取，请先执行 chmod 600。",
                f"Others may read the signing key {path}: chmod 600 it first.",
            )
        )
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(Words(f"{path} 不是 Ed25519 签名密钥。", f"{path} is no Ed25519 signing key."))
    return key


def _create_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with tempfile.NamedTemporaryFile(dir=path.parent) as draft:  # made with mode 0600
        draft.write(pem)
        draft.flush()
        os.fsync(draft.fileno())
        with suppress(FileExistsError):
            os.link(draft.name, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def verifier_key(key: Ed25519PrivateKey, origin: str) -> str:
    """What strangers check with, in the signed-note form `origin+id+base64`: publish it, print it."""
    return _verifier_key(origin, key.public_key().public_bytes_raw())


def _verifier_key(origin: str, raw: bytes) -> str:
    return f"{origin}+{_key_id(origin, raw).hex()}+{_base64(_ED25519 + raw)}"


def _key_id(name: str, raw: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + raw).digest()[:4]


def sign_checkpoint(key: Ed25519PrivateKey, origin: str, size: int, root: bytes, at: datetime) -> str:
    """The note to hand out. ValueError for an origin with spaces or plus signs, or a root that is no hash."""
    body = Checkpoint(origin, size, root, at).body()
    if not _BODY.fullmatch(body):
        raise ValueError(f"this cannot be a checkpoint: {body!r}")
    signature = _key_id(origin, key.public_key().public_bytes_raw()) + key.sign(body.encode())
    return f"{body}\n— {origin} {_base64(signature)}\n"


def signed_root(text: str) -> bytes:
    """The root in a checkpoint of the house itself, whose signature need not be looked at."""
    return base64.b64decode(text.split("\n")[2])


def read_checkpoint(text: str, public_key: str) -> Checkpoint:
    """A checkpoint that the key `public_key` (see `verifier_key`) signed; Invalid for anything odd."""
    note, _, signatures = text.rpartition("\n\n")
    *lines, rest = signatures.split("\n")
    checkpoint = _read_body(note + "\n")
    if rest or not checkpoint:
        raise _untrusted("格式不对", "it is malformed")
    _check_signatures(checkpoint, lines, public_key)
    return checkpoint


def _read_body(body: str) -> Checkpoint | None:
    match = _BODY.fullmatch(body)
    if not match:
        return None
    try:
        at = datetime.fromisoformat(match["at"])
    except ValueError:
        return None
    checkpoint = Checkpoint(match["origin"], int(match["size"]), base64.b64decode(match["root"]), at)
    return checkpoint if checkpoint.body() == body else None


def _check_signatures(checkpoint: Checkpoint, lines: Sequence[str], public_key: str) -> None:
    """One signature at least is by this key, each that says so is good; other keys' (witnesses) pass."""
    if len(lines) > _MOST_SIGNATURES:
        raise _untrusted("签名过多", "it has too many signatures")
    key = _read_verifier_key(public_key, checkpoint.origin)
    ours = [signature for line in lines if (signature := _signature_by(key, checkpoint.origin, line))]
    if not ours:
        raise _untrusted("没有本密钥的签名", "this key did not sign it")
    try:
        for signature in ours:
            key.verify(signature, checkpoint.body().encode())
    except (ValueError, InvalidSignature) as error:
        raise _untrusted("签名不符", "its signature is wrong") from error


def _signature_by(key: Ed25519PublicKey, name: str, line: str) -> bytes | None:
    match = _SIGNATURE.fullmatch(line)
    try:
        signature = _unbase64(match["signature"]) if match else b""
    except ValueError:
        signature = b""
    if not match or len(signature) <= 4:
        raise _untrusted("签名行格式不对", "a signature line is malformed")
    ours = match["name"] == name and signature[:4] == _key_id(name, key.public_bytes_raw())
    return signature[4:] if ours else None


def _read_verifier_key(public_key: str, origin: str) -> Ed25519PublicKey:
    name, _, rest = public_key.partition("+")
    try:
        raw = _unbase64(rest.partition("+")[2])[1:]
        key = Ed25519PublicKey.from_public_bytes(raw)
        written = _verifier_key(name, raw)
    except ValueError as error:
        raise _untrusted("公钥格式不对", "the public key is malformed") from error
    if written != public_key:
        raise _untrusted("公钥格式不对", "the public key is malformed")
    if name != origin:
        raise _untrusted("出自另一份账本", "it is of another log")
    return key


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: str) -> bytes:
    """Refuses what decodes but isn't how it is written (stray bits)."""
    data = base64.b64decode(text, validate=True)
    if _base64(data) != text:
        raise ValueError("not canonical base64")
    return data


def _untrusted(zh: str, en: str) -> Invalid:
    words = Words(f"检查点不可信：{zh}。", f"The checkpoint is not to be trusted: {en}.")
    return Invalid({"checkpoint": words})


# What outsiders get


def receipt(entry: Entry, index: int, proof: Sequence[bytes], checkpoint: str, disclosed: Disclosed) -> str:
    """JSON that proves, with `verifier.py receipt` and the public key alone, that this entry was recorded."""
    return _canonical(
        {
            "leaf": leaf(entry).decode(),
            "index": index,
            "proof": [sibling.hex() for sibling in proof],
            "checkpoint": checkpoint,
            "texts": _disclosed(disclosed),
        }
    )


def export_line(entry: Entry, sealed_hash: bytes, disclosed: Disclosed) -> str:
    """A line (without its newline) of the public log that `verifier.py log` reads, in the order of leaves.

    `sealed_hash` is the one the relay stored, never computed again: a row changed since shows by it.
    """
    return _canonical({"leaf": _fields(entry), "hash": sealed_hash.hex(), "texts": _disclosed(disclosed)})


def _disclosed(disclosed: Disclosed) -> dict[str, Value]:
    return {name: {"salt": salt.hex(), "text": text} for name, (salt, text) in disclosed.items()}
