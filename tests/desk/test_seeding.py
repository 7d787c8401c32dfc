"""`tripsync seed`: riders that look like riders, and rows that could have been written by them."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest

from tests.asyncapi import check_events
from tests.conftest import Server, StartServer
from tests.databases import fresh_database
from tests.desk.conftest import RIDERS, Seeded
from tests.people import Rider
from tests.processes import tripsync
from tripsync.database.files import SEEDED_EMAIL, SEEDED_PASSWORD
from tripsync.database.migrations import migrate
from tripsync.desk.relations import row_counts
from tripsync.desk.seeding import FEWEST, seed
from tripsync.desk.whole_reads import grows


@pytest.fixture
async def riders(seeded: Seeded) -> AsyncIterator[asyncpg.Connection]:
    """The seeded database."""
    connection = await asyncpg.connect(seeded.url)
    yield connection
    await connection.close()


@pytest.fixture
async def campus_server(seeded: Seeded, start_server: StartServer) -> Server:
    """A server on it that leaves everything as it is: no timer, no job."""
    return await start_server(database_url=seeded.url, jobs="off")


async def signed_in(server: Server, email: str) -> Rider:
    client = server.client()
    rider = Rider(client, 0, email, "", 0, SEEDED_PASSWORD)
    return await rider.sign_in()


async def asked(rider: Rider, path: str) -> Any:
    answer = await rider.call("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_table_that_grows_has_rows(seeded: Seeded) -> None:
    with psycopg.connect(seeded.url) as connection:
        counts = row_counts(connection)
    empty = [table for table, rows in counts.items() if grows(table) and not rows]
    assert not empty, (
        f"`tripsync seed` makes no rows of {', '.join(empty)}: add them to the file of "
        "sql/seed/ that is about such things; or, if a table never grows, say why in "
        "tripsync/desk/whole_reads.py"
    )
    assert counts["users"] == RIDERS


def test_what_was_made_is_told(seeded: Seeded) -> None:
    assert f"{RIDERS:>12,}  users\n" in seeded.said
    assert SEEDED_EMAIL.format(RIDERS) in seeded.said
    assert SEEDED_PASSWORD in seeded.said


# Each finds rows that the application would not have written.
NEVER = {
    "an event is missing in a rider's sequence": """
        select from event_heads heads join events using (user_id)
         group by user_id, last_seq
        having last_seq <> max(seq) or count(*) <> max(seq) - min(seq) + 1
    """,
    "a rider's events are out of order": """
        select from events one join events next using (user_id)
         where next.seq = one.seq + 1 and next.created_at < one.created_at
    """,
    "an event lies in the slot of another day": """
        select from events
         where day_slot <> floor(extract(epoch from created_at) / 86400)::bigint % 9
    """,
    "a device is ahead of its rider's events": """
        select from sessions join event_heads using (user_id) where acknowledged_seq > last_seq
    """,
    "messages of a conversation are not numbered one by one": """
        select from conversations c
         where last_seq <> (select count(*) from messages where conversation_id = c.conversation_id)
            or last_message_id is distinct from (
                   select message_id from messages
                    where conversation_id = c.conversation_id and seq = c.last_seq)
    """,
    "messages are older than those before them": """
        select from messages one join messages next using (conversation_id)
         where next.seq = one.seq + 1
           and (next.created_at < one.created_at or next.message_id < one.message_id)
    """,
    "own messages are counted as unread": """
        select from participants p
         where own_since_read <> (
                   select count(*) from messages
                    where conversation_id = p.conversation_id
                      and user_id = p.user_id and seq > read_seq)
    """,
    "somebody wrote in a pool without riding in it": """
        select from messages join conversations c using (conversation_id)
         where pool_id is not null
           and not exists (select from pool_members m
                            where m.pool_id = c.pool_id and m.user_id = messages.user_id)
    """,
    "seats are counted wrong": """
        select from pools
         where seats_taken <> (select coalesce(sum(seats), 0) from pool_members
                                where pool_id = pools.pool_id and left_at is null)
    """,
    "a pool that lives has fewer than two members": """
        select from pools left join pool_members member
            on member.pool_id = pools.pool_id and left_at is null
         where status <> 'cancelled'
         group by pools.pool_id having count(member) < 2
    """,
    "a request and its pool disagree": """
        select from pool_members member
          join pools using (pool_id) join pooling_requests request using (request_id)
         where case pools.status when 'completed' then request.status <> 'completed'
                                 when 'cancelled' then request.status <> 'cancelled'
                                 else request.status <> 'matched' end
    """,
    "a request that is matched rides in no pool": """
        select from pooling_requests request
         where status in ('matched', 'completed')
           and not exists (select from pool_members where request_id = request.request_id)
    """,
    "a request waits for a time that has passed": """
        select from pooling_requests where status = 'active' and upper(departure) <= now()
    """,
    "somebody asked in the future": """
        select from pooling_requests where created_at > now() or created_at > lower(departure)
    """,
    "shares of a fare are not the whole": """
        select from pool_members group by pool_id having abs(sum(fare_percent) - 100) > 0.01
    """,
    "a route does not grow from stop to stop": """
        select from pool_stops one join pool_stops next using (pool_id)
         where next.position = one.position + 1 and next.meters < one.meters
            or one.position = 1 and one.meters <> 0
    """,
    "somebody reviewed a ride without having been in it": """
        select from reviews
         where pool_id is not null
           and 2 <> (select count(*) from pool_members join pools using (pool_id)
                      where pool_members.pool_id = reviews.pool_id and left_at is null
                        and status = 'completed' and user_id in (author_id, subject_id))
    """,
    "a review stays hidden though both have written": """
        select from reviews mine join reviews theirs
            on theirs.author_id = mine.subject_id and theirs.subject_id = mine.author_id
           and theirs.pool_id = mine.pool_id
         where mine.visible_from > greatest(mine.created_at, theirs.created_at)
    """,
    "places of a post are counted wrong": """
        select from service_posts post
         where places_taken <> (select count(*) from service_applications
                                 where post_id = post.post_id and status = 'accepted')
            or status in ('in_progress', 'completed') and places_taken = 0
            or status = 'open' and places_taken = team_size
    """,
    "somebody applied to a post that they may not see": """
        select from service_applications application
          join service_posts post using (post_id)
          join service_readers reader on reader.user_id = application.user_id
         where not may_see(post, reader)
    """,
    "a tag of a post is not known": """
        select from service_posts post, unnest(tags) as tag
         where not exists (select from service_tags
                            where college_id = post.college_id and lower(name) = tag)
    """,
    "a search found what it does not look for": """
        select from saved_search_hits join saved_searches search using (search_id)
          join pooling_requests request using (request_id)
          join colleges on colleges.college_id = request.college_id
         where not (start_box @> request.start and destination_box @> request.destination)
            or not departs_within(departure, time_zone, weekdays, day_from, day_until)
    """,
    "somebody who is banned is still signed in, or on the road": """
        select from users
         where banned_at is not null
           and (exists (select from sessions where user_id = users.user_id and ended_at is null)
                or exists (select from pooling_requests
                            where user_id = users.user_id and status in ('active', 'matched')))
    """,
    "a report was settled and the trail does not say so": """
        select from reports
         where resolved_at is not null
           and not exists (select from moderation_acts
                            where report_id = reports.report_id and outcome = reports.outcome)
    """,
    "a college has nobody to moderate it": """
        select from users group by college_id having not bool_or(role <> 'student')
    """,
    "a phone stayed with a session that has ended": """
        select from devices join sessions using (session_id) where ended_at is not null
    """,
    "a weekly ride is due and nobody opened it": """
        select from recurring_rides where next_opens_at <= now()
    """,
}


@pytest.mark.parametrize("oddity", NEVER)
async def test_rows_are_as_the_application_writes_them(
    riders: asyncpg.Connection, oddity: str
) -> None:
    found = await riders.fetchval(f"select count(*) from ({NEVER[oddity]}) as found")
    assert found == 0, oddity


def test_events_are_what_the_documents_say(seeded: Seeded) -> None:
    types = check_events(seeded.url)
    assert {"connection_approved", "ride_completed", "chat_message", "review_received"} <= types


# Each is true of people, and of no uniform dice.
TRUE_OF_PEOPLE = {
    "few places are popular, and the tail is long": """
        select max(times) > 10 * percentile_disc(0.5) within group (order by times)
          from (select count(*) as times from pooling_requests
                 where start_name not in ('', 'Campus') group by college_id, start_name) as places
    """,
    "lengths are log-normal: skewed, and their logarithms are not": """
        select avg(meters) > 1.05 * percentile_cont(0.5) within group (order by meters)
           and abs(avg(size) - percentile_cont(0.5) within group (order by size))
               < 0.15 * stddev(size)
          from (select solo_meters, ln(solo_meters) from pooling_requests where solo_meters > 0)
               as lengths (meters, size)
    """,
    "most leave in the rush hours, by the clocks of the place": """
        select avg((leaves between '07:00' and '10:30'
                    or leaves between '15:30' and '19:30')::int) > 0.8
          from (select (lower(departure) at time zone time_zone)::time as leaves
                  from pooling_requests join colleges using (college_id)) as rides
    """,
    "nearly all requests are over, and some wait": """
        select avg((status in ('completed', 'cancelled'))::int) > 0.9
           and count(*) filter (where status = 'active') > 0
           and count(*) filter (where status = 'matched') > 0
           and count(distinct cancel_reason) = 3
          from pooling_requests
    """,
    "most reviews are good": """
        select avg((rating >= 4)::int) between 0.75 and 0.95 and count(distinct rating) = 5
          from reviews
    """,
    "most messages are short, and some are long": """
        select percentile_disc(0.5) within group (order by char_length(content)) < 60
           and max(char_length(content)) > 250
          from messages
    """,
    "few tags are on many posts": """
        select max(times) > 5 * percentile_disc(0.5) within group (order by times)
          from (select count(*) as times
                  from service_posts, unnest(tags) as tag group by tag) as tags
    """,
    "colleges differ in size": """
        select max(riders) > 2 * min(riders) and count(*) > 2
          from (select count(*) as riders from users group by college_id) as colleges
    """,
    "most have proved their address": """
        select avg((verified_at is not null)::int) between 0.75 and 0.95 from users
    """,
}


@pytest.mark.parametrize("truth", TRUE_OF_PEOPLE)
async def test_distributions_are_those_of_people(riders: asyncpg.Connection, truth: str) -> None:
    assert await riders.fetchval(TRUE_OF_PEOPLE[truth]), truth


# What does not depend on the hour at which it is made.
PRINT = """
select md5(string_agg(line, '|' order by line))
  from (
      select email || full_name || role || coalesce(gender, '')
        from users join profiles using (user_id)
       union all
      select title || description || coalesce(price::text, '') from service_posts
       union all
      select content || user_id || conversation_id from messages
       union all
      select start::text || destination from pooling_requests
  ) as lines (line)
