"""A round of automatic matching decides who of those who wait rides with whom.

A pure function over the graph of good pairs (sql/rounds.sql, list_pairs). Companies of
one are married into pairs or join a pool on the road that has room, pairs grow into threes and
fours or fill a larger car, each time by a maximum-weight matching, so that no step takes from one
company what it gives to another.

What makes a round hold back is a price on each rider. Whoever still has time may meet somebody
better: that chance is worth something, and a match must save more than what the chances of all
who are matched are worth. It falls to nothing before the window ends.

The matching holds the interpreter for as long as it takes, which for thousands is half a second: a
round is for a process of its own, not for a thread beside the event loop. All it takes and gives
can be pickled.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import NamedTuple

import rustworkx

from tripsync.matching.plans import (
    Plan,
    Ride,
    Stop,
    Window,
    best_insertion,
    departs_between,
    plan_for,
    road_meters,
    with_stops_of,
)

SEATS_OF_A_CAB = 4
# Weights of a matching are whole numbers: metres, in thousandths.
PRECISION = 1000


class WaitingRide(NamedTuple):
    """A request that asks to be matched, or was and rides in a pool that has room."""

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


class OpenPool(NamedTuple):
    """A pool that others may join, and its route so far."""

    pool_id: int
    stops: tuple[Stop, ...]


class Pair(NamedTuple):
    """Two requests that could share a ride, and how much less they would drive: what a round is
    given, if only as a tuple."""

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
    # With how many others each company is tried for threes and fours, and how many tries there are
    # in one step: where very many wait, each gets fewer, and the next round is soon.
    tries: int = 5
    most_tries: int = 3000


class Group(NamedTuple):
    """Riders to be seated on a route: in a pool of their own, or in one that is on the road."""

    request_ids: tuple[int, ...]
    plan: Plan
    departs: Window
    pool_id: int | None = None


class Company(NamedTuple):
    """Riders on one route, or one alone; the first of them may be seated in a pool already."""

    members: tuple[WaitingRide, ...]
    request_ids: tuple[int, ...]
    plan: Plan
    saved_meters: float
    seats: int
    # By the one who drives; None where they take a cab.
    seats_offered: int | None
    pool_id: int | None
    seated: int

    @property
    def is_alone(self) -> bool:
        return len(self.members) == 1

    @property
    def newcomers(self) -> tuple[int, ...]:
        return self.request_ids[self.seated :]


class Union(NamedTuple):
    """Two companies, and what it is worth to make them one."""

    one: Company
    other: Company
    gain: float


def match_round(
    rides: Mapping[int, WaitingRide],
    pairs: Sequence[tuple[int, int, float]],
    now: float,
    policy: Policy,
    pools: Sequence[OpenPool] = (),
) -> list[Group]:
    """The groups to form now; who is in none waits for the next round.

    `rides` are those who wait and the members of the pools."""
    return list(Round(rides, pairs, now, policy, pools).groups())


class Round:
    """The companies there are, while they grow."""

    def __init__(
        self,
        rides: Mapping[int, WaitingRide],
        pairs: Sequence[tuple[int, int, float]],
        now: float,
        policy: Policy,
        pools: Sequence[OpenPool],
    ) -> None:
        self.now = now
        self.policy = policy
        self.partners: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for one, other, saved in pairs:
            if one in rides and other in rides:
                self.partners[one].append((saved, other))
                self.partners[other].append((saved, one))
        self.prices = {
            each: price_of_waiting(ride, len(self.partners[each]), now, policy)
            for each, ride in rides.items()
        }
        self.company_with = {each: alone(ride) for each, ride in rides.items()}
        for pool in pools:
            self.seat(seated_in(pool, rides))
        # What became of two companies that were tried: the next step tries many of them again.
        self.tried: dict[frozenset[tuple[int, ...]], Company | None] = {}

    def groups(self) -> Iterator[Group]:
        unions = [*self.couples(), *self.larger_companies()]
        while merged := self.marry(unions):
            for company in merged:
                self.seat(company)
            unions = list(self.larger_companies())
        for company in distinct(self.company_with.values()):
            departs = departure(company, self.now)
            if departs is not None and not company.is_alone and company.newcomers:
                yield Group(company.newcomers, company.plan, departs, company.pool_id)

    def seat(self, company: Company) -> None:
        self.company_with.update(dict.fromkeys(company.request_ids, company))

    def couples(self) -> Iterator[Union]:
        """The good pairs that are worth more than what both may hope for."""
        for one, others in self.partners.items():
            own = self.company_with[one]
            for saved, other in others:
                gain = saved - self.prices[one] - self.prices[other]
                theirs = self.company_with[other]
                if (
                    one < other
                    and gain > 0
                    and own.is_alone
                    and theirs.is_alone
                    and may_meet(own, theirs)
                ):
                    yield Union(own, theirs, gain)

    def larger_companies(self) -> Iterator[Union]:
        """Each company of several with those that its members would save most with."""
        companies = [each for each in distinct(self.company_with.values()) if not each.is_alone]
        yielded: set[frozenset[tuple[int, ...]]] = set()
        for company in companies:
            for other in self.promising(company, len(companies)):
                both = frozenset((company.request_ids, other.request_ids))
                if both in yielded:
                    continue
                yielded.add(both)
                merged = self.together(company, other)
                if merged is None:
                    continue
                gain = merged.saved_meters - company.saved_meters - other.saved_meters
                if other.is_alone:
                    gain -= self.prices[other.request_ids[0]]
                if gain > 0:
                    yield Union(company, other, gain)

    def promising(self, company: Company, crowd: int) -> Iterator[Company]:
        """The companies to try it with: who saves most with its members comes first."""
        promise: dict[int, float] = defaultdict(float)
        for member in company.request_ids:
            for saved, partner in self.partners[member]:
                promise[self.company_with[partner].request_ids[0]] += saved
        best_first = sorted(promise, key=promise.__getitem__, reverse=True)
        others = (self.company_with[first] for first in best_first)
        tries = max(2, min(self.policy.tries, self.policy.most_tries // crowd))
        return islice((other for other in others if may_meet(company, other)), tries)

    def marry(self, unions: Iterable[Union]) -> list[Company]:
        """The companies to make one, so that all gains together are as large as can be."""
        graph: rustworkx.PyGraph[Company, float] = rustworkx.PyGraph()
        nodes: dict[tuple[int, ...], int] = {}
        for one, other, gain in unions:
            for company in (one, other):
                if company.request_ids not in nodes:
                    nodes[company.request_ids] = graph.add_node(company)
            graph.add_edge(nodes[one.request_ids], nodes[other.request_ids], gain)
        matched = rustworkx.max_weight_matching(graph, weight_fn=lambda gain: int(PRECISION * gain))
        merged = (self.together(graph[one], graph[other]) for one, other in matched)
        return [company for company in merged if company is not None]

    def together(self, one: Company, other: Company) -> Company | None:
        both = frozenset((one.request_ids, other.request_ids))
        if both not in self.tried:
            self.tried[both] = together(one, other, self.now)
        return self.tried[both]


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


def company_of(
    members: Iterable[WaitingRide],
    stops: Sequence[Stop],
    pool_id: int | None = None,
    seated: int = 0,
) -> Company:
    riders = tuple(members)
    plan = plan_for([each.ride for each in riders], stops)
    offers = [each.seats_offered for each in riders if each.seats_offered is not None]
    return Company(
        members=riders,
        request_ids=tuple(each.ride.request_id for each in riders),
        plan=plan,
        saved_meters=sum(each.ride.solo_meters for each in riders) - plan.total_meters,
        seats=sum(each.seats for each in riders),
        seats_offered=offers[0] if offers else None,
        pool_id=pool_id,
        seated=seated,
    )


def alone(waiting: WaitingRide) -> Company:
    own = waiting.ride.request_id
    return company_of([waiting], [Stop(own, "pickup"), Stop(own, "drop")])


def seated_in(pool: OpenPool, rides: Mapping[int, WaitingRide]) -> Company:
    members = [rides[stop.request_id] for stop in pool.stops if stop.kind == "pickup"]
    return company_of(members, pool.stops, pool.pool_id, len(members))


def distinct(companies: Iterable[Company]) -> Iterable[Company]:
    return {company.request_ids: company for company in companies}.values()


def together(one: Company, other: Company, now: float) -> Company | None:
    """Both on one route: the riders of a pool keep their places, else those of the larger company,
    and the others join one after the other."""
    if not may_meet(one, other):
        return None
    host, guests = (one, other) if size_as_host(one) >= size_as_host(other) else (other, one)
    members = host.members + guests.members
    rides = {member.ride.request_id: member.ride for member in members}
    stops: Sequence[Stop] = host.plan.stops
    for guest in guests.members:
        insertion = best_insertion(stops, rides, guest.ride, road_meters)
        if insertion is None:
            return None
        stops = with_stops_of(guest.ride, stops, insertion)
    larger = company_of(members, stops, host.pool_id, host.seated)
    return larger if departure(larger, now) is not None else None


def size_as_host(company: Company) -> tuple[bool, int]:
    return company.pool_id is not None, len(company.members)


def departure(company: Company, now: float) -> Window | None:
    """When they may start: not before now, and at each pick-up within the rider's window."""
    windows = {each.ride.request_id: each.window for each in company.members}
    return departs_between(company.plan, windows, now)


