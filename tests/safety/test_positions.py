"""Where fellow riders are: heard by those who ride along, while the ride is under way."""

from datetime import datetime
from typing import Any

import asyncpg
import pytest

from tests.conftest import Server, SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import ask, go, leaving, pair_up, ride, say
from tests.realtime.devices import Device, on_line
from tests.safety.conftest import Pair, share
from tests.waiting import until
from tripsync.safety.positions import Positions

HERE = {"latitude": 19.1, "longitude": 72.85, "heading": 181.5}


async def pool_of(rider: Rider) -> int:
    found = (await rider.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    assert isinstance(found, int)
    return found


async def drive(rider: Rider, act: str = "start") -> int:
    """Start or complete the ride; which it is."""
    pool_id = await pool_of(rider)
    answer = await rider.call("POST", f"/api/pool/pools/{pool_id}/{act}")
    assert answer.status_code == 200, answer.text
    return pool_id


async def kept(db: asyncpg.Connection, rider: Rider) -> list[Any]:
    return await db.fetch("select * from live_positions where user_id = $1", rider.id)


async def test_those_who_ride_along_see_where_a_rider_is(
    server: Server, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha, dev, mina, stranger = [await sign_up() for _ in range(4)]
    await pair_up(asha, dev, ride(0), ride(1))
    mine = (await go(mina, ride(2)))["request_id"]
    [pending] = (await asked(asha, mine))["items"]
    assert (await say(mina, pending["connection_id"])).status_code == 200
    pool_id = await drive(asha)
    async with (
        on_line(server.url, asha) as speaking,
        on_line(server.url, asha) as own_other,
        on_line(server.url, dev) as first,
        on_line(server.url, dev) as second,
        on_line(server.url, mina) as third,
        on_line(server.url, stranger) as outside,
    ):
        await speaking.say("position", **HERE)
        for device in (first, second, third):
            told = await device.hear("position")
            seen_at = datetime.fromisoformat(told.pop("seen_at"))
            assert told == {"type": "position", "user_id": asha.id, "pool_id": pool_id, **HERE}
            now = await db.fetchval("select now()")
            assert 0 <= (now - seen_at).total_seconds() < 30
        # Whatever they were to be told would have come before the answer.
        for device in (speaking, own_other, outside):
            await device.say("ping")
            await device.hear("pong")
            assert "position" not in [each["type"] for each in device.seen]


async def asked(asker: Rider, request_id: int) -> Any:
    assert (await ask(asker, request_id)).status_code == 200
    return (await asker.call("GET", "/api/pool/connections")).json()


async def test_a_heading_may_be_left_out(server: Server, pair: Pair) -> None:
    asha, dev = pair
    await drive(asha)
    async with on_line(server.url, asha) as one, on_line(server.url, dev) as other:
        await one.say("position", latitude=-90, longitude=180)
        told = await other.hear("position")
        assert (told["latitude"], told["longitude"], told["heading"]) == (-90, 180, None)


async def test_only_the_last_is_kept_and_nothing_of_it_becomes_an_event(
    server: Server, pair: Pair, db: asyncpg.Connection
) -> None:
    asha, dev = pair
    await drive(dev)
    head = await db.fetchval("select last_seq from event_heads where user_id = $1", dev.id)
    async with on_line(server.url, asha) as one, on_line(server.url, dev) as other:
        for number in range(30):
            await one.say("position", latitude=number, longitude=0)
        told = await other.hear("position")
        while told["latitude"] != 29:
            told = await other.hear("position")
    [row] = await kept(db, asha)
    assert row["position"] == asyncpg.Point(0, 29)
    assert await db.fetchval("select last_seq from event_heads where user_id = $1", dev.id) == head


async def test_who_says_many_in_a_second_is_heard_once(
    server: Server, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha, dev = pair
    await drive(asha)
    rounds: list[int] = []
    pass_on = server.app.ctx.resources[Positions]._pass_on

    async def counted() -> None:
        rounds.append(1)
        await pass_on()

    monkeypatch.setattr(server.app.ctx.resources[Positions], "_pass_on", counted)
    async with (
        on_line(server.url, asha) as one,
        on_line(server.url, asha) as two,
        on_line(server.url, dev) as other,
    ):
        for number in range(25):
            await one.say("position", latitude=number, longitude=1)
            await two.say("position", latitude=number, longitude=2)
        # Each device is answered in its own order.
        await two.say("ping")
        await two.hear("pong")
        await one.say("position", latitude=80, longitude=3)
        while (await other.hear("position"))["latitude"] != 80:
            pass
        heard = [each for each in other.seen if each["type"] == "position"]
        assert len(heard) <= len(rounds)
        assert len({each["seen_at"] for each in heard}) == len(heard), "the same came twice"


@pytest.mark.parametrize("state", ["alone", "open", "completed", "cancelled"])
async def test_outside_of_a_ride_under_way_it_is_refused(
    server: Server, sign_up: SignUp, db: asyncpg.Connection, state: str
) -> None:
    asha, dev = await sign_up(), await sign_up()
    if state == "alone":
        await go(asha)
    else:
        await pair_up(asha, dev)
    if state == "completed":
        await drive(dev)
        await drive(dev, "complete")
    if state == "cancelled":
        await drive(dev, "leave")
    async with on_line(server.url, asha) as one:
        await one.say("position", **HERE)
        error = await one.hear("error")
        assert (error["code"], error["about"]) == ("not_on_the_way", "position")
        await one.say("ping")
        await one.hear("pong")
    assert await kept(db, asha) == []


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"latitude": 90.1, "longitude": 0}, "latitude"),
        ({"latitude": 0, "longitude": -180.5}, "longitude"),
        ({"latitude": "0", "longitude": 0}, "latitude"),
        ({"latitude": 0}, "longitude"),
        ({"latitude": 0, "longitude": 0, "heading": 360}, "heading"),
        ({"latitude": 0, "longitude": 0, "heading": -1}, "heading"),
        ({"latitude": 0, "longitude": 0, "speed": 7}, "speed"),
        ({"latitude": 0, "longitude": 0, "user_id": 1}, "user_id"),
    ],
)
async def test_what_is_no_place_is_refused(
    server: Server, sign_up: SignUp, place: dict[str, object], field: str
) -> None:
    async with on_line(server.url, await sign_up()) as one:
        await one.say("position", **place)
        error = await one.hear("error")
        assert (error["code"], error["errors"][0]["field"]) == ("invalid", field)


