"""How two riders stand to each other, written where the other features will write it."""

import asyncpg

from tests.people import Rider


async def share_a_ride(db: asyncpg.Connection, *riders: Rider) -> int:
    """A pool that is under way, with these riders in it."""
    college_id = riders[0].college_id
    pool_id = await db.fetchval(
        "insert into pools (college_id, capacity) values ($1, 4) returning pool_id", college_id
    )
    for rider in riders:
        request_id = await db.fetchval(
            """
            insert into pooling_requests
                   (college_id, user_id, status, start, destination, departure, solo_meters, reach)
            values ($1, $2, 'matched', point(72.83, 19.10), point(72.85, 19.02),
                    tstzrange(now(), now() + interval '15 minutes'), 9000,
                    box(point(72.8, 19.0), point(72.9, 19.2)))
            returning request_id
            """,
            college_id,
            rider.id,
        )
        await db.execute(
            """
            insert into pool_members
                   (college_id, pool_id, request_id, user_id, seats, shared_meters, fare_percent)
            values ($1, $2, $3, $4, 1, 9500, 50)
            """,
            college_id,
            pool_id,
            request_id,
            rider.id,
        )
    return int(pool_id)


async def block(db: asyncpg.Connection, blocker: Rider, blocked: Rider) -> None:
    await db.execute(
        "insert into blocks (college_id, blocker_id, blocked_id) values ($1, $2, $3)",
        blocker.college_id,
        blocker.id,
        blocked.id,
    )


async def ban(db: asyncpg.Connection, rider: Rider) -> None:
    await db.execute("update users set banned_at = now() where user_id = $1", rider.id)
