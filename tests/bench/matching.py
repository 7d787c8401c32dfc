"""What automatic matching saves, replayed on a trace of trips.

    .venv/bin/python tests/bench/matching.py TRIPS.csv
    .venv/bin/python tests/bench/matching.py TRIPS.csv --seeds 20

The trace is a CSV with a line a trip, of which are read: hour, minute, pickup_latitude,
pickup_longitude, dropoff_latitude, dropoff_longitude. Its days are folded onto one, and the
busiest 90 minutes of that day are replayed at several densities, as samples of its trips.
Everybody asks at the minute of the trip (the second is drawn), for one seat, to leave within 15
minutes, and accepts a detour of 25 %.

How to read the table, whose figures are the mean over the samples and, in brackets, the range:

- **matched**: the share of riders who found company.
- **saved**: by how much less all together drive than if each rode alone; whoever finds nobody
  rides alone. Negative: they drive further.
- **of optimum**: the same, as a share of what the optimum of pairs saves on that sample.
- **in caps**: of the groups, those that keep the detour cap of every member.
- **wait**: seconds from asking until being matched, of those who are; their mean, and how long
  nine of ten wait at most. Who is not matched knows it when the 15 minutes are over.

What is compared:

- **rounds**: tripsync/matching/rounds.py as it is, a round every 30 seconds, groups of up to four.
- **5 km radius**: whoever asks rides with the one who waits longest among those whose start and
  destination both lie within 5 km. The two take their shortest order of stops.
- **oldest first**: whoever asks rides with the one who waits longest among the good pairs.
- **optimum of pairs**: all requests are known beforehand, and the best pairs among them are
  chosen (networkx). Groups of more than two can save more.
"""

import argparse
import csv
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import Literal, NamedTuple

import networkx

from tripsync.matching.plans import (
    ROAD_FACTOR,
    Plan,
    Point,
    Ride,
    Stop,
    Window,
    departs_between,
    plan_for,
    plan_pair,
    road_meters,
)
from tripsync.matching.rounds import Pair, Policy, WaitingRide, match_round
from tripsync.pooling.auto_match import BEST_PARTNERS

MINUTE = 60
PEAK_MINUTES = 90
WINDOW = 15 * MINUTE
ROUND = 30
DETOUR_PERCENT = 25
RADIUS_METERS = 5000
DENSITIES = (150, 750, None)


class Trip(NamedTuple):
    """A line of the trace, in minutes from the beginning of the peak."""

    minute: int
    start: Point
    destination: Point


class Match(NamedTuple):
    """Who rides together, and when they learned of it."""

    plan: Plan
    at: float


class GoodPair(NamedTuple):
    plan: Plan
    departs: Window
    saved_meters: float


class Figures(NamedTuple):
    """A line of the table."""

    matched: float
    saved: float
    of_optimum: float
    in_caps: float
    mean_wait: float
    p90_wait: float


