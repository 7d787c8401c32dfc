"""Signing up: one account for one address, at a college that takes it."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from tests.people import PASSWORD, Campus, new_email
from tests.waiting import until

KNOWN = [
    "DJSCE",
    "SPIT",
    "VJTI",
    "KJ SOMAIYA COLLEGE OF ENGINEERING",
    "THAKUR COLLEGE OF ENGINEERING",
    "ST. FRANCIS COLLEGE OF ENGINEERING",
]


@pytest.fixture
async def strict_college(db: asyncpg.Connection) -> str:
    """A college that takes addresses of its own domain only."""
    await db.execute(
        "insert into colleges (name, email_domains, place, time_zone) "
        "values ('Strict College', '{strict.example}', point(0, 0), 'UTC') on conflict do nothing"
    )
    return "Strict College"


async def test_the_answer_is_the_contract(campus: Campus, db: asyncpg.Connection) -> None:
    email = new_email()
    answer = await campus.register(email=email, full_name="Asha Rao")
    assert answer.status_code == 201
    user = await db.fetchrow("select user_id, college_id from users where email = $1", email)
    assert answer.json() == {
        "id": user["user_id"],
        "email": email,
        "full_name": "Asha Rao",
        "college_id": user["college_id"],
    }


@pytest.mark.parametrize("college_name", KNOWN)
async def test_every_college_of_the_app_is_there(campus: Campus, college_name: str) -> None:
    assert (await campus.register(college_name=college_name)).status_code == 201


async def test_a_college_is_found_in_any_case(campus: Campus) -> None:
    assert (await campus.register(college_name=" vjti ")).status_code == 201


async def test_an_unknown_college_is_told_the_known_ones(campus: Campus) -> None:
    answer = await campus.register(college_name="Hogwarts")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_college")
    assert all(name in answer.json()["detail"] for name in KNOWN)
    assert answer.json()["errors"][0]["field"] == "college_name"


async def test_an_address_signs_up_once(campus: Campus) -> None:
    rider = await campus.sign_up()
    answer = await campus.register(email=rider.email)
    assert (answer.status_code, answer.json()["detail"]) == (400, "Email already registered")
    assert [each["field"] for each in answer.json()["errors"]] == ["email"]


@pytest.mark.parametrize(
    "trick", [str.upper, str.title, lambda email: f"  {email} ", lambda email: email + "\n"]
)
async def test_no_spelling_makes_a_second_account(campus: Campus, trick: Any) -> None:
    rider = await campus.sign_up()
    answer = await campus.register(email=trick(rider.email))
    assert answer.status_code == 400


@pytest.mark.parametrize("domain", ["dj\uff53ce.example", "DJSCE\u3002example"])
async def test_wide_letters_make_no_second_account(campus: Campus, domain: str) -> None:
    rider = await campus.sign_up()
    local = rider.email.partition("@")[0]
    assert (await campus.register(email=f"{local}@{domain}")).status_code == 400


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "a@b",
        "@djsce.example",
        "a@@djsce.example",
        "a b@djsce.example",
        "a@[127.0.0.1]",
        "\u0430sha@djsce.example",
        "a" * 65 + "@djsce.example",
        "a@" + "b" * 250 + ".example",
        "a@djsce.example\r\nBcc: all@djsce.example",
        "Asha <a@djsce.example>",
        "a\0@djsce.example",
        7,
        None,
        ["a@djsce.example"],
    ],
)
async def test_what_is_no_address_is_refused(campus: Campus, email: object) -> None:
    answer = await campus.register(email=email)
    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short77",
        "x" * 73,
        "\u00e9" * 37,
        "pass\0word",
        "password1",
        "12345678",
        "QWERTYUIOP",
        8,
    ],
)
async def test_passwords_that_will_not_do(
    campus: Campus, db: asyncpg.Connection, password: object
) -> None:
    email = new_email()
    answer = await campus.register(email=email, password=password)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "password"
    assert not await db.fetchval("select count(*) from users where email = $1", email)


@pytest.mark.parametrize(
    "password", ["x1" * 36, "\u00e9" * 36, "8 birds!", "all lower case", "        8 blanks"]
)
async def test_passwords_that_will_do(campus: Campus, password: str) -> None:
    rider = await campus.sign_up(password=password)
    assert rider.access_token


async def test_a_password_is_kept_as_a_bcrypt_hash_only(
    campus: Campus, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    row = await db.fetchrow("select * from users where user_id = $1", rider.id)
    assert row["password_hash"].startswith("$2b$04$")
    assert PASSWORD not in str(dict(row))


async def test_two_at_the_same_moment_make_one_account(campus: Campus) -> None:
    for _ in range(5):
        email = new_email()
        answers = await asyncio.gather(
            campus.register(email=email), campus.register(email=email.upper())
        )
        assert sorted(answer.status_code for answer in answers) == [201, 400]


@pytest.mark.parametrize(
    ("email", "status"),
    [
        ("asha{}@strict.example", 201),
        ("asha{}@cs.strict.example", 201),
        ("asha{}@STRICT.example", 201),
        ("asha{}@notstrict.example", 422),
        ("asha{}@strict.example.evil.example", 422),
        ("asha{}@example", 422),
    ],
)
async def test_a_college_with_domains_takes_only_those(
    campus: Campus, strict_college: str, email: str, status: int
) -> None:
    unique = new_email().partition("@")[0]
    answer = await campus.register(email=email.format(unique), college_name=strict_college)
    assert answer.status_code == status
    if status == 422 and "." in email.partition("@")[2]:
        assert answer.json()["code"] == "foreign_address"
        assert "strict.example" in answer.json()["detail"]


async def test_the_mailed_code_confirms_the_address_once(
    campus: Campus, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    code = await campus.mailed_code(rider.email, "Confirm your address")
    verify = {"code": code}
    wrong = await campus.client.post("/api/auth/email/verify", json={"code": code[:-1] + "_"})
    first = await campus.client.post("/api/auth/email/verify", json=verify)
    second = await campus.client.post("/api/auth/email/verify", json=verify)
    assert (wrong.status_code, first.status_code, second.status_code) == (422, 200, 422)
    assert second.json()["code"] == "useless_code"
    assert await db.fetchval("select verified_at from users where user_id = $1", rider.id)


async def test_a_code_grows_old(campus: Campus, db: asyncpg.Connection) -> None:
    rider = await campus.sign_up()
    code = await campus.mailed_code(rider.email, "Confirm your address")
    await db.execute("update mailed_codes set expires_at = now() where user_id = $1", rider.id)
    answer = await campus.client.post("/api/auth/email/verify", json={"code": code})
    assert answer.status_code == 422


async def test_a_second_mail_replaces_the_first(campus: Campus) -> None:
    rider = await campus.sign_up()
    first = await campus.mailed_code(rider.email, "Confirm your address")
    assert (await rider.call("POST", "/api/auth/email/verification")).status_code == 202

    async def another() -> str | None:
        code = await campus.mailed_code(rider.email, "Confirm your address")
        return code if code != first else None

    second = await until(another)
    outdated = await campus.client.post("/api/auth/email/verify", json={"code": first})
    current = await campus.client.post("/api/auth/email/verify", json={"code": second})
    assert (outdated.status_code, current.status_code) == (422, 200)


async def test_a_refused_sign_up_mails_nobody(campus: Campus, client: httpx.AsyncClient) -> None:
    rider = await campus.sign_up()
    await campus.mailed_code(rider.email, "Confirm your address")
    before = set(campus.mail_folder.glob("*.eml"))
    assert (await campus.register(email=rider.email)).status_code == 400
    another = await campus.sign_up()
    await campus.mailed_code(another.email, "Confirm your address")
    fresh = set(campus.mail_folder.glob("*.eml")) - before
    assert all(rider.email not in file.read_text() for file in fresh)


async def test_mails_are_for_their_owner_only(campus: Campus) -> None:
    rider = await campus.sign_up()
    await campus.mailed_code(rider.email, "Confirm your address")
    assert campus.mail_folder.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in campus.mail_folder.glob("*.eml"))
