"""New passwords end every session, and only the owner gets one."""

import asyncio

import asyncpg

from tests.people import PASSWORD, Campus, Rider, new_email
from tests.waiting import until_waiting_for_locks

NEW = "a heron above the weir"
PATH = "/api/auth/password"


async def change(rider: Rider, current: str, new: str):  # type: ignore[no-untyped-def]
    return await rider.call("PUT", PATH, json={"current_password": current, "new_password": new})


async def forgotten(campus: Campus, email: str) -> str:
    answer = await campus.client.post(f"{PATH}/forgotten", json={"email": email})
    assert answer.status_code == 202
    return await campus.mailed_code(email, "A new password")


async def signs_in_with(rider: Rider, password: str) -> bool:
    answer = await rider.client.post(
        "/api/auth/login", json={"email": rider.email, "password": password}
    )
    return answer.status_code == 200


async def test_changing_it_signs_out_everywhere_and_in_again_here(campus: Campus) -> None:
    rider = await campus.sign_up()
    phone = await rider.on_another_device()
    answer = await change(rider, PASSWORD, NEW)
    assert answer.status_code == 200
    for device in (rider, phone):
        assert (await device.call("GET", "/api/auth/sessions")).status_code == 401
    rider.access_token = answer.json()["access_token"]
    assert (await rider.call("GET", "/api/auth/sessions")).status_code == 200
    assert await signs_in_with(rider, NEW)
    assert not await signs_in_with(rider, PASSWORD)


async def test_it_takes_the_current_one(campus: Campus) -> None:
    rider = await campus.sign_up()
    for wrong in ("wrong one", "", "x" * 100):
        answer = await change(rider, wrong, NEW)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert (await change(rider, PASSWORD, "x" * 73)).status_code == 422
    assert (await rider.call("GET", "/api/auth/sessions")).status_code == 200
    assert await signs_in_with(rider, PASSWORD)


async def test_two_changes_at_once_leave_one_password(campus: Campus) -> None:
    rider = await campus.sign_up()
    answers = await asyncio.gather(
        change(rider, PASSWORD, NEW), change(rider, PASSWORD, NEW + " too")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 403]
    winner = NEW if answers[0].status_code == 200 else NEW + " too"
    assert await signs_in_with(rider, winner)


async def test_a_sign_in_while_it_changes_opens_nothing(
    campus: Campus, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    async with db.transaction():
        await db.execute("update users set password_hash = 'another' where user_id = $1", rider.id)
        signing_in = asyncio.create_task(signs_in_with(rider, PASSWORD))
        await until_waiting_for_locks(db)
    assert not await signing_in
    assert not await db.fetchval(
        "select count(*) from sessions where user_id = $1 and ended_at is null", rider.id
    )


async def test_a_forgotten_one_is_replaced_by_mail(campus: Campus) -> None:
    rider = await campus.sign_up()
    code = await forgotten(campus, rider.email)
    body = {"code": code, "password": NEW}
    assert (await campus.client.post(f"{PATH}/reset", json=body)).status_code == 200
    assert (await rider.call("GET", "/api/auth/sessions")).status_code == 401
    assert await signs_in_with(rider, NEW)
    again = await campus.client.post(f"{PATH}/reset", json=body)
    assert (again.status_code, again.json()["code"]) == (422, "useless_code")


async def test_a_new_password_is_that_of_one_rider_alone(campus: Campus) -> None:
    rider, fellow = await campus.sign_up(), await campus.sign_up()
    code = await forgotten(campus, rider.email)
    body = {"code": code, "password": NEW}
    assert (await campus.client.post(f"{PATH}/reset", json=body)).status_code == 200
    assert (await fellow.call("GET", "/api/auth/sessions")).status_code == 200
    assert await signs_in_with(fellow, fellow.password)
    assert not await signs_in_with(fellow, NEW)


async def test_whether_an_account_exists_is_not_told(campus: Campus) -> None:
    rider = await campus.sign_up()
    known = await campus.client.post(f"{PATH}/forgotten", json={"email": rider.email})
    unknown = await campus.client.post(f"{PATH}/forgotten", json={"email": new_email()})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


async def test_one_kind_of_code_does_not_do_for_the_other(campus: Campus) -> None:
    rider = await campus.sign_up()
    code = await campus.mailed_code(rider.email, "Confirm your address")
    body = {"code": code, "password": NEW}
    assert (await campus.client.post(f"{PATH}/reset", json=body)).status_code == 422
    reset = await forgotten(campus, rider.email)
    answer = await campus.client.post("/api/auth/email/verify", json={"code": reset})
    assert answer.status_code == 422


async def test_of_ten_at_once_one_spends_the_code(campus: Campus) -> None:
    rider = await campus.sign_up()
    code = await forgotten(campus, rider.email)
    answers = await asyncio.gather(
        *(
            campus.client.post(f"{PATH}/reset", json={"code": code, "password": f"{NEW} {at}"})
            for at in range(10)
        )
    )
    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(422)) == (1, 9)
    assert await signs_in_with(rider, f"{NEW} {codes.index(200)}")


async def test_a_code_is_not_kept_as_it_is(campus: Campus, db: asyncpg.Connection) -> None:
    rider = await campus.sign_up()
    code = await forgotten(campus, rider.email)
    rows = await db.fetch("select * from mailed_codes where user_id = $1", rider.id)
    assert rows
    assert code not in str([dict(row) for row in rows])


async def test_the_banned_get_no_mail(campus: Campus, db: asyncpg.Connection) -> None:
    rider = await campus.sign_up()
    await db.execute("update users set banned_at = now() where user_id = $1", rider.id)
    await campus.client.post(f"{PATH}/forgotten", json={"email": rider.email})
    assert not await db.fetchval(
        "select count(*) from mailed_codes where user_id = $1 and purpose = 'reset_password'",
        rider.id,
    )
