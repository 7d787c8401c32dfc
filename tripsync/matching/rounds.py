"""A round of automatic matching decides who of those who wait rides with whom.

A pure function over the graph of good pairs (sql/rounds.sql, list_pairs). It merges clusters, which
begin as one rider each and as the pools with room: riders into pairs, then pairs and pools into
groups of up to a car. Each step is a maximum-weight matching, so that it takes from no cluster what
it gives to another.

A round holds back by a price on each rider. Whoever still has time may find a better match later;
a merge must save more than that chance is worth to all who would be matched. The price falls to
nothing before the window ends.

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
    # Users whom the rider must not ride with.
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
    # With how many others each cluster is tried for threes and fours, and how many tries there are
    # in one step: where very many wait, each gets fewer, and the next round is soon.
    tries: int = 5
    most_tries: int = 3000


class Group(NamedTuple):
    """Riders to be seated on a route: in a pool of their own, or in one that is on the road."""

    request_ids: tuple[int, ...]
    plan: Plan
    departs: Window
    pool_id: int | None = None


class Cluster(NamedTuple):
    """Riders on one route, or a single one; the first of them may be seated in a pool already."""

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
    def is_single(self) -> bool:
        return len(self.members) == 1

    @property
    def newcomers(self) -> tuple[int, ...]:
        return self.request_ids[self.seated :]


class Merge(NamedTuple):
    """Two clusters, and what it is worth to merge them."""

    one: Cluster
    other: Cluster
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
    """The clusters of one round, while they are merged."""

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
        self.cluster_of = {each: single(ride) for each, ride in rides.items()}
        for pool in pools:
            self.seat(cluster_in(pool, rides))
        # The merges that were tried already: the next step tries many of them again.
        self.tried: dict[frozenset[tuple[int, ...]], Cluster | None] = {}

    def groups(self) -> Iterator[Group]:
        merges = [*self.pair_merges(), *self.larger_merges()]
        while merged := self.choose_merges(merges):
            for cluster in merged:
                self.seat(cluster)
            merges = list(self.larger_merges())
        for cluster in distinct(self.cluster_of.values()):
            departs = departure(cluster, self.now)
            if departs is not None and not cluster.is_single and cluster.newcomers:
                yield Group(cluster.newcomers, cluster.plan, departs, cluster.pool_id)

    def seat(self, cluster: Cluster) -> None:
        self.cluster_of.update(dict.fromkeys(cluster.request_ids, cluster))

    def pair_merges(self) -> Iterator[Merge]:
        """The good pairs that save more than the prices of both."""
        for one, others in self.partners.items():
            own = self.cluster_of[one]
            for saved, other in others:
                gain = saved - self.prices[one] - self.prices[other]
                theirs = self.cluster_of[other]
                if (
                    one < other
                    and gain > 0
                    and own.is_single
                    and theirs.is_single
                    and are_compatible(own, theirs)
                ):
                    yield Merge(own, theirs, gain)

    def larger_merges(self) -> Iterator[Merge]:
        """The merges of each cluster of several with those that save most with its members."""
        clusters = [each for each in distinct(self.cluster_of.values()) if not each.is_single]
        yielded: set[frozenset[tuple[int, ...]]] = set()
        for cluster in clusters:
            for other in self.candidates(cluster, len(clusters)):
                both = frozenset((cluster.request_ids, other.request_ids))
                if both in yielded:
                    continue
                yielded.add(both)
                merged = self.merge(cluster, other)
                if merged is None:
                    continue
                gain = merged.saved_meters - cluster.saved_meters - other.saved_meters
                if other.is_single:
                    gain -= self.prices[other.request_ids[0]]
                if gain > 0:
                    yield Merge(cluster, other, gain)

    def candidates(self, cluster: Cluster, crowd: int) -> Iterator[Cluster]:
        """The clusters to try a merge with: those that save most with its members come first."""
        promise: dict[int, float] = defaultdict(float)
        for member in cluster.request_ids:
            for saved, partner in self.partners[member]:
                promise[self.cluster_of[partner].request_ids[0]] += saved
        best_first = sorted(promise, key=promise.__getitem__, reverse=True)
        others = (self.cluster_of[first] for first in best_first)
        tries = max(2, min(self.policy.tries, self.policy.most_tries // crowd))
        return islice((other for other in others if are_compatible(cluster, other)), tries)

    def choose_merges(self, merges: Iterable[Merge]) -> list[Cluster]:
        """The merged clusters of those merges whose gains add up to the most."""
        graph: rustworkx.PyGraph[Cluster, float] = rustworkx.PyGraph()
        nodes: dict[tuple[int, ...], int] = {}
        for one, other, gain in merges:
            for cluster in (one, other):
                if cluster.request_ids not in nodes:
                    nodes[cluster.request_ids] = graph.add_node(cluster)
            graph.add_edge(nodes[one.request_ids], nodes[other.request_ids], gain)
        matched = rustworkx.max_weight_matching(graph, weight_fn=lambda gain: int(PRECISION * gain))
        merged = (self.merge(graph[one], graph[other]) for one, other in matched)
        return [cluster for cluster in merged if cluster is not None]

    def merge(self, one: Cluster, other: Cluster) -> Cluster | None:
        both = frozenset((one.request_ids, other.request_ids))
        if both not in self.tried:
            self.tried[both] = merge(one, other, self.now)
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


def make_cluster(
    members: Iterable[WaitingRide],
    stops: Sequence[Stop],
    pool_id: int | None = None,
    seated: int = 0,
) -> Cluster:
    riders = tuple(members)
    plan = plan_for([each.ride for each in riders], stops)
    offers = [each.seats_offered for each in riders if each.seats_offered is not None]
    return Cluster(
        members=riders,
        request_ids=tuple(each.ride.request_id for each in riders),
        plan=plan,
        saved_meters=sum(each.ride.solo_meters for each in riders) - plan.total_meters,
        seats=sum(each.seats for each in riders),
        seats_offered=offers[0] if offers else None,
        pool_id=pool_id,
        seated=seated,
    )


def single(waiting: WaitingRide) -> Cluster:
    own = waiting.ride.request_id
    return make_cluster([waiting], [Stop(own, "pickup"), Stop(own, "drop")])


def cluster_in(pool: OpenPool, rides: Mapping[int, WaitingRide]) -> Cluster:
    members = [rides[stop.request_id] for stop in pool.stops if stop.kind == "pickup"]
    return make_cluster(members, pool.stops, pool.pool_id, len(members))


def distinct(clusters: Iterable[Cluster]) -> Iterable[Cluster]:
    return {cluster.request_ids: cluster for cluster in clusters}.values()


def merge(one: Cluster, other: Cluster, now: float) -> Cluster | None:
    """Both on one route: the stops of a pool keep their order, else those of the larger cluster,
    and the other riders are inserted one by one."""
    if not are_compatible(one, other):
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
    larger = make_cluster(members, stops, host.pool_id, host.seated)
    return larger if departure(larger, now) is not None else None


def size_as_host(cluster: Cluster) -> tuple[bool, int]:
    return cluster.pool_id is not None, len(cluster.members)


def departure(cluster: Cluster, now: float) -> Window | None:
    """When they may start: not before now, and at each pick-up within the rider's window."""
    windows = {each.ride.request_id: each.window for each in cluster.members}
    return departs_between(cluster.plan, windows, now)


def are_compatible(one: Cluster, other: Cluster) -> bool:
    """Whether one car has the seats, and all may ride with each other."""
    return (
        one.seats + other.seats <= seats_of_car(one, other)
        and may_be_joined_by(one, other)
        and may_be_joined_by(other, one)
        and all(fit(this, that) for this, that in product(one.members, other.members))
    )


def seats_of_car(one: Cluster, other: Cluster) -> int:
    """Of the only car there is; of two who drive neither leaves the own one."""
    if one.seats_offered is None and other.seats_offered is None:
        return SEATS_OF_A_CAB
    if one.seats_offered is None or other.seats_offered is None:
        return 1 + (one.seats_offered or other.seats_offered or 0)
    return 0


def may_be_joined_by(host: Cluster, guests: Cluster) -> bool:
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
