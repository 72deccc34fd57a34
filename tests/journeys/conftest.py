"""The whole house running: web, gateway, relay and counter as processes of their own, with a sitting on the air."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import migrations
from engine import clock
from engine.actions.people import issue_link
from engine.database import Database
from engine.queries import sittings
from engine.settings import Settings, environment
from tests import houses
from tests.houses import House
from workers.supervisor import PROCESSES
from workers.valkey import EmbeddedValkey, die_with_parent

PATIENCE = 60.0
STARTED = ("web", "gateway", "relay", "counter")


@dataclass
class RunningHouse:
    """`sitting_id` is the sitting on the air; its questions and comments are made through `house`."""

    house: House
    settings: Settings
    sitting_id: int
    processes: dict[str, ExitStack] = field(default_factory=dict)

    def start(self, name: str) -> None:
        self.processes[name] = ExitStack()
        self.processes[name].enter_context(_process(name, self.settings))

    def stop(self, name: str) -> None:
        self.processes.pop(name).close()

    @property
    def url(self) -> str:
        return self.settings.public_url

    def sign_in_link(self, name: str) -> str:
        with self.house.transaction() as db:
            person = self.house.actor(db, name).person
            return f"{self.url}/sign-in/{issue_link(db, person, purpose='sign_in', now=clock.now())}"

    def ask(self, title: str, by: str = "citizen1") -> int:
        """A question that a moderator has approved."""
        self.house.now = clock.now()
        with self.house.transaction() as db:
            at = sittings.sitting(db, self.sitting_id)
            return houses.shown_question(self.house, db, at, title, by=by).id


@pytest.fixture(scope="module")
def running_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    with _founded(tmp_path_factory.mktemp("house"), STARTED) as running:
        with running.house.transaction() as db:
            running.sitting_id = houses.sitting(running.house, db).id
        yield running


@pytest.fixture(scope="module")
def new_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    """With its people, before anything has happened; its worker works, too."""
    with _founded(tmp_path_factory.mktemp("house"), tuple(PROCESSES)) as running:
        yield running


@contextmanager
def _founded(data: Path, started: Sequence[str]) -> Iterator[RunningHouse]:
    with ExitStack() as stack:
        settings = _settings(data, stack.enter_context(EmbeddedValkey(data)).url)
        database = Database(settings.database_url)
        stack.callback(database.close)
        migrations.upgrade(database.bind)
        house = houses.found(database)
        house.now = clock.now()
        running = RunningHouse(house, settings, 0)
        stack.callback(lambda: [running.stop(name) for name in list(running.processes)])
        for name in started:
            running.start(name)
        _wait_until_well(settings)
        yield running


def _settings(data: Path, redis_url: str) -> Settings:
    web, gateway, health = free_ports([0, 0, 0])
    return Settings(
        data=data,
        database_url=f"sqlite:///{data / 'xieshang.db'}",
        redis_url=redis_url,
        secret=b"",
        is_demo=True,
        web_port=web,
        gateway_port=gateway,
        gateway_health_port=health,
        origins=(f"http://127.0.0.1:{web}",),
        max_viewers=50,
        public_url=f"http://127.0.0.1:{web}",
    )


def free_ports(wanted: Sequence[int]) -> list[int]:
    """Those, or where one is 0 any that is free."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in wanted]
        for probe, port in zip(probes, wanted, strict=True):
            probe.bind(("127.0.0.1", port))
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def _process(name: str, settings: Settings) -> Iterator[None]:
    with (settings.data / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", PROCESSES[name]],
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent(),
        )
        try:
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()
                process.wait()


def _wait_until_well(settings: Settings) -> None:
    """Until the site answers and has heard from a gateway."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"{settings.public_url}/healthz", timeout=2) as answer:
            if b'"gateways":0' not in answer.read().replace(b" ", b""):
                return
        time.sleep(0.2)
    logs = "\n".join(path.read_text(errors="replace")[-800:] for path in settings.data.glob("*.log"))
    pytest.fail(f"the house is not well within {PATIENCE} s:\n{logs}")
