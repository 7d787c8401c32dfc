"""How the list of services and its searches grow with the number of posts.

Open posts of one college by a hundredth as many riders. Titles, tags and descriptions are drawn
from 3,000 words, some of which are in every second post and most in one of a hundred or less. A
tenth of the posts have a filter that the reader does not pass, a tenth are anonymous, a tenth have
a place. Each question is asked through the API, over one connection, with what it looks for drawn
anew each time; beside the same with the fewest posts. A scan of the table would grow as they do.
"""

import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from urllib.parse import urlencode

import asyncpg

from tests.bench.bench import Bench
from tests.bench.campus import Campus
from tests.bench.figures import TIME, Figure
from tests.bench.target import Ask, Target

SAMPLES = 100

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
       posters[1 + n % cardinality(posters)],
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
       date_trunc('hour', now() - interval '300 days' * (1 - n::float8 / $5))
  from generate_series($1::int, $2::int) as n
 cross join (select $3::text[] as words, $4::bigint[] as posters) as drawn
"""
STEP = 50_000


async def fill(campus: Campus, posts: int) -> None:
    posters = [rider["user_id"] for rider in await campus.enrol(max(1, posts // 100))]
    db = await asyncpg.connect(campus.url)
    # An index is built in a tenth of the time in which it grows row by row.
    index = await db.fetchval("select pg_get_indexdef('service_posts_by_words'::regclass)")
    await db.execute("drop index service_posts_by_words")
    for at in range(0, posts, STEP):
        await db.execute(FILL, at + 1, min(at + STEP, posts), WORDS, posters, float(posts))
    await db.execute(
        "insert into service_tags (college_id, name) select 1, unnest($1::text[])", TAGS
    )
    await db.execute("set maintenance_work_mem = '1GB'")
    await db.execute(index)
    for table in ("service_posts", "service_tags", "users", "profiles"):
        await db.execute(f"vacuum analyze {table}")
    await db.close()


def frequent() -> str:
    return dice.choice(WORDS[:10])


def any_word() -> str:
    return dice.choice(WORDS)


def misspelt() -> str:
    word = any_word()
    at = dice.randrange(len(word))
    return word[:at] + word[at + 1 :]


def price_range() -> dict[str, object]:
    low = dice.randrange(9000)
    return {"min_price": low, "max_price": low + 500, "order": "price"}


def a_place() -> dict[str, object]:
    return {
        "near_longitude": 72.5 + dice.random(),
        "near_latitude": 18.8 + dice.random(),
        "within_meters": 1000,
    }


QUESTIONS: Mapping[str, Callable[[], dict[str, object]]] = {
    "newest": dict,
    "newest, skip 1,000": lambda: {"skip": 1000},
    "two tags": lambda: {"tags": dice.sample(TAGS, 2)},
    "a price range, by price": price_range,
    "by deadline": lambda: {"order": "deadline"},
    "within 1 km": a_place,
    "a frequent word": lambda: {"search": frequent()},
    "any word": lambda: {"search": any_word()},
    "a misspelt word": lambda: {"search": misspelt()},
    "the beginning of a word": lambda: {"search": any_word()[:4]},
    "a word that no post has": lambda: {"search": dice.choice(NOWHERE)},
    "two words": lambda: {"search": f"{any_word()} {any_word()}"},
    "a word and a tag": lambda: {"search": any_word(), "tags": [dice.choice(TAGS)]},
    "any word, by relevance": lambda: {"search": any_word(), "order": "relevance"},
    "a frequent word, by relevance": lambda: {"search": frequent(), "order": "relevance"},
}
# What a run asks that has no million posts.
FEW = ("newest", "two tags", "any word", "a frequent word, by relevance")


async def measure(bench: Bench) -> list[Figure]:
    least, *more = bench.size.posts
    names = list(QUESTIONS) if bench.size.large else FEW
    with ExitStack() as stack:
        asked = {}
        for posts in bench.size.posts:
            bench.say(f"services, {posts:,} posts")
            campus = stack.enter_context(bench.empty())
            await fill(campus, posts)
            [reader] = await campus.enrol(1)
            server = stack.enter_context(campus.tripsync())
            for name in names:
                asks = [ask(QUESTIONS[name](), campus.token(reader)) for _ in range(SAMPLES)]
                asked[name, posts] = Target(server, asks)
        return await compare(bench, asked, least, more)


def ask(wishes: dict[str, object], token: str) -> Ask:
    return Ask(f"/api/services?{urlencode(wishes, doseq=True)}", token)


async def compare(
    bench: Bench, asked: Mapping[tuple[str, int], Target], least: int, more: list[int]
) -> list[Figure]:
    figures = {
        (name, posts, quantile): Figure(
            f"services of {posts:,}, {name}, {quantile}",
            f"{least:,} posts",
            TIME,
            **goals(name, quantile),
        )
        for posts in more
        for name in dict.fromkeys(name for name, _ in asked)
        for quantile in ("p50", "p99")
    }
    for target in asked.values():
        # The first executions find out which plan to keep.
        await target.ceiling(bench)
    for _ in bench.rounds("services"):
        for (name, posts), target in asked.items():
            if posts != least:
                beside = await asked[name, least].ceiling(bench, connections=1)
                found = await target.ceiling(bench, connections=1)
                figures[name, posts, "p50"].note(found.p50, beside.p50)
                figures[name, posts, "p99"].note(found.p99, beside.p99)
    return list(figures.values())


def goals(name: str, quantile: str) -> dict[str, float]:
    if name == "newest":
        return {"goal": 2} if quantile == "p50" else {}
    return {"own_goal": 15 if quantile == "p50" else 60}
