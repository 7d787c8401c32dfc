"""Rounds: who is matched now, who had better wait, and who cannot wait any longer."""

import pickle
import random
from collections.abc import Iterable
from itertools import combinations
from typing import Any, Literal

import pytest

from tripsync.matching.plans import (
    Point,
    Ride,
    Stop,
    Window,
    departs_between,
    plan_pair,
    road_meters,
)
from tripsync.matching.rounds import (
    Group,
    OpenPool,
    Pair,
    Policy,
    WaitingRide,
    match_round,
    merge,
    price_of_waiting,
    seats_of_car,
    single,
)

STREET = [Point(19.1, 72.8 + 0.01 * n) for n in range(20)]
QUARTER = 15 * 60.0
AT_ONCE = Policy(hope=0)
KINDS: tuple[Literal["pickup", "drop"], ...] = ("pickup", "drop")

Waiting = dict[int, WaitingRide]


def waiting(
    request_id: int,
    start: Point = STREET[0],
    destination: Point = STREET[10],
    *,
    since: float = 0,
    detour_percent: int = 25,
    **more: object,
) -> WaitingRide:
    ride = Ride(
        request_id,
        start,
        destination,
        road_meters(start, destination),
        detour_percent,
        drives="seats_offered" in more,
    )
    window = more.pop("window", Window(since, since + QUARTER))
    return WaitingRide(ride, 100 + request_id, window, since, **more)  # type: ignore[arg-type]


def by_id(rides: Iterable[WaitingRide]) -> Waiting:
    return {each.ride.request_id: each for each in rides}


def good_pairs(rides: Waiting) -> list[Pair]:
    """What list_pairs gives."""
    pairs = []
    for (one_id, one), (other_id, other) in combinations(rides.items(), 2):
        plan = plan_pair(one.ride, other.ride)
        if plan and departs_between(plan, {one_id: one.window, other_id: other.window}):
            saved = one.ride.solo_meters + other.ride.solo_meters - plan.total_meters
            pairs.append(Pair(one_id, other_id, saved))
    return pairs


def a_round(rides: Iterable[WaitingRide], now: float = 0, policy: Policy = AT_ONCE) -> list[Group]:
    known = by_id(rides)
    return match_round(known, good_pairs(known), now, policy)


def companies(groups: Iterable[Group]) -> set[frozenset[int]]:
    return {frozenset(group.request_ids) for group in groups}


def a_crowd(seed: int, count: int) -> Waiting:
    dice = random.Random(seed)

    def near(latitude: float, longitude: float) -> Point:
        return Point(latitude + dice.uniform(0, 0.04), longitude + dice.uniform(0, 0.04))

    rides = []
    for request_id in range(count):
        drives = {"seats_offered": dice.randint(1, 3)} if dice.random() < 0.15 else {}
        rides.append(
            waiting(
                request_id,
                near(19.1, 72.8),
                near(19.12, 72.82),
                since=dice.uniform(-600, 0),
                detour_percent=dice.choice([0, 10, 25, 50]),
                seats=dice.choice([1, 1, 1, 2]),
                gender=dice.choice(["woman", "man", None]),
                same_gender=dice.random() < 0.1,
                avoids=frozenset({100 + dice.randrange(count)}),
                **drives,
            )
        )
    return by_id(rides)


def test_nobody_waits_for_nothing_and_nobody_is_matched_alone() -> None:
    assert match_round({}, [], 0, Policy()) == []
    assert a_round([waiting(1), waiting(2, STREET[19], STREET[12])]) == []


def test_the_best_for_all_beats_the_best_for_one() -> None:
    """2 goes best with 3; but then 1 and 4 would be left."""
    rides = by_id(waiting(n, seats=2) for n in (1, 2, 3, 4))
    pairs = [Pair(1, 2, 900), Pair(2, 3, 1000), Pair(3, 4, 900)]
    assert companies(match_round(rides, pairs, 0, AT_ONCE)) == {
        frozenset({1, 2}),
        frozenset({3, 4}),
    }


