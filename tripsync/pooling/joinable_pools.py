"""A rider can join a pool that passes by, has room, and whose route takes the stops in."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tripsync.database import Bound
from tripsync.database.rows import MatchingFindPoolsToJoin, RequestsListOwn
from tripsync.matching.plans import Stop, departs_between, plan_for, plan_joining
from tripsync.pooling.distances import ride_of, trip_of, window_of
from tripsync.pooling.matches import best_first, detour
from tripsync.routing.osrm import LARGEST_TABLE
from tripsync.routing.roads import ESTIMATE, Matrix, Roads


class Fit(NamedTuple):
    """What it would be like to join a pool, as it is shown and as it is ranked."""

    shown: dict[str, Any]
    saving_percent: float
    longest_detour: float


async def those_that_fit(
    db: Bound, pools: Sequence[MatchingFindPoolsToJoin], own: RequestsListOwn, roads: Roads
) -> list[dict[str, Any]]:
    """What it would be like to join them, best first."""
    by_road = [pool for pool in pools if roads.has_server and pool["roads_are_known"]]
    likely = await best_by_estimate(db, by_road, own)
    matrix = await roads.distances(
        {place for pool in likely for row in (own, *pool["riders"]) for place in trip_of(row)}
    )
    if matrix.is_fallback:
        fits = [how_it_fits(pool, own, ESTIMATE) for pool in pools]
    else:
        fits = [how_it_fits(pool, own, ESTIMATE) for pool in pools if pool not in by_road]
        fits += [how_it_fits(pool, own, matrix) for pool in likely]
    fitting = [fit for fit in fits if fit]
    return [fitting[place].shown for place in await ranked(db, fitting)]


async def best_by_estimate(
    db: Bound, pools: Sequence[MatchingFindPoolsToJoin], own: RequestsListOwn
) -> list[MatchingFindPoolsToJoin]:
    """As many as one table holds; if not all, those that are best by the estimate."""
    if 2 + 2 * sum(len(pool["riders"]) for pool in pools) <= LARGEST_TABLE:
        return list(pools)
    fits = [(pool, how_it_fits(pool, own, ESTIMATE)) for pool in pools]
    good = [(pool, fit) for pool, fit in fits if fit]
    order = [good[place][0] for place in await ranked(db, [fit for _, fit in good])]
    order += [pool for pool, fit in fits if not fit]
    chosen: list[MatchingFindPoolsToJoin] = []
    places = 2
    for pool in order:
        places += 2 * len(pool["riders"])
        if places > LARGEST_TABLE:
            break
        chosen.append(pool)
    return chosen


async def ranked(db: Bound, fitting: Sequence[Fit]) -> list[int]:
    return await best_first(db, [(fit.saving_percent, fit.longest_detour) for fit in fitting])


def how_it_fits(pool: MatchingFindPoolsToJoin, own: RequestsListOwn, matrix: Matrix) -> Fit | None:
    """What joining this pool would be like; None where it is not possible."""
    rows = [*pool["riders"], own]
    distance = matrix.for_trips(trip_of(row) for row in rows)
    rides = {row["request_id"]: ride_of(row, distance) for row in pool["riders"]}
    newcomer = ride_of(own, distance)
    stops = [Stop(stop["request_id"], stop["kind"]) for stop in pool["stops"]]
    plan = plan_joining(stops, rides, newcomer, distance)
    if plan is None:
        return None
    if departs_between(plan, {row["request_id"]: window_of(row) for row in rows}) is None:
        return None
    before = plan_for(list(rides.values()), stops, distance).total_meters
    apart = before + newcomer.solo_meters
    members = [*rides.values(), newcomer]
    saving = 100 * (1 - plan.total_meters / apart)
    shown = {
        "pool_id": pool["pool_id"],
        "ask_request_id": pool["riders"][0]["request_id"],
        "seats_left": pool["seats_left"],
        "riders": len(rides),
        "saving_percent": round(saving, 1),
        "detour_percent": round(detour(newcomer, plan), 1),
        "is_fallback": distance.is_fallback,
    }
    return Fit(shown, saving, max(detour(ride, plan) for ride in members))
