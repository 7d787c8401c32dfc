"""One conversation for two riders, whoever begins it, and nobody's secrets with it."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.chat.conftest import (
    CONVERSATIONS,
    FIND,
    Pair,
    find,
    joined,
    listed,
    open_chat,
    said,
    set_pool,
)
from tests.conftest import SignUp
from tests.pooling.roads_to_campus import pair_up
from tests.waiting import until_waiting_for_locks

OPEN_BOOK = {"phone_number": "+919820012345", "bio": "Third bench", "year_of_study": "Third year"}


async def test_twenty_at_once_from_both_sides_find_one(pair: Pair, db: asyncpg.Connection) -> None:
    answers = await asyncio.gather(
        *(find(one, other.id) for one, other in ((pair.asha, pair.dev), (pair.dev, pair.asha)) * 10)
    )
    assert [answer.status_code for answer in answers] == [200] * 20
    assert len({answer.json()["conversation_id"] for answer in answers}) == 1
    pairs = await db.fetch(
        "select one_id, other_id from conversations where $1 in (one_id, other_id)", pair.asha.id
    )
    assert [tuple(row) for row in pairs] == [tuple(sorted((pair.asha.id, pair.dev.id)))]


async def test_who_waits_for_the_other_to_begin_finds_what_the_other_began(
    pair: Pair, db: asyncpg.Connection
) -> None:
    async with db.transaction():
        begun = await db.fetchval(
            "insert into conversations (college_id, one_id, other_id) values ($1, $2, $3) "
            "returning conversation_id",
            pair.asha.college_id,
            *sorted((pair.asha.id, pair.dev.id)),
        )
        waiting = asyncio.create_task(find(pair.asha, pair.dev.id))
        await until_waiting_for_locks(db)
    assert (await waiting).json()["conversation_id"] == begun


async def test_first_messages_that_cross_are_in_one_conversation(pair: Pair) -> None:
    messages = await asyncio.gather(
        *(
            said(one, other, "First!")
            for one, other in ((pair.asha, pair.dev), (pair.dev, pair.asha)) * 5
        )
    )
    assert len({message["conversation_id"] for message in messages}) == 1
    assert len(await listed(pair.asha)) == 1


async def test_an_empty_one_is_in_nobodys_list(sign_up: SignUp) -> None:
    asha, dev, meera = [await sign_up() for _ in range(3)]
    await pair_up(asha, dev)
    await joined(meera, asha)
    await open_chat(asha, dev)
    assert await listed(asha) == await listed(dev) == []
    message = await said(asha, dev)
    await open_chat(asha, meera)
    for rider in (asha, dev):
        # It takes up no place in a page either.
        [seen] = await listed(rider, f"{CONVERSATIONS}?limit=1")
        assert seen["conversation_id"] == message["conversation_id"]


async def test_how_to_reach_the_other_is_for_those_who_share_a_ride(
    pair: Pair, db: asyncpg.Connection
) -> None:
    changed = await pair.dev.call("PUT", "/api/profile/me", json=OPEN_BOOK)
    assert changed.status_code == 200, changed.text
    await said(pair.asha, pair.dev)

    async def shown() -> list[dict[str, Any]]:
        found = (await find(pair.asha, pair.dev.id)).json()["partner"]
        [conversation] = await listed(pair.asha)
        return [found, conversation["partner"]]

    everything = {"id": pair.dev.id, "full_name": "Dev Shah", "email": pair.dev.email, **OPEN_BOOK}
    assert await shown() == [everything] * 2
    await set_pool(db, pair.pool_id, "completed")
    # The mobile app takes the address for text.
    assert await shown() == [{**everything, "email": "", "phone_number": None}] * 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "partner_id"),
        ("?partner_id=", "partner_id"),
        ("?partner_id=0", "partner_id"),
        ("?partner_id=-1", "partner_id"),
        ("?partner_id=x", "partner_id"),
        (f"?partner_id={2**63}", "partner_id"),
        ("?partner_id=1&partner_id=2", "partner_id"),
        ("?partner_id=1&college_id=2", "college_id"),
    ],
)
async def test_absurd_partners_are_refused(sign_up: SignUp, query: str, field: str) -> None:
    answer = await (await sign_up()).call("GET", FIND + query)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_it_needs_an_account(pair: Pair) -> None:
    answer = await pair.asha.client.get(f"{FIND}?partner_id={pair.dev.id}")
    assert answer.status_code == 401