"""


def test_the_same_seed_makes_the_same_riders(postgres: str) -> None:
    prints = []
    for number in (1, 1, 2):
        with fresh_database(postgres) as url:
            migrate(url)
            seed(url, riders=RIDERS, number=number, bcrypt_rounds=4)
            prints.append(print_of(url))
    assert prints[0] == prints[1] != prints[2]


def print_of(url: str) -> Any:
    with psycopg.connect(url) as connection:
        return connection.execute(PRINT).fetchone()


async def test_a_seeded_rider_signs_in_and_finds_company(
    riders: asyncpg.Connection, campus_server: Server
) -> None:
    rows = await riders.fetch(
        "select email, request_id from pooling_requests join users using (user_id)"
        " where status = 'active' order by request_id"
    )
    for row in rows:
        rider = await signed_in(campus_server, row["email"])
        found = await asked(rider, f"/api/pool/requests/{row['request_id']}/matches")
        await rider.client.aclose()
        if found["matches"]:
            return
    pytest.fail(f"none of {len(rows)} who ask now has a match")


async def test_a_seeded_rider_has_a_life(riders: asyncpg.Connection, campus_server: Server) -> None:
    # Whoever wrote most.
    email = await riders.fetchval(
        "select email from messages join users using (user_id) where banned_at is null"
        " group by email order by count(*) desc, email limit 1"
    )
    rider = await signed_in(campus_server, email)
    for path in ("/api/chat/conversations", "/api/chat/pools", "/api/pool/requests"):
        assert await asked(rider, path), path
    conversations = await asked(rider, "/api/chat/conversations")
    first = conversations[0] if isinstance(conversations, list) else conversations
    assert first
    assert await asked(rider, "/api/events?after=0")
    assert await asked(rider, "/api/profile/me")
    assert await asked(rider, "/api/services?search=calculus")
    await rider.client.aclose()


async def test_a_database_is_seeded_once(seeded: Seeded, data_dir: Path) -> None:
    with tripsync("seed", data_dir=data_dir, DATABASE_URL=seeded.url) as command:
        assert await command.exit_code() == 78
        assert "has seeded riders already" in command.said
        assert "Traceback" not in command.said


async def test_production_is_never_seeded(data_dir: Path, empty_database: str) -> None:
    migrate(empty_database)
    where = {
        "DATABASE_URL": empty_database,
        "ENVIRONMENT": "production",
        "SECRET_KEY": secrets.token_hex(32),
    }
    with tripsync("seed", data_dir=data_dir, **where) as command:
        assert await command.exit_code() == 78
        assert "not for production" in command.said
    with psycopg.connect(empty_database) as connection:
        [seeded] = connection.execute("select count(*) from users").fetchone() or ()
    assert seeded == 0


async def test_a_database_without_tables_is_told_to_migrate(
    data_dir: Path, empty_database: str
) -> None:
    with tripsync("seed", data_dir=data_dir, DATABASE_URL=empty_database) as command:
        assert await command.exit_code() == 78
        assert "run `tripsync migrate` first" in command.said


@pytest.mark.parametrize("number", ["12", "many"])
async def test_too_few_riders_are_no_campus(data_dir: Path, number: str) -> None:
    with tripsync("seed", f"--riders={number}", data_dir=data_dir) as command:
        assert await command.exit_code() == 2
        assert f"write {FEWEST} or more" in command.said


async def test_the_first_page_tells_how_to_sign_in(campus_server: Server) -> None:
    async with campus_server.client() as client:
        riders = (await client.get("/")).json()["riders"]
        assert len(riders["emails"]) > 1
        for email in riders["emails"]:
            account = {"email": email, "password": riders["password"]}
            assert (await client.post("/api/auth/login", json=account)).status_code == 200
