"""Leaving for good: what goes, what stays, and what is under way meanwhile."""

import asyncio
import secrets
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.conftest import Server, SignUp, StartServer
from tests.own_data.conftest import ME, done, leave, live_a_little, trade_services
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import go, heard_by, pair_up, ride
from tests.profiles.files import IMAGE, picture, send
from tests.waiting import until_waiting_for_locks
from tripsync.auth.forgetting import forget_former_riders
from tripsync.database import Database


async def everything_that_says(db: asyncpg.Connection, text: str) -> list[str]:
    """Every table in which a row says this."""
    tables = await db.fetch(
        "select relname from pg_class where relnamespace = 'public'::regnamespace "
        "and relkind = 'r' order by relname"
    )
    found = []
    for (table,) in tables:
        # Bytes are shown in hexadecimal: an answer that is kept for retries is JSON.
        number = await db.fetchval(
            f'select count(*) from "{table}" as row '
            "where position($1 in row::text) > 0 "
            "   or position(encode(convert_to($1, 'UTF8'), 'hex') in row::text) > 0",
            text,
        )
        if number:
            found.append(table)
    return found


def is_events(table: str) -> bool:
    return table.startswith("events_")


async def test_nothing_that_one_told_stays(
    sign_up: SignUp, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    moderator = await sign_up("moderator")
    mark = f"mark{secrets.token_hex(4)}"
    # Riders of other tests have the same number and sit on the same bench.
    told = (mark, rider.email, "+919820012345", "Third bench", "19.081234")
    of_others = {text: await everything_that_says(db, text) for text in told[2:]}
    await live_a_little(rider, fellow, moderator, mark)
    before = await everything_that_says(db, mark)
    for table in ("users", "profiles", "pooling_requests", "alarms", "ride_shares", "messages"):
        assert table in before
    assert "users" in await everything_that_says(db, rider.email)
    keys = await db.fetch("select storage_key from profile_files where user_id = $1", rider.id)
    files = [data_dir / "files" / row[0] for row in keys]
    assert all(file.exists() for file in files)
    assert len(files) == 2
    answer = await leave(rider)
    assert (answer.status_code, answer.content) == (204, b"")
    # What the phones of others were told is gone with their events, after seven days.
    for text in told:
        left = set(await everything_that_says(db, text)) - set(of_others.get(text, ()))
        assert [each for each in left if not is_events(each)] == []
    assert not any(file.exists() for file in files)
    for table, column in (
        ("profile_files", "user_id"),
        ("mailed_codes", "user_id"),
        ("events", "user_id"),
        ("recurring_rides", "user_id"),
        ("saved_searches", "user_id"),
        ("saved_service_searches", "user_id"),
        ("ride_shares", "user_id"),
        ("devices", "user_id"),
        ("quiet_hours", "user_id"),
        ("unwanted_mails", "user_id"),
        ("blocks", "blocker_id"),
    ):
        assert not await db.fetchval(
            f"select count(*) from {table} where {column} = $1", rider.id
        ), table
    told = await db.fetchval(
        "select jsonb_strip_nulls(to_jsonb(p) - 'user_id' - 'college_id' - 'updated_at')::text "
        "from profiles p where user_id = $1",
        rider.id,
    )
    assert told == "{}"


async def test_what_others_need_stays_without_the_name(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    moderator = await sign_up("moderator")
    mark = f"mark{secrets.token_hex(4)}"
    pool = await live_a_little(rider, fellow, moderator, mark)
    await done(leave(rider))
    seen = await done(fellow.call("GET", f"/api/pool/pools/{pool}"))
    names = {member["id"]: member["full_name"] for member in seen["members"]}
    assert names == {rider.id: "Former rider", fellow.id: fellow.full_name}
    assert len(seen["stops"]) == 4
    own = [stop for stop in seen["stops"] if stop["name"] == ""]
    assert len(own) == 2
    assert all(stop["latitude"] == round(stop["latitude"], 2) for stop in own)
    [review] = (await done(fellow.call("GET", f"/api/users/{fellow.id}/reviews")))["items"]
    assert review["author"] == {"id": rider.id, "full_name": "Former rider"}
    assert review["rating"] == 5
    assert await db.fetchval("select rating from reviews where subject_id = $1", rider.id) == 4
    [report] = (await done(moderator.call("GET", "/api/moderation/reports")))["items"]
    assert report["reporter"]["full_name"] == "Former rider"
    [alarm] = (await done(moderator.call("GET", "/api/safety/sos")))["items"]
    assert (alarm["latitude"], alarm["note"]) == (None, "")
    assert alarm["rider"]["full_name"] == "Former rider"


async def test_services_end_for_both_sides(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider, fellow = await sign_up(), await sign_up()
    await trade_services(rider, fellow, f"mark{secrets.token_hex(4)}")
    await done(leave(rider))
    [kept] = await done(fellow.call("GET", "/api/profile/me/applications"))
    assert kept["service_post"]["title"] == "Former post"
    own = {each["status"]: each["id"] for each in await done(fellow.call("GET", f"{ME}/posts"))}
    assert own.keys() == {"open", "completed"}
    assert await done(fellow.call("GET", f"/api/services/{own['open']}/applications")) == []
    [member] = await done(fellow.call("GET", f"/api/services/{own['completed']}/applications"))
    assert member["applicant"] == {"id": rider.id, "full_name": "Former rider"}
    assert (member["status"], member["cover_letter"], member["resume_url"]) == (
        "accepted",
        None,
        None,
    )
    heard = dict(await heard_by(db, fellow))
    assert heard["service_post_closed"]["reason"] == "deleted"
    withdrawn = heard["service_application_withdrawn"]["application"]
    assert withdrawn["service_post"]["id"] == own["open"]
    assert withdrawn["applicant"]["full_name"] == "Former rider"


async def test_the_address_is_free_at_once(sign_up: SignUp, campus: Campus) -> None:
    rider = await sign_up()
    await done(leave(rider))
    answer = await campus.register(email=rider.email, full_name="Somebody Else")
    assert answer.status_code == 201
    assert answer.json()["id"] != rider.id
    newcomer = Rider(campus.client, **answer.json())
    await newcomer.sign_in()
    assert (await newcomer.call("GET", ME)).json()["full_name"] == "Somebody Else"


async def test_a_key_of_the_first_registration_does_not_bring_the_account_back(
    campus: Campus,
) -> None:
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    email = f"once.{secrets.token_hex(4)}@djsce.example"
    body = {
        "email": email,
        "full_name": "Asha Rao",
        "password": "four sparrows on a tram",
        "college_name": "DJSCE",
    }
    first = await campus.client.post("/api/auth/register", json=body, headers=headers)
    rider = await Rider(campus.client, **first.json()).sign_in()
    await done(leave(rider))
    second = await campus.client.post("/api/auth/register", json=body, headers=headers)
    assert second.status_code == 201
    assert second.json()["id"] != rider.id


async def test_every_device_is_signed_out_and_nobody_signs_in(sign_up: SignUp) -> None:
    rider = await sign_up()
    phone = await rider.on_another_device()
    await done(leave(rider))
    for device in (rider, phone):
        assert (await device.call("GET", ME)).status_code == 401
        refreshed = await rider.client.post(
            "/api/auth/refresh", json={"refresh_token": device.refresh_token}
        )
        assert refreshed.status_code == 401
    login = {"email": rider.email, "password": rider.password}
    assert (await rider.client.post("/api/auth/login", json=login)).status_code == 401
    login["email"] = f"former-rider-{rider.id}@invalid"
    assert (await rider.client.post("/api/auth/login", json=login)).status_code == 401


async def test_a_retry_is_a_clean_401(sign_up: SignUp) -> None:
    rider = await sign_up()
    await done(leave(rider))
    again = await leave(rider)
    assert again.status_code == 401
    assert again.json()["code"] == "not_authenticated"


async def test_the_password_is_asked_again(sign_up: SignUp) -> None:
    rider, other = await sign_up(), await sign_up(password="nine herons in a row")
    for wrong in ("", "four sparrows", "x" * 1000, other.password, "four sparrows on a tram\0"):
        answer = await leave(rider, wrong)
        assert answer.status_code in (403, 422)
        if answer.status_code == 403:
            assert answer.json()["code"] == "wrong_password"
    for body in ({}, {"password": None}, {"password": rider.password, "sure": True}):
        assert (await rider.call("DELETE", ME, json=body)).status_code == 422
    assert (await rider.call("GET", ME)).status_code == 200


async def test_passwords_are_not_tried_without_end(
    start_server: StartServer, sign_up: SignUp
) -> None:
    rider = await sign_up()
    limited = await start_server(rate_limits="on")
    async with limited.client(headers=rider.headers) as client:
        codes = [
            (await client.request("DELETE", ME, json={"password": "wrong"})).status_code
            for _ in range(11)
        ]
    assert codes == [403] * 10 + [429]


@pytest.mark.parametrize("shared", [False, True])
async def test_whoever_still_has_a_ride_leaves_it_first(sign_up: SignUp, shared: bool) -> None:
    rider, fellow = await sign_up(), await sign_up()
    if shared:
        await pair_up(rider, fellow)
    else:
        await go(rider)
    answer = await leave(rider)
    assert answer.status_code == 409
    assert answer.json()["code"] == "ride_open"
    assert (await rider.call("GET", ME)).status_code == 200
    [request] = (await done(rider.call("GET", "/api/pool/requests")))["items"]
    await done(rider.call("DELETE", f"/api/pool/requests/{request['request_id']}"))
    assert (await leave(rider)).status_code == 204


async def test_a_window_that_has_passed_holds_nobody(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    await go(rider)
    await db.execute(
        "update pooling_requests set departure = tstzrange(now() - interval '2 hours', "
        "now() - interval '1 hour') where user_id = $1",
        rider.id,
    )
    assert (await leave(rider)).status_code == 204


async def test_an_open_alarm_keeps_its_place_until_it_is_resolved(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, moderator = await sign_up(), await sign_up("moderator")
    body = {"latitude": 19.08, "longitude": 72.85, "note": "Help"}
    raised = await done(rider.call("POST", "/api/safety/sos", json=body))
    await done(leave(rider))
    [alarm] = (await done(moderator.call("GET", "/api/safety/sos")))["items"]
    assert (alarm["latitude"], alarm["note"]) == (19.08, "Help")
    path = f"/api/safety/sos/{raised['id']}/resolve"
    resolved = await done(moderator.call("POST", path, json={"resolution": "Found."}))
    assert (resolved["latitude"], resolved["note"]) == (None, "")


@pytest.mark.parametrize("act", ["warn", "ban", "unban"])
async def test_nobody_moderates_an_account_that_is_gone(sign_up: SignUp, act: str) -> None:
    rider, moderator = await sign_up(), await sign_up("moderator")
    await done(leave(rider))
    path = f"/api/moderation/users/{rider.id}/{act}"
    assert (await moderator.call("POST", path, json={"note": "Late"})).status_code == 404


async def test_a_former_rider_has_no_profile(sign_up: SignUp) -> None:
    rider, fellow = await sign_up(), await sign_up()
    await done(send(rider, IMAGE, picture()))
    await done(leave(rider))
    for path in ("profile", "image", "resume"):
        assert (await fellow.call("GET", f"/api/users/{rider.id}/{path}")).status_code == 404


async def test_a_moderator_who_left_moderates_no_more(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    moderator = await sign_up("moderator")
    await done(leave(moderator))
    assert not await db.fetchval("select count(*) from moderators where user_id = $1", moderator.id)


async def test_nobody_deletes_the_account_of_another(sign_up: SignUp) -> None:
    rider = await sign_up()
    for other in (await sign_up(), await sign_up(college_name="VJTI")):
        assert (await leave(other)).status_code == 204
    assert (await rider.call("GET", ME)).status_code == 200


async def test_of_two_who_delete_at_once_one_does(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider = await sign_up()
    async with db.transaction():
        await db.fetchval("select 1 from users where user_id = $1 for update", rider.id)
        calls = [asyncio.create_task(leave(rider)) for _ in range(2)]
        await until_waiting_for_locks(db, 2)
    assert sorted([(await each).status_code for each in calls]) == [204, 401]


async def held_at_the_end(
    rider: Rider, db: asyncpg.Connection, *calls: object
) -> tuple[httpx.Response, list[httpx.Response]]:
    """A deletion that has the account, and what arrives meanwhile and waits for it."""
    # The profile is what the deletion changes first, when it holds the account.
    async with db.transaction():
        await db.fetchval("select 1 from profiles where user_id = $1 for update", rider.id)
        deletion = asyncio.create_task(leave(rider))
        await until_waiting_for_locks(db, 1)
        others = [asyncio.create_task(each) for each in calls]  # type: ignore[arg-type]
        await until_waiting_for_locks(db, 1 + len(others))
    return await deletion, [await each for each in others]


async def test_an_upload_that_comes_too_late_leaves_no_file(
    sign_up: SignUp, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider, other = await sign_up(), await sign_up()
    before = set((data_dir / "files").glob("*"))
    deleted, [uploaded] = await held_at_the_end(rider, db, send(rider, IMAGE, picture()))
    assert deleted.status_code == 204
    assert uploaded.status_code == 409
    assert not await db.fetchval("select count(*) from profile_files where user_id = $1", rider.id)
    # What was stored already is registered, and goes with a sweep when its time has come.
    await db.execute("update unreferenced_files set delete_after = now()")
    await done(other.call("DELETE", IMAGE))
    assert set((data_dir / "files").glob("*")) <= before


async def test_an_upload_that_comes_first_is_erased_too(
    sign_up: SignUp, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider = await sign_up()
    async with db.transaction():
        # The upload has its row written, and has not committed: this stands for it.
        key = f"held{secrets.token_hex(8)}"
        await db.execute("insert into unreferenced_files values ($1, now())", key)
        await db.execute(
            "insert into profile_files (college_id, user_id, kind, storage_key, version) "
            "values ($1, $2, 'image', $3, repeat('0', 32))",
            rider.college_id,
            rider.id,
            key,
        )
        deletion = asyncio.create_task(leave(rider))
        await until_waiting_for_locks(db, 1)
    assert (await deletion).status_code == 204
    assert not await db.fetchval("select count(*) from profile_files where user_id = $1", rider.id)


async def test_what_is_told_too_late_is_not_kept(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider = await sign_up()
    mark = f"mark{secrets.token_hex(4)}"
    deleted, answers = await held_at_the_end(
        rider,
        db,
        rider.call("PUT", ME, json={"full_name": mark, "bio": mark}),
        rider.call("POST", "/api/pool/requests", json=ride(note=mark, start_name=mark)),
        rider.call("POST", "/api/safety/sos", json={"note": mark}),
        rider.client.post(
            "/api/auth/login", json={"email": rider.email, "password": rider.password}
        ),
    )
    assert deleted.status_code == 204
    assert [each.status_code < 500 for each in answers] == [True] * 4
    assert all(each.status_code in (401, 403, 404, 409) for each in answers)
    assert await everything_that_says(db, mark) == []
    assert not await db.fetchval(
        "select count(*) from sessions where user_id = $1 and ended_at is null", rider.id
    )


async def test_a_message_that_comes_too_late_is_not_kept(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    mark = f"mark{secrets.token_hex(4)}"
    pool = await live_a_little(rider, fellow, await sign_up("moderator"), "Asha")
    chat = await db.fetchval("select conversation_id from conversations where pool_id = $1", pool)
    deleted, answers = await held_at_the_end(
        rider,
        db,
        *(
            rider.call("POST", "/api/chat/messages", json={**where, "content": mark})
            for where in ({"receiver_id": fellow.id}, {"conversation_id": chat})
        ),
    )
    assert deleted.status_code == 204
    assert [each.status_code for each in answers] == [409, 409]
    assert await everything_that_says(db, mark) == []


async def test_the_last_traces_of_sessions_go_when_no_token_can_name_them(
    sign_up: SignUp, server: Server, db: asyncpg.Connection
) -> None:
    rider, other = await sign_up(), await sign_up()
    await done(leave(rider))
    database: Database = server.app.ctx.resources[Database]

    async def kept() -> int:
        async with database.transaction() as transaction:
            await forget_former_riders(transaction)
        number: int = await db.fetchval(
            "select count(*) from sessions where user_id = $1", rider.id
        )
        return number

    assert await kept() == 1
    await db.execute(
        "update users set deleted_at = now() - interval '49 hours' where user_id = $1", rider.id
    )
    assert await kept() == 0
    assert (await other.call("GET", ME)).status_code == 200


async def test_deleting_needs_an_account(campus: Campus) -> None:
    answer = await campus.client.request("DELETE", ME, json={"password": "x"})
    assert answer.status_code == 401
