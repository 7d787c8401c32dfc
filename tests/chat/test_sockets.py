"""A message that comes on a socket is the same as one that is posted."""

from typing import Any

import asyncpg
import msgspec
import pytest

from tests.chat.conftest import Pair, joined, open_chat, refused, said, unread, words, write
from tests.conftest import Server, SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import heard_by, pair_up, types_heard_by
from tests.profiles.fellow_riders import block
from tests.realtime.devices import on_line
from tripsync import chat
from tripsync.chat import events
from tripsync.http.problems import Problem
from tripsync.http.schemas import decoder
from tripsync.http.tokens import AccessTokens
from tripsync.realtime.events import events_in


async def say(server: Server, sender: Rider, **fields: Any) -> Any:
    """What the server answers to the one socket."""
    [frame] = chat.feature.frames
    assert frame.name == "chat_message"
    read = decoder(frame.schema)(msgspec.json.encode({"content": "Hello.", **fields}))
    resources = server.app.ctx.resources
    who = resources[AccessTokens].read(sender.access_token)
    return await frame.act(resources, who, read)


async def refusal(server: Server, sender: Rider, **fields: Any) -> tuple[int, str]:
    with pytest.raises(Problem) as problem:
        await say(server, sender, **fields)
    return problem.value.refusal.status, problem.value.refusal.code


