"""The websockets package as its documentation shows it, without compression.

It holds sockets and, at SIGUSR1, says one text to all of them.
"""

import asyncio
import os
import signal

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

ANNOUNCEMENT = "x" * 200


async def attend(connection: ServerConnection) -> None:
    await connection.wait_closed()


async def hold() -> None:
    async with serve(attend, os.environ["HOST"], int(os.environ["PORT"]), compression=None) as all:
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGUSR1, lambda: broadcast(all.connections, ANNOUNCEMENT)
        )
        await all.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(hold())
