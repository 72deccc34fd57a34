from collections.abc import Iterator

import pytest
from redis import Redis

from engine import wire
from tests.web.live.gateways import RunningGateway, eventually, settings


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    with Redis.from_url(valkey_url) as connection:
        yield connection


@pytest.fixture
def gateway(valkey_url: str, redis: Redis) -> Iterator[RunningGateway]:
    """One that listens on every channel already."""
    with RunningGateway(settings(valkey_url)) as running:
        eventually(lambda: redis.pubsub_numsub(wire.COUNTED)[0][1])
        yield running
