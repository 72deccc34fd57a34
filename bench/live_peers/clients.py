"""Many viewers in one process: they join, read, and note when each frame came. Told what to do on stdin.

First line in: `{"port", "source", "tickets": [...] or "count"}`. Out: `ready`. Second line in: `{"from", "to"}`
on the monotonic clock. Out: `{"seconds by seq": {seq: [when, ...]}, "bytes", "lost"}` of the frames in between.
"""

import json
import re
import select
import socket
import sys
import time
from collections import defaultdict

from websockets.frames import Frame, Opcode

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SEQ = re.compile(rb'"seq":\s?(\d+)')
IP_BIND_ADDRESS_NO_PORT = 24


def connected(port: int, source: str) -> socket.socket:
    """Shakes hands; comes back later when the server says so."""
    while True:
        connection = socket.socket()
        connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        connection.bind((source, 0))
        connection.settimeout(30)
        connection.connect(("127.0.0.1", port))
        connection.sendall(HANDSHAKE)
        if b" 101 " in connection.recv(4096).partition(b"\r\n")[0]:
            return connection
        connection.close()
        time.sleep(0.2)


def join(connection: socket.socket, ticket: str) -> None:
    message = json.dumps({"t": "join", "ticket": ticket}).encode()
    connection.sendall(Frame(Opcode.TEXT, message).serialize(mask=True))


class Crowd:
    def __init__(self, connections: list[socket.socket]) -> None:
        self.epoll = select.epoll()
        self.by_handle = {connection.fileno(): connection for connection in connections}
        self.rest: dict[int, bytes] = {}
        self.arrivals: dict[int, list[float]] = defaultdict(list)
        self.hellos = 0
        self.bytes = 0
        self.lost = 0
        for handle, connection in self.by_handle.items():
            connection.setblocking(False)
            self.epoll.register(handle, select.EPOLLIN)

    def read_until(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            for handle, _ in self.epoll.poll(left, 1024):
                self.read(handle)

    def read(self, handle: int) -> None:
        data = self.by_handle[handle].recv(65536)
        if not data:
            self.epoll.unregister(handle)
            self.lost += 1
            return
        now, data = time.monotonic(), self.rest.pop(handle, b"") + data
        while len(data) >= 4 and len(data) >= (end := frame_end(data)):
            if seq := SEQ.search(data, 0, end):
                self.arrivals[int(seq[1])].append(now)
                self.bytes += end
            elif b'"t":"hello"' in data[:end]:
                self.hellos += 1
            data = data[end:]
        if data:
            self.rest[handle] = data


def frame_end(data: bytes) -> int:
    return 2 + data[1] if data[1] < 126 else 4 + int.from_bytes(data[2:4])


def main() -> None:
    order = json.loads(sys.stdin.readline())
    connections = []
    for ticket in order["tickets"]:
        connections.append(connected(order["port"], order["source"]))
        if ticket:
            join(connections[-1], ticket)
    crowd = Crowd(connections)
    while crowd.hellos < sum(map(bool, order["tickets"])):
        crowd.read_until(time.monotonic() + 0.1)
    print("ready", flush=True)
    reader = select.poll()
    reader.register(sys.stdin, select.POLLIN)
    while not reader.poll(0):
        crowd.read_until(time.monotonic() + 0.2)
    window = json.loads(sys.stdin.readline())
    crowd.read_until(window["from"])
    crowd.arrivals.clear()
    crowd.bytes = 0
    crowd.read_until(window["to"])
    seen = {seq: [round(when, 4) for when in times] for seq, times in crowd.arrivals.items()}
    print(json.dumps({"arrivals": seen, "bytes": crowd.bytes, "lost": crowd.lost}), flush=True)


if __name__ == "__main__":
    main()
