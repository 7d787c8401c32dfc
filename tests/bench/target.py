"""A target is a kind of request to a server, as the load generator sends it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.bench import Bench
from tests.bench.servers import HOST, Obedient, Running


@dataclass(frozen=True)
class Ask:
    """One request."""

    path: str
    token: str = ""
    body: object = None

    def text(self, port: int) -> str:
        content = "" if self.body is None else json.dumps(self.body)
        lines = [
            f"{'GET' if self.body is None else 'POST'} {self.path} HTTP/1.1",
            f"Host: {HOST}:{port}",
            *([f"Authorization: Bearer {self.token}"] if self.token else []),
            *(["Content-Type: application/json"] if content else []),
            f"Content-Length: {len(content)}",
        ]
        return "\r\n".join([*lines, "", content])


@dataclass(frozen=True)
class Measurement:
    """What became of requests: how many were answered a second, and in how many milliseconds."""

    rate: float
    p50: float
    p99: float
    answered: int


@dataclass(frozen=True)
class Target:
    """Requests to a server, sent in turn."""

    server: Running
    asks: Sequence[Ask]
    statuses: frozenset[int] = frozenset({200, 201})

    async def ceiling(
        self,
        bench: Bench,
        connections: int | None = None,
        *,
        load: Obedient | None = None,
        seconds: float | None = None,
    ) -> Measurement:
        """With all connections kept busy."""
        return await self._measure(
            load or await bench.load(),
            connections or bench.size.connections,
            seconds=seconds or bench.size.seconds,
        )

    async def paced(self, bench: Bench, rate: float, seconds: float) -> Measurement:
        """With so many arriving a second."""
        return await self._measure(
            await bench.load(), 4 * bench.size.connections, rate=rate, seconds=seconds
        )

    async def _measure(self, load: Obedient, connections: int, **more: float) -> Measurement:
        order = {
            "port": self.server.port,
            "requests": [ask.text(self.server.port) for ask in self.asks],
            "connections": connections,
        }
        await load.tell(order | more)
        found = await load.answer()
        statuses = {int(status) for status in found.pop("statuses")}
        if not statuses <= self.statuses:
            raise SystemExit(f"{self.asks[0].path}: answered {sorted(statuses)}")
        return Measurement(**found)
