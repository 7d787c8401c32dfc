"""The conversation of a pool: who hears what is said in the car."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.chat.conftest import (
    MESSAGES,
    POOLS,
    Pair,
    chat_of,
    joined,
    listed,
    mark_read,
    post,
    read,
    refused,
    said,
    set_pool,
    unread,
    words,
    written,
)
from tests.conftest import SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import (
    go,
    heard_by,
    pair_up,
    the_other_way,
    types_heard_by,
)
from tests.profiles.fellow_riders import block, share_a_ride
from tests.waiting import until_waiting_for_locks


async def announce(rider: Rider, chat: int, content: str = "Hello.") -> dict[str, Any]:
    return written(await post(rider, conversation_id=chat, content=content))


async def get_in(db: asyncpg.Connection, pool_id: int, rider: Rider) -> None:
    """As if the rider had joined the pool."""
    request_id = (await go(rider))["request_id"]
    await db.execute(
        "insert into pool_members "
        "(college_id, pool_id, request_id, user_id, seats, shared_meters, fare_percent) "
        "values ($1, $2, $3, $4, 1, 9500, 50)",
        rider.college_id,
        pool_id,
        request_id,
        rider.id,
    )


async def set_aboard(db: asyncpg.Connection, pool_id: int, rider: Rider, aboard: bool) -> None:
    await db.execute(
        "update pool_members set left_at = case when not $3 then now() end "
        "where pool_id = $1 and user_id = $2",
        pool_id,
        rider.id,
        aboard,
    )


async def test_a_pool_has_its_conversation_from_the_start(sign_up: SignUp) -> None:
    asha, dev = await sign_up(full_name="Asha Rao"), await sign_up(full_name="Dev Shah")
    await pair_up(asha, dev)
    pool_id = (await asha.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    [seen] = await listed(asha, POOLS)
    chat = seen.pop("conversation_id")
    assert seen == {
        "pool_id": pool_id,
        "status": "open",
        "members": [
            {"id": asha.id, "full_name": "Asha Rao"},
            {"id": dev.id, "full_name": "Dev Shah"},
        ],
        "last_message": None,
        "unread_count": 0,
    }
    assert await read(dev, chat) == []
    message = await announce(asha, chat, "At the gate.")
    [seen] = await listed(dev, POOLS)
    assert seen["unread_count"] == 1
    assert seen["last_message"]["id"] == message["id"]
    assert seen["last_message"]["content"] == "At the gate."
    # The mobile app expects a partner in each of these.
    assert await listed(asha) == await listed(dev) == []


async def test_all_who_ride_along_are_told(
    sign_up: SignUp, pair: Pair, db: asyncpg.Connection
) -> None:
    meera, outsider = await sign_up(), await sign_up()
    await get_in(db, pair.pool_id, meera)
    chat = await chat_of(pair.asha, pair.pool_id)
    message = await announce(pair.asha, chat)
    for rider in (pair.asha, pair.dev, meera):
        # The mobile app would show a chat_message as one between two.
        [(kind, told)] = await heard_by(db, rider)
        assert kind == "pool_message"
        assert told.pop("created_at").replace("+00:00", "Z") == message["created_at"]
        assert told == {
            "message_id": message["id"],
            "conversation_id": chat,
            "pool_id": pair.pool_id,
            "sender_id": pair.asha.id,
            "sender_name": "Asha Rao",
            "content": "Hello.",
        }
    assert await heard_by(db, outsider) == []


async def test_who_does_not_ride_along_has_no_part_in_it(sign_up: SignUp, pair: Pair) -> None:
    chat = await chat_of(pair.asha, pair.pool_id)
    await announce(pair.asha, chat)
    for other in (await sign_up(), await sign_up(college_name="VJTI")):
        assert await listed(other, POOLS) == []
        sent = await post(other, conversation_id=chat, content="Hello.")
        assert refused(sent) == (404, "no_such_conversation")
        assert (await other.call("GET", f"{MESSAGES}/{chat}")).status_code == 404
        marked = await other.call("POST", f"{MESSAGES}/{chat}/read", json={})
        assert marked.status_code == 404


async def test_it_is_read_when_all_have_read_it(
    sign_up: SignUp, pair: Pair, db: asyncpg.Connection
) -> None:
    meera = await sign_up()
    await get_in(db, pair.pool_id, meera)
    chat = await chat_of(pair.asha, pair.pool_id)
    message = await announce(pair.asha, chat)
    await read(pair.dev, chat)
    assert (await read(pair.asha, chat))[0]["is_read"] is False
    await read(meera, chat)
    assert (await read(pair.asha, chat))[0]["is_read"] is True
    receipts = [told for kind, told in await heard_by(db, pair.asha) if kind == "messages_read"]
    assert receipts == [
        {"conversation_id": chat, "reader_id": reader.id, "message_id": message["id"]}
        for reader in (pair.dev, meera)
    ]


async def test_who_joins_later_reads_from_then_on(sign_up: SignUp) -> None:
    asha, dev, meera = [await sign_up() for _ in range(3)]
    await pair_up(asha, dev)
    pool_id = (await asha.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    chat = await chat_of(asha, pool_id)
    await announce(asha, chat, "Meera would make three.")
    await joined(meera, asha)
    assert await unread(meera, POOLS) == {chat: 0}
    assert (await listed(meera, POOLS))[0]["last_message"] is None
    assert await words(meera, chat) == []
    await announce(asha, chat, "Welcome.")
    assert await unread(meera, POOLS) == {chat: 1}
    assert await words(meera, chat) == ["Welcome."]
    assert await words(dev, chat) == ["Meera would make three.", "Welcome."]


async def test_who_left_reads_up_to_then(
    sign_up: SignUp, pair: Pair, db: asyncpg.Connection
) -> None:
    meera = await sign_up()
    await get_in(db, pair.pool_id, meera)
    chat = await chat_of(pair.asha, pair.pool_id)
    await announce(pair.asha, chat, "Before.")
    await set_aboard(db, pair.pool_id, meera, False)
    sent = await post(meera, conversation_id=chat, content="Wait for me!")
    assert refused(sent) == (403, "chat_closed")
    await announce(pair.asha, chat, "After.")
    assert await types_heard_by(db, meera) == ["pool_message"]
    assert await unread(meera, POOLS) == {chat: 1}
    assert await words(meera, chat) == ["Before."]
    assert await unread(meera, POOLS) == {chat: 0}
    # Whoever hears no more is not waited for.
    await read(pair.dev, chat)
    assert [each["is_read"] for each in await read(pair.asha, chat)] == [True, True]


async def test_who_comes_back_reads_from_then_on(
    sign_up: SignUp, pair: Pair, db: asyncpg.Connection
) -> None:
    meera = await sign_up()
    await get_in(db, pair.pool_id, meera)
    chat = await chat_of(pair.asha, pair.pool_id)
    await set_aboard(db, pair.pool_id, meera, False)
    await announce(pair.asha, chat, "Now that she is gone ...")
    await set_aboard(db, pair.pool_id, meera, True)
    await announce(pair.dev, chat, "There she is.")
    assert await unread(meera, POOLS) == {chat: 1}
    assert await words(meera, chat) == ["There she is."]
    await announce(meera, chat, "Here I am.")


async def test_who_left_in_silence_and_came_back_missed_nothing(
    sign_up: SignUp, pair: Pair, db: asyncpg.Connection
) -> None:
    meera = await sign_up()
    await get_in(db, pair.pool_id, meera)
    chat = await chat_of(pair.asha, pair.pool_id)
    await announce(pair.asha, chat, "Before.")
    await set_aboard(db, pair.pool_id, meera, False)
    await set_aboard(db, pair.pool_id, meera, True)
    await announce(pair.asha, chat, "After.")
    assert await words(meera, chat) == ["Before.", "After."]


@pytest.mark.parametrize("status", ["completed", "cancelled"])
async def test_after_the_ride_it_can_be_written_in_for_two_days_and_read_for_ever(
    pair: Pair, db: asyncpg.Connection, status: str
) -> None:
    chat = await chat_of(pair.asha, pair.pool_id)
    await announce(pair.asha, chat, "Here.")
    await set_pool(db, pair.pool_id, status, "47 hours 59 minutes")
    await announce(pair.dev, chat, "I forgot my umbrella.")
    await set_pool(db, pair.pool_id, status, "48 hours 1 minute")
    sent = await post(pair.asha, conversation_id=chat, content="Which one?")
    assert refused(sent) == (403, "chat_closed")
    for rider in (pair.asha, pair.dev):
        assert await words(rider, chat) == ["Here.", "I forgot my umbrella."]
        [seen] = await listed(rider, POOLS)
        assert seen["status"] == status
        assert len(seen["members"]) == 2


async def test_who_got_out_last_may_say_why(sign_up: SignUp) -> None:
    asha, dev = await sign_up(), await sign_up()
    await pair_up(asha, dev)
    pool_id = (await asha.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    left = await asha.call("POST", f"/api/pool/pools/{pool_id}/leave")
    assert left.status_code == 200, left.text
    chat = await chat_of(asha, pool_id)
    await announce(asha, chat, "My class was cancelled.")
    assert await words(dev, chat) == ["My class was cancelled."]


async def test_a_ride_in_which_nothing_was_said_is_not_listed_for_ever(
    pair: Pair, db: asyncpg.Connection
) -> None:
    chat = await chat_of(pair.asha, pair.pool_id)
    await set_pool(db, pair.pool_id, "completed", "47 hours 59 minutes")
    # Something may still be said.
    assert await chat_of(pair.asha, pair.pool_id) == chat
    await set_pool(db, pair.pool_id, "completed", "48 hours 1 minute")
    assert await listed(pair.asha, POOLS) == []


async def test_two_who_blocked_each_other_do_not_hear_each_other(
    sign_up: SignUp, pair: Pair, db: asyncpg.Connection
) -> None:
    meera = await sign_up()
    await get_in(db, pair.pool_id, meera)
    chat = await chat_of(pair.asha, pair.pool_id)
    # One of those that are not read yet is from before the block.
    await announce(pair.asha, chat, "By Asha.")
    await announce(meera, chat, "By Meera.")
    assert await unread(pair.dev, POOLS) == {chat: 2}
    await block(db, pair.dev, pair.asha)
    assert await unread(pair.dev, POOLS) == {chat: 1}
    await announce(pair.asha, chat, "By Asha again.")
    await announce(pair.dev, chat, "By Dev.")
    assert await unread(pair.dev, POOLS) == {chat: 1}
    [seen] = await listed(pair.asha, POOLS)
    assert (seen["last_message"]["content"], seen["unread_count"]) == ("By Asha again.", 1)
    assert await words(meera, chat) == ["By Asha.", "By Meera.", "By Asha again.", "By Dev."]
    assert await mark_read(pair.dev, chat) == 1
    assert await words(pair.dev, chat) == ["By Meera.", "By Dev."]
    assert await words(pair.asha, chat) == ["By Asha.", "By Meera.", "By Asha again."]
    # Only Meera's reading counts: Dev does not see what Asha wrote.
    assert (await read(pair.asha, chat))[-1]["is_read"] is True
    about = [
        (told["sender_id"], told["content"])
        for kind, told in await heard_by(db, pair.dev)
        if kind == "pool_message"
    ]
    assert about == [(pair.asha.id, "By Asha."), (meera.id, "By Meera."), (pair.dev.id, "By Dev.")]
    receipts = [
        told["reader_id"] for kind, told in await heard_by(db, pair.asha) if kind == "messages_read"
    ]
    assert pair.dev.id not in receipts
    await pair.dev.call("DELETE", f"/api/users/{pair.asha.id}/block")
    assert len(await words(pair.dev, chat)) == 4


async def test_who_joins_while_somebody_writes_hears_it_or_comes_after_it(
    sign_up: SignUp, pair: Pair, db: asyncpg.Connection, database_url: str
) -> None:
    meera = await sign_up()
    chat = await chat_of(pair.asha, pair.pool_id)
    other = await asyncpg.connect(database_url)
    async with db.transaction():
        await db.execute("select from conversations where conversation_id = $1 for update", chat)
        sending = asyncio.create_task(announce(pair.asha, chat, "Anybody new?"))
        await until_waiting_for_locks(db)
        joining = asyncio.create_task(get_in(other, pair.pool_id, meera))
        await until_waiting_for_locks(db, 2)
    await asyncio.gather(sending, joining)
    await other.close()
    heard = await types_heard_by(db, meera)
    number = len(heard)
    assert await unread(meera, POOLS) == {chat: number}
    assert len(await read(meera, chat)) == number


async def test_all_write_at_once_and_all_counts_are_right(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    riders = [await sign_up() for _ in range(4)]
    chat = await chat_of(riders[0], await share_a_ride(db, *riders))
    await asyncio.gather(*(announce(rider, chat) for rider in riders for _ in range(8)))
    for rider in riders:
        assert await unread(rider, POOLS) == {chat: 24}
        assert await mark_read(rider, chat) == 24
        assert await unread(rider, POOLS) == {chat: 0}
    heard = [
        [told["message_id"] for kind, told in await heard_by(db, rider) if kind == "pool_message"]
        for rider in riders
    ]
    assert len(heard[0]) == 32
    assert heard[1:] == heard[:1] * 3


async def test_a_former_rider_is_told_nothing(pair: Pair, db: asyncpg.Connection) -> None:
    chat = await chat_of(pair.asha, pair.pool_id)
    await pair.asha.call("POST", f"/api/pool/pools/{pair.pool_id}/complete")
    left = await pair.dev.call("DELETE", "/api/profile/me", json={"password": pair.dev.password})
    assert left.status_code == 204, left.text
    await announce(pair.asha, chat)
    assert await heard_by(db, pair.dev) == []


async def test_rides_come_latest_first_and_in_pages(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha, dev = await sign_up(), await sign_up()
    pools = []
    for _ in range(3):
        pool_id = await share_a_ride(db, asha, dev)
        await announce(dev, await chat_of(dev, pool_id))
        await set_pool(db, pool_id, "completed")
        await db.execute(
            "update pooling_requests set status = 'completed' where user_id = any($1::bigint[])",
            [asha.id, dev.id],
        )
        pools.append(pool_id)
    whole = await listed(asha, POOLS)
    assert [each["pool_id"] for each in whole] == pools[::-1]
    by_cursor, cursor = [], ""
    while cursor is not None:
        page = (await asha.call("GET", f"{POOLS}?limit=2{cursor}")).json()
        by_cursor += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert by_cursor == whole


async def test_a_message_to_one_of_the_car_is_between_two(
    pair: Pair, db: asyncpg.Connection
) -> None:
    chat = await chat_of(pair.asha, pair.pool_id)
    message = await said(pair.asha, pair.dev)
    assert message["conversation_id"] != chat
    assert await types_heard_by(db, pair.dev) == ["chat_message"]
    assert await read(pair.dev, chat) == []


async def test_riders_on_other_ways_have_nothing_listed(sign_up: SignUp) -> None:
    rider = await sign_up()
    await go(rider, the_other_way())
    assert await listed(rider, POOLS) == []


async def test_who_rides_along_is_named_once_whatever_else_they_talk_about(
    pair: Pair,
) -> None:
    await said(pair.asha, pair.dev)
    for rider in (pair.asha, pair.dev):
        [seen] = await listed(rider, POOLS)
        assert [each["id"] for each in seen["members"]] == [pair.asha.id, pair.dev.id]
