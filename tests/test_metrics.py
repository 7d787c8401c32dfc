"""What Prometheus reads: counts of what happened, told apart by few labels and by nobody's id."""

import json
import os
import re
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.asyncapi import Trial
from tests.conftest import Server, SignUp, StartServer
from tests.people import Rider
from tests.processes import ROOT, free_ports, tripsync
from tests.realtime.devices import on_line
from tests.waiting import PATIENCE, until
from tripsync import gauges, metrics
from tripsync.database import Database
from tripsync.realtime.events import append

MISCONFIGURED = 78

Scrape = Callable[[], Awaitable["Reading"]]


class Reading:
    """The answer to one scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = list(text_string_to_metric_families(text))

    def value(self, name: str, **labels: str) -> float:
        """The sum of what carries these labels; 0 where nothing does."""
        return sum(
            sample.value
            for family in self.families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def labels(self, name: str) -> set[str]:
        """All values of all labels of a metric."""
        return {
            value
            for family in self.families
            for sample in family.samples
            if sample.name.startswith(name)
            for value in sample.labels.values()
        }


async def scrape_port(port: int) -> Reading:
    async with httpx.AsyncClient(timeout=PATIENCE) as prometheus:
        answer = await prometheus.get(f"http://127.0.0.1:{port}/metrics")
        assert answer.status_code == 200
        return Reading(answer.text)


@pytest.fixture
def port() -> int:
    return free_ports(1)


@pytest.fixture
async def measured(start_server: StartServer, port: int, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(metrics, "LOOK_WITHIN", PATIENCE)
    monkeypatch.setattr(gauges, "ASK_WITHIN", PATIENCE)
    return await start_server(metrics_port=port)


@pytest.fixture
def scrape(measured: Server, port: int) -> Scrape:
    return lambda: scrape_port(port)


async def call(server: Server, path: str, rider: Rider | None = None) -> int:
    async with server.client() as client:
        answer = await client.get(path, headers=rider.headers if rider else {})
        return answer.status_code


async def test_requests_are_counted_by_the_pattern_of_their_path(
    measured: Server, scrape: Scrape, sign_up: SignUp
) -> None:
    asha, ravi = await sign_up(), await sign_up()
    kind = {"method": "GET", "route": "/api/users/<user_id:id>/profile"}
    before = await scrape()
    assert await call(measured, f"/api/users/{ravi.id}/profile", asha) == 200
    assert await call(measured, f"/api/users/{ravi.id}/profile") == 401
    assert await call(measured, f"/api/users/{asha.id}/profile", ravi) == 200
    after = await scrape()
    for status, number in (("200", 2), ("401", 1)):
        answered = [
            each.value("tripsync_requests_total", **kind, status=status) for each in (before, after)
        ]
        assert answered[1] - answered[0] == number
    took = [each.value("tripsync_request_seconds_count", **kind) for each in (before, after)]
    assert took[1] - took[0] == 3


async def test_what_a_client_makes_up_makes_no_series(measured: Server, scrape: Scrape) -> None:
    unknown = {"method": "", "route": "", "status": "404"}
    before = await scrape()
    for path in ("/api/nothing/1234567", "/wp-login.php", "/api/users/99/teapot"):
        assert await call(measured, path) == 404
    async with measured.client() as client:
        await client.request("BREW", "/api/health/ping")
    after = await scrape()
    name = "tripsync_requests_total"
    assert after.value(name, **unknown) - before.value(name, **unknown) == 3
    made_up = re.compile("1234567|wp-login|teapot|BREW")
    assert not [each for each in after.labels("tripsync_") if made_up.search(each)]


async def test_sockets_events_and_their_way_are_seen(
    measured: Server, scrape: Scrape, sign_up: SignUp
) -> None:
    asha = await sign_up()
    before = await scrape()
    async with AsyncExitStack() as lines:
        phone = await lines.enter_async_context(on_line(measured.url, asha))
        tablet = await lines.enter_async_context(on_line(measured.url, asha))
        await lines.enter_async_context(on_line(measured.url))
        for device in (phone, tablet):
            await device.hear("ready")
        async with measured.app.ctx.resources[Database].transaction() as db:
            await append(db, asha.id, Trial(1))
        for device in (phone, tablet):
            await device.hear("x_test")
        during = await scrape()
    assert during.value("tripsync_sockets", whose="riders") == 2
    assert during.value("tripsync_sockets", whose="strangers") == 1
    for name, number in (
        ("tripsync_events_delivered_total", 2),
        ("tripsync_event_lag_seconds_count", 1),
    ):
        assert during.value(name) - before.value(name) == number


@pytest.mark.parametrize("path", ["/api/ws/pool?after=0", "/api/ws/pool"])
async def test_what_happened_before_a_device_came_counts_as_delivered_and_not_as_late(
    measured: Server, scrape: Scrape, sign_up: SignUp, path: str
) -> None:
    asha = await sign_up()
    async with measured.app.ctx.resources[Database].transaction() as db:
        await append(db, asha.id, Trial(1))
    before = await scrape()
    async with on_line(measured.url, asha, path=path) as phone:
        await phone.hear("x_test")
        after = await scrape()
    for name, number in (
        ("tripsync_events_delivered_total", 1),
        ("tripsync_event_lag_seconds_count", 0),
    ):
        assert after.value(name) - before.value(name) == number


async def test_an_exhausted_pool_is_seen_and_hides_nothing_else(
    measured: Server, scrape: Scrape, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await scrape()).value("tripsync_database_up") == 1
    pool = measured.app.ctx.resources[Database].pool
    async with AsyncExitStack() as taken:
        for _ in range(pool.get_max_size()):
            await taken.enter_async_context(pool.acquire())
        monkeypatch.setattr(gauges, "ASK_WITHIN", 0.1)
        reading = await scrape()
    assert reading.value("tripsync_database_up") == 0
    assert reading.value("tripsync_database_connections", state="busy") == pool.get_max_size()
    assert reading.value("tripsync_database_connections", state="idle") == 0
    assert reading.value("tripsync_info") == 1


async def test_nobody_reads_it_where_riders_call(measured: Server) -> None:
    assert await call(measured, "/metrics") == 404


@pytest.mark.touches_everybody
async def test_every_worker_has_a_port_also_the_one_that_replaces_a_dead_one(
    database_url: str, data_dir: Path
) -> None:
    first = free_ports(2)
    with tripsync(
        "serve",
        "--workers",
        "2",
        data_dir=data_dir,
        DATABASE_URL=database_url,
        METRICS_PORT=str(first),
        DATABASE_POOL_MIN="1",
        DATABASE_POOL_MAX="5",
    ) as serving:
        address = await serving.address()

        async def begun() -> dict[int, float]:
            """When the process began that answers at each port."""
            return {
                port: (await scrape_port(port)).value("process_start_time_seconds")
                for port in (first, first + 1)
            }

        async def both_answer() -> dict[int, float] | None:
            try:
                return await begun()
            except httpx.TransportError:
                return None

        before = await until(both_answer)
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
            for _ in range(5):
                await client.get("/api/health/ping")
        pings = {"route": "/api/health/ping", "status": "200"}
        counts = [
            (await scrape_port(port)).value("tripsync_requests_total", **pings) for port in before
        ]
        assert sum(counts) == 5
        os.kill(min(serving.workers), signal.SIGKILL)

        async def replaced() -> bool:
            after = await both_answer()
            return after is not None and after != before

        await until(replaced)


async def test_a_port_that_somebody_has_is_told_of(
    database_url: str, data_dir: Path, port: int
) -> None:
    with (
        socket.create_server(("127.0.0.1", port)),
        tripsync(
            "serve", data_dir=data_dir, DATABASE_URL=database_url, METRICS_PORT=str(port)
        ) as serving,
    ):
        assert await serving.exit_code() == MISCONFIGURED
        assert f"cannot listen on 127.0.0.1:{port} for metrics" in serving.said
        assert "Traceback" not in serving.said


@pytest.mark.touches_everybody
async def test_a_worker_without_sockets_tells_too(
    database_url: str, data_dir: Path, port: int
) -> None:
    with tripsync(
        "worker", data_dir=data_dir, DATABASE_URL=database_url, METRICS_PORT=str(port)
    ) as working:
        await until(lambda: "does jobs and timers" in working.said)

        async def sees_the_database() -> Reading | None:
            reading = await scrape_port(port)
            return reading if reading.value("tripsync_database_up") == 1 else None

        reading = await until(sees_the_database)
        assert "tripsync_sockets" not in reading.text
        working.send(signal.SIGTERM)
        assert await working.exit_code() == 0


def queries(node: Any) -> Iterator[str]:
    """Every query of a dashboard."""
    if isinstance(node, dict):
        if "expr" in node:
            yield node["expr"]
        for each in node.values():
            yield from queries(each)
    elif isinstance(node, list):
        for each in node:
            yield from queries(each)


async def test_the_dashboard_asks_for_metrics_that_exist(scrape: Scrape) -> None:
    dashboard = json.loads((ROOT / "docs" / "grafana.json").read_text())
    suffixes = {
        "counter": ("_total",),
        "histogram": ("_bucket", "_count", "_sum"),
        "gauge": ("",),
    }
    there = {
        family.name + suffix
        for family in (await scrape()).families
        for suffix in suffixes[family.type]
    }
    asked = {
        name
        for query in queries(dashboard)
        for name in re.findall(r"\b(?:tripsync|process)_\w+", query)
    }
    assert len(asked) > 15
    assert asked <= there
    ours = {name for name in there if name.startswith("tripsync_")}
    left_out = {name for name in ours - asked if not name.endswith(("_sum", "_count"))}
    assert left_out == {"tripsync_info"}
