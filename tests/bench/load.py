"""A load generator: some connections, each sending the next request once it has its answer.

Run by requests.py as a process of its own, so that generator and server do not share an
interpreter. It knows just enough HTTP to find the end of an answer.
"""

import argparse
import asyncio
import gc
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from time import perf_counter
from typing import cast

import uvloop

HOST = "127.0.0.1"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
WARM_UP = 0.2
# What stands between two requests of the input.
BETWEEN = b"\0"


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
            "p50": ordered[len(ordered) // 2] * 1000,
            "p99": ordered[len(ordered) * 99 // 100] * 1000,
            "statuses": {int(status): count for status, count in self.statuses.items()},
        }


class Load:
    """Requests, sent in turn again and again."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self.requests = cycle(requests)
        self.tally = Tally()
        self.over = False


class Caller(asyncio.Protocol):
    """One connection's side of the conversation."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._answer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def connection_lost(self, reason: Exception | None) -> None:
        if not self._load.over:
            sys.exit("the server closed a connection that was to be kept")

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
        self._load.tally.count(self._answer[9:12], perf_counter() - self._sent)
        self._answer = b""
        self._send()

    def _send(self) -> None:
        self._sent = perf_counter()
        self._transport.write(next(self._load.requests))


async def generate(port: int, requests: Sequence[bytes], seconds: float, connections: int) -> Tally:
    loop = asyncio.get_running_loop()
    load = Load(requests)
    callers = [
        await loop.create_connection(lambda: Caller(load), HOST, port) for _ in range(connections)
    ]
    await asyncio.sleep(WARM_UP)
    load.tally = tally = Tally()
    await asyncio.sleep(seconds)
    load.tally, load.over = Tally(), True
    for transport, _ in callers:
        transport.abort()
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--connections", type=int, default=1)
    chosen = parser.parse_args()
    requests = sys.stdin.buffer.read().split(BETWEEN)
    # A pause of our own would look like one of the server's.
    gc.disable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tally = runner.run(generate(chosen.port, requests, chosen.seconds, chosen.connections))
    json.dump(tally.summary(), sys.stdout)


if __name__ == "__main__":
    main()
