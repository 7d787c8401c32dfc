"""How long a round of automatic matching takes when very many wait.

All of them wait at one moment, each for somewhere between nothing and fourteen minutes of the usual
quarter of an hour: more than a college ever will have. Then as many come anew, and a second round
meets those whom the first left waiting, and its pools. The reference is what this machine takes, in
the same round, to sort a million numbers.

Then five times as many wait in twenty colleges, whose rounds two workers share; beside one of those
rounds of the first kind. Every college has to have had its round.
"""

import asyncio
import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from statistics import median
from time import perf_counter
from typing import NamedTuple

import asyncpg

from tests.bench.bench import Bench
from tests.bench.campus import Campus
from tests.bench.figures import Figure
from tests.bench.trips import COLLEGE, Trip, come, drawn, read
from tripsync.database import Database
from tripsync.jobs.timers import Timers
from tripsync.pooling import auto_match
from tripsync.settings import Settings

SECONDS = "seconds"
COLLEGES, WORKERS = 20, 2
# Each has five times as many as a college of its own would have, shared among them.
MORE = 5
ROUNDS = 3

FOUND = """
insert into colleges (name, place, time_zone)
select 'Zenith ' || nth, point(72.8, 19.1), 'Asia/Kolkata'
  from generate_series(1, $1::int) as nth
returning college_id
"""

all_ready: Barrier


async def measure(bench: Bench) -> list[Figure]:
    waiting = bench.size.waiting
    trips = read(bench.size.trips) if bench.size.trips else drawn(8 * waiting)
    alone = [
        Figure(f"a round of {waiting:,} waiting", "sorting a million numbers", SECONDS),
        Figure("the next one, with as many anew", "sorting a million numbers", SECONDS),
    ]
    shared = Figure(
        f"{MORE * waiting:,} in {COLLEGES} colleges, {WORKERS} workers",
        f"a round of {waiting:,}",
        SECONDS,
        goal=3,
    )
    with bench.empty() as campus:
        database, owner = await campus.database(), await asyncpg.connect(campus.url)
        for number in bench.rounds("rounds", ROUNDS):
            dice = random.Random(number)
            await owner.execute("truncate pooling_requests, pools, events cascade")
            for figure in alone:
                await come(owner, dice.sample(trips, waiting), dice)
                await owner.execute("vacuum analyze pooling_requests")
                figure.note(await play(database), sort_a_million(dice))
        await owner.close()
        await database.close()
    for number in bench.rounds("rounds of many colleges", 1):
        shared.note(await share(bench, trips, random.Random(number)), median(alone[0].ours))
    return [*alone, shared]


async def play(database: Database) -> float:
    """One round."""
    began = perf_counter()
    async with database.transaction() as db:
        await auto_match.run_round(db, COLLEGE)
    return perf_counter() - began


def sort_a_million(dice: random.Random) -> float:
    numbers = [dice.random() for _ in range(1_000_000)]
    began = perf_counter()
    numbers.sort()
    return perf_counter() - began


async def share(bench: Bench, trips: list[Trip], dice: random.Random) -> float:
    """Until the rounds of all colleges are over."""
    with bench.empty() as campus:
        riders = await fill(campus, trips, MORE * bench.size.waiting // COLLEGES, dice)
        spawn = multiprocessing.get_context("spawn")
        ready = spawn.Barrier(WORKERS)
        with ProcessPoolExecutor(
            WORKERS, mp_context=spawn, initializer=remember, initargs=(ready,)
        ) as processes:
            loop = asyncio.get_running_loop()
            shares = await asyncio.gather(
                *(loop.run_in_executor(processes, work, campus.settings) for _ in range(WORKERS))
            )
        taken = [share.colleges for share in shares]
        if sum(taken) != COLLEGES:
            raise SystemExit(f"of {COLLEGES} colleges {taken} had a round, with {riders} riders")
    return max(share.ended for share in shares) - min(share.began for share in shares)


async def fill(campus: Campus, trips: list[Trip], riders: int, dice: random.Random) -> int:
    db = await asyncpg.connect(campus.url)
    for college in await db.fetch(FOUND, COLLEGES):
        await come(db, dice.sample(trips, riders), dice, college["college_id"])
    await db.execute("vacuum analyze")
    await db.close()
    return riders


class Share(NamedTuple):
    """What one worker did, by the clock that all processes share."""

    began: float
    ended: float
    colleges: int


def remember(ready: Barrier) -> None:
    """Keep what cannot be handed over with the work."""
    global all_ready
    all_ready = ready


def work(settings: Settings) -> Share:
    """One worker, which begins when all are ready."""

    async def take() -> Share:
        database = await Database.open(settings)
        all_ready.wait()
        began = perf_counter()
        taken = await Timers(database, []).run(auto_match.timers[0])
        ended = perf_counter()
        await database.close()
        return Share(began, ended, taken)

    return asyncio.run(take())
