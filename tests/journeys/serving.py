"""`xieshang serve` and `xieshang demo` as processes of their own, to be waited for, killed and stopped."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pytest

from tests.journeys.conftest import free_ports

HEALS_WITHIN_S = 30  # ten on a machine of its own; under test it shares two cores
PATIENCE_S = 60


class Running:
    """`xieshang WORD` as anybody starts it; its ports are free ones."""

    process: subprocess.Popen[bytes]

    def __init__(self, word: str, data: Path, *options: str) -> None:
        self.word, self.data, self.options, self.port = word, data, options, free_ports_in_a_row()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "workers.main",
            self.word,
            *self.options,
            "--data",
            self.data,
            "--port",
            str(self.port),
        ]
        with (self.data / "started.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.wait_until(self.is_well, "the house is well")

    def health(self) -> dict[str, object]:
        with suppress(OSError, ValueError):
            return self.told("/healthz")
        return {}

    def told(self, path: str) -> dict[str, Any]:
        """The JSON of an address."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
            return dict(json.load(answer))

    def is_well(self) -> bool:
        return self.health().get("status") == "ok"

    def wait_until(self, holds: Callable[[], bool], what: str, within: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                logs = [self.data / "started.log", *self.data.glob("logs/*.log")]
                said = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-1500:]}" for log in logs)
                pytest.fail(f"not within {within} s: {what}; {self.health()}\n{said}")
            time.sleep(0.1)

    def kill(self, command: str) -> None:
        """And waits until another has taken its place and all is well."""
        pid = self.found(command)
        assert pid, command
        os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: self.found(command) not in (None, pid), f"{command} is back", HEALS_WITHIN_S)
        self.wait_until(self.is_well, f"all is well after {command}", HEALS_WITHIN_S)

    def found(self, command: str) -> int | None:
        return next((pid for pid in descendants(self.process.pid) if command in command_line(pid)), None)

    def die(self) -> None:
        """The supervisor alone is killed; nobody may outlive it for long."""
        family = descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        self.wait_until(lambda: not any(command_line(pid) for pid in family), "its children are gone")

    def stop(self) -> None:
        family = descendants(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(45) == 0
        assert not any(command_line(pid) for pid in family)


def descendants(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [one for child in children for one in (child, *descendants(child))]
    return []


def command_line(pid: int) -> str:
    """Empty when there is no such process, or nothing of it but its exit status."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def verify(data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers.main", "verify"],
        env=os.environ | {"XIESHANG_DATA": str(data)},
        capture_output=True,
        text=True,
    )


def free_ports_in_a_row() -> int:
    """The first of three: web, gateway, its health. They are bound only later, so each test process has its own."""
    tried = itertools.islice(itertools.cycle(range(20_000, 30_000, 3)), os.getpid() % 3_333, 3_333 * 2)
    for port in tried:
        with suppress(OSError):
            free_ports([port, port + 1, port + 2])
            return port
    pytest.fail("no port is free")
