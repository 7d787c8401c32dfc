"""python-socketio under uvicorn, as its documentation shows it; at SIGUSR1 it emits to all."""

import asyncio
import os
import signal

import socketio
import uvicorn

from tests.bench.references.sockets import ANNOUNCEMENT

# Longer than a run: the devices of the benchmark know no ping of engine.io.
server = socketio.AsyncServer(async_mode="asgi", ping_interval=3600)


async def listen_for_the_signal() -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(
        signal.SIGUSR1, lambda: loop.create_task(server.emit("announcement", ANNOUNCEMENT))
    )


app = socketio.ASGIApp(server, on_startup=listen_for_the_signal)


if __name__ == "__main__":
    uvicorn.run(app, host=os.environ["HOST"], port=int(os.environ["PORT"]))
