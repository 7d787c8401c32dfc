"""One's own profile: the contract of the mobile app, and the bounds of every field."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from tests.people import Campus, Rider
from tests.profiles.sample import EVERYTHING, ME, NO_REVIEWS, change
from tripsync.database.migrations import known_migrations, migrate, roll_back


async def profile(rider: Rider) -> dict[str, Any]:
    answer = await rider.call("GET", ME)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_new_rider_has_an_empty_profile(campus: Campus) -> None:
    rider = await campus.sign_up(full_name="Asha Rao")
    assert await profile(rider) == {
        **dict.fromkeys(EVERYTHING),
        "id": rider.id,
        "full_name": "Asha Rao",
        "email": rider.email,
        "college_name": "DJSCE",
        "username": None,
        "reviews": NO_REVIEWS,
        "profile_image_url": None,
        "has_resume": False,
    }


async def test_every_field_can_be_set_and_is_answered_as_it_is_read(campus: Campus) -> None:
    rider = await campus.sign_up()
    before = await profile(rider)
    answer = await change(rider, **EVERYTHING, username=f"asha.{rider.id}")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {**before, **EVERYTHING, "username": f"asha.{rider.id}"}
    assert answer.json() == await profile(rider)


async def test_a_profile_is_ones_own(campus: Campus) -> None:
    asha, dev = await campus.sign_up(), await campus.sign_up()
    await change(asha, **EVERYTHING)
    assert (await profile(dev))["bio"] is None


async def test_without_a_token_there_is_no_profile(client: httpx.AsyncClient) -> None:
    for method in ("GET", "PUT"):
        answer = await client.request(method, ME, json={})
        assert (answer.status_code, answer.json()["detail"]) == (
            401,
            "Could not validate credentials",
        )


@pytest.mark.parametrize("field", EVERYTHING)
async def test_a_change_of_one_field_leaves_the_others(campus: Campus, field: str) -> None:
    rider = await campus.sign_up()
    empty = await profile(rider)
    assert (await change(rider, **{field: EVERYTHING[field]})).status_code == 200
    assert await profile(rider) == {**empty, field: EVERYTHING[field]}


async def test_a_change_of_nothing_changes_nothing(campus: Campus) -> None:
    rider = await campus.sign_up()
    await change(rider, **EVERYTHING)
    before = await profile(rider)
    answer = await change(rider)
    assert (answer.status_code, answer.json()) == (200, before)


@pytest.mark.parametrize("field", sorted({*EVERYTHING, "username"} - {"full_name"}))
async def test_null_clears_a_field_and_no_other(campus: Campus, field: str) -> None:
    rider = await campus.sign_up()
    await change(rider, **EVERYTHING, username=f"asha.{rider.id}")
    before = await profile(rider)
    assert before[field] is not None
    assert (await change(rider, **{field: None})).json() == {**before, field: None}


@pytest.mark.parametrize(
    "field", ["username", "phone_number", "bio", "year_of_study", "major", "college_unit"]
)
async def test_blank_text_clears_a_field_as_null_does(campus: Campus, field: str) -> None:
    rider = await campus.sign_up()
    await change(rider, **EVERYTHING, username=f"asha.{rider.id}")
    assert (await change(rider, **{field: "  "})).json()[field] is None


async def test_a_name_cannot_be_cleared(campus: Campus) -> None:
    rider = await campus.sign_up(full_name="Asha Rao")
    for nothing in (None, "", "  "):
        assert (await change(rider, full_name=nothing)).status_code == 422
    assert (await profile(rider))["full_name"] == "Asha Rao"


async def test_an_object_is_replaced_as_a_whole(campus: Campus) -> None:
    rider = await campus.sign_up()
    await change(rider, **EVERYTHING)
    answer = await change(rider, social_media_links={"x": "https://x.com/rao", "github": ""})
    assert answer.json()["social_media_links"] == {"x": "https://x.com/rao"}
    assert (await change(rider, social_media_links={})).json()["social_media_links"] is None


@pytest.mark.parametrize(
    ("fields", "named", "words"),
    [
        ({"full_name": "x" * 201}, "full_name", "at most 200 characters"),
        ({"full_name": "a\nb"}, "full_name", "one line"),
        ({"full_name": 5}, "full_name", "must be text"),
        ({"username": "as"}, "username", "3 to 30"),
        ({"username": "x" * 31}, "username", "3 to 30"),
        ({"username": ".asha"}, "username", "begin with"),
        ({"username": "asha rao"}, "username", "3 to 30"),
        ({"username": "\u0430sha"}, "username", "3 to 30"),
        ({"username": "asha\nrao"}, "username", "3 to 30"),
        ({"username": 12345}, "username", "must be text"),
        ({"phone_number": "12"}, "phone_number", "telephone number"),
        ({"phone_number": "call me"}, "phone_number", "telephone number"),
        ({"phone_number": "+999 1234567"}, "phone_number", "telephone number"),
        ({"phone_number": "+91 98200 12345 ext. 5"}, "phone_number", "telephone number"),
        ({"phone_number": "9" * 41}, "phone_number", "at most 40"),
        ({"phone_number": 9820012345}, "phone_number", "must be text"),
        ({"bio": "x" * 1001}, "bio", "at most 1000 characters"),
        ({"bio": "a\u0007b"}, "bio", "control characters"),
        ({"bio": "a\u0000b"}, "bio", "NUL"),
        ({"bio": ["a"]}, "bio", "must be text"),
        ({"year_of_study": "x" * 41}, "year_of_study", "at most 40"),
        ({"year_of_study": 3}, "year_of_study", "must be text"),
        ({"year_of_study": "a\nb"}, "year_of_study", "one line"),
        ({"major": "x" * 101}, "major", "at most 100"),
        ({"gender": "none of yours"}, "gender", "only woman or man or non_binary"),
        ({"gender": ""}, "gender", "cannot be"),
        ({"preferences": "quiet"}, "preferences", "must be an object"),
        ({"preferences": {"loud": True}}, "preferences", "no field 'loud'"),
        ({"preferences": {"quiet": "yes"}}, "preferences", "true or false (at quiet)"),
        ({"preferences": {"detour_percent": 101}}, "preferences", "at most 100"),
        ({"preferences": {"detour_percent": -1}}, "preferences", "at least 0"),
        ({"preferences": {"detour_percent": 1.5}}, "preferences", "whole number"),
        ({"social_media_links": []}, "social_media_links", "must be an object"),
        (
            {"social_media_links": {"myspace": "https://a.example"}},
            "social_media_links",
            "no field 'myspace'",
        ),
        ({"social_media_links": {"x": 1}}, "social_media_links", "must be text (at x)"),
        (
            {"social_media_links": {"x": "https://a.example/" + "x" * 300}},
            "social_media_links",
            "at most 300",
        ),
        ({"emergency_contact": {}}, "emergency_contact", "lacks the field"),
        ({"emergency_contact": {"name": "Meera"}}, "emergency_contact", "'phone_number'"),
        (
            {"emergency_contact": {"name": " ", "phone_number": "+919820054321"}},
            "emergency_contact",
            "one line of visible text (at name)",
        ),
        (
            {"emergency_contact": {"name": "x" * 201, "phone_number": "+919820054321"}},
            "emergency_contact",
            "at most 200",
        ),
        (
            {"emergency_contact": {"name": "Meera", "phone_number": "12"}},
            "emergency_contact.phone_number",
            "telephone number",
        ),
        (
            {"emergency_contact": {"name": "Meera", "phone_number": " "}},
            "emergency_contact.phone_number",
            "is missing",
        ),
        (
            {
                "emergency_contact": {
                    "name": "Meera",
                    "phone_number": "+919820054321",
                    "relationship": "x" * 61,
                }
            },
            "emergency_contact",
            "at most 60",
        ),
        (
            {
                "emergency_contact": {
                    "name": "Meera",
                    "phone_number": "+919820054321",
                    "relationship": "a\tb",
                }
            },
            "emergency_contact",
            "one line of text (at relationship)",
        ),
        ({"email": "new@djsce.example"}, "email", "no field 'email'"),
        ({"role": "admin"}, "role", "no field 'role'"),
        ({"has_resume": True}, "has_resume", "no field 'has_resume'"),
    ],
)
async def test_what_does_not_fit_is_refused_in_a_sentence_and_changes_nothing(
    campus: Campus, fields: dict[str, Any], named: str, words: str
) -> None:
    rider = await campus.sign_up()
    await change(rider, **EVERYTHING)
    before = await profile(rider)
    answer = await change(rider, **fields)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [named]
    assert words in answer.json()["detail"]
    assert await profile(rider) == before


@pytest.mark.parametrize(
    "link",
    [
        "github.com/asha",
        "javascript:alert(1)",
        "ftp://github.com/asha",
        "https://",
        "https://localhost/asha",
        "https://192.168.0.1/asha",
        "https://user:secret@github.com/asha",
        "https://github.com@evil.example/asha",
        "https://github.com/a sha",
        'https://github.com/"onload="x',
        "https://github.com/\r\nasha",
        "https://github.com:99999/",
        "https://[::1/",
        "data:text/html,<script>",
    ],
)
async def test_what_is_no_link_to_the_web_is_refused(campus: Campus, link: str) -> None:
    rider = await campus.sign_up()
    answer = await change(rider, social_media_links={"website": link})
    assert answer.status_code == 422
    assert "must be a link that begins with https://" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("98200 12345", "+919820012345"),
        ("098200-12345", "+919820012345"),
        ("+91 (98200) 12345", "+919820012345"),
        ("+1 202-456-1111", "+12024561111"),
        ("022 2670 1234", "+912226701234"),
    ],
)
async def test_a_number_is_kept_in_one_spelling(campus: Campus, typed: str, kept: str) -> None:
    rider = await campus.sign_up()
    contact = {"name": "Meera Rao", "phone_number": typed}
    answer = (await change(rider, phone_number=typed, emergency_contact=contact)).json()
    assert answer["phone_number"] == kept
    assert answer["emergency_contact"] == {**contact, "phone_number": kept}


async def test_a_number_without_its_country_is_one_of_the_colleges_country(
    campus: Campus, db: asyncpg.Connection
) -> None:
    await db.execute(
        "insert into colleges (name, place, time_zone, country) "
        "values ('Lake College', point(6.6, 46.5), 'Europe/Zurich', 'CH') on conflict do nothing"
    )
    rider = await campus.sign_up(college_name="Lake College")
    assert (await change(rider, phone_number="044 668 18 00")).json()["phone_number"] == (
        "+41446681800"
    )


async def test_the_longest_of_everything_is_kept(campus: Campus) -> None:
    """The database's own bounds are no narrower than ours, whatever the letters."""
    rider = await campus.sign_up()
    links = EVERYTHING["social_media_links"]
    longest = {
        "full_name": "\U0001f600" * 200,
        "username": "x" * 30,
        "bio": "\U0001f600\r\n" * 333,
        "year_of_study": "\U0001f600" * 40,
        "major": "\U0001f600" * 100,
        "social_media_links": dict.fromkeys(links, "https://a.example/" + "😀" * 282),
        "emergency_contact": {
            "name": '"\\' * 100,
            "phone_number": "+919820054321",
            "relationship": "\U0001f600" * 60,
        },
    }
    answer = await change(rider, **longest)
    assert answer.status_code == 200, answer.text
    kept = answer.json()
    assert {name: kept[name] for name in longest} == {**longest, "bio": longest["bio"].strip()}


