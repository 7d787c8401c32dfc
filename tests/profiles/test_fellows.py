"""Who may see whom, and what of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.people import Campus, Rider
from tests.profiles.fellow_riders import ban, block, share_a_ride
from tests.profiles.sample import EVERYTHING, NO_REVIEWS, change

CONTACTS = ("email", "phone_number", "emergency_contact")
# Of what one tells of oneself.
NOT_SHOWN = {"college_unit", "gender", *CONTACTS}


@pytest.fixture
async def asha(campus: Campus) -> Rider:
    """A rider who tells everything."""
    rider = await campus.sign_up()
    assert (await change(rider, **EVERYTHING, username=f"asha.{rider.id}")).status_code == 200
    return rider


async def seen(viewer: Rider, owner: Rider) -> httpx.Response:
    return await viewer.call("GET", f"/api/users/{owner.id}/profile")


async def test_a_fellow_sees_the_person_but_no_way_to_call_them(
    campus: Campus, asha: Rider
) -> None:
    answer = await seen(await campus.sign_up(), asha)
    assert answer.status_code == 200
    assert answer.json() == {
        **{name: said for name, said in EVERYTHING.items() if name not in NOT_SHOWN},
        "id": asha.id,
        "college_name": "DJSCE",
        "username": f"asha.{asha.id}",
        "reviews": NO_REVIEWS,
        "profile_image_url": None,
        "email": None,
        "phone_number": None,
        "emergency_contact": None,
    }


async def test_the_owner_sees_it_all(asha: Rider) -> None:
    profile = (await seen(asha, asha)).json()
    assert [profile[name] for name in CONTACTS] == [
        asha.email,
        EVERYTHING["phone_number"],
        EVERYTHING["emergency_contact"],
    ]


async def test_who_rides_along_sees_the_contacts_until_the_ride_is_over(
    campus: Campus, asha: Rider, db: asyncpg.Connection
) -> None:
    partner, other = await campus.sign_up(), await campus.sign_up()
    pool_id = await share_a_ride(db, asha, partner)

    async def contacts(viewer: Rider) -> list[Any]:
        profile = (await seen(viewer, asha)).json()
        return [profile[name] for name in CONTACTS]

    assert await contacts(partner) == [
        asha.email,
        EVERYTHING["phone_number"],
        EVERYTHING["emergency_contact"],
    ]
    assert await contacts(other) == [None, None, None]
    await db.execute("update pools set status = 'completed' where pool_id = $1", pool_id)
    assert await contacts(partner) == [None, None, None]


async def test_who_has_left_the_ride_sees_no_contacts(
    campus: Campus, asha: Rider, db: asyncpg.Connection
) -> None:
    partner = await campus.sign_up()
    await share_a_ride(db, asha, partner)
    await db.execute("update pool_members set left_at = now() where user_id = $1", partner.id)
    assert (await seen(partner, asha)).json()["phone_number"] is None


Hide = Callable[[asyncpg.Connection, Rider, Rider], Awaitable[None]]


async def blocked_by_the_owner(db: asyncpg.Connection, asha: Rider, viewer: Rider) -> None:
    await block(db, asha, viewer)


async def blocked_by_the_viewer(db: asyncpg.Connection, asha: Rider, viewer: Rider) -> None:
    await block(db, viewer, asha)


async def banned(db: asyncpg.Connection, asha: Rider, viewer: Rider) -> None:
    await ban(db, asha)


@pytest.mark.parametrize("hide", [blocked_by_the_owner, blocked_by_the_viewer, banned])
@pytest.mark.parametrize("partners", [False, True], ids=["fellow", "partner"])
async def test_who_is_hidden_is_not_there(
    campus: Campus, asha: Rider, db: asyncpg.Connection, hide: Hide, partners: bool
) -> None:
    viewer = await campus.sign_up()
    if partners:
        await share_a_ride(db, asha, viewer)
    assert (await seen(viewer, asha)).status_code == 200
    await hide(db, asha, viewer)
    answer = await seen(viewer, asha)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_rider")


async def test_a_block_hides_both_ways(campus: Campus, asha: Rider, db: asyncpg.Connection) -> None:
    viewer, other = await campus.sign_up(), await campus.sign_up()
    await block(db, asha, viewer)
    assert (await seen(asha, viewer)).status_code == 404
    assert (await seen(other, asha)).status_code == 200


async def test_another_college_sees_nobody(campus: Campus, asha: Rider) -> None:
    stranger = await campus.sign_up(college_name="VJTI")
    there = await seen(stranger, asha)
    nobody = await stranger.call("GET", f"/api/users/{2**62}/profile")
    assert (there.status_code, nobody.status_code) == (404, 404)
    assert there.json()["detail"] == nobody.json()["detail"]
    assert (await seen(asha, stranger)).status_code == 404


async def test_nobody_is_not_there(asha: Rider) -> None:
    for user_id in (2**62, 2**63, 0, "me"):
        assert (await asha.call("GET", f"/api/users/{user_id}/profile")).status_code == 404


async def test_who_is_not_signed_in_sees_nobody(client: httpx.AsyncClient, asha: Rider) -> None:
    assert (await client.get(f"/api/users/{asha.id}/profile")).status_code == 401
