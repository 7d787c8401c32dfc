"""Riders who share a ride, and what they say to each other."""

from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import ask, go, ride, say
from tests.profiles.fellow_riders import share_a_ride

MESSAGES = "/api/chat/messages"
CONVERSATIONS = "/api/chat/conversations"
FIND = f"{CONVERSATIONS}/find-or-create"
POOLS = "/api/chat/pools"


@dataclass
class Pair:
    """Two who share a ride now."""

    asha: Rider
    dev: Rider
    pool_id: int


@pytest.fixture
async def pair(sign_up: SignUp, db: asyncpg.Connection) -> Pair:
    asha, dev = await sign_up(full_name="Asha Rao"), await sign_up(full_name="Dev Shah")
    return Pair(asha, dev, await share_a_ride(db, asha, dev))


async def write(sender: Rider, receiver: Rider, content: str = "Hello.") -> httpx.Response:
    return await post(sender, receiver_id=receiver.id, content=content)


async def post(sender: Rider, **body: Any) -> httpx.Response:
    headers = body.pop("headers", {})
    return await sender.call("POST", MESSAGES, json=body, headers=headers)


async def said(sender: Rider, receiver: Rider, content: str = "Hello.") -> dict[str, Any]:
    """A message that was written."""
    return written(await write(sender, receiver, content))


def written(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    message: dict[str, Any] = answer.json()
    return message


async def find(rider: Rider, partner_id: int) -> httpx.Response:
    return await rider.call("GET", f"{FIND}?partner_id={partner_id}")


async def open_chat(rider: Rider, partner: Rider) -> int:
    """The id of the conversation of two."""
    answer = await find(rider, partner.id)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["conversation_id"])


async def read(rider: Rider, conversation_id: int, query: str = "") -> list[dict[str, Any]]:
    """What somebody reads, which marks it as read."""
    answer = await rider.call("GET", f"{MESSAGES}/{conversation_id}?{query}")
    assert answer.status_code == 200, answer.text
    messages: list[dict[str, Any]] = answer.json()["messages"]
    return messages


async def words(rider: Rider, conversation_id: int) -> list[str]:
    return [each["content"] for each in await read(rider, conversation_id)]


async def mark_read(rider: Rider, conversation_id: int, **body: int) -> int:
    """How many messages somebody says to have read."""
    answer = await rider.call("POST", f"{MESSAGES}/{conversation_id}/read", json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["marked_read"])


async def listed(rider: Rider, path: str = CONVERSATIONS) -> list[dict[str, Any]]:
    answer = await rider.call("GET", path)
    assert answer.status_code == 200, answer.text
    conversations: list[dict[str, Any]] = answer.json()[
        "conversations" if path.startswith(CONVERSATIONS) else "items"
    ]
    return conversations


async def unread(rider: Rider, path: str = CONVERSATIONS) -> dict[int, int]:
    """How much of which conversation somebody has not read."""
    return {each["conversation_id"]: each["unread_count"] for each in await listed(rider, path)}


async def chat_of(rider: Rider, pool_id: int) -> int:
    """The id of the conversation of a pool."""
    [found] = [each for each in await listed(rider, POOLS) if each["pool_id"] == pool_id]
    return int(found["conversation_id"])


async def set_pool(db: asyncpg.Connection, pool_id: int, status: str, ago: str = "0") -> None:
    """As if the ride had come to this, so long ago; a dissolved one lets everybody out."""
    await db.execute(
        """
        with aboard as (
            select member.pool_id,
                   member.request_id
              from pool_members member
              join pools using (pool_id)
             where pool_id = $1
               and (left_at is null or left_at = closed_at)
        ),
        closed as (
            update pools
               set status = $2::text,
                   closed_at = now() - $3::text::interval
             where pool_id = $1
            returning closed_at
        )
        update pool_members member
           set left_at = case when $2 = 'cancelled' then closed.closed_at end
          from aboard
         cross join closed
         where member.pool_id = aboard.pool_id
           and member.request_id = aboard.request_id
        """,
        pool_id,
        status,
        ago,
    )


async def joined(newcomer: Rider, member: Rider) -> int:
    """The connection by which somebody gets into a ride that has begun to form."""
    await go(newcomer, ride(2))
    target = (await member.call("GET", "/api/pool/requests")).json()["items"][0]["request_id"]
    asked = await ask(newcomer, target)
    assert asked.status_code == 200, asked.text
    connection_id: int = asked.json()["connection_id"]
    answer = await say(member, connection_id)
    assert answer.status_code == 200, answer.text
    return connection_id


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
