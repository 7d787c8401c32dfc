"""A search finds who fits a rider, best first, and notifies those who wait.

By the estimate sql/matching.sql says all. Of those whose roads are known it gives who may fit, and
each pair is measured here; how they are ranked and shown is for SQL to say again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tripsync.database import Bound, Transaction
from tripsync.database.rows import (
    MatchingFindPairs,
    MatchingShowMatches,
    RequestsFindAsked,
    RequestsListAsking,
)
from tripsync.matching.plans import Plan, Ride, Window, departs_between, pair_plans
from tripsync.pooling.distances import DistanceSource, ride_of, trip_of, window_of
from tripsync.pooling.events import match_found
from tripsync.realtime.events import Addressed
from tripsync.routing.osrm import LARGEST_TABLE
from tripsync.routing.roads import ESTIMATE, Matrix

MOST_MATCHES = 20
# Both ends of each, and of the one who asks, make one table.
MOST_MEASURED = LARGEST_TABLE // 2 - 1
# Columns of a match that the app does not get as they are.
NOT_TOLD = {"viewer_id", "departs_from", "departs_until"}
# How SQL writes an order of stops: those of the one who asks as a, of the partner as b.
LETTERS = {(True, "pickup"): "A", (True, "drop"): "a", (False, "pickup"): "B", (False, "drop"): "b"}


class GoodPair(NamedTuple):
    """Two rides that can be shared: that of the one who asks, and the partner's."""

    asking: Ride
    partner: Ride
    plan: Plan
    departs: Window
    is_fallback: bool


async def find_and_notify(
    db: Transaction, college_id: int, user_id: int, request_id: int, source: DistanceSource
) -> tuple[list[dict[str, Any]], list[Addressed]]:
    """Who fits a rider who came on the road, and the news of it for those who wait."""
    rows = await find_matches(db, college_id, request_id, source, both_sides=True)
    found = [matched_user(row) for row in rows if row["viewer_id"] == user_id]
    news = [
        match_found(row["viewer_id"], matched_user(row))
        for row in rows
        if row["viewer_id"] != user_id
    ]
    return found, news


async def find_matches(
    db: Bound, college_id: int, request_id: int, source: DistanceSource, *, both_sides: bool = False
) -> list[MatchingShowMatches]:
    """The best partners of a waiting request, as show_matches in sql/matching.sql gives them."""
    pairs = None
    if source.is_by_road:
        rows = await db.matching.find_pairs(
            college_id=college_id, request_id=request_id, size=MOST_MEASURED
        )
        pairs = measured(rows, source)
    return await db.matching.show_matches(
        college_id=college_id,
        request_id=request_id,
        pairs=pairs,
        both_sides=both_sides,
        size=MOST_MATCHES,
    )


def measured(rows: Sequence[MatchingFindPairs], source: DistanceSource) -> list[dict[str, Any]]:
    """These pairs; of those whose roads are known the good ones, measured by road."""
    by_road = [row["rides"] for row in rows if row["rides"]]
    places = {place for pair in by_road for ride in pair for place in trip_of(ride)}
    matrix = source.among(places) if places else ESTIMATE
    now = datetime.now(UTC).timestamp()
    pairs: list[dict[str, Any]] = []
    for row in rows:
        if not row["rides"]:
            pairs.append({**row, "is_fallback": True})
        elif pair := measure(row["rides"], matrix, now):
            pairs.append(as_measured(pair))
    return pairs


def measure(
    rows: Sequence[RequestsListAsking | RequestsFindAsked], matrix: Matrix, now: float
) -> GoodPair | None:
    """What two rides are like together; None where they are no good pair."""
    distance = matrix.for_trips(trip_of(row) for row in rows)
    asking, partner = (ride_of(row, distance) for row in rows)
    windows = {row["request_id"]: window_of(row) for row in rows}
    for plan in pair_plans(asking, partner, distance):
        departs = departs_between(plan, windows, now)
        if departs is not None:
            return GoodPair(asking, partner, plan, departs, distance.is_fallback)
    return None


async def best_to_ask(
    db: Bound, own: Sequence[RequestsListAsking], asked: RequestsFindAsked, source: DistanceSource
) -> RequestsListAsking | None:
    """The request of a rider's own, of which there are some, that had best ask this one.

    It is the one that ranks first as a good pair; else the first of those given that may ask. A
    newer request than the one that was meant is asked by a good pair only."""
    if len(own) == 1 and not asked["is_newer"]:
        return own[0]
    matrix = source.of_rides([*own, asked])
    now = datetime.now(UTC).timestamp()
    may_ask = [row for row in own if not row["status"] == asked["status"] == "matched"] or own
    good = [
        (row, pair)
        for row in may_ask
        if row["suits"] and (pair := measure((row, asked), matrix, now))
    ]
    if good:
        best, *_ = await best_first(
            db, [(pair.plan.saving_percent, longest_detour(pair)) for _, pair in good]
        )
        return good[best][0]
    return None if asked["is_newer"] else may_ask[0]


async def best_first(db: Bound, measured: Sequence[tuple[float, float]]) -> list[int]:
    """The places of these savings and detours, in percent, as rank_of in SQL ranks them."""
    if len(measured) < 2:
        return list(range(len(measured)))
    rows = await db.matching.rank_rides(
        saving_percents=[saving for saving, _ in measured],
        detour_percents=[detour for _, detour in measured],
    )
    return [row["place"] for row in rows]


def as_measured(pair: GoodPair) -> dict[str, Any]:
    """What find_pairs would say of them, with these distances."""
    plan, own = pair.plan, pair.asking.request_id
    _, second, third, last = plan.meters
    return {
        "partner_id": pair.partner.request_id,
        "visits": "".join(LETTERS[stop.request_id == own, stop.kind] for stop in plan.stops),
        "first_leg": second,
        "second_leg": third - second,
        "third_leg": last - third,
        "saving_percent": plan.saving_percent,
        "detour_percent": detour(pair.asking, plan),
        "partner_detour_percent": detour(pair.partner, plan),
        "departs_from": datetime.fromtimestamp(pair.departs.opens, UTC),
        "departs_until": datetime.fromtimestamp(pair.departs.closes, UTC),
        "is_fallback": pair.is_fallback,
    }


def longest_detour(pair: GoodPair) -> float:
    return max(detour(ride, pair.plan) for ride in (pair.asking, pair.partner))


def detour(ride: Ride, plan: Plan) -> float:
    return 100 * (plan.shared_meters[ride.request_id] / ride.solo_meters - 1)


def matched_user(match: MatchingShowMatches) -> dict[str, Any]:
    """A match as the app knows it."""
    return {
        **{name: value for name, value in match.items() if name not in NOT_TOLD},
        "saving_percent": round(match["saving_percent"], 1),
        "detour_percent": round(match["detour_percent"], 1),
        "partner_detour_percent": round(match["partner_detour_percent"], 1),
        "pickup_distance_meters": round(match["pickup_distance_meters"]),
        "drop_distance_meters": round(match["drop_distance_meters"]),
        "departs_between": [match["departs_from"], match["departs_until"]],
    }
