"""Telling riders things, as features do."""

from collections.abc import Awaitable, Callable

import pytest

from tests.conftest import Server
from tests.people import Rider
from tripsync.database import Database
from tripsync.realtime.events import Event, append_many

Tell = Callable[..., Awaitable[None]]


@pytest.fixture
def database(server: Server) -> Database:
    found: Database = server.app.ctx.database
    return found


@pytest.fixture
def tell(database: Database) -> Tell:
    """`await tell(rider, 3)`: three events in one transaction."""

    async def tell(rider: Rider, number: int = 1, **payload: object) -> None:
        async with database.transaction() as db:
            await append_many(
                db, [Event(rider.id, "x_test", {"n": n, **payload}) for n in range(number)]
            )

    return tell
