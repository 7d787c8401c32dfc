"""A plan is the order of pick-ups and drop-offs of a shared ride, and what it costs each rider.

Pure functions. sql/matching.sql finds the pairs by the same rule and the same distances; here
are the groups that grow from them, and what the distances of a routing server make of both.
Whoever is in a car is bound by one promise: nobody rides further than the own detour cap allows,
and together they drive less than each alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from math import asin, cos, inf, radians, sin, sqrt
from typing import Literal, NamedTuple

EARTH_METERS = 6_371_008.8
# By what streets are longer than the great circle.
ROAD_FACTOR = 1.3
# A car in a city: 25 km/h.
METERS_PER_SECOND = 25 / 3.6
# Two ways to the same sum differ in the last digit: who accepts no detour still shares the
# very same ride.
A_MILLIMETRE = 0.001


class Point(NamedTuple):
    """A place, in degrees."""

    latitude: float
    longitude: float


class Ride(NamedTuple):
    """What a request asks for, as far as the route minds."""

    request_id: int
    start: Point
    destination: Point
    solo_meters: float
    detour_percent: int
    drives: bool = False

    @property
    def longest_meters(self) -> float:
        """As far as the rider would go for company."""
        return (1 + self.detour_percent / 100) * self.solo_meters + A_MILLIMETRE


StopKind = Literal["pickup", "drop"]


class Stop(NamedTuple):
    """Somebody gets in or out."""

    request_id: int
    kind: StopKind


class Plan(NamedTuple):
    """A route: its stops, how far each is from the first, and what that means for the riders."""

    stops: tuple[Stop, ...]
    meters: tuple[float, ...]
    shared_meters: dict[int, float]
    total_meters: float
    saving_percent: float


class Window(NamedTuple):
    """A departure window, in seconds of any clock that all windows share."""

    opens: float
    closes: float


Distance = Callable[[Point, Point], float]


def road_meters(one: Point, other: Point) -> float:
    """Of road between two places: the great circle times the road factor."""
    low, high = radians(one.latitude), radians(other.latitude)
    across = sin((high - low) / 2) ** 2
    along = sin(radians(other.longitude - one.longitude) / 2) ** 2
    angle = 2 * asin(min(1.0, sqrt(across + cos(low) * cos(high) * along)))
    return ROAD_FACTOR * EARTH_METERS * angle


def place_of(stop: Stop, rides: Mapping[int, Ride]) -> Point:
    ride = rides[stop.request_id]
    return ride.start if stop.kind == "pickup" else ride.destination


def plan_for(
    rides: Sequence[Ride], stops: Sequence[Stop], distance: Distance = road_meters
) -> Plan:
    """Measure a given order of stops, whether or not it is one that all would accept."""
    by_id = {ride.request_id: ride for ride in rides}
    places = [place_of(stop, by_id) for stop in stops]
    meters = [0.0] if stops else []
    for here, there in pairwise(places):
        meters.append(meters[-1] + distance(here, there))
    at = dict(zip(stops, meters, strict=True))
    shared = {
        request_id: at[Stop(request_id, "drop")] - at[Stop(request_id, "pickup")]
        for request_id in by_id
    }
    total = meters[-1] if meters else 0.0
    alone = sum(ride.solo_meters for ride in rides)
    return Plan(
        stops=tuple(stops),
        meters=tuple(meters),
        shared_meters=shared,
        total_meters=total,
        saving_percent=100 * (1 - total / alone) if alone else 0.0,
    )


def plan_pair(one: Ride, other: Ride, distance: Distance = road_meters) -> Plan | None:
    """The shortest order of two riders' stops that both accept and that saves anything."""
    alone = (Stop(one.request_id, "pickup"), Stop(one.request_id, "drop"))
    return plan_joining(alone, {one.request_id: one}, other, distance)


def pair_plans(one: Ride, other: Ride, distance: Distance = road_meters) -> list[Plan]:
    """All orders of two riders' stops that both accept and that save anything, shortest first:
    the shortest may not be the one that suits both windows."""
    visits = {
        "A": Stop(one.request_id, "pickup"),
        "B": Stop(other.request_id, "pickup"),
        "a": Stop(one.request_id, "drop"),
        "b": Stop(other.request_id, "drop"),
    }
    orders = [
        order
        for order in ("ABab", "ABba", "BAab", "BAba")
        if (not one.drives or order == "ABba") and (not other.drives or order == "BAab")
    ]
    plans = [plan_for([one, other], [visits[each] for each in order], distance) for order in orders]
    good = [plan for plan in plans if is_good_plan(plan, [one, other])]
    return sorted(good, key=lambda plan: plan.total_meters)


def plan_joining(
    plan_stops: Sequence[Stop],
    rides: Mapping[int, Ride],
    newcomer: Ride,
    distance: Distance = road_meters,
) -> Plan | None:
    """The shortest way to take one more along, the others keeping their order.

    None where it would break somebody's cap, or be no shorter than the route so far and the
    newcomer's ride alone.
    """
    insertion = best_insertion(plan_stops, rides, newcomer, distance)
    if insertion is None:
        return None
    stops = with_stops_of(newcomer, plan_stops, insertion)
    members = dict.fromkeys(stop.request_id for stop in plan_stops)
    together = [*(rides[each] for each in members), newcomer]
    plan = plan_for(together, stops, distance)
    return plan if is_good_plan(plan, together) else None


def is_good_plan(plan: Plan, rides: Iterable[Ride]) -> bool:
    """Whether nobody rides further than the own cap allows, and all together less than alone.

    A route that was found by the estimate may do neither by road, newcomer or not."""
    return plan.saving_percent > 0 and all(
        plan.shared_meters[ride.request_id] <= ride.longest_meters for ride in rides
    )


