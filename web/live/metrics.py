"""What a gateway says of itself on its health port: `/healthz` for the watcher, `/metrics` for Prometheus."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

PATIENCE = 2.0


@dataclass
class Totals:
    """Since the process began."""

    frames: int = 0
    handshakes: int = 0
    refused: int = 0
    joins: int = 0
    messages: int = 0
    violations: int = 0
    aborted: int = 0
    lost_rows: int = 0
    unchecked_tickets: int = 0
    unreadable: int = 0


@dataclass(frozen=True, eq=False)
class Health:
    """`online` are viewer keys with a young beat, `viewers` are admitted sockets, `sockets` are all."""

    status: str
    redis: str
    boot: str
    seq: int
    sockets: int
    viewers: int
    online: int
    rooms: int
    behind: int
    totals: Totals

    def collect(self) -> Iterator[Metric]:
        for name in ("sockets", "viewers", "online", "rooms", "behind", "seq"):
            yield GaugeMetricFamily(f"xieshang_gateway_{name}", name, value=getattr(self, name))
        yield GaugeMetricFamily("xieshang_gateway_redis_up", "1 or 0", value=self.redis == "ok")
        for name, value in asdict(self.totals).items():
            yield CounterMetricFamily(f"xieshang_gateway_{name}", name.replace("_", " "), value=value)


class HealthPort:
    """A few lines of HTTP, on a port of its own that the public never reaches."""

    def __init__(self, look: Callable[[], Health]) -> None:
        self.look = look

    async def start(self, host: str, port: int) -> None:
        self.server = await asyncio.start_server(self._answer, host, port)

    @property
    def port(self) -> int:
        return int(self.server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self.server.close()
        await self.server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            writer.write(self._page(head.partition(b"\r\n")[0].split(b" ")))
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return
        finally:
            writer.close()

    def _page(self, request: list[bytes]) -> bytes:
        match request:
            case [b"GET", b"/healthz", _]:
                body = json.dumps(asdict(self.look())).encode()
                return _response(HTTPStatus.OK, "application/json", body)
            case [b"GET", b"/metrics", _]:
                registry = CollectorRegistry()
                registry.register(self.look())
                return _response(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
        return _response(HTTPStatus.NOT_FOUND, "text/plain", b"/healthz /metrics\n")


def _response(status: HTTPStatus, content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}"
    return f"{head}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n".encode() + body