@pytest.mark.parametrize(("riders", "sizes"), [(3, [3]), (4, [4]), (5, [2, 3]), (6, [2, 4])])
def test_pairs_grow_into_threes_and_fours(riders: int, sizes: list[int]) -> None:
    groups = a_round(waiting(n) for n in range(riders))
    assert sorted(len(group.request_ids) for group in groups) == sizes


def test_every_group_keeps_every_promise() -> None:
    """Caps, seats, wishes, windows and one car; and each group drives less than its members."""
    larger = 0
    for seed in range(12):
        rides = a_crowd(seed, 40)
        groups = a_round(rides.values())
        matched = [each for group in groups for each in group.request_ids]
        assert len(matched) == len(set(matched))
        for group in groups:
            members = [rides[each] for each in group.request_ids]
            larger += len(members) > 2
            assert 2 <= len(members) <= 4
            assert group.plan.total_meters < sum(each.ride.solo_meters for each in members)
            for each in members:
                shared = group.plan.shared_meters[each.ride.request_id]
                assert shared <= each.ride.longest_meters
            offers = [each.seats_offered for each in members if each.seats_offered is not None]
            assert len(offers) <= 1
            assert sum(each.seats for each in members) <= (1 + offers[0] if offers else 4)
            for one, other in combinations(members, 2):
                assert other.user_id not in one.avoids
                assert one.user_id not in other.avoids
                if one.same_gender or other.same_gender:
                    assert one.gender == other.gender is not None
            windows = {each.ride.request_id: each.window for each in members}
            departs = departs_between(group.plan, windows)
            assert departs is not None
            assert group.departs == departs._replace(opens=max(0, departs.opens))
            assert group.departs.closes > 0
    assert larger > 10


def test_a_poor_match_is_held_back_until_time_runs_out() -> None:
    """A short way along with somebody who goes far: not at once, but rather than alone."""
    rides = [waiting(1, STREET[0], STREET[2]), waiting(2, STREET[0], Point(19.4, 72.82))]
    (pair,) = good_pairs(by_id(rides))
    assert pair.saved_meters < 0.1 * rides[1].ride.solo_meters
    policy = Policy(hope=0.25)
    assert a_round(rides, 0, policy) == []
    assert companies(a_round(rides, QUARTER - policy.margin_seconds - 1, policy)) == {
        frozenset({1, 2})
    }


def test_a_good_match_is_not_held_back() -> None:
    assert companies(a_round([waiting(1), waiting(2)], 0, Policy())) == {frozenset({1, 2})}


def test_who_cannot_wait_is_not_left_for_who_can() -> None:
    """Only one of the two can ride with 3; the other still has time to find somebody."""
    late = waiting(1, since=-QUARTER + 30, seats=2)
    fresh, wanted = waiting(2, seats=2), waiting(3, seats=2)
    assert companies(a_round([late, fresh, wanted], 0, Policy())) == {frozenset({1, 3})}


def test_no_match_begins_when_a_window_is_over() -> None:
    rides = [waiting(1), waiting(2)]
    assert a_round(rides, QUARTER - 1, Policy())
    assert a_round(rides, QUARTER, Policy()) == []


def test_pairs_of_those_who_do_not_wait_any_more_are_left_out() -> None:
    rides = by_id([waiting(1), waiting(2)])
    groups = match_round(rides, [Pair(1, 3, 9000), Pair(1, 2, 10)], 0, AT_ONCE)
    assert companies(groups) == {frozenset({1, 2})}


def test_two_who_are_no_pair_may_not_meet_in_a_group_either() -> None:
    """Each goes with the third, but one avoids the other."""
    one, other, third = waiting(1, avoids=frozenset({102})), waiting(2), waiting(3)
    groups = match_round(by_id([one, other, third]), [Pair(1, 3, 900), Pair(2, 3, 800)], 0, AT_ONCE)
    assert companies(groups) == {frozenset({1, 3})}


