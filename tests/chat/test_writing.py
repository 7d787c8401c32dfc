"""A message is stored, all who take part are told, and there is one order."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from tests.chat.conftest import (
    MESSAGES,
    Pair,
    find,
    listed,
    open_chat,
    post,
    read,
    refused,
    said,
    set_pool,
    unread,
    words,
    write,
    written,
)
from tests.conftest import SignUp, StartServer
from tests.people import Rider
from tests.pooling.roads_to_campus import ask, heard_by, leaving, pair_up, plan
from tests.profiles.fellow_riders import ban, block, share_a_ride


async def test_a_message_is_answered_as_it_is_kept(pair: Pair) -> None:
    answer = await write(pair.asha, pair.dev, " I am at the gate.\n")
    message = written(answer)
    assert message["id"] > 0
    assert message["created_at"].endswith("Z")
    assert message == {
        "id": message["id"],
        "conversation_id": await open_chat(pair.asha, pair.dev),
        "sender_id": pair.asha.id,
        "sender_name": "Asha Rao",
        "content": "I am at the gate.",
        "created_at": message["created_at"],
        "is_read": False,
    }
    assert await read(pair.asha, message["conversation_id"]) == [message]
    assert await read(pair.dev, message["conversation_id"]) == [{**message, "is_read": True}]


async def test_both_are_told_the_sender_for_the_other_devices(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha, dev = await sign_up(full_name="Asha Rao"), await sign_up()
    connection_id = await pair_up(asha, dev)
    message = await said(asha, dev)
    for rider in (asha, dev):
        kind, told = (await heard_by(db, rider))[-1]
        at = told.pop("created_at")
        assert at.replace("+00:00", "Z") == message["created_at"]
        assert kind == "chat_message"
        assert told == {
            "message_id": message["id"],
            "conversation_id": message["conversation_id"],
            "connection_id": connection_id,
            "sender_id": asha.id,
            "sender_name": "Asha Rao",
            "content": "Hello.",
        }


async def test_a_message_names_the_latest_ride_that_the_two_share(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    first, asha, dev, last = [await sign_up() for _ in range(4)]
    await pair_up(asha, dev, leaving(0, 30), leaving(0, 30, 1))
    latest = await pair_up(asha, dev, leaving(60, 90), leaving(60, 90, 1))
    # Later ones: of each with somebody else, and one that nobody has agreed to.
    await pair_up(first, dev, leaving(120, 150), leaving(120, 150, 1))
    await pair_up(asha, last, leaving(180, 210), leaving(180, 210, 1))
    [target] = await plan(dev, leaving(240, 270))
    await plan(asha, leaving(240, 270, 1))
    assert (await ask(asha, target)).status_code == 200
    await said(asha, dev)
    kind, told = (await heard_by(db, dev))[-1]
    assert (kind, told["connection_id"]) == ("chat_message", latest)


async def test_what_is_refused_tells_nobody(pair: Pair, db: asyncpg.Connection) -> None:
    await set_pool(db, pair.pool_id, "completed", "49 hours")
    assert refused(await write(pair.asha, pair.dev)) == (403, "not_connected")
    assert await heard_by(db, pair.dev) == []
    # Not even the conversation that would have been begun.
    assert not await db.fetchval(
        "select count(*) from conversations where $1 in (one_id, other_id)", pair.asha.id
    )


async def test_only_riders_of_one_ride_begin(sign_up: SignUp, pair: Pair) -> None:
    stranger = await sign_up()
    for sender, receiver in ((pair.asha, stranger), (stranger, pair.asha)):
        assert refused(await write(sender, receiver)) == (403, "not_connected")
        assert refused(await find(sender, receiver.id)) == (403, "not_connected")
    await said(pair.asha, pair.dev)


async def test_an_umbrella_can_be_asked_for_two_days_long(
    pair: Pair, db: asyncpg.Connection
) -> None:
    await set_pool(db, pair.pool_id, "completed", "47 hours 59 minutes")
    conversation_id = await open_chat(pair.asha, pair.dev)
    await set_pool(db, pair.pool_id, "completed", "48 hours 1 minute")
    # Begun by nobody yet: opened is not begun.
    assert refused(await write(pair.asha, pair.dev)) == (403, "not_connected")
    by_id = await post(pair.asha, conversation_id=conversation_id, content="Hello.")
    assert refused(by_id) == (403, "chat_closed")


async def test_who_left_the_ride_does_not_begin(pair: Pair, db: asyncpg.Connection) -> None:
    await db.execute(
        "update pool_members set left_at = now() where user_id = $1 and pool_id = $2",
        pair.dev.id,
        pair.pool_id,
    )
    assert refused(await write(pair.dev, pair.asha)) == (403, "not_connected")
    assert refused(await write(pair.asha, pair.dev)) == (403, "not_connected")


async def test_what_was_begun_goes_on_after_the_ride(pair: Pair, db: asyncpg.Connection) -> None:
    first = await said(pair.asha, pair.dev)
    await set_pool(db, pair.pool_id, "completed", "300 days")
    await said(pair.dev, pair.asha, "Same time tomorrow?")
    by_id = await post(pair.asha, conversation_id=first["conversation_id"], content="Yes.")
    assert by_id.status_code == 200, by_id.text
    assert (await find(pair.asha, pair.dev.id)).status_code == 200
    assert await words(pair.dev, first["conversation_id"]) == [
        "Hello.",
        "Same time tomorrow?",
        "Yes.",
    ]


async def test_a_setting_opens_it_to_the_college(
    sign_up: SignUp, start_server: StartServer
) -> None:
    asha, dev = await sign_up(), await sign_up()
    stranger = await sign_up(college_name="VJTI")
    server = await start_server(chat_open_to="college")
    async with server.client() as client:
        asha.client = client
        await said(asha, dev)
        assert refused(await write(asha, stranger)) == (404, "no_such_rider")
    # Where it is not open any more, what was begun goes on.
    await said(dev, asha)


@pytest.mark.parametrize("blocker", ["asha", "dev"])
async def test_nobody_writes_across_a_block(
    pair: Pair, db: asyncpg.Connection, blocker: str
) -> None:
    message = await said(pair.asha, pair.dev)
    one, other = (pair.asha, pair.dev) if blocker == "asha" else (pair.dev, pair.asha)
    await block(db, one, other)
    conversation_id = message["conversation_id"]
    for rider, partner in ((pair.asha, pair.dev), (pair.dev, pair.asha)):
        assert refused(await write(rider, partner)) == (404, "no_such_rider")
        by_id = await post(rider, conversation_id=conversation_id, content="Hello?")
        assert refused(by_id) == (404, "no_such_conversation")
        # Nor do they see what was said before, until the block ends.
        assert refused(await rider.call("GET", f"{MESSAGES}/{conversation_id}")) == (
            404,
            "no_such_conversation",
        )
        marked = await rider.call("POST", f"{MESSAGES}/{conversation_id}/read", json={})
        assert marked.status_code == 404
        assert await listed(rider) == []
        assert refused(await find(rider, partner.id)) == (404, "no_such_rider")
    assert len(await heard_by(db, pair.dev)) == 1
    await one.call("DELETE", f"/api/users/{other.id}/block")
    assert await unread(pair.dev) == {conversation_id: 1}
    assert await words(pair.dev, conversation_id) == ["Hello."]


async def test_a_banned_rider_is_not_written_to_and_what_was_said_stays(
    pair: Pair, db: asyncpg.Connection
) -> None:
    message = await said(pair.asha, pair.dev)
    await pair.dev.call("PUT", "/api/profile/me", json={"bio": "Third bench"})
    assert (await listed(pair.asha))[0]["partner"]["bio"] == "Third bench"
    await ban(db, pair.dev)
    assert refused(await write(pair.asha, pair.dev)) == (404, "no_such_rider")
    conversation_id = message["conversation_id"]
    by_id = await post(pair.asha, conversation_id=conversation_id, content="Hello?")
    assert refused(by_id) == (403, "chat_closed")
    assert await words(pair.asha, conversation_id) == ["Hello."]
    [conversation] = await listed(pair.asha)
    assert conversation["partner"]["full_name"] == "Dev Shah"
    # As in the profile, which is not there any more.
    assert conversation["partner"]["bio"] is None


async def test_other_riders_and_colleges_have_no_part_in_it(sign_up: SignUp, pair: Pair) -> None:
    conversation_id = (await said(pair.asha, pair.dev))["conversation_id"]
    for other in (await sign_up(), await sign_up(college_name="VJTI")):
        by_id = await post(other, conversation_id=conversation_id, content="Hello.")
        assert refused(by_id) == (404, "no_such_conversation")
        assert (await other.call("GET", f"{MESSAGES}/{conversation_id}")).status_code == 404
        marked = await other.call("POST", f"{MESSAGES}/{conversation_id}/read", json={})
        assert refused(marked) == (404, "no_such_conversation")
    assert await words(pair.dev, conversation_id) == ["Hello."]


async def test_whoever_is_of_another_college_is_not_there(sign_up: SignUp, pair: Pair) -> None:
    stranger = await sign_up(college_name="VJTI")
    for partner_id in (stranger.id, 2**63 - 1):
        answer = await post(pair.asha, receiver_id=partner_id, content="Hello.")
        assert refused(answer) == (404, "no_such_rider")
        assert refused(await find(pair.asha, partner_id)) == (404, "no_such_rider")


async def test_nobody_writes_to_themselves(pair: Pair) -> None:
    answer = await write(pair.asha, pair.asha)
    assert refused(answer) == (422, "own_chat")
    assert answer.json()["errors"][0]["field"] == "receiver_id"
    assert refused(await find(pair.asha, pair.asha.id)) == (422, "own_chat")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n\t "}, "content"),
        ({"content": "x" * 4001}, "content"),
        ({"content": "a\0b"}, "content"),
        ({"content": "a\x1b[2Jb"}, "content"),
        ({"content": "a\x7fb"}, "content"),
        ({"content": None}, "content"),
        ({"content": 7}, "content"),
        ({"receiver_id": None}, "receiver_id"),
        ({"receiver_id": 0}, "receiver_id"),
        ({"receiver_id": 2**63}, "receiver_id"),
        ({"receiver_id": "7"}, "receiver_id"),
        ({"conversation_id": 1}, "receiver_id"),
        ({"conversation_id": 0}, "conversation_id"),
        ({"sender_id": 1}, "sender_id"),
        ({"is_read": True}, "is_read"),
    ],
)
async def test_what_is_out_of_bounds_is_refused_by_field(
    pair: Pair, body: dict[str, Any], field: str
) -> None:
    answer = await post(pair.asha, **{"receiver_id": pair.dev.id, "content": "Hello.", **body})
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_half_a_character_is_no_text(pair: Pair) -> None:
    body = b'{"receiver_id": %d, "content": "\\ud83d"}' % pair.dev.id
    answer = await pair.asha.call("POST", MESSAGES, content=body)
    assert answer.status_code in (400, 422), answer.text


async def test_the_longest_message_fits_with_its_lines(pair: Pair) -> None:
    content = "\u0905\r\n\t\U0001f468\u200d\U0001f467 " * 499 + "the end."
    assert len(content) == 4000
    message = await said(pair.asha, pair.dev, content)
    assert await words(pair.dev, message["conversation_id"]) == [content]


async def test_a_retry_with_its_key_is_one_message(pair: Pair, db: asyncpg.Connection) -> None:
    body = {"receiver_id": pair.dev.id, "content": "Hello."}
    key = {"Idempotency-Key": "local-7"}
    answers = await asyncio.gather(*(post(pair.asha, **body, headers=key) for _ in range(5)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert written(answers[0])["content"] == "Hello."
    changed = await post(pair.asha, **{**body, "content": "Goodbye."}, headers=key)
    assert refused(changed) == (422, "idempotency_key_reused")
    assert len(await heard_by(db, pair.dev)) == 1
    # The first answer is the answer, whatever has come between the two.
    await block(db, pair.dev, pair.asha)
    assert (await post(pair.asha, **body, headers=key)).content == answers[0].content


async def test_what_has_begun_goes_on_by_one_statement(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await said(pair.asha, pair.dev)
    asked: list[tuple[Any, str]] = []

    def count(name: str) -> None:
        ask_server = getattr(asyncpg.Connection, name)

        async def counted(self: asyncpg.Connection, sql: str, *values: Any, **more: Any) -> Any:
            asked.append((asyncio.current_task(), sql))
            return await ask_server(self, sql, *values, **more)

        monkeypatch.setattr(asyncpg.Connection, name, counted)

    # The second is what begins and ends transactions.
    count("_execute")
    count("execute")
    await said(pair.dev, pair.asha)
    monkeypatch.undo()
    # Jobs and timers ask for themselves meanwhile, and others are notified after the answer.
    [task] = [task for task, sql in asked if "chat.write_message" in sql]
    # Behind the wall a connection is told the college, too.
    own = [sql for whose, sql in asked if whose is task and "tripsync.college" not in sql]
    assert len(own) == 1


async def test_two_who_write_at_once_keep_one_order(pair: Pair, db: asyncpg.Connection) -> None:
    conversation_id = await open_chat(pair.asha, pair.dev)
    answers = await asyncio.gather(
        *(
            write(*(pair.asha, pair.dev) if n % 2 else (pair.dev, pair.asha), f"Number {n}.")
            for n in range(40)
        )
    )
    ids = [written(answer)["id"] for answer in answers]
    rows = await db.fetch(
        "select seq, message_id, created_at from messages where conversation_id = $1 order by seq",
        conversation_id,
    )
    assert [row["seq"] for row in rows] == list(range(1, 41))
    in_order = [row["message_id"] for row in rows]
    assert in_order == sorted(ids)
    assert [row["created_at"] for row in rows] == sorted(row["created_at"] for row in rows)
    assert await unread(pair.asha) == await unread(pair.dev) == {conversation_id: 20}
    for rider in (pair.asha, pair.dev):
        # On the phone as in the list.
        heard = [told["message_id"] for _, told in await heard_by(db, rider)]
        assert heard == in_order
    for rider in (pair.asha, pair.dev):
        assert [each["id"] for each in await read(rider, conversation_id)] == in_order


async def test_the_schema_lets_nobody_write_where_they_take_no_part(
    sign_up: SignUp, pair: Pair, db: asyncpg.Connection
) -> None:
    conversation_id = (await said(pair.asha, pair.dev))["conversation_id"]
    outsider, stranger = await sign_up(), await sign_up(college_name="VJTI")
    insert = (
        "insert into messages (college_id, conversation_id, seq, user_id, content) "
        "values ($1, $2, 99, $3, 'Hello.')"
    )
    for rider in (outsider, stranger):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await db.execute(insert, rider.college_id, conversation_id, rider.id)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await db.execute(
            "insert into conversations (college_id, one_id, other_id) values ($1, $2, $3)",
            pair.asha.college_id,
            pair.asha.id,
            stranger.id,
        )


async def limited_client(start_server: StartServer, *riders: Rider) -> httpx.AsyncClient:
    server = await start_server(rate_limits="on")
    client = server.client()
    for rider in riders:
        rider.client = client
    return client


async def test_a_rider_writes_no_faster_than_people_do(
    pair: Pair, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tripsync.chat.messages.MESSAGES", "3/hour")
    async with await limited_client(start_server, pair.asha, pair.dev):
        codes = [(await write(pair.asha, pair.dev)).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        assert (await write(pair.dev, pair.asha)).status_code == 200


async def test_a_rider_begins_only_so_many(
    sign_up: SignUp,
    start_server: StartServer,
    db: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tripsync.chat.conversations.OPENINGS", "2/hour")
    rider, one, two, three = [await sign_up() for _ in range(4)]
    await share_a_ride(db, rider, one, two, three)
    async with await limited_client(start_server, rider):
        assert (await write(rider, one)).status_code == 200
        assert (await find(rider, two.id)).status_code == 200
        for answer in (await find(rider, three.id), await write(rider, three)):
            assert refused(answer) == (429, "too_many_requests")
        # Those that are there already cost nothing.
        assert (await find(rider, two.id)).status_code == 200
        assert (await write(rider, one)).status_code == 200
