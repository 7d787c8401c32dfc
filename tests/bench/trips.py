"""Where riders of a large town want to go: drawn, or read from a trace of real trips.

A trace is a CSV with a line a trip, of which pickup_latitude, pickup_longitude, dropoff_latitude
and dropoff_longitude are read.
"""

import csv
import random
from collections.abc import Sequence
from pathlib import Path

import asyncpg

COLLEGE = 1
HUBS = 60
# In degrees: how far hubs lie from the middle, and homes from their hub.
TOWN, NEIGHBOURHOOD = 0.013, 0.006
MIDDLE = (72.84, 19.11)

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

# From where to where, as longitude and latitude.
Trip = tuple[float, float, float, float]


def drawn(number: int) -> list[Trip]:
    """Between popular places of a town, each time the same ones."""
    dice = random.Random(7)
    hubs = [tuple(dice.gauss(each, TOWN) for each in MIDDLE) for _ in range(HUBS)]

    def somewhere() -> tuple[float, float]:
        # The first hub is the most popular one.
        longitude, latitude = hubs[int(HUBS * dice.random() ** 2)]
        return dice.gauss(longitude, NEIGHBOURHOOD), dice.gauss(latitude, NEIGHBOURHOOD)

    return [(*somewhere(), *somewhere()) for _ in range(number)]


def read(path: Path) -> list[Trip]:
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


async def come(
    db: asyncpg.Connection, trips: Sequence[Trip], dice: random.Random, college: int = COLLEGE
) -> None:
    """All of them wait now, for somewhere between nothing and 14 of their 15 minutes."""
    waited = [dice.uniform(0, 14 * 60) for _ in trips]
    await db.execute(COME, college, *map(list, zip(*trips, strict=True)), waited)