@pytest.mark.parametrize("in_psql", [False, True])
async def test_it_ends_with_the_ride(
    server: Server, pair: Pair, db: asyncpg.Connection, in_psql: bool
) -> None:
    asha, dev = pair
    pool_id = await drive(asha)
    async with on_line(server.url, asha) as one, on_line(server.url, dev) as other:
        await one.say("position", **HERE)
        await other.hear("position")
        if in_psql:
            await db.execute("update pools set status = 'cancelled' where pool_id = $1", pool_id)
        else:
            await drive(dev, "complete")
        assert await kept(db, asha) == []
        # The first of a second is written at once; one that waits for its end has none then.
        await one.say("position", **HERE)
        await until(lambda: asha.id not in server.app.ctx.resources[Positions]._written)
        await one.say("position", **HERE)
        assert (await one.hear("error"))["code"] == "not_on_the_way"
        assert await kept(db, asha) == []


async def test_who_sets_off_in_another_ride_is_seen_no_more_in_the_one_nobody_ended(
    server: Server, pair: Pair, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    """Those who rode along are, and who got out of the other one before."""
    asha, dev = pair
    mina, ravi = await sign_up(), await sign_up()
    later = [leaving(0, 60, offset) for offset in range(3)]
    await pair_up(mina, asha, *later[:2])
    waits = (await go(ravi, later[2]))["request_id"]
    [pending] = (await asked(mina, waits))["items"]
    assert (await say(ravi, pending["connection_id"])).status_code == 200
    other = await pool_of(ravi)
    assert (await ravi.call("POST", f"/api/pool/pools/{other}/leave")).status_code == 200
    await pair_up(ravi, await sign_up(), ride(3), ride(4))
    await drive(asha)
    await drive(ravi)
    for rider in (asha, dev, ravi):
        async with on_line(server.url, rider) as device:
            await device.say("position", **HERE)
            await until(lambda rider=rider: kept(db, rider))
    assert (await mina.call("POST", f"/api/pool/pools/{other}/start")).status_code == 200
    assert [len(await kept(db, rider)) for rider in (asha, dev, ravi)] == [0, 1, 1]


async def test_a_place_that_comes_while_the_ride_ends_does_not_outlive_it(
    server: Server, pair: Pair, db: asyncpg.Connection
) -> None:
    asha, _ = pair
    pool_id = await drive(asha)
    transaction = db.transaction()
    await transaction.start()
    await db.execute("update pools set status = 'completed' where pool_id = $1", pool_id)
    async with on_line(server.url, asha) as one:
        await one.say("position", **HERE)
        await until_waiting(db)
        await transaction.commit()
        assert (await one.hear("error"))["code"] == "not_on_the_way"
    assert await kept(db, asha) == []


async def until_waiting(db: asyncpg.Connection) -> None:
    """Until a connection of the server waits for a lock, which it is not shown itself."""

    async def waiting() -> bool:
        # Inside a transaction PostgreSQL would go on showing what it showed first.
        await db.execute("select pg_stat_clear_snapshot()")
        return bool(
            await db.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() "
                "and wait_event_type = 'Lock' and query like '%for share of pools%'"
            )
        )

    await until(waiting)