def test_a_round_can_be_sent_to_another_process() -> None:
    rides = by_id([waiting(1), waiting(2)])
    given = (rides, good_pairs(rides), 0.0, Policy())
    assert pickle.loads(pickle.dumps(given)) == given
    groups = match_round(*given)
    assert pickle.loads(pickle.dumps(groups)) == groups


def test_a_larger_car_takes_as_many_as_it_has_seats() -> None:
    driver, riders = waiting(0, seats_offered=6), [waiting(n) for n in range(1, 7)]
    (group,) = a_round([driver, *riders])
    assert set(group.request_ids) == set(range(7))
    for seats_offered, others in ((4, 6), (7, 9)):
        groups = a_round([waiting(0, seats_offered=seats_offered), *riders, waiting(7), waiting(8)])
        (driven,) = (group for group in groups if 0 in group.request_ids)
        assert len(driven.request_ids) <= 1 + seats_offered
        assert sum(len(group.request_ids) for group in groups) >= others


def pool_of(pool_id: int, *rides: WaitingRide) -> OpenPool:
    """A pool of riders who go the very same way."""
    ids = [each.ride.request_id for each in rides]
    return OpenPool(pool_id, tuple(Stop(each, kind) for kind in KINDS for each in ids))


def a_round_with_pools(
    rides: Iterable[WaitingRide], *pools: OpenPool, policy: Policy = AT_ONCE
) -> list[Group]:
    known = by_id(rides)
    return match_round(known, good_pairs(known), 0, policy, pools)


def test_who_waits_joins_a_pool_that_has_room() -> None:
    members, newcomer = [waiting(1), waiting(2)], waiting(3, STREET[1], STREET[9])
    (group,) = a_round_with_pools([*members, newcomer], pool_of(7, *members))
    assert (group.pool_id, group.request_ids) == (7, (3,))
    assert group.plan.shared_meters.keys() == {1, 2, 3}
    assert [stop for stop in group.plan.stops if stop.request_id != 3] == list(
        pool_of(7, *members).stops
    )


def test_a_pool_that_nobody_joins_is_left_alone() -> None:
    members = [waiting(1), waiting(2)]
    astray = waiting(3, STREET[19], STREET[12])
    assert a_round_with_pools([*members, astray], pool_of(7, *members)) == []


def test_two_who_wait_join_a_pool_together() -> None:
    members = [waiting(1), waiting(2)]
    newcomers = [waiting(3), waiting(4)]
    groups = a_round_with_pools([*members, *newcomers], pool_of(7, *members))
    assert [(group.pool_id, set(group.request_ids)) for group in groups] == [(7, {3, 4})]


def test_two_pools_stay_two() -> None:
    rides = [waiting(n) for n in range(1, 5)]
    assert a_round_with_pools(rides, pool_of(7, *rides[:2]), pool_of(8, *rides[2:])) == []


@pytest.mark.parametrize(
    ("member", "newcomer"),
    [
        ({"seats": 2}, {"seats": 2}),
        ({"avoids": frozenset({103})}, {}),
        ({}, {"avoids": frozenset({101})}),
        ({"same_gender": True, "gender": "woman"}, {"gender": "man"}),
        # Whoever shares a cab does not find themselves in somebody's own car.
        ({}, {"seats_offered": 3}),
        ({"detour_percent": 0}, {"start": STREET[0], "destination": Point(19.13, 72.9)}),
        ({"window": Window(0, 60)}, {"window": Window(120, 900)}),
    ],
)
def test_nobody_is_put_into_a_pool_against_anybodys_wishes(
    member: dict[str, Any], newcomer: dict[str, Any]
) -> None:
    members = [waiting(1, **member), waiting(2)]
    assert a_round_with_pools([*members, waiting(3, **newcomer)], pool_of(7, *members)) == []


