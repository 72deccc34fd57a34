"""The demonstration's crowd: real WebSocket viewers that watch, like, leave and come back, and a town that writes.

All of it is marked as test traffic. Stops within two seconds of SIGTERM; started again, it goes on.
"""

import argparse
import asyncio
import json
import secrets
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from engine import clock, settings, wire
from engine.database import Database
from engine.settings import Settings
from engine.wire import Bearer
from workers.demo.start import MOST_VIEWERS
from workers.demo.town import Deed, Town

ARRIVE_WITHIN_S = 20.0
STAY_S, AWAY_S = 360.0, 40.0
LIKES = 7
"""Of ten viewers."""
FIRST_BEAT_S, JITTER_S = 4.0, 5.0
CLOSE_S = 0.5
TICKET_REFUSED = 4401


@dataclass
class Viewer:
    """One browser: `key` is the same at every start; `resume` takes its last opening of the page up again."""

    key: str
    likes: bool
    resume: str | None = None
    since: int = 0
    beats: int = 0
    watched_ms: int = 0

    def join(self, sitting: int, secret: bytes) -> str:
        if self.resume:
            return json.dumps({"t": "join", "resume": self.resume, "since": self.since})
        self.beats, self.watched_ms = 0, 0
        bearer = Bearer(sitting, self.key, secrets.token_hex(8), "test")
        return json.dumps({"t": "join", "ticket": wire.new_ticket(bearer, secret=secret, now=clock.now())})

    def beat(self, watched_s: float) -> str:
        self.beats, self.watched_ms = self.beats + 1, self.watched_ms + int(1000 * watched_s)
        return json.dumps({"t": "beat", "n": self.beats, "visible": True, "watched_ms": self.watched_ms})


class Crowd:
    def __init__(self, config: Settings, sitting: int, url: str, dice: Random) -> None:
        self.config, self.sitting, self.url, self.dice = config, sitting, url, dice

    async def run(self, count: int) -> None:
        database = Database(self.config.database_url)
        town = Town(database, self.sitting, self.dice)
        pause = max(3.0, 1200 / count)
        deeds: tuple[tuple[Deed, float], ...] = (
            (town.comment, pause),
            (town.ask, 4 * pause),
            (town.upvote, pause / 2),
            (town.review, 3.0),
            (town.lead, 5.0),
        )
        async with asyncio.TaskGroup() as tasks:
            for number in range(count):
                tasks.create_task(self.watch(Viewer(f"demo-viewer-{number}", number % 10 < LIKES)))
            for deed, every in deeds:
                tasks.create_task(self.repeat(town, deed, every))

    async def repeat(self, town: Town, deed: Deed, every: float) -> None:
        while True:
            await asyncio.sleep(min(self.dice.expovariate(1 / every), 3 * every))
            await asyncio.to_thread(town.do, deed, clock.now())

    async def watch(self, viewer: Viewer) -> None:
        """Comes, stays a while, leaves and comes back, for good; where nobody answers it tries again soon."""
        pause = self.dice.uniform(0, ARRIVE_WITHIN_S)
        while True:
            await asyncio.sleep(pause)
            pause = self.dice.uniform(0, 3)
            with suppress(OSError, TimeoutError, ConnectionClosed, InvalidHandshake):
                await self.stay(viewer)
                pause = self.dice.expovariate(1 / AWAY_S)

    async def stay(self, viewer: Viewer) -> None:
        async with connect(
            self.url, proxy=None, compression=None, ping_interval=None, close_timeout=CLOSE_S
        ) as socket:
            try:
                await self._watch(socket, viewer)
            except ConnectionClosed as gone:
                if gone.rcvd and gone.rcvd.code == TICKET_REFUSED:
                    viewer.resume = None
                raise

    async def _watch(self, socket: ClientConnection, viewer: Viewer) -> None:
        await socket.send(viewer.join(self.sitting, self.config.secret))
        while (hello := json.loads(await socket.recv()))["t"] != "hello":
            continue
        viewer.resume, viewer.since = hello["resume"], hello["fact_no"]
        wants = viewer.likes and "sitting" not in hello["liked"]
        left, until_beat = self.dice.expovariate(1 / STAY_S), FIRST_BEAT_S
        while left > 0:
            wants = await self._listen(socket, until_beat) and wants
            await socket.send(viewer.beat(until_beat))
            if wants and viewer.beats > 1:
                await socket.send(json.dumps({"t": "like", "to": "sitting"}))
            left -= until_beat
            until_beat = hello["beat"] + self.dice.uniform(-JITTER_S, JITTER_S)

    async def _listen(self, socket: ClientConnection, seconds: float) -> bool:
        """Reads for so long; false once the like has been counted."""
        is_counted = False
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    frame = await socket.recv()
                    is_counted = is_counted or str(frame).startswith('{"t":"liked"')
        return not is_counted


async def run(crowd: Crowd, count: int) -> None:
    task = asyncio.ensure_future(crowd.run(count))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m workers.demo.crowd", description=__doc__)
    parser.add_argument("--sitting", type=int, required=True)
    parser.add_argument("--count", type=int, default=200, choices=range(1, MOST_VIEWERS + 1), metavar="N")
    parser.add_argument("--url", required=True, help="the gateway's address, ws://…/ws")
    given = parser.parse_args(argv)
    dice = Random()  # noqa: S311  (a crowd's whims)
    asyncio.run(run(Crowd(settings.load(), given.sitting, given.url, dice), given.count))


if __name__ == "__main__":
    main()
