"""`xieshang worker`: takes the tasks that RQ rings for. One queue, JSON only, and only our own one job.

RQ is a doorbell. What it loses or rings twice costs time only, since the truth is the task's row; so nothing here
retries, schedules, keeps a result or trusts RQ's registries.
"""

from typing import Any

from redis import Redis
from redis.client import Pipeline
from rq import Queue, Worker
from rq.exceptions import DeserializationError
from rq.job import Job
from rq.serializers import JSONSerializer

import workers.jobs  # noqa: F401  (before the fork: a horse then starts in milliseconds)
from engine import settings
from workers.bell import JOB, QUEUE
from workers.valkey import die_with_parent

WORKER_TTL_S = 20
"""RQ listens 15 s less at a time: every five seconds an idle worker looks whether it is still known."""
MAINTENANCE_S = 15


class TaskJob(Job):
    """RQ calls whatever function a message names, JSON or not. This one names `run_task`, or cannot be read at all."""

    def _deserialize_data(self) -> None:
        super()._deserialize_data()  # type: ignore[no-untyped-call]
        is_ours = (self._func_name, self._instance, self._kwargs) == (JOB, None, {})
        arguments = self._args if isinstance(self._args, list) else [None]
        if not is_ours or any(type(argument) is not int for argument in arguments):
            self.data = self.data  # forgets what was read
            raise DeserializationError(f"not a job of this house: {self.id}")

    def restore(self, raw_data: Any) -> None:
        """Callbacks are function names too, and webhooks are addresses: ours have none."""
        super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self.webhooks = []


class TaskWorker(Worker):
    """Its horse dies with it. RQ's would live on in a process group of its own while another does the job again."""

    max_connection_wait_time = 4.0

    def __init__(self, redis: Redis) -> None:
        queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer, job_class=TaskJob)
        super().__init__(
            [queue],
            connection=redis,
            serializer=JSONSerializer,
            job_class=TaskJob,
            worker_ttl=WORKER_TTL_S,
            maintenance_interval=MAINTENANCE_S,
        )
        self.bind_horse = die_with_parent()

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Registers itself anew when Valkey has lost everything, or nobody would know that it works."""
        super().heartbeat(timeout, pipeline)
        if pipeline is None and not self.connection.hexists(self.key, "birth"):
            self.connection.delete(self.key)
            self.register_birth()  # type: ignore[no-untyped-call]

    def setup_work_horse_signals(self) -> None:
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        if self.bind_horse:
            self.bind_horse()


def main() -> None:
    TaskWorker(Redis.from_url(settings.load().redis_url)).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
