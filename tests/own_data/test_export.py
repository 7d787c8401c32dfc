"""Everything held about a rider, as the rider gets it."""

import asyncio
import re
import secrets

import asyncpg
import pytest

from tests.conftest import Server, SignUp, StartServer
from tests.own_data.catalogue import columns_of_users
from tests.own_data.conftest import EXPORT, done, export_of, live_a_little
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import pair_up
from tripsync.app import gather_own_data
from tripsync.database import Database
from tripsync.database.files import SQL
from tripsync.database.queries import load_queries
from tripsync.profiles.api_own_data import ABOUT
from tripsync.profiles.schemas import OwnData

# Which section holds what a column for a user says is theirs. A table that is added turns the test
# below red, until it stands here or among those that are left out.
EXPORTED = {
    "users.user_id": "account",
    "profiles.user_id": "profile",
    "profile_files.user_id": "files",
    "sessions.user_id": "sessions",
    "devices.user_id": "devices",
    "quiet_hours.user_id": "quiet_hours",
    "mailed_codes.user_id": "mailed_codes",
    "unwanted_mails.user_id": "unwanted_mails",
    "pooling_requests.user_id": "requests",
    "recurring_rides.user_id": "recurring_rides",
    "saved_searches.user_id": "saved_searches",
    "connections.from_user": "connections",
    "connections.to_user": "connections",
    "pool_members.user_id": "pools",
    "reviews.author_id": "reviews_written",
    "reviews.subject_id": "reviews_received",
    "conversations.one_id": "conversations",
    "conversations.other_id": "conversations",
    "participants.user_id": "conversations",
    "messages.user_id": "messages",
    "service_posts.user_id": "service_posts",
    "service_applications.user_id": "service_applications",
    "saved_service_searches.user_id": "service_searches",
    "blocks.blocker_id": "blocks",
    "reports.reporter_id": "reports_made",
    "moderation_acts.subject_id": "sanctions",
    "moderation_acts.actor_id": "moderation",
    "alarms.user_id": "alarms",
    "ride_shares.user_id": "ride_shares",
    "events.user_id": "events",
}
LEFT_OUT = {
    "event_heads.user_id": "a counter of the events, which are exported",
    "blocks.blocked_id": "who blocked one is their secret",
    "reports.subject_id": "who reported one is their secret, and that somebody did",
    "reports.resolved_by": "what one did as a moderator is told by moderation_acts",
    "alarms.resolved_by": "about somebody else's alarm, and theirs to export",
    "live_positions.user_id": "where one's own phone said it is a second ago; gone with the ride",
}
PARTS = gather_own_data()
QUERIES = {
    "account": "accounts.export_account",
    "profile": "profiles.export_profile",
    **{name: section.query for name, section in PARTS.sections.items()},
}
# What the section is read from, where it is a view on the table.
VIEWS = {"reviews_received": "visible_reviews"}


async def test_every_table_about_a_user_is_exported_or_left_out_for_a_reason(
    db: asyncpg.Connection,
) -> None:
    found = {str(each) for each in await columns_of_users(db)}
    assert {"sessions.user_id", "connections.from_user", "reports.resolved_by"} <= found
    assert found == EXPORTED.keys() | LEFT_OUT.keys()
    assert not EXPORTED.keys() & LEFT_OUT.keys()


def test_every_section_reads_its_table() -> None:
    queries = load_queries(SQL)
    for column, section in EXPORTED.items():
        table, _, name = column.partition(".")
        file, _, query = QUERIES[section].partition(".")
        sql = queries[file][query].sql
        assert re.search(rf"\b(from|join) {VIEWS.get(section, table)}\b", sql), column
        assert re.search(rf"\b{name}\b", sql), column


def test_the_document_is_described_section_by_section() -> None:
    described = OwnData.__struct_fields__
    assert described[: len(ABOUT)] == ABOUT
    assert set(described[len(ABOUT) :]) == PARTS.sections.keys()
    assert set(EXPORTED.values()) == set(described) - {"exported_at"}


