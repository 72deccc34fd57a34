import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis import asyncio as redis_asyncio
from rq import Queue, SimpleWorker

from engine.errors import Refused
from workers.valkey import EmbeddedValkey


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as valkey, Redis.from_url(valkey.url) as redis:
        redis.set("kept", "yes")
    with EmbeddedValkey(tmp_path) as valkey, Redis.from_url(valkey.url) as redis:
        assert redis.get("kept") == b"yes"


def test_what_was_written_is_there_after_the_server_was_killed(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as valkey, Redis.from_url(valkey.url) as redis:
        redis.set("kept", "yes")
        valkey.process.kill()
        valkey.process.wait()
    with EmbeddedValkey(tmp_path) as valkey, Redis.from_url(valkey.url) as redis:
        assert redis.get("kept") == b"yes"


def test_a_second_server_on_the_same_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as first, Redis.from_url(first.url) as redis:
        with pytest.raises(Refused) as refusal, EmbeddedValkey(tmp_path):
            pass
        assert refusal.value.words.en == f"Another Valkey is using {first.folder}; stop it first."
        assert redis.ping()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as valkey, Redis.from_url(valkey.url) as redis:
        redis.set("kept", "yes")
    [written] = valkey.folder.glob("appendonlydir/*.incr.aof")
    written.write_bytes(b"*3\r\n$3\r\nSET\r\nnonsense" + written.read_bytes())
    with pytest.raises(Refused, match="did not start: .*Bad file format"), EmbeddedValkey(tmp_path):
        pass


HOLDER = """
import pathlib, sys, time
from workers.valkey import EmbeddedValkey
with EmbeddedValkey(pathlib.Path(sys.argv[1])) as valkey:
    print(valkey.process.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a server on `tmp_path` and has said the server's process id."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_it_ends_with_the_process_that_started_it(holder: subprocess.Popen[str]) -> None:
    assert holder.stdout
    server = int(holder.stdout.readline())
    assert is_running(server)
    holder.kill()
    deadline = time.monotonic() + 10
    while is_running(server) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(server)


def test_it_can_be_started_again_the_moment_its_parent_was_killed(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    assert holder.stdout
    holder.stdout.readline()
    with Redis.from_url(EmbeddedValkey(tmp_path).url) as redis:
        redis.set("kept", "yes")
    holder.kill()
    with EmbeddedValkey(tmp_path) as valkey, Redis.from_url(valkey.url) as redis:
        assert redis.get("kept") == b"yes"


def test_only_this_user_can_open_its_socket(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as valkey:
        assert valkey.folder.stat().st_mode & 0o777 == 0o700
        assert (valkey.folder / "valkey.sock").is_socket()


def test_a_folder_with_a_long_name_works_too(tmp_path: Path) -> None:
    deep = tmp_path / ("很长的目录名" * 8) / "a folder"
    with EmbeddedValkey(deep) as valkey, Redis.from_url(valkey.url) as redis:
        assert redis.ping()
        assert len(valkey.url) < 120


def test_it_never_evicts_and_appends_every_second(valkey_url: str) -> None:
    with Redis.from_url(valkey_url) as redis:
        kept = redis.config_get("maxmemory-policy", "appendonly", "appendfsync")
    assert kept == {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"}


def test_rq_runs_a_job_on_it(valkey_url: str) -> None:
    with Redis.from_url(valkey_url) as redis:
        queue = Queue(connection=redis)
        job = queue.enqueue(os.path.basename, "/a/b")
        SimpleWorker([queue], connection=redis).work(burst=True)
        assert job.return_value() == "b"


async def _ping(url: str) -> bool:
    async with redis_asyncio.from_url(url) as redis:
        return bool(await redis.ping())


def test_asyncio_reaches_it(valkey_url: str) -> None:
    assert asyncio.run(_ping(valkey_url))


def is_running(pid: int) -> bool:
    """A child that nobody has waited for yet is dead all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