async def test_a_message_is_stored_and_told(
    server: Server, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha, dev = await sign_up(), await sign_up()
    connection_id = await pair_up(asha, dev)
    frame = {"receiver_id": dev.id, "connection_id": connection_id, "content": " Hello.\n"}
    at = "2026-08-24T18:30:00Z"
    assert await say(server, asha, **frame, message_id="local-1", created_at=at) is None
    chat_id = await open_chat(dev, asha)
    assert await unread(dev) == {chat_id: 1}
    for rider in (asha, dev):
        kind, told = (await heard_by(db, rider))[-1]
        assert kind == "chat_message"
        assert (told["sender_id"], told["content"]) == (asha.id, "Hello.")
        assert told["connection_id"] == connection_id
        # Our clock counts.
        assert told["created_at"] > at


@pytest.mark.parametrize("message_id", [None, "local-7", -1754000000000, 1754000000000])
async def test_a_name_that_the_client_chose_makes_it_new(
    server: Server, pair: Pair, message_id: object
) -> None:
    await say(server, pair.asha, receiver_id=pair.dev.id, message_id=message_id)
    assert await words(pair.dev, await open_chat(pair.dev, pair.asha)) == ["Hello."]


async def test_what_is_stored_already_is_not_stored_again(
    server: Server, pair: Pair, db: asyncpg.Connection
) -> None:
    message = await said(pair.asha, pair.dev, "Once.")
    frame = {"receiver_id": pair.dev.id, "connection_id": None}
    for content in ("Once.", "Twice."):
        await say(server, pair.asha, **frame, content=content, message_id=message["id"])
    assert await words(pair.dev, message["conversation_id"]) == ["Once."]
    assert (await types_heard_by(db, pair.dev)).count("chat_message") == 1


async def test_a_message_of_somebody_else_is_nobodys_name(
    server: Server, pair: Pair, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    third = await sign_up()
    connected = await sign_up()
    await pair_up(third, connected)
    by_dev = await said(pair.dev, pair.asha, "By Dev.")
    elsewhere = await said(third, connected, "A secret.")
    to_third_party = (await said(pair.asha, pair.dev, "By Asha."))["id"]
    for message_id in (by_dev["id"], elsewhere["id"]):
        await say(
            server, pair.asha, receiver_id=pair.dev.id, content="Mine.", message_id=message_id
        )
    assert await words(pair.dev, by_dev["conversation_id"]) == [
        "By Dev.",
        "By Asha.",
        "Mine.",
        "Mine.",
    ]
    # One's own, to somebody else, opens no way to this one.
    named = {"receiver_id": third.id, "message_id": to_third_party}
    assert await refusal(server, pair.asha, **named) == (403, "not_connected")


async def test_the_receiver_decides_whatever_the_connection_is_said_to_be(
    server: Server, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha, dev, meera = [await sign_up() for _ in range(3)]
    with_dev = await pair_up(asha, dev)
    with_meera = await joined(meera, asha)
    chat_with_dev, chat_with_meera = await open_chat(asha, dev), await open_chat(asha, meera)
    named = [None, with_dev, with_meera, chat_with_dev, chat_with_meera, 2**63 - 1]
    async with on_line(server.url, asha) as hers, on_line(server.url, dev) as his:
        for connection_id in named:
            frame = {"receiver_id": dev.id, "connection_id": connection_id}
            await hers.say("chat_message", **frame, content=f"Number {connection_id}.")
            told = await his.hear("chat_message")
            assert told["content"] == f"Number {connection_id}."
            assert (told["conversation_id"], told["connection_id"]) == (chat_with_dev, with_dev)
    assert len(await words(dev, chat_with_dev)) == len(named)
    assert "chat_message" not in await types_heard_by(db, meera)


async def test_naming_the_conversation_of_others_opens_no_way_to_them(
    server: Server, sign_up: SignUp, pair: Pair
) -> None:
    outsider = await sign_up()
    named = {"connection_id": await open_chat(pair.asha, pair.dev)}
    for receiver in (pair.asha, pair.dev):
        refused_with = await refusal(server, outsider, receiver_id=receiver.id, **named)
        assert refused_with == (403, "not_connected")
    assert await words(pair.dev, named["connection_id"]) == []


async def test_the_rules_are_those_of_posting(
    server: Server, sign_up: SignUp, pair: Pair, db: asyncpg.Connection
) -> None:
    unconnected, stranger = await sign_up(), await sign_up(college_name="VJTI")
    assert await refusal(server, pair.asha, receiver_id=pair.asha.id) == (422, "own_chat")
    assert await refusal(server, pair.asha, receiver_id=unconnected.id) == (403, "not_connected")
    assert await refusal(server, pair.asha, receiver_id=stranger.id) == (404, "no_such_rider")
    await block(db, pair.dev, pair.asha)
    for sender, receiver in ((pair.asha, pair.dev), (pair.dev, pair.asha)):
        on_socket = await refusal(server, sender, receiver_id=receiver.id)
        assert on_socket == refused(await write(sender, receiver)) == (404, "no_such_rider")


@pytest.mark.parametrize(
    "fields",
    [
        {"content": ""},
        {"content": "x" * 4001},
        {"content": "a\0b"},
        {"receiver_id": 0},
        {"receiver_id": None},
        {"connection_id": "x"},
        {"message_id": 2**63},
        {"message_id": "x" * 101},
        {"message_id": [1]},
        {"created_at": "x" * 41},
        {"sender_id": 1},
    ],
)
async def test_what_is_out_of_bounds_is_refused(
    server: Server, pair: Pair, fields: dict[str, object]
) -> None:
    given = {"receiver_id": pair.dev.id, **fields}
    assert await refusal(server, pair.asha, **given) == (422, "invalid")


async def test_two_phones_talk_and_learn_what_was_read(server: Server, pair: Pair) -> None:
    app = f"/api/ws/chat?token={pair.asha.access_token}"
    async with (
        on_line(server.url, path=app) as hers,
        on_line(server.url, pair.dev) as his,
    ):
        # Both are listening before anybody speaks.
        for device in (hers, his):
            await device.say("ping")
            await device.hear("pong")
        frame = {"receiver_id": pair.dev.id, "connection_id": None}
        await hers.say("chat_message", **frame, content="On my way.", message_id="local-1")
        told = await his.hear("chat_message")
        assert (told["sender_id"], told["content"]) == (pair.asha.id, "On my way.")
        await hers.hear("chat_message")
        assert await words(pair.dev, told["conversation_id"]) == ["On my way."]
        receipt = await hers.hear("messages_read")
        assert (receipt["reader_id"], receipt["message_id"]) == (pair.dev.id, told["message_id"])
        # A refusal is said to the one socket, which stays open.
        await hers.say("chat_message", receiver_id=pair.asha.id, content="Me?")
        assert (await hers.hear("error"))["code"] == "own_chat"
        await hers.say("ping")
        await hers.hear("pong")


async def test_what_is_told_is_as_it_is_described(
    server: Server, pair: Pair, db: asyncpg.Connection
) -> None:
    message = await said(pair.asha, pair.dev)
    await words(pair.dev, message["conversation_id"])
    pool_chat = (await pair.asha.call("GET", "/api/chat/pools")).json()["items"][0]
    body = {"conversation_id": pool_chat["conversation_id"], "content": "Hello."}
    assert (await pair.asha.call("POST", "/api/chat/messages", json=body)).status_code == 200
    described = {each.type: each for each in events_in(events)}
    heard = await heard_by(db, pair.dev)
    assert {kind for kind, _ in heard} == set(described)
    for kind, told in heard:
        msgspec.convert(told, described[kind])
