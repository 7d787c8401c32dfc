"""Riders see the pools they ride in, start, complete and leave them, and find others to join."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial

from msgspec import UNSET
from sanic import Request

from tripsync.database import Transaction
from tripsync.database.rows import PoolsListPools
from tripsync.http.context import reading, resources, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.problems import Problem
from tripsync.http.responses import Confirmation
from tripsync.http.tokens import Rider
from tripsync.pooling import membership, places
from tripsync.pooling.api import blueprint, find_own
from tripsync.pooling.distances import distance_source
from tripsync.pooling.joinable_pools import those_that_fit
from tripsync.pooling.problems import (
    NO_SUCH_POOL,
    NO_SUCH_REQUEST,
    POOL_CLOSED,
    REQUEST_CLOSED,
    UNDER_WAY,
)
from tripsync.pooling.schemas import CurrentPools, JoinablePoolList, Pool, PoolChange
from tripsync.realtime.events import Addressed, append_many
from tripsync.routing.roads import Roads

# Pools that are looked at, and that are shown.
MOST_CANDIDATES = 50
MOST_SHOWN = 20

Change = Callable[[Transaction, Rider, int], Awaitable[list[Addressed]]]


@blueprint.get("/api/pool/pools/current")
@endpoint(answer=CurrentPools)
async def show_current_pool(request: Request) -> object:
    """Show the ride one shares now, if any.

    Of several it is the one that started last, else the one that leaves first; `pools` has all."""
    pools = await list_own(request, None)
    return {"pool": pools[0] if pools else None, "pools": pools}


@blueprint.get("/api/pool/pools/<pool_id:id>")
@endpoint(answer=Pool, refuses=(NO_SUCH_POOL,))
async def show_pool(request: Request, pool_id: int) -> object:
    """Show a shared ride: members, stops, distances, and each one's share of the fare."""
    found = await find(request, pool_id)
    if found is None:
        raise Problem(NO_SUCH_POOL)
    return found


async def find(request: Request, pool_id: int) -> PoolsListPools | None:
    return next(iter(await list_own(request, pool_id)), None)


async def list_own(request: Request, pool_id: int | None) -> list[PoolsListPools]:
    who = rider(request)
    return await reading(request).pools.list_pools(
        college_id=who.college_id, user_id=who.user_id, pool_id=pool_id
    )


@blueprint.put("/api/pool/pools/<pool_id:id>")
@endpoint(body=PoolChange, answer=Pool, refuses=(NO_SUCH_POOL, POOL_CLOSED))
async def change_pool(request: Request, body: PoolChange, pool_id: int) -> object:
    """Note what the members agree on: the estimated fare, and where to meet."""
    who = rider(request)
    fare, note = body.estimated_fare, body.meeting_note

    async def note_down(db: Transaction) -> int | None:
        return await db.pools.note_pool(
            college_id=who.college_id,
            user_id=who.user_id,
            pool_id=pool_id,
            set_fare=fare is not UNSET,
            estimated_fare=Decimal(f"{fare:.2f}") if isinstance(fare, float) else None,
            set_note=note is not UNSET,
            meeting_note=note if isinstance(note, str) else "",
        )

    noted = await run_in_transaction(request, note_down)
    found = await find(request, pool_id)
    if found is None:
        raise Problem(NO_SUCH_POOL)
    if noted is None:
        raise Problem(POOL_CLOSED)
    return found


@blueprint.post("/api/pool/pools/<pool_id:id>/start")
@endpoint(answer=Confirmation, refuses=(NO_SUCH_POOL, UNDER_WAY, POOL_CLOSED))
async def start_ride(request: Request, pool_id: int) -> object:
    """Set off: from now on nobody joins or leaves."""
    return await change(request, pool_id, membership.start, "Have a good ride.")


@blueprint.post("/api/pool/pools/<pool_id:id>/complete")
@endpoint(answer=Confirmation, refuses=(NO_SUCH_POOL, POOL_CLOSED))
async def complete_ride(request: Request, pool_id: int) -> object:
    """Say that the ride is over; any member may, and all are told."""
    return await change(request, pool_id, membership.complete, "You have arrived.")


@blueprint.post("/api/pool/pools/<pool_id:id>/leave")
@endpoint(answer=Confirmation, refuses=(NO_SUCH_POOL, UNDER_WAY, POOL_CLOSED))
async def leave_ride(request: Request, pool_id: int) -> object:
    """Get out before it starts.

    The others are told; who is left alone goes back on the road while time lasts."""

    who = rider(request)
    source = distance_source(
        request, partial(places.left_behind, reading(request), who, pool_id=pool_id)
    )
    leave = partial(membership.leave, source=source)
    return await change(request, pool_id, leave, "You left the ride.", before=source.measure)


async def change(
    request: Request,
    pool_id: int,
    act: Change,
    message: str,
    before: Callable[[], Awaitable[None]] | None = None,
) -> object:
    who = rider(request)

    async def act_in_pool(db: Transaction) -> None:
        place = await db.pools.find_place(
            college_id=who.college_id, user_id=who.user_id, pool_id=pool_id
        )
        if place is None:
            raise Problem(NO_SUCH_POOL)
        if not place["rides"]:
            raise Problem(POOL_CLOSED if place["is_over"] else NO_SUCH_POOL)
        await append_many(db, await act(db, who, pool_id))

    await run_in_transaction(request, act_in_pool, before)
    return {"message": message}


@blueprint.get("/api/pool/requests/<request_id:id>/pools")
@endpoint(answer=JoinablePoolList, refuses=(NO_SUCH_REQUEST, REQUEST_CLOSED))
async def list_joinable_pools(request: Request, request_id: int) -> object:
    """List the shared rides that pass by and have room, best first.

    To join one, ask the request that is named with it."""
    own = await find_own(request, request_id)
    if own["status"] != "active":
        raise Problem(REQUEST_CLOSED)
    pools = await reading(request).matching.find_pools_to_join(
        college_id=rider(request).college_id, request_id=request_id, size=MOST_CANDIDATES
    )
    fitting = await those_that_fit(reading(request), pools, own, resources(request)[Roads])
    return {"pools": fitting[:MOST_SHOWN]}