class Crowd:
    """The requests of one sample, in the order in which they come, and the good pairs."""

    def __init__(self, trips: Iterable[Trip], dice: random.Random) -> None:
        asked = sorted((MINUTE * (trip.minute + dice.random()), trip) for trip in trips)
        self.rides = {n: waiting_ride(n, trip, at) for n, (at, trip) in enumerate(asked)}
        self.pairs = dict(self._good_pairs())
        self.partners: dict[int, list[tuple[float, int, float]]] = {n: [] for n in self.rides}
        for (one, other), pair in self.pairs.items():
            self.partners[one].append((pair.saved_meters, other, pair.departs.closes))
            self.partners[other].append((pair.saved_meters, one, pair.departs.closes))
        for partners in self.partners.values():
            partners.sort(reverse=True)

    def _good_pairs(self) -> Iterator[tuple[tuple[int, int], GoodPair]]:
        for one, earlier in self.rides.items():
            for other in range(one + 1, len(self.rides)):
                later = self.rides[other]
                if later.since >= earlier.window.closes:
                    break
                plan = plan_pair(earlier.ride, later.ride)
                if plan is None:
                    continue
                departs = departs_between(plan, {one: earlier.window, other: later.window})
                # Nothing leaves before the later of the two has asked.
                if departs is not None and departs.closes > later.since:
                    yield (one, other), GoodPair(plan, departs, self.saved_by(plan))

    def saved_by(self, plan: Plan) -> float:
        alone = sum(self.rides[each].ride.solo_meters for each in plan.shared_meters)
        return alone - plan.total_meters

    def pairs_of(self, waiting: Iterable[int], now: float) -> list[Pair]:
        """What list_pairs would give: of each who waits, the best who wait, too."""
        waits = set(waiting)
        best = {}
        for one in waits:
            found = 0
            for saved, other, departs_until in self.partners[one]:
                if other in waits and departs_until > now:
                    best[min(one, other), max(one, other)] = saved
                    found += 1
                    if found == BEST_PARTNERS:
                        break
        return [Pair(one, other, saved) for (one, other), saved in best.items()]


def waiting_ride(request_id: int, trip: Trip, at: float) -> WaitingRide:
    solo = road_meters(trip.start, trip.destination)
    ride = Ride(request_id, trip.start, trip.destination, solo, DETOUR_PERCENT)
    return WaitingRide(ride, user_id=request_id, window=Window(at, at + WINDOW), since=at)


def by_rounds(crowd: Crowd) -> list[Match]:
    matches = []
    coming = list(crowd.rides.items())[::-1]
    waiting: dict[int, WaitingRide] = {}
    now = 0.0
    while coming or waiting:
        now += ROUND
        while coming and coming[-1][1].since <= now:
            request_id, ride = coming.pop()
            waiting[request_id] = ride
        waiting = {each: ride for each, ride in waiting.items() if ride.window.closes > now}
        for group in match_round(waiting, crowd.pairs_of(waiting, now), now, Policy()):
            matches.append(Match(group.plan, now))
            for each in group.request_ids:
                del waiting[each]
    return matches


def at_once(crowd: Crowd, share: Callable[[int, int], Plan | None]) -> list[Match]:
    """Whoever asks rides with the one who waits longest among those it can share with."""
    matches = []
    waiting: list[int] = []
    for newcomer, ride in crowd.rides.items():
        waiting = [each for each in waiting if crowd.rides[each].window.closes > ride.since]
        for each in waiting:
            plan = share(each, newcomer)
            if plan is not None:
                matches.append(Match(plan, ride.since))
                waiting.remove(each)
                break
        else:
            waiting.append(newcomer)
    return matches


def by_radius(crowd: Crowd) -> list[Match]:
    def share(one: int, other: int) -> Plan | None:
        rides = [crowd.rides[one].ride, crowd.rides[other].ride]
        starts, ends = zip(*((ride.start, ride.destination) for ride in rides), strict=True)
        if max(road_meters(*starts), road_meters(*ends)) > RADIUS_METERS * ROAD_FACTOR:
            return None
        orders = (
            [*pickups, *drops]
            for pickups in two_ways(one, other, "pickup")
            for drops in two_ways(one, other, "drop")
        )
        return min((plan_for(rides, order) for order in orders), key=lambda plan: plan.total_meters)

    return at_once(crowd, share)


def two_ways(one: int, other: int, kind: Literal["pickup", "drop"]) -> list[list[Stop]]:
    stops = [Stop(one, kind), Stop(other, kind)]
    return [stops, stops[::-1]]


def by_age(crowd: Crowd) -> list[Match]:
    def share(one: int, other: int) -> Plan | None:
        pair = crowd.pairs.get((one, other))
        return pair.plan if pair is not None else None

    return at_once(crowd, share)


