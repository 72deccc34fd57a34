"""Rings RQ for the tasks that wait. A ring that got lost is repeated; one that nobody has come to hear yet is not."""

import time
from collections.abc import Sequence
from datetime import timedelta

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from engine.actions.tasks import LASTS

QUEUE = "tasks"
JOB = "workers.jobs.run_task"
RING_AGAIN_S = 15
KEPT_FAILURE_S = 3600


class Bell:
    """`lease` is how long a worker may take for a task; RQ stops its horse then."""

    def __init__(self, redis: Redis, lease: timedelta = LASTS) -> None:
        self.queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer)
        self.lease_s = int(lease.total_seconds())
        self.rung: dict[int, float] = {}

    def ring(self, waiting: Sequence[int]) -> None:
        """Once for each task, and again where it still waits although the queue has been emptied since."""
        now = time.monotonic()
        missed = now - RING_AGAIN_S if waiting and self.queue.is_empty() else 0.0
        self.rung = {task: at for task, at in self.rung.items() if task in waiting and at > missed}
        for task in waiting:
            if task not in self.rung:
                self._enqueue(task)
                self.rung[task] = now

    def _enqueue(self, task: int) -> None:
        self.queue.enqueue_call(
            JOB,
            args=(task, self.lease_s),
            timeout=self.lease_s,
            result_ttl=0,
            failure_ttl=KEPT_FAILURE_S,
        )
