import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from redis import Redis

from engine import wire
from engine.wire import Fact
from tests.web.live.gateways import RunningGateway, entries, eventually, publish, settings, ticket
from web.live.cache import QUIET, Cache
from workers.valkey import EmbeddedValkey


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """One that this test may stop."""
    with EmbeddedValkey(tmp_path) as server:
        yield server


def fact(fact_no: int) -> Fact:
    return Fact(fact_no, "question.on_air", {"number": fact_no})


def test_while_valkey_is_stopped_viewers_stay_and_come_and_nothing_of_theirs_is_lost(
    own_valkey: EmbeddedValkey,
) -> None:
    with RunningGateway(settings(own_valkey.url)) as gateway, Redis.from_url(own_valkey.url) as redis:
        page = gateway.joined("before")
        publish(redis, fact(1))
        eventually(lambda: page.next("tick")["facts"])
        own_valkey.process.send_signal(signal.SIGSTOP)
        eventually(lambda: gateway.health()["status"] == "degraded")
        page.say(t="like", to="sitting")
        assert gateway.joined("during").hello
        assert page.next("tick")
        own_valkey.process.send_signal(signal.SIGCONT)
        eventually(lambda: gateway.health()["status"] == "ok")
        publish(redis, fact(2))
        eventually(lambda: page.next("tick")["facts"])
        eventually(lambda: any(row.likes for entry in entries(redis) for row in entry.rows))
        seqs = sorted({entry.seq for entry in entries(redis)})
        assert seqs == list(range(1, seqs[-1] + 1))
        assert sum(entry.unchecked for entry in {entry.seq: entry for entry in entries(redis)}.values()) == 1


def test_after_valkey_was_killed_and_is_back_empty_facts_go_on_or_are_fetched(tmp_path: Path) -> None:
    first = EmbeddedValkey(tmp_path)
    with first, RunningGateway(settings(first.url)) as gateway:
        with Redis.from_url(first.url) as redis:
            page = gateway.joined()
            publish(redis, fact(1))
            eventually(lambda: page.next("tick")["facts"])
        first.process.kill()
        first.process.wait()
        eventually(lambda: gateway.health()["status"] == "degraded")
        with EmbeddedValkey(tmp_path) as second, Redis.from_url(second.url) as redis:
            redis.flushall()
            eventually(lambda: gateway.health()["status"] == "ok")
            redis.delete(wire.recent_key(12))
            eventually(lambda: redis.pubsub_numpat() == 2)
            publish(redis, fact(5))
            assert page.next("resync")["fact_no"] == 5
            publish(redis, fact(6))
            eventually(lambda: page.next("tick")["facts"])


def test_a_ticket_is_refused_when_it_was_used_before_valkey_went(own_valkey: EmbeddedValkey) -> None:
    token = ticket()
    with RunningGateway(settings(own_valkey.url)) as gateway:
        for answer in (None, 4401):
            page = gateway.page()
            page.say(t="join", ticket=token)
            if answer:
                assert page.code() == answer
            else:
                assert page.next("hello")


def test_facts_missed_on_the_channel_are_read_from_the_recent_ones(
    gateway: RunningGateway, redis: Redis
) -> None:
    page = gateway.joined()
    redis.rpush(wire.recent_key(12), wire.encode_fact(fact(1)))
    publish(redis, fact(2))
    heard: list[dict[str, Any]] = []
    while len(heard) < 2:
        heard += page.next("tick")["facts"]
    assert [found["fact_no"] for found in heard] == [1, 2]


@asynccontextmanager
async def far_away(socket: str, delay: float) -> AsyncIterator[int]:
    """A port where what is said to Valkey arrives late."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
        while data := await reader.read(4096):
            await asyncio.sleep(delay)
            writer.write(data)
        writer.close()
        await writer.wait_closed()

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(socket)
        await asyncio.gather(carry(reader, back, delay), carry(there, writer, 0))
        carried.set()

    carried = asyncio.Event()
    async with await asyncio.start_server(between, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await carried.wait()


def test_a_gateway_takes_itself_for_subscribed_only_when_valkey_says_so(own_valkey: EmbeddedValkey) -> None:
    async def first_word() -> None:
        async with far_away(unquote(own_valkey.url.removeprefix("unix://")), delay=2 * QUIET) as port:
            cache = Cache(f"redis://127.0.0.1:{port}")
            async with aclosing(cache.messages()) as messages:
                assert await anext(messages) is None
                with Redis.from_url(own_valkey.url) as redis:
                    assert redis.pubsub_numpat() == 2
                    assert redis.pubsub_numsub(wire.COUNTED) == [(wire.COUNTED.encode(), 1)]
            await cache.close()

    asyncio.run(first_word())
