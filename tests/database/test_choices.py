"""Choices of a value, such as a status, a role or the kind of a filter: the code and the database
list the same ones, the database refuses any other, and where one is there all the same, nobody
sees more for it."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, get_args

import asyncpg
import httpx
import psycopg
import pytest

from tests.conftest import Server, SignUp, StartServer
from tests.databases import fresh_database
from tests.own_data.conftest import export_of
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import ask, go, heard_by, ride, types_heard_by
from tests.profiles.sample import EVERYTHING
from tests.services.board import PATH, act, apply, ids, post, publish, say_of_oneself, sees, show
from tests.waiting import PATIENCE
from tripsync.auth.mails import RESET_PASSWORD, VERIFY_EMAIL
from tripsync.database import Database
from tripsync.database.migrations import migrate
from tripsync.http.fields import Gender
from tripsync.mail.letters import Kind as MailKind
from tripsync.moderation import schemas as moderation
from tripsync.moderation.sanctions import ROLES
from tripsync.notifications.schemas import Platform
from tripsync.pooling import schemas as pooling
from tripsync.pooling import schemas_recurring as recurring
from tripsync.profiles import schemas as profiles
from tripsync.profiles.api_files import FileKind
from tripsync.services import schemas as services
from tripsync.services import schemas_applications as applications

UNKNOWN = "unheard_of"


def values_of(choice: Any) -> set[str]:
    """The values of a Literal, also of one that is described."""
    first, *_ = get_args(choice)
    return set(get_args(choice) if isinstance(first, str) else get_args(first))


# Where the code lists what a column may hold.
LISTED = {
    "connections.status": values_of(pooling.ConnectionState),
    "devices.platform": values_of(Platform),
    "mailed_codes.purpose": {VERIFY_EMAIL.name, RESET_PASSWORD.name},
    "moderation_acts.act": values_of(moderation.ActKind),
    "pool_stops.kind": values_of(pooling.StopKind),
    "pooling_requests.cancel_reason": values_of(pooling.CancelReason),
    "pooling_requests.role": values_of(pooling.Role),
    "pooling_requests.status": values_of(pooling.RequestStatus),
    "pools.status": values_of(pooling.PoolStatus),
    "profile_files.kind": values_of(FileKind),
    "profiles.gender": values_of(Gender),
    "recurring_openings.skipped_because": values_of(recurring.SkipReason),
    "recurring_rides.role": values_of(pooling.Role),
    "recurring_rides.weekdays": values_of(recurring.Weekday),
    "reports.outcome": values_of(moderation.Outcome),
    "reports.reason": values_of(moderation.Reason),
    "reports.reference_kind": values_of(moderation.ReferenceKind),
    "saved_searches.weekdays": values_of(recurring.Weekday),
    "saved_service_searches.compensation_type": values_of(services.CompensationType),
    "saved_service_searches.kind": values_of(services.Kind),
    "service_applications.status": values_of(applications.ApplicationStatus),
    "service_posts.compensation_type": values_of(services.CompensationType),
    "service_posts.kind": values_of(services.Kind),
    "service_posts.status": values_of(services.PostStatus),
    "unwanted_mails.kind": values_of(MailKind),
    "users.role": set(ROLES),
}
# Given by triggers and queries; the export shows it, and no code decides by it. And what a file
# creates, which is read of its statement.
SQL_ALONE = {"sessions.end_reason", "sql_functions.kind"}
# Lists of what stands inside JSON are functions.
LISTED_BY_FUNCTION = {
    "filter_kinds": values_of(services.FilterKind),
    "requirement_kinds": values_of(services.RequirementKind),
    "profile_preferences": set(profiles.ProfilePreferences.__struct_fields__),
}
# What whoever wrote a post judges for themselves.
NOT_CHECKED = {"skill", "other"}

CHOICES = """
select conrelid::regclass::text as on_table,
       conname,
       pg_get_constraintdef(oid) as said
  from pg_constraint
 where contype = 'c'
   and connamespace = 'public'::regnamespace
