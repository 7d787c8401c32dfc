"""Routes: whoever shares one rides within the own cap, and together they drive less."""

import random
from collections.abc import Iterator
from itertools import permutations

import pytest

from tripsync.matching.plans import (
    METERS_PER_SECOND,
    Distance,
    Plan,
    Point,
    Ride,
    Stop,
    Window,
    departs_between,
    fare_shares,
    is_good_plan,
    pair_plans,
    plan_for,
    plan_joining,
    plan_pair,
    road_meters,
)

NEAR = 0.01
# Along a street to the east, a hundredth of a degree is about 1.4 km of road.
STREET = [Point(19.1, 72.8 + NEAR * n) for n in range(20)]


def ride(request_id: int, start: Point, destination: Point, **more: object) -> Ride:
    wishes = {"detour_percent": 25, **more}
    return Ride(request_id, start, destination, road_meters(start, destination), **wishes)  # type: ignore[arg-type]


def by(distance: Distance, ride: Ride) -> Ride:
    """The same ride, measured in another way."""
    return ride._replace(solo_meters=distance(ride.start, ride.destination))


def random_rides(seed: int, count: int) -> list[Ride]:
    """Trips through a town of some 5 km, where sharing is often possible."""
    dice = random.Random(seed)

    def near(latitude: float, longitude: float) -> Point:
        return Point(latitude + dice.uniform(0, 0.03), longitude + dice.uniform(0, 0.03))

    return [
        ride(n, near(19.1, 72.8), near(19.12, 72.83), detour_percent=dice.choice([0, 10, 25, 50]))
        for n in range(1, count + 1)
    ]


def orders_of(riders: dict[int, Ride], fixed: tuple[Stop, ...] = ()) -> Iterator[list[Stop]]:
    """Every order in which each gets in before getting out, and `fixed` stays as it is."""
    stops = [Stop(each, kind) for each in riders for kind in ("pickup", "drop")]  # type: ignore[arg-type]
    for order in permutations(stops):
        places = {stop: n for n, stop in enumerate(order)}
        begins_before_it_ends = all(
            places[Stop(each, "pickup")] < places[Stop(each, "drop")] for each in riders
        )
        if begins_before_it_ends and tuple(stop for stop in order if stop in fixed) == fixed:
            yield list(order)


def is_promised(plan: Plan, riders: dict[int, Ride], limit: float) -> bool:
    return plan.total_meters < limit and all(
        plan.shared_meters[each] <= riders[each].longest_meters for each in riders
    )


def test_two_on_the_same_way_share_it() -> None:
    one, other = ride(1, STREET[0], STREET[10]), ride(2, STREET[2], STREET[8])
    plan = plan_pair(one, other)
    assert plan is not None
    assert [tuple(stop) for stop in plan.stops] == [
        (1, "pickup"),
        (2, "pickup"),
        (2, "drop"),
        (1, "drop"),
    ]
    assert plan.total_meters == pytest.approx(one.solo_meters)
    assert plan.meters == pytest.approx(
        [0, *(road_meters(STREET[0], STREET[n]) for n in (2, 8, 10))]
    )
    assert plan.saving_percent == pytest.approx(
        100 * other.solo_meters / (one.solo_meters + other.solo_meters)
    )


def test_neighbours_who_go_apart_share_nothing() -> None:
    assert plan_pair(ride(1, STREET[10], STREET[0]), ride(2, STREET[10], STREET[19])) is None


def test_one_after_the_other_is_no_shared_ride() -> None:
    assert plan_pair(ride(1, STREET[0], STREET[5]), ride(2, STREET[5], STREET[10])) is None


def test_the_very_same_ride_is_shared_without_any_detour() -> None:
    """Sums of the same legs may differ in their last digit; that breaks nobody's cap."""
    for one in random_rides(1, 200):
        twin = one._replace(request_id=1000, detour_percent=0)
        plan = plan_pair(one._replace(detour_percent=0), twin)
        assert plan is not None
        assert plan.saving_percent == pytest.approx(50)


def one_way(here: Point, there: Point) -> float:
    """Streets that lead east and north at once, and take a while to lead back."""
    back = max(0.0, here.longitude - there.longitude) + max(0.0, here.latitude - there.latitude)
    return road_meters(here, there) + 60_000 * back


