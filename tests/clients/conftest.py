"""The TypeScript client, at work in Node."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
import pytest

from tests.clients.typescript import compiled
from tests.node import Script, node
from tests.people import Rider
from tests.realtime.conftest import database, tell, time_passes

__all__ = ["database", "tell", "time_passes"]

RunClient = Callable[..., AbstractAsyncContextManager[Script]]

# Each script has a client, a rider's tokens, and a count of what goes to which address.
BEFORE = """
const {TripSync, memoryStorage, unwrap, ...client} = await import(process.argv[1]);
const {url, rider, ...given} = JSON.parse(process.argv[2]);
const sent = [];
const counted = request => { sent.push(new URL(request.url).pathname); return fetch(request); };
const countOf = path => sent.filter(each => each === path).length;
const storage = memoryStorage();
const tripsync = new TripSync({
  baseUrl: url, fetch: counted, storage, onSignedOut: () => tell("signed out"),
});
const {session, api} = tripsync;
const tokens = {
  access_token: rider?.access_token, refresh_token: rider?.refresh_token,
  expires_in: 1800, token_type: "bearer",
};
if (rider) await session.accept(tokens);
const read = () => api.GET("/api/profile/me");
"""


@pytest.fixture
async def run_client() -> RunClient:
    """`run_client(script, url, rider)`: JavaScript with a client that is signed in."""
    index = await compiled() / "index.js"

    @asynccontextmanager
    async def run(
        script: str, url: str, rider: Rider | None = None, **given: object
    ) -> AsyncIterator[Script]:
        tokens = rider and {
            "access_token": rider.access_token,
            "refresh_token": rider.refresh_token,
        }
        values = msgspec.json.encode({"url": url, "rider": tokens, **given}).decode()
        async with node(BEFORE + script, index.as_uri(), values) as running:
            yield running

    return run
