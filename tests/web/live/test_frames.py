from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from web.live import frames
from web.live.frames import Parsers, Read, frame_end, shake_hands
from web.live.protocol import Violation

REQUEST = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HOUSE = ["https://xieshang.example"]


def masked(data: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def read_all(parsers: Parsers, handle: int, sent: bytes) -> list[Read]:
    """What a server reads of these bytes, frame by frame."""
    read = []
    while end := frame_end(sent):
        read.append(parsers.read(handle, sent[:end]))
        sent = sent[end:]
    return read


def status(head: bytes) -> bytes:
    shaken = shake_hands(head, HOUSE)
    assert shaken.is_accepted == shaken.response.startswith(b"HTTP/1.1 101 ")
    return shaken.response.split(b" ")[1]


@pytest.mark.parametrize("origin", [b"", b"Origin: https://xieshang.example\r\n"])
def test_the_house_and_whoever_is_no_browser_may_shake_hands(origin: bytes) -> None:
    head = REQUEST.replace(b"Host:", origin + b"Host:")
    shaken = shake_hands(head, HOUSE)
    assert shaken.is_accepted
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in shaken.response


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        (b"Host:", b"Origin: https://evil.example\r\nHost:", b"403"),
        (b"Host:", b"Origin: null\r\nHost:", b"403"),
        (b"Host:", b"Origin: https://xieshang.example\r\nOrigin: https://evil.example\r\nHost:", b"400"),
        (b"/ws", b"/ws/../admin", b"404"),
        (b"GET", b"POST", b"405"),
        (b"HTTP/1.1", b"HTTP/1.0", b"505"),
        (b"Version: 13", b"Version: 8", b"400"),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZSBub25j", b"400"),
        (b"Upgrade: websocket\r\n", b"", b"426"),
        (b"Host:", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHost:", b"400"),
        (b"Host:", b"Transfer-Encoding: chunked\r\nHost:", b"400"),
        (b"Host:", b"X: " + b"x" * 8193 + b"\r\nHost:", b"431"),
        (b"GET /ws HTTP/1.1", b"PRI * HTTP/2.0", b"400"),
        (b"GET /ws HTTP/1.1", b"\x16\x03\x01", b"400"),
    ],
)
def test_a_bad_handshake_is_refused(old: bytes, new: bytes, answer: bytes) -> None:
    assert status(REQUEST.replace(old, new, 1)) == answer


def test_no_extension_is_ever_agreed_on() -> None:
    head = REQUEST.replace(b"Host:", b"Sec-WebSocket-Extensions: permessage-deflate\r\nHost:")
    assert b"Extensions" not in shake_hands(head, HOUSE).response


@given(st.lists(st.binary(max_size=4096), max_size=5), st.integers(0, 20_000))
def test_frames_are_found_however_the_bytes_are_cut(payloads: list[bytes], cut: int) -> None:
    sent = b"".join(masked(payload) for payload in payloads)
    parsers, found, buffer = Parsers(), [], b""
    for part in (sent[:cut], sent[cut:]):
        buffer += part
        while (end := frame_end(buffer)) and end <= len(buffer):
            found.append(parsers.read(1, buffer[:end]).message)
            buffer = buffer[end:]
    assert found == payloads
    assert buffer == b""
    assert len(parsers.free) <= 1


@given(st.lists(st.tuples(st.integers(1, 3), st.text(max_size=30)), max_size=8), st.randoms())
def test_fragments_of_many_viewers_mixed_are_put_together_for_each(
    spoken: list[tuple[int, str]], random: Random
) -> None:
    said: dict[int, list[bytes]] = {}
    pieces: dict[int, list[bytes]] = {}
    for viewer, words in spoken:
        message = words.encode()
        said.setdefault(viewer, []).append(message)
        first, rest = masked(message[:5], fin=False), masked(message[5:], Opcode.CONT)
        pieces.setdefault(viewer, []).extend([first, masked(b"", Opcode.PING), rest])
    parsers = Parsers()
    heard: dict[int, list[bytes]] = {}
    while any(pieces.values()):
        viewer = random.choice([viewer for viewer, left in pieces.items() if left])
        message_or_none = parsers.read(viewer, pieces[viewer].pop(0)).message
        if message_or_none is not None:
            heard.setdefault(viewer, []).append(message_or_none)
    assert heard == said
    assert not parsers.bound


def test_a_ping_is_answered_with_its_own_words() -> None:
    (read,) = read_all(Parsers(), 1, masked(b"are you there", Opcode.PING))
    assert read == Read(None, Frame(Opcode.PONG, b"are you there").serialize(mask=False), is_over=False)


BAD_FRAMES = {
    "not masked": (b"\x81\x01x", 1002),
    "reserved opcode": (b"\x83" + masked(b"x")[1:], 1002),
    "reserved bit": (b"\xc1" + masked(b"x")[1:], 1002),
    "a ping in fragments": (b"\x09" + masked(b"x", Opcode.PING)[1:], 1002),
    "a ping of 126 bytes": (b"\x89\xfe\x00\x7e" + b"\0" * 130, 1002),
    "a message inside another": (masked(b"a", fin=False) + masked(b"b"), 1002),
    "the rest of nothing": (masked(b"b", Opcode.CONT), 1002),
    "close code 999": (masked(b"\x03\xe7", Opcode.CLOSE), 1002),
    "a reason that is not UTF-8": (masked(b"\x03\xe8\xff", Opcode.CLOSE), 1007),
    "fragments too big together": (masked(b"x" * 4000, fin=False) + masked(b"x" * 97, Opcode.CONT), 1009),
}


@pytest.mark.parametrize(("sent", "code"), BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_a_bad_frame_ends_the_connection_with_its_code(sent: bytes, code: int) -> None:
    *_, last = read_all(Parsers(), 1, sent)
    assert last.is_over
    assert last.reply[2:4] == code.to_bytes(2)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (masked(b"x", Opcode.BINARY), 1003),
        (b"\x81\xfe\x10\x01", 1009),
        (b"\x81\xff" + (2**63).to_bytes(8), 1009),
        (b"\x81\xff" + (10).to_bytes(8), 1002),
        (b"\x81\xfe\x00\x0a", 1002),
    ],
    ids=["binary", "4,097 bytes announced", "2**63 announced", "10 in eight bytes", "10 in two bytes"],
)
def test_a_frame_that_may_not_be_is_refused_before_it_is_read(sent: bytes, code: int) -> None:
    with pytest.raises(Violation) as caught:
        read_all(Parsers(), 1, sent)
    assert caught.value.code == code


def test_a_parser_used_up_by_one_viewer_is_not_given_to_the_next() -> None:
    parsers = Parsers()
    assert read_all(parsers, 1, masked(b"\x03\xe8", Opcode.CLOSE))[0].is_over
    with pytest.raises(Violation):
        parsers.read(1, masked(b"x", Opcode.BINARY, fin=False))
    assert parsers.read(2, masked(b"hello")).message == b"hello"


def test_a_viewer_who_goes_between_two_fragments_leaves_nothing_behind() -> None:
    parsers = Parsers()
    parsers.read(1, masked(b"half", fin=False))
    parsers.forget(1)
    assert parsers.read(1, masked(b"whole")).message == b"whole"


def test_a_refusal_says_when_to_come_back() -> None:
    assert b"\r\nRetry-After: 5\r\n" in frames.refusal(503, "Service Unavailable")
    assert b"Retry-After" not in frames.refusal(431, "Too Large")
