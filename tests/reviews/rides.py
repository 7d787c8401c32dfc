"""Rides that took place, written down at once."""

import asyncpg

from tests.people import Rider


async def ride_together(db: asyncpg.Connection, *riders: Rider, status: str = "completed") -> int:
    """A pool with these riders in it to the end."""
    pool_id: int = await db.fetchval(
        "insert into pools (college_id, capacity, status) values ($1, 4, $2) returning pool_id",
        riders[0].college_id,
        status,
    )
    await db.execute(
        """
        with requests as (
            insert into pooling_requests
                   (college_id, user_id, status, start, destination, departure, solo_meters, reach)
            select $1, user_id, 'completed', point(72.83, 19.10), point(72.85, 19.02),
                   tstzrange(now() - interval '1 hour', now()), 9000,
                   box(point(72.8, 19.0), point(72.9, 19.2))
              from unnest($3::bigint[]) as user_id
            returning request_id, user_id
        )
        insert into pool_members
               (college_id, pool_id, request_id, user_id, seats, shared_meters, fare_percent)
        select $1, $2, request_id, user_id, 1, 9500, 50
          from requests
        """,
        riders[0].college_id,
        pool_id,
        [rider.id for rider in riders],
    )
    return pool_id


async def get_out(db: asyncpg.Connection, pool_id: int, rider: Rider) -> None:
    """The rider did not stay to the end."""
    await db.execute(
        "update pool_members set left_at = now() where pool_id = $1 and user_id = $2",
        pool_id,
        rider.id,
    )


async def let_pass(db: asyncpg.Connection, review_id: int, time: str) -> None:
    """As if a review had been written so much earlier."""
    await db.execute(
        "update reviews set created_at = created_at - $2::text::interval, "
        "visible_from = visible_from - $2::text::interval where review_id = $1",
        review_id,
        time,
    )
