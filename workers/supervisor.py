"""`xieshang serve` and `xieshang demo`: every process of the house on one machine, healed when one dies.

The children die with the supervisor, however it goes; a restart on the same data goes on. They are forked, since all
of them need the engine that is loaded here already, and then each is what `python -m MODULE` would be (docs/adr/0005).
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import runpy
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from setproctitle import setproctitle

import migrations
from engine import clock
from engine.actions.people import issue_link
from engine.database import Database
from engine.errors import Refused
from engine.queries import people
from engine.settings import Settings, export, load
from engine.words import Words
from workers.demo import start as demo
from workers.valkey import EmbeddedValkey, die_with_parent

READY_S = 120
STOP_S = 40
HEALS_AFTER_S = 0.3
MOST_DELAY_S = 5.0
PROCESSES = {
    "web": "web",
    "gateway": "web.live.server",
    "relay": "workers.relay",
    "counter": "workers.counter",
    "worker": "workers.worker",
}
"""Name → the module it runs."""


@dataclass
class Child:
    """One process, and how long to wait before it is started again: longer each time it dies young."""

    name: str
    module: str
    arguments: Sequence[str] = ()
    process: BaseProcess | None = None
    started: float = 0.0
    delay: float = HEALS_AFTER_S
    again_at: float = 0.0


class Supervisor:
    """Starts the children, starts those again that die, and stops all of them; the embedded Valkey is only healed.

    Nobody may have the database open here when it forks: in a child SQLite would believe to hold its parent's locks.
    """

    def __init__(self, logs: Path, valkey: EmbeddedValkey | None) -> None:
        self.logs, self.valkey = logs, valkey
        self.logs.mkdir(exist_ok=True)
        self.children = [Child(name, module) for name, module in PROCESSES.items()]

    def start(self) -> None:
        for child in self.children:
            self._start(child)

    def _start(self, child: Child) -> None:
        log = self.logs / f"{child.name}.log"
        child.process = multiprocessing.get_context("fork").Process(
            target=_become, args=(child, log, die_with_parent())
        )
        child.process.start()
        child.started = time.monotonic()

    def heal(self) -> None:
        """Starts what has died, at once the first time, later the more often it dies young."""
        if self.valkey:
            self.valkey.heal()
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.again_at:
                    self._start(child)
            elif not child.process.is_alive():
                child.delay = (
                    HEALS_AFTER_S
                    if now - child.started > MOST_DELAY_S
                    else min(child.delay * 2, MOST_DELAY_S)
                )
                child.again_at, child.process = now + child.delay, None

    def stop(self) -> None:
        """SIGTERM to all, then SIGKILL to whoever is still there after the time they have to leave well."""
        running = [child.process for child in self.children if child.process]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_S
        for process in running:
            process.join(max(0.1, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()


def _become(child: Child, log: Path, bind: Callable[[], None] | None) -> None:
    """In the child: forgets what the supervisor does with signals, writes to its own log, and runs the module."""
    setproctitle(f"xieshang {child.name}")
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if bind:
        bind()
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    sys.argv = [f"xieshang {child.name}", *child.arguments]
    runpy.run_module(child.module, run_name="__main__")


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv if argv is not None else sys.argv[1:])
    setproctitle(f"xieshang {arguments.word}")  # before the environment is changed, or the children cannot
    settings = _settings(arguments)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _interrupt)
    with contextlib.ExitStack() as stack:
        valkey = None if settings.redis_url else stack.enter_context(EmbeddedValkey(settings.data))
        if valkey:
            settings = settings.with_(redis_url=valkey.url)
        export(settings)
        try:
            crowd = _prepare(settings, arguments.crowd)
            print(f"启动 {len(PROCESSES)} 个进程 starting {len(PROCESSES)} processes …", flush=True)
            supervisor = Supervisor(settings.data / "logs", valkey)
            stack.callback(supervisor.stop)
            supervisor.start()
            _wait_until_ready(settings, supervisor)
            supervisor.children += crowd  # `heal` starts it
            _greet(settings)
            while True:
                supervisor.heal()
                time.sleep(0.2)
        except KeyboardInterrupt:
            print("\n正在停止… stopping …", flush=True)
    return 0


def _prepare(settings: Settings, crowd: int) -> list[Child]:
    """Brings the tables up to date and, for a demonstration, tells its story; the crowd that is to come to it."""
    print("数据库 database …", flush=True)
    with contextlib.closing(Database(settings.database_url)) as database:
        migrations.upgrade(database.bind)
        if not settings.is_demo:
            return []
        demo.load(database)
        return [Child("crowd", "workers.demo.crowd", demo.crowd(settings, database, crowd))] if crowd else []


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("xieshang", description=__doc__)
    parser.add_argument("word", choices=("serve", "demo"))
    parser.add_argument("--data", type=Path, default=Path("data"), help="where everything is kept")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--crowd",
        type=int,
        default=200,
        choices=range(demo.MOST_VIEWERS + 1),
        metavar="N",
        help=f"demo: how many test viewers, at most {demo.MOST_VIEWERS}; 0 for none",
    )
    return parser.parse_args(argv)


def _settings(arguments: argparse.Namespace) -> Settings:
    """The settings with what the command line says, refused in a line where the machine cannot do it."""
    try:
        arguments.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            Words(
                f"不能写入文件夹 {arguments.data}：{error.strerror}。",
                f"Cannot write the folder {arguments.data}: {error.strerror}.",
            )
        ) from error
    port = arguments.port
    for taken in (port, port + 1, port + 2):
        _require_free(taken)
    public_url = f"http://127.0.0.1:{port}"
    data = arguments.data.absolute()
    kept = load()
    return kept.with_(
        data=data,
        database_url=kept.database_url
        if not kept.database_url.startswith("sqlite")
        else f"sqlite:///{data / 'xieshang.db'}",
        is_demo=arguments.word == "demo",
        web_port=port,
        gateway_port=port + 1,
        gateway_health_port=port + 2,
        public_url=public_url,
        origins=(public_url, f"http://localhost:{port}"),
    )


def _require_free(port: int) -> None:
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise Refused(
                Words(
                    f"端口 {port} 已被占用，请用 --port 换一个。",
                    f"Port {port} is taken; choose another with --port.",
                )
            ) from error


def _wait_until_ready(settings: Settings, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        supervisor.heal()
        health = _health(settings)
        if health.get("status") == "ok":
            return
        time.sleep(0.1)
    logs = settings.data / "logs"
    raise Refused(
        Words(
            f"{READY_S} 秒内没有就绪，请看 {logs} 里的日志。",
            f"Not ready within {READY_S} s; see the logs in {logs}.",
        )
    )


def _health(settings: Settings) -> dict[str, object]:
    try:
        with urllib.request.urlopen(f"{settings.public_url}/healthz", timeout=2) as answer:  # noqa: S310  (our own)
            return dict(json.load(answer))
    except (OSError, ValueError):
        return {}


def _greet(settings: Settings) -> None:
    """Where to go now; an empty house gets its one-use set-up link."""
    print(f"协商 Xieshang  {settings.public_url}", flush=True)
    with contextlib.closing(Database(settings.database_url)) as database, database.transaction() as db:
        if settings.is_demo:
            print("\n".join(demo.welcome(db, settings.public_url, clock.now())), flush=True)
        elif people.house(db) is None:
            token = issue_link(db, None, purpose="set_up", now=clock.now())
            print(f"首次设置，链接只能用一次 set up once: {settings.public_url}/set-up/{token}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
