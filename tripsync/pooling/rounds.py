"""One round of automatic matching: who of those who wait rides with whom, now.

A pure function over the graph of good pairs (sql/matching.sql, list_waiting_pairs). Companies of
one are married into pairs, pairs and companies of one into threes and fours, each time by a
maximum-weight matching, so that no step takes from one company what it gives to another.

What makes a round hold back is a price on each rider. Whoever still has time may meet somebody
better: that chance is worth something, and a match must save more than what the chances of all
who are matched are worth. It falls to nothing before the window ends.

The matching holds the interpreter for as long as it takes, which for thousands is a second: a
round is for a process of its own, not for a thread beside the event loop. All it takes and gives
can be pickled.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from typing import NamedTuple

import rustworkx

from tripsync.pooling.routes import (
    Plan,
    Ride,
    Stop,
    Window,
    departs_between,
    plan_for,
    plan_joining,
)

SEATS_OF_A_CAB = 4
MOST_RIDERS = 4
# Weights of a matching are whole numbers: metres, in thousandths.
PRECISION = 1000


class WaitingRide(NamedTuple):
    """A request that asks to be matched."""

    ride: Ride
    user_id: int
    # In seconds, as `now`.
    window: Window
    since: float
    seats: int = 1
    seats_offered: int | None = None
    gender: str | None = None
    same_gender: bool = False
    # Users whom the rider must not meet.
    avoids: frozenset[int] = frozenset()


class Pair(NamedTuple):
    """Two requests that could share a ride, and how much less they would drive."""

    one: int
    other: int
    saved_meters: float


class Policy(NamedTuple):
    """How much a round holds back; tests/bench/matching.py measures what comes of it."""

    # What the chance of somebody better is worth, at most, as a share of the ride: to who has
    # just come and sees many who go the same way.
    hope: float = 0.33
    # So long before the window ends there is no holding back any more.
    margin_seconds: float = 60.0
    # With how many others each company is tried for threes and fours.
    tries: int = 8


class Group(NamedTuple):
    """Riders who share a ride from now on."""

    request_ids: tuple[int, ...]
    plan: Plan
    departs: Window


class Company(NamedTuple):
    """Riders on one route, or one alone."""

    members: tuple[WaitingRide, ...]
    plan: Plan
    saved_meters: float = 0.0

    @property
    def is_alone(self) -> bool:
        return len(self.members) == 1

    @property
    def request_ids(self) -> tuple[int, ...]:
        return tuple(member.ride.request_id for member in self.members)


# Two companies, and what it is worth to make them one.
Union = tuple[Company, Company, float]


def match_round(
    rides: Mapping[int, WaitingRide], pairs: Sequence[Pair], now: float, policy: Policy
) -> list[Group]:
    """The groups to form now; who is in none waits for the next round."""
    partners: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for pair in pairs:
        if pair.one in rides and pair.other in rides:
            partners[pair.one].append((pair.saved_meters, pair.other))
            partners[pair.other].append((pair.saved_meters, pair.one))
    prices = {
        each: price_of_waiting(ride, len(partners[each]), now, policy)
        for each, ride in rides.items()
    }
    company_of = {each: alone(ride) for each, ride in rides.items()}

    unions = couples(company_of, partners, prices)
    while merged := marry(unions, now):
        for company in merged:
            company_of.update(dict.fromkeys(company.request_ids, company))
        unions = larger_companies(company_of, partners, prices, now, policy)

    groups = []
    for company in distinct(company_of.values()):
        departs = departure(company.members, company.plan, now)
        if departs is not None and not company.is_alone:
            groups.append(Group(company.request_ids, company.plan, departs))
    return groups


def price_of_waiting(waiting: WaitingRide, in_sight: int, now: float, policy: Policy) -> float:
    """What the chance to meet somebody better is worth to a rider, in metres.

    It falls evenly with the time that is left. Where many go the same way now, more will come:
    with nobody in sight it is half of what it is in a crowd.
    """
    ends = waiting.window.closes - policy.margin_seconds
    if now >= ends:
        return 0.0
    time_left = min(1.0, (ends - now) / (ends - waiting.since))
    crowd = (in_sight + 2) / (in_sight + 4)
    return policy.hope * waiting.ride.solo_meters * time_left * crowd


def alone(waiting: WaitingRide) -> Company:
    ride = waiting.ride
    stops = (Stop(ride.request_id, "pickup"), Stop(ride.request_id, "drop"))
    return Company((waiting,), plan_for([ride], stops))


def couples(
    company_of: Mapping[int, Company],
    partners: Mapping[int, Sequence[tuple[float, int]]],
    prices: Mapping[int, float],
) -> Iterator[Union]:
    """The good pairs that are worth more than what both may hope for."""
    for one, others in partners.items():
        for saved, other in others:
            gain = saved - prices[one] - prices[other]
            if one < other and gain > 0 and may_meet(company_of[one], company_of[other]):
                yield company_of[one], company_of[other], gain


def larger_companies(
    company_of: Mapping[int, Company],
    partners: Mapping[int, Sequence[tuple[float, int]]],
    prices: Mapping[int, float],
    now: float,
    policy: Policy,
) -> Iterator[Union]:
    """Each company of several with those that its members would save most with."""
    tried: set[frozenset[int]] = set()
    for company in distinct(company_of.values()):
        if company.is_alone:
            continue
        promising: dict[int, float] = defaultdict(float)
        for member in company.request_ids:
            for saved, partner in partners[member]:
                other = company_of[partner]
                if len(company.members) + len(other.members) <= MOST_RIDERS:
                    promising[other.request_ids[0]] += saved
        for first in nlargest(policy.tries, promising, key=promising.__getitem__):
            other = company_of[first]
            both = frozenset(company.request_ids + other.request_ids)
            if both in tried:
                continue
            tried.add(both)
            merged = together(company, other, now)
            if merged is None:
                continue
            gain = merged.saved_meters - company.saved_meters - other.saved_meters
            if other.is_alone:
                gain -= prices[first]
            if gain > 0:
                yield company, other, gain


def distinct(companies: Iterable[Company]) -> Iterable[Company]:
    return {company.request_ids: company for company in companies}.values()


def marry(unions: Iterable[Union], now: float) -> list[Company]:
    """The companies to make one, so that all gains together are as large as can be."""
    graph: rustworkx.PyGraph[Company, float] = rustworkx.PyGraph()
    nodes: dict[tuple[int, ...], int] = {}
    for one, other, gain in unions:
        for company in (one, other):
            if company.request_ids not in nodes:
                nodes[company.request_ids] = graph.add_node(company)
        graph.add_edge(nodes[one.request_ids], nodes[other.request_ids], gain)
    matched = rustworkx.max_weight_matching(graph, weight_fn=lambda gain: int(PRECISION * gain))
    merged = (together(graph[one], graph[other], now) for one, other in matched)
    return [company for company in merged if company is not None]


def together(one: Company, other: Company, now: float) -> Company | None:
    """Both on one route, the riders of the smaller joining the larger one after the other."""
    if not may_meet(one, other):
        return None
    host, guests = (one, other) if len(one.members) >= len(other.members) else (other, one)
    members = host.members + guests.members
    rides = {member.ride.request_id: member.ride for member in members}
    plan = host.plan
    for guest in guests.members:
        longer = plan_joining(plan.stops, rides, guest.ride)
        if longer is None:
            return None
        plan = longer
    if departure(members, plan, now) is None:
        return None
    return Company(
        members, plan, sum(ride.solo_meters for ride in rides.values()) - plan.total_meters
    )


def departure(members: Iterable[WaitingRide], plan: Plan, now: float) -> Window | None:
    """When they may start: not before now, and at each pick-up within the rider's window."""
    window = departs_between(plan, {each.ride.request_id: each.window for each in members})
    if window is None or window.closes <= now:
        return None
    return window._replace(opens=max(now, window.opens))


def may_meet(one: Company, other: Company) -> bool:
    """Whether one car has the seats and nobody stands against anybody."""
    members = one.members + other.members
    offers = [each.seats_offered for each in members if each.seats_offered is not None]
    seats = 1 + offers[0] if offers else SEATS_OF_A_CAB
    return (
        len(members) <= MOST_RIDERS
        and len(offers) <= 1
        and sum(each.seats for each in members) <= seats
        and all(fit(this, that) for this in one.members for that in other.members)
    )


def fit(one: WaitingRide, other: WaitingRide) -> bool:
    """The wishes of two riders, as preferences_fit has them in SQL; pairs come from there, but
    in a group of three two may meet who are no pair."""
    if other.user_id in one.avoids or one.user_id in other.avoids or one.user_id == other.user_id:
        return False
    if one.same_gender or other.same_gender:
        return one.gender is not None and one.gender == other.gender
    return True
