"""WebSocket handshakes and frames through websockets' Sans-I/O layer. Bytes in, bytes out, no I/O."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN, SERVER, Protocol
from websockets.server import ServerProtocol
from websockets.typing import Origin

from web.live.protocol import MAX_MESSAGE, PROTOCOL_ERROR, TOO_BIG, UNSUPPORTED, Violation

PATH = "/ws"
RETRY_AFTER = 5  # seconds; pages add a random part of their own


class Handshake(NamedTuple):
    response: bytes
    is_accepted: bool


class Read(NamedTuple):
    """What one frame brought: a whole message perhaps, a reply to send, the end of the connection."""

    message: bytes | None
    reply: bytes
    is_over: bool


def shake_hands(head: bytes, origins: Sequence[str]) -> Handshake:
    """Answers a whole request head. A client that names no Origin is no browser, and its ticket is enough."""
    protocol = ServerProtocol(origins=[*map(Origin, origins), None])
    protocol.receive_data(head)
    match protocol.events_received():
        case [Request() as request] if request.path.partition("?")[0] != PATH:
            protocol.send_response(protocol.reject(404, f"The socket is at {PATH}.\n"))
        case [Request() as request]:
            protocol.send_response(protocol.accept(request))
    response = b"".join(protocol.data_to_send())
    return Handshake(response or refusal(400, "Bad Request"), protocol.state is OPEN)


def refusal(status: int, reason: str) -> bytes:
    """A whole answer to whoever cannot be served now."""
    retry = f"Retry-After: {RETRY_AFTER}\r\n" if status in (429, 503) else ""
    return f"HTTP/1.1 {status} {reason}\r\n{retry}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()


def text(payloads: Sequence[bytes]) -> bytes:
    """Messages as frames to any number of viewers: a server's frames carry no mask."""
    return b"".join(Frame(Opcode.TEXT, payload).serialize(mask=False) for payload in payloads)


def closing(code: int, reason: str) -> bytes:
    return Frame(Opcode.CLOSE, Close(code, reason).serialize()).serialize(mask=False)


def frame_end(buffer: bytes) -> int | None:
    """Where the first frame of the buffer ends, None while that can't be told.

    Raises `Violation` before a too long frame has been read, and for a length in more bytes than it needs
    (RFC 6455, 5.2); everything else about a frame is judged by websockets when it is whole.
    """
    if len(buffer) < 2:
        return None
    length = buffer[1] & 0x7F
    width = {126: 2, 127: 8}.get(length, 0)
    if width:
        if len(buffer) < 2 + width:
            return None
        length = int.from_bytes(buffer[2 : 2 + width])
        if length < (126 if width == 2 else 65536):
            raise Violation(PROTOCOL_ERROR, "length not minimal")
    if length > MAX_MESSAGE:
        raise Violation(TOO_BIG, "message too big")
    return 2 + width + (4 if buffer[1] & 0x80 else 0) + length


class Parsers:
    """A few websockets parsers for all viewers: one is a viewer's only between the fragments of a message."""

    def __init__(self) -> None:
        self.free: list[Protocol] = []
        self.bound: dict[int, tuple[Protocol, bytes]] = {}

    def read(self, handle: int, frame: bytes) -> Read:
        """Takes one whole frame of this viewer. Raises `Violation` for binary."""
        parser, begun = self.bound.pop(handle) if handle in self.bound else (self._parser(), b"")
        parser.receive_data(frame)
        events, reply = parser.events_received(), b"".join(parser.data_to_send())
        if parser.state is not OPEN:
            return Read(None, reply, is_over=True)
        event = cast(Frame, events[0])
        if event.opcode is Opcode.BINARY:
            raise Violation(UNSUPPORTED, "text only")
        is_data = event.opcode in (Opcode.TEXT, Opcode.CONT)
        if is_data:
            begun += bytes(event.data)
        if parser.current_size is None:
            self.free.append(parser)
            return Read(begun if is_data else None, reply, is_over=False)
        self.bound[handle] = parser, begun
        return Read(None, reply, is_over=False)

    def forget(self, handle: int) -> None:
        self.bound.pop(handle, None)

    def _parser(self) -> Protocol:
        return self.free.pop() if self.free else Protocol(SERVER, max_size=MAX_MESSAGE)
