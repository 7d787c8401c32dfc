"""Rides for tests: a road from the station to the campus, and riders along it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx

from tests.people import Rider

STATION = (19.1197, 72.8464)
CAMPUS = (19.0222, 72.8561)
# About as far as one walks.
A_LITTLE = 0.002
# Far enough from now that no ride of this moment is in the way.
MORNING = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=20)


def ride(offset: int = 0, **changes: Any) -> dict[str, Any]:
    """From the station to the campus, some doors further on for each number."""
    return {
        "start_latitude": STATION[0] - offset * A_LITTLE,
        "start_longitude": STATION[1],
        "destination_latitude": CAMPUS[0] + offset * A_LITTLE,
        "destination_longitude": CAMPUS[1],
        **changes,
    }


def the_other_way(**changes: Any) -> dict[str, Any]:
    """A ride that nobody going to the campus can share."""
    return {
        "start_latitude": CAMPUS[0],
        "start_longitude": CAMPUS[1],
        "destination_latitude": STATION[0],
        "destination_longitude": STATION[1],
        **changes,
    }


def leaving(after: int, before: int, offset: int = 0, **changes: Any) -> dict[str, Any]:
    """A ride between so many minutes after the morning begins."""
    return ride(offset, **{**window(after, before), **changes})


def window(after: int, before: int) -> dict[str, str]:
    return {
        "depart_after": (MORNING + timedelta(minutes=after)).isoformat(),
        "depart_before": (MORNING + timedelta(minutes=before)).isoformat(),
    }


async def go(rider: Rider, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Put a rider on the road; the answer."""
    answer = await rider.call("POST", "/api/pool/requests", json=body or ride())
    assert answer.status_code == 200, answer.text
    opened: dict[str, Any] = answer.json()
    return opened


async def plan(rider: Rider, *rides: dict[str, Any]) -> list[int]:
    """Put several rides of one rider on the road; their ids."""
    return [(await go(rider, body))["request_id"] for body in rides]


async def ask(rider: Rider, target: int, **more: int) -> httpx.Response:
    return await rider.call(
        "POST", "/api/pool/connections/send", json={"target_request_id": target, **more}
    )


async def say(rider: Rider, connection_id: int, action: str = "approve") -> httpx.Response:
    return await rider.call(
        "POST", f"/api/pool/connections/{connection_id}/respond", json={"action": action}
    )


async def pair_up(asker: Rider, asked: Rider, *rides: dict[str, Any]) -> int:
    """Two riders in one pool; the connection between them."""
    first, second = rides or (ride(0), ride(1))
    target = (await go(asked, first))["request_id"]
    await go(asker, second)
    sent = await ask(asker, target)
    assert sent.status_code == 200, sent.text
    connection_id: int = sent.json()["connection_id"]
    said = await say(asked, connection_id)
    assert said.status_code == 200, said.text
    return connection_id


async def heard_by(db: asyncpg.Connection, rider: Rider) -> list[tuple[str, Any]]:
    """The events of a rider, in order."""
    rows = await db.fetch(
        "select type, payload::text as payload from events where user_id = $1 order by seq",
        rider.id,
    )
    return [(row["type"], json.loads(row["payload"])) for row in rows]


async def types_heard_by(db: asyncpg.Connection, rider: Rider) -> list[str]:
    return [kind for kind, _ in await heard_by(db, rider)]


async def sums_hold(db: asyncpg.Connection, college: str) -> None:
    """What no race may break, over all pools of a college."""
    broken = await db.fetch(
        """
        with here as (
            select pools.*
              from pools
              join colleges using (college_id)
             where colleges.name = $1
        ),
        riding as (
            select member.*
              from pool_members member
              join here using (pool_id)
             where member.left_at is null
               and here.status in ('open', 'started')
        )
        select 'seats' as what,
               pool_id as id
          from here
         where seats_taken > capacity
            or seats_taken <> (select coalesce(sum(seats), 0)
                                 from pool_members member
                                where member.pool_id = here.pool_id
                                  and left_at is null)
         union all
        select 'matched without company',
               request_id
          from pooling_requests request
          join colleges using (college_id)
         where colleges.name = $1
           and (status = 'matched')
               <> exists (select from riding where riding.request_id = request.request_id)
         union all
        select 'alone in a pool',
               pool_id
          from riding
         group by pool_id
        having count(*) < 2
         union all
        select 'shares of the fare',
               pool_id
          from riding
         group by pool_id
        having abs(sum(fare_percent) - 100) > 0.01
        """,
        college,
    )
    assert not broken, broken
