"""Rings RQ for the tasks that wait. A ring that got lost is repeated; one that nobody has come to hear yet is not."""

import time
from collections.abc import Mapping
from datetime import timedelta

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE = "tasks"
JOB = "workers.jobs.run_task"
RING_AGAIN_S = 15
KEPT_FAILURE_S = 3600


class Bell:
    def __init__(self, redis: Redis) -> None:
        self.queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer)
        self.rung: dict[int, float] = {}

    def ring(self, waiting: Mapping[int, timedelta]) -> None:
        """Once for each task, and again where it still waits although the queue has been emptied since.

        With each, how long a worker may take for it; RQ stops its horse then.
        """
        now = time.monotonic()
        missed = now - RING_AGAIN_S if waiting and self.queue.is_empty() else 0.0
        self.rung = {task: at for task, at in self.rung.items() if task in waiting and at > missed}
        for task, lasts in waiting.items():
            if task not in self.rung:
                self._enqueue(task, int(lasts.total_seconds()))
                self.rung[task] = now

    def _enqueue(self, task: int, lease_s: int) -> None:
        self.queue.enqueue_call(
            JOB,
            args=(task, lease_s),
            timeout=lease_s,
            result_ttl=0,
            failure_ttl=KEPT_FAILURE_S,
        )
