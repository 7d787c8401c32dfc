"""How long a round of automatic matching takes when very many wait.

    .venv/bin/python tests/bench/rounds.py TRIPS.csv
    .venv/bin/python tests/bench/rounds.py TRIPS.csv --waiting 500 --samples 20

The trace is the one of tests/bench/matching.py. Of its trips so many are drawn, and all of them
wait at one moment, each for somewhere between nothing and fourteen minutes of the usual quarter of
an hour: more than a college ever will have. The round is the real one, on an embedded PostgreSQL of
its own, with the limit on statements that servers have. Then as many come anew, and a second round
meets those whom the first left waiting, and its pools.

How to read the table, whose figures are seconds: the median of the samples and, in brackets, their
range. Each sample draws other trips.

- **query**: who waits, the pools with room, and the good pairs among all; meanwhile a process for
  the next step starts.
- **choosing**: the groups to form, away from the event loop.
- **seating**: pools, connections and events of all groups, until they stand.
- **total**: all of it. The event loop is free but for a part of the seating.
- **by the reference**: the total by the time that this machine takes, in the same run, to sort a
  million numbers. This is the figure that travels.
"""

import argparse
import asyncio
import csv
import random
import shutil
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import asyncpg

from tripsync.database import Database
from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import migrate
from tripsync.matching.rounds import Group
from tripsync.pooling import auto_match
from tripsync.settings import Settings

COLLEGE = 1
COLUMNS = ("query", "choosing", "seating", "total", "by the reference")

COME = """
with riders as (
    insert into users (college_id, email, full_name, password_hash)
    select $1, gen_random_uuid() || '@djsce.example', 'Asha Rao', ''
      from generate_series(1, cardinality($2::float8[]))
    returning user_id
),
numbered as (
    select user_id,
           row_number() over () as nth
      from riders
),
trips as (
    select point(x1, y1) as start,
           point(x2, y2) as destination,
           now() - make_interval(secs => waited) as since,
           nth
      from unnest($2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::float8[])
           with ordinality as drawn (x1, y1, x2, y2, waited, nth)
)
insert into pooling_requests
    (college_id, user_id, start, destination, departure, created_at, solo_meters, reach, auto_match)
select $1, user_id, start, destination, tstzrange(since, since + interval '15 minutes'), since,
       road_meters(start, destination), reach_box(start, destination, 25), true
  from numbered
  join trips using (nth)
"""

Trip = tuple[float, float, float, float]


def read_trips(path: Path) -> list[Trip]:
    """From where to where, as longitude and latitude."""
    with path.open(newline="") as file:
        trips = [
            (
                float(row["pickup_longitude"]),
                float(row["pickup_latitude"]),
                float(row["dropoff_longitude"]),
                float(row["dropoff_latitude"]),
            )
            for row in csv.DictReader(file)
        ]
    return [trip for trip in trips if trip[:2] != trip[2:]]


async def play(database: Database) -> list[float]:
    """One round, and how long each of its parts took."""
    clock = [perf_counter()]
    decide = auto_match.decide

    async def timed(*question: Any) -> list[Group]:
        clock.append(perf_counter())
        groups = await decide(*question)
        clock.append(perf_counter())
        return groups

    auto_match.decide = timed
    try:
        async with database.transaction() as db:
            await auto_match.run_round(db, COLLEGE)
    finally:
        auto_match.decide = decide
    clock.append(perf_counter())
    return [*(end - begin for begin, end in pairwise(clock)), clock[-1] - clock[0]]


async def come(owner: asyncpg.Connection, trips: list[Trip], dice: random.Random) -> None:
    waited = [dice.uniform(0, 14 * 60) for _ in trips]
    await owner.execute(COME, COLLEGE, *map(list, zip(*trips, strict=True)), waited)


def sort_a_million(dice: random.Random) -> float:
    numbers = [dice.random() for _ in range(1_000_000)]
    began = perf_counter()
    numbers.sort()
    return perf_counter() - began


async def compare(
    database: Database,
    owner: asyncpg.Connection,
    trips: list[Trip],
    waiting: int,
    samples: int,
) -> dict[str, list[list[float]]]:
    """For each of the two rounds, a line of each sample."""
    lines: dict[str, list[list[float]]] = {"first": [], "second": []}
    for seed in range(samples):
        dice = random.Random(seed)
        await owner.execute("truncate pooling_requests, pools, events cascade")
        for sample in lines.values():
            await come(owner, dice.sample(trips, waiting), dice)
            await owner.execute("vacuum analyze pooling_requests")
            *parts, total = await play(database)
            sample.append([*parts, total, total / sort_a_million(dice)])
    return lines


async def measure(url: str, folder: Path, trips: list[Trip], waiting: int, samples: int) -> None:
    database = await Database.open(Settings(database_url=url, data_dir=folder))
    # Riders come, and go, by what servers may not do.
    owner = await asyncpg.connect(url)
    lines = await compare(database, owner, trips, waiting, samples)
    await owner.close()
    await database.close()
    print(f"{'round':8}" + "".join(f"{title:>21}" for title in COLUMNS))
    for name, sample in lines.items():
        columns = zip(*sample, strict=True)
        print(f"{name:8}" + "".join(show(column) for column in columns))


def show(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f}..{max(values):.2f})".rjust(21)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trips", type=Path)
    parser.add_argument("--waiting", type=int, default=2000)
    parser.add_argument("--samples", type=int, default=10)
    chosen = parser.parse_args()
    trips = read_trips(chosen.trips)
    folder = Path(tempfile.mkdtemp(prefix="tripsync-bench-"))
    try:
        with embedded_server(folder) as url:
            migrate(url)
            asyncio.run(measure(url, folder, trips, chosen.waiting, chosen.samples))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
