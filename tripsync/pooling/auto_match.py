"""Rounds of automatic matching seat those who asked for it, as if all had approved.

A round is that of one college, in a transaction of its own, so that colleges neither wait for each
other nor fail together. It reads who waits and which pools have room, lets `rounds.match_round`
decide, and seats the groups. It decides in another process, because the matching library does not
let go of the interpreter; meanwhile riders go on asking and cancelling, so what was decided is
looked at again under locks: all pools first, then all requests, each in the order of ids.
"""

import asyncio
import multiprocessing
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from operator import itemgetter
from typing import NamedTuple

from tripsync.database import Bound, Transaction
from tripsync.database.rows import RoundsListPairs, RoundsListRides
from tripsync.http.fields import Person
from tripsync.jobs.timers import CollegeTimer
from tripsync.matching.plans import Stop
from tripsync.matching.rounds import Group, OpenPool, Policy, WaitingRide, match_round
from tripsync.metrics import counter
from tripsync.pooling import membership
from tripsync.pooling.distances import ride_of, window_of
from tripsync.pooling.events import (
    ConnectionApproved,
    PoolJoined,
    became_matched,
    connections_withdrawn,
)
from tripsync.pooling.schemas import Partner
from tripsync.pooling.states import Act
from tripsync.realtime.events import Addressed, append_many
from tripsync.routing.roads import ESTIMATE

MATCHED = counter("tripsync_matched_riders", "Riders to whom a round gave company")

EVERY_SECONDS = 30
# Of each ride. More make a round slower and hardly better: tests/bench/matching.py tells.
BEST_PARTNERS = 12
# What a round looks at; the others have the next one. Its cost grows with the square of it.
MOST_WAITING = 2000
MOST_POOLS = 100
# Fewer are matched in a few milliseconds; starting a process takes half a second.
WORTH_A_PROCESS = 200
EVENTS_AT_ONCE = 1000


class Boarding(NamedTuple):
    """A group under locks: its pool, all who ride in it, and how many of them did before."""

    pool_id: int
    capacity: int
    group: Group
    members: Sequence[membership.Member]
    seated: int

    @property
    def newcomers(self) -> Sequence[membership.Member]:
        return self.members[self.seated :]

    @property
    def room(self) -> int:
        taken: int = sum(row["seats"] for row in self.members)
        return self.capacity - taken


async def list_waiting(db: Bound) -> list[int]:
    """The colleges in which somebody waits for a round."""
    return [row["college_id"] for row in await db.requests.list_waiting_colleges()]


async def run_round(db: Transaction, college_id: int) -> None:
    """One round for a college."""
    events = await match_college(db, college_id)
    # Riders are told in the order of their ids, as everywhere, however many there are.
    events.sort(key=itemgetter(0))
    for first in range(0, len(events), EVENTS_AT_ONCE):
        await append_many(db, events[first : first + EVENTS_AT_ONCE])


async def match_college(db: Transaction, college_id: int) -> list[Addressed]:
    rows = await db.rounds.list_rides(
        college_id=college_id,
        unverified_ride=db.unverified_may_ride,
        most_waiting=MOST_WAITING,
        most_pools=MOST_POOLS,
    )
    with round_executor(len(rows)) as executor:
        # A round for nobody: a process has started by the time the pairs are known.
        warm = executor.submit(match_round, {}, [], 0.0, Policy())
        pairs = await db.rounds.list_pairs(
            college_id=college_id,
            request_ids=[row["request_id"] for row in rows],
            partners=BEST_PARTNERS,
        )
        await asyncio.wrap_future(warm)
        groups = await decide(executor, rows, pairs)
    return await seat_groups(db, college_id, groups)


@contextmanager
def round_executor(rides: int) -> Iterator[Executor]:
    if rides < WORTH_A_PROCESS:
        executor: Executor = ThreadPoolExecutor(1, thread_name_prefix="round")
    else:
        spawn = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(1, mp_context=spawn)
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


async def decide(
    executor: Executor, rows: Sequence[RoundsListRides], pairs: Sequence[RoundsListPairs]
) -> list[Group]:
    if not pairs:
        return []
    rides = {row["request_id"]: waiting_ride(row) for row in rows}
    # Not as pairs: plain tuples reach another process in a fraction of the time.
    graph = [(row["one"], row["other"], row["saved_meters"]) for row in pairs]
    question = (rides, graph, time.time(), Policy(), open_pools(rows))
    return await asyncio.get_running_loop().run_in_executor(executor, match_round, *question)


def waiting_ride(row: RoundsListRides) -> WaitingRide:
    return WaitingRide(
        ride=ride_of(row),
        user_id=row["user_id"],
        window=window_of(row),
        since=row["created_at"].timestamp(),
        seats=row["seats"],
        seats_offered=row["seats_offered"],
        gender=row["gender"],
        same_gender=row["same_gender"],
        avoids=frozenset(row["avoids"]),
    )


