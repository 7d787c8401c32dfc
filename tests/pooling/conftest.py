"""A college for each test: its riders meet nobody of another test."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import pytest

from tests.people import Campus, Rider

# So that "in forty minutes" is the same day there, at whatever hour the tests run.
WHERE_IT_IS_NOON = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"

SignUp = Callable[..., Awaitable[Rider]]


@pytest.fixture
async def college(db: asyncpg.Connection) -> str:
    # Behind the known ones, whose place at the head of the list other tests look for.
    name = f"Zenith {secrets.token_hex(6)}"
    await db.execute(
        "insert into colleges (name, place, time_zone) values ($1, point(72.8, 19.1), $2)",
        name,
        WHERE_IT_IS_NOON,
    )
    return name


@pytest.fixture
def sign_up(campus: Campus, college: str) -> SignUp:
    """A rider of this test's college: `await sign_up()`."""

    async def sign_up(**changes: object) -> Rider:
        return await campus.sign_up(college_name=college, **changes)

    return sign_up
