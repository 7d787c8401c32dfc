"""How long it takes until all devices have what is told to all, beside servers that keep nothing.

- an event to all riders: one transaction in another process appends it for each; from its
  beginning until the last device has it;
- a message to all devices of one rider: `send_personal_message`, from a signal to the process.
"""

import os
import signal
from contextlib import AbstractContextManager, AsyncExitStack
from time import monotonic

from tests.bench.announcements import append_for_all
from tests.bench.bench import Bench
from tests.bench.campus import Campus
from tests.bench.devices import SOCKET_IO, Devices, devices
from tests.bench.figures import TIME, Figure
from tests.bench.servers import Running


async def measure(bench: Bench) -> list[Figure]:
    number = bench.size.sockets
    websockets = Figure(f"an event to {number:,} riders", "websockets, broadcast", TIME)
    socket_io = Figure(f"an event to {number:,} riders", "python-socketio, emit", TIME, goal=1 / 3)
    message = Figure(f"a message to {number:,} devices", "websockets, broadcast", TIME, goal=1)
    with bench.empty() as campus:
        async with AsyncExitStack() as stack:
            database = await campus.database()
            stack.push_async_callback(database.close)
            riders = await campus.enrol(number)
            [talker] = await campus.enrol(1)
            listening = stack.enter_context(campus.tripsync())
            talking = stack.enter_context(ringing(campus, talker["user_id"]))
            bare = stack.enter_context(campus.reference("sockets"))
            emitting = stack.enter_context(campus.reference("socket_io"))
            all_riders = await stack.enter_async_context(devices(listening))
            all_devices = await stack.enter_async_context(devices(talking))
            bare_devices = await stack.enter_async_context(devices(bare))
            io_devices = await stack.enter_async_context(devices(emitting, SOCKET_IO))
            bench.say(f"fan-out, opening 4 times {number:,} sockets")
            await all_riders.open(campus.offers(riders))
            await all_devices.open(campus.offers([talker] * number))
            await bare_devices.open_bare(number)
            await io_devices.open_socket_io(number)
            for _ in bench.rounds("fan-out"):
                broadcast = await ring(bare, bare_devices)
                told = await ring(talking, all_devices)
                await all_riders.listen(1)
                began = monotonic()
                await append_for_all(database, riders)
                appended = 1000 * (await all_riders.all_heard() - began)
                websockets.note(appended, broadcast)
                message.note(told, broadcast)
                socket_io.note(appended, await ring(emitting, io_devices))
    return [socket_io, websockets, message]


def ringing(campus: Campus, user_id: int) -> AbstractContextManager[Running]:
    """TripSync that says something to this rider at SIGUSR1."""
    return campus.server("tests.bench.ringing", str(user_id))


async def ring(server: Running, listeners: Devices) -> float:
    """Milliseconds from the signal until the last device has the message."""
    await listeners.listen(1)
    began = monotonic()
    os.kill(server.pid, signal.SIGUSR1)
    return 1000 * (await listeners.all_heard() - began)
