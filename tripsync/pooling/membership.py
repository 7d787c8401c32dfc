"""Riders join, leave and end a pool. Each function is part of one transaction.

Whoever changes the members of a pool holds the pool, then the requests in the order of their
ids, then the connection. A reader that found something before it held the lock looks again.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from tripsync.database import Transaction
from tripsync.database.retrying import MovedError
from tripsync.database.rows import (
    PoolsListMembers,
    PoolsLockPools,
    RecurringLockOpenRequests,
    RequestsLockOpenRequests,
    RequestsLockOverdue,
    RequestsLockRequests,
)
from tripsync.http.fields import Person
from tripsync.http.problems import Problem
from tripsync.http.tokens import Rider
from tripsync.mail import Letter, post_all
from tripsync.mail.letters import asked
from tripsync.matching.plans import (
    Distance,
    Plan,
    Stop,
    StopKind,
    fare_shares,
    plan_joining,
    plan_pair,
    road_meters,
)
from tripsync.pooling import matches, saved_searches
from tripsync.pooling.distances import DistanceSource, ride_of
from tripsync.pooling.events import (
    RideCompleted,
    RideStarted,
    connections_withdrawn,
    match_found,
    ride_cancelled,
)
from tripsync.pooling.problems import NO_FIT, POOL_CLOSED, POOL_FULL, UNDER_WAY
from tripsync.pooling.states import Act, Status, after, reason_of
from tripsync.realtime.events import Addressed
from tripsync.routing.roads import ESTIMATE, Matrix

SEATS_OF_A_CAB = 4
# To those who may not have their phone at hand.
RIDE_MATCHED = Letter("ride_matched", asked("find_match"), kind="matches")
RIDE_CANCELLED = Letter("ride_cancelled", asked("find_cancellation"), kind="cancellations")

# A request that is held, of whoever rides in a pool or is to.
Member = RequestsLockRequests | PoolsListMembers
# A request that is held, to be taken to another state.
Held = Member | RequestsLockOpenRequests | RequestsLockOverdue | RecurringLockOpenRequests


class PlannedPool(NamedTuple):
    """Who rides in a pool, and on which route."""

    pool_id: int
    plan: Plan
    members: Sequence[Member]


def capacity_of(requests: Iterable[RequestsLockRequests]) -> int:
    """Return the seats of a cab, or of the driver's car with the driver's own."""
    for row in requests:
        if row["role"] == "driver" and row["seats_offered"] is not None:
            return row["seats_offered"] + 1
    return SEATS_OF_A_CAB


async def move(db: Transaction, college_id: int, request: Held, act: Act) -> None:
    """Move a locked request to its next state."""
    await move_all(db, college_id, [request], act)


async def move_all(db: Transaction, college_id: int, requests: Sequence[Held], act: Act) -> None:
    """Move locked requests to their next state, which is the same for all."""
    [status] = {after(Status(request["status"]), act) for request in requests}
    await db.requests.set_status(
        college_id=college_id,
        request_ids=[request["request_id"] for request in requests],
        status=status,
        reason=reason_of(act),
    )


async def open_pool(
    db: Transaction, college_id: int, pair: Sequence[RequestsLockRequests], source: DistanceSource
) -> int:
    """Open a pool for two active requests."""
    one, other = pair
    if one["seats"] + other["seats"] > capacity_of(pair):
        raise Problem(POOL_FULL)
    distance = source.of_rides(pair)
    plan = plan_pair(ride_of(one, distance), ride_of(other, distance), distance)
    if plan is None:
        raise Problem(NO_FIT)
    return await open_pool_with(db, college_id, plan, pair, distance)


async def open_pool_with(
    db: Transaction,
    college_id: int,
    plan: Plan,
    members: Sequence[RequestsLockRequests],
    distance: Matrix = ESTIMATE,
) -> int:
    """Open a pool with this plan, for locked requests."""
    pool_id: int = await db.pools.open_pool(college_id=college_id, capacity=capacity_of(members))
    await write_plan(db, college_id, pool_id, plan, members, distance)
    for request in members:
        await move(db, college_id, request, Act.MATCH)
    return pool_id


async def join_pool(
    db: Transaction,
    college_id: int,
    pool: PoolsLockPools,
    newcomer: RequestsLockRequests,
    source: DistanceSource,
) -> list[PoolsListMembers]:
    """Add a rider to a locked pool, and return the members who were there before.

    All of them are measured anew, so that a pool is by road altogether or not at all."""
    if pool["status"] != "open":
        raise Problem(UNDER_WAY if pool["status"] == "started" else POOL_CLOSED)
    if pool["seats_taken"] + newcomer["seats"] > pool["capacity"]:
        raise Problem(POOL_FULL)
    members = await db.pools.list_members(college_id=college_id, pool_id=pool["pool_id"])
    user_ids = [row["user_id"] for row in members]
    if newcomer["user_id"] in user_ids:
        # With another request: two windows of one rider may both suit the others.
        raise Problem(NO_FIT)
    if await db.connections.is_blocked_by_any(user_id=newcomer["user_id"], user_ids=user_ids):
        # Silent: the same words as for any other ride that cannot be.
        raise Problem(NO_FIT)
    stops = await stops_of(db, college_id, pool["pool_id"])
    distance = source.of_rides([*members, newcomer])
    rides = {row["request_id"]: ride_of(row, distance) for row in members}
    own = ride_of(newcomer, distance)
    plan = None if own.drives else plan_joining(stops, rides, own, distance)
    if plan is None:
        raise Problem(NO_FIT)
    await write_plan(db, college_id, pool["pool_id"], plan, [*members, newcomer], distance)
    await move(db, college_id, newcomer, Act.MATCH)
    return members


async def stops_of(db: Transaction, college_id: int, pool_id: int) -> list[Stop]:
    rows = await db.pools.list_stops(college_id=college_id, pool_id=pool_id)
    return [Stop(row["request_id"], cast("StopKind", row["kind"])) for row in rows]


async def write_plan(
    db: Transaction,
    college_id: int,
    pool_id: int,
    plan: Plan,
    members: Sequence[Member],
    distance: Matrix,
) -> None:
    """Write the route, distances and fare shares of a pool."""
    await write_plans(db, college_id, [PlannedPool(pool_id, plan, members)], distance)


async def write_plans(
    db: Transaction, college_id: int, planned: Sequence[PlannedPool], distance: Matrix
) -> None:
    """Write the routes, distances and fare shares of these pools, all measured in one way."""
    pools: dict[str, Any] = {
        "college_id": college_id,
        "pool_ids": [each.pool_id for each in planned],
    }
    members = [(each, row) for each in planned for row in each.members]
    rides = {row["request_id"]: ride_of(row, distance) for _, row in members}
    shares = {
        request_id: percent
        for each in planned
        for request_id, percent in fare_shares(each.plan, rides).items()
    }
    await db.pools.seat_members(
        college_id=college_id,
        pool_ids=[each.pool_id for each, _ in members],
        request_ids=[row["request_id"] for _, row in members],
        user_ids=[row["user_id"] for _, row in members],
        seats=[row["seats"] for _, row in members],
        solo_meters=[rides[row["request_id"]].solo_meters for _, row in members],
        shared_meters=[each.plan.shared_meters[row["request_id"]] for each, row in members],
        fare_percents=[shares[row["request_id"]] for _, row in members],
    )
    await db.pools.clear_routes(**pools)
    stops = [
        (each.pool_id, stop, meters)
        for each in planned
        for stop, meters in zip(each.plan.stops, each.plan.meters, strict=True)
    ]
    await db.pools.write_routes(
        college_id=college_id,
        pool_ids=[pool_id for pool_id, _, _ in stops],
        request_ids=[stop.request_id for _, stop, _ in stops],
        kinds=[stop.kind for _, stop, _ in stops],
        meters=[meters for _, _, meters in stops],
        is_fallback=distance.is_fallback,
    )


async def hold_pool(
    db: Transaction, who: Rider, pool_id: int
) -> tuple[PoolsLockPools, list[PoolsListMembers]]:
    """Lock a pool of the rider and the requests of its members."""
    college = {"college_id": who.college_id}
    [pool] = await db.pools.lock_pools(**college, pool_ids=[pool_id])
    members = await db.pools.list_members(**college, pool_id=pool_id)
    await db.requests.lock_requests(**college, request_ids=[row["request_id"] for row in members])
    if who.user_id not in {row["user_id"] for row in members}:
        # Got out between the look and our locks.
        raise MovedError
    if pool["status"] in ("completed", "cancelled"):
        raise Problem(POOL_CLOSED)
    return pool, members


async def leave(
    db: Transaction, who: Rider, pool_id: int, source: DistanceSource
) -> list[Addressed]:
    """Take the rider out of the pool; the others keep it, or are matched again without it."""
    pool, members = await hold_pool(db, who, pool_id)
    if pool["status"] == "started":
        raise Problem(UNDER_WAY)
    leaver = next(row for row in members if row["user_id"] == who.user_id)
    remaining = [row for row in members if row is not leaver]
    held = {"college_id": who.college_id, "pool_id": pool_id}
    await db.pools.unseat_member(**held, request_id=leaver["request_id"])
    await move(db, who.college_id, leaver, Act.CANCEL)
    by_user = named(members, who)
    events = [ride_cancelled(row["user_id"], row["request_id"], by_user) for row in remaining]
    await mail_cancelled(db, who, remaining)
    events += await close_pending(db, who.college_id, [leaver["request_id"]], actor_id=who.user_id)
    if leaver["role"] != "driver" and len(remaining) > 1:
        distance = source.of_rides(remaining)
        plan = plan_without(remaining, distance)
        if plan is not None:
            await write_plan(db, who.college_id, pool_id, plan, remaining, distance)
            return events
    return events + await dissolve(db, who, pool_id, remaining, source)


def plan_without(
    remaining: Sequence[PoolsListMembers], distance: Distance = road_meters
) -> Plan | None:
    """Return the best route of those who stay; None where sharing does not pay any more."""
    rides = [ride_of(row, distance) for row in remaining]
    rides.sort(key=lambda ride: not ride.drives)
    plan = plan_pair(rides[0], rides[1], distance)
    for count, newcomer in enumerate(rides[2:], 2):
        if plan is not None:
            members = {ride.request_id: ride for ride in rides[:count]}
            plan = plan_joining(plan.stops, members, newcomer, distance)
    return plan


async def dissolve(
    db: Transaction,
    who: Rider,
    pool_id: int,
    remaining: Sequence[PoolsListMembers],
    source: DistanceSource,
) -> list[Addressed]:
    """Cancel the pool; requests whose window has not passed are active again."""
    held = {"college_id": who.college_id, "pool_id": pool_id}
    await db.pools.unseat_all(**held)
    await db.pools.clear_routes(college_id=who.college_id, pool_ids=[pool_id])
    await db.pools.set_pool_status(**held, status="cancelled")
    events: list[Addressed] = []
    for row in remaining:
        await move(db, who.college_id, row, Act.RETURN if row["lasts"] else Act.STRAND)
    for row in remaining:
        if row["lasts"]:
            found, news = await matches.find_and_notify(
                db, who.college_id, row["user_id"], row["request_id"], source
            )
            events += [match_found(row["user_id"], match) for match in found]
            events += news
            events += await saved_searches.record_hits(db, who.college_id, row["request_id"])
        else:
            events += await close_pending(db, who.college_id, [row["request_id"]])
    return events


async def complete(db: Transaction, who: Rider, pool_id: int) -> list[Addressed]:
    """Complete the ride for all members, as one of them asks."""
    _, members = await hold_pool(db, who, pool_id)
    return await finish(db, who.college_id, pool_id, members, named(members, who))


async def finish(
    db: Transaction,
    college_id: int,
    pool_id: int,
    members: Sequence[PoolsListMembers],
    by_user: Person | None,
) -> list[Addressed]:
    """Complete a ride whose pool is locked."""
    for row in members:
        await move(db, college_id, row, Act.COMPLETE)
    await db.pools.set_pool_status(college_id=college_id, pool_id=pool_id, status="completed")
    actor_id = by_user.id if by_user else None
    events = await close_pending(
        db, college_id, [row["request_id"] for row in members], actor_id=actor_id
    )
    completed = RideCompleted(pool_id, by_user)
    return events + [(row["user_id"], completed) for row in members]


async def start(db: Transaction, who: Rider, pool_id: int) -> list[Addressed]:
    """Start the ride; nobody joins or leaves from now on."""
    pool, members = await hold_pool(db, who, pool_id)
    if pool["status"] == "started":
        raise Problem(UNDER_WAY)
    await db.pools.set_pool_status(
        college_id=who.college_id, pool_id=pool["pool_id"], status="started"
    )
    events = await close_pending(
        db, who.college_id, [row["request_id"] for row in members], actor_id=who.user_id
    )
    await db.positions.leave_other_rides(college_id=who.college_id, pool_id=pool["pool_id"])
    started = RideStarted(pool_id, named(members, who))
    return events + [(row["user_id"], started) for row in members]


def named(members: Sequence[PoolsListMembers], who: Rider) -> Person:
    own = next(row for row in members if row["user_id"] == who.user_id)
    return Person(who.user_id, own["full_name"])


async def mail_matched(
    db: Transaction, college_id: int, members: Iterable[Member], *, actor_id: int | None = None
) -> None:
    """Mail those who share a ride from now on, but not the actor."""
    about = [
        {"college_id": college_id, "user_id": row["user_id"], "request_id": row["request_id"]}
        for row in members
        if row["user_id"] != actor_id
    ]
    await post_all(db, RIDE_MATCHED, about)


async def mail_cancelled(
    db: Transaction, leaver: Rider, remaining: Iterable[PoolsListMembers]
) -> None:
    """Mail those whom somebody left."""
    about = [
        {
            "college_id": leaver.college_id,
            "user_id": row["user_id"],
            "request_id": row["request_id"],
            "leaver_id": leaver.user_id,
        }
        for row in remaining
    ]
    await post_all(db, RIDE_CANCELLED, about)


async def close_pending(
    db: Transaction, college_id: int, request_ids: Sequence[int], *, actor_id: int | None = None
) -> list[Addressed]:
    """Withdraw the pending connections of these requests, on both sides."""
    connections = await db.connections.close_pending(college_id=college_id, request_ids=request_ids)
    return connections_withdrawn(connections, actor_id=actor_id)