def open_pools(rows: Sequence[RoundsListRides]) -> list[OpenPool]:
    """The pools that some of these ride in, with their routes."""
    routes: dict[int, dict[int, Stop]] = defaultdict(dict)
    for row in rows:
        if row["pool_id"] is not None:
            route = routes[row["pool_id"]]
            route[row["pickup_position"]] = Stop(row["request_id"], "pickup")
            route[row["drop_position"]] = Stop(row["request_id"], "drop")
    return [
        OpenPool(pool_id, tuple(route[position] for position in sorted(route)))
        for pool_id, route in routes.items()
    ]


async def seat_groups(db: Transaction, college_id: int, groups: Sequence[Group]) -> list[Addressed]:
    """Seat every group for which all is still as the round saw it."""
    boardings = await hold(db, college_id, groups)
    if not boardings:
        return []
    newcomers = [row for each in boardings for row in each.newcomers]
    await membership.write_plans(
        db,
        college_id,
        [membership.PlannedPool(each.pool_id, each.group.plan, each.members) for each in boardings],
        ESTIMATE,
    )
    await membership.move_all(db, college_id, newcomers, Act.MATCH)
    await membership.mail_matched(db, college_id, newcomers)
    db.after_commit(MATCHED.inc, len(newcomers))
    events = [
        became_matched(row["user_id"], row["request_id"], each.pool_id)
        for each in boardings
        for row in each.newcomers
    ]
    events += await connect_members(db, college_id, boardings)
    hopeless = await db.connections.close_hopeless(
        college_id=college_id,
        request_ids=[row["request_id"] for each in boardings for row in each.members],
        rooms=[each.room for each in boardings for _ in each.members],
    )
    return events + connections_withdrawn(hopeless)


async def hold(db: Transaction, college_id: int, groups: Sequence[Group]) -> list[Boarding]:
    """The groups whose pools take no other riders meanwhile and whose newcomers still wait."""
    joined = sorted(group.pool_id for group in groups if group.pool_id is not None)
    pools = {
        row["pool_id"]: row
        for row in await db.pools.lock_pools(college_id=college_id, pool_ids=joined)
    }
    riding = {
        pool_id: await db.pools.list_members(college_id=college_id, pool_id=pool_id)
        for pool_id in pools
    }
    held = await db.requests.lock_requests(
        college_id=college_id, request_ids=[each for group in groups for each in group.request_ids]
    )
    waiting = {row["request_id"]: row for row in held if row["status"] == "active" and row["lasts"]}
    boardings, fresh = [], []
    for group in groups:
        if not waiting.keys() >= set(group.request_ids):
            continue
        newcomers = [waiting[request_id] for request_id in group.request_ids]
        if group.pool_id is None:
            fresh.append((group, newcomers))
            continue
        pool, members = pools[group.pool_id], riding[group.pool_id]
        everybody = {*group.request_ids, *(row["request_id"] for row in members)}
        if pool["status"] == "open" and everybody == group.plan.shared_meters.keys():
            boardings.append(
                Boarding(
                    group.pool_id, pool["capacity"], group, [*members, *newcomers], len(members)
                )
            )
    capacities = [membership.capacity_of(newcomers) for _, newcomers in fresh]
    opened = await db.rounds.open_pools(college_id=college_id, capacities=capacities)
    boardings += [
        Boarding(row["pool_id"], capacity, group, newcomers, 0)
        for row, capacity, (group, newcomers) in zip(opened, capacities, fresh, strict=True)
    ]
    return boardings


async def connect_members(
    db: Transaction, college_id: int, boardings: Sequence[Boarding]
) -> list[Addressed]:
    """Create an approved connection between any two of a pool who did not share it before."""
    met = [
        (one, other)
        for each in boardings
        for n, other in enumerate(each.members)
        for one in each.members[:n]
        if n >= each.seated
    ]
    connected = await db.connections.connect_members(
        college_id=college_id,
        from_requests=[one["request_id"] for one, _ in met],
        to_requests=[other["request_id"] for _, other in met],
        from_users=[one["user_id"] for one, _ in met],
        to_users=[other["user_id"] for _, other in met],
    )
    connections = {
        frozenset((row["from_request"], row["to_request"])): row["connection_id"]
        for row in connected
    }
    contacts = {
        row["id"]: row
        for row in await db.connections.list_contacts(
            college_id=college_id,
            user_ids=[row["user_id"] for each in boardings for row in each.members],
        )
    }
    events: list[Addressed] = []
    for one, other in met:
        connection_id = connections[frozenset((one["request_id"], other["request_id"]))]
        for row, partner in ((one, other), (other, one)):
            shown = Partner(**contacts[partner["user_id"]], request_id=partner["request_id"])
            approved = ConnectionApproved(connection_id, row["request_id"], shown)
            events.append((row["user_id"], approved))
    for each in boardings:
        before = [row["user_id"] for row in each.members[: each.seated]]
        for row in each.newcomers:
            newcomer = Person(row["user_id"], contacts[row["user_id"]]["full_name"])
            joined = PoolJoined(each.pool_id, newcomer)
            events += [(user_id, joined) for user_id in before]
    return events


timers = (CollegeTimer("match round", EVERY_SECONDS, run_round, list_waiting),)
