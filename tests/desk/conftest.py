"""A database full of riders, for all tests that look at plans, or at the riders."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.databases import fresh_database
from tests.processes import tripsync
from tripsync.database.migrations import migrate
from tripsync.desk.seeding import FEWEST

RIDERS = FEWEST


class Seeded(NamedTuple):
    """Where the riders are, and what the command said of them."""

    url: str
    said: str


@pytest.fixture(scope="session")
async def seeded(postgres: str, data_dir: Path) -> AsyncIterator[Seeded]:
    """Made by the command; for looking at, not for changing."""
    with fresh_database(postgres) as url:
        migrate(url)
        where = {"DATABASE_URL": url}
        with tripsync("seed", f"--riders={RIDERS}", data_dir=data_dir, **where) as command:
            assert await command.exit_code() == 0, command.said
            yield Seeded(url, command.said)
