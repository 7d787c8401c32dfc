"""Prometheus is told of this process what is counted, or looked up when it asks.

Counters and histograms stand beside what they count, in `REGISTRY`. Every server process has a
port of its own for them, METRICS_PORT and those that follow: each can be read by itself, sums are
Prometheus's to make, and nothing of a process that died stays behind.

No label may ever hold what a client chooses, or the id of anything: each value is a series that
is kept for months.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import CancelledError
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

from tripsync import __version__
from tripsync.settings import Settings

# Of a request or a query, and of work that nobody waits for.
WAITED_FOR = (0.005, 0.025, 0.1, 0.5, 2.5)
NOT_WAITED_FOR = (0.01, 0.1, 1, 10, 60)

# What takes longer to find out is left out of the answer, which must come just when all is slow.
LOOK_WITHIN = 2.0

Look = Callable[[], Coroutine[Any, Any, list[Metric]]]

# When a series began doubles their number, and tells Prometheus nothing that it asks for.
disable_created_metrics()
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
Gauge("tripsync_info", "Which release runs", ["version"], registry=REGISTRY).labels(
    __version__
).set(1)


def counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(name, meaning, labels, registry=REGISTRY)


def histogram(
    name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = WAITED_FOR
) -> Histogram:
    return Histogram(name, meaning, labels, registry=REGISTRY, buckets=buckets)


class MetricsPort:
    """Answers Prometheus in threads of its own, so that writing it all down delays no rider."""

    def __init__(self, settings: Settings, look: Look) -> None:
        """`look` finds out, on the loop, what has to be looked up."""
        self._host = settings.metrics_host
        self._port = settings.metrics_port
        self._look = look
        self._stop: Callable[[], None] = lambda: None

    async def start(self) -> None:
        if not self._port:
            return
        registry = CollectorRegistry(support_collectors_without_names=True)
        registry.register(REGISTRY)
        registry.register(LookedUp(self._look, asyncio.get_running_loop()))
        server, thread = start_http_server(self._port, self._host, registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        self._stop = stop

    async def stop(self) -> None:
        await asyncio.to_thread(self._stop)


class LookedUp:
    """What is looked up on the loop, for a thread that waits."""

    def __init__(self, look: Look, loop: asyncio.AbstractEventLoop) -> None:
        self._look = look
        self._loop = loop

    def collect(self) -> Iterable[Metric]:
        looking = asyncio.run_coroutine_threadsafe(self._look(), self._loop)
        try:
            return looking.result(LOOK_WITHIN)
        except (TimeoutError, CancelledError):
            looking.cancel()
            return []