async def test_a_username_is_unique_in_the_college_in_any_case(campus: Campus) -> None:
    asha, dev = await campus.sign_up(), await campus.sign_up()
    stranger = await campus.sign_up(college_name="VJTI")
    name = f"Lotus{asha.id}"
    assert (await change(asha, username=name)).status_code == 200
    taken = await change(dev, username=name.upper(), bio="never kept")
    assert (taken.status_code, taken.json()["code"]) == (409, "username_taken")
    assert (await profile(dev))["bio"] is None
    assert (await change(stranger, username=name)).status_code == 200
    assert (await change(asha, username=name.lower())).json()["username"] == name.lower()
    await change(asha, username=None)
    assert (await change(dev, username=name)).status_code == 200


async def test_of_many_who_want_a_username_at_once_one_gets_it(campus: Campus) -> None:
    riders = [await campus.sign_up() for _ in range(6)]
    name = f"Banyan{riders[0].id}"
    answers = await asyncio.gather(*(change(rider, username=name) for rider in riders))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {
        "username_taken"
    }
    assert [(await profile(rider))["username"] for rider in riders].count(name) == 1


async def test_changes_of_different_fields_at_once_are_all_kept(campus: Campus) -> None:
    rider = await campus.sign_up()
    fields = {**EVERYTHING, "username": f"asha.{rider.id}"}
    answers = await asyncio.gather(
        *(change(rider, **{name: value}) for name, value in fields.items())
    )
    assert {answer.status_code for answer in answers} == {200}
    after = await profile(rider)
    assert {name: after[name] for name in fields} == fields


async def test_riders_of_before_get_a_profile_too(empty_database: str) -> None:
    names = known_migrations()
    migrate(empty_database)
    roll_back(empty_database, len(names) - names.index("0011.profiles"))
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute(
            "insert into users (college_id, email, full_name, password_hash) "
            "select college_id, 'asha@djsce.example', 'Asha Rao', '' from colleges limit 1"
        )
        migrate(empty_database)
        assert await connection.fetchval("select count(*) from profiles join users using (user_id)")
    finally:
        await connection.close()


async def test_an_account_that_went_is_told_to_sign_in(
    campus: Campus, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    await db.execute("delete from users where user_id = $1", rider.id)
    for answer in (await rider.call("GET", ME), await change(rider, bio="still here?")):
        assert (answer.status_code, answer.json()["detail"]) == (
            401,
            "Could not validate credentials",
        )
