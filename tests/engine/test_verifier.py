"""The strangers' verifier, against the ledger that it shares no line with and against people who cheat."""

import ast
import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from engine import ledger, verifier
from engine.errors import Invalid
from tests.engine.test_ledger import GOOD, ODD_CHECKPOINTS

AT = datetime(2026, 11, 24, 3, 21, tzinfo=UTC)
ORIGIN = "pinghu.example/ledger"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = ledger.verifier_key(KEY, ORIGIN)
SALT = b"0123456789abcdef"


def entry(number: int) -> ledger.Entry:
    return ledger.Entry(
        id=100 + number,
        at=AT + timedelta(minutes=number),
        event="question.asked",
        noun="question",
        subject=number,
        version=1,
        verb="ask",
        from_state="draft",
        to_state="asked",
        actor=number % 5,
        role="citizen",
        behalf="unit 3",
        data={"sitting": 4, "segment": 2},
        texts={"text": ledger.salted(SALT, f"问题 {number}：老小区停车难怎么办？")},
    )


ENTRIES = [entry(number) for number in range(12)]
HASHES = [ledger.leaf_hash(ledger.leaf(one)) for one in ENTRIES]
LINES = [
    ledger.export_line(one, sealed, {"text": (SALT, f"问题 {number}：老小区停车难怎么办？")})
    for number, (one, sealed) in enumerate(zip(ENTRIES, HASHES, strict=True))
]


def signed_head(hashes: list[bytes]) -> str:
    return ledger.sign_checkpoint(KEY, ORIGIN, len(hashes), ledger.root(hashes), AT)


def receipt(index: int = 5, size: int = 12) -> dict[str, Any]:
    proof = ledger.inclusion_proof(HASHES[:size], index)
    disclosed = {"text": (SALT, f"问题 {index}：老小区停车难怎么办？")}
    text = ledger.receipt(ENTRIES[index], index, proof, signed_head(HASHES[:size]), disclosed)
    return dict(json.loads(text))


def written(value: object) -> str:
    """As a ledger writes JSON, so that only the change itself is odd."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass
class Stranger:
    """Someone with files and the verifier."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def file(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def run(self, *arguments: str) -> tuple[int, list[str]]:
        code = verifier.main([*arguments, "--key", PUBLIC])
        return code, self.capture.readouterr().out.splitlines()

    def check_log(self, lines: list[str], newest: str, *older: str) -> tuple[int, list[str]]:
        log = self.file("log.jsonl", "".join(f"{line}\n" for line in lines))
        notes = [self.file(f"older{at}", note) for at, note in enumerate(older)]
        return self.run("log", log, self.file("newest", newest), *(["--older", *notes] if notes else []))

    def check_receipt(self, content: str | bytes) -> tuple[int, list[str]]:
        return self.run("receipt", self.file("receipt.json", content))


@pytest.fixture
def stranger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Stranger:
    return Stranger(tmp_path, capsys)


# The file itself


def test_the_verifier_is_one_short_file_that_imports_only_the_standard_library() -> None:
    source = Path(verifier.__file__).read_text()
    nodes = list(ast.walk(ast.parse(source)))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert len(source.splitlines()) <= 350