async def test_an_export_holds_all_that_one_did(sign_up: SignUp) -> None:
    rider, fellow = await sign_up(), await sign_up(full_name="Dev Shah")
    moderator = await sign_up("moderator", full_name="Meera Moderator")
    mark = f"mark{secrets.token_hex(4)}"
    pool = await live_a_little(rider, fellow, moderator, mark)
    exported = await export_of(rider)
    assert tuple(exported) == OwnData.__struct_fields__
    assert exported["account"]["email"] == rider.email
    assert exported["account"]["full_name"] == f"Asha {mark}"
    assert exported["profile"]["emergency_contact"]["name"] == "Meera Rao"
    assert [each["kind"] for each in exported["files"]] == ["image", "resume"]
    for each in exported["files"]:
        assert (await rider.call("GET", each["url"])).status_code == 200
    assert len(exported["sessions"]) == 1
    assert [each["purpose"] for each in exported["mailed_codes"]] == ["verify_email"]
    assert [each["status"] for each in exported["requests"]] == ["cancelled", "completed"]
    assert [each["note"] for each in exported["requests"]] == [mark, mark]
    assert exported["recurring_rides"][0]["weekdays"] == ["monday"]
    assert exported["saved_searches"][0]["name"] == mark
    assert [each["other_rider"] for each in exported["connections"]] == ["Dev Shah"]
    assert exported["connections"][0]["sent"] is True
    assert exported["pools"][0]["id"] == pool
    assert exported["pools"][0]["fellow_riders"] == ["Dev Shah"]
    assert exported["reviews_written"][0]["subject"] == "Dev Shah"
    assert exported["reviews_received"][0]["author"] == "Dev Shah"
    assert exported["conversations"][0]["other_rider"] == "Dev Shah"
    assert [each["content"] for each in exported["messages"]] == [mark]
    assert exported["service_posts"][0]["title"] == f"A post of {mark}"
    assert exported["service_searches"][0]["words"] == mark
    assert exported["service_applications"][0]["cover_letter"] == mark
    assert exported["blocks"][0]["blocked"] == "Meera Moderator"
    assert exported["reports_made"][0]["subject"] == "Dev Shah"
    assert exported["sanctions"][0]["note"] == "Please be on time."
    assert exported["alarms"][0]["note"] == mark
    assert exported["ride_shares"][0]["latitude"] == 19.081234
    assert "moderator_warning" in [each["type"] for each in exported["events"]]
    assert exported["moderation"] == []
    assert (await export_of(moderator))["moderation"][-1]["act"] == "warn"


async def test_an_export_tells_names_of_others_and_nothing_more(sign_up: SignUp) -> None:
    rider, fellow = await sign_up(), await sign_up(full_name="Dev Shah")
    hidden = {"phone_number": "+919820054399", "bio": "The bio of Dev", "year_of_study": "Ninth"}
    await done(fellow.call("PUT", "/api/profile/me", json=hidden))
    await pair_up(rider, fellow)
    answer = await rider.call("GET", EXPORT)
    assert "Dev Shah" in answer.text
    assert "connection_approved" in answer.text
    for secret in (fellow.email, "98200543", "The bio of Dev", "Ninth"):
        assert secret not in answer.text


