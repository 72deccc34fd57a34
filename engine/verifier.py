"""Checks a Xieshang ledger without trusting Xieshang: this one file, Python 3.11 or newer, nothing else.

    python verifier.py log LOG.jsonl CHECKPOINT [--older CHECKPOINT ...] --key PUBLICKEY
    python verifier.py receipt RECEIPT.json --key PUBLICKEY

`log`: the exported entries give exactly the signed root, and their beginnings the roots of older checkpoints:
nothing was changed, removed or put in between since they were signed. Disclosed texts are the recorded ones.
`receipt`: one entry stands at its place under a signed root, and its disclosed texts are the recorded ones.

PUBLICKEY is the ledger's published key, name+id+base64. Get it, and older checkpoints, from elsewhere than
the ledger's own site: a printed report, another department, a friend's copy.
Exit 0: all is well. 1: something is not; one line a finding. 2: wrong use.

How a ledger is written. A leaf is canonical JSON: UTF-8, sorted keys, no spaces, no floats. The tree is RFC
6962's: SHA-256(00 leaf), SHA-256(01 left right). A checkpoint is a C2SP tlog-checkpoint in a signed note with
one extension line, its time; its signature is Ed25519 (RFC 8032), checked here cofactorless and strictly.
A text is recorded as SHA-256(16 bytes of salt, then the text), so that it can be erased and all proofs stay.
A line of the log is {"hash": the leaf's recorded hash, "leaf": {...}, "texts": {field: {"salt", "text"}}}.
"""

import argparse
import base64
import itertools
import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256, sha512
from typing import BinaryIO, NamedTuple

MOST_BYTES = 1 << 24  # of a line or a small file
MOST_SIGNATURES = 16
MOST_FINDINGS = 100


class Wrong(Exception):
    """A finding after which the rest cannot be checked."""


# Ed25519: the curve -x² + y² = 1 + d·x²·y² modulo P; a point is (X, Y, Z, T), x = X/Z, y = Y/Z, xy = T/Z
Point = tuple[int, int, int, int]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NEUTRAL: Point = (0, 1, 1, 0)


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def encode(point: Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data: bytes) -> Point | None:
    """The point, or None where RFC 8032 5.1.3 has none: y not below P, off the curve, a negative zero."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if len(data) != 32 or y >= P or x * x % P != square or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or NEUTRAL


def signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """[S]B = R + [k]A, with S below the order and A and R in their only encoding; no key of small order."""
    key = decode(public)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or encode(times(8, key)) == encode(NEUTRAL) or len(signature) != 64 or scalar >= ORDER:
        return False
    digest = sha512(signature[:32] + public + message).digest()
    x, y, z, t = times(int.from_bytes(digest, "little") % ORDER, key)
    return encode(add(times(scalar, BASE), (P - x, y, z, P - t))) == signature[:32]


# Checkpoints
NAME = r"[^\s+\x00-\x1f\x7f]+"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
BODY = re.compile(rf"({NAME})\n(0|[1-9][0-9]{{0,17}})\n([A-Za-z0-9+/]{{43}}=)\nat ({TIME})\n")
SIGNATURE = re.compile(rf"— ({NAME}) ([A-Za-z0-9+/]+={{0,2}})")


class Key(NamedTuple):
    name: str
    id: bytes
    public: bytes


class Checkpoint(NamedTuple):
    label: str
    size: int
    root: bytes


def unbase64(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("stray bits at the end")
    return data


def read_key(text: str) -> Key:
    """ValueError if this is no Ed25519 key in the form name+id+base64."""
    name, key_id, encoded = text.split("+", 2)
    kind_and_key = unbase64(encoded)
    expected = sha256(name.encode() + b"\n" + kind_and_key).digest()[:4]
    if kind_and_key[:1] != b"\x01" or decode(kind_and_key[1:]) is None or key_id != expected.hex():
        raise ValueError("not an Ed25519 key, or mistyped")
    return Key(name, expected, kind_and_key[1:])


def read_checkpoint(label: str, data: bytes, key: Key) -> Checkpoint:
    """The checkpoint, or Wrong if it is malformed or this key did not sign it."""
    try:
        note, _, lines = data.decode().rpartition("\n\n")
        body, (*signatures, rest) = BODY.fullmatch(note + "\n"), lines.split("\n")
        if not body or rest or len(signatures) > MOST_SIGNATURES:
            raise ValueError("not the lines of a checkpoint")
        datetime.fromisoformat(body[4])
        checkpoint = Checkpoint(label, int(body[2]), unbase64(body[3]))
        ours = [signature for line in signatures if (signature := signature_by(key, line))]
    except ValueError as error:
        raise Wrong(f"{label}: this is no checkpoint ({error})") from error
    if body[1] != key.name or not ours:
        raise Wrong(f"{label}: this key did not sign it")
    if not all(signed(key.public, f"{note}\n".encode(), signature) for signature in ours):
        raise Wrong(f"{label}: its signature is wrong")
    return checkpoint


def signature_by(key: Key, line: str) -> bytes | None:
    """What a signature line holds, None if it is another key's (a witness's); ValueError if malformed."""
    match = SIGNATURE.fullmatch(line)
    data = unbase64(match[2]) if match else b""
    if not match or len(data) <= 4:
        raise ValueError("not a signature line")
    return data[4:] if (match[1], data[:4]) == (key.name, key.id) else None


# The tree


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def grow(peaks: list[tuple[int, bytes]], leaf_hash: bytes) -> None:
    """`peaks` are the perfect subtrees, (height, hash), the highest first."""
    height = 0
    while peaks and peaks[-1][0] == height:
        leaf_hash = node(peaks.pop()[1], leaf_hash)
        height += 1
    peaks.append((height, leaf_hash))


def root_of(peaks: list[tuple[int, bytes]]) -> bytes:
    root = peaks[-1][1] if peaks else sha256(b"").digest()
    for _, peak in peaks[-2::-1]:
        root = node(peak, root)
    return root


def climb(leaf_hash: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root that RFC 6962's audit path leads to; Wrong if its length doesn't fit the tree."""
    if (size > 1) != bool(proof):
        raise Wrong("the proof has not the length that fits its place in the tree")
    if size == 1:
        return leaf_hash
    left = 1 << (size - 1).bit_length() - 1
    *rest, sibling = proof
    if index < left:
        return node(climb(leaf_hash, index, left, rest), sibling)
    return node(sibling, climb(leaf_hash, index - left, size - left, rest))


