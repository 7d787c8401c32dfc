"""How the search for matches grows with the number of active requests.

    .venv/bin/python tests/bench/candidates.py
    .venv/bin/python tests/bench/candidates.py --sizes 10000 100000

An embedded PostgreSQL of its own, filled with requests of one college in 60 towns of some 15 km,
each leaving within 15 minutes of some moment of the next 24 hours. The matches of requests drawn
from them are looked for, one after the other, on one connection.

How to read the table:

- **p50, p99**: milliseconds of show_matches, with its answer read. They say
  more about the machine than about the queries.
- **growth**: p50 by that of the size before. This is the figure that travels: the tenfold number
  of requests in the same towns means the tenfold number of candidates, and the query cannot grow
  less than these once they outweigh what it costs anyway. A scan of the table would grow tenfold
  from the beginning.
- **matches**: how many partners there are for a request, on average (at most 20 are read).
- **index**: megabytes of the index that finds the candidates.
"""

import argparse
import asyncio
import shutil
import tempfile
from pathlib import Path
from statistics import mean
from time import perf_counter

import asyncpg

from tripsync.database.embedded import embedded_server
from tripsync.database.files import SQL
from tripsync.database.migrations import migrate
from tripsync.database.queries import load_queries

MATCHING = load_queries(SQL)["matching"]
SIZES = (10_000, 100_000, 1_000_000)
TOWNS = 60
SAMPLES = 300

FILL = """
with riders as (
    insert into users (college_id, email, full_name, password_hash)
    select 1, 'rider' || n || '@' || $4 || '.example', 'Asha Rao', ''
      from generate_series(1, $1::int) as n
    returning user_id
),
drawn as materialized (
    select user_id,
           floor(random() * $2::int)                          as town,
           now() + random() * make_interval(hours => $3::int) as leaves,
           random()                                           as x1,
           random()                                           as y1,
           random()                                           as x2,
           random()                                           as y2
      from riders
),
trips as materialized (
    select user_id,
           leaves,
           point(70 + town / 3 + 0.14 * x1, 19 + 0.14 * y1) as start,
           point(70 + town / 3 + 0.14 * x2, 19 + 0.14 * y2) as destination
      from drawn
)
insert into pooling_requests
    (college_id, user_id, start, destination, departure, solo_meters, reach)
select 1, user_id, start, destination, tstzrange(leaves, leaves + interval '15 minutes'),
       road_meters(start, destination), reach_box(start, destination, 25)
  from trips
"""


async def fill(db: asyncpg.Connection, count: int, towns: int, hours: int, name: str) -> None:
    await db.execute(FILL, count, towns, hours, name)
    await db.execute("vacuum analyze pooling_requests")
    await db.execute("analyze users")
    await db.execute("analyze profiles")


async def measure_search(db: asyncpg.Connection) -> tuple[float, float, float]:
    """p50 and p99 in milliseconds, and how many were found."""
    drawn = await db.fetch(
        "select request_id from pooling_requests order by random() limit $1", SAMPLES
    )
    seconds, found = [], []
    for row in drawn:
        began = perf_counter()
        matches = await MATCHING["show_matches"](
            db,
            college_id=1,
            request_id=row["request_id"],
            pairs=None,
            both_sides=False,
            size=20,
        )
        seconds.append(perf_counter() - began)
        found.append(len(matches))
    seconds.sort()
    return 1000 * seconds[SAMPLES // 2], 1000 * seconds[SAMPLES * 99 // 100], mean(found)


async def compare_sizes(db: asyncpg.Connection, sizes: list[int]) -> None:
    print(
        f"{'requests':>10}{'p50, ms':>10}{'p99, ms':>10}{'growth':>10}{'matches':>10}{'index':>10}"
    )
    there, before = 0, None
    for size in sizes:
        await fill(db, size - there, TOWNS, 24, f"crowd{size}")
        there = size
        # The first executions find out which plan to keep, and read the index.
        await measure_search(db)
        p50, p99, found = await measure_search(db)
        megabytes = await db.fetchval("select pg_relation_size('pooling_requests_waiting') / 1e6")
        growth = f"{p50 / before:.1f}" if before else "-"
        print(
            f"{size:>10}{p50:>10.2f}{p99:>10.2f}{growth:>10}{found:>10.1f}{megabytes:>10.0f}",
            flush=True,
        )
        before = p50


async def compare(url: str, sizes: list[int]) -> None:
    db = await asyncpg.connect(url)
    await compare_sizes(db, sizes)
    await db.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tripsync-bench-"))
    try:
        with embedded_server(folder) as url:
            migrate(url)
            asyncio.run(compare(url, sorted(chosen.sizes)))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
