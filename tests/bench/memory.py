"""What a server process grows by for each idle socket, and whether it gives back what it took."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.bench.bench import Bench
from tests.bench.devices import Devices, devices
from tests.bench.figures import Figure
from tests.bench.servers import Running
from tests.bench.target import Ask, Target
from tests.bench.those_who_ask import anybody

# Open before memory is first looked at: what is loaded once is no cost of a socket.
FIRST_SOCKETS = 20
KIB, MIB = "KiB", "MiB"
# Long enough for what is loaded once, and for what a leak would add.
BEFORE, LOAD, LARGE_LOAD = 2.0, 10.0, 120.0


async def measure(bench: Bench) -> list[Figure]:
    number = bench.size.sockets
    figure = Figure(f"memory of one of {number:,} sockets", "websockets", KIB, goal=1.3)
    with bench.empty() as campus:
        offers = list(campus.offers(await campus.enrol(number)))

        async def open_ours(listeners: Devices, first: int, last: int) -> None:
            await listeners.open(offers[first:last])

        async def open_bare(listeners: Devices, first: int, last: int) -> None:
            await listeners.open_bare(last - first)

        bench.say("memory of sockets")
        with campus.tripsync() as server:
            ours = await growth(bench, server, open_ours)
        with campus.reference("sockets") as server:
            figure.note(ours, await growth(bench, server, open_bare))
    return [figure, await remains(bench)]


async def remains(bench: Bench) -> Figure:
    """What a worker takes when many requests and sockets have come and gone."""
    figure = Figure("memory of a worker after a load", "before it", MIB, goal=1.1)
    campus = bench.seeded()
    riders = await anybody(campus)
    asks = [
        Ask(path, campus.token(rider))
        for rider in riders
        for path in ("/api/profile/me", "/api/services", "/api/pool/requests")
    ]
    offers = list(campus.offers(riders))

    async def come_and_go(server: Running, seconds: float) -> float:
        await Target(server, asks).ceiling(bench, seconds=seconds)
        async with devices(server) as listeners:
            for _ in range(max(1, int(seconds * bench.size.sockets / 10 / len(offers)))):
                await listeners.open(offers)
                await listeners.close()
        await asyncio.sleep(4 * bench.size.seconds)
        return server.memory / 2**20

    bench.say("memory after a load")
    load = LARGE_LOAD if bench.size.large else LOAD
    with campus.tripsync() as server:
        before = await come_and_go(server, BEFORE * 2 * bench.size.seconds)
        figure.note(await come_and_go(server, load * 2 * bench.size.seconds), before)
    return figure


async def growth(
    bench: Bench, server: Running, open_some: Callable[[Devices, int, int], Awaitable[None]]
) -> float:
    """Of each, in KiB."""
    number = bench.size.sockets
    async with devices(server) as listeners:
        await open_some(listeners, 0, FIRST_SOCKETS)
        await asyncio.sleep(4 * bench.size.seconds)
        before = server.memory
        await open_some(listeners, FIRST_SOCKETS, number)
        await asyncio.sleep(4 * bench.size.seconds)
        return (server.memory - before) / (number - FIRST_SOCKETS) / 1024
