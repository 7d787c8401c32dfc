"""The alarm: recorded, told to those who can help, and never refused."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.conftest import Server, SignUp, StartServer
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import heard_by
from tests.safety.conftest import Pair, mails_to
from tests.waiting import until_waiting_for_locks
from tripsync.database import Database
from tripsync.safety.api_alarms import (
    ALARM_TO_CONTACT,
    ALARM_TO_MODERATOR,
    MOST_MAILED_IN_AN_HOUR,
)

SOS = "/api/safety/sos"
HERE = {"latitude": 19.08, "longitude": 72.85}


async def alarm(rider: Rider, **body: object) -> dict[str, Any]:
    answer = await rider.call("POST", SOS, json=body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def name_contact(rider: Rider, **changes: object) -> str:
    """Gives the rider an emergency contact; its address."""
    address = f"meera.{rider.id}@family.in"
    contact = {
        "name": "Meera Rao",
        "phone_number": "+919820054321",
        "email": address,
        **changes,
    }
    body = {"emergency_contact": contact, "phone_number": "+919820012345"}
    answer = await rider.call("PUT", "/api/profile/me", json=body)
    assert answer.status_code == 200, answer.text
    return address


async def alarms_of(db: asyncpg.Connection, rider: Rider) -> list[tuple[Any, ...]]:
    rows = await db.fetch(
        "select position::text, note from alarms where user_id = $1 order by alarm_id", rider.id
    )
    return [tuple(row) for row in rows]


def some_minutes_ago(db: asyncpg.Connection, rider: Rider, minutes: int = 2) -> Any:
    return db.execute(
        "update alarms set raised_at = raised_at - make_interval(mins => $1) where user_id = $2",
        minutes,
        rider.id,
    )


async def test_an_alarm_reaches_contact_and_moderators(
    pair: Pair, sign_up: SignUp, db: asyncpg.Connection, data_dir: Path
) -> None:
    asha, _ = pair
    moderator, admin = await sign_up("moderator"), await sign_up("admin")
    student = await sign_up()
    contact = await name_contact(asha)
    raised = await alarm(asha, **HERE, note=" The driver does not stop. ")
    assert {name: raised[name] for name in HERE} == HERE
    assert raised["note"] == "The driver does not stop."
    assert raised["emergency_contact"] == "mailed"
    assert raised["moderators_told"] == 2
    assert "Meera Rao is told by mail. 2 moderators of your college are told." in raised["message"]
    for address in (contact, moderator.email, admin.email):
        [text] = await mails_to(data_dir / "mail", address)
        assert "Asha Rao" in text
        assert "The driver does not stop." in text
        assert "19.08, 72.85" in text
        assert "+919820012345" in text
    for staff in (moderator, admin):
        [(kind, payload)] = await heard_by(db, staff)
        assert kind == "sos"
        assert payload.pop("raised_at")
        assert payload == {
            "sos_id": raised["id"],
            "rider": {"id": asha.id, "full_name": "Asha Rao", "phone_number": "+919820012345"},
            **HERE,
            "note": "The driver does not stop.",
        }
    assert await heard_by(db, student) == []


async def test_an_alarm_needs_no_word_and_no_ride(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider = await sign_up()
    raised = await alarm(rider)
    assert raised["latitude"] is None
    assert raised["emergency_contact"] == "none"
    assert raised["moderators_told"] == 0
    assert "You have named no emergency contact." in raised["message"]
    assert "no moderators" in raised["message"]
    assert await alarms_of(db, rider) == [(None, "")]


async def test_a_contact_without_an_address_has_to_be_called(sign_up: SignUp) -> None:
    rider = await sign_up()
    await name_contact(rider, email=None)
    raised = await alarm(rider)
    assert raised["emergency_contact"] == "not_reachable"
    assert "We cannot call Meera Rao: call +919820054321 yourself." in raised["message"]


async def test_an_alarm_again_within_a_minute_adds_to_the_first(
    sign_up: SignUp, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider, moderator = await sign_up(), await sign_up("moderator")
    first = await alarm(rider, note="Help")
    # A mail tells what is known when it is sent.
    await mails_to(data_dir / "mail", moderator.email)
    second = await alarm(rider, **HERE)
    await mails_to(data_dir / "mail", moderator.email, 2)
    third = await alarm(rider, latitude=19.09, longitude=72.86, note="Red car")
    assert first["id"] == second["id"] == third["id"]
    assert second["note"] == "Help"
    assert await alarms_of(db, rider) == [("(72.86,19.09)", "Red car")]
    heard = await heard_by(db, moderator)
    assert [payload["latitude"] for _, payload in heard] == [None, 19.08, 19.09]
    assert {payload["sos_id"] for _, payload in heard} == {first["id"]}
    # One for the alarm, one for its first position; the third brings no news by mail.
    fourth = await alarm_after_a_while(rider, db)
    assert fourth["id"] != first["id"]
    mails = await mails_to(data_dir / "mail", moderator.email, 3)
    assert len(mails) == 3
    assert ["19.08" in text for text in mails] == [False, True, False]


async def alarm_after_a_while(rider: Rider, db: asyncpg.Connection) -> dict[str, Any]:
    await some_minutes_ago(db, rider)
    return await alarm(rider, note="Again")


async def test_alarms_of_one_moment_are_one(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider, moderator = await sign_up(), await sign_up("moderator")
    async with db.transaction():
        await db.fetchval("select 1 from users where user_id = $1 for no key update", rider.id)
        calls = [asyncio.create_task(alarm(rider, **HERE)) for _ in range(4)]
        await until_waiting_for_locks(db, 2)
    assert len({(await each)["id"] for each in calls}) == 1
    assert len(await alarms_of(db, rider)) == 1
    assert len(await heard_by(db, moderator)) == 4


async def test_no_alarm_is_one_too_many_but_mails_are(
    start_server: StartServer, sign_up: SignUp, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider, moderator = await sign_up(), await sign_up("moderator")
    limited = await start_server(rate_limits="on")
    async with limited.client(headers=rider.headers) as client:
        for number in range(MOST_MAILED_IN_AN_HOUR + 3):
            answer = await client.post(SOS, json={"note": f"number {number}"})
            assert answer.status_code == 201
            await some_minutes_ago(db, rider)
    assert len(await alarms_of(db, rider)) == MOST_MAILED_IN_AN_HOUR + 3
    assert len(await heard_by(db, moderator)) == MOST_MAILED_IN_AN_HOUR + 3
    await some_minutes_ago(db, rider, 60)
    await alarm(rider, note="an hour later")
    mails = await mails_to(data_dir / "mail", moderator.email, MOST_MAILED_IN_AN_HOUR + 1)
    assert len(mails) == MOST_MAILED_IN_AN_HOUR + 1
    assert sum("an hour later" in each for each in mails) == 1


async def test_a_retry_with_the_same_key_is_the_same_alarm(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, moderator = await sign_up(), await sign_up("moderator")
    calls = [
        rider.call("POST", SOS, json=HERE, headers={"Idempotency-Key": "one press"})
        for _ in range(3)
    ]
    answers = await asyncio.gather(*calls)
    assert {each.status_code for each in answers} == {201}
    assert len({each.text for each in answers}) == 1
    assert len(await heard_by(db, moderator)) == 1
    other = await rider.call("POST", SOS, json={}, headers={"Idempotency-Key": "one press"})
    assert other.status_code == 422


async def test_a_strange_name_stops_no_mail(
    sign_up: SignUp, data_dir: Path, db: asyncpg.Connection
) -> None:
    """One from before such names were refused."""
    rider = await sign_up()
    await db.execute(
        "update users set full_name = $2 where user_id = $1",
        rider.id,
        "Asha\u2028Bcc: all@example.in",
    )
    moderator = await sign_up("moderator")
    await alarm(rider)
    [text] = await mails_to(data_dir / "mail", moderator.email)
    assert "Bcc" not in text.partition("\n\n")[0]


async def test_an_alarm_is_told_to_nobody_of_another_college(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, stranger = await sign_up(), await sign_up("moderator", college_name="VJTI")
    before = await heard_by(db, stranger)
    assert (await alarm(rider))["moderators_told"] == 0
    assert await heard_by(db, stranger) == before


async def test_a_banned_moderator_is_not_told(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider, moderator = await sign_up(), await sign_up("moderator")
    await db.execute("update users set banned_at = now() where user_id = $1", moderator.id)
    assert (await alarm(rider))["moderators_told"] == 0
    assert (await moderator.call("GET", SOS)).status_code in (401, 404)


@pytest.mark.parametrize(
    "body",
    [
        {"latitude": 19.08},
        {"longitude": 72.85},
        {"latitude": -90.1, "longitude": 0},
        {"latitude": 0, "longitude": 181},
        {"note": "x" * 501},
        {"note": "a\u0007bell"},
        {"pool_id": 3},
    ],
)
async def test_an_alarm_is_made_of_sane_input(
    campus: Campus, db: asyncpg.Connection, body: dict[str, object]
) -> None:
    rider = await campus.sign_up()
    assert (await rider.call("POST", SOS, json=body)).status_code == 422
    assert await alarms_of(db, rider) == []


async def test_moderators_read_the_alarms_of_their_college(pair: Pair, sign_up: SignUp) -> None:
    asha, dev = pair
    moderator = await sign_up("moderator", full_name="Meera Moderator")
    assert (await moderator.call("GET", SOS)).json() == {"items": [], "next_cursor": None}
    pool = (await asha.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    first, second = await alarm(asha, **HERE), await alarm(dev)
    page = (await moderator.call("GET", f"{SOS}?limit=1")).json()
    assert [each["id"] for each in page["items"]] == [second["id"]]
    rest = (await moderator.call("GET", f"{SOS}?limit=9&cursor={page['next_cursor']}")).json()
    [shown] = rest["items"]
    assert shown["id"] == first["id"]
    assert shown["rider"] == {"id": asha.id, "full_name": "Asha Rao", "phone_number": None}
    assert {name: shown[name] for name in HERE} == HERE
    assert shown["pool_id"] == pool
    assert (shown["status"], shown["resolved_by"]) == ("open", None)
    skipped = (await moderator.call("GET", f"{SOS}?skip=1")).json()["items"]
    assert [each["id"] for each in skipped] == [first["id"]]


async def test_an_alarm_is_resolved_once_and_its_rider_is_told(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    moderator = await sign_up("moderator", full_name="Meera Moderator")
    raised = await alarm(rider)
    path = f"{SOS}/{raised['id']}/resolve"
    answer = await moderator.call("POST", path, json={"resolution": " She is home. "})
    assert answer.status_code == 200, answer.text
    resolved = answer.json()
    assert resolved["status"] == "resolved"
    assert resolved["resolution"] == "She is home."
    assert resolved["resolved_by"] == {"id": moderator.id, "full_name": "Meera Moderator"}
    assert await heard_by(db, rider) == [("sos_resolved", {"sos_id": raised["id"]})]
    again = await moderator.call("POST", path, json={"resolution": "Again"})
    assert again.status_code == 409
    assert again.json()["code"] == "alarm_resolved"
    for status, ids in (("open", []), ("resolved", [raised["id"]])):
        listed = (await moderator.call("GET", f"{SOS}?status={status}")).json()["items"]
        assert [each["id"] for each in listed] == ids


async def test_an_alarm_after_a_resolved_one_is_new(sign_up: SignUp) -> None:
    rider, moderator = await sign_up(), await sign_up("moderator")
    first = await alarm(rider)
    await moderator.call("POST", f"{SOS}/{first['id']}/resolve", json={"resolution": "Done"})
    assert (await alarm(rider))["id"] != first["id"]


async def test_of_two_who_resolve_at_once_one_does(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider = await sign_up()
    staff = [await sign_up("moderator"), await sign_up("admin")]
    raised = await alarm(rider)
    async with db.transaction():
        await db.fetchval("select 1 from alarms where alarm_id = $1 for update", raised["id"])
        path = f"{SOS}/{raised['id']}/resolve"
        calls = [
            asyncio.create_task(each.call("POST", path, json={"resolution": "Done"}))
            for each in staff
        ]
        await until_waiting_for_locks(db, 2)
    assert sorted([(await each).status_code for each in calls]) == [200, 409]
    assert len(await heard_by(db, rider)) == 1


@pytest.mark.parametrize(
    ("role", "changes"),
    [
        ("student", {}),
        ("student", {"college_name": "VJTI"}),
        ("moderator", {"college_name": "VJTI"}),
        ("admin", {"college_name": "VJTI"}),
    ],
    ids=["a student", "a stranger", "a foreign moderator", "a foreign admin"],
)
async def test_an_alarm_is_nobody_elses_business(
    sign_up: SignUp, db: asyncpg.Connection, role: str, changes: dict[str, str]
) -> None:
    rider, other = await sign_up(), await sign_up(role, **changes)
    raised = await alarm(rider, **HERE)
    listed = await other.call("GET", SOS)
    if role == "student":
        assert listed.status_code == 404
    else:
        assert raised["id"] not in [each["id"] for each in listed.json()["items"]]
    path = f"{SOS}/{raised['id']}/resolve"
    refused = await other.call("POST", path, json={"resolution": "Mine"})
    assert refused.status_code == 404
    assert refused.json()["code"] == "no_alarm"
    assert not await db.fetchval("select resolved_at from alarms where alarm_id = $1", raised["id"])


async def test_whoever_raised_an_alarm_does_not_resolve_it(sign_up: SignUp) -> None:
    rider = await sign_up()
    raised = await alarm(rider)
    answer = await rider.call(
        "POST", f"{SOS}/{raised['id']}/resolve", json={"resolution": "I am fine"}
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"resolution": " "}, {"resolution": "x" * 1001}, {"resolution": "x", "by": 1}]
)
async def test_a_resolution_says_something(sign_up: SignUp, body: dict[str, object]) -> None:
    moderator = await sign_up("moderator")
    answer = await moderator.call("POST", f"{SOS}/1/resolve", json=body)
    assert answer.status_code == 422


async def test_a_letter_tells_of_its_own_alarm_and_of_none_that_is_over(
    sign_up: SignUp, db: asyncpg.Connection, server: Server
) -> None:
    others = await sign_up()
    await name_contact(others)
    await alarm(others)
    rider, moderator = await sign_up(), await sign_up("moderator")
    await sign_up("moderator")
    contact = await name_contact(rider)
    raised = await alarm(rider)
    own = {"college_id": rider.college_id, "alarm_id": raised["id"]}
    database = server.app.ctx.resources[Database]

    async def letters() -> list[tuple[str, int] | None]:
        async with database.transaction() as transaction:
            found = [
                await ALARM_TO_CONTACT.find(transaction, **own),
                await ALARM_TO_MODERATOR.find(transaction, **own, moderator_id=moderator.id),
                await ALARM_TO_MODERATOR.find(transaction, **own, moderator_id=others.id),
            ]
        return [each and (each["to"], each["alarm"]["id"]) for each in found]

    assert await letters() == [(contact, raised["id"]), (moderator.email, raised["id"]), None]
    await db.execute(
        "update alarms set resolved_at = now(), resolved_by = $2, resolution = 'All is well.'"
        " where alarm_id = $1",
        raised["id"],
        moderator.id,
    )
    assert await letters() == [None, None, None]


@pytest.mark.parametrize("address", ["meera", "meera@", "a@b@c.in", "meera@x.in, dev@x.in"])
async def test_a_contact_has_an_address_that_can_be_written_to(
    campus: Campus, address: str
) -> None:
    contact = {"name": "Meera", "phone_number": "+919820054321", "email": address}
    rider = await campus.sign_up()
    answer = await rider.call("PUT", "/api/profile/me", json={"emergency_contact": contact})
    assert answer.status_code == 422
    assert "must be an email address" in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path"), [("POST", SOS), ("GET", SOS)])
async def test_alarms_need_an_account(campus: Campus, method: str, path: str) -> None:
    assert (await campus.client.request(method, path, json={})).status_code == 401
