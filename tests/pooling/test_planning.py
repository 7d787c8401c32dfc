"""Several planned rides of one rider: no two of them may leave at the same moment."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.conftest import Server, SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import (
    MORNING,
    ask,
    go,
    leaving,
    pair_up,
    plan,
    ride,
    say,
    sums_hold,
    types_heard_by,
    window,
)
from tests.waiting import until_waiting_for_locks
from tripsync.database import Database
from tripsync.pooling import auto_match
from tripsync.pooling.planning import MOST_OPEN

PATH = "/api/pool/requests"


async def statuses(rider: Rider) -> dict[int, str]:
    found = (await rider.call("GET", PATH)).json()["items"]
    return {each["request_id"]: each["status"] for each in found}


async def open_ones(rider: Rider) -> set[int]:
    return {each for each, status in (await statuses(rider)).items() if status == "active"}


async def test_a_ride_now_leaves_tomorrow_morning_alone(sign_up: SignUp) -> None:
    rider, fellow = await sign_up(), await sign_up()
    [planned] = await plan(rider, leaving(0, 30))
    [now] = await plan(rider, ride())
    assert await open_ones(rider) == {planned, now}
    found = await go(fellow, leaving(0, 30, 1))
    assert [match["request_id"] for match in found["matches"]] == [planned]


async def test_a_new_request_replaces_all_that_it_overlaps_and_nothing_else(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, waiting = await sign_up(), await sign_up()
    early, first, second, late = await plan(
        rider, leaving(0, 10), leaving(20, 30), leaving(40, 50), leaving(60, 70)
    )
    await go(waiting, leaving(20, 50, 1))
    for target in (first, late):
        assert (await ask(waiting, target)).status_code == 200
    [newer] = await plan(rider, leaving(25, 45))
    assert await open_ones(rider) == {early, newer, late}
    assert (await statuses(rider))[first] == (await statuses(rider))[second] == "cancelled"
    assert (await types_heard_by(db, waiting)).count("connection_withdrawn") == 1


async def test_windows_that_touch_are_the_same_time(sign_up: SignUp) -> None:
    rider = await sign_up()
    _, second = await plan(rider, leaving(0, 10), leaving(10, 20))
    assert await open_ones(rider) == {second}
    a_moment_later = MORNING + timedelta(minutes=20, microseconds=1)
    [third] = await plan(rider, leaving(0, 30, depart_after=a_moment_later.isoformat()))
    assert await open_ones(rider) == {second, third}


async def test_beside_a_shared_ride_another_time_is_free(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    await pair_up(rider, fellow, leaving(0, 30), leaving(0, 30, 1))
    for after, before in ((-10, 0), (10, 20), (30, 40), (-10, 40)):
        answer = await rider.call("POST", PATH, json=leaving(after, before))
        assert (answer.status_code, answer.json()["code"]) == (409, "already_matched")
    free = await plan(rider, leaving(-10, -1), leaving(31, 40))
    assert await open_ones(rider) == set(free)
    assert sorted((await statuses(rider)).values()) == ["active", "active", "matched"]
    await sums_hold(db, college)


async def test_a_refused_one_cancels_nothing(sign_up: SignUp) -> None:
    rider, fellow = await sign_up(), await sign_up()
    await pair_up(rider, fellow, leaving(0, 30), leaving(0, 30, 1))
    [planned] = await plan(rider, leaving(40, 50))
    assert (await rider.call("POST", PATH, json=leaving(20, 60))).status_code == 409
    assert await open_ones(rider) == {planned}


async def test_two_phones_that_ask_for_the_same_time_at_once_end_with_one_open_request(
    sign_up: SignUp,
) -> None:
    rider = await sign_up()
    for number in range(40):
        answers = await asyncio.gather(
            rider.call("POST", PATH, json=leaving(number, number + 20)),
            rider.call("POST", PATH, json=leaving(number + 10, number + 30)),
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        assert await open_ones(rider) <= {answer.json()["request_id"] for answer in answers}
        assert len(await open_ones(rider)) == 1


async def insert(db: asyncpg.Connection, rider: Rider, after: int, before: int) -> int:
    """As somebody in psql does it."""
    request_id: int = await db.fetchval(
        "insert into pooling_requests (college_id, user_id, start, destination, departure, "
        "solo_meters, reach) values ($1, $2, '(72.83,19.1)', '(72.85,19.2)', "
        "tstzrange($3, $4, '[]'), 1000, '(73,20),(72,19)') returning request_id",
        rider.college_id,
        rider.id,
        MORNING + timedelta(minutes=after),
        MORNING + timedelta(minutes=before),
    )
    return request_id


@pytest.mark.parametrize("status", ["active", "matched"])
async def test_the_database_alone_refuses_two_at_one_time(
    sign_up: SignUp, db: asyncpg.Connection, status: str
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    first = await insert(db, rider, 0, 30)
    await db.execute("update pooling_requests set status = $2 where request_id = $1", first, status)
    for after, before in ((-10, 0), (10, 20), (30, 40), (-10, 40)):
        with pytest.raises(asyncpg.ExclusionViolationError):
            await insert(db, rider, after, before)
    await insert(db, rider, 31, 40)
    await insert(db, fellow, 0, 30)
    await db.execute(
        "update pooling_requests set status = 'cancelled', cancel_reason = 'rider', "
        "closed_at = now() where request_id = $1",
        first,
    )
    await insert(db, rider, 0, 30)


async def test_what_comes_in_between_past_the_riders_lock_is_no_500(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    async with db.transaction():
        await insert(db, rider, 0, 30)
        asking = asyncio.create_task(rider.call("POST", PATH, json=leaving(10, 20)))
        await until_waiting_for_locks(db)
    answer = await asking
    assert answer.status_code in (200, 409)
    assert len(await open_ones(rider)) == 1


async def change(rider: Rider, request_id: int, **body: Any) -> Any:
    return await rider.call("PUT", f"{PATH}/{request_id}", json=body)


async def test_a_window_is_not_moved_over_another_ride_of_ones_own(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    await pair_up(rider, fellow, leaving(40, 50), leaving(40, 50, 1))
    shared = next(iter(await statuses(rider)))
    moved, other = await plan(rider, leaving(0, 10), leaving(20, 30))
    for taken, body in (
        (other, window(5, 20)),
        (other, {"depart_before": window(0, 25)["depart_before"]}),
        (shared, window(50, 60)),
    ):
        answer = await change(rider, moved, **body)
        assert (answer.status_code, answer.json()["code"]) == (409, "overlapping_request")
        assert f"request {taken} " in answer.json()["detail"]
    assert (await change(rider, moved, **window(5, 19))).status_code == 200
    assert (await change(rider, moved, note="Red cap.")).status_code == 200
    assert await open_ones(rider) == {moved, other}


async def test_what_has_silently_expired_is_in_nobodys_way(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    expired, moved = await plan(rider, ride(), leaving(0, 10))
    await db.execute(
        "update pooling_requests set departure = tstzrange(now() - interval '1 hour', "
        "now() - interval '1 second') where request_id = $1",
        expired,
    )
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = await change(rider, moved, depart_after=an_hour_ago, depart_before=in_an_hour)
    assert answer.status_code == 200, answer.text
    reason = await db.fetchval(
        "select cancel_reason from pooling_requests where request_id = $1", expired
    )
    assert reason == "expired"


async def test_two_changes_at_once_do_not_meet(sign_up: SignUp) -> None:
    rider = await sign_up()
    for number in range(20):
        first, second = await plan(
            rider, leaving(10 * number, 10 * number + 2), leaving(10 * number + 6, 10 * number + 8)
        )
        answers = await asyncio.gather(
            change(rider, first, **window(10 * number, 10 * number + 5)),
            change(rider, second, **window(10 * number + 4, 10 * number + 8)),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        for each in (first, second):
            await rider.call("DELETE", f"{PATH}/{each}")


async def test_at_most_twenty_rides_are_planned(sign_up: SignUp) -> None:
    rider = await sign_up()
    await plan(rider, *(leaving(10 * number, 10 * number + 5) for number in range(MOST_OPEN)))
    answer = await rider.call("POST", PATH, json=leaving(-10, -5))
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_rides")
    await plan(rider, leaving(0, 5))
    assert len((await rider.call("GET", f"{PATH}?limit=100")).json()["items"]) == MOST_OPEN + 1


async def test_cancelling_one_leaves_the_others(sign_up: SignUp) -> None:
    rider, fellow = await sign_up(), await sign_up()
    await pair_up(rider, fellow, leaving(40, 50), leaving(40, 50, 1))
    shared = next(iter(await statuses(rider)))
    first, second = await plan(rider, leaving(0, 10), leaving(20, 30))
    for ended in (first, shared):
        assert (await rider.call("DELETE", f"{PATH}/{ended}")).status_code == 200
    assert await statuses(rider) == {shared: "cancelled", first: "cancelled", second: "active"}


async def test_who_is_left_goes_back_beside_the_rides_that_were_planned_since(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    leaver, left = await sign_up(), await sign_up()
    await pair_up(leaver, left, leaving(0, 30), leaving(0, 30, 1))
    before, after = await plan(left, leaving(-20, -1), leaving(31, 50))
    pool = (await leaver.call("GET", "/api/pool/pools/current")).json()["pool"]
    await leaver.call("POST", f"/api/pool/pools/{pool['pool_id']}/leave")
    assert len(await open_ones(left)) == 3
    assert {before, after} < await open_ones(left)
    await sums_hold(db, college)


async def test_nobody_rides_in_one_pool_twice(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider, fellow = await sign_up(), await sign_up()
    await pair_up(rider, fellow, leaving(0, 120), leaving(0, 30, 1))
    [theirs] = await statuses(fellow)
    [another] = await plan(rider, leaving(60, 90))
    passing = await rider.call("GET", f"{PATH}/{another}/pools")
    assert passing.json() == {"pools": []}
    connection_id = await db.fetchval(
        "insert into connections (college_id, from_request, to_request, from_user, to_user) "
        "values ($1, $2, $3, $4, $5) returning connection_id",
        rider.college_id,
        another,
        theirs,
        rider.id,
        fellow.id,
    )
    answer = await say(fellow, connection_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_fit")
    with pytest.raises(asyncpg.UniqueViolationError):
        await db.execute(
            "insert into pool_members (college_id, pool_id, request_id, user_id, seats, "
            "shared_meters, fare_percent) select college_id, pool_id, $1, user_id, 1, 0, 0 "
            "from pool_members where user_id = $2",
            another,
            rider.id,
        )


async def test_a_round_matches_two_rides_of_one_rider_and_never_with_each_other(
    server: Server, sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    rider, first, second = await sign_up(), await sign_up(), await sign_up()
    rides = await plan(rider, leaving(0, 10, auto_match=True), leaving(11, 21, auto_match=True))
    await go(first, leaving(0, 10, 1, auto_match=True))
    await go(second, leaving(11, 21, 1, auto_match=True))
    between = await sign_up()
    await go(between, leaving(0, 21, 2, auto_match=True))
    async with server.app.ctx.resources[Database].transaction() as transaction:
        await auto_match.run_round(transaction, rider.college_id)
    pools = await db.fetch(
        "select pool_id, array_agg(user_id) as riders from pool_members "
        "where pool_id in (select pool_id from pool_members where user_id = $1) group by pool_id",
        rider.id,
    )
    assert len(pools) == 2
    for pool in pools:
        assert pool["riders"].count(rider.id) == 1
    assert set((await statuses(rider)).values()) == {"matched"}
    assert set(await statuses(rider)) == set(rides)
    await sums_hold(db, college)