def may_meet(one: Company, other: Company) -> bool:
    """Whether one car has the seats and nobody stands against anybody."""
    return (
        one.seats + other.seats <= seats_of_car(one, other)
        and may_be_joined_by(one, other)
        and may_be_joined_by(other, one)
        and all(fit(this, that) for this, that in product(one.members, other.members))
    )


def seats_of_car(one: Company, other: Company) -> int:
    """Of the only car there is; of two who drive neither leaves the own one."""
    if one.seats_offered is None and other.seats_offered is None:
        return SEATS_OF_A_CAB
    if one.seats_offered is None or other.seats_offered is None:
        return 1 + (one.seats_offered or other.seats_offered or 0)
    return 0


def may_be_joined_by(host: Company, guests: Company) -> bool:
    """Two pools stay two, and one that takes a cab does not move into the car of a newcomer."""
    return host.pool_id is None or (guests.pool_id is None and guests.seats_offered is None)


def fit(one: WaitingRide, other: WaitingRide) -> bool:
    """The wishes of two riders, as preferences_fit has them in SQL; pairs come from there, but
    in a group of three two may meet who are no pair."""
    if other.user_id in one.avoids or one.user_id in other.avoids or one.user_id == other.user_id:
        return False
    if one.same_gender or other.same_gender:
        return one.gender is not None and one.gender == other.gender
    return True
