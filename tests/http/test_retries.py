"""What another try settles is tried again inside, whole, and only what never settles is refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import asyncpg
import httpx
import pytest

from tests.conftest import SignUp, StartServer
from tests.people import Rider
from tests.pooling.roads_to_campus import ask, go, ride, say, types_heard_by
from tests.waiting import until, until_waiting_for_locks
from tripsync.database.retrying import MOST_TRIES
from tripsync.metrics import REGISTRY
from tripsync.settings import Settings

RiderBehind = Callable[[str], Awaitable[Rider]]


def retries(reason: str) -> float:
    return REGISTRY.get_sample_value("tripsync_retries_total", {"reason": reason}) or 0


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A second session behind the server's back."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def behind(
    start_server: StartServer, settings: Settings, sign_up: SignUp
) -> AsyncIterator[RiderBehind]:
    """Somebody whose server has connections with this setting."""
    async with AsyncExitStack() as calling:

        async def rider_behind(setting: str) -> Rider:
            joint = "&" if "?" in settings.database_url else "?"
            server = await start_server(database_url=f"{settings.database_url}{joint}{setting}")
            caller = await calling.enter_async_context(server.client())
            return replace(await sign_up(), client=caller)

        yield rider_behind


async def test_a_deadlock_is_tried_again(
    sign_up: SignUp, db: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    asker, asked = await sign_up(), await sign_up()
    first = (await go(asked, ride(0)))["request_id"]
    second = (await go(asker, ride(1)))["request_id"]
    connection_id = (await ask(asker, first)).json()["connection_id"]
    before = retries("DeadlockDetectedError")
    # Whoever looks for a circle and finds one is given up: never this session.
    await db.execute("set deadlock_timeout = '1h'")
    holds = db.transaction()
    await holds.start()
    await db.execute("select from connections where connection_id = $1 for update", connection_id)
    gate = other.transaction()
    await gate.start()
    await other.execute("select from pooling_requests where request_id = $1 for update", second)
    answering = asyncio.create_task(say(asked, connection_id))
    # The server holds the first request, and waits for the second.
    await until_waiting_for_locks(other)
    circle = asyncio.create_task(
        db.execute("select from pooling_requests where request_id = $1 for update", first)
    )
    await until_waiting_for_locks(other, 2)
    await gate.rollback()
    # Now it waits for the connection, whose holder waits for the first request.
    await circle
    await holds.rollback()
    answer = await answering
    assert answer.status_code == 200, answer.text
    assert retries("DeadlockDetectedError") == before + 1
    assert (await types_heard_by(db, asker)).count("connection_approved") == 1


async def test_a_write_that_could_not_be_serialized_is_tried_again_with_its_key(
    sign_up: SignUp, behind: RiderBehind, db: asyncpg.Connection
) -> None:
    waiting, rider = await sign_up(), await behind("default_transaction_isolation=repeatable read")
    await go(waiting)
    before = retries("SerializationError")

    async def open_once() -> httpx.Response:
        return await rider.call(
            "POST", "/api/pool/requests", json=ride(), headers={"Idempotency-Key": "once"}
        )

    async with db.transaction():
        await db.execute("update users set full_name = full_name where user_id = $1", rider.id)
        opening = asyncio.create_task(open_once())
        await until_waiting_for_locks(db)
    opened = await opening
    assert opened.status_code == 200, opened.text
    assert retries("SerializationError") == before + 1
    again = await open_once()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == opened.content
    assert await types_heard_by(db, waiting) == ["match_found"]


async def test_a_lock_that_comes_late_is_waited_for_again(
    behind: RiderBehind, db: asyncpg.Connection
) -> None:
    rider = await behind("lock_timeout=50ms")
    before = retries("LockNotAvailableError")
    async with db.transaction():
        await db.execute("select from users where user_id = $1 for update", rider.id)
        opening = asyncio.create_task(go(rider))
        await until(lambda: retries("LockNotAvailableError") > before)
    assert (await opening)["request_id"]


async def test_a_lock_that_never_comes_ends_in_a_503(
    behind: RiderBehind, db: asyncpg.Connection
) -> None:
    rider = await behind("lock_timeout=50ms")
    before = retries("LockNotAvailableError")
    async with db.transaction():
        await db.execute("select from users where user_id = $1 for update", rider.id)
        answer = await rider.call("POST", "/api/pool/requests", json=ride())
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]
    assert retries("LockNotAvailableError") == before + MOST_TRIES - 1


@pytest.fixture
async def never_serialized(db: asyncpg.Connection) -> AsyncIterator[None]:
    """Requests with this note are refused by PostgreSQL as if others were always first."""
    await db.execute(
        "create sequence failures; grant usage on failures to public;"
        "create function fail() returns trigger language plpgsql as $$ begin "
        "perform nextval('failures');"
        "raise exception 'could not serialize access' using errcode = 'serialization_failure';"
        "end $$;"
        "create trigger always_late before insert on pooling_requests for each row "
        "when (new.note = 'always late') execute function fail()"
    )
    yield
    await db.execute(
        "drop trigger always_late on pooling_requests; drop function fail; drop sequence failures"
    )


@pytest.mark.usefixtures("never_serialized")
async def test_what_never_settles_is_a_conflict_after_a_few_tries(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    answer = await rider.call("POST", "/api/pool/requests", json=ride(note="always late"))
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert await db.fetchval("select last_value from failures") == MOST_TRIES
    assert await db.fetchval("select count(*) from events where user_id = $1", rider.id) == 0
