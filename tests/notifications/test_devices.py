"""A phone belongs to a sign-in, and goes with it."""

import asyncio

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.notifications.conftest import new_token, register, register_phone
from tests.own_data.conftest import leave
from tests.people import Rider
from tests.waiting import until_waiting_for_locks


async def devices_of(rider: Rider) -> list[dict[str, object]]:
    answer = await rider.call("GET", "/api/devices")
    assert answer.status_code == 200
    found: list[dict[str, object]] = answer.json()["devices"]
    return found


async def is_known(db: asyncpg.Connection, token: str) -> bool:
    return bool(await db.fetchval("select exists (select from devices where token = $1)", token))


async def test_to_register_again_changes_nothing(sign_up: SignUp) -> None:
    asha = await sign_up()
    token = new_token()
    first, again = await register(asha, token), await register(asha, token)
    assert first.status_code == again.status_code == 200
    assert first.json()["id"] == again.json()["id"]
    [device] = await devices_of(asha)
    assert device == again.json()
    assert (device["platform"], device["current"]) == ("ios", True)
    assert token not in first.text


async def test_a_phone_that_gets_another_token_is_still_one(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha = await sign_up()
    before, after = await register_phone(asha), await register_phone(asha)
    assert len(await devices_of(asha)) == 1
    assert not await is_known(db, before)
    assert await is_known(db, after)


async def test_a_phone_on_which_somebody_else_signs_in_is_theirs(sign_up: SignUp) -> None:
    asha, ravi = await sign_up(), await sign_up()
    token = await register_phone(asha)
    assert (await register(ravi, token)).status_code == 200
    assert await devices_of(asha) == []
    assert len(await devices_of(ravi)) == 1


async def test_a_phone_that_two_register_at_the_same_moment_belongs_to_the_later(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha, ravi = await sign_up(), await sign_up()
    before, token = await register_phone(asha), new_token()
    async with db.transaction():
        await db.execute("update devices set token = $1 where token = $2", token, before)
        registering = asyncio.create_task(register(ravi, token))
        await until_waiting_for_locks(db)
    answer = await registering
    assert answer.status_code == 200, answer.text
    assert await devices_of(asha) == []
    assert [each["id"] for each in await devices_of(ravi)] == [answer.json()["id"]]


async def test_the_phone_of_a_session_goes_with_it(sign_up: SignUp, db: asyncpg.Connection) -> None:
    asha = await sign_up()
    other = await asha.on_another_device()
    ours, theirs = await register_phone(asha), await register_phone(other)
    assert [each["current"] for each in await devices_of(asha)] == [False, True]
    assert (await other.call("POST", "/api/auth/logout")).status_code == 204
    assert await is_known(db, ours)
    assert not await is_known(db, theirs)


async def test_who_is_banned_has_no_phone_here(sign_up: SignUp, db: asyncpg.Connection) -> None:
    asha, moderator = await sign_up(), await sign_up("moderator")
    token = await register_phone(asha)
    banned = await moderator.call(
        "POST", f"/api/moderation/users/{asha.id}/ban", json={"note": "Two were left waiting."}
    )
    assert banned.status_code < 300, banned.text
    assert not await is_known(db, token)


async def test_who_leaves_takes_phones_and_quiet_hours_along(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha = await sign_up()
    token = await register_phone(asha)
    hours = {"begins_at": "21:00:00", "ends_at": "06:00:00"}
    await asha.call("PUT", "/api/profile/me/quiet-hours", json=hours)
    exported = (await asha.call("GET", "/api/profile/me/export")).json()
    assert [each["token"] for each in exported["devices"]] == [token]
    assert exported["quiet_hours"] == [hours]
    assert (await leave(asha)).status_code == 204
    assert not await is_known(db, token)
    assert not await db.fetchval("select count(*) from quiet_hours where user_id = $1", asha.id)


async def test_ten_phones_are_enough(sign_up: SignUp) -> None:
    asha = await sign_up()
    ids = [(await register(asha)).json()["id"]]
    for _ in range(10):
        other = await asha.on_another_device()
        ids.append((await register(other)).json()["id"])
    assert [each["id"] for each in await devices_of(asha)] == ids[:0:-1]


async def test_one_forgets_phones_of_ones_own_only(sign_up: SignUp, db: asyncpg.Connection) -> None:
    asha, ravi = await sign_up(), await sign_up()
    token = await register_phone(asha)
    [device] = await devices_of(asha)
    place = f"/api/devices/{device['id']}"
    assert (await ravi.call("DELETE", place)).status_code == 404
    assert await is_known(db, token)
    assert (await asha.call("DELETE", place)).status_code == 204
    assert (await asha.call("DELETE", place)).status_code == 404
    assert await devices_of(asha) == []


@pytest.mark.parametrize(
    "body",
    [
        {"platform": "ios", "token": ""},
        {"platform": "ios", "token": "two words"},
        {"platform": "ios", "token": "x" * 1025},
        {"platform": "pager", "token": "x"},
        {"platform": "ios"},
    ],
)
async def test_what_is_no_phone_is_refused(sign_up: SignUp, body: dict[str, str]) -> None:
    asha = await sign_up()
    assert (await asha.call("PUT", "/api/devices", json=body)).status_code == 422


async def test_two_who_claim_one_phone_at_once_end_with_one_owner(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha, ravi = await sign_up(), await sign_up()
    for _ in range(5):
        token = new_token()
        answers = await asyncio.gather(register(asha, token), register(ravi, token))
        assert {each.status_code for each in answers} <= {200, 409}
        assert 200 in {each.status_code for each in answers}
        owners = await db.fetch("select user_id from devices where token = $1", token)
        assert len(owners) == 1


async def test_quiet_hours_are_from_ten_to_seven_until_one_says_otherwise(sign_up: SignUp) -> None:
    asha = await sign_up()
    place = "/api/profile/me/quiet-hours"
    usual = {"begins_at": "22:00:00", "ends_at": "07:00:00"}
    assert (await asha.call("GET", place)).json() == usual
    chosen = {"begins_at": "23:30:00", "ends_at": "05:00:00"}
    for _ in range(2):
        assert (await asha.call("PUT", place, json=chosen)).json() == chosen
    assert (await asha.call("GET", place)).json() == chosen
    for wrong in ("25:00:00", "22:00:00Z", "late"):
        refused = await asha.call("PUT", place, json={**chosen, "begins_at": wrong})
        assert refused.status_code == 422
