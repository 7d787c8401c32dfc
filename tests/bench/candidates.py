"""How the search for matches grows with the number of active requests.

Requests of one college in towns of some 15 km, each leaving within 15 minutes of some moment of the
next 24 hours. The matches of requests drawn from them are looked for, one after the other, on one
connection; beside the same with the smallest number. Ten times as many in the same towns means ten
times as many candidates; ten times as many in ten times as many towns means as many candidates, and
only a larger index.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import asyncpg

from tests.bench import opening
from tests.bench.bench import Bench
from tests.bench.campus import Campus
from tests.bench.figures import TIME, Figure
from tripsync.database.files import SQL
from tripsync.database.queries import load_queries

MATCHING = load_queries(SQL)["matching"]
TOWNS = 60
HOURS = 24
SAMPLES = 200
ROUNDS = 3
SHOWN = 20

FILL = """
with riders as (
    insert into users (college_id, email, full_name, password_hash)
    select 1, 'rider' || gen_random_uuid() || '@bench.example', 'Asha Rao', ''
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
           -- A hundred towns from south to north, then the next column.
           point(east + 0.14 * x1, north + 0.14 * y1) as start,
           point(east + 0.14 * x2, north + 0.14 * y2) as destination
      from drawn
     cross join lateral (
           -- A hundred towns from south to north, then the next column.
           select floor(town / 100) - 170 as east, town::int % 100 - 50 as north
     ) as corner
)
insert into pooling_requests
    (college_id, user_id, start, destination, departure, solo_meters, reach)
select 1, user_id, start, destination, tstzrange(leaves, leaves + interval '15 minutes'),
       road_meters(start, destination), reach_box(start, destination, 25)
  from trips
"""


@dataclass(frozen=True)
class Place:
    """A database with so many active requests in so many towns."""

    active: int
    towns: int
    campus: Campus
    db: asyncpg.Connection

    @property
    def name(self) -> str:
        return f"{self.active:,} in {self.towns:,} towns"


async def fill(db: asyncpg.Connection, active: int, towns: int) -> None:
    await db.execute(FILL, active, towns, HOURS)
    await db.execute("vacuum analyze pooling_requests")
    await db.execute("analyze users")
    await db.execute("analyze profiles")


async def measure(bench: Bench) -> list[Figure]:
    async with AsyncExitStack() as stack:

        async def place(active: int, towns: int) -> Place:
            bench.say(f"candidates, {active:,} requests in {towns:,} towns")
            campus = stack.enter_context(bench.empty())
            db = await asyncpg.connect(campus.url)
            stack.push_async_callback(db.close)
            await fill(db, active, towns)
            return Place(active, towns, campus, db)

        least, *more = bench.size.active
        first = await place(least, TOWNS)
        others = []
        for active in more:
            others += [await place(active, TOWNS), await place(active, TOWNS * active // least)]
        crowded = others[-2]
        return [
            *await compare(bench, first, others),
            *await opening.measure(bench, crowded.campus, crowded.name),
        ]


async def compare(bench: Bench, first: Place, others: list[Place]) -> list[Figure]:
    """Each larger place beside the first."""
    figures = {
        (place.name, quantile): Figure(
            f"matches of one of {place.name}, {quantile}",
            first.name,
            TIME,
            **goals(place, quantile),
        )
        for place in others
        for quantile in ("p50", "p99")
    }
    for place in (first, *others):
        # The first executions find out which plan to keep, and read the index.
        await search(place.db)
    for _ in bench.rounds("candidates", ROUNDS):
        for place in others:
            beside = await search(first.db)
            found = await search(place.db)
            for quantile in ("p50", "p99"):
                figures[place.name, quantile].note(found[quantile], beside[quantile])
    return list(figures.values())


def goals(place: Place, quantile: str) -> dict[str, float]:
    if place.towns > TOWNS:
        return {"goal": 1.5} if quantile == "p50" else {}
    return {"own_goal": 3 if quantile == "p50" else 10}


async def search(db: asyncpg.Connection) -> dict[str, float]:
    """p50 and p99 in milliseconds."""
    drawn = await db.fetch(
        "select request_id from pooling_requests order by random() limit $1", SAMPLES
    )
    return await quantiles(
        [
            partial(
                MATCHING["show_matches"],
                db,
                college_id=1,
                request_id=row["request_id"],
                pairs=None,
                both_sides=False,
                size=SHOWN,
            )
            for row in drawn
        ]
    )


async def quantiles(acts: list[Callable[[], Awaitable[object]]]) -> dict[str, float]:
    seconds = []
    for act in acts:
        began = perf_counter()
        await act()
        seconds.append(perf_counter() - began)
    seconds.sort()
    return {
        name: 1000 * seconds[len(seconds) * percent // 100]
        for name, percent in (("p50", 50), ("p99", 99))
    }