@pytest.mark.parametrize("distance", [road_meters, one_way])
def test_a_pair_gets_the_shortest_order_that_both_accept(distance: Distance) -> None:
    found = 0
    trips = [by(distance, each) for each in random_rides(2, 400)]
    for one, other in zip(trips[::2], trips[1::2], strict=True):
        riders = {one.request_id: one, other.request_id: other}
        alone = one.solo_meters + other.solo_meters
        plans = [plan_for([one, other], order, distance) for order in orders_of(riders)]
        fitting = [plan for plan in plans if is_promised(plan, riders, alone)]
        best = min((plan.total_meters for plan in fitting), default=None)
        for plan in (plan_pair(one, other, distance), plan_pair(other, one, distance)):
            assert (plan and plan.total_meters) == (best and pytest.approx(best))
        in_order = [plan.total_meters for plan in pair_plans(one, other, distance)]
        assert in_order == pytest.approx(sorted(plan.total_meters for plan in fitting))
        found += bool(fitting)
    assert 20 < found < 200


@pytest.mark.parametrize("distance", [road_meters, one_way])
def test_a_group_gets_the_shortest_insertion_that_all_accept(distance: Distance) -> None:
    found = refused = 0
    for seed in range(250):
        one, other, newcomer = (by(distance, each) for each in random_rides(seed + 1000, 3))
        so_far = plan_pair(one, other, distance)
        if so_far is None:
            continue
        riders = {each.request_id: each for each in (one, other, newcomer)}
        limit = so_far.total_meters + newcomer.solo_meters
        plans = [
            plan_for(list(riders.values()), order, distance)
            for order in orders_of(riders, so_far.stops)
        ]
        fitting = [plan for plan in plans if is_promised(plan, riders, limit)]
        plan = plan_joining(so_far.stops, riders, newcomer, distance)
        assert (plan is None) == (not fitting)
        if plan is not None:
            assert plan.total_meters == pytest.approx(min(each.total_meters for each in fitting))
            assert is_promised(plan, riders, limit)
        found += plan is not None
        refused += plan is None
    assert found > 10
    assert refused > 10


def test_a_driver_is_first_in_the_car_and_last() -> None:
    driver = ride(1, STREET[5], STREET[10], drives=True, detour_percent=100)
    inside, around = ride(2, STREET[6], STREET[9]), ride(3, STREET[4], STREET[11])
    plan = plan_pair(driver, inside)
    assert plan is not None
    assert plan == plan_pair(inside, driver)._replace(shared_meters=plan.shared_meters)  # type: ignore[union-attr]
    assert plan.stops[0] == Stop(1, "pickup")
    assert plan.stops[-1] == Stop(1, "drop")
    longer = plan_joining(plan.stops, {1: driver, 2: inside}, around)
    assert longer is None or (longer.stops[0].request_id, longer.stops[-1].request_id) == (1, 1)
    as_rider = plan_joining(plan.stops, {1: driver._replace(drives=False), 2: inside}, around)
    assert as_rider is not None
    assert as_rider.stops[0] == Stop(3, "pickup")


def test_two_who_drive_do_not_share() -> None:
    one, other = (ride(n, STREET[0], STREET[9], drives=True) for n in (1, 2))
    assert plan_pair(one, other) is None


def test_distances_may_come_from_elsewhere() -> None:
    """With a river between two streets, what looks near is not."""
    north, south = Point(19.2, 72.8), Point(19.2, 73.0)

    def around_the_river(here: Point, there: Point) -> float:
        return road_meters(here, there) + (50_000 if here.longitude != there.longitude else 0)

    one = ride(1, STREET[0], north)
    other = ride(2, STREET[0], south._replace(longitude=72.801))
    assert plan_pair(one, other) is not None
    assert plan_pair(one, other, around_the_river) is None


def test_nobody_joins_a_route_that_by_road_keeps_no_promise() -> None:
    """It was found by the estimate; the newcomer, who fits in at its end, is not to blame."""

    def around_the_lake(here: Point, there: Point) -> float:
        """From the first street to the next one there is only the way around."""
        detours = {here, there} == {STREET[0], STREET[2]}
        return road_meters(here, there) + (9_000 if detours else 0)

    one, other = ride(1, STREET[0], STREET[10]), ride(2, STREET[2], STREET[12])
    newcomer = ride(3, STREET[10], STREET[12])
    plan = plan_pair(one, other)
    assert plan is not None
    riders = {1: one, 2: other}
    assert plan_joining(plan.stops, riders, newcomer) is not None
    assert plan_joining(plan.stops, riders, newcomer, around_the_lake) is None


