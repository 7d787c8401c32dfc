"""A DBA sees which query it is: while it runs, and afterwards if it took long."""

import asyncio
import logging

import asyncpg
import pytest

from tests.conftest import SignUp, StartServer
from tests.people import Rider
from tests.waiting import until, until_waiting_for_locks
from tripsync.database import Database
from tripsync.metrics import REGISTRY

RIDE = {
    "start_latitude": 19.1075,
    "start_longitude": 72.8372,
    "destination_latitude": 19.2,
    "destination_longitude": 72.85,
}


def times_counted() -> float:
    labels = {"query": "requests.lock_rider"}
    return REGISTRY.get_sample_value("tripsync_query_seconds_count", labels) or 0


async def test_a_query_that_waits_is_seen_by_its_name_and_logged_when_it_is_over(
    start_server: StartServer,
    sign_up: SignUp,
    db: asyncpg.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "tripsync.queries")
    server = await start_server(slow_query_ms=1)
    rider: Rider = await sign_up()
    counted = times_counted()
    async with db.transaction():
        await db.execute("select from users where user_id = $1 for update", rider.id)
        asking = asyncio.create_task(
            rider.call("POST", f"{server.url}/api/pool/requests", json=RIDE)
        )
        await until_waiting_for_locks(db)
        running = await db.fetchval(
            "select query from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        )
        assert running.startswith("/* requests.lock_rider */ select")
        assert not [each for each in caplog.records if "lock_rider" in each.message]
    assert (await asking).status_code == 200
    await until(lambda: times_counted() > counted)
    [slow] = [each for each in caplog.records if "lock_rider" in each.message]
    assert "(sql/requests.sql:" in slow.message
    assert slow.query == "requests.lock_rider"  # type: ignore[attr-defined]
    assert slow.milliseconds >= 1  # type: ignore[attr-defined]
    # Values are people's.
    assert slow.args == (slow.query, slow.milliseconds, slow.place)  # type: ignore[attr-defined]


async def test_what_is_quick_is_not_logged(
    start_server: StartServer, sign_up: SignUp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "tripsync.queries")
    server = await start_server(slow_query_ms=600_000)
    rider = await sign_up()
    answer = await rider.call("POST", f"{server.url}/api/pool/requests", json=RIDE)
    assert answer.status_code == 200
    assert not caplog.records


async def test_what_found_no_connection_is_not_called_slow(
    start_server: StartServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING, "tripsync.queries")
    server = await start_server(slow_query_ms=1, database_pool_max=1, jobs="off")
    database = server.app.ctx.resources[Database]
    async with database.pool.acquire():
        monkeypatch.setattr("tripsync.database.connection.WAIT_FOR_CONNECTION", 0.05)
        with pytest.raises(TimeoutError):
            await database.reading.colleges.list_college_names()
    assert not [each for each in caplog.records if "list_college_names" in each.message]
