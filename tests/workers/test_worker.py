"""Real workers on a real queue: what they refuse to run, and that a task is done once whoever dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from redis import Redis
from rq import Callback, Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import select

from engine import clock
from engine.actions.reminders import ask_for_mail
from engine.actions.tasks import open_tasks
from engine.models.house import Document, Notice
from engine.models.ledger import Task
from engine.settings import Settings, environment
from tests.houses import House, planned_topic
from tests.workers.mailboxes import mailbox
from workers.bell import JOB, QUEUE, Bell
from workers.worker import TaskJob, TaskWorker

ROOT = Path(__file__).parents[2]
PATIENCE_S = 90
BURST = "from workers.worker import *; TaskWorker(Redis.from_url(settings.load().redis_url)).work(burst=True)"
RUN = "import sys, workers.jobs as jobs; print('ready', flush=True); jobs.run_task(int(sys.stdin.readline()), 60)"


def environment_of(house: House, redis_url: str, data: Path, smtp_url: str | None = None) -> dict[str, str]:
    url = house.database.bind.url.render_as_string(hide_password=False)
    return environment(Settings(data, url, redis_url, b"secret", smtp_url=smtp_url))


@contextmanager
def running(*arguments: str, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, *arguments], env=env, cwd=ROOT, stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def horses(worker: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{worker}/task/{worker}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_forged_job_is_not_run(valkey_url: str, tmp_path: Path) -> None:
    touch, nowhere = f"touch {tmp_path / 'forged'}", f"sqlite:///{tmp_path / 'none.db'}"
    queue = Queue(QUEUE, connection=Redis.from_url(valkey_url), serializer=JSONSerializer)
    forged = [
        queue.enqueue_call("subprocess.getoutput", (touch,)),
        queue.enqueue_call("os.system", (touch,)),
        queue.enqueue_call("workers.jobs.log.info", (1,)),
        queue.enqueue_call(JOB, (touch,)),
        queue.enqueue_call(JOB, (1, 60), {"config": touch}),
    ]
    with running("-c", BURST, env=environment(Settings(tmp_path, nowhere, valkey_url, b"secret"))) as worker:
        assert worker.wait(PATIENCE_S) == 0
    assert [job.get_status() for job in forged] == ["failed"] * 5
    for job in forged:
        result = job.latest_result()
        assert result is not None
        assert "DeserializationError" in (result.exc_string or "")
    assert not (tmp_path / "forged").exists()
    assert not (tmp_path / "none.db").exists()


def test_a_job_brings_no_callbacks_and_no_webhooks(valkey_url: str) -> None:
    redis = Redis.from_url(valkey_url)
    calls = dict.fromkeys(("on_success", "on_failure", "on_stopped"), Callback("os.system"))
    queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer)
    forged = queue.enqueue_call(JOB, (1, 60), **calls)
    assert Job.fetch(forged.id, redis, JSONSerializer).stopped_callback is os.system
    job = TaskJob.fetch(forged.id, redis, JSONSerializer)
    assert (job.success_callback, job.failure_callback, job.stopped_callback, job.webhooks) == (
        None,
        None,
        None,
        [],
    )
    assert job.func_name == JOB


def test_an_idle_worker_wakes_to_clean_up(valkey_url: str) -> None:
    worker = TaskWorker(Redis.from_url(valkey_url))
    assert (worker.dequeue_timeout, worker.maintenance_interval) == (5, 15)
    assert worker.queue_names() == [QUEUE]


def test_a_worker_that_valkey_has_forgotten_makes_itself_known_again(valkey_url: str) -> None:
    with Redis.from_url(valkey_url) as redis:
        worker = TaskWorker(redis)
        worker.register_birth()
        redis.flushall()
        worker.heartbeat()
        assert [known.name for known in Worker.all(redis)] == [worker.name]


def test_two_workers_on_one_task_have_one_effect(house: House, tmp_path: Path) -> None:
    with house.transaction() as db:
        planned_topic(house, db)
        task_id = db.scalars(select(Task.id).where(Task.kind == "make_document")).one()
    env = environment_of(house, "", tmp_path)
    with running("-c", RUN, env=env) as first, running("-c", RUN, env=env) as second:
        for worker in (first, second):
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in (first, second):
            worker.communicate(f"{task_id}\n", timeout=PATIENCE_S)
        assert (first.returncode, second.returncode) == (0, 0)
    with house.database.reading() as db:
        assert [document.kind for document in db.scalars(select(Document))] == ["D01"]
        task = db.get_one(Task, task_id)
        assert (task.state, task.attempts, task.failure) == ("done", 1, None)


def test_a_worker_killed_in_the_middle_takes_its_horse_with_it_and_the_task_is_done_once_after_its_lease(
    house: House, valkey_url: str, tmp_path: Path
) -> None:
    bell, lease = Bell(Redis.from_url(valkey_url)), timedelta(seconds=8)
    with mailbox() as box:
        box.let.clear()
        with house.transaction() as db:
            person = house.actor(db, "office").id
            db.add(Notice(person_id=person, zh="通知", en="Notice", created_at=clock.now()))
            ask_for_mail(db, now=clock.now())
            (task_id,) = open_tasks(db, now=clock.now())
        env = environment_of(house, valkey_url, tmp_path, box.url)

        def is_done() -> bool:
            with house.database.reading() as db:
                bell.ring(open_tasks(db, now=clock.now(), lasts=lease))
                return db.get_one(Task, task_id).state == "done"

        with running("-m", "workers.worker", env=env) as worker:
            bell.ring({task_id: lease})
            assert box.arrived.acquire(timeout=PATIENCE_S)
            (horse,) = horses(worker.pid)
            os.kill(worker.pid, signal.SIGKILL)
            wait_for(lambda: not is_alive(horse))
        box.let.set()
        with running("-m", "workers.worker", env=env) as worker:
            wait_for(is_done)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE_S) == 0
        with house.database.reading() as db:
            task = db.get_one(Task, task_id)
            assert (task.attempts, task.epoch, task.failure) == (2, 2, None)
            assert db.scalars(select(Notice)).one().mailed_at is not None
        assert [str(mail["To"]) for mail in box.accepted] == ["office@xieshang.example"]
