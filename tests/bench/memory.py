"""What a server process grows by for each idle socket, and whether it gives back what it took."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.bench.bench import Bench
from tests.bench.devices import Devices, devices
from tests.bench.figures import Figure
from tests.bench.servers import Running

# Open before memory is first looked at: what is loaded once is no cost of a socket.
FIRST_SOCKETS = 20
SETTLES_WITHIN = 2.0
KIB = "KiB"


async def measure(bench: Bench) -> list[Figure]:
    number = bench.size.sockets
    figure = Figure(f"memory of one of {number:,} sockets", "websockets", KIB, goal=1.3)
    with bench.empty() as campus:
        offers = list(campus.offers(await campus.enrol(number)))

        async def open_ours(listeners: Devices, first: int, last: int) -> None:
            await listeners.open(offers[first:last])

        async def open_bare(listeners: Devices, first: int, last: int) -> None:
            await listeners.open_bare(last - first)

        for _ in bench.rounds("memory", 2):
            with campus.tripsync() as server:
                ours = await growth(server, open_ours, number)
            with campus.reference("sockets") as server:
                figure.note(ours, await growth(server, open_bare, number))
    return [figure]


async def growth(
    server: Running, open_some: Callable[[Devices, int, int], Awaitable[None]], number: int
) -> float:
    """Of each, in KiB."""
    async with devices(server) as listeners:
        await open_some(listeners, 0, FIRST_SOCKETS)
        await asyncio.sleep(SETTLES_WITHIN)
        before = server.memory
        await open_some(listeners, FIRST_SOCKETS, number)
        await asyncio.sleep(SETTLES_WITHIN)
        return (server.memory - before) / (number - FIRST_SOCKETS) / 1024
