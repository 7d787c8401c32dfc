"""Telling riders things, as features do."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from tests.asyncapi import Trial
from tests.conftest import Server
from tests.people import Rider
from tripsync.database import Database
from tripsync.realtime.events import append_many

Tell = Callable[..., Awaitable[None]]
TimePasses = Callable[..., Awaitable[None]]


@pytest.fixture
def database(server: Server) -> Database:
    found: Database = server.app.ctx.resources[Database]
    return found


@pytest.fixture
def tell(database: Database) -> Tell:
    """`await tell(rider, 3)`: three events in one transaction."""

    async def tell(rider: Rider, number: int = 1, **payload: object) -> None:
        async with database.transaction() as db:
            await append_many(db, [(rider.id, Trial(**{"n": n, **payload})) for n in range(number)])

    return tell


@pytest.fixture
def time_passes(db: asyncpg.Connection) -> TimePasses:
    """`await time_passes(rider)`: what happened to a rider so far happened a minute earlier."""

    async def pass_by(*riders: Rider) -> None:
        await db.execute(
            "update events set created_at = created_at - interval '1 minute'"
            " where user_id = any($1)",
            [rider.id for rider in riders],
        )

    return pass_by