async def test_after_a_crash_of_the_database_it_goes_on_by_itself(
    server: Server, pair: Pair, db: asyncpg.Connection
) -> None:
    asha, dev = pair
    await drive(asha)
    async with on_line(server.url, asha) as one, on_line(server.url, dev) as other:
        await one.say("position", latitude=1, longitude=1)
        await other.hear("position")
        # What is left of an unlogged table then.
        await db.execute("delete from live_positions where user_id = $1", asha.id)
        await one.say("position", latitude=2, longitude=2)
        assert (await other.hear("position"))["latitude"] == 2


async def test_who_blocked_whom_in_one_car_they_see_each_other(server: Server, pair: Pair) -> None:
    asha, dev = pair
    await drive(asha)
    assert (await dev.call("PUT", f"/api/users/{asha.id}/block")).status_code < 300
    async with on_line(server.url, asha) as one, on_line(server.url, dev) as other:
        await one.say("position", **HERE)
        assert (await other.hear("position"))["user_id"] == asha.id


async def test_who_follows_by_a_link_sees_the_latest_of_both(server: Server, pair: Pair) -> None:
    asha, dev = pair
    link = await share(asha)
    await drive(asha)
    async with on_line(server.url, asha) as one, on_line(server.url, dev) as other:
        await one.say("position", **HERE)
        await other.hear("position")
        seen = (await asha.client.get(str(link["url"]))).json()["last_position"]
        assert (seen["latitude"], seen["longitude"]) == (HERE["latitude"], HERE["longitude"])
        answer = await asha.call(
            "PUT", "/api/safety/position", json={"latitude": 19.2, "longitude": 72.9}
        )
        assert answer.status_code == 204
        seen = (await asha.client.get(str(link["url"]))).json()["last_position"]
        assert (seen["latitude"], seen["longitude"]) == (19.2, 72.9)


async def test_riders_on_different_servers_see_each_other(
    pair: Pair, two_addresses: tuple[str, str]
) -> None:
    asha, dev = pair
    await drive(asha)
    one, other = two_addresses
    async with on_line(one, asha) as left, on_line(other, dev) as right:
        for number in range(10):
            await left.say("position", latitude=number, longitude=0)
            await right.say("position", latitude=0, longitude=number)
        assert await last_of(right, "latitude", 9) == {asha.id}
        assert await last_of(left, "longitude", 9) == {dev.id}


async def last_of(device: Device, member: str, value: int) -> set[int]:
    """Who is heard until the last place comes; nothing that is older comes later."""
    heard = []
    while not heard or heard[-1][member] != value:
        heard.append(await device.hear("position"))
    assert [each["seen_at"] for each in heard] == sorted({each["seen_at"] for each in heard})
    return {each["user_id"] for each in heard}
