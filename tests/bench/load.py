"""A load generator, as a process of its own, so that it shares no interpreter with a server.

It obeys lines of JSON, and knows just enough HTTP to find the end of an answer:

    {"port": 8000, "requests": ["GET / ..."], "connections": 16, "seconds": 1}
        each connection sends the next request as soon as it has its answer: a closed loop, which
        finds out how many a second there can be
    {..., "rate": 300}
        so many arrive a second, at random moments, whatever became of those before: an open loop,
        which finds out how long people wait
"""

import asyncio
import gc
import json
import random
import re
import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import cycle
from time import perf_counter
from typing import Any, cast

import uvloop

HOST = "127.0.0.1"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
WARM_UP = 0.15
TICK = 0.001
ANSWERED_WITHIN = 30.0


class Tally:
    """What came back, and how long each answer took."""

    def __init__(self) -> None:
        self.began = perf_counter()
        self.seconds: list[float] = []
        self.statuses: Counter[bytes] = Counter()

    def count(self, status: bytes, seconds: float) -> None:
        self.seconds.append(seconds)
        self.statuses[status] += 1

    def summary(self) -> dict[str, object]:
        elapsed = perf_counter() - self.began
        ordered = sorted(self.seconds)
        return {
            "rate": len(ordered) / elapsed,
            "answered": len(ordered),
            "p50": ordered[len(ordered) // 2] * 1000,
            "p99": ordered[len(ordered) * 99 // 100] * 1000,
            "statuses": {int(status): count for status, count in self.statuses.items()},
        }


class Load:
    """Requests, sent in turn again and again: at once, or as they arrive."""

    def __init__(self, requests: Sequence[bytes], paced: bool) -> None:
        self._requests = cycle(requests)
        self._paced = paced
        self._arrived: deque[float] = deque()
        self._idle: deque[Caller] = deque()
        self._callers = 0
        self.tally = Tally()
        self.over = False

    def arrive(self) -> None:
        """Somebody asks, and waits where no connection is free."""
        now = perf_counter()
        if self._idle:
            self._idle.pop().send(next(self._requests), now)
        else:
            self._arrived.append(now)

    def ready(self, caller: "Caller") -> None:
        """A connection can take the next request."""
        if not self._paced:
            caller.send(next(self._requests), perf_counter())
        elif self._arrived:
            caller.send(next(self._requests), self._arrived.popleft())
        else:
            self._idle.append(caller)

    @property
    def waiting(self) -> int:
        return len(self._arrived)

    @property
    def idle(self) -> int:
        return len(self._idle)


class Caller(asyncio.Protocol):
    """One connection's side of the conversation."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._answer = b""
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._load.ready(self)

    def connection_lost(self, reason: Exception | None) -> None:
        if not self._load.over:
            sys.exit("the server closed a connection that was to be kept")

    def send(self, request: bytes, since: float) -> None:
        self._since = since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head = self._answer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = LENGTH.search(self._answer, 0, head)
        if length is None:
            sys.exit("an answer came without its length")
        if len(self._answer) < head + 4 + int(length[1]):
            return
        self._load.tally.count(self._answer[9:12], perf_counter() - self._since)
        self._answer = b""
        self._load.ready(self)


async def pace(load: Load, rate: float, seconds: float) -> None:
    """Let requests arrive as people do who know nothing of each other."""
    loop = asyncio.get_running_loop()
    began = due = loop.time()
    while True:
        due += random.expovariate(rate)
        if due > began + seconds:
            return
        # A clock is no event.
        while due > loop.time():  # noqa: ASYNC110
            await asyncio.sleep(TICK)
        load.arrive()


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(ANSWERED_WITHIN):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(TICK)


async def generate(
    port: int, requests: Sequence[bytes], connections: int, seconds: float, rate: float | None
) -> Tally:
    loop = asyncio.get_running_loop()
    load = Load(requests, paced=rate is not None)
    callers = [
        await loop.create_connection(lambda: Caller(load), HOST, port) for _ in range(connections)
    ]
    if rate is None:
        await asyncio.sleep(WARM_UP)
        load.tally = tally = Tally()
        await asyncio.sleep(seconds)
        await until(lambda: bool(tally.seconds))
    else:
        await pace(load, rate, WARM_UP)
        load.tally = tally = Tally()
        await pace(load, rate, seconds)
        await until(lambda: not load.waiting and load.idle == connections)
    load.tally, load.over = Tally(), True
    for transport, _ in callers:
        transport.abort()
    return tally


async def obey() -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order: dict[str, Any] = json.loads(line)
        requests = [each.encode() for each in order["requests"]]
        tally = await generate(
            order["port"], requests, order["connections"], order["seconds"], order.get("rate")
        )
        print(json.dumps(tally.summary()), flush=True)
        gc.collect()


if __name__ == "__main__":
    # A pause of our own would look like one of the server's.
    gc.disable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(obey())