async def test_an_export_keeps_the_secrets_of_others(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, fellow = await sign_up(), await sign_up(full_name="Dev Shah")
    await pair_up(rider, fellow)
    pool = (await done(rider.call("GET", "/api/pool/pools/current")))["pool"]["pool_id"]
    await done(rider.call("POST", f"/api/pool/pools/{pool}/complete"))
    blind = {"user_id": rider.id, "rating": 1, "comment": "A blind review"}
    await done(fellow.call("POST", f"/api/pool/pools/{pool}/reviews", json=blind))
    report = {"user_id": rider.id, "reason": "fraud", "details": "A secret report"}
    written = await done(fellow.call("POST", "/api/reports", json=report))
    await done(fellow.call("PUT", f"/api/users/{rider.id}/block"))
    moderator = await sign_up("moderator")
    settled = {"outcome": "settled", "note": "A secret note"}
    path = f"/api/moderation/reports/{written['id']}/resolve"
    await done(moderator.call("POST", path, json=settled))
    exported = await export_of(rider)
    for section in ("reviews_received", "blocks", "reports_made", "sanctions"):
        assert exported[section] == []
    for secret in ("A blind review", "A secret report", "A secret note"):
        assert secret not in str(exported)
    assert (await export_of(fellow))["reviews_written"][0]["comment"] == "A blind review"


async def test_an_export_is_ones_own(sign_up: SignUp) -> None:
    rider = await sign_up()
    for other in (await sign_up(), await sign_up(college_name="VJTI")):
        exported = await export_of(other)
        assert exported["account"]["id"] == other.id
        assert rider.email not in str(exported)


# Rows that name one, and are not one's own to know of, or not yet.
UNTOLD = {
    "conversations": "(select last_seq from conversations c "
    "where c.conversation_id = participants.conversation_id) = 0",
    "sanctions": "act = 'resolve'",
}


async def test_every_section_holds_all_that_is_ones_own_and_nothing_else(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, fellow, moderator = await sign_up(), await sign_up(), await sign_up("moderator")
    bystander, friend = await sign_up(), await sign_up()
    for one, other in ((rider, fellow), (bystander, friend)):
        await live_a_little(one, other, moderator, f"mark{secrets.token_hex(4)}")
    whose: dict[str, dict[str, list[str]]] = {}
    for column, section in EXPORTED.items():
        table, _, name = column.partition(".")
        whose.setdefault(section, {}).setdefault(table, []).append(name)
    for person in (rider, fellow, moderator):
        exported = await export_of(person)
        for section in PARTS.sections:
            table, names = list(whose[section].items())[-1]
            number = await db.fetchval(
                f"select count(*) from {table} "
                f"where ({' or '.join(f'{name} = $1' for name in names)}) "
                f"and not ({UNTOLD.get(section, 'false')})",
                person.id,
            )
            assert len(exported[section]) == number, section


async def test_the_conversation_of_a_pool_is_exported(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    await pair_up(rider, fellow)
    pool = (await done(rider.call("GET", "/api/pool/pools/current")))["pool"]["pool_id"]
    chat = await db.fetchval("select conversation_id from conversations where pool_id = $1", pool)
    said = {"conversation_id": chat, "content": "At the clock."}
    await done(rider.call("POST", "/api/chat/messages", json=said))
    for person in (rider, fellow):
        [exported] = (await export_of(person))["conversations"]
        assert (exported["id"], exported["pool_id"]) == (chat, pool)
        assert exported["other_rider"] is None


async def test_an_export_is_sent_piece_by_piece(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider = await sign_up()
    await db.execute(
        "insert into events (college_id, user_id, seq, type, payload) "
        "select $1, $2, n, 'x_test', jsonb_build_object('text', repeat('x', 500)) "
        "from generate_series(1, 2000) n",
        rider.college_id,
        rider.id,
    )
    async with rider.client.stream("GET", EXPORT, headers=rider.headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["transfer-encoding"] == "chunked"
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert "content-length" not in answer.headers
        assert len(answer.headers["x-request-id"]) == 32
        await answer.aread()
    events = answer.json()["events"]
    assert [each["seq"] for each in events] == list(range(1, 2001))


async def test_an_export_is_of_one_moment(
    sign_up: SignUp, server: Server, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    whose = {"college_id": rider.college_id, "user_id": rider.id}
    async with server.app.ctx.resources[Database].snapshot() as snapshot:
        before = await snapshot.accounts.export_account(**whose)
        await db.execute("update users set full_name = 'Another' where user_id = $1", rider.id)
        again = [row async for row in snapshot.rows("accounts", "export_account", **whose)]
        assert [row["full_name"] for row in again] == [before["full_name"]]
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await snapshot.profiles.empty_profile(**whose)


async def test_a_client_that_goes_away_leaves_a_server_that_works(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    await db.execute(
        "insert into events (college_id, user_id, seq, type, payload) "
        "select $1, $2, n, 'x_test', jsonb_build_object('text', repeat('x', 5000)) "
        "from generate_series(1, 3000) n",
        rider.college_id,
        rider.id,
    )

    async def look_and_leave() -> None:
        async with rider.client.stream("GET", EXPORT, headers=rider.headers) as answer:
            assert answer.status_code == 200

    # More than there are connections to the database.
    for _ in range(4):
        await asyncio.gather(*(look_and_leave() for _ in range(6)))
    assert (await export_of(rider))["account"]["id"] == rider.id


async def test_exports_are_not_asked_for_without_end(
    start_server: StartServer, sign_up: SignUp
) -> None:
    rider = await sign_up()
    limited = await start_server(rate_limits="on")
    async with limited.client(headers=rider.headers) as client:
        codes = [(await client.get(EXPORT)).status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]


async def test_an_export_needs_an_account(campus: Campus) -> None:
    assert (await campus.client.get(EXPORT)).status_code == 401
    stranger = Rider(campus.client, 0, "", "", 0, access_token="none")
    assert (await stranger.call("GET", EXPORT)).status_code == 401
