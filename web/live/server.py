"""The live gateway, one process of it: between sockets, hub and Valkey. Protocol and hub decide."""

import argparse
import asyncio
import os
import random
import resource
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from engine import clock, settings, wire
from engine.errors import Refused
from engine.wire import BadToken, Beat
from engine.words import Words
from web.live import frames
from web.live.cache import AWAY, Answer, Cache, Known, Question
from web.live.hub import Hub, Instant, Outbox, Room
from web.live.metrics import Health, HealthPort, Totals
from web.live.protocol import (
    LIMITS,
    NO_SITTING,
    RESTART,
    TICKET_REFUSED,
    Bucket,
    Join,
    Like,
    Message,
    Viewer,
    Violation,
)
from web.live.sockets import CLOSE_WITHIN, Sockets

HEAD_BYTES = 16 * 1024
GATHERED = 0.01  # seconds in which joins come together: a round trip costs as much as ten of them
ASKED_AT_ONCE = 500  # joins in one round trip to Valkey
BACKOFF = 5.0  # seconds at most between two attempts to listen to Valkey
SPARE_FILES = 128
SLICE = 0.25  # seconds between two slices of a drain
DRAINED_A_SECOND = 500  # or more, when that would take longer than `drain_within`
GONE_WITHIN = 44.0  # seconds after SIGTERM, whatever happens

log = structlog.get_logger()


@dataclass(frozen=True)
class GatewaySettings:
    """`connections_per_address` of 0 leaves that limit to the proxy in front, whose address everyone has."""

    redis_url: str
    secret: bytes
    host: str = "127.0.0.1"
    port: int = 8001
    health_port: int = 8002
    origins: tuple[str, ...] = ()
    max_viewers: int = 17_000
    tick: float = 1.0
    handshakes_per_second: int = 500
    connections_per_address: int = 0
    join_within: float = 5.0
    unsent_within: float = 30.0
    drain_within: float = 30.0


class Asked(NamedTuple):
    viewer: Viewer
    nonce: str
    since: int | None


