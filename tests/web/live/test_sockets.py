import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from websockets.frames import Opcode

from engine.wire import Fact
from tests.web.live.gateways import PATIENCE, RunningGateway, eventually, masked, publish, settings
from web.live.sockets import SEND_BUFFER, UNSENT_BYTES


@pytest.mark.parametrize(("kernels", "ours"), [(30.0, 0.5), (0.5, 30.0)])
def test_who_never_reads_costs_little_and_is_gone_and_others_notice_nothing(
    valkey_url: str, redis: Redis, kernels: float, ours: float
) -> None:
    given = settings(valkey_url, tick=0.02, unsent_within=kernels)
    with RunningGateway(given) as gateway, gateway.raw_joined("stuck", receive_buffer=4096):
        sockets = gateway.gateway.sockets
        sockets.unsent_within = ours
        page, number, seqs, most = gateway.joined("reads"), 0, [], 0
        while gateway.health()["viewers"] == 2:
            number += 1
            publish(redis, Fact(number, "comment.approved", {"text": "长" * 300}))
            seqs.append(page.next("tick")["seq"])
            most = max(most, *(len(unsent.data) for unsent in [*sockets.unsent.values()]), 0)
        assert most < SEND_BUFFER
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert sockets.aborted == (ours < kernels)


def test_who_reads_again_after_a_pause_has_the_latest_and_every_fact_or_is_told_to_fetch(
    valkey_url: str, redis: Redis
) -> None:
    with (
        RunningGateway(settings(valkey_url, tick=0.02)) as gateway,
        gateway.raw_joined("slow", receive_buffer=4096) as slow,
    ):
        number = 0
        while not gateway.health()["behind"]:
            number += 1
            publish(redis, Fact(number, "comment.approved", {"text": "长" * 300}))
            time.sleep(0.01)
        for more in range(number + 1, number + 4):
            publish(redis, Fact(more, "comment.approved", {"text": "长" * 300}))
        last, heard = number + 3, 0
        until = time.monotonic() + PATIENCE
        for frame in frames_of(slow):
            assert time.monotonic() < until, f"heard {heard} of {last}"
            if frame["t"] == "tick":
                for fact in frame["facts"]:
                    assert fact["fact_no"] == heard + 1
                    heard += 1
            elif frame["t"] == "resync":
                heard = frame["fact_no"]
            if heard == last:
                break
        eventually(lambda: gateway.health()["behind"] == 0)


def test_who_asks_and_never_reads_the_answers_is_cut_off(valkey_url: str) -> None:
    """Pongs are the one thing a viewer can make us keep; credits end it long before the limit."""
    with (
        RunningGateway(settings(valkey_url)) as gateway,
        gateway.raw_joined("asks", receive_buffer=4096) as asks,
    ):
        for _ in range(59):
            asks.sendall(masked(b"x" * 125, Opcode.PING))
        held = gateway.gateway.sockets.unsent
        assert sum(len(unsent.data) for unsent in held.values()) < UNSENT_BYTES


def test_a_reset_in_the_middle_of_a_frame_leaves_nothing_behind(gateway: RunningGateway) -> None:
    with gateway.raw_joined("resets") as connection:
        connection.sendall(masked(b"x" * 300)[:100])
        eventually(lambda: gateway.gateway.partial)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    eventually(lambda: gateway.health()["sockets"] == 0)
    running = gateway.gateway
    assert [running.viewers, running.partial, running.deadlines, running.parsers.bound] == [{}, {}, {}, {}]


def test_a_half_closed_socket_is_closed(gateway: RunningGateway) -> None:
    with gateway.raw_joined("half") as connection:
        connection.shutdown(socket.SHUT_WR)
        eventually(lambda: gateway.health()["sockets"] == 0)


def test_a_request_head_without_end_is_refused(gateway: RunningGateway) -> None:
    with gateway.raw() as connection:
        connection.sendall(b"GET /ws HTTP/1.1\r\n" + b"X: y\r\n" * 4000)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def frames_of(connection: socket.socket) -> Iterator[dict[str, Any]]:
    """The text frames a client reads, as objects, for ever."""
    data = b""
    while True:
        while len(data) < 4 or len(data) < _end(data):
            data += connection.recv(65536)
        end = _end(data)
        payload = data[:end][2 if data[1] < 126 else 4 :]
        data = data[end:]
        yield json.loads(payload)


def _end(data: bytes) -> int:
    return 2 + data[1] if data[1] < 126 else 4 + int.from_bytes(data[2:4])
