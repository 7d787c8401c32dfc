"""A POST that creates something may be sent twice, and creates it once."""

import asyncio

import asyncpg
import pytest

from tests.people import Campus, new_email


async def register_with_key(campus: Campus, key: str, **changes: object):  # type: ignore[no-untyped-def]
    body = {
        "email": new_email(),
        "full_name": "Asha Rao",
        "password": "four sparrows on a tram",
        "college_name": "DJSCE",
        **changes,
    }
    return await campus.client.post(
        "/api/auth/register", json=body, headers={"Idempotency-Key": key}
    )


async def test_same_key_and_body_get_the_same_answer(campus: Campus) -> None:
    email = new_email()
    first = await register_with_key(campus, "same", email=email)
    second = await register_with_key(campus, "same", email=email)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


async def test_same_key_with_another_body_is_refused(
    campus: Campus, db: asyncpg.Connection
) -> None:
    other = new_email()
    await register_with_key(campus, "other body")
    answer = await register_with_key(campus, "other body", email=other)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert not await db.fetchval("select count(*) from users where email = $1", other)


async def test_ten_at_once_create_one(campus: Campus) -> None:
    email = new_email()
    answers = await asyncio.gather(
        *(register_with_key(campus, "ten", email=email) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1


async def test_a_failed_request_leaves_the_key_free(campus: Campus) -> None:
    taken = (await campus.sign_up()).email
    assert (await register_with_key(campus, "free", email=taken)).status_code == 400
    assert (await register_with_key(campus, "free")).status_code == 201


async def test_a_key_is_forgotten_after_a_day(campus: Campus, db: asyncpg.Connection) -> None:
    assert (await register_with_key(campus, "yesterday")).status_code == 201
    await db.execute(
        "update idempotency_keys set created_at = now() - interval '25 hours' where key = $1",
        "yesterday",
    )
    again = await register_with_key(campus, "yesterday")
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers


async def test_what_is_kept_does_not_tell_the_password(
    campus: Campus, db: asyncpg.Connection
) -> None:
    await register_with_key(campus, "quiet")
    row = await db.fetchrow("select * from idempotency_keys where key = 'quiet'")
    assert b"sparrows" not in row["answer"]
    assert len(row["fingerprint"]) == 32


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_absurd_keys_are_refused(campus: Campus, key: str) -> None:
    assert (await register_with_key(campus, key)).status_code == 422
