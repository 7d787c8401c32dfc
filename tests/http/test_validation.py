"""Input is checked before anything is done with it; nothing wrong reaches the database."""

import base64
import re

import httpx
import msgspec
import pytest

from tests.answers import document
from tests.people import PASSWORD, Campus
from tripsync.http.fields import Line, NonBlankText, Text
from tripsync.http.problems import Problem
from tripsync.http.schemas import Schema, converter, decoder
from tripsync.http.urls import LARGEST_ID, read_id


class Parcel(Schema):
    name: Line
    weight: float
    tags: tuple[str, ...] = ()


class Letter(Schema):
    body: NonBlankText
    postscript: Text = ""


def refusal(body: bytes) -> Problem:
    with pytest.raises(Problem) as refused:
        decoder(Parcel)(body)
    return refused.value


def test_a_good_body_becomes_its_schema() -> None:
    assert decoder(Parcel)(b'{"name": "box", "weight": 2}') == Parcel(name="box", weight=2.0)


def test_text_may_have_lines_as_any_system_ends_them() -> None:
    text = "One\r\n\ttwo\nthree"
    assert converter(Letter)({"body": text, "postscript": text}) == Letter(
        body=text, postscript=text
    )
    assert converter(Letter)({"body": "One", "postscript": " \n"}).postscript == " \n"


@pytest.mark.parametrize("raw", ["\x00", "\x08", "\x0b", "\x0c", "\x0e", "\x1b", "\x1f", "\x7f"])
def test_text_has_no_control_characters(raw: str) -> None:
    for field in ("body", "postscript"):
        with pytest.raises(Problem, match="invalid") as refused:
            converter(Letter)({"body": "One", field: f"One{raw}two"})
        assert [error.field for error in refused.value.errors] == [field]
        assert re.search("control characters|NUL", refused.value.detail)


@pytest.mark.parametrize("raw", ["", " ", "\r\n\t"])
def test_text_that_must_say_something_is_not_blank(raw: str) -> None:
    with pytest.raises(Problem) as refused:
        converter(Letter)({"body": raw})
    assert "must say something" in refused.value.detail


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (b'{"weight": 1}', "name", "is missing"),
        # What turns the writing round makes one name look like another.
        (b'{"name": "A\\u202eB", "weight": 1}', "name", "one line of visible text"),
        (b'{"name": "box", "weight": "heavy"}', "weight", "must be a number"),
        (b'{"name": 5, "weight": 1}', "name", "must be text"),
        (b'{"name": "  ", "weight": 1}', "name", "one line of visible text"),
        (b'{"name": "a\\nb", "weight": 1}', "name", "one line of visible text"),
        # A `$` alone would let this one pass.
        (b'{"name": "a\\n", "weight": 1}', "name", "one line of visible text"),
        (b'{"name": "a\\u0000b", "weight": 1}', "name", "NUL"),
        (b'{"name": "box", "weight": 1, "tags": ["a\\u0000"]}', "tags", "NUL"),
        (b'{"name": "box", "weight": 1, "tags": [1]}', "tags", "must be text"),
        (b'{"name": "box", "weight": 1, "colour": 1}', "colour", "no field 'colour'"),
        (b'{"name": "box", "weight": NaN}', "", "malformed"),
    ],
)
def test_a_bad_field_is_named_in_a_sentence(body: bytes, field: str, words: str) -> None:
    if words == "malformed":
        with pytest.raises(msgspec.DecodeError):
            decoder(Parcel)(body)
        return
    problem = refusal(body)
    assert problem.refusal.status == 422
    assert [error.field for error in problem.errors] == [field]
    assert words in problem.detail