"""
# check (status = any (array['open', ...])), or a list of values: check (... weekdays <@ array[...])
ONE_OF = re.compile(r"CHECK \(\((\w+) = ANY \(ARRAY\[([^]]*)\]\)\)\)")
SOME_OF = re.compile(r"\((\w+) <@ ARRAY\[([^]]*)\]\)")


def choices(rows: Any) -> dict[str, tuple[str, set[str]]]:
    """What the database lets each column hold, and the constraint that says so."""
    return {
        f"{table}.{found[1]}": (name, set(re.findall(r"'(\w+)'", found[2])))
        for table, name, said in rows
        if (found := ONE_OF.fullmatch(said) or SOME_OF.search(said))
    }


async def test_the_code_and_the_database_list_the_same_values(db: asyncpg.Connection) -> None:
    found = choices(await db.fetch(CHOICES))
    assert {
        column: values for column, (_, values) in found.items() if column not in SQL_ALONE
    } == LISTED
    assert found.keys() >= SQL_ALONE
    for function, values in LISTED_BY_FUNCTION.items():
        listed = json.loads(await db.fetchval(f"select to_jsonb({function}())"))
        assert set(listed) == values, function


async def test_wishes_are_the_same_in_rides_weekly_rides_and_profiles(
    db: asyncpg.Connection,
) -> None:
    wishes = set(pooling.RidePreferences.__struct_fields__)
    assert set(profiles.ProfilePreferences.__struct_fields__) == wishes | {"detour_percent"}
    for table in ("pooling_requests", "recurring_rides"):
        switches = await db.fetch(
            "select attname from pg_attribute where attrelid = $1::text::regclass "
            "and atttypid = 'boolean'::regtype and attnum > 0",
            table,
        )
        assert {row[0] for row in switches} == wishes | {"auto_match"}, table


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("service_posts", "filters", [{"type": UNKNOWN, "value": "x"}]),
        ("service_posts", "filters", [{"type": "gender", "value": "man"}, {"type": UNKNOWN}]),
        ("service_posts", "filters", [{"type": None}]),
        ("service_posts", "filters", [{"type": 5}]),
        ("service_posts", "filters", [{"kind": "gender"}]),
        ("service_posts", "filters", [[{"type": "gender"}]]),
        ("service_posts", "filters", [{"type": ["gender"]}]),
        ("service_posts", "filters", ["gender"]),
        ("service_posts", "requirements", [{"kind": UNKNOWN, "text": "x", "value": None}]),
        ("service_posts", "requirements", [{"text": "x"}]),
        ("profiles", "preferences", {UNKNOWN: True}),
    ],
)
async def test_the_database_refuses_a_kind_that_is_on_no_list(
    sign_up: SignUp, db: asyncpg.Connection, table: str, column: str, value: Any
) -> None:
    rider = await sign_up()
    await publish(rider)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(
            f"update {table} set {column} = $1::jsonb where user_id = $2",
            json.dumps(value),
            rider.id,
        )


@pytest.mark.parametrize("kind", sorted(values_of(services.FilterKind)))
async def test_no_filter_lets_somebody_in_who_says_nothing_of_themselves(
    sign_up: SignUp, kind: str
) -> None:
    owner, fellow = await sign_up(), await sign_up()
    value = {"gender": "woman", "verified_only": True}.get(kind, "x")
    filters = [{"type": kind, "value": value}]
    post_id = (await publish(owner, filters=filters, tags=["maths"]))["id"]
    assert not await sees(fellow, post_id)
    assert await sees(owner, post_id)


@pytest.mark.parametrize("kind", sorted(values_of(services.FilterKind)))
async def test_every_filter_lets_in_who_is_as_it_says(
    sign_up: SignUp, db: asyncpg.Connection, kind: str
) -> None:
    owner, fellow = await sign_up(), await sign_up()
    await say_of_oneself(fellow, **EVERYTHING)
    await db.execute("update users set verified_at = now() where user_id = $1", fellow.id)
    asked = {"verified_only": "verified"}.get(kind, kind)
    value = await db.fetchval(f"select {asked} from service_readers where user_id = $1", fellow.id)
    filters = [{"type": kind, "value": value}]
    post_id = (await publish(owner, filters=filters, tags=["maths"]))["id"]
    assert await sees(fellow, post_id)


@pytest.mark.parametrize("kind", sorted(values_of(services.RequirementKind)))
async def test_no_requirement_is_met_by_bringing_nothing(sign_up: SignUp, kind: str) -> None:
    owner, fellow = await sign_up(), await sign_up()
    required = {"kind": kind, "text": "Bring it", "value": "x"}
    post_id = (await publish(owner, requirements=[required]))["id"]
    answer = await apply(fellow, post_id)
    assert answer.status_code == (200 if kind in NOT_CHECKED else 422)


@pytest.fixture(scope="module")
def lax_url(postgres: str) -> Iterator[str]:
    """A database that lets any value in, as if a migration had listed it already."""
    with fresh_database(postgres) as url:
        migrate(url)
        with psycopg.connect(url) as connection:
            for column, (name, _) in choices(connection.execute(CHOICES).fetchall()).items():
                connection.execute(f"alter table {column.partition('.')[0]} drop constraint {name}")
            for name in ("service_posts_filters", "service_posts_requirements"):
                connection.execute(f"alter table service_posts drop constraint {name}_are_known")
            # What follows from a role is not what is looked at here.
            connection.execute(
                "alter table pooling_requests drop constraint pooling_requests_check"
            )
        yield url


@pytest.fixture
async def lax(lax_url: str, start_server: StartServer) -> Server:
    return await start_server(database_url=lax_url)


@pytest.fixture
async def behind(lax_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to look behind the server that lets any value in."""
    connection = await asyncpg.connect(lax_url)
    yield connection
    await connection.close()