def test_what_is_left_of_a_route_is_measured_anew() -> None:
    riders = [ride(1, STREET[0], STREET[10]), ride(3, STREET[3], STREET[12])]
    plan = plan_for(
        riders, [Stop(1, "pickup"), Stop(3, "pickup"), Stop(1, "drop"), Stop(3, "drop")]
    )
    assert plan.shared_meters == pytest.approx({1: riders[0].solo_meters, 3: riders[1].solo_meters})
    assert plan.total_meters == pytest.approx(road_meters(STREET[0], STREET[12]))


def test_nobody_pays_more_than_alone() -> None:
    shared = 0
    for seed in range(300):
        one, other, third = random_rides(seed, 3)
        riders = {each.request_id: each for each in (one, other, third)}
        plan = plan_pair(one, other)
        if plan is None:
            continue
        plan = plan_joining(plan.stops, riders, third) or plan
        shares = fare_shares(plan, riders)
        assert sum(shares.values()) == pytest.approx(100)
        for rider, percent in shares.items():
            assert percent / 100 * plan.total_meters < riders[rider].solo_meters
        shared += 1
    assert shared > 20


def test_rides_of_no_length_pay_alike() -> None:
    here = [ride(n, STREET[0], STREET[0]) for n in (1, 2)]
    plan = plan_for(here, [Stop(n, kind) for kind in ("pickup", "drop") for n in (1, 2)])  # type: ignore[arg-type]
    assert fare_shares(plan, {each.request_id: each for each in here}) == {1: 50, 2: 50}


@pytest.mark.parametrize(
    ("opens", "closes", "start"),
    [
        (0, 900, (0, 700)),
        (500, 600, (300, 400)),
        (100, 250, (0, 50)),
        (0, 150, None),
        (0, 200, None),
        (1150, 1200, None),
    ],
    ids=[
        "overlaps",
        "inside",
        "begins early",
        "over before the car comes",
        "as it comes",
        "not begun",
    ],
)
def test_the_car_is_at_each_pickup_within_its_window(
    opens: float, closes: float, start: tuple[float, float] | None
) -> None:
    far = 200 * METERS_PER_SECOND
    plan = Plan(
        (Stop(1, "pickup"), Stop(2, "pickup"), Stop(2, "drop"), Stop(1, "drop")),
        (0, far, 2 * far, 3 * far),
        {1: 3 * far, 2: far},
        3 * far,
        25,
    )
    windows = {1: Window(0, 900), 2: Window(opens, closes)}
    assert departs_between(plan, windows) == (start and pytest.approx(start))


@pytest.mark.parametrize(
    ("one", "other", "degrees"),
    [
        (Point(0, 0), Point(0, 1), 1),
        (Point(10, 0), Point(30, 0), 20),
        (Point(60, 0), Point(60, 90), 41.4096),
        (Point(60, 0), Point(60, 180), 60),
        (Point(0, 179), Point(0, -179), 2),
    ],
)
def test_a_degree_of_the_globe_is_111_km_and_its_roads_are_longer_by_a_third(
    one: Point, other: Point, degrees: float
) -> None:
    assert road_meters(one, other) == pytest.approx(1.3 * 111_195 * degrees, rel=1e-4)
    driven_within_the_hour = 3600 * METERS_PER_SECOND
    assert driven_within_the_hour == pytest.approx(25_000)


@pytest.mark.parametrize(("saving", "good"), [(0.0, False), (0.5, True)])
def test_a_plan_that_saves_nothing_is_none(saving: float, good: bool) -> None:
    one, twin = ride(1, STREET[0], STREET[10]), ride(2, STREET[0], STREET[10])
    plan = plan_pair(one, twin)
    assert plan is not None
    assert is_good_plan(plan._replace(saving_percent=saving), [one, twin]) is good


def test_of_ways_of_the_same_length_the_newcomer_takes_the_first() -> None:
    plan = plan_pair(ride(1, STREET[0], STREET[10]), ride(2, STREET[0], STREET[10]))
    assert plan is not None
    assert [(stop.request_id, stop.kind) for stop in plan.stops] == [
        (2, "pickup"),
        (1, "pickup"),
        (2, "drop"),
        (1, "drop"),
    ]


def test_of_the_orders_of_two_a_driver_takes_the_one_around_the_other() -> None:
    one, twin = ride(1, STREET[0], STREET[10]), ride(2, STREET[0], STREET[10])
    assert len(pair_plans(one, twin)) == 4
    for driver, rider in ((one, twin), (twin, one)):
        for pair in ((driver._replace(drives=True), rider), (rider, driver._replace(drives=True))):
            [plan] = pair_plans(*pair)
            assert {plan.stops[0], plan.stops[-1]} == {
                Stop(driver.request_id, "pickup"),
                Stop(driver.request_id, "drop"),
            }
