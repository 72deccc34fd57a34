"""Rings are cheap and may be lost: what waits is rung for again, and a bell nobody hears does not pile up."""

from datetime import timedelta

import pytest
from redis import Redis

from workers.bell import RING_AGAIN_S, Bell


@pytest.fixture
def bell(valkey_url: str) -> Bell:
    return Bell(Redis.from_url(valkey_url))


def rung(bell: Bell) -> list[int]:
    return [job.args[0] for job in bell.queue.jobs]


def waiting(*tasks: int) -> dict[int, timedelta]:
    return dict.fromkeys(tasks, timedelta(seconds=7))


def pass_time(bell: Bell, seconds: float) -> None:
    bell.rung = {task: at - seconds for task, at in bell.rung.items()}


def test_each_waiting_task_is_rung_for_once_with_its_id_and_lease(bell: Bell) -> None:
    bell.ring(waiting(3, 5))
    bell.ring(waiting(3, 5, 8))
    assert rung(bell) == [3, 5, 8]
    job = bell.queue.jobs[0]
    assert (job.func_name, job.args, job.timeout, job.result_ttl) == ("workers.jobs.run_task", [3, 7], 7, 0)


def test_a_ring_that_nobody_has_come_to_hear_is_not_repeated(bell: Bell) -> None:
    bell.ring(waiting(3))
    pass_time(bell, RING_AGAIN_S * 100)
    bell.ring(waiting(3))
    assert rung(bell) == [3]


def test_a_ring_that_was_lost_is_repeated(bell: Bell, valkey_url: str) -> None:
    bell.ring(waiting(3))
    Redis.from_url(valkey_url).flushall()
    bell.ring(waiting(3))
    assert rung(bell) == []
    pass_time(bell, RING_AGAIN_S + 1)
    bell.ring(waiting(3))
    assert rung(bell) == [3]


def test_a_task_that_waits_anew_is_rung_for_at_once(bell: Bell, valkey_url: str) -> None:
    bell.ring(waiting(3))
    Redis.from_url(valkey_url).flushall()
    bell.ring({})
    bell.ring(waiting(3))
    assert rung(bell) == [3]