def test_in_a_crowd_pools_grow_and_keep_every_promise() -> None:
    """What one round seated is the next one's pools, with a new crowd around them."""
    joined = 0
    for seed in range(10):
        rides = a_crowd(seed, 60)
        first = match_round(rides, good_pairs(rides), 0, AT_ONCE)
        pools = [OpenPool(n, group.plan.stops) for n, group in enumerate(first)]
        seated = {each for group in first for each in group.request_ids}
        later = {1000 + each: moved(ride) for each, ride in a_crowd(seed + 100, 60).items()}
        known = {each: ride for each, ride in rides.items() if each in seated} | later
        groups = match_round(known, good_pairs(known), 0, AT_ONCE, pools)
        newcomers = [each for group in groups for each in group.request_ids]
        assert len(newcomers) == len(set(newcomers))
        assert not seated & set(newcomers)
        for group in groups:
            members = [known[each] for each in group.plan.shared_meters]
            for each in members:
                shared = group.plan.shared_meters[each.ride.request_id]
                assert shared <= each.ride.longest_meters
            if group.pool_id is None:
                continue
            joined += 1
            before = pools[group.pool_id].stops
            assert tuple(stop for stop in group.plan.stops if stop in before) == before
            offers = [each.seats_offered for each in members if each.seats_offered is not None]
            assert sum(each.seats for each in members) <= (1 + offers[0] if offers else 4)
            for one, other in combinations(members, 2):
                assert other.user_id not in one.avoids
                assert one.user_id not in other.avoids
                if one.same_gender or other.same_gender:
                    assert one.gender == other.gender is not None
    assert joined > 10


def moved(waiting: WaitingRide) -> WaitingRide:
    """Somebody else on the same ride."""
    ride = waiting.ride._replace(request_id=waiting.ride.request_id + 1000)
    return waiting._replace(ride=ride, user_id=waiting.user_id + 1000)


def test_a_pair_takes_along_whom_either_of_the_two_goes_well_with() -> None:
    rides = by_id(waiting(n) for n in (1, 2, 3))
    pairs = [Pair(2, 3, 900), Pair(1, 2, 100), Pair(1, 3, 100)]
    assert companies(match_round(rides, pairs, 0, AT_ONCE)) == {frozenset({1, 2, 3})}


@pytest.mark.parametrize(
    ("offers", "seats"), [((None, None), 4), ((2, None), 3), ((None, 3), 4), ((2, 3), 0)]
)
def test_there_is_one_car_and_its_driver_sits_in_it(
    offers: tuple[int | None, int | None], seats: int
) -> None:
    one, other = (
        single(waiting(n, **({} if offered is None else {"seats_offered": offered})))
        for n, offered in enumerate(offers)
    )
    assert seats_of_car(one, other) == seats


def test_of_two_that_are_as_large_the_first_keeps_its_order() -> None:
    merged = merge(single(waiting(1)), single(waiting(2)), 0)
    assert merged is not None
    assert merged.request_ids == (1, 2)


def test_who_may_not_ride_together_takes_nobody_from_others() -> None:
    rides = by_id([waiting(1, avoids=frozenset({102})), waiting(2), waiting(3)])
    pairs = [Pair(1, 2, 1000), Pair(2, 3, 500)]
    assert companies(match_round(rides, pairs, 0, AT_ONCE)) == {frozenset({2, 3})}


@pytest.mark.parametrize(
    ("now", "in_sight", "part"),
    [(50, 0, 0.5), (100, 0, 0.5), (520, 0, 0.25), (520, 4, 0.375), (939, 0, 1 / 1680), (940, 0, 0)],
)
def test_the_price_of_a_rider_falls_with_the_time_that_is_left(
    now: float, in_sight: int, part: float
) -> None:
    rider = waiting(1, since=100, window=Window(100, 1000))
    price = price_of_waiting(rider, in_sight, now, Policy(hope=0.3, margin_seconds=60))
    assert price == pytest.approx(0.3 * part * rider.ride.solo_meters)