# Entries
DECODER = json.JSONDecoder(parse_float=int)  # which refuses every float
ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def read_object(label: str, data: bytes) -> dict[str, object]:
    """A JSON object written in the one way a ledger writes it; so no key can stand twice."""
    try:
        value: object = DECODER.decode(text := data.decode())
        if isinstance(value, dict) and len(data) <= MOST_BYTES and ENCODER.encode(value) == text:
            return value
    except (ValueError, RecursionError) as error:
        raise Wrong(f"{label}: not readable ({str(error)[:100]!a})") from error
    raise Wrong(f"{label}: not an object as a ledger writes it")


def unhex(label: str, value: object, size: int) -> bytes:
    if not isinstance(value, str) or not re.fullmatch(f"[0-9a-f]{{{2 * size}}}", value):
        raise Wrong(f"{label}: not {size} bytes in hexadecimal")
    return bytes.fromhex(value)


def part(label: str, holder: dict[str, object], name: str) -> dict[str, object]:
    value = holder.get(name)
    if not isinstance(value, dict):
        raise Wrong(f"{label}: no object {name!a}")
    return value


def named(index: int, leaf: dict[str, object]) -> str:
    entry_id = leaf.get("id")
    return f"entry {index} (id {ascii(entry_id)[:40] if isinstance(entry_id, int | str) else 'missing'})"


def check_texts(label: str, leaf: dict[str, object], holder: dict[str, object]) -> Iterator[str]:
    recorded, disclosed = part(label, leaf, "texts"), part(label, holder, "texts")
    for field in disclosed:
        disclosure = part(label, disclosed, field)
        salt, text = unhex(f"{label}: a salt", disclosure.get("salt"), 16), disclosure.get("text")
        if not isinstance(text, str) or sha256(salt + text.encode()).hexdigest() != recorded.get(field):
            yield f"{label}: the disclosed text {field!a} is not the recorded one"


