"""The gateway beside stock websockets, one after the other in one run on one machine: `python3 dev.py bench live`.

Each serves the same number of viewers one frame a second of the same size. CPU is the server process's own, by
/proc; the delay is from the first viewer to have a frame to each other one. Only the ratios mean something.
"""

import argparse
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from redis import Redis

from engine import clock, wire
from engine.wire import Bearer, Fact, Stats
from workers.valkey import EmbeddedValkey

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "bench" / "out" / "live.json"
SITTING = 1
CLIENT_PROCESSES = 2
SETTLE = 3.0  # seconds after the last viewer joined
PATIENCE = 60.0
TICKET_AHEAD = timedelta(seconds=50)


@dataclass(frozen=True)
class Measured:
    """`frames` is what the viewers really had in the window; times are of the server process alone."""

    name: str
    viewers: int
    frames: int
    frame_bytes: float
    cpu_us_per_frame: float
    cpu_us_per_arrival: float
    rss_kb_per_viewer: float
    delay_p50_ms: float
    delay_p99_ms: float
    lost: int


class Process:
    """CPU seconds and resident KB of a process, from /proc."""

    def __init__(self, pid: int) -> None:
        self.proc = Path("/proc", str(pid))

    def cpu(self) -> float:
        fields = (self.proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self) -> int:
        status = (self.proc / "status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])


def measure(name: str, pid: int, port: int, tickets: Sequence[str], seconds: float) -> Measured:
    server, count = Process(pid), len(tickets)
    rss, cpu = server.rss(), server.cpu()
    with clients(port, tickets) as crowd:
        for client in crowd:
            expect(client, "ready")
        arrival = server.cpu() - cpu
        time.sleep(SETTLE)
        start = time.monotonic() + 0.5
        for client in crowd:
            tell(client, {"from": start, "to": start + seconds})
        time.sleep(start - time.monotonic())
        cpu = server.cpu()
        time.sleep(start + seconds - time.monotonic())
        cpu, rss = server.cpu() - cpu, server.rss() - rss
        seen = [json.loads(expect(client, "{")) for client in crowd]
    frames = sum(len(times) for part in seen for times in part["arrivals"].values())
    delays = delays_of([part["arrivals"] for part in seen], count)
    return Measured(
        name=name,
        viewers=count,
        frames=frames,
        frame_bytes=round(sum(part["bytes"] for part in seen) / frames, 1),
        cpu_us_per_frame=round(cpu / frames * 1e6, 2),
        cpu_us_per_arrival=round(arrival / count * 1e6, 1),
        rss_kb_per_viewer=round(rss / count, 2),
        delay_p50_ms=round(delays[len(delays) // 2] * 1000, 1),
        delay_p99_ms=round(delays[len(delays) * 99 // 100] * 1000, 1),
        lost=sum(part["lost"] for part in seen),
    )


def delays_of(parts: Sequence[dict[str, list[float]]], count: int) -> list[float]:
    """Of the frames everyone had: how long after the first viewer each had it, sorted."""
    times: dict[str, list[float]] = {}
    for part in parts:
        for seq, arrivals in part.items():
            times.setdefault(seq, []).extend(arrivals)
    whole = [arrivals for arrivals in times.values() if len(arrivals) == count]
    return sorted(when - min(arrivals) for arrivals in whole for when in arrivals)


# ---- the processes


@contextmanager
def clients(port: int, tickets: Sequence[str]) -> Iterator[list[subprocess.Popen[str]]]:
    crowd: list[subprocess.Popen[str]] = []
    try:
        for number in range(CLIENT_PROCESSES):
            client = start("bench.live_peers.clients", pipe=True)
            crowd.append(client)
            share = tickets[number::CLIENT_PROCESSES]
            tell(client, {"port": port, "source": f"127.0.0.{2 + number}", "tickets": share})
        yield crowd
    finally:
        for client in crowd:
            client.kill()
            client.wait()


@contextmanager
def server(module: str, *arguments: str, **environment: str) -> Iterator[int]:
    running = start(module, *arguments, environment=environment)
    try:
        yield running.pid
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def start(
    module: str, *arguments: str, pipe: bool = False, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    channel = subprocess.PIPE if pipe else subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=channel,
        stdout=channel,
        text=True,
    )


def tell(client: subprocess.Popen[str], order: dict[str, object]) -> None:
    assert client.stdin
    client.stdin.write(json.dumps(order) + "\n")
    client.stdin.flush()


def expect(client: subprocess.Popen[str], beginning: str) -> str:
    assert client.stdout
    line = client.stdout.readline()
    if not line.startswith(beginning):
        sys.exit(f"a client ended early: {line!r}")
    return line


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"nothing listens on {port}")


# ---- the two


def ours(viewers: int, seconds: float) -> Measured:
    secret, port, health = secrets.token_hex(16), free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder)) as valkey:
        settings = {
            "REDIS_URL": valkey.url,
            "XIESHANG_DATA": folder,
            "XIESHANG_SECRET": secret,
            "XIESHANG_MAX_VIEWERS": str(viewers + 100),
        }
        options = ("--port", str(port), "--health-port", str(health))
        with server("web.live.server", *options, **settings) as pid, publishing(valkey.url):
            wait_for(port)
            tickets = [ticket(number, secret.encode()) for number in range(viewers)]
            return measure("gateway", pid, port, tickets, seconds)


def stock(viewers: int, seconds: float, size: int) -> Measured:
    port = free_port()
    with server("bench.live_peers.stock", str(port), str(size)) as pid:
        wait_for(port)
        return measure("websockets.broadcast", pid, port, [""] * viewers, seconds)


def ticket(number: int, secret: bytes) -> str:
    """Of a moment ahead, to be still valid when the last viewer arrives."""
    bearer = Bearer(SITTING, f"viewer {number}", secrets.token_urlsafe(12), "test")
    return wire.new_ticket(bearer, secret=secret, now=clock.now() + TICKET_AHEAD)


@contextmanager
def publishing(url: str) -> Iterator[None]:
    """Plays relay and counter: six counts and one fact a second."""
    is_over = threading.Event()

    def publish() -> None:
        with Redis.from_url(url) as redis:
            fact_no = 0
            while not is_over.wait(1):
                fact_no += 1
                stats = Stats(clock.now(), dict.fromkeys(wire.STATS, 70_000 + fact_no))
                redis.publish(wire.stats_key(SITTING), wire.encode_stats(stats))
                fact = wire.encode_fact(
                    Fact(fact_no, "question.on_air", {"number": fact_no, "text": "问" * 110})
                )
                redis.rpush(wire.recent_key(SITTING), fact)
                redis.publish(wire.facts_channel(SITTING), fact)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


# ---- the table


def ratios(gateway: Measured, peer: Measured) -> dict[str, float]:
    """How many times the peer's figure is ours: above 1 is in our favour."""
    names = ("cpu_us_per_frame", "cpu_us_per_arrival", "rss_kb_per_viewer", "delay_p50_ms", "delay_p99_ms")
    return {name: round(getattr(peer, name) / max(getattr(gateway, name), 0.01), 2) for name in names}


def table(gateway: Measured, peer: Measured) -> str:
    compared = ratios(gateway, peer)
    lines = [f"{'':<22}{gateway.name:>12}{peer.name:>24}{'ratio':>10}"]
    for name, value in asdict(gateway).items():
        if name != "name":
            ratio = f"{compared[name]:>9.2f}×" if name in compared else ""
            lines.append(f"{name:<22}{value:>12}{asdict(peer)[name]:>24}{ratio}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="15 seconds each instead of 60")
    parser.add_argument("--viewers", type=int, default=5000)
    asked = parser.parse_args()
    seconds = 15.0 if asked.quick else 60.0
    gateway = ours(asked.viewers, seconds)
    peer = stock(asked.viewers, seconds, round(gateway.frame_bytes) - 4)
    print(table(gateway, peer))
    OUT.parent.mkdir(exist_ok=True)
    found = {"gateway": asdict(gateway), "peer": asdict(peer), "ratios": ratios(gateway, peer)}
    OUT.write_text(json.dumps(found | {"seconds": seconds, "cores": os.cpu_count()}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
