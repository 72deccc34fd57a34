"""Valkey as a gateway sees it: a cache that may be away. Moves bytes; engine.wire says what they mean."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from engine import wire
from engine.wire import Bearer, Fact, Stats

PATIENCE = 2.0  # seconds for any answer
QUIET = 0.25  # seconds of listening, so that whoever listens can stop
HEALTH_CHECK = 10  # seconds: a listening connection whose other end is gone is noticed
PULSE_KEPT = 60  # seconds a silent gateway stays in the list

Read = TypeVar("Read")
SUBSCRIBED = ("subscribe", "psubscribe")
AWAY = (RedisError, OSError)


class Question(NamedTuple):
    """May this bearer in? `nonce` is the ticket's, which must be unused; "" with a resume token."""

    bearer: Bearer
    nonce: str


class Answer(NamedTuple):
    is_used: bool = False
    is_gone: bool = False
    liked: tuple[str, ...] = ()


class Known(NamedTuple):
    """What Valkey has of a sitting."""

    recent: Sequence[Fact] = ()
    stats: Stats | None = None


class Cache:
    """Every call either answers within `PATIENCE` or raises one of `AWAY`; none is ever cancelled."""

    def __init__(self, url: str) -> None:
        self.redis = Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            health_check_interval=HEALTH_CHECK,
            retry=Retry(NoBackoff(), 0),
        )

    async def admit(self, questions: Sequence[Question]) -> list[Answer]:
        """One round trip for all of them. Of two questions about one ticket only one is answered "unused"."""
        sittings = sorted({question.bearer.sitting for question in questions})
        pipe = self.redis.pipeline(transaction=False)
        for sitting in sittings:
            pipe.exists(wire.gone_key(sitting))
        for bearer, nonce in questions:
            if nonce:
                pipe.set(wire.ticket_key(nonce), 1, nx=True, ex=wire.TICKET_LIFE)
            for to in wire.LIKEABLE:
                pipe.sismember(wire.likes_key(bearer.sitting, to), bearer.viewer)
        answers = iter(await pipe.execute())
        gone = {sitting for sitting in sittings if next(answers)}
        return [
            Answer(
                is_used=bool(nonce) and not next(answers),
                is_gone=bearer.sitting in gone,
                liked=tuple(to for to in wire.LIKEABLE if next(answers)),
            )
            for bearer, nonce in questions
        ]

    async def known(self, sittings: Sequence[int]) -> list[Known]:
        pipe = self.redis.pipeline(transaction=False)
        for sitting in sittings:
            pipe.lrange(wire.recent_key(sitting), 0, -1)
            pipe.get(wire.stats_key(sitting))
        answers = iter(await pipe.execute())
        return [_known(next(answers), next(answers)) for _ in sittings]

    async def write(self, boot: str, entries: Iterable[bytes], now: datetime) -> None:
        """Appends to the stream and says that this gateway lives."""
        pipe = self.redis.pipeline(transaction=False)
        for data in entries:
            pipe.xadd(wire.ENTRIES, {wire.ENTRY_FIELD: data})
        second = int(now.timestamp())
        pipe.zadd(wire.GATEWAYS, {boot: second})
        pipe.zremrangebyscore(wire.GATEWAYS, "-inf", second - PULSE_KEPT)
        await pipe.execute()

    async def messages(self) -> AsyncGenerator[tuple[str, bytes] | None, None]:
        """Each message with its channel, for ever. None once subscribed, and whenever it was quiet.

        What was published before that is left out: it stands in what `known` reads.
        """
        async with self.redis.pubsub() as pubsub:
            await pubsub.psubscribe(*(patterns := (wire.facts_channel("*"), wire.stats_key("*"))))
            await pubsub.subscribe(wire.COUNTED)
            unconfirmed = len(patterns) + 1
            while unconfirmed:
                message = await pubsub.get_message(timeout=PATIENCE)
                if message is None:
                    raise TimeoutError
                unconfirmed -= message["type"] in SUBSCRIBED
            pubsub.ignore_subscribe_messages = True
            yield None
            while True:
                message = await pubsub.get_message(timeout=QUIET)
                yield (message["channel"].decode(), message["data"]) if message else None

    async def close(self) -> None:
        await self.redis.aclose()


def _known(recent: list[bytes], stats: bytes | None) -> Known:
    counts = [stats] if stats else []
    return Known(_readable(wire.decode_fact, recent), next(iter(_readable(wire.decode_stats, counts)), None))


def _readable(decode: Callable[[bytes], Read], items: Iterable[bytes]) -> list[Read]:
    """What can't be read is left out: a fact so lost is a hole, and a hole is fetched."""
    read = []
    for item in items:
        with suppress(ValueError):
            read.append(decode(item))
    return read
