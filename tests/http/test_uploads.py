"""Files arrive as forms, within a limit of their own, from people who are known."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import Server
from tests.people import Campus, Rider
from tripsync.http.endpoint import Contract
from tripsync.http.openapi.document import contracted
from tripsync.http.problems import Problem
from tripsync.http.uploads import MOST_PARTS, FormFile, Upload

IMAGE = "/api/profile/me/image"
START = b'--line\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
END = b"\r\n--line--\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=line"}


def received(form: bytes) -> bytes:
    file = FormFile("line", max_bytes=100)
    file.feed(form)
    return file.content()


def refusal(form: bytes) -> Problem:
    with pytest.raises(Problem) as refused:
        received(form)
    return refused.value


def test_a_file_is_put_together_from_any_pieces() -> None:
    form = START + b"hello\r\n--lin\r\nworld" + END
    for size in range(1, len(form)):
        file = FormFile("line", 100)
        for at in range(0, len(form), size):
            file.feed(form[at : at + size])
        assert file.content() == b"hello\r\n--lin\r\nworld"


def test_other_fields_are_passed_over() -> None:
    field = b'--line\r\nContent-Disposition: form-data; name="caption"\r\n\r\nme\r\n'
    assert received(field + START + b"hello" + END) == b"hello"


def test_a_file_of_the_largest_size_is_taken_and_no_larger_one() -> None:
    assert len(received(START + bytes(100) + END)) == 100
    assert refusal(START + bytes(101) + END).refusal.status == 413


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"nothing of the kind",
        START,
        START + b"hello",
        START + b"hello\r\n--line",
        START + END,
        b"--line--\r\n",
        START.replace(b'name="file"', b'name="picture"') + b"hello" + END,
        START.replace(b'; filename="a.jpg"', b"") + b"hello" + END,
        START + b"hello\r\n" + START + b"hello" + END,
        b"--line\r\nContent-Type: image/jpeg\r\n\r\nhello" + END,
        b"--line\r\nno header\r\n\r\nhello" + END,
        b'--line\r\nContent-Disposition: form-data; name="\xff\xfe"\r\n\r\nhello' + END,
    ],
)
def test_a_form_without_one_whole_file_is_refused(form: bytes) -> None:
    problem = refusal(form)
    assert (problem.refusal.status, problem.errors[0].field) == (422, "file")


def test_a_form_made_to_be_slow_is_refused_early() -> None:
    many_parts = refusal((START.replace(b"file", b"field", 1) + b"x\r\n") * (MOST_PARTS + 1) + END)
    assert many_parts.refusal.status == 422
    assert many_parts.detail == "A form has at most 10 fields here."
    many_headers = b"--line\r\n" + b"X: y\r\n" * 100
    assert refusal(many_headers).refusal.status == 422
    long_header = b"--line\r\nX: " + b"y" * 100_000
    assert refusal(long_header).refusal.status == 422


@pytest.fixture
async def rider(campus: Campus) -> Rider:
    return await campus.sign_up()


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "image/jpeg",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=line",
        "",
    ],
)
async def test_what_is_no_form_is_refused(rider: Rider, kind: str) -> None:
    headers = {"Content-Type": kind}
    answer = await rider.call("POST", IMAGE, content=START + b"hello" + END, headers=headers)
    assert answer.status_code == 415, answer.text
    assert "multipart/form-data" in answer.json()["detail"]


async def test_nothing_at_all_is_refused(rider: Rider) -> None:
    assert (await rider.call("POST", IMAGE)).status_code == 415
    assert (await rider.call("POST", IMAGE, headers=FORM)).status_code == 422


async def test_a_boundary_of_any_letters_does_no_harm(rider: Rider) -> None:
    for boundary in ('"', '""', "\u00e9", "x" * 5000, "a b", "--"):
        kind = f"multipart/form-data; boundary={boundary}".encode()
        answer = await rider.call(
            "POST", IMAGE, content=b"--x\r\n", headers={b"Content-Type": kind}
        )
        assert answer.status_code in (415, 422), answer.text


async def test_a_file_of_unknown_length_is_bounded_too(rider: Rider) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield START
        for _ in range(20):
            yield bytes(1_000_000)

    answer = await rider.call("POST", IMAGE, content=endless(), headers=FORM)
    assert answer.status_code == 413


async def test_nobody_can_send_a_file_without_saying_who_they_are(server: Server) -> None:
    """The answer comes before the body, which is not waited for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(
            b"POST /api/profile/me/image HTTP/1.1\r\nHost: x\r\nContent-Length: 7000000\r\n"
            b"Content-Type: multipart/form-data; boundary=line\r\n\r\n" + START
        )
        async with asyncio.timeout(5):
            assert b" 401 " in await reader.readline()
    finally:
        writer.close()


async def test_a_body_of_json_keeps_its_own_limit(rider: Rider) -> None:
    answer = await rider.call("PUT", "/api/profile/me", json={"bio": "x" * 1_100_000})
    assert answer.status_code == 413


async def test_a_line_that_breaks_during_a_file_harms_nobody(
    server: Server, rider: Rider, client: httpx.AsyncClient
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST /api/profile/me/image HTTP/1.1\r\nHost: x\r\nContent-Length: 7000000\r\n"
        b"Authorization: Bearer " + rider.access_token.encode() + b"\r\n"
        b"Content-Type: multipart/form-data; boundary=line\r\n\r\n" + START
    )
    await writer.drain()
    writer.transport.abort()
    assert (await client.get("/api/health/ping")).status_code == 200
    assert (await rider.call("GET", "/api/profile/me")).json()["profile_image_url"] is None


async def test_files_are_documented(server: Server, client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    sent = paths[IMAGE]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert sent["schema"]["properties"]["file"]["format"] == "binary"
    assert sent["schema"]["required"] == ["file"]
    assert "at most 8 MB" in sent["schema"]["properties"]["file"]["description"]
    assert {"413", "415", "422"} <= set(paths[IMAGE]["post"]["responses"])
    seen = paths["/api/users/{user_id}/image"]["get"]
    assert seen["responses"]["200"]["content"]["image/webp"]["schema"]["format"] == "binary"
    assert "304" in seen["responses"]
    assert "If-None-Match" in [each["name"] for each in seen["parameters"]]
    takes: list[Contract] = [each for _, each in contracted(server.app) if each.upload]
    assert all(isinstance(each.upload, Upload) for each in takes)
    assert len(takes) >= 2
