"""A rider of a running server: TRIPSYNC_URL, TRIPSYNC_EMAIL and TRIPSYNC_PASSWORD say which."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from tripsync_client import Session

SignIn = Callable[[], Awaitable[Session]]


@pytest.fixture
async def sign_in() -> AsyncIterator[SignIn]:
    """Signs the rider in, on as many devices as one likes."""
    async with AsyncExitStack() as opened:

        async def sign_in() -> Session:
            url, email, password = (
                os.environ[f"TRIPSYNC_{n}"] for n in ("URL", "EMAIL", "PASSWORD")
            )
            return await opened.enter_async_context(await Session.log_in(url, email, password))

        yield sign_in


@pytest.fixture
async def session(sign_in: SignIn) -> Session:
    return await sign_in()
