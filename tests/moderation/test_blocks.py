"""Blocks: one's own to make and to end, and invisible to whoever is blocked."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from tests.moderation.conftest import events_of
from tests.people import Campus, Rider


async def block(rider: Rider, other: Rider) -> httpx.Response:
    return await rider.call("PUT", f"/api/users/{other.id}/block")


async def unblock(rider: Rider, other: Rider) -> httpx.Response:
    return await rider.call("DELETE", f"/api/users/{other.id}/block")


async def blocked_by(rider: Rider) -> list[dict[str, Any]]:
    answer = await rider.call("GET", "/api/blocks")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def are_blocked(db: asyncpg.Connection, one: Rider, other: Rider) -> bool:
    found: bool = await db.fetchval("select are_blocked($1, $2)", one.id, other.id)
    return found


def shape(answer: httpx.Response) -> tuple[Any, ...]:
    """All that an answer tells, apart from the number of the request."""
    volatile = {"x-request-id", "date"}
    headers = {name: value for name, value in answer.headers.items() if name not in volatile}
    return answer.status_code, answer.content, headers


async def test_a_block_holds_both_ways_until_it_is_ended(
    campus: Campus, db: asyncpg.Connection
) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    answer = await block(rider, other)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await are_blocked(db, rider, other)
    assert await are_blocked(db, other, rider)
    answer = await unblock(rider, other)
    assert (answer.status_code, answer.content) == (204, b"")
    assert not await are_blocked(db, rider, other)


async def test_the_end_of_one_block_leaves_the_others(
    campus: Campus, db: asyncpg.Connection
) -> None:
    rider, one, other = [await campus.sign_up() for _ in range(3)]
    for each in (one, other):
        await block(rider, each)
    assert (await unblock(rider, one)).status_code == 204
    assert not await are_blocked(db, rider, one)
    assert await are_blocked(db, rider, other)


async def test_twice_is_as_good_as_once(campus: Campus) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    assert [(await block(rider, other)).status_code for _ in range(2)] == [204, 204]
    assert [each["id"] for each in await blocked_by(rider)] == [other.id]
    assert [(await unblock(rider, other)).status_code for _ in range(2)] == [204, 204]
    assert await blocked_by(rider) == []


async def test_ten_at_once_are_one_block(campus: Campus) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    answers = await asyncio.gather(*(block(rider, other) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {204}
    assert len(await blocked_by(rider)) == 1


async def test_two_may_block_each_other_at_the_same_moment(
    campus: Campus, db: asyncpg.Connection
) -> None:
    for _ in range(5):
        rider, other = await campus.sign_up(), await campus.sign_up()
        answers = await asyncio.gather(block(rider, other), block(other, rider))
        assert [answer.status_code for answer in answers] == [204, 204]
        await unblock(rider, other)
        assert await are_blocked(db, rider, other), "the other one's block stays"


async def test_the_blocked_find_out_nothing(campus: Campus, db: asyncpg.Connection) -> None:
    rider, blocked, bystander = [await campus.sign_up() for _ in range(3)]
    await block(rider, blocked)
    assert await blocked_by(blocked) == []
    assert shape(await unblock(blocked, rider)) == shape(await unblock(bystander, rider))
    assert await are_blocked(db, rider, blocked), "only the blocker ends a block"
    assert shape(await block(blocked, rider)) == shape(await block(bystander, rider))
    await unblock(rider, blocked)
    assert await events_of(db, blocked) == []


async def test_partners_may_block_each_other(campus: Campus, db: asyncpg.Connection) -> None:
    rider, partner = await campus.sign_up(), await campus.sign_up()
    pool_id = await db.fetchval(
        "insert into pools (college_id, capacity) values ($1, 4) returning pool_id",
        rider.college_id,
    )
    for each in (rider, partner):
        request_id = await db.fetchval(
            "insert into pooling_requests (college_id, user_id, status, start, destination, "
            "departure, solo_meters, reach) values ($1, $2, 'matched', '(72.83,19.1)', "
            "'(72.85,19.2)', tstzrange(now(), now() + interval '1 hour'), 1000, '(73,20),(72,19)') "
            "returning request_id",
            each.college_id,
            each.id,
        )
        await db.execute(
            "insert into pool_members (college_id, pool_id, request_id, user_id, seats, "
            "shared_meters, fare_percent) values ($1, $2, $3, $4, 1, 1000, 50)",
            each.college_id,
            pool_id,
            request_id,
            each.id,
        )
    assert (await block(rider, partner)).status_code == 204
    assert await are_blocked(db, rider, partner)
    assert await events_of(db, partner) == []


async def test_nobody_blocks_themselves(campus: Campus) -> None:
    rider = await campus.sign_up()
    answer = await block(rider, rider)
    assert (answer.status_code, answer.json()["code"]) == (422, "own_block")
    assert answer.json()["detail"] == "You cannot block yourself."
    assert await blocked_by(rider) == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_whoever_is_of_another_college_is_not_there(
    campus: Campus, db: asyncpg.Connection, method: str
) -> None:
    rider, stranger = await campus.sign_up(), await campus.sign_up(college_name="VJTI")
    foreign = await rider.call(method, f"/api/users/{stranger.id}/block")
    unknown = await rider.call(method, f"/api/users/{2**63 - 1}/block")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "no_such_rider")
    assert foreign.json()["detail"] == unknown.json()["detail"]
    assert unknown.status_code == 404
    assert not await are_blocked(db, rider, stranger)


@pytest.mark.parametrize("user_id", ["0", "-1", "1.5", "x", str(2**63), "9" * 30])
async def test_what_is_no_id_names_nobody(campus: Campus, user_id: str) -> None:
    rider = await campus.sign_up()
    assert (await rider.call("PUT", f"/api/users/{user_id}/block")).status_code == 404


async def test_the_list_names_those_one_blocked_and_since_when(campus: Campus) -> None:
    rider = await campus.sign_up()
    other = await campus.sign_up(full_name="Nuri Sane")
    await block(rider, other)
    [entry] = await blocked_by(rider)
    assert set(entry) == {"id", "full_name", "blocked_at"}
    assert (entry["id"], entry["full_name"]) == (other.id, "Nuri Sane")
    assert entry["blocked_at"].endswith(("Z", "+00:00"))


async def test_the_list_comes_in_pages(campus: Campus) -> None:
    rider = await campus.sign_up()
    others = [await campus.sign_up() for _ in range(5)]
    for other in reversed(others):
        await block(rider, other)
    everybody = [other.id for other in others]
    by_cursor: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await rider.call("GET", f"/api/blocks?limit=2{cursor}")).json()
        by_cursor += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    by_skip = [
        (await rider.call("GET", f"/api/blocks?limit=1&skip={at}")).json()["items"][0]["id"]
        for at in range(5)
    ]
    assert by_cursor == by_skip == everybody


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "skip=-1", "cursor=x", "cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk="]
)
async def test_absurd_pages_are_refused(campus: Campus, query: str) -> None:
    rider = await campus.sign_up()
    assert (await rider.call("GET", f"/api/blocks?{query}")).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/users/1/block"), ("DELETE", "/api/users/1/block"), ("GET", "/api/blocks")],
)
async def test_without_a_token_there_is_nothing(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


async def test_a_block_stands_between_two_and_nobody_else(
    campus: Campus, db: asyncpg.Connection
) -> None:
    asha, dev, third = [await campus.sign_up() for _ in range(3)]
    for blocker, blocked in ((asha, third), (third, asha), (dev, third), (third, dev)):
        await block(blocker, blocked)
        for one, other in ((asha, dev), (dev, asha)):
            assert not await are_blocked(db, one, other)
        await unblock(blocker, blocked)
