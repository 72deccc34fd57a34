"""The crowd against a real gateway, as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from engine.database import Database
from engine.settings import Settings, environment
from tests.web.live.gateways import SECRET, RunningGateway, entries, eventually, settings
from workers.demo import start


@contextmanager
def crowd(
    live: Database, gateway: RunningGateway, data: Path, count: int
) -> Iterator[subprocess.Popen[bytes]]:
    url = live.bind.url.render_as_string(hide_password=False)
    config = Settings(data, url, gateway.given.redis_url, SECRET, gateway_port=gateway.port)
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.demo.crowd", *start.crowd(config, live, count)],
        env=environment(config) | {"XIESHANG_SECRET": SECRET.decode()},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_its_viewers_watch_marked_as_test_traffic_and_are_gone_soon_after_sigterm(
    live: Database, valkey_url: str, tmp_path: Path
) -> None:
    with RunningGateway(settings(valkey_url)) as gateway, Redis.from_url(valkey_url) as redis:
        with crowd(live, gateway, tmp_path, 30) as process:
            eventually(lambda: gateway.health()["viewers"] >= 3, within=30)
            eventually(lambda: any(row.beat for entry in entries(redis) for row in entry.rows), within=30)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            assert time.monotonic() - began < 10
        rows = [row for entry in entries(redis) for row in entry.rows]
    assert {row.bearer.kind for row in rows} == {"test"}
    with live.reading() as db:
        assert {row.bearer.sitting for row in rows} == {start.todays_sitting(db).id}


def test_it_comes_back_when_the_gateway_was_away(live: Database, valkey_url: str, tmp_path: Path) -> None:
    with RunningGateway(settings(valkey_url)) as gateway:
        port = gateway.port
        with crowd(live, gateway, tmp_path, 30):
            eventually(lambda: gateway.health()["viewers"] >= 3, within=30)
            gateway.stop()
            gateway.thread.join(10)
            with RunningGateway(settings(valkey_url, port=port)) as again:
                eventually(lambda: again.health()["viewers"] >= 3, within=30)


@pytest.mark.parametrize("count", ["0", "1001", "-1", "many"])
def test_a_number_it_cannot_be_is_refused_in_one_line(count: str) -> None:
    command = [
        sys.executable,
        "-m",
        "workers.demo.crowd",
        "--sitting",
        "1",
        "--url",
        "ws://x/ws",
        "--count",
        count,
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 2
    assert "invalid" in done.stderr
    assert "Traceback" not in done.stderr
