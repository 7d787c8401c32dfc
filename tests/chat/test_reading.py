"""What is read, what is not, and who is told."""

import asyncio

import asyncpg
import pytest

from tests.chat.conftest import (
    MESSAGES,
    Pair,
    mark_read,
    open_chat,
    read,
    refused,
    said,
    unread,
    write,
)
from tests.conftest import SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import heard_by
from tests.profiles.fellow_riders import share_a_ride
from tests.waiting import until_waiting_for_locks


async def receipts(db: asyncpg.Connection, rider: Rider) -> list[tuple[int, int]]:
    """Who read up to which message, as a phone learns it."""
    return [
        (told["reader_id"], told["message_id"])
        for kind, told in await heard_by(db, rider)
        if kind == "messages_read"
    ]


async def test_reading_marks_as_read_and_tells_both(pair: Pair, db: asyncpg.Connection) -> None:
    messages = [await said(pair.asha, pair.dev, f"Number {n}.") for n in range(3)]
    conversation_id = messages[0]["conversation_id"]
    assert await unread(pair.dev) == {conversation_id: 3}
    assert await unread(pair.asha) == {conversation_id: 0}
    assert [each["is_read"] for each in await read(pair.asha, conversation_id)] == [False] * 3
    await read(pair.dev, conversation_id)
    assert await unread(pair.dev) == {conversation_id: 0}
    assert [each["is_read"] for each in await read(pair.asha, conversation_id)] == [True] * 3
    # The reader's other devices have a badge to clear.
    for rider in (pair.asha, pair.dev):
        assert await receipts(db, rider) == [(pair.dev.id, messages[-1]["id"])]
    [kind, told] = (await heard_by(db, pair.asha))[-1]
    assert (kind, told) == (
        "messages_read",
        {
            "conversation_id": conversation_id,
            "reader_id": pair.dev.id,
            "message_id": messages[-1]["id"],
        },
    )


async def test_what_is_read_again_or_written_by_oneself_is_no_news(
    pair: Pair, db: asyncpg.Connection
) -> None:
    conversation_id = (await said(pair.asha, pair.dev))["conversation_id"]
    await read(pair.asha, conversation_id)
    assert await mark_read(pair.asha, conversation_id) == 0
    await read(pair.dev, conversation_id)
    await read(pair.dev, conversation_id)
    assert await mark_read(pair.dev, conversation_id) == 0
    assert [reader for reader, _ in await receipts(db, pair.asha)] == [pair.dev.id]


async def test_to_ask_for_the_head_alone_reads_nothing(pair: Pair) -> None:
    conversation_id = (await said(pair.asha, pair.dev))["conversation_id"]
    head = await pair.dev.call("HEAD", f"/api/chat/messages/{conversation_id}")
    assert (head.status_code, head.content) == (200, b"")
    assert await unread(pair.dev) == {conversation_id: 1}


async def test_reading_up_to_a_message_leaves_the_rest(pair: Pair, db: asyncpg.Connection) -> None:
    ids = []
    for n in range(6):
        sender, receiver = (pair.asha, pair.dev) if n % 3 else (pair.dev, pair.asha)
        ids.append((await said(sender, receiver, f"Number {n}."))["id"])
    # By Dev: 0 and 3; by Asha: 1, 2, 4 and 5.
    conversation_id = await open_chat(pair.asha, pair.dev)
    assert await unread(pair.dev) == {conversation_id: 4}
    assert await mark_read(pair.dev, conversation_id, message_id=ids[1]) == 1
    assert await unread(pair.dev) == {conversation_id: 3}
    assert [each["is_read"] for each in await read(pair.asha, conversation_id)] == [
        True,
        True,
        False,
        True,
        False,
        False,
    ]
    # Never back.
    assert await mark_read(pair.dev, conversation_id, message_id=ids[0]) == 0
    assert await unread(pair.dev) == {conversation_id: 3}
    await said(pair.dev, pair.asha, "My own is not unread.")
    assert await unread(pair.dev) == {conversation_id: 3}
    assert await mark_read(pair.dev, conversation_id, message_id=ids[4]) == 2
    assert await mark_read(pair.dev, conversation_id) == 1
    assert await unread(pair.dev) == {conversation_id: 0}
    by_dev = [told for reader, told in await receipts(db, pair.asha) if reader == pair.dev.id]
    assert by_dev[:2] == [ids[1], ids[4]]
    assert by_dev[2] > ids[5]


