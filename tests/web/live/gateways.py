"""A gateway in a thread of the test, with a loop of its own; and what a page, the site and the counter do."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.request import urlopen

from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

from engine import clock, wire
from engine.wire import Bearer, Entry, Fact, Kind
from web.live.server import Gateway, GatewaySettings

SECRET = b"the secret of a house under test"
SITTING = 12
PATIENCE = 10.0
TICK = 0.05


class RunningGateway:
    def __init__(self, given: GatewaySettings) -> None:
        self.given = given
        self.is_ready = threading.Event()
        self.pages = ExitStack()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def _run(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.gateway = Gateway(self.given)
        self.loop.call_later(0.05, self.is_ready.set)
        await self.gateway.run()

    def __enter__(self) -> Self:
        self.thread.start()
        assert self.is_ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.thread.join(PATIENCE)
        self.pages.close()
        assert not self.thread.is_alive()

    def stop(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.gateway.is_to_stop.set)

    @property
    def port(self) -> int:
        return self.gateway.sockets.port

    def health(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.ask("/healthz"))
        return answer

    def ask(self, path: str) -> bytes:
        with urlopen(f"http://127.0.0.1:{self.gateway.health.port}{path}", timeout=PATIENCE) as response:
            body: bytes = response.read()
            return body

    def page(self, **header: str) -> "Page":
        url = f"ws://127.0.0.1:{self.port}/ws"
        return Page(self.pages.enter_context(connect(url, proxy=None, additional_headers=header)))

    def joined(self, viewer: str = "viewer", **more: Any) -> "Page":
        """A page that has said its ticket and got its hello."""
        page = self.page()
        page.say(t="join", ticket=ticket(viewer, **more))
        page.hello = page.next("hello")
        return page

    @contextmanager
    def raw(self, receive_buffer: int | None = None) -> Iterator[socket.socket]:
        with socket.socket() as connection:
            if receive_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            connection.settimeout(PATIENCE)
            connection.connect(("127.0.0.1", self.port))
            yield connection

    @contextmanager
    def raw_joined(self, viewer: str, receive_buffer: int | None = None) -> Iterator[socket.socket]:
        """A socket after its hello, for whoever wants to send or to withhold bytes."""
        with self.raw(receive_buffer) as connection:
            connection.sendall(HANDSHAKE)
            read_until(connection, b"\r\n\r\n")
            connection.sendall(masked(json.dumps({"t": "join", "ticket": ticket(viewer)}).encode()))
            read_until(connection, b'"t":"hello"')
            yield connection


@dataclass
class Page:
    socket: ClientConnection
    hello: dict[str, Any] | None = None

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def next(self, kind: str) -> dict[str, Any]:
        """The next frame of this kind; others before it are passed over."""
        until = time.monotonic() + PATIENCE
        while True:
            frame: dict[str, Any] = json.loads(self.socket.recv(timeout=until - time.monotonic()))
            if frame["t"] == kind:
                return frame

    def next_with_facts(self) -> dict[str, Any]:
        while not (tick := self.next("tick"))["facts"]:
            continue
        return tick

    def code(self) -> int | None:
        """Reads until the other side closes, and says with which code."""
        with suppress(ConnectionClosed):
            for _ in self.socket:
                continue
        return self.socket.close_code


HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def masked(data: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def read_until(connection: socket.socket, wanted: bytes) -> bytes:
    data = b""
    while wanted not in data:
        more = connection.recv(65536)
        assert more, f"closed after {data!r}"
        data += more
    return data


def close_code(connection: socket.socket) -> int:
    """The code in the last frame before the end."""
    data = b""
    while more := connection.recv(65536):
        data += more
    start = data.rindex(b"\x88")
    return int.from_bytes(data[start + 2 : start + 4])


def ticket(
    viewer: str = "viewer", *, visit: str = "", sitting: int = SITTING, kind: Kind = "official"
) -> str:
    bearer = Bearer(sitting, viewer, visit or f"visit of {viewer}", kind)
    return wire.new_ticket(bearer, secret=SECRET, now=clock.now())


def publish(redis: Redis, *facts: Fact, sitting: int = SITTING) -> None:
    """As the relay does: kept and told in one transaction."""
    for fact in facts:
        data = wire.encode_fact(fact)
        with redis.pipeline(transaction=True) as pipe:
            pipe.rpush(wire.recent_key(sitting), data)
            pipe.ltrim(wire.recent_key(sitting), -200, -1)
            pipe.publish(wire.facts_channel(sitting), data)
            pipe.execute()


def entries(redis: Redis) -> list[Entry]:
    """What the counter finds in the stream."""
    found: list[tuple[bytes, dict[bytes, bytes]]] = redis.xrange(wire.ENTRIES)  # type: ignore[assignment]
    return [wire.decode_entry(fields[wire.ENTRY_FIELD.encode()]) for _, fields in found]


def eventually(holds: Callable[[], object], within: float = PATIENCE) -> None:
    until = time.monotonic() + within
    while not holds():
        assert time.monotonic() < until, "it never became true"
        time.sleep(0.01)


def settings(redis_url: str, **changes: Any) -> GatewaySettings:
    given = GatewaySettings(
        redis_url, SECRET, port=0, health_port=0, origins=("https://xieshang.example",), tick=TICK
    )
    return replace(given, **changes)
