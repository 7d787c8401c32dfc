"""Too many tries are refused, over all workers, and nobody can hide behind a header."""

from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import Server, StartServer
from tests.people import Campus, new_email
from tripsync.auth import limits


@pytest.fixture
async def limited(start_server: StartServer) -> Any:
    """Starts servers that count; every test has counters of its own."""

    async def start(**changes: object) -> httpx.AsyncClient:
        server: Server = await start_server(rate_limits="on", **changes)
        return server.client()

    return start


@pytest.fixture(autouse=True)
async def fresh_counters(db: asyncpg.Connection) -> None:
    await db.execute("delete from rate_counters")


async def try_password(client: httpx.AsyncClient, email: str, **more: Any) -> httpx.Response:
    body = {"email": email, "password": "not this one"}
    return await client.post("/api/auth/login", json=body, **more)


async def test_an_account_is_tried_ten_times_a_minute_on_any_server(limited: Any) -> None:
    email = new_email()
    async with await limited() as one, await limited() as other:
        for client in [one, other] * 5:
            assert (await try_password(client, email)).status_code == 401
        refused = await try_password(other, email.upper())
        form = await one.post("/api/auth/token", data={"username": email, "password": "x"})
        somebody_else = await try_password(one, new_email())
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["retry-after"] in refused.json()["detail"]
    assert form.status_code == 429
    assert somebody_else.status_code == 401


async def test_the_window_ends(limited: Any, db: asyncpg.Connection) -> None:
    email = new_email()
    async with await limited() as client:
        for _ in range(11):
            last = await try_password(client, email)
        assert last.status_code == 429
        await db.execute("update rate_counters set expires_at = now()")
        assert (await try_password(client, email)).status_code == 401


async def test_an_address_is_counted_over_all_accounts(
    limited: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tripsync.auth.api.SIGN_IN",
        limits.Limit("sign in", per_address="3/minute", per_account="99/minute"),
    )
    async with await limited() as client:
        codes = [(await try_password(client, new_email())).status_code for _ in range(4)]
        spoofed = await try_password(client, new_email(), headers={"X-Forwarded-For": "9.9.9.9"})
    assert codes == [401, 401, 401, 429]
    assert spoofed.status_code == 429


async def test_behind_a_proxy_the_last_hop_counts_and_no_invented_one(
    limited: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tripsync.auth.api.SIGN_IN",
        limits.Limit("sign in", per_address="2/minute", per_account="99/minute"),
    )
    async with await limited(proxies=1) as client:

        async def come_from(chain: str) -> int:
            answer = await try_password(client, new_email(), headers={"X-Forwarded-For": chain})
            return answer.status_code

        assert await come_from("203.0.113.5") == 401
        assert await come_from("198.51.100.1, 203.0.113.5") == 401
        assert await come_from("192.0.2.77, 203.0.113.5") == 429
        assert await come_from("203.0.113.6") == 401


@pytest.mark.parametrize(
    ("path", "body", "allowed"),
    [
        ("/api/auth/register", {"full_name": "A", "password": "x" * 9, "college_name": "?"}, 10),
        ("/api/auth/password/forgotten", {}, 5),
    ],
)
async def test_other_calls_are_limited_for_each_account(
    limited: Any, path: str, body: dict[str, str], allowed: int
) -> None:
    async with await limited() as client:
        email = new_email()
        for _ in range(allowed):
            assert (await client.post(path, json={"email": email, **body})).status_code != 429
        assert (await client.post(path, json={"email": email, **body})).status_code == 429


async def test_refreshing_is_limited_for_each_account(
    limited: Any, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tripsync.auth.api.REFRESH",
        limits.Limit("refresh", per_address="99/minute", per_account="2/minute"),
    )
    rider = await campus.sign_up()
    async with await limited() as client:
        for expected in (200, 200, 429):
            answer = await client.post(
                "/api/auth/refresh", json={"refresh_token": rider.refresh_token}
            )
            assert answer.status_code == expected
            rider.refresh_token = answer.json().get("refresh_token", rider.refresh_token)
        await rider.sign_in()
        answer = await client.post("/api/auth/refresh", json={"refresh_token": rider.refresh_token})
        assert answer.status_code == 429


async def test_limits_can_be_off(campus: Campus) -> None:
    email = new_email()
    codes = {(await try_password(campus.client, email)).status_code for _ in range(15)}
    assert codes == {401}