class Gateway:
    """A socket is first an opening (its request head so far), then a viewer; both have a deadline to join."""

    def __init__(self, given: GatewaySettings) -> None:
        self.given = given
        self.totals = Totals()
        self.hub = Hub(secrets.token_hex(8), given.secret)
        self.cache = Cache(given.redis_url)
        self.cache_is_up = True
        self.outbox = Outbox()
        self.sockets = Sockets(self, given.host, given.port, given.unsent_within)
        self.health = HealthPort(self.look)
        self.bucket = Bucket(given.handshakes_per_second)
        self.parsers = frames.Parsers()
        self.openings: dict[int, bytes] = {}
        self.viewers: dict[int, Viewer] = {}
        self.partial: dict[int, bytes] = {}
        self.deadlines: dict[int, float] = {}
        self.addresses: dict[int, str] = {}
        self.crowd: Counter[str] = Counter()
        self.asked: list[Asked] = []
        self.someone_asks = asyncio.Event()
        self.something_to_write = asyncio.Event()
        self.is_to_stop = asyncio.Event()
        self.is_draining = False
        self.has_stopped = False

    # -- its life

    async def run(self) -> None:
        """Until `is_to_stop` is set, and then as long as it takes to send everyone away."""
        self.sockets.start()
        await self.health.start(self.given.host, self.given.health_port)
        log.info("gateway.started", port=self.sockets.port, boot=self.hub.boot)
        async with asyncio.TaskGroup() as tasks:
            for work in (self._listen(), self._admit(), self._tick(), self._write()):
                tasks.create_task(work)
            await self.is_to_stop.wait()
            await self._drain()
            self._stop_tasks()
        self.sockets.stop()
        await self.health.stop()
        await self.cache.close()
        log.info("gateway.stopped", boot=self.hub.boot)

    def look(self) -> Health:
        self.totals.aborted = self.sockets.aborted
        self.totals.lost_rows = self.outbox.lost_rows
        rooms = self.hub.rooms.values()
        return Health(
            status="draining" if self.is_draining else "ok" if self.cache_is_up else "degraded",
            redis="ok" if self.cache_is_up else "away",
            boot=self.hub.boot,
            seq=self.hub.seq,
            sockets=len(self.sockets.open),
            viewers=sum(len(room.members) for room in rooms),
            online=sum(len(room.presence) for room in rooms),
            rooms=len(rooms),
            behind=sum(len(room.behind) for room in rooms),
            totals=self.totals,
        )

    async def _drain(self) -> None:
        """Sends everyone away in slices; whoever comes is told to come back, whoever stays is cut off."""
        self.is_draining = True
        viewers = list(self.viewers.values())
        span = min(self.given.drain_within, len(viewers) / DRAINED_A_SECOND)
        log.info("gateway.draining", viewers=len(viewers), seconds=round(span, 1))
        slices = 1 + int(span / SLICE)
        for number in range(slices):
            last = frames.text([wire.bye(1 + round(span - number * SLICE))])
            for viewer in viewers[number::slices]:
                if viewer.handle >= 0:
                    self._close(viewer, RESTART, "restart", last)
            await asyncio.sleep(SLICE)
        until = time.monotonic() + CLOSE_WITHIN
        while self.sockets.closing and time.monotonic() < until:
            await asyncio.sleep(SLICE)

    def _stop_tasks(self) -> None:
        self.has_stopped = True
        self._put_down()
        self.someone_asks.set()

    # -- sockets

    def opened(self, handle: int, address: str) -> None:
        self.openings[handle] = b""
        self.deadlines[handle] = time.monotonic() + self.given.join_within
        if self.given.connections_per_address:
            self.addresses[handle] = address
            self.crowd[address] += 1

    def received(self, handle: int, data: bytes) -> None:
        if viewer := self.viewers.get(handle):
            self._read(viewer, self.partial.pop(handle, b"") + data)
        elif handle in self.openings:
            self._open(handle, self.openings[handle] + data)

    def stuck(self, handle: int) -> None:
        if room := self._room(handle):
            room.fall_behind(handle, missed_tick=False)

    def freed(self, handle: int) -> None:
        room = self._room(handle)
        if room and handle in room.behind:
            self._tell(handle, room.recover(handle, clock.now()))

    def closed(self, handle: int) -> None:
        self.openings.pop(handle, None)
        self.deadlines.pop(handle, None)
        self._forget(self.viewers.get(handle))
        if address := self.addresses.pop(handle, None):
            self.crowd[address] -= 1
            if not self.crowd[address]:
                del self.crowd[address]

    def _room(self, handle: int) -> Room | None:
        viewer = self.viewers.get(handle)
        return self.hub.room(viewer.bearer.sitting) if viewer and viewer.admitted else None

    def _forget(self, viewer: Viewer | None) -> None:
        if viewer:
            del self.viewers[viewer.handle]
            self.partial.pop(viewer.handle, None)
            self.parsers.forget(viewer.handle)
            self.hub.leave(viewer)

    def _tell(self, handle: int, payloads: Sequence[bytes]) -> None:
        if payloads:
            self.sockets.send(handle, frames.text(payloads))

    # -- handshakes

    def _open(self, handle: int, head: bytes) -> None:
        end = head.find(b"\r\n\r\n") + 4
        if end < 4 and len(head) <= HEAD_BYTES:
            self.openings[handle] = head
            return
        if refusal := self._refusal(handle, end):
            self._refuse(handle, refusal)
            return
        shaken = frames.shake_hands(head[:end], self.given.origins)
        if not shaken.is_accepted:
            self._refuse(handle, shaken.response)
            return
        self.totals.handshakes += 1
        del self.openings[handle]
        self.viewers[handle] = viewer = Viewer(handle)
        self.sockets.send(handle, shaken.response)
        self._read(viewer, head[end:])

    def _refusal(self, handle: int, end: int) -> bytes:
        most = self.given.connections_per_address
        if end < 4 or end > HEAD_BYTES:
            return frames.refusal(431, "Request Header Fields Too Large")
        if most and self.crowd[self.addresses[handle]] > most:
            return frames.refusal(429, "Too Many Requests")
        if self.is_draining or len(self.viewers) >= self.given.max_viewers:
            return frames.refusal(503, "Service Unavailable")
        if not self.bucket.take(time.monotonic()):
            return frames.refusal(503, "Service Unavailable")
        return b""

    def _refuse(self, handle: int, response: bytes) -> None:
        self.totals.refused += 1
        del self.openings[handle]
        self.deadlines.pop(handle, None)
        self.sockets.close(handle, response)

    # -- what viewers say

    def _read(self, viewer: Viewer, buffer: bytes) -> None:
        """Whole frames one by one; the rest waits, and so does everything behind a join not yet answered."""
        try:
            while buffer and viewer.handle >= 0 and not viewer.is_waiting:
                end = frames.frame_end(buffer)
                if end is None or end > len(buffer):
                    break
                self._frame(viewer, buffer[:end])
                buffer = buffer[end:]
        except Violation as violation:
            self.totals.violations += 1
            self._close(viewer, violation.code, violation.reason)
        if buffer and viewer.handle >= 0:
            self.partial[viewer.handle] = buffer

    def _frame(self, viewer: Viewer, frame: bytes) -> None:
        viewer.spend(time.monotonic())
        read = self.parsers.read(viewer.handle, frame)
        if read.is_over:
            self._end(viewer, read.reply)
            return
        if read.reply:
            self.sockets.send(viewer.handle, read.reply)
        if read.message is not None and viewer.handle >= 0:
            self.totals.messages += 1
            self._act(viewer, viewer.hear(read.message))

    def _act(self, viewer: Viewer, message: Message | None) -> None:
        match message:
            case Join():
                self._ask(viewer, message)
            case Beat():
                self._tell(viewer.handle, self.hub.beat(viewer, message, self._now()))
            case Like(to):
                self._tell(viewer.handle, self.hub.like(viewer, to))

    def _ask(self, viewer: Viewer, join: Join) -> None:
        now, nonce = clock.now(), ""
        try:
            if join.ticket is not None:
                viewer.bearer, nonce = wire.read_ticket(join.ticket, secret=self.given.secret, now=now)
            else:
                viewer.bearer = wire.read_resume(join.resume or "", secret=self.given.secret, now=now)
        except BadToken as error:
            raise Violation(TICKET_REFUSED, f"ticket {error}") from error
        self.sockets.pause(viewer.handle)
        self.asked.append(Asked(viewer, nonce, join.since))
        self.someone_asks.set()

    def _close(self, viewer: Viewer, code: int, reason: str, last: bytes = b"") -> None:
        self._end(viewer, last + frames.closing(code, reason))

    def _end(self, viewer: Viewer, last: bytes) -> None:
        handle = viewer.handle
        self._forget(viewer)
        self.deadlines.pop(handle, None)
        self.sockets.close(handle, last)

    def _now(self) -> Instant:
        return Instant(clock.now(), time.monotonic())

    # -- joins, in batches

    async def _admit(self) -> None:
        while not self.has_stopped:
            await self.someone_asks.wait()
            await asyncio.sleep(GATHERED)
            batch, self.asked = self.asked[:ASKED_AT_ONCE], self.asked[ASKED_AT_ONCE:]
            if not self.asked:
                self.someone_asks.clear()
            if batch:
                self._answer_all(batch, await self._answers(batch))

    async def _answers(self, batch: Sequence[Asked]) -> list[Answer]:
        """Without Valkey a ticket's signature and age must do; how many were so let in is written down."""
        answers = await self._checked(batch)
        sittings = {asked.viewer.bearer.sitting for asked in batch}
        # Last, and until all are open at once: while one is read, a tick may end another that nobody is in yet.
        while shut := [room for room in map(self.hub.room, sittings) if not room.is_open]:
            await self._open_rooms(shut)
        return answers

    async def _checked(self, batch: Sequence[Asked]) -> list[Answer]:
        if self.cache_is_up:
            try:
                return await self.cache.admit([Question(asked.viewer.bearer, asked.nonce) for asked in batch])
            except AWAY as error:
                self._lose(error)
        self.hub.unchecked += sum(bool(asked.nonce) for asked in batch)
        return [Answer()] * len(batch)

    def _answer_all(self, batch: Sequence[Asked], answers: Sequence[Answer]) -> None:
        for asked, answer in zip(batch, answers, strict=True):
            if asked.viewer.handle >= 0:
                self._answer(asked, answer)

    def _answer(self, asked: Asked, answer: Answer) -> None:
        viewer = asked.viewer
        if answer.is_used:
            self._close(viewer, TICKET_REFUSED, "ticket used")
        elif answer.is_gone:
            self._close(viewer, NO_SITTING, "no such sitting")
        else:
            self.totals.joins += 1
            handle = viewer.handle
            del self.deadlines[handle]
            self._tell(handle, self.hub.join(viewer, asked.since, answer.liked, self._now()))
            if viewer.handle >= 0:
                self.sockets.resume(handle)
                self._read(viewer, self.partial.pop(handle, b""))

    async def _open_rooms(self, rooms: Sequence[Room]) -> None:
        """Reads what Valkey has of them; again after a time in which messages may have been missed."""
        known = [Known()] * len(rooms)
        if rooms and self.cache_is_up:
            try:
                known = await self.cache.known([room.sitting for room in rooms])
            except AWAY as error:
                self._lose(error)
        for room, found in zip(rooms, known, strict=True):
            room.open(found.recent, found.stats)

    # -- Valkey

    async def _listen(self) -> None:
        delay = 0.1
        while not self.has_stopped:
            try:
                await self._hear_all()
            except AWAY as error:
                self._lose(error)
                await asyncio.sleep(delay * random.random())  # noqa: S311
                delay = min(BACKOFF, delay * 2)
            else:
                delay = 0.1

    async def _hear_all(self) -> None:
        is_subscribed = False
        async with aclosing(self.cache.messages()) as messages:
            async for message in messages:
                if self.has_stopped:
                    return
                if message:
                    await self._hear(*message)
                elif not is_subscribed:
                    is_subscribed = True
                    await self._open_rooms(list(self.hub.rooms.values()))

    async def _hear(self, channel: str, data: bytes) -> None:
        try:
            match channel.split(":"):
                case ["sitting", sitting, "facts"]:
                    if room := self.hub.hear_fact(int(sitting), wire.decode_fact(data)):
                        await self._open_rooms([room])
                case ["sitting", sitting, "stats"]:
                    self.hub.hear_stats(int(sitting), wire.decode_stats(data))
                case _:
                    for viewer, frame in self.hub.hear_counted(wire.decode_counted(data)):
                        self._tell(viewer.handle, [frame])
        except ValueError:
            self.totals.unreadable += 1

    async def _write(self) -> None:
        while not self.has_stopped or self.something_to_write.is_set():
            await self.something_to_write.wait()
            self.something_to_write.clear()
            taken = self.outbox.take()
            try:
                await self.cache.write(self.hub.boot, [sealed.data for sealed in taken], clock.now())
            except AWAY as error:
                self.outbox.put_back(taken)
                self._lose(error)
            else:
                self._find()

    def _put_down(self) -> None:
        self.totals.unchecked_tickets += self.hub.unchecked
        self.outbox.add(self.hub.take_entry(clock.now()))
        self.something_to_write.set()

    def _lose(self, error: Exception) -> None:
        if self.cache_is_up:
            log.warning("gateway.redis_lost", error=type(error).__name__)
        self.cache_is_up = False

    def _find(self) -> None:
        if not self.cache_is_up:
            log.info("gateway.redis_found")
        self.cache_is_up = True

    # -- time

    async def _tick(self) -> None:
        due = time.monotonic()
        while not self.has_stopped:
            due = max(due + self.given.tick, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            self._broadcast()
            self._put_down()
            self._sweep()

    def _broadcast(self) -> None:
        for room, payloads in self.hub.tick(self._now()):
            delivery = self.sockets.broadcast(room.readers, frames.text(payloads))
            self.totals.frames += delivery.sent
            for handle in delivery.begun:
                room.fall_behind(handle, missed_tick=False)
            for handle in delivery.missed:
                room.fall_behind(handle, missed_tick=True)

    def _sweep(self) -> None:
        self.sockets.sweep()
        now = time.monotonic()
        while self.deadlines and (late := next(iter(self.deadlines))) and self.deadlines[late] < now:
            del self.deadlines[late]
            if viewer := self.viewers.get(late):
                self._close(viewer, LIMITS, "join in time")
            else:
                self._refuse(late, frames.refusal(408, "Request Timeout"))


def check(given: GatewaySettings) -> None:
    """`Refused` with what is missing before a socket is opened."""
    if not given.redis_url:
        raise Refused(
            Words("未设置 REDIS_URL，网关无法启动。", "REDIS_URL is not set; the gateway cannot start.")
        )
    check_open_files(given.max_viewers)


def check_open_files(max_viewers: int) -> None:
    """Raises the soft limit as far as it goes. `Refused` if that can't hold the viewers."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = max_viewers + SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise Refused(
            Words(
                f"打开文件数上限为 {hard}，{max_viewers} 名观众需要 {needed}。请提高上限或减少观众数。",
                f"The limit of open files is {hard}; {max_viewers} viewers need {needed}. Change either.",
            )
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed if hard == resource.RLIM_INFINITY else hard, hard))


async def serve(given: GatewaySettings) -> None:
    """Until SIGTERM or SIGINT; gone within `GONE_WITHIN` after it, whatever the viewers do."""
    gateway = Gateway(given)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.call_later(GONE_WITHIN, os._exit, 1)
        gateway.is_to_stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await gateway.run()


def main(arguments: Sequence[str] | None = None) -> int:
    loaded = settings.load()
    parser = argparse.ArgumentParser(prog="xieshang gateway", description="直播网关 The live gateway")
    parser.add_argument("--port", type=int, default=loaded.gateway_port)
    parser.add_argument("--health-port", type=int, default=loaded.gateway_health_port)
    asked = parser.parse_args(arguments)
    given = GatewaySettings(
        redis_url=loaded.redis_url,
        secret=loaded.secret,
        host=loaded.gateway_host,
        port=asked.port,
        health_port=asked.health_port,
        origins=loaded.origins,
        max_viewers=loaded.max_viewers,
    )
    try:
        check(given)
        asyncio.run(serve(given))
    except Refused as refusal:
        sys.stderr.write(f"{refusal.words.zh} {refusal.words.en}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"网关无法监听端口 The gateway cannot listen: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