def outside(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As a stranger runs it: the file alone, in another process, without site-packages or our path."""
    alone = shutil.copy(Path(verifier.__file__), folder / "downloaded.py")
    command = [sys.executable, "-I", "-S", str(alone), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def test_a_downloaded_copy_checks_a_log_and_a_receipt(stranger: Stranger) -> None:
    log = stranger.file("log.jsonl", "".join(f"{line}\n" for line in LINES))
    newest = stranger.file("newest", signed_head(HASHES))
    older = stranger.file("older", signed_head(HASHES[:7]))
    good = outside(stranger.folder, "log", log, newest, "--older", older, "--key", PUBLIC)
    assert (good.returncode, good.stdout, good.stderr) == (0, f"good: {log!r}\n", "")
    note = stranger.file("receipt.json", written(receipt()))
    good = outside(stranger.folder, "receipt", note, "--key", PUBLIC)
    assert (good.returncode, good.stdout, good.stderr) == (0, f"good: {note!r}\n", "")
    Path(log).write_text(Path(log).read_text().replace('"actor":3', '"actor":4', 1))
    bad = outside(stranger.folder, "log", log, newest, "--key", PUBLIC)
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout.startswith("entry 3 (id 103): changed since it was recorded")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["log"],
        ["receipt"],
        ["unknown", "x"],
        ["receipt", "none.json"],
        ["receipt", "none.json", "--key", PUBLIC],
        ["receipt", ".", "--key", PUBLIC],
        ["log", "downloaded.py", "none", "--key", PUBLIC],
        ["log", "none.jsonl", "downloaded.py", "--key", PUBLIC],
        ["receipt", "downloaded.py", "--key", ""],
        ["receipt", "downloaded.py", "--key", PUBLIC[:-4]],
        ["receipt", "downloaded.py", "--key", PUBLIC.replace("pinghu", "haiyan")],
        ["receipt", "downloaded.py", "--key", "平湖+00000000+????"],
    ],
)
def test_wrong_use_is_said_in_words_with_exit_2(tmp_path: Path, arguments: list[str]) -> None:
    result = outside(tmp_path, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr
    assert "Traceback" not in result.stderr


# Ed25519

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_signatures_of_rfc_8032_are_good_and_no_bit_of_them_can_change(
    public: str, message: str, signature: str
) -> None:
    good = bytes.fromhex(signature)
    assert verifier.signed(bytes.fromhex(public), bytes.fromhex(message), good)
    assert not verifier.signed(bytes.fromhex(public), bytes.fromhex(message) + b"\0", good)
    for bit in range(0, 512, 16):
        bad = (int.from_bytes(good, "little") ^ 1 << bit).to_bytes(64, "little")
        assert not verifier.signed(bytes.fromhex(public), bytes.fromhex(message), bad)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.integers(0, 511))
def test_ed25519_agrees_with_the_cryptography_library(seed: bytes, message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert verifier.signed(public, message, signature)
    forged = (int.from_bytes(signature, "little") ^ 1 << bit).to_bytes(64, "little")
    assert not verifier.signed(public, message, forged)
    with pytest.raises(InvalidSignature):
        key.public_key().verify(forged, message)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_random_bytes_are_no_signature(public: bytes, signature: bytes) -> None:
    assert not verifier.signed(public, b"", signature)


IDENTITY = verifier.encode(verifier.NEUTRAL)
RAW = KEY.public_key().public_bytes_raw()
SIGNED = KEY.sign(b"head")


def shifted(signature: bytes, by: int) -> bytes:
    return signature[:32] + (int.from_bytes(signature[32:], "little") + by).to_bytes(32, "little")


@pytest.mark.parametrize(
    ("public", "signature"),
    [
        (RAW, shifted(SIGNED, verifier.ORDER)),
        (RAW, shifted(SIGNED, 8 * verifier.ORDER)),
        (RAW, b""),
        (RAW, SIGNED[:63]),
        (RAW, SIGNED + b"\0"),
        (RAW, SIGNED[32:] + SIGNED[:32]),
        (RAW, bytes(64)),
        (RAW, b"\xff" * 64),
        (RAW, (verifier.P + 1).to_bytes(32, "little") + bytes(32)),
        (b"", SIGNED),
        (RAW[:31], SIGNED),
        (RAW + b"\0", SIGNED),
        (b"\xff" * 32, SIGNED),
        (IDENTITY, IDENTITY + bytes(32)),  # a key of order 1, for which this signs every message
        (bytes(32), IDENTITY + bytes(32)),  # of order 4
        ((verifier.P - 1).to_bytes(32, "little"), IDENTITY + bytes(32)),  # of order 2
        (
            (verifier.P + 1).to_bytes(32, "little"),
            IDENTITY + bytes(32),
        ),  # of order 1, written otherwise
        (
            (1 | 1 << 255).to_bytes(32, "little"),
            IDENTITY + bytes(32),
        ),  # of order 1, with a negative zero
        ((2).to_bytes(32, "little"), SIGNED),  # not on the curve
    ],
)
def test_what_strict_ed25519_must_refuse_is_refused(public: bytes, signature: bytes) -> None:
    assert verifier.signed(RAW, b"head", SIGNED)
    assert not verifier.signed(public, b"head", signature)


def test_a_point_has_one_encoding() -> None:
    """Nobody can sign for most of these points, so that only decoding them can show the check."""
    small = [y for y in range(19) if verifier.decode(y.to_bytes(32, "little"))]
    assert len(small) > 3
    for y in small:
        assert verifier.decode((y + verifier.P).to_bytes(32, "little")) is None
    for y in (1, verifier.P - 1):
        assert verifier.decode(y.to_bytes(32, "little")) is not None
        assert verifier.decode((y | 1 << 255).to_bytes(32, "little")) is None
    for data in (b"", RAW[:31], RAW + b"\0", IDENTITY[:1]):
        assert verifier.decode(data) is None


def test_a_signature_that_holds_only_with_the_cofactor_is_refused() -> None:
    """Made with a key outside the prime-order group, where verifiers are known to disagree."""
    point = next(found for y in range(2, 99) if (found := verifier.decode(y.to_bytes(32, "little"))))
    torsion = verifier.times(verifier.ORDER, point)
    secret, nonce = 12345, 67890
    public = verifier.encode(verifier.add(verifier.times(secret, verifier.BASE), torsion))
    commitment = verifier.encode(verifier.times(nonce, verifier.BASE))
    for message in (b"1", b"2", b"3", b"4"):
        digest = hashlib.sha512(commitment + public + message).digest()
        challenge = int.from_bytes(digest, "little") % verifier.ORDER
        scalar = (nonce + challenge * secret) % verifier.ORDER
        signature = commitment + scalar.to_bytes(32, "little")
        stays = verifier.encode(verifier.times(challenge, torsion)) == IDENTITY
        assert verifier.signed(public, message, signature) == stays


# Two implementations, one answer


@given(st.lists(st.binary(max_size=40), max_size=200))
def test_both_give_the_same_roots(leaves: list[bytes]) -> None:
    hashes = [ledger.leaf_hash(leaf) for leaf in leaves]
    peaks: list[tuple[int, bytes]] = []
    for leaf_hash in hashes:
        verifier.grow(peaks, leaf_hash)
    assert verifier.root_of(peaks) == ledger.root(hashes)


@given(st.data())
def test_both_accept_the_same_proofs(data: st.DataObject) -> None:
    """Of real proofs, with perhaps a hash taken out, put in or exchanged, for perhaps another place."""
    size = data.draw(st.integers(1, 70))
    hashes = [ledger.leaf_hash(bytes([number])) for number in range(size)]
    index, place, claimed = (data.draw(st.integers(0, size - 1)) for _ in range(3))
    proof = ledger.inclusion_proof(hashes, index)
    cut, extended = data.draw(st.tuples(st.booleans(), st.booleans()))
    if proof and cut:
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    if extended:
        proof.insert(data.draw(st.integers(0, len(proof))), hashes[claimed])
    root = ledger.root(hashes)
    try:
        accepted = verifier.climb(hashes[index], place, size, proof) == root
    except verifier.Wrong:
        accepted = False
    assert accepted == ledger.proves_inclusion(proof, hashes[index], place, size, root)


def verdicts(note: str) -> tuple[bool, bool]:
    """Whether the ledger and the verifier take it for a signed checkpoint."""
    try:
        ledger.read_checkpoint(note, PUBLIC)
        first = True
    except Invalid:
        first = False
    try:
        verifier.read_checkpoint("note", note.encode(errors="surrogatepass"), verifier.read_key(PUBLIC))
        second = True
    except verifier.Wrong:
        second = False
    return first, second


@pytest.mark.parametrize("odd", ODD_CHECKPOINTS.values(), ids=ODD_CHECKPOINTS)
def test_neither_takes_anything_odd_for_a_checkpoint(odd: str) -> None:
    assert verdicts(GOOD) == (True, True)
    assert verdicts(odd) == (False, False)


def edited(data: st.DataObject, text: str) -> str:
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 3)))
    new = data.draw(st.text(st.sampled_from("0123456789 \n\r\t+-—=/AZat.:é８\u2028\x00\x7f\xa0"), max_size=3))
    return text[:start] + new + text[stop:]


@given(st.data())
def test_both_take_the_same_notes_for_checkpoints(data: st.DataObject) -> None:
    assert verdicts(signed_head(HASHES)) == (True, True)
    assert len(set(verdicts(edited(data, signed_head(HASHES))))) == 1


@given(st.data())
def test_both_take_the_same_signed_texts_for_checkpoints(data: st.DataObject) -> None:
    """Here the signature is good whatever the text: only the reading of the lines can refuse."""
    body, signature = signed_head(HASHES).split("\n\n")
    text = edited(data, body + "\n")
    key_id = verifier.read_key(PUBLIC).id
    encoded = base64.b64encode(key_id + KEY.sign(text.encode())).decode()
    assert len(set(verdicts(f"{text}\n{signature.rpartition(' ')[0]} {encoded}\n"))) == 1


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(), st.lists))
def test_both_write_the_same_leaf(value: ledger.Value) -> None:
    one = replace(ENTRIES[3], data={"值": value})
    text = ledger.leaf(one).decode()
    assert verifier.ENCODER.encode(verifier.read_object("leaf", text.encode())) == text


@pytest.mark.parametrize("text", ['{"a":1.5}', '{"a":1.0}', '{"a":[1e3]}', '{"a":NaN}', '{"a":-Infinity}'])
def test_no_float_is_read_even_where_it_was_signed(text: str) -> None:
    with pytest.raises(verifier.Wrong, match="not readable"):
        verifier.read_object("leaf", text.encode())


# A log


def test_a_log_gives_its_root_and_begins_with_every_older_checkpoint(stranger: Stranger) -> None:
    older = [signed_head(HASHES[:size]) for size in range(13)]
    assert stranger.check_log(LINES, signed_head(HASHES), *older) == (
        0,
        [f"good: {str(stranger.folder / 'log.jsonl')!a}"],
    )


def test_an_empty_log_is_good(stranger: Stranger) -> None:
    assert stranger.check_log([], signed_head([]))[0] == 0
    assert stranger.check_log([], ledger.sign_checkpoint(KEY, ORIGIN, 0, HASHES[0], AT))[0] == 1


def test_an_erased_text_leaves_every_proof(stranger: Stranger) -> None:
    erased = [*LINES[:4], ledger.export_line(ENTRIES[4], HASHES[4], {}), *LINES[5:]]
    assert stranger.check_log(erased, signed_head(HASHES), signed_head(HASHES[:9]))[0] == 0
    without = {**receipt(4), "texts": {}}
    assert stranger.check_receipt(written(without))[0] == 0


def test_a_witness_signature_does_no_harm(stranger: Stranger) -> None:
    witness = ledger.sign_checkpoint(Ed25519PrivateKey.generate(), "witness.example", 12, HASHES[0], AT)
    cosigned = signed_head(HASHES) + witness.split("\n")[-2] + "\n"
    assert stranger.check_log(LINES, cosigned)[0] == 0


CHANGES: dict[str, object] = {
    "id": 105,
    "at": AT + timedelta(minutes=4, microseconds=1),
    "event": "question.askee",
    "noun": "questiom",
    "subject": 5,
    "version": 0,
    "verb": "asj",
    "from_state": "drafu",
    "to_state": "askee",
    "actor": 5,
    "role": "citizeo",
    "behalf": "unit 2",
    "data": {"sitting": 5, "segment": 2},
    "texts": {"text": bytes([ENTRIES[4].texts["text"][0] ^ 1]) + ENTRIES[4].texts["text"][1:]},
}


@pytest.mark.parametrize("field", ENTRIES[4].__dataclass_fields__)
def test_one_changed_byte_in_any_field_names_the_entry(stranger: Stranger, field: str) -> None:
    changed = replace(ENTRIES[4], **{field: CHANGES[field]})  # type: ignore[arg-type]
    lines = [*LINES[:4], ledger.export_line(changed, HASHES[4], {}), *LINES[5:]]
    code, found = stranger.check_log(lines, signed_head(HASHES))
    assert code == 1
    assert found == [f"entry 4 (id {changed.id}): changed since it was recorded, it no longer gives its hash"]


def test_one_changed_byte_anywhere_in_a_line_names_the_entry() -> None:
    newest = verifier.read_checkpoint("newest", signed_head(HASHES).encode(), verifier.read_key(PUBLIC))
    content = "".join(f"{line}\n" for line in LINES).encode()
    start = content.index(LINES[4].encode())
    assert list(verifier.check_log(io.BytesIO(content), newest)) == []
    for at in range(start, start + len(LINES[4].encode()) + 1):
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        try:
            found = list(verifier.check_log(io.BytesIO(changed), newest))
        except verifier.Wrong as wrong:
            found = [str(wrong)]
        assert found[0].startswith("entry 4"), at


def covered_up(number: int) -> list[str]:
    """A changed entry with its hash made to fit: only signed roots can tell."""
    changed = replace(ENTRIES[number], actor=999)
    line = ledger.export_line(changed, ledger.leaf_hash(ledger.leaf(changed)), {})
    return [*LINES[:number], line, *LINES[number + 1 :]]


def test_a_covered_up_change_is_named_where_checkpoints_stand_close(stranger: Stranger) -> None:
    older = [signed_head(HASHES[:size]) for size in (9, 5, 4)]
    code, found = stranger.check_log(covered_up(4), signed_head(HASHES), *older)
    assert code == 1
    assert found[0].endswith("does not give its root; the first wrong entry is entry 4 (id 104)")
    assert [line.partition(": ")[2] for line in found[1:]] == ["the log does not give its root"] * 2


def test_a_covered_up_change_is_narrowed_down_where_they_do_not(stranger: Stranger) -> None:
    code, found = stranger.check_log(covered_up(4), signed_head(HASHES), signed_head(HASHES[:2]))
    assert code == 1
    assert found[0].endswith("the first wrong entry is one of entry 2 (id 102) to entry 11 (id 111)")


@pytest.mark.parametrize("gone", range(1, 12))
def test_removing_the_last_entries_is_seen_with_an_older_but_larger_checkpoint(
    stranger: Stranger, gone: int
) -> None:
    """The ledger was cut and signed anew; someone still holds the checkpoint from before."""
    kept = 12 - gone
    assert stranger.check_log(LINES[:kept], signed_head(HASHES[:kept]))[0] == 0
    code, found = stranger.check_log(LINES[:kept], signed_head(HASHES[:kept]), signed_head(HASHES))
    assert code == 1
    assert found == [f"{str(stranger.folder / 'older0')!a}: 12 entries were signed, the log has {kept}"]


def test_entries_beyond_the_newest_checkpoint_are_seen_even_where_an_older_one_covers_them(
    stranger: Stranger,
) -> None:
    code, found = stranger.check_log(LINES, signed_head(HASHES[:9]), signed_head(HASHES))
    assert code == 1
    assert found == [f"{str(stranger.folder / 'newest')!a}: 9 entries were signed, the log has more"]


def test_an_id_cannot_dress_up_a_finding(stranger: Stranger) -> None:
    leaf = {**json.loads(ledger.leaf(ENTRIES[0])), "id": "\x1b[2J好" * 100}
    code, found = stranger.check_log([written({"hash": HASHES[0].hex(), "leaf": leaf, "texts": {}})], GOOD)
    assert code == 1
    assert found[0].isascii()
    assert found[0].startswith("entry 0 (id '\\x1b[2J")
    assert len(found[0]) < 150


def test_a_log_rewritten_since_an_older_checkpoint_is_seen(stranger: Stranger) -> None:
    lines = covered_up(3)
    hashes = [bytes.fromhex(json.loads(line)["hash"]) for line in lines]
    assert stranger.check_log(lines, signed_head(hashes))[0] == 0
    older = [signed_head(HASHES[:size]) for size in (3, 4)]
    code, found = stranger.check_log(lines, signed_head(hashes), *older)
    assert code == 1
    assert found[0].endswith("the first wrong entry is entry 3 (id 103)")


FORGED_LOGS: dict[str, Callable[[], list[str]]] = {
    "two entries exchanged": lambda: [*LINES[:4], LINES[5], LINES[4], *LINES[6:]],
    "turned round": lambda: LINES[::-1],
    "the first removed": lambda: LINES[1:],
    "one removed": lambda: [*LINES[:4], *LINES[5:]],
    "the last removed": lambda: LINES[:-1],
    "all removed": lambda: [],
    "one doubled": lambda: [*LINES[:5], *LINES[4:]],
    "one doubled over another": lambda: [*LINES[:5], LINES[4], *LINES[6:]],
    "one put in": lambda: [*LINES[:4], ledger.export_line(entry(40), HASHES[0], {}), *LINES[4:]],
    "one added": lambda: [*LINES, LINES[0]],
    "nonsense added": lambda: [*LINES, "?"],
    "an empty line": lambda: [*LINES[:4], "", *LINES[4:]],
    "a cut line": lambda: [*LINES[:11], LINES[11][:-9]],
    "a space": lambda: [*LINES[:4], LINES[4].replace(":", ": ", 1), *LINES[5:]],
    "an escape": lambda: [*LINES[:4], LINES[4].replace("问", "\\u95ee"), *LINES[5:]],
    "a key twice": lambda: [*LINES[:4], LINES[4].replace('"id":104', '"id":104,"id":104'), *LINES[5:]],
    "a float": lambda: [*LINES[:4], LINES[4].replace('"id":104', '"id":104.0'), *LINES[5:]],
    "not a number": lambda: [*LINES[:4], LINES[4].replace('"id":104', '"id":NaN'), *LINES[5:]],
    "an enormous number": lambda: [*LINES[:4], LINES[4].replace("104", "9" * 9999), *LINES[5:]],
    "a deep id": lambda: [*LINES[:4], LINES[4].replace("104", "[" * 400 + "]" * 400), *LINES[5:]],
    "an abyss": lambda: [*LINES[:4], LINES[4].replace("104", "[" * 99999 + "]" * 99999), *LINES[5:]],
    "another hash": lambda: [*LINES[:4], LINES[4].replace(HASHES[4].hex(), HASHES[5].hex()), *LINES[5:]],
    "a hash in capitals": lambda: [*LINES[:4], LINES[4].replace(HASHES[4].hex(), HASHES[4].hex().upper())],
    "a list for an entry": lambda: [*LINES[:4], "[]", *LINES[5:]],
    "an entry without a leaf": lambda: [*LINES[:4], "{}", *LINES[5:]],
    "a leaf without texts": lambda: [
        *LINES[:4],
        written({"hash": hashlib.sha256(b"\0{}").hexdigest(), "leaf": {}, "texts": {}}),
        *LINES[5:],
    ],
    "another text": lambda: [*LINES[:4], LINES[4].replace("停车难", "停车易"), *LINES[5:]],
    "another salt": lambda: [*LINES[:4], LINES[4].replace(SALT.hex(), bytes(16).hex()), *LINES[5:]],
    "a short salt": lambda: [*LINES[:4], LINES[4].replace(SALT.hex(), SALT.hex()[2:]), *LINES[5:]],
    "a text of no field": lambda: [*LINES[:4], LINES[4].replace('{"text":{"', '{"name":{"'), *LINES[5:]],
    "a text without words": lambda: [
        *LINES[:4],
        LINES[4].replace('"text":"问题', '"test":"问题'),
        *LINES[5:],
    ],
}


@pytest.mark.parametrize("forged", FORGED_LOGS.values(), ids=FORGED_LOGS)
def test_a_forged_log_is_refused_in_words(stranger: Stranger, forged: Callable[[], list[str]]) -> None:
    lines = forged()
    assert lines != LINES
    code, found = stranger.check_log(lines, signed_head(HASHES), signed_head(HASHES[:6]))
    assert code == 1
    assert found
    assert all(line.isascii() and len(line) < 400 for line in found)


@pytest.mark.parametrize(
    "name", ["another text", "another salt", "a text of no field", "a text without words"]
)
def test_a_false_disclosure_names_the_entry(stranger: Stranger, name: str) -> None:
    _, found = stranger.check_log(FORGED_LOGS[name](), signed_head(HASHES))
    assert found[0].startswith("entry 4 (id 104): the disclosed text")


def test_a_thousand_wrong_entries_do_not_flood_the_reader(stranger: Stranger) -> None:
    lines = [ledger.export_line(entry(number), HASHES[0], {}) for number in range(1000)]
    code, found = stranger.check_log(lines, signed_head([HASHES[0]] * 1000))
    assert (code, len(found)) == (1, verifier.MOST_FINDINGS)


# Checkpoints that are not to be trusted


def head_with(old: str, new: str) -> str:
    assert old in signed_head(HASHES)
    return signed_head(HASHES).replace(old, new)


BAD_NOTES = {
    "nothing": "",
    "another size": head_with("\n12\n", "\n11\n"),
    "another time": head_with("03:21", "03:22"),
    "another name": head_with(ORIGIN, "haiyan.example/ledger"),
    "another key": ledger.sign_checkpoint(Ed25519PrivateKey.generate(), ORIGIN, 12, ledger.root(HASHES), AT),
    "another ledger": ledger.sign_checkpoint(KEY, "haiyan.example/ledger", 12, ledger.root(HASHES), AT),
    "a cut end": signed_head(HASHES)[:-3],
    "no signature": signed_head(HASHES).split("\n\n")[0] + "\n",
    "Windows line ends": head_with("\n", "\r\n"),
    "an enormous size": head_with("\n12\n", f"\n{'9' * 9999}\n"),
    "many signatures": signed_head(HASHES) + signed_head(HASHES).split("\n\n")[1] * 16,
    "no words at all": "\x00" * 1000,
    "JSON": written(receipt()),
}


@pytest.mark.parametrize("bad", BAD_NOTES.values(), ids=BAD_NOTES)
@pytest.mark.parametrize("which", ["newest", "older", "receipt"])
def test_a_bad_checkpoint_is_refused_wherever_it_stands(stranger: Stranger, bad: str, which: str) -> None:
    if which == "receipt":
        code, found = stranger.check_receipt(written({**receipt(), "checkpoint": bad}))
    else:
        notes = [bad, signed_head(HASHES)] if which == "newest" else [signed_head(HASHES), bad]
        code, found = stranger.check_log(LINES, *notes)
    assert code == 1
    assert len(found) == 1


def test_two_heads_of_one_size_cannot_both_be_right(stranger: Stranger) -> None:
    fork = signed_head([*HASHES[:-1], HASHES[0]])
    code, found = stranger.check_log(LINES, signed_head(HASHES), fork)
    assert code == 1
    assert "older0" in found[0]


# A receipt


@given(st.integers(1, 12), st.data())
def test_every_entry_of_every_size_has_a_receipt_that_holds(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    content = written(receipt(index, size)).encode()
    assert list(verifier.check_receipt("receipt", content, verifier.read_key(PUBLIC))) == []


def changed_leaf(**changes: object) -> str:
    return written({**json.loads(receipt()["leaf"]), **changes})


FORGED_RECEIPTS: dict[str, dict[str, object]] = {
    "another leaf": {"leaf": ledger.leaf(ENTRIES[6]).decode()},
    "a changed actor": {"leaf": changed_leaf(actor=1)},
    "a changed state": {"leaf": changed_leaf(to="answered")},
    "a changed time": {"leaf": changed_leaf(at="2026-11-24T03:26:00.000001Z")},
    "a leaf written otherwise": {"leaf": receipt()["leaf"].replace(":", ": ")},
    "a leaf that is no object": {"leaf": "[]"},
    "a leaf that is no JSON": {"leaf": "{"},
    "a leaf that is no text": {"leaf": json.loads(receipt()["leaf"])},
    "a bottomless leaf": {"leaf": "[" * 99999},
    "the index before": {"index": 4},
    "the index after": {"index": 6},
    "an index behind the end": {"index": 12},
    "a negative index": {"index": -7},
    "an enormous index": {"index": 10**4000},
    "the first entry at a negative index": {**receipt(0), "index": -1},
    "the second entry at a true index": {**receipt(1), "index": True},
    "an index in words": {"index": "5"},
    "no proof": {"proof": []},
    "a proof that is no list": {"proof": "5"},
    "a proof without its end": {"proof": receipt()["proof"][:-1]},
    "a proof without its beginning": {"proof": receipt()["proof"][1:]},
    "a proof with more": {"proof": [*receipt()["proof"], HASHES[0].hex()]},
    "a proof with thousands more": {"proof": receipt()["proof"] * 5000},
    "a proof turned round": {"proof": receipt()["proof"][::-1]},
    "a proof of another entry": {"proof": receipt(7)["proof"]},
    "a proof in another size": {"proof": receipt(5, 8)["proof"]},
    "a proof of numbers": {"proof": [1, 2, 3, 4]},
    "a proof of short hashes": {"proof": [sibling[2:] for sibling in receipt()["proof"]]},
    "a checkpoint of another size": {"checkpoint": signed_head(HASHES[:8])},
    "a checkpoint of an empty log": {"checkpoint": signed_head([])},
    "a checkpoint that is no text": {"checkpoint": None},
    "another text": {"texts": {"text": {"salt": SALT.hex(), "text": "问题 6"}}},
    "a text of no field": {"texts": {"name": {"salt": SALT.hex(), "text": "张三"}}},
    "a text without its salt": {"texts": {"text": {"text": "问题 5：老小区停车难怎么办？"}}},
    "a text that is no text": {"texts": {"text": "问题 5：老小区停车难怎么办？"}},
    "texts that are none": {"texts": None},
}


@pytest.mark.parametrize("changes", FORGED_RECEIPTS.values(), ids=FORGED_RECEIPTS)
def test_a_forged_receipt_is_refused_in_words(stranger: Stranger, changes: dict[str, object]) -> None:
    assert stranger.check_receipt(written(receipt()))[0] == 0
    code, found = stranger.check_receipt(written({**receipt(), **changes}))
    assert code == 1
    assert found
    assert all(line.isascii() for line in found)


@pytest.mark.parametrize("name", receipt())
def test_a_receipt_with_a_part_missing_is_refused(stranger: Stranger, name: str) -> None:
    rest = receipt()
    del rest[name]
    code, found = stranger.check_receipt(written(rest))
    assert (code, len(found)) == (1, 1)


def test_a_receipt_cut_anywhere_is_refused(stranger: Stranger) -> None:
    content = written(receipt()).encode()
    for end in range(0, len(content), 7):
        code, found = stranger.check_receipt(content[:end])
        assert (code, len(found)) == (1, 1)


NOT_FILES = {
    "nothing": b"",
    "a newline": b"\n",
    "null": b"null",
    "a number": b"5",
    "an enormous number": b"9" * 99999,
    "a float": b'{"leaf":1e999}',
    "infinity": b'{"leaf":Infinity}',
    "bottomless lists": b"[" * 200_000,
    "bottomless objects": b'{"a":' * 100_000,
    "a lone surrogate": b'{"leaf":"\\ud800"}',
    "UTF-16": written(receipt()).encode("utf-16"),
    "a byte-order mark": b"\xef\xbb\xbf" + written(receipt()).encode(),
    "not UTF-8": b'{"leaf":"\xff"}',
    "zeros": bytes(100_000),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
}


@pytest.mark.parametrize("content", NOT_FILES.values(), ids=NOT_FILES)
def test_a_file_that_is_something_else_ends_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path, note = tmp_path / "file", tmp_path / "note"
    path.write_bytes(content)
    note.write_text(signed_head(HASHES))
    for arguments in (["receipt", "file"], ["log", "file", "note"], ["log", "note", "file"]):
        result = outside(tmp_path, *arguments, "--key", PUBLIC)
        assert (result.returncode, result.stderr) == (1, "")
        assert len(result.stdout.splitlines()) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([HASHES[0].hex(), SALT.hex()]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["text", "salt", "leaf", "id"]), inner),
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(["hash", "leaf", "texts", "index", "proof"], JSON)))
def test_any_json_ends_in_a_finding(value: dict[str, object]) -> None:
    key = verifier.read_key(PUBLIC)
    newest = verifier.read_checkpoint("newest", signed_head(HASHES[:1]).encode(), key)
    content = written(value).encode()
    for check in (
        verifier.check_log(io.BytesIO(content), newest),
        verifier.check_receipt("receipt", content, key),
    ):
        try:
            found = list(check)
        except verifier.Wrong as wrong:
            found = [str(wrong)]
        assert found
