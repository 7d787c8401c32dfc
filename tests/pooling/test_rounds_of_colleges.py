"""Each college has a round of its own: workers share them, and none harms another."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import asyncpg
import pytest

from tests.conftest import Server, StartServer
from tests.waiting import until, until_waiting_for_locks
from tripsync.database import Bound, Database
from tripsync.jobs.timers import CollegeTimer, Timers
from tripsync.pooling.auto_match import EVERY_SECONDS, run_round

# So many riders of each college go the same way, and have to leave at once.
COME = """
with riders as (
    insert into users (college_id, email, full_name, password_hash)
    select college_id, gen_random_uuid() || '@djsce.example', 'Asha Rao', ''
      from unnest($1::bigint[]) as college_id
     cross join generate_series(1, $2)
    returning college_id, user_id
),
trip as (
    select point(72.8464, 19.1197) as start,
           point(72.8561, 19.0222) as destination
)
insert into pooling_requests
    (college_id, user_id, start, destination, departure, solo_meters, reach, auto_match)
select college_id, user_id, start, destination, tstzrange(now(), now() + interval '100 seconds'),
       road_meters(start, destination), reach_box(start, destination, 25), true
  from riders
 cross join trip
"""

WAITING = """
select college_id
  from pooling_requests
 where college_id = any($1::bigint[])
   and status = 'active'
 group by college_id
 order by college_id
"""

HOLD = "select from pooling_requests where college_id = any($1::bigint[]) for update"

FoundColleges = Callable[[int], Awaitable[list[int]]]


@pytest.fixture
async def found_colleges(db: asyncpg.Connection) -> FoundColleges:
    """Founds so many colleges; their ids."""

    async def found(number: int) -> list[int]:
        rows = await db.fetch(
            "insert into colleges (name, place, time_zone) "
            "select 'Zenith ' || gen_random_uuid(), point(72.8, 19.1), 'Asia/Kolkata' "
            "from generate_series(1, $1) returning college_id",
            number,
        )
        return sorted(row["college_id"] for row in rows)

    return found


async def still_waiting(db: asyncpg.Connection, colleges: Sequence[int]) -> list[int]:
    return [row["college_id"] for row in await db.fetch(WAITING, colleges)]


def rounds_of(colleges: Sequence[int]) -> CollegeTimer:
    """Rounds of these colleges alone: other tests' riders wait too."""

    async def ours(_: Bound) -> Sequence[int]:
        return colleges

    return CollegeTimer(f"rounds {secrets.token_hex(6)}", EVERY_SECONDS, run_round, ours)


@pytest.fixture
async def workers(start_server: StartServer, server: Server) -> list[Timers]:
    """Two, each with connections of its own."""
    other = await start_server()
    return [Timers(each.app.ctx.resources[Database], []) for each in (server, other)]


async def test_two_workers_share_the_rounds_and_each_college_has_one(
    workers: list[Timers], db: asyncpg.Connection, found_colleges: FoundColleges
) -> None:
    colleges = await found_colleges(30)
    await db.execute(COME, colleges, 20)
    timer = rounds_of(colleges)
    shares = await asyncio.gather(*(worker.run(timer) for worker in workers))
    assert sum(shares) == 30
    assert min(shares) > 0
    assert await still_waiting(db, colleges) == []
    # Four to a cab.
    assert (
        await db.fetchval(
            "select count(*) from pools where college_id = any($1::bigint[])", colleges
        )
        == 30 * 5
    )
    assert await asyncio.gather(*(worker.run(timer) for worker in workers)) == [0, 0]


@pytest.fixture
async def unlucky(db: asyncpg.Connection, found_colleges: FoundColleges) -> AsyncIterator[int]:
    """A college in which no pool can be opened."""
    [college_id] = await found_colleges(1)
    await db.execute(
        "create function refuse_pool() returns trigger language plpgsql as "
        "$$ begin raise exception 'no pools here'; end $$;"
        "create trigger no_pools before insert on pools for each row "
        f"when (new.college_id = {college_id}) execute function refuse_pool()"
    )
    yield college_id
    await db.execute("drop trigger no_pools on pools; drop function refuse_pool")


async def test_a_round_that_fails_undoes_no_other_and_is_tried_at_the_next_look(
    workers: list[Timers],
    db: asyncpg.Connection,
    found_colleges: FoundColleges,
    unlucky: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    colleges = sorted([*await found_colleges(3), unlucky])
    await db.execute(COME, colleges, 4)
    timer = rounds_of(colleges)
    assert await workers[0].run(timer) == 3
    assert await still_waiting(db, colleges) == [unlucky]
    assert f"the timer {timer.name} failed in college {unlucky}" in caplog.text
    await db.execute("alter table pools disable trigger no_pools")
    assert await workers[1].run(timer) == 1
    assert await still_waiting(db, colleges) == []


async def test_a_college_that_takes_long_keeps_no_other_waiting(
    workers: list[Timers], db: asyncpg.Connection, found_colleges: FoundColleges
) -> None:
    slow, *others = colleges = await found_colleges(5)
    await db.execute(COME, colleges, 4)
    timer = rounds_of(colleges)
    async with db.transaction():
        await db.execute(HOLD, [slow])
        first = asyncio.create_task(workers[0].run(timer))
        await until_waiting_for_locks(db)

        async def others_are_done() -> bool:
            return await still_waiting(db, colleges) == [slow]

        # By the same worker; the second one finds all taken and waits for nothing.
        await until(others_are_done)
        assert await workers[1].run(timer) == 0
        assert not first.done()
    assert await first == len(colleges)
    assert await still_waiting(db, others) == []


async def test_the_round_of_a_worker_that_dies_is_taken_by_another(
    workers: list[Timers],
    db: asyncpg.Connection,
    found_colleges: FoundColleges,
) -> None:
    colleges = await found_colleges(1)
    await db.execute(COME, colleges, 4)
    timer = rounds_of(colleges)
    async with db.transaction():
        await db.execute(HOLD, colleges)
        dying = asyncio.create_task(workers[0].run(timer))
        await until_waiting_for_locks(db)
        await db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and wait_event_type = 'Lock'"
        )
        assert await dying == 0
    assert await still_waiting(db, colleges) == colleges
    assert await workers[1].run(timer) == 1
    assert await still_waiting(db, colleges) == []