@pytest.fixture
async def newcomers(lax: Server, behind: asyncpg.Connection, data_dir: Path) -> AsyncIterator[Any]:
    """Signs up somebody at a college of this test's own."""
    name = f"Zenith {await behind.fetchval('select count(*) from colleges')}"
    await behind.execute(
        "insert into colleges (name, place, time_zone) values ($1, point(72.8, 19.1), 'UTC')", name
    )
    # Not one that holds answers against the document: what is in this database no document lists.
    async with httpx.AsyncClient(base_url=lax.url, timeout=PATIENCE) as client:
        campus = Campus(client, data_dir / "mail")

        async def sign_up(**changes: object) -> Rider:
            return await campus.sign_up(**{"college_name": name, **changes})

        yield sign_up


async def put_filters(db: asyncpg.Connection, post_id: int, filters: list[Any]) -> None:
    await db.execute(
        "update service_posts set filters = $1::jsonb where post_id = $2",
        json.dumps(filters),
        post_id,
    )


async def test_a_filter_that_nobody_knows_hides_the_post_from_all_but_owner_and_moderators(
    newcomers: SignUp, behind: asyncpg.Connection, lax: Server
) -> None:
    owner, fellow, moderator = [await newcomers() for _ in range(3)]
    # Whoever has said all there is, and confirmed the address, passes every filter that is known.
    known = {"year_of_study": "x", "college_unit": "x", "major": "x", "gender": "woman"}
    await say_of_oneself(fellow, **known)
    await behind.execute("update users set verified_at = now() where user_id = $1", fellow.id)
    await behind.execute("update users set role = 'moderator' where user_id = $1", moderator.id)
    passed = [{"type": kind, "value": value} for kind, value in known.items()]
    post_id = (await publish(owner, filters=passed, tags=["maths"]))["id"]
    assert await sees(fellow, post_id)
    search = {"name": "Mine", "tags": ["maths"], "mail_me": True}
    kept = (await fellow.call("POST", f"{PATH}/searches", json=search)).json()["search_id"]
    database: Database = lax.app.ctx.resources[Database]
    mail = {"college_id": fellow.college_id, "search_id": kept, "post_id": post_id}

    await put_filters(behind, post_id, [*passed, {"type": UNKNOWN, "value": "x"}])
    assert not await sees(fellow, post_id)
    assert (await apply(fellow, post_id)).status_code == 404
    assert (await fellow.client.get(f"{PATH}/{post_id}")).status_code == 404
    report = {"reason": "fraud", "details": "x"}
    assert (await fellow.call("POST", f"{PATH}/{post_id}/report", json=report)).status_code == 404
    await act(owner, post_id, "close")
    assert (await act(owner, post_id, "reopen")).status_code == 200
    assert await heard_by(behind, fellow) == []
    async with database.transaction() as db:
        assert await db.mails.find_service_hit(**mail) is None
    assert str(post_id) not in json.dumps(await export_of(fellow))
    assert await sees(owner, post_id)
    assert (await show(moderator, post_id)).status_code == 200
    assert post_id not in await ids(moderator)
    refused = await owner.call("POST", PATH, json=post(filters=[{"type": UNKNOWN, "value": "x"}]))
    assert refused.status_code == 422

    await put_filters(behind, post_id, passed)
    assert await sees(fellow, post_id)
    async with database.transaction() as db:
        assert await db.mails.find_service_hit(**mail) is not None


