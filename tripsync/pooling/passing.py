"""Shared rides that pass by: which pools with room could take a rider along, and how well."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from tripsync.http.answers import answer
from tripsync.http.context import reading, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.problems import Problem
from tripsync.pooling.company import ride_of
from tripsync.pooling.refusals import NO_SUCH_REQUEST, REQUEST_CLOSED
from tripsync.pooling.requests import find_own
from tripsync.pooling.routes import (
    Ride,
    Stop,
    Window,
    departs_between,
    plan_for,
    plan_joining,
    road_meters,
)
from tripsync.pooling.schemas import PassingPools

blueprint = Blueprint("passing")

MOST_CANDIDATES = 50
MOST_SHOWN = 20


@blueprint.get("/api/pool/requests/<request_id:id>/pools")
@endpoint(answer=PassingPools, refuses=(NO_SUCH_REQUEST, REQUEST_CLOSED))
async def list_passing(request: Request, request_id: int) -> HTTPResponse:
    """List the shared rides that pass by and have room, best first.

    To join one, ask the request that is named with it."""
    own = await find_own(request, request_id)
    if own["status"] != "active":
        raise Problem(REQUEST_CLOSED)
    pools = await reading(request).matching.find_pools_to_join(
        college_id=rider(request).college_id, request_id=request_id, size=MOST_CANDIDATES
    )
    fitting = [shown for pool in pools if (shown := how_it_fits(pool, own))]
    fitting.sort(key=lambda shown: -float(shown["saving_percent"]))
    return answer({"pools": fitting[:MOST_SHOWN]})


def how_it_fits(pool: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any] | None:
    """What joining this pool would be like; None where it is not possible."""
    newcomer = own_ride(own)
    rides = {row["request_id"]: ride_of(row) for row in pool["riders"]}
    stops = [Stop(stop["request_id"], stop["kind"]) for stop in pool["stops"]]
    plan = plan_joining(stops, rides, newcomer)
    if plan is None:
        return None
    windows = {row["request_id"]: window_of(row) for row in (*pool["riders"], own)}
    if departs_between(plan, windows) is None:
        return None
    before = plan_for(list(rides.values()), stops).total_meters
    apart = before + newcomer.solo_meters
    ridden = plan.shared_meters[newcomer.request_id]
    return {
        "pool_id": pool["pool_id"],
        "ask_request_id": pool["riders"][0]["request_id"],
        "seats_left": pool["seats_left"],
        "riders": len(rides),
        "saving_percent": round(100 * (1 - plan.total_meters / apart), 1),
        "detour_percent": round(100 * (ridden / newcomer.solo_meters - 1), 1),
    }


def own_ride(own: Mapping[str, Any]) -> Ride:
    alone = ride_of({**own, "solo_meters": 0.0})
    return alone._replace(solo_meters=road_meters(alone.start, alone.destination))


def window_of(row: Mapping[str, Any]) -> Window:
    return Window(moment(row["depart_after"]), moment(row["depart_before"]))


def moment(value: datetime | str) -> float:
    """Seconds; a time inside a jsonb column comes as text."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).timestamp()
