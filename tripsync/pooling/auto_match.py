"""Rounds of automatic matching: those who asked for it are given company, as if all had approved.

A round reads who waits, lets `rounds.match_round` decide, and seats the groups. It decides away
from the event loop, because the matching library does not let go of the interpreter; meanwhile
riders go on asking and cancelling, so what was decided is looked at again under locks.
"""

import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tripsync.database import Transaction
from tripsync.pooling import announcements, company
from tripsync.pooling.rounds import Group, Pair, Policy, WaitingRide, match_round
from tripsync.pooling.routes import Window
from tripsync.realtime.events import Event, append_many
from tripsync.timers import Timer

EVERY_SECONDS = 30
BEST_PARTNERS = 30
# Fewer are matched in a few milliseconds; starting a process takes half a second.
WORTH_A_PROCESS = 200


async def run_round(db: Transaction) -> None:
    """One round for every college in which somebody waits."""
    events: list[Event] = []
    for row in await db.requests.list_waiting_colleges():
        events += await match_college(db, row["college_id"])
    await append_many(db, events)


async def match_college(db: Transaction, college_id: int) -> list[Event]:
    waiting = await db.matching.list_waiting_rides(college_id=college_id)
    pairs = await db.matching.list_waiting_pairs(college_id=college_id, partners=BEST_PARTNERS)
    rides = {row["request_id"]: waiting_ride(row) for row in waiting}
    graph = [Pair(row["request_a"], row["request_b"], row["saved_meters"]) for row in pairs]
    groups = await decide(rides, graph)
    return await seat_groups(db, college_id, groups)


def waiting_ride(row: Mapping[str, Any]) -> WaitingRide:
    return WaitingRide(
        ride=company.ride_of(row),
        user_id=row["user_id"],
        window=Window(row["depart_after"].timestamp(), row["depart_before"].timestamp()),
        since=row["created_at"].timestamp(),
        seats=row["seats"],
        seats_offered=row["seats_offered"],
        gender=row["gender"],
        same_gender=row["same_gender"],
        avoids=frozenset(row["avoids"] or ()),
    )


async def decide(rides: Mapping[int, WaitingRide], pairs: Sequence[Pair]) -> list[Group]:
    if not pairs:
        return []
    question = (dict(rides), pairs, time.time(), Policy())
    if len(rides) < WORTH_A_PROCESS:
        return await asyncio.to_thread(match_round, *question)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as process:
        return await asyncio.get_running_loop().run_in_executor(process, match_round, *question)


async def seat_groups(db: Transaction, college_id: int, groups: Sequence[Group]) -> list[Event]:
    """Seat every group whose members still wait; all are held at once, in the order of ids."""
    wanted = [request_id for group in groups for request_id in group.request_ids]
    held = await db.requests.lock_requests(college_id=college_id, request_ids=wanted)
    waiting = {row["request_id"]: row for row in held if row["status"] == "active" and row["lasts"]}
    events: list[Event] = []
    for group in groups:
        if all(request_id in waiting for request_id in group.request_ids):
            members = [waiting[request_id] for request_id in group.request_ids]
            events += await seat(db, college_id, group, members)
    return events


async def seat(
    db: Transaction, college_id: int, group: Group, members: Sequence[company.Row]
) -> list[Event]:
    """One pool, and a connection that holds between any two of its members."""
    pool_id = await company.open_pool_with(db, college_id, group.plan, members)
    contacts = {
        row["id"]: dict(row)
        for row in await db.connections.list_contacts(
            college_id=college_id, user_ids=[row["user_id"] for row in members]
        )
    }
    events = [
        announcements.became_matched(row["user_id"], row["request_id"], pool_id) for row in members
    ]
    for one, other in itertools.combinations(members, 2):
        connection_id = await db.connections.connect_members(
            college_id=college_id,
            from_request=one["request_id"],
            to_request=other["request_id"],
            from_user=one["user_id"],
            to_user=other["user_id"],
        )
        for row, partner in ((one, other), (other, one)):
            shown = {**contacts[partner["user_id"]], "request_id": partner["request_id"]}
            events.append(
                announcements.approved(connection_id, row["user_id"], row["request_id"], shown)
            )
    taken = sum(row["seats"] for row in members)
    hopeless = await db.connections.close_hopeless(
        college_id=college_id,
        request_ids=list(group.request_ids),
        room=company.capacity_of(members) - taken,
    )
    return events + announcements.closed(hopeless)


timers = (Timer("match round", EVERY_SECONDS, run_round),)
