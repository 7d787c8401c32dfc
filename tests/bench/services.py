"""How the list of services and its searches grow with the number of posts.

    .venv/bin/python tests/bench/services.py
    .venv/bin/python tests/bench/services.py --sizes 10000 100000

An embedded PostgreSQL of its own, filled with open posts of one college by a hundredth as many
riders. Titles, tags and descriptions are drawn from 3,000 words, some of which are in every second
post and most in one of a hundred or less. A tenth of the posts have a filter that the reader does
not pass, a tenth are anonymous, a tenth have a place. Each query is asked through the file that the
server reads, on one connection, with what it looks for drawn anew each time.

How to read the table:

- **p50, p99**: milliseconds of one page of twenty, posters and tags included, with its answer
  read. They say more about the machine than about the query.
- **growth**: p50 by that of the size before. This is the figure that travels: a scan of the table
  would grow as the posts do.
- **found**: how many posts, or tags, were read on average.
"""

import argparse
import asyncio
import random
import shutil
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any

import asyncpg

from tripsync.database.embedded import embedded_server
from tripsync.database.files import SQL
from tripsync.database.migrations import migrate
from tripsync.database.queries import load_queries
from tripsync.services.api_browsing import (
    MOST_COUNTED,
    MOST_RANKED,
    MOST_TAGS,
    SCARCE,
    SCARCE_TO_RANK,
)

QUERIES = load_queries(SQL)["service_search"]
SIZES = (10_000, 1_000_000)
SAMPLES = 100
PAGE = 20
READER = 1

dice = random.Random(7)
SYLLABLES = [each + vowel for each in "bdfgklmnprstvz" for vowel in "aeiou"]
# Long enough to be misspelt; the first of them are the frequent ones.
WORDS = list(dict.fromkeys("".join(dice.choices(SYLLABLES, k=3)) for _ in range(3_200)))[:3_000]
TAGS = WORDS[:200]
NOWHERE = ["quixwhy", "chequers", "hwyxq", "jackquax"]

# Words are drawn by the cube of chance: the first of 3,000 every fourteenth time.
FILL = """
insert into service_posts (
    college_id, user_id, kind, title, description, team_size, compensation_type, price,
    requires_resume, requires_cover_letter, is_anonymous, college_only, tags, requirements, filters,
    location, deadline, created_at
)
select 1,
       1 + n % greatest($1::int / 100, 1),
       case when random() < 0.5 then 'offer' else 'request' end,
       array_to_string(
           array(select words[1 + floor(3000 * power(random(), 3))::int]
                   from generate_series(1, 4) where n > 0), ' '),
       array_to_string(
           array(select words[1 + floor(3000 * power(random(), 3))::int]
                   from generate_series(1, 25) where n > 0), ' '),
       1,
       'fixed_price',
       floor(random() * 10000),
       false,
       false,
       n % 10 = 3,
       false,
       tag_keys(array(select words[1 + floor(200 * power(random(), 2))::int]
                        from generate_series(1, 3) where n > 0)),
       '[]',
       case when n % 10 = 5 then '[{"type": "major", "value": "Physics"}]'::jsonb else '[]' end,
       case when n % 10 = 7 then point(72.5 + random(), 18.8 + random()) end,
       case when n % 2 = 0 then now() + random() * interval '300 days' end,
       date_trunc('hour', now() - interval '300 days' * (1 - n / 1e6))
  from generate_series($2::int + 1, $1::int) as n
 cross join (select $3::text[] as words) as drawn
"""


