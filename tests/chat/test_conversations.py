"""The list of one's conversations with others."""

from datetime import datetime

import asyncpg
import pytest

from tests.chat.conftest import CONVERSATIONS, Pair, listed, said
from tests.conftest import SignUp
from tests.people import Rider
from tests.profiles.fellow_riders import share_a_ride


@pytest.fixture
async def popular(sign_up: SignUp, db: asyncpg.Connection) -> tuple[Rider, list[Rider]]:
    """Somebody to whom three write, one after the other, and the first once more."""
    rider, *others = [await sign_up() for _ in range(4)]
    await share_a_ride(db, rider, *others)
    for other in (*others, others[0]):
        await said(other, rider, f"It is {other.id}.")
    return rider, others


async def test_a_conversation_shows_the_partner_and_what_was_said_last(pair: Pair) -> None:
    first = await said(pair.asha, pair.dev, "Where are you?")
    last = await said(pair.dev, pair.asha, "At the gate.")
    [seen] = await listed(pair.asha)
    at = datetime.fromisoformat(seen["last_message"].pop("created_at"))
    assert at == datetime.fromisoformat(last["created_at"])
    assert seen == {
        "conversation_id": first["conversation_id"],
        "partner": {
            "id": pair.dev.id,
            "full_name": "Dev Shah",
            "phone_number": None,
            "email": pair.dev.email,
            "year_of_study": None,
            "bio": None,
        },
        "last_message": {"id": last["id"], "content": "At the gate.", "sender_id": pair.dev.id},
        "unread_count": 1,
    }


async def test_the_latest_comes_first(popular: tuple[Rider, list[Rider]]) -> None:
    rider, others = popular
    seen = await listed(rider)
    assert [each["partner"]["id"] for each in seen] == [
        others[0].id,
        others[2].id,
        others[1].id,
    ]
    assert [each["unread_count"] for each in seen] == [2, 1, 1]
    assert [each["partner"]["id"] for each in await listed(others[1])] == [rider.id]


async def test_it_comes_in_pages(popular: tuple[Rider, list[Rider]]) -> None:
    rider, _ = popular
    whole = await listed(rider)
    by_cursor, cursor = [], ""
    while cursor is not None:
        page = (await rider.call("GET", f"{CONVERSATIONS}?limit=1{cursor}")).json()
        by_cursor += page["conversations"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert by_cursor == whole
    assert await listed(rider, f"{CONVERSATIONS}?skip=1&limit=1") == whole[1:2]


async def test_an_app_that_asks_once_gets_a_hundred(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    await db.execute(
        """
        with fellows as (
            insert into users (college_id, email, full_name, password_hash)
            select $1, format('fellow%s.%s@zenith.example', n, $2::bigint), 'Fellow', '!'
              from generate_series(1, 120) n
            returning user_id
        ),
        begun as (
            insert into conversations (college_id, one_id, other_id, last_seq, last_message_id)
            select $1, $2, user_id, 1, 1000000000 + user_id from fellows
            returning conversation_id, other_id
        ),
        seated as (
            insert into participants (college_id, conversation_id, user_id)
            select $1, conversation_id, unnest(array[$2, other_id]) from begun
        )
        insert into messages (message_id, college_id, conversation_id, seq, user_id, content)
        overriding system value
        select 1000000000 + other_id, $1, conversation_id, 1, other_id, 'Hello.' from begun
        """,
        rider.college_id,
        rider.id,
    )
    assert len(await listed(rider)) == 100


async def test_a_former_rider_stays_under_that_name_without_the_words(pair: Pair) -> None:
    conversation_id = (await said(pair.asha, pair.dev, "I live at 7, Juhu circle."))[
        "conversation_id"
    ]
    await said(pair.dev, pair.asha, "I know.")
    await pair.asha.call("POST", f"/api/pool/pools/{pair.pool_id}/complete")
    left = await pair.asha.call("DELETE", "/api/profile/me", json={"password": pair.asha.password})
    assert left.status_code == 204, left.text
    answer = await pair.dev.call("GET", f"/api/chat/messages/{conversation_id}")
    assert [(each["sender_name"], each["content"]) for each in answer.json()["messages"]] == [
        ("Former rider", "This message was deleted."),
        ("Dev Shah", "I know."),
    ]
    [conversation] = await listed(pair.dev)
    assert conversation["partner"]["full_name"] == "Former rider"
    written = await pair.dev.call(
        "POST",
        "/api/chat/messages",
        json={"conversation_id": conversation_id, "content": "Are you there?"},
    )
    assert (written.status_code, written.json()["code"]) == (403, "chat_closed")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=x", "include=pools"])
async def test_absurd_pages_are_refused(sign_up: SignUp, query: str) -> None:
    rider = await sign_up()
    assert (await rider.call("GET", f"{CONVERSATIONS}?{query}")).status_code == 422
