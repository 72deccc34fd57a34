from collections.abc import Iterator

import pytest
from redis import Redis

from tests.web.live.gateways import RunningGateway, settings


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    with Redis.from_url(valkey_url) as connection:
        yield connection


@pytest.fixture
def gateway(valkey_url: str) -> Iterator[RunningGateway]:
    with RunningGateway(settings(valkey_url)) as running:
        yield running