class Insertion(NamedTuple):
    """Before which stops of the route so far a newcomer gets in and out, and what that adds."""

    added_meters: float
    pickup_before: int
    drop_before: int


def with_stops_of(newcomer: Ride, stops: Sequence[Stop], insertion: Insertion) -> list[Stop]:
    longer = list(stops)
    longer.insert(insertion.drop_before, Stop(newcomer.request_id, "drop"))
    longer.insert(insertion.pickup_before, Stop(newcomer.request_id, "pickup"))
    return longer


def best_insertion(
    stops: Sequence[Stop], rides: Mapping[int, Ride], newcomer: Ride, distance: Distance
) -> Insertion | None:
    """Where the newcomer's two stops lengthen the route least, if anywhere.

    Each place is judged by what it adds, not by measuring the whole route again: a round tries
    many thousands of them.
    """
    places = [place_of(stop, rides) for stop in stops]
    legs = [distance(here, there) for here, there in pairwise(places)]
    at = list(accumulate(legs, initial=0.0))
    to_start, from_start = there_and_back(places, newcomer.start, distance)
    to_destination, from_destination = there_and_back(places, newcomer.destination, distance)

    # By gap: before the first stop, between two, and behind the last.
    gaps = [0.0, *legs, 0.0]
    to_pickup, from_pickup = [0.0, *to_start], [*from_start, 0.0]
    to_drop, from_drop = [0.0, *to_destination], [*from_destination, 0.0]
    aboard = riders_by_gap(stops, at, rides)
    room = [min(slack.values(), default=inf) for slack in aboard]

    # By gap: what only the pick-up adds there, and what only the drop.
    for_pickup = [
        there + back - gap for there, back, gap in zip(to_pickup, from_pickup, gaps, strict=True)
    ]
    for_drop = [
        there + back - gap for there, back, gap in zip(to_drop, from_drop, gaps, strict=True)
    ]

    best: Insertion | None = None
    least = newcomer.solo_meters
    for pickup, drop in places_for(newcomer, stops, rides):
        if pickup == drop:
            ridden = newcomer.solo_meters
            added = to_pickup[pickup] + ridden + from_drop[pickup] - gaps[pickup]
            fits = added <= room[pickup]
        else:
            added = for_pickup[pickup] + for_drop[drop]
            if added >= least:
                # Most places end here, before anything dearer is looked at.
                continue
            ridden = from_pickup[pickup] + at[drop - 1] - at[pickup] + to_drop[drop]
            fits = (
                for_pickup[pickup] <= room[pickup]
                and for_drop[drop] <= room[drop]
                and all(
                    added <= slack
                    for rider, slack in aboard[pickup].items()
                    if rider in aboard[drop]
                )
            )
        if added < least and fits and ridden <= newcomer.longest_meters:
            best, least = Insertion(added, pickup, drop), added
    return best


def there_and_back(
    places: Sequence[Point], end: Point, distance: Distance
) -> tuple[list[float], list[float]]:
    """How far it is from each of these places to one, and from it to them."""
    there = [distance(place, end) for place in places]
    if distance is road_meters:
        # As far back: it matters to rounds, which do little else than this.
        return there, there
    return there, [distance(end, place) for place in places]


def riders_by_gap(
    stops: Sequence[Stop], at: Sequence[float], rides: Mapping[int, Ride]
) -> list[dict[int, float]]:
    """Who is aboard in each gap between two stops, and how much further each would go."""
    aboard: list[dict[int, float]] = [{} for _ in range(len(stops) + 1)]
    pickups = {stop.request_id: n for n, stop in enumerate(stops) if stop.kind == "pickup"}
    drops = {stop.request_id: n for n, stop in enumerate(stops) if stop.kind == "drop"}
    for rider, pickup in pickups.items():
        drop = drops[rider]
        slack = rides[rider].longest_meters - (at[drop] - at[pickup])
        for gap in range(pickup + 1, drop + 1):
            aboard[gap][rider] = slack
    return aboard


def places_for(
    newcomer: Ride, stops: Sequence[Stop], rides: Mapping[int, Ride]
) -> Iterator[tuple[int, int]]:
    """Before which stops the newcomer may get in and out: whoever brings the car is first and
    last in it, and there is only one car."""
    last = len(stops)
    driven = any(rides[stop.request_id].drives for stop in stops)
    if newcomer.drives:
        if not driven:
            yield 0, last
        return
    first, final = (1, last - 1) if driven else (0, last)
    for pickup in range(first, final + 1):
        for drop in range(pickup, final + 1):
            yield pickup, drop


def departs_between(plan: Plan, windows: Mapping[int, Window], now: float = -inf) -> Window | None:
    """When the car may start, so that it is at each pick-up within that rider's window."""
    opens, closes = now, inf
    for stop, meters in zip(plan.stops, plan.meters, strict=True):
        if stop.kind == "pickup":
            window, driven = windows[stop.request_id], meters / METERS_PER_SECOND
            opens = max(opens, window.opens - driven)
            closes = min(closes, window.closes - driven)
    return Window(opens, closes) if opens < closes else None


def fare_shares(plan: Plan, rides: Mapping[int, Ride]) -> dict[int, float]:
    """What part of the fare each rider pays, in percent: as their distances alone stand to
    each other.

    So nobody pays more than alone. A fare grows with the distance, at a price p for a metre: the
    shared ride costs p * total, and rider i pays p * total * solo_i / sum(solo), alone
    p * solo_i. The first is the smaller as long as total < sum(solo), which is what every plan
    here promises.
    """
    alone = {request_id: rides[request_id].solo_meters for request_id in plan.shared_meters}
    together = sum(alone.values())
    if not together:
        return dict.fromkeys(alone, 100 / len(alone))
    return {request_id: 100 * meters / together for request_id, meters in alone.items()}