async def test_a_requirement_that_nobody_checks_is_met_by_nobody(
    newcomers: SignUp, behind: asyncpg.Connection
) -> None:
    owner, fellow = [await newcomers() for _ in range(2)]
    post_id = (await publish(owner))["id"]
    required = [{"kind": UNKNOWN, "text": "Bring it", "value": None}]
    await behind.execute(
        "update service_posts set requirements = $1::jsonb where post_id = $2",
        json.dumps(required),
        post_id,
    )
    answer = await apply(fellow, post_id, cover_letter="x", resume_url="https://files.example/x")
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["requirements"]
    sent = post(requirements=[{"kind": UNKNOWN, "text": "Bring it"}])
    assert (await owner.call("POST", PATH, json=sent)).status_code == 422


async def test_a_role_that_nobody_knows_gives_no_rights(
    newcomers: SignUp, behind: asyncpg.Connection
) -> None:
    rider, fellow, moderator = [await newcomers() for _ in range(3)]
    give = "update users set role = $1 where user_id = $2"
    await behind.execute(give, UNKNOWN, rider.id)
    await behind.execute(give, "moderator", moderator.id)
    for path in ("/api/moderation/reports", "/api/moderation/audit", "/api/safety/sos"):
        assert (await rider.call("GET", path)).status_code == 404
        assert (await moderator.call("GET", path)).status_code == 200
    warning = {"note": "Please be on time."}
    warn = "/api/moderation/users/{}/warn"
    assert (await rider.call("POST", warn.format(fellow.id), json=warning)).status_code == 404
    # Nor is it a rank below a moderator's.
    assert (await moderator.call("POST", warn.format(rider.id), json=warning)).status_code == 403
    assert (await rider.call("GET", "/api/profile/me")).status_code == 200


async def test_a_ride_in_a_role_that_nobody_knows_is_a_match_for_nobody(
    newcomers: SignUp, behind: asyncpg.Connection
) -> None:
    rider, fellow = [await newcomers() for _ in range(2)]
    opened = (await go(rider))["request_id"]
    in_role = "update pooling_requests set role = $1 where request_id = $2"
    await behind.execute(in_role, UNKNOWN, opened)
    search = {**ride(), "name": "Mine"}
    assert (await fellow.call("POST", "/api/pool/searches", json=search)).status_code == 201
    assert (await go(fellow, ride(1)))["matches"] == []
    path = f"/api/pool/requests/{opened}"
    assert (await rider.call("GET", f"{path}/matches")).json()["matches"] == []
    assert (await ask(fellow, opened)).status_code == 404
    # A change is told to those whose search the ride fits.
    for role, hits in ((UNKNOWN, 0), ("rider", 1)):
        await behind.execute(in_role, role, opened)
        assert (await rider.call("PUT", path, json={"seats": 2 - hits})).status_code == 200
        assert (await types_heard_by(behind, fellow)).count("saved_search_hit") == hits
    assert (await ask(fellow, opened)).status_code == 200
