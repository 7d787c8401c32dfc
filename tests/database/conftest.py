"""What tests of the ways to PostgreSQL share."""

from collections.abc import AsyncIterator

import pytest

from tripsync.database.availability import Availability
from tripsync.database.roles import APP


async def replace_nothing() -> None:
    """There is no pool here."""


@pytest.fixture
async def availability(database_url: str) -> AsyncIterator[Availability]:
    """Of a database that is well."""
    known = Availability(database_url, APP, replace_nothing)
    yield known
    await known.stop()