class Log:
    """The entries read so far. The first `sound` of them stand under a checkpoint that was right."""

    def __init__(self) -> None:
        self.peaks: list[tuple[int, bytes]] = []
        self.names: list[str] = []
        self.sound = 0
        self.broken = False

    def add(self, line: bytes) -> Iterator[str]:
        entry = read_object(f"entry {len(self.names)}", line.removesuffix(b"\n"))
        leaf = part(f"entry {len(self.names)}", entry, "leaf")
        name = named(len(self.names), leaf)
        recorded = unhex(f"{name}: its hash", entry.get("hash"), 32)
        if sha256(b"\x00" + ENCODER.encode(leaf).encode()).digest() != recorded:
            yield f"{name}: changed since it was recorded, it no longer gives its hash"
        yield from check_texts(name, leaf, entry)
        self.names.append(name)
        grow(self.peaks, recorded)  # the recorded hash, so that one changed entry doesn't hide the others

    def compare(self, checkpoint: Checkpoint) -> Iterator[str]:
        if len(self.names) < checkpoint.size:
            yield f"{checkpoint.label}: {checkpoint.size} entries were signed, the log has {len(self.names)}"
        elif root_of(self.peaks) == checkpoint.root:
            self.sound = checkpoint.size
        elif self.broken or self.sound == checkpoint.size:
            yield f"{checkpoint.label}: the log does not give its root"
        else:
            self.broken = True
            first, last = self.names[self.sound], self.names[checkpoint.size - 1]
            wrong = first if first == last else f"one of {first} to {last}"
            yield f"{checkpoint.label}: the log does not give its root; the first wrong entry is {wrong}"


def check_log(lines: BinaryIO, newest: Checkpoint, *older: Checkpoint) -> Iterator[str]:
    log = Log()
    for checkpoint in sorted([newest, *older], key=lambda checkpoint: checkpoint.size):
        while len(log.names) < checkpoint.size and (line := lines.readline(MOST_BYTES + 1)):
            yield from log.add(line)
        yield from log.compare(checkpoint)
    if len(log.names) > newest.size or lines.read(1):
        yield f"{newest.label}: {newest.size} entries were signed, the log has more"


def check_receipt(label: str, data: bytes, key: Key) -> Iterator[str]:
    receipt = read_object(label, data.removesuffix(b"\n"))
    text, index, proof, note = (receipt.get(name) for name in ("leaf", "index", "proof", "checkpoint"))
    if not (isinstance(text, str) and isinstance(proof, list) and isinstance(note, str)):
        raise Wrong(f"{label}: not a receipt")
    leaf = read_object(f"{label}: its leaf", text.encode())
    checkpoint = read_checkpoint(f"{label}: its checkpoint", note.encode(), key)
    if type(index) is not int or not 0 <= index < checkpoint.size:
        raise Wrong(f"{label}: no such place among {checkpoint.size} entries")
    label += f": {named(index, leaf)}"
    siblings = [unhex(f"{label}: its proof", sibling, 32) for sibling in proof]
    if climb(sha256(b"\x00" + text.encode()).digest(), index, checkpoint.size, siblings) != checkpoint.root:
        yield f"{label}: the proof does not lead to the signed root"
    yield from check_texts(label, leaf, receipt)


def findings(arguments: argparse.Namespace, key: Key) -> Iterator[str]:
    try:
        with open(arguments.file, "rb") as file:
            if arguments.check == "receipt":
                yield from check_receipt(ascii(arguments.file), file.read(MOST_BYTES + 1), key)
            else:
                paths = [arguments.checkpoint, *arguments.older]
                yield from check_log(file, *[checkpoint_in(path, key) for path in paths])
    except Wrong as wrong:
        yield str(wrong)


def checkpoint_in(path: str, key: Key) -> Checkpoint:
    with open(path, "rb") as file:
        return read_checkpoint(ascii(path), file.read(MOST_BYTES + 1), key)


def parse(argv: list[str] | None) -> tuple[argparse.Namespace, Key]:
    parser = argparse.ArgumentParser(description="Checks a Xieshang ledger without trusting Xieshang.")
    checks = parser.add_subparsers(dest="check", required=True)
    log = checks.add_parser("log", help="a whole exported log")
    log.add_argument("file", metavar="LOG.jsonl")
    log.add_argument("checkpoint", metavar="CHECKPOINT")
    log.add_argument("--older", metavar="CHECKPOINT", nargs="+", action="extend", default=[])
    receipt = checks.add_parser("receipt", help="one entry by its receipt")
    receipt.add_argument("file", metavar="RECEIPT.json")
    for check in (log, receipt):
        check.add_argument("--key", required=True, metavar="PUBLICKEY", help="name+id+base64, as published")
    arguments = parser.parse_args(argv)
    try:
        return arguments, read_key(arguments.key)
    except ValueError as error:
        parser.error(f"--key: {error!a}")


def main(argv: list[str] | None = None) -> int:
    arguments, key = parse(argv)
    try:
        found = list(itertools.islice(findings(arguments, key), MOST_FINDINGS))
    except OSError as error:
        sys.stderr.write(f"{error.filename!a}: {error.strerror}\n")
        return 2
    sys.stdout.writelines(f"{finding}\n" for finding in found or [f"good: {arguments.file!a}"])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