def test_text_that_only_mentions_an_escaped_nul_is_fine() -> None:
    assert decoder(Parcel)(rb'{"name": "C:\\u0000", "weight": 1}').name == r"C:\u0000"


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "box", "weight": 1e999}',
        b'{"name": "box", "weight": 1, "more": -1e999}',
        rb'{"name": "\u0000", "weight": [1e999]}',
    ],
)
def test_a_number_beyond_all_floats_is_told_in_our_words(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        decoder(Parcel)(body)
    assert refused.value.detail == "A number in the body is too large or too small."


def test_a_long_name_of_a_field_with_a_nul_is_not_sent_back() -> None:
    with pytest.raises(Problem) as refused:
        decoder(Parcel)(b'{"%s": "\\u0000"}' % (b"k" * 100_000))
    assert len(refused.value.detail) < 200


async def test_unknown_members_of_a_query_are_refused_where_one_signs_in(
    campus: Campus,
) -> None:
    """On every GET, whether or not it has a query of its own."""
    rider = await campus.sign_up()
    for path, operations in document()["paths"].items():
        if operations.get("get", {}).get("security") == [] or "get" not in operations:
            continue
        address = re.sub(r"\{\w+_id\}", "1", path)
        answer = await rider.call("GET", f"{address}?no_such_member=1")
        assert answer.status_code == 422, path
        assert "no_such_member" in answer.json()["detail"], path


def test_unknown_names_are_not_echoed_at_length() -> None:
    problem = refusal(b'{"name": "box", "weight": 1, "' + b"x" * 5000 + b'": 1}')
    assert len(problem.detail) < 200


@pytest.mark.parametrize("number", [95_000, 21, 20, 3])
def test_an_answer_does_not_grow_with_what_is_wrong(number: int) -> None:
    names = [f"n{each:05}" for each in range(number)]
    body = msgspec.json.encode({"name": "box", "weight": 2, **dict.fromkeys(names, 1)})
    told = [each.field for each in refusal(body).errors]
    assert told == names[:20]
    assert len(str(refusal(body))) < 2_000


def test_forms_are_text_and_still_typed() -> None:
    assert converter(Parcel)({"name": "box", "weight": "2.5"}).weight == 2.5
    with pytest.raises(Problem, match="invalid"):
        converter(Parcel)({"name": "box", "weight": "2,5"})


@pytest.mark.parametrize("text", [str(LARGEST_ID + 1), "9" * 19])
def test_ids_beyond_the_database_name_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="no row"):
        read_id(text)


@pytest.mark.parametrize(
    "session_id", ["0", "-1", "1.5", "abc", str(2**63), "9" * 40, "1%00", "\u0661"]
)
async def test_absurd_ids_are_404(campus: Campus, session_id: str) -> None:
    rider = await campus.sign_up()
    answer = await rider.call("DELETE", f"/api/auth/sessions/{session_id}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=99999999999999999999999",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=1&limit=2",
        "skip=-1",
        "skip=99999999999",
        "cursor=%00",
        "cursor=nonsense",
        "cursor=bnVsbA==",
        "cursor=" + "A" * 500,
        "order=name",
        "%ff=1",
    ],
)
async def test_absurd_pages_are_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/colleges?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


async def test_a_cursor_beyond_the_database_is_refused(campus: Campus) -> None:
    rider = await campus.sign_up()
    for absurd in (b"9223372036854775808", b"-1", b"1.5"):
        cursor = base64.urlsafe_b64encode(absurd).decode()
        answer = await rider.call("GET", f"/api/auth/sessions?cursor={cursor}")
        assert answer.status_code == 422, absurd


async def test_pages_by_skip_and_by_cursor_show_everything_once(client: httpx.AsyncClient) -> None:
    everything = (await client.get("/api/colleges?limit=100")).json()["items"]
    by_skip = [
        (await client.get(f"/api/colleges?limit=1&skip={at}")).json()["items"][0]
        for at in range(len(everything))
    ]
    by_cursor, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"/api/colleges?limit=4{cursor}")).json()
        by_cursor += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert by_skip == by_cursor[: len(everything)] == everything
    assert len(everything) >= 6


async def test_a_megabyte_of_name_is_refused(campus: Campus) -> None:
    answer = await campus.register(full_name="x" * 900_000)
    assert answer.status_code == 422
    assert "at most 200 characters" in answer.json()["detail"]
    assert len(answer.content) < 1000


async def test_lone_surrogates_are_no_text(client: httpx.AsyncClient) -> None:
    body = (
        b'{"email":"s@x.example","full_name":"\\ud800","password":"'
        + PASSWORD.encode()
        + b'","college_name":"DJSCE"}'
    )
    answer = await client.post(
        "/api/auth/register", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)