async def test_a_message_of_another_conversation_marks_nothing(
    pair: Pair, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    third, fourth = await sign_up(), await sign_up()
    await share_a_ride(db, third, fourth)
    conversation_id = (await said(pair.asha, pair.dev))["conversation_id"]
    elsewhere = (await said(third, fourth))["id"]
    assert await mark_read(pair.dev, conversation_id, message_id=elsewhere) == 0
    assert await mark_read(pair.dev, conversation_id, message_id=2**63 - 1) == 0
    assert await unread(pair.dev) == {conversation_id: 1}
    assert await read(pair.dev, conversation_id, f"before={elsewhere}") == []


async def test_the_latest_hundred_come_oldest_first_and_the_older_on_demand(
    pair: Pair, db: asyncpg.Connection
) -> None:
    conversation_id = (await said(pair.asha, pair.dev, "Number 1."))["conversation_id"]
    async with db.transaction():
        await db.execute(
            "insert into messages (college_id, conversation_id, seq, user_id, content) "
            "select $1, $2, n, $3, 'Number ' || n || '.' from generate_series(2, 250) n",
            pair.asha.college_id,
            conversation_id,
            pair.asha.id,
        )
        await db.execute(
            "update conversations set last_seq = 250, last_message_id = "
            "(select max(message_id) from messages where conversation_id = $1) "
            "where conversation_id = $1",
            conversation_id,
        )
    numbers: list[str] = []
    query, sizes = "", []
    while True:
        answer = await pair.dev.call("GET", f"{MESSAGES}/{conversation_id}?{query}")
        page = answer.json()
        sizes.append(len(page["messages"]))
        numbers = [each["content"] for each in page["messages"]] + numbers
        if page["next_before"] is None:
            break
        query = f"before={page['next_before']}"
    assert sizes == [100, 100, 50]
    assert numbers == [f"Number {n}." for n in range(1, 251)]
    # What was shown first were the latest: with them all are read.
    assert await unread(pair.dev) == {conversation_id: 0}
    few = await read(pair.dev, conversation_id, "limit=2")
    assert [each["content"] for each in few] == ["Number 249.", "Number 250."]


async def test_older_pages_mark_nothing(pair: Pair) -> None:
    first = await said(pair.asha, pair.dev)
    second = await said(pair.asha, pair.dev)
    conversation_id = first["conversation_id"]
    older = await read(pair.dev, conversation_id, f"before={second['id']}")
    assert [each["id"] for each in older] == [first["id"]]
    assert await unread(pair.dev) == {conversation_id: 2}


async def test_counts_stay_right_whoever_writes_and_reads_at_once(
    pair: Pair, db: asyncpg.Connection
) -> None:
    conversation_id = (await said(pair.asha, pair.dev))["conversation_id"]
    marked = 0

    async def mark(rider: Rider) -> None:
        nonlocal marked
        number = await mark_read(rider, conversation_id)
        marked += number if rider is pair.dev else 0

    await asyncio.gather(
        *(
            act
            for _ in range(15)
            for act in (
                write(pair.asha, pair.dev),
                write(pair.dev, pair.asha),
                mark(pair.dev),
                mark(pair.asha),
            )
        )
    )
    left = await unread(pair.dev)
    by_hand = await db.fetchval(
        "select count(*) from messages m join participants p using (college_id, conversation_id) "
        "where m.conversation_id = $1 and p.user_id = $2 and m.seq > p.read_seq "
        "and m.user_id <> $2",
        conversation_id,
        pair.dev.id,
    )
    assert left == {conversation_id: by_hand}
    assert marked + by_hand == 16
    assert await mark_read(pair.dev, conversation_id) == by_hand
    assert await unread(pair.dev) == {conversation_id: 0}


async def test_ones_own_message_that_was_on_its_way_is_not_counted_as_unread(
    pair: Pair, db: asyncpg.Connection, database_url: str
) -> None:
    conversation_id = (await said(pair.asha, pair.dev))["conversation_id"]
    phone = await pair.dev.on_another_device()
    holder = await asyncpg.connect(database_url)
    async with holder.transaction():
        await holder.execute(
            "select from conversations where conversation_id = $1 for update", conversation_id
        )
        sent = asyncio.create_task(write(phone, pair.asha))
        await until_waiting_for_locks(db, 1)
        first = await db.fetchval(
            "select max(message_id) from messages where user_id = $1", pair.asha.id
        )
        marked = asyncio.create_task(mark_read(pair.dev, conversation_id, message_id=first))
        await until_waiting_for_locks(db, 2)
    await holder.close()
    assert (await sent).status_code == 200
    assert await marked == 1
    assert await unread(pair.dev) == {conversation_id: 0}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "before=0", "before=x", f"before={2**63}", "before=", "skip=1"],
)
async def test_absurd_pages_are_refused(pair: Pair, query: str) -> None:
    conversation_id = await open_chat(pair.asha, pair.dev)
    answer = await pair.asha.call("GET", f"{MESSAGES}/{conversation_id}?{query}")
    assert answer.status_code == 422, answer.text
    assert len(answer.json()["errors"]) == 1


@pytest.mark.parametrize("body", [{"message_id": 0}, {"message_id": "1"}, {"all": True}])
async def test_absurd_marks_are_refused(pair: Pair, body: dict[str, object]) -> None:
    conversation_id = await open_chat(pair.asha, pair.dev)
    path = f"{MESSAGES}/{conversation_id}/read"
    assert (await pair.asha.call("POST", path, json=body)).status_code == 422


async def test_a_conversation_that_is_not_there_is_404(pair: Pair) -> None:
    for conversation_id in ("0", "x", str(2**63)):
        answer = await pair.asha.call("GET", f"{MESSAGES}/{conversation_id}")
        assert answer.status_code == 404
    answer = await pair.asha.call("GET", f"{MESSAGES}/{2**63 - 1}")
    assert refused(answer) == (404, "no_such_conversation")
