"""How long the rounds of many colleges take, shared by workers.

    .venv/bin/python tests/bench/colleges.py
    .venv/bin/python tests/bench/colleges.py --colleges 300 --riders 20 --workers 2

In every college so many riders wait, along one road, all to be matched in this round. The workers
are processes as `tripsync worker` starts them, each with a pool of its own, on an embedded
PostgreSQL; they begin at the same moment and end when no college is left that is due. Each college
has to have had one round, and nobody may be left waiting.

It prints how long that took, against the period in which it has to be done, and how many rounds
each worker had.
"""

import argparse
import asyncio
import multiprocessing
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter

import asyncpg

from tripsync.database import Database
from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import migrate
from tripsync.jobs.timers import Timers
from tripsync.pooling.auto_match import EVERY_SECONDS, timers
from tripsync.settings import Settings

COME = """
with founded as (
    insert into colleges (name, place, time_zone)
    select 'Zenith ' || nth, point(72.8, 19.1), 'Asia/Kolkata'
      from generate_series(1, $1) as nth
    returning college_id
),
riders as (
    insert into users (college_id, email, full_name, password_hash)
    select college_id, gen_random_uuid() || '@djsce.example', 'Asha Rao', ''
      from founded
     cross join generate_series(1, $2)
    returning college_id, user_id
),
trips as (
    select college_id, user_id,
           point(72.8464, 19.1197 - 0.02 * random()) as start,
           point(72.8561, 19.0222 + 0.02 * random()) as destination
      from riders
)
insert into pooling_requests
    (college_id, user_id, start, destination, departure, solo_meters, reach, auto_match)
select college_id, user_id, start, destination, tstzrange(now(), now() + interval '10 minutes'),
       road_meters(start, destination), reach_box(start, destination, 25), true
  from trips
"""


def work(settings: Settings, begins_at: float) -> int:
    """One worker; how many colleges it took."""

    async def take() -> int:
        database = await Database.open(settings)
        await asyncio.sleep(begins_at - perf_counter())
        taken: int = await Timers(database, []).run(timers[0])
        await database.close()
        return taken

    return asyncio.run(take())


def measure(settings: Settings, workers: int) -> tuple[float, list[int]]:
    """How long it took until all rounds were over, and each worker's share."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as processes:
        # Until each has started and is connected.
        begins_at = perf_counter() + 5
        shares = [processes.submit(work, settings, begins_at) for _ in range(workers)]
        taken = [share.result() for share in shares]
        return perf_counter() - begins_at, taken


async def fill(url: str, colleges: int, riders: int) -> None:
    owner = await asyncpg.connect(url)
    await owner.execute(COME, colleges, riders)
    await owner.execute("analyze")
    await owner.close()


async def rounds_in(url: str) -> tuple[int, int]:
    """In how many colleges there was a round, and how many riders it gave company."""
    owner = await asyncpg.connect(url)
    row = await owner.fetchrow(
        "select (select count(*) from timer_turns where name like 'match round %' "
        "           and taken_at > '-infinity'),"
        "       (select count(*) from pooling_requests where status = 'matched')"
    )
    await owner.close()
    return row[0], row[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--colleges", type=int, default=300)
    parser.add_argument("--riders", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tripsync-bench-"))
    try:
        with embedded_server(folder) as url:
            migrate(url)
            asyncio.run(fill(url, chosen.colleges, chosen.riders))
            seconds, shares = measure(Settings(database_url=url, data_dir=folder), chosen.workers)
            colleges, matched = asyncio.run(rounds_in(url))
    finally:
        shutil.rmtree(folder)
    assert colleges == sum(shares) == chosen.colleges, (colleges, shares)
    print(
        f"{colleges} colleges, {matched} of {chosen.colleges * chosen.riders} riders matched: "
        f"{seconds:.1f} s of {EVERY_SECONDS} s; rounds of each worker: {shares}"
    )


if __name__ == "__main__":
    main()