async def fill(db: asyncpg.Connection, size: int, there: int) -> None:
    await db.execute(
        "insert into users (college_id, email, full_name, password_hash) "
        "select 1, 'rider' || n || '@bench.example', 'Asha Rao', '' "
        "from generate_series($1::int + 1, $2::int) as n",
        await db.fetchval("select count(*) from users"),
        max(size // 100, 1),
    )
    # An index is built in a tenth of the time in which it grows row by row.
    index = await db.fetchval("select pg_get_indexdef('service_posts_by_words'::regclass)")
    await db.execute("drop index service_posts_by_words")
    step = 50_000
    for at in range(there, size, step):
        await db.execute(FILL, min(at + step, size), at, WORDS)
    await db.execute(
        "insert into service_tags (college_id, name) "
        "select 1, unnest($1::text[]) on conflict do nothing",
        TAGS,
    )
    await db.execute("set maintenance_work_mem = '1GB'")
    await db.execute(index)
    for table in ("service_posts", "service_tags", "users", "profiles"):
        await db.execute(f"vacuum analyze {table}")


def frequent() -> str:
    return dice.choice(WORDS[:10])


def any_word() -> str:
    return dice.choice(WORDS)


def misspelt() -> str:
    word = any_word()
    at = dice.randrange(len(word))
    return word[:at] + word[at + 1 :]


def price_range() -> dict[str, Any]:
    low = dice.randrange(9000)
    return {"price_from": Decimal(low), "price_to": Decimal(low + 500), "sorted_by": "price"}


def a_place() -> dict[str, Any]:
    place = {"longitude": 72.5 + dice.random(), "latitude": 18.8 + dice.random()}
    return {**place, "meters": 1000.0}


LISTS: dict[str, Callable[[], dict[str, Any]]] = {
    "newest": dict,
    "newest, skip 1,000": lambda: {"skip": 1000},
    "newest, without an account": lambda: {"college_id": None, "reader_id": None},
    "two tags": lambda: {"tags": dice.sample(TAGS, 2)},
    "a price range, by price": price_range,
    "by deadline": lambda: {"sorted_by": "deadline"},
    "within 1 km": a_place,
    "a frequent word": lambda: {"search": frequent()},
    "any word": lambda: {"search": any_word()},
    "a misspelt word": lambda: {"search": misspelt()},
    "the beginning of a word": lambda: {"search": any_word()[:4]},
    "a word that no post has": lambda: {"search": dice.choice(NOWHERE)},
    "two words": lambda: {"search": f"{any_word()} {any_word()}"},
    "a word and a tag": lambda: {"search": any_word(), "tags": [dice.choice(TAGS)]},
    "any word, by relevance": lambda: {"search": any_word(), "sorted_by": "relevance"},
    "a frequent word, by relevance": lambda: {"search": frequent(), "sorted_by": "relevance"},
}
COUNTS: dict[str, Callable[[], dict[str, Any]]] = {
    "tags of all": dict,
    "tags of what a word finds": lambda: {"search": any_word()},
}


async def ask(db: asyncpg.Connection, name: str, wishes: dict[str, Any]) -> int:
    query = QUERIES[name]
    usual = {
        "college_id": 1,
        "reader_id": READER,
        "status": "open",
        "sorted_by": "newest",
        "skip": 0,
        "size": PAGE if name == "list_posts" else MOST_TAGS,
    }
    values = dict.fromkeys(query.parameters) | usual | wishes
    if name == "list_posts":
        by_relevance = values["sorted_by"] == "relevance"
        values["reach"] = MOST_RANKED if by_relevance else values["skip"] + PAGE
        values["scarce"] = SCARCE_TO_RANK if by_relevance else SCARCE
    else:
        values["reach"] = MOST_COUNTED
    return len(await query(db, **{each: values[each] for each in query.parameters}))


async def measure(
    db: asyncpg.Connection, name: str, draw: Callable[[], dict[str, Any]]
) -> tuple[float, float, float]:
    """p50 and p99 in milliseconds, and how much was found."""
    seconds, found = [], []
    for _ in range(SAMPLES):
        wishes = draw()
        began = perf_counter()
        found.append(await ask(db, name, wishes))
        seconds.append(perf_counter() - began)
    seconds.sort()
    return 1000 * seconds[SAMPLES // 2], 1000 * seconds[SAMPLES * 99 // 100], mean(found)


async def compare(url: str, sizes: list[int]) -> None:
    db = await asyncpg.connect(url)
    await db.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=str)
    before: dict[str, float] = {}
    there = 0
    for size in sizes:
        began = perf_counter()
        await fill(db, size, there)
        there = size
        megabytes = await db.fetchrow(
            "select pg_table_size('service_posts') / 1e6, "
            "pg_relation_size('service_posts_by_words') / 1e6"
        )
        print(
            f"\n{size:,} posts, filled in {perf_counter() - began:.0f} s: "
            f"table {megabytes[0]:.0f} MB, index of words {megabytes[1]:.0f} MB\n"
            f"{'':32}{'p50, ms':>10}{'p99, ms':>10}{'growth':>10}{'found':>10}",
            flush=True,
        )
        for name, draws in (("list_posts", LISTS), ("count_tags", COUNTS)):
            for label, draw in draws.items():
                # The first executions read what is not in memory yet.
                await measure(db, name, draw)
                p50, p99, found = await measure(db, name, draw)
                growth = f"{p50 / before[label]:.1f}" if label in before else "-"
                print(f"{label:32}{p50:>10.2f}{p99:>10.2f}{growth:>10}{found:>10.1f}", flush=True)
                before[label] = p50
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
