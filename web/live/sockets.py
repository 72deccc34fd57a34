"""Moves bytes of very many sockets. One epoll of our own inside the loop's, no task or timer per socket."""

import asyncio
import os
import select
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NamedTuple, Protocol

ACCEPTS, EVENTS = 256, 512  # at one go, before other work has its turn
READ_BYTES = 8192
SEND_BUFFER = 32 * 1024
UNSENT_BYTES = 256 * 1024
CLOSE_WITHIN = 2.0  # seconds a peer has to close after we said we do
BACKLOG = 4096
PAUSE = 0.5  # seconds without accepting when the process has no descriptor left


class Owner(Protocol):
    """Who the sockets belong to."""

    def opened(self, handle: int, address: str) -> None: ...
    def received(self, handle: int, data: bytes) -> None: ...
    def stuck(self, handle: int) -> None: ...
    def freed(self, handle: int) -> None: ...
    def closed(self, handle: int) -> None: ...


class Delivery(NamedTuple):
    """Of a broadcast: how many have it, who must finish it or miss it."""

    sent: int
    begun: list[int]
    missed: list[int]


@dataclass(slots=True)
class Unsent:
    data: bytes
    since: float


class Sockets:
    """A handle is a descriptor. `unsent` holds at most one begun frame and a few replies of each."""

    def __init__(self, owner: Owner, host: str, port: int, unsent_within: float) -> None:
        self.owner = owner
        self.unsent_within = unsent_within
        self.epoll = select.epoll()
        self.listener = _listen(host, port, unsent_within)
        self.open: set[int] = set()
        self.paused: set[int] = set()
        self.unsent: dict[int, Unsent] = {}
        self.closing: dict[int, float] = {}
        self.aborted = 0

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def start(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.add_reader(self.epoll, self._ready)
        self.loop.add_reader(self.listener, self._accept)

    def stop(self) -> None:
        self.loop.remove_reader(self.listener)
        self.loop.remove_reader(self.epoll)
        self.listener.close()
        for handle in list(self.open):
            self.drop(handle)
        self.epoll.close()

    # -- out

    def send(self, handle: int, data: bytes) -> None:
        """Now if the socket takes it, else kept behind what it has not taken yet; too much ends it."""
        if held := self.unsent.get(handle):
            held.data += data
            self.owner.stuck(handle)
            if len(held.data) > UNSENT_BYTES:
                self.abort(handle)
            return
        try:
            sent = os.write(handle, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop(handle)
            return
        if sent < len(data):
            self._hold(handle, data[sent:])
            self.owner.stuck(handle)

    def broadcast(self, handles: Iterable[int], data: bytes) -> Delivery:
        """The same bytes to everyone, none of whom has anything unsent."""
        write, size = os.write, len(data)
        sent, begun, missed, gone = 0, [], [], []
        for handle in handles:
            try:
                written = write(handle, data)
            except BlockingIOError:
                missed.append(handle)
                continue
            except OSError:
                gone.append(handle)
                continue
            sent += 1
            if written < size:
                begun.append(handle)
                self._hold(handle, data[written:])
        for handle in missed:
            self._hold(handle, b"")
        for handle in gone:
            self.drop(handle)
        return Delivery(sent, begun, missed)

    def _hold(self, handle: int, data: bytes) -> None:
        self.unsent[handle] = Unsent(data, time.monotonic())
        self._watch(handle)

    def _flush(self, handle: int) -> None:
        held = self.unsent[handle]
        try:
            held.data = held.data[os.write(handle, held.data) :]
        except BlockingIOError:
            return
        except OSError:
            self.drop(handle)
            return
        if not held.data:
            del self.unsent[handle]
            self._watch(handle)
            self.owner.freed(handle)

    # -- in

    def pause(self, handle: int) -> None:
        """Reads nothing from it until `resume`: what it sends waits in the kernel, and then at the sender."""
        self.paused.add(handle)
        self._watch(handle)

    def resume(self, handle: int) -> None:
        self.paused.discard(handle)
        self._watch(handle)

    def _watch(self, handle: int) -> None:
        reads = 0 if handle in self.paused else select.EPOLLIN
        self.epoll.modify(handle, reads | (select.EPOLLOUT if handle in self.unsent else 0))

    def _ready(self) -> None:
        for handle, event in self.epoll.poll(0, EVENTS):
            if event & select.EPOLLOUT and handle in self.unsent:
                self._flush(handle)
            if event & ~select.EPOLLOUT and handle in self.open:
                self._read(handle)

    def _read(self, handle: int) -> None:
        try:
            data = os.read(handle, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop(handle)
        elif handle not in self.closing:
            self.owner.received(handle, data)

    def _accept(self) -> None:
        for _ in range(ACCEPTS):
            try:
                connection, address = self.listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:
                self.loop.remove_reader(self.listener)
                self.loop.call_later(PAUSE, self._listen_again)
                return
            handle = connection.detach()
            os.set_blocking(handle, False)
            self.epoll.register(handle, select.EPOLLIN)
            self.open.add(handle)
            self.owner.opened(handle, address[0])

    def _listen_again(self) -> None:
        if self.listener.fileno() >= 0:
            self.loop.add_reader(self.listener, self._accept)

    # -- the end

    def close(self, handle: int, last: bytes) -> None:
        """Says a last word and waits a little for the peer to go first; one who is stuck is cut off."""
        if handle in self.unsent:
            self.abort(handle)
            return
        self.send(handle, last)
        if handle in self.open:
            self.closing[handle] = time.monotonic() + CLOSE_WITHIN
            self.resume(handle)
            with _as_socket(handle) as connection:
                connection.shutdown(socket.SHUT_WR)

    def abort(self, handle: int) -> None:
        """Ends it now and lets the kernel forget what was not sent."""
        self.aborted += 1
        with _as_socket(handle) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.drop(handle)

    def drop(self, handle: int) -> None:
        self.open.discard(handle)
        self.paused.discard(handle)
        self.unsent.pop(handle, None)
        self.closing.pop(handle, None)
        os.close(handle)
        self.owner.closed(handle)

    def sweep(self) -> None:
        """To be called about once a second: whoever has not read, or not closed, in time."""
        now = time.monotonic()
        stuck = [handle for handle, held in self.unsent.items() if now - held.since > self.unsent_within]
        for handle in stuck:
            self.abort(handle)
        for handle in [handle for handle, until in self.closing.items() if until < now]:
            self.drop(handle)


@contextmanager
def _as_socket(handle: int) -> Iterator[socket.socket]:
    """For the rare calls that a bare descriptor doesn't have. A peer already gone is no matter."""
    connection = socket.socket(fileno=handle)
    try:
        with suppress(OSError):
            yield connection
    finally:
        connection.detach()


def _listen(host: str, port: int, unsent_within: float) -> socket.socket:
    """Its options are inherited by what it accepts. Several processes may listen on one port."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setblocking(False)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(unsent_within * 1000))
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener
