"""Places that a decision is going to compare are read before it begins, to be measured first."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from tripsync.database import Bound
from tripsync.database.rows import RequestsListOwn
from tripsync.http.tokens import Rider
from tripsync.matching.plans import Point
from tripsync.pooling.distances import PlacesRow, trip_of
from tripsync.pooling.matches import MOST_MEASURED

# What decides with whom a ride can be shared.
WISHES = (
    "start_longitude",
    "start_latitude",
    "destination_longitude",
    "destination_latitude",
    "depart_after",
    "depart_before",
    "seats",
    "detour_percent",
    "role",
    "seats_offered",
    "same_gender",
    "solo_road_meters",
)

# Places that are compared with each other, and of which one table is asked for.
Groups = list[Collection[Point]]


async def around_new(
    db: Bound, who: Rider, window: tuple[datetime, datetime], ride: Mapping[str, Any]
) -> Groups:
    """Around a ride that is to be opened with these columns."""
    if ride["solo_road_meters"] is None:
        return []
    wishes = {**ride, "depart_after": window[0], "depart_before": window[1]}
    own = {
        Point(ride[f"{end}_latitude"], ride[f"{end}_longitude"]) for end in ("start", "destination")
    }
    found = await partners_of(db, who.college_id, who.user_id, None, wishes)
    return [own | found] if found else []


async def around_own(
    db: Bound, who: Rider, own: RequestsListOwn, wishes: Mapping[str, Any] | None = None
) -> Groups:
    """Around a request of the rider's own, as it is or with other wishes."""
    found = await partners_of(db, who.college_id, who.user_id, own["request_id"], wishes or {})
    return [found.union(trip_of(own))] if found else []


async def of_asking(db: Bound, who: Rider, request_id: int | None, target_id: int) -> Groups:
    """Of the rider's requests that may ask another one, and of that one."""
    own = {"college_id": who.college_id, "user_id": who.user_id}
    target = await db.requests.find_asked(**own, request_id=target_id)
    if target is None:
        return []
    rows = await db.requests.list_asking(
        **own, request_id=request_id, asked_request=target["request_id"]
    )
    if (len(rows) == 1 and not target["is_newer"]) or rows[0]["request_id"] is None:
        return []
    if not all(row["road_is_known"] for row in (*rows, target)):
        return []
    return [places_of([*rows, target])]


async def of_connection(db: Bound, who: Rider, connection_id: int) -> Groups:
    """Of all who would ride in one pool."""
    sides = await db.connections.list_sides(
        college_id=who.college_id, user_id=who.user_id, connection_id=connection_id
    )
    return [places_of(sides)] if all(row["road_is_known"] for row in sides) else []


async def left_behind(
    db: Bound, who: Rider, request_id: int | None = None, pool_id: int | None = None
) -> Groups:
    """Of those whom the rider leaves: they share another route, or are back on the road, each with
    others around."""
    college = {"college_id": who.college_id}
    if request_id is not None:
        pool_id = await db.pools.find_pool_of(**college, request_id=request_id)
    if pool_id is None:
        return []
    members = await db.pools.list_members(**college, pool_id=pool_id)
    leaver = next((row for row in members if row["user_id"] == who.user_id), None)
    if leaver is None:
        return []
    remaining = [row for row in members if row is not leaver]
    measurable = [row for row in remaining if row["road_is_known"]]
    stay = places_of(measurable)
    if len(remaining) > 1 and leaver["role"] != "driver":
        return [stay] if measurable == remaining else []
    groups: Groups = []
    for row in measurable:
        found = await partners_of(
            db, who.college_id, row["user_id"], row["request_id"], {}, MOST_MEASURED - len(members)
        )
        if found or len(measurable) > 1:
            groups.append(stay | found)
    return groups


async def partners_of(
    db: Bound,
    college_id: int,
    user_id: int,
    request_id: int | None,
    wishes: Mapping[str, Any],
    most: int = MOST_MEASURED,
) -> set[Point]:
    """Where those go who may share a ride, if they are to be measured by road."""
    rows = await db.matching.list_places_around(
        college_id=college_id,
        user_id=user_id,
        request_id=request_id,
        size=most,
        **{name: wishes.get(name) for name in WISHES},
    )
    return places_of(rows)


def places_of(rows: Iterable[PlacesRow]) -> set[Point]:
    return {place for row in rows for place in trip_of(row)}
