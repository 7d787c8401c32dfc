"""Signing in and out."""

import asyncio

import asyncpg
import httpx
import pytest

from tests.conftest import Server
from tests.people import PASSWORD, Campus, Rider, new_email
from tests.waiting import until, until_waiting_for_locks
from tripsync.http.hashing import Hasher

TOKEN = "/api/auth/token"
LOGIN = "/api/auth/login"
REFRESH = "/api/auth/refresh"
SESSIONS = "/api/auth/sessions"


async def refresh(rider: Rider, token: str) -> httpx.Response:
    return await rider.client.post(REFRESH, json={"refresh_token": token})


async def test_the_form_of_the_contract(campus: Campus) -> None:
    rider = await campus.sign_up()
    answer = await campus.client.post(TOKEN, data={"username": rider.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    rider.access_token = answer.json()["access_token"]
    assert (await rider.call("GET", SESSIONS)).status_code == 200


async def test_the_other_fields_of_oauth2_are_taken_too(campus: Campus) -> None:
    rider = await campus.sign_up()
    form = {
        "username": rider.email,
        "password": PASSWORD,
        "grant_type": "password",
        "scope": "",
        "client_id": "app",
        "client_secret": "",
    }
    assert (await campus.client.post(TOKEN, data=form)).status_code == 200
    form["grant_type"] = "client_credentials"
    assert (await campus.client.post(TOKEN, data=form)).status_code == 422


async def test_a_multipart_form_is_a_form(campus: Campus) -> None:
    rider = await campus.sign_up()
    fields = {"username": (None, rider.email), "password": (None, PASSWORD)}
    assert (await campus.client.post(TOKEN, files=fields)).status_code == 200


@pytest.mark.parametrize("path", [LOGIN, "/auth/login"])
async def test_login_takes_json_and_the_form(campus: Campus, path: str) -> None:
    rider = await campus.sign_up()
    as_json = {"email": rider.email.upper(), "password": PASSWORD}
    as_form = {"username": rider.email, "password": PASSWORD}
    assert (await campus.client.post(path, json=as_json)).status_code == 200
    assert (await campus.client.post(path, data=as_form)).status_code == 200


@pytest.mark.parametrize(
    "password", ["", "wrong one", "x" * 73, "x" * 1000, "pass\u00e9word", PASSWORD.upper()]
)
async def test_a_wrong_password_is_the_contracts_401(campus: Campus, password: str) -> None:
    rider = await campus.sign_up()
    for email in (rider.email, new_email(), "no address", ""):
        answer = await campus.client.post(TOKEN, data={"username": email, "password": password})
        assert answer.status_code == 401
        assert answer.json()["detail"] == "Incorrect email or password"
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_token_endpoint_takes_no_json(campus: Campus) -> None:
    answer = await campus.client.post(TOKEN, json={"username": "a", "password": "b"})
    assert answer.status_code == 415
    assert "x-www-form-urlencoded" in answer.json()["detail"]


async def test_nobody_learns_which_accounts_exist_by_the_work_done(
    campus: Campus, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    hasher = server.app.ctx.resources[Hasher]
    original = hasher._run

    async def counting(work, *arguments):  # type: ignore[no-untyped-def]
        checked.append(arguments[1].decode()[:7])
        return await original(work, *arguments)

    rider = await campus.sign_up()
    monkeypatch.setattr(hasher, "_run", counting)
    for email, password in (
        (rider.email, "wrong one"),
        (new_email(), "wrong one"),
        ("no address", "wrong one"),
        (rider.email, "x" * 73),
    ):
        await campus.client.post(LOGIN, json={"email": email, "password": password})
    assert checked == ["$2b$04$"] * 4


async def test_banned_riders_are_told_so_once_they_proved_themselves(
    campus: Campus, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    await db.execute("update users set banned_at = now() where user_id = $1", rider.id)
    right = await campus.client.post(LOGIN, json={"email": rider.email, "password": PASSWORD})
    wrong = await campus.client.post(LOGIN, json={"email": rider.email, "password": "wrong one"})
    assert (right.status_code, right.json()["code"]) == (403, "banned")
    assert wrong.status_code == 401
    assert (await refresh(rider, rider.refresh_token)).status_code == 401


async def test_refreshing_goes_on_with_new_tokens(campus: Campus) -> None:
    rider = await campus.sign_up()
    for _ in range(3):
        answer = await refresh(rider, rider.refresh_token)
        assert answer.status_code == 200
        assert answer.json()["refresh_token"] != rider.refresh_token
        rider.access_token = answer.json()["access_token"]
        rider.refresh_token = answer.json()["refresh_token"]
    sessions = (await rider.call("GET", SESSIONS)).json()["items"]
    assert len(sessions) == 1


async def test_a_refresh_token_shown_again_ends_its_family(campus: Campus) -> None:
    rider = await campus.sign_up()
    other_device = await rider.on_another_device()
    stolen = rider.refresh_token
    fresh = (await refresh(rider, stolen)).json()
    assert (await refresh(rider, stolen)).status_code == 401
    assert (await refresh(rider, fresh["refresh_token"])).status_code == 401

    async def is_out() -> bool:
        return (await rider.call("GET", SESSIONS)).status_code == 401

    await until(is_out)
    assert (await refresh(rider, other_device.refresh_token)).status_code == 200


async def test_twenty_at_once_are_one_family(campus: Campus, db: asyncpg.Connection) -> None:
    for _ in range(5):
        rider = await campus.sign_up()
        answers = await asyncio.gather(*(refresh(rider, rider.refresh_token) for _ in range(20)))
        codes = [answer.status_code for answer in answers]
        assert codes.count(200) == 1
        assert set(codes) <= {200, 401, 409}
        assert await db.fetchval("select count(*) from sessions where user_id = $1", rider.id) == 1
        unused = await db.fetchval(
            "select count(*) from refresh_tokens join sessions using (session_id) "
            "where user_id = $1 and used_at is null",
            rider.id,
        )
        assert unused == 1


async def test_a_refresh_that_was_under_way_meanwhile_is_no_theft(
    campus: Campus, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    async with db.transaction():
        await db.execute("select from sessions where user_id = $1 for update", rider.id)
        both = [
            asyncio.create_task(refresh(rider, rider.refresh_token)),
            asyncio.create_task(refresh(rider, rider.refresh_token)),
        ]
        await until_waiting_for_locks(db, 2)
    answers = sorted(await asyncio.gather(*both), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["code"] == "refreshed_meanwhile"
    assert (await refresh(rider, answers[0].json()["refresh_token"])).status_code == 200


@pytest.mark.parametrize("token", ["x", "\u00fc", "a" * 200])
async def test_an_unknown_refresh_token_opens_nothing(
    client: httpx.AsyncClient, token: str
) -> None:
    answer = await client.post(REFRESH, json={"refresh_token": token})
    assert answer.status_code == 401
    assert "Could not validate credentials" in answer.json()["detail"]


async def test_a_refresh_token_grows_old(campus: Campus, db: asyncpg.Connection) -> None:
    rider = await campus.sign_up()
    await db.execute(
        "update refresh_tokens set expires_at = now() from sessions "
        "where sessions.session_id = refresh_tokens.session_id and user_id = $1",
        rider.id,
    )
    assert (await refresh(rider, rider.refresh_token)).status_code == 401


async def test_refresh_tokens_are_kept_as_hashes(campus: Campus, db: asyncpg.Connection) -> None:
    rider = await campus.sign_up()
    rows = await db.fetch("select token_hash from refresh_tokens")
    assert all(rider.refresh_token.encode() not in row["token_hash"] for row in rows)


async def test_logout_ends_this_device_only(campus: Campus) -> None:
    rider = await campus.sign_up()
    phone = await rider.on_another_device()
    assert (await rider.call("POST", "/api/auth/logout")).status_code == 204
    assert (await rider.call("GET", SESSIONS)).status_code == 401
    assert (await refresh(rider, rider.refresh_token)).status_code == 401
    assert (await phone.call("GET", SESSIONS)).status_code == 200


async def test_logout_everywhere_ends_all(campus: Campus) -> None:
    rider = await campus.sign_up()
    phone = await rider.on_another_device()
    assert (await phone.call("POST", "/api/auth/logout-everywhere")).status_code == 204
    for device in (rider, phone):
        assert (await device.call("GET", SESSIONS)).status_code == 401
        assert (await refresh(device, device.refresh_token)).status_code == 401
    assert (await rider.sign_in()).access_token


async def test_the_list_of_devices(campus: Campus) -> None:
    rider = await campus.sign_up()
    phone = Rider(
        campus.client, rider.id, rider.email, rider.full_name, rider.college_id, rider.password
    )
    answer = await campus.client.post(
        LOGIN,
        json={"email": rider.email, "password": PASSWORD},
        headers={"User-Agent": "TripSync/3.1 " + "x" * 500},
    )
    phone.access_token = answer.json()["access_token"]
    devices = (await phone.call("GET", SESSIONS)).json()["items"]
    assert [device["current"] for device in devices] == [True, False]
    assert devices[0]["device"].startswith("TripSync/3.1 ")
    assert len(devices[0]["device"]) == 200
    page = (await phone.call("GET", f"{SESSIONS}?limit=1")).json()
    rest = (await phone.call("GET", f"{SESSIONS}?limit=1&cursor={page['next_cursor']}")).json()
    assert page["items"] + rest["items"] == devices


async def test_one_device_signs_another_out_but_nobody_elses(campus: Campus) -> None:
    rider, fellow = await campus.sign_up(), await campus.sign_up()
    stranger = await campus.sign_up(college_name="VJTI")
    phone = await rider.on_another_device()
    devices = (await rider.call("GET", SESSIONS)).json()["items"]
    phone_id = next(device["id"] for device in devices if not device["current"])
    for other in (fellow, stranger):
        foreign = await other.call("DELETE", f"{SESSIONS}/{phone_id}")
        assert (foreign.status_code, foreign.json()["code"]) == (404, "no_such_session")
    assert (await phone.call("GET", SESSIONS)).status_code == 200
    assert (await rider.call("DELETE", f"{SESSIONS}/{phone_id}")).status_code == 204
    assert (await phone.call("GET", SESSIONS)).status_code == 401
    assert (await rider.call("DELETE", f"{SESSIONS}/{phone_id}")).status_code == 404
    [here] = (await rider.call("GET", SESSIONS)).json()["items"]
    assert here["current"]