def optimum(crowd: Crowd) -> list[Match]:
    graph = networkx.Graph()
    graph.add_weighted_edges_from(
        (one, other, pair.saved_meters) for (one, other), pair in crowd.pairs.items()
    )
    chosen = (sorted(pair) for pair in networkx.max_weight_matching(graph))
    return [Match(crowd.pairs[one, other].plan, crowd.rides[other].since) for one, other in chosen]


RULES: dict[str, Callable[[Crowd], list[Match]]] = {
    "rounds": by_rounds,
    "5 km radius": by_radius,
    "oldest first": by_age,
    "optimum of pairs": optimum,
}


def judge(crowd: Crowd, matches: Sequence[Match], best_saving: float) -> Figures:
    """All that is said of a rule is measured from its routes, not taken from it."""
    waits = sorted(
        match.at - crowd.rides[each].since for match in matches for each in match.plan.shared_meters
    )
    kept = [
        all(
            shared <= crowd.rides[each].ride.longest_meters
            for each, shared in match.plan.shared_meters.items()
        )
        for match in matches
    ]
    saved = sum(crowd.saved_by(match.plan) for match in matches)
    return Figures(
        matched=100 * len(waits) / len(crowd.rides),
        saved=100 * saved / sum(each.ride.solo_meters for each in crowd.rides.values()),
        of_optimum=100 * saved / best_saving,
        in_caps=100 * mean(kept),
        mean_wait=mean(waits),
        p90_wait=waits[len(waits) * 9 // 10],
    )


def compare(crowd: Crowd) -> dict[str, Figures]:
    outcomes = {name: rule(crowd) for name, rule in RULES.items()}
    best = sum(crowd.saved_by(match.plan) for match in outcomes["optimum of pairs"])
    return {name: judge(crowd, matches, best) for name, matches in outcomes.items()}


def read_peak(path: Path) -> list[Trip]:
    """The trips of the busiest 90 minutes of the day, whatever the day."""
    with path.open(newline="") as file:
        trips = [
            Trip(
                60 * int(row["hour"]) + int(row["minute"]),
                Point(float(row["pickup_latitude"]), float(row["pickup_longitude"])),
                Point(float(row["dropoff_latitude"]), float(row["dropoff_longitude"])),
            )
            for row in csv.DictReader(file)
        ]
    trips = [trip for trip in trips if trip.start != trip.destination]
    a_minute = Counter(trip.minute for trip in trips)
    begin = max(
        range(24 * 60 - PEAK_MINUTES),
        key=lambda first: sum(a_minute[first + n] for n in range(PEAK_MINUTES)),
    )
    return [
        trip._replace(minute=trip.minute - begin)
        for trip in trips
        if begin <= trip.minute < begin + PEAK_MINUTES
    ]


def samples(peak: Sequence[Trip], size: int, seeds: int) -> Iterator[Crowd]:
    for seed in range(seeds):
        dice = random.Random(seed)
        yield Crowd(dice.sample(peak, size), dice)


def show(figures: Sequence[Figures], timed: bool) -> str:
    cells = []
    for name, values in zip(Figures._fields, zip(*figures, strict=True), strict=True):
        if name.endswith("wait") and not timed:
            cells.append(f"{'-':>20}")
        else:
            cells.append(f"{mean(values):5.1f} ({min(values):.0f}..{max(values):.0f})".rjust(20))
    return "".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trips", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    chosen = parser.parse_args()
    peak = read_peak(chosen.trips)
    titles = ("matched %", "saved %", "of optimum %", "in caps %", "wait, s", "p90 wait, s")
    print(f"{'requests':>8}  {'rule':16}" + "".join(f"{title:>20}" for title in titles))
    for density in DENSITIES:
        size = min(density or len(peak), len(peak))
        compared = [compare(crowd) for crowd in samples(peak, size, chosen.seeds)]
        for name in RULES:
            figures = [each[name] for each in compared]
            print(f"{size:8}  {name:16}{show(figures, name != 'optimum of pairs')}", flush=True)


if __name__ == "__main__":
    main()
