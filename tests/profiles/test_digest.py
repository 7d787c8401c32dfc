"""The weekly digest: by each college's clocks, once, and only to who has something to read."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tests.jobs.conftest import own, queue
from tests.waiting import until_waiting_for_locks
from tripsync.database import Database
from tripsync.mail.writing import write
from tripsync.profiles.digest import WEEKLY_DIGEST
from tripsync.settings import Settings

__all__ = ["own", "queue"]

# In Berlin the clocks went forward in the night before: the week had 167 hours.
MONDAY = datetime(2040, 3, 26, 6, 0, tzinfo=UTC)
FRAME = {"app_url": "https://rides.example.edu", "unsubscribe_url": ""}


@pytest.fixture
async def owner(own: Settings) -> AsyncIterator[asyncpg.Connection]:
    """To change what servers do not, and to look behind them."""
    connection = await asyncpg.connect(own.database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def berlin(owner: asyncpg.Connection) -> int:
    """The only college."""
    await owner.execute("delete from colleges")
    college_id: int = await owner.fetchval(
        "insert into colleges (name, place, time_zone) "
        "values ('HU', point(13.4, 52.5), 'Europe/Berlin') returning college_id"
    )
    return college_id


async def rider_of(queue: Database, college_id: int, name: str) -> int:
    user_id: int = await queue.pool.fetchval(
        "insert into users (college_id, email, full_name, password_hash, verified_at) "
        "values ($1, $2 || '@hu.example', $2, '!', now()) returning user_id",
        college_id,
        name,
    )
    return user_id


async def ride(queue: Database, college_id: int, closed_at: datetime, *user_ids: int) -> int:
    """A ride of these, over since then."""
    pool_id: int = await queue.pool.fetchval(
        "insert into pools (college_id, capacity, status, closed_at) "
        "values ($1, 4, 'completed', $2) returning pool_id",
        college_id,
        closed_at,
    )
    for user_id in user_ids:
        await queue.pool.execute(
            "with request as ("
            " insert into pooling_requests (college_id, user_id, status, start, destination,"
            " departure, solo_meters, reach) values ($1, $2, 'completed', point(13.4, 52.5),"
            " point(13.5, 52.6), tstzrange(now(), now() + interval '1 hour'), 9000,"
            " box(point(13, 52), point(14, 53))) returning request_id) "
            "insert into pool_members (college_id, pool_id, request_id, user_id, seats,"
            " shared_meters, fare_percent)"
            " select $1, $3, request_id, $2, 1, 10400, 50 from request",
            college_id,
            user_id,
            pool_id,
        )
    return pool_id


async def turns_at(queue: Database, at: datetime) -> int:
    async with queue.transaction() as db:
        return len(await db.mails.take_digest_turns(at=at))


async def test_a_college_has_one_turn_a_week_from_eight_on_monday_by_its_own_clocks(
    queue: Database, berlin: int
) -> None:
    minute, day = timedelta(minutes=1), timedelta(days=1)
    assert await turns_at(queue, MONDAY - minute) == 0
    assert await turns_at(queue, MONDAY) == 1
    assert await turns_at(queue, MONDAY + minute) == 0
    assert await turns_at(queue, MONDAY + day) == 0
    assert await turns_at(queue, MONDAY + 6 * day) == 0
    assert await turns_at(queue, MONDAY + 7 * day) == 1
    # Set back by a week: what was told is not told again.
    assert await turns_at(queue, MONDAY) == 0


async def test_a_week_is_not_told_when_it_is_half_over_again(queue: Database, berlin: int) -> None:
    assert await turns_at(queue, MONDAY + timedelta(days=2)) == 0


async def test_of_two_workers_one_takes_the_turn(
    queue: Database, owner: asyncpg.Connection, berlin: int
) -> None:
    async with queue.transaction() as one:
        assert await one.mails.take_digest_turns(at=MONDAY)
        other = asyncio.create_task(turns_at(queue, MONDAY))
        await until_waiting_for_locks(owner)
    assert await other == 0


async def test_it_tells_of_the_week_from_midnight_to_midnight(queue: Database, berlin: int) -> None:
    lively, early, late = [
        await rider_of(queue, berlin, name) for name in ("lively", "early", "late")
    ]
    # Midnight in Berlin is 23:00 before that Sunday, and 22:00 after it.
    began = datetime(2040, 3, 18, 23, 0, tzinfo=UTC)
    ended = datetime(2040, 3, 25, 22, 0, tzinfo=UTC)
    second = timedelta(seconds=1)
    await ride(queue, berlin, began, lively)
    await ride(queue, berlin, ended - second, lively)
    await ride(queue, berlin, began - second, early)
    await ride(queue, berlin, ended, late)
    async with queue.transaction() as db:
        [turn] = await db.mails.take_digest_turns(at=MONDAY)
        riders = await db.mails.list_digest_riders(college_ids=[turn["college_id"]])
        facts = await WEEKLY_DIGEST.find(db, college_id=berlin, user_id=lively)
    assert [dict(row) for row in riders] == [{"college_id": berlin, "user_id": lively}]
    assert facts is not None
    text = write("digest", {**facts, **FRAME}, FRAME)
    assert "Hello lively, this was your week." in text.plain
    assert "2 rides shared, 21 km together." in text.plain
    assert "review" not in text.plain


async def test_who_wants_none_is_not_listed(queue: Database, berlin: int) -> None:
    unwilling = await rider_of(queue, berlin, "unwilling")
    await ride(queue, berlin, MONDAY - timedelta(days=3), unwilling)
    async with queue.transaction() as db:
        await db.mails.unsubscribe(college_id=berlin, user_id=unwilling, kinds=["digest"])
        await db.mails.take_digest_turns(at=MONDAY)
        assert await db.mails.list_digest_riders(college_ids=[berlin]) == []


async def test_each_thing_of_the_week_is_something_to_read(
    queue: Database, berlin: int, owner: asyncpg.Connection
) -> None:
    began = datetime(2040, 3, 18, 23, 0, tzinfo=UTC)
    ended = datetime(2040, 3, 25, 22, 0, tzinfo=UTC)
    second = timedelta(seconds=1)
    names = ("writer", "reviewed", "later", "told", "told_early", "told_late", "left")
    writer, reviewed, later, told, told_early, told_late, left = riders = [
        await rider_of(queue, berlin, name) for name in names
    ]
    await ride(queue, berlin, began, writer)
    pool_id = await ride(queue, berlin, began - timedelta(days=9), writer, reviewed, later, left)
    await ride(queue, berlin, began, left)
    await owner.execute("update pool_members set left_at = $1 where user_id = $2", began, left)
    for subject, at in ((reviewed, began), (later, ended), (left, began - second)):
        await owner.execute(
            "insert into reviews (college_id, pool_id, author_id, subject_id, rating, created_at,"
            " visible_from) values ($1, $2, $3, $4, 5, $5, $5)",
            berlin,
            pool_id,
            writer,
            subject,
            at,
        )
    await hits(owner, berlin, told, began - second, began, ended - second, ended)
    await hits(owner, berlin, told_early, began - second)
    await hits(owner, berlin, told_late, ended)
    async with queue.transaction() as db:
        await db.mails.take_digest_turns(at=MONDAY)
        listed = await db.mails.list_digest_riders(college_ids=[berlin])
        elsewhere = await db.mails.list_digest_riders(college_ids=[berlin + 1])
        facts = [
            await WEEKLY_DIGEST.find(db, college_id=berlin, user_id=each) or {} for each in riders
        ]
    assert [row["user_id"] for row in listed] == [writer, reviewed, told]
    assert elsewhere == []
    assert [(each["rides"], each["reviews"], each["hits"]) for each in facts] == [
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 0),
        (0, 0, 2),
        (0, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
    ]


async def hits(
    owner: asyncpg.Connection, college_id: int, user_id: int, *moments: datetime
) -> None:
    """What a saved search of a rider has told of."""
    search_id = await owner.fetchval(
        "insert into saved_searches (college_id, user_id, name, start, start_radius_meters,"
        " destination, destination_radius_meters, weekdays, mail_me) values ($1, $2, 'Home',"
        " point(13.4, 52.5), 1000, point(13.5, 52.6), 1000, '{monday}', false) returning search_id",
        college_id,
        user_id,
    )
    for at in moments:
        await owner.execute(
            "with request as (insert into pooling_requests (college_id, user_id, status, start,"
            " destination, departure, solo_meters, reach, cancel_reason) values ($1, $2,"
            " 'cancelled', point(13.4, 52.5), point(13.5, 52.6), tstzrange(now(), now() +"
            " interval '1 hour'), 9000, box(point(13, 52), point(14, 53)), 'rider')"
            " returning request_id) insert into saved_search_hits (college_id, search_id,"
            " request_id, mailed, told_at) select $1, $3, request_id, false, $4 from request",
            college_id,
            user_id,
            search_id,
            at,
        )
