"""The peer: what websockets gives out of the box, `broadcast` once a second. Compression and keepalive are off,
which is to its advantage."""

import asyncio
import itertools
import json
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main(port: int, size: int) -> None:
    viewers: set[ServerConnection] = set()

    async def stay(viewer: ServerConnection) -> None:
        viewers.add(viewer)
        try:
            await viewer.wait_closed()
        finally:
            viewers.discard(viewer)

    async with serve(stay, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096):
        for seq in itertools.count(1):
            await asyncio.sleep(1)
            frame = json.dumps({"t": "tick", "seq": seq, "padding": ""})
            broadcast(viewers, frame[:-2] + "x" * (size - len(frame)) + frame[-2:])


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
