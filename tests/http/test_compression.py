"""Answers of some length are compressed when asked for, and those with tokens are not."""

import gzip as standard
from typing import Any

import httpx
import pytest

from tests.answers import document
from tests.conftest import Caller, SignUp
from tests.services.board import publish
from tripsync.database.encoding import encode
from tripsync.http.compression import LEAST_BYTES, MOST_PADDING, gzip, padding_of, takes_gzip

POSTS = "/api/profile/me/posts"
# What opens something for whoever holds it.
OPENS = {"access_token", "refresh_token", "url"}


async def raw(
    client: httpx.AsyncClient, path: str, accepted: str, **headers: str
) -> tuple[httpx.Response, bytes]:
    """An answer, and what came over the line."""
    headers["Accept-Encoding"] = accepted
    async with client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join([each async for each in answer.aiter_raw()])


async def test_a_long_answer_is_compressed_for_who_asks(sign_up: SignUp) -> None:
    rider = await sign_up()
    for _ in range(6):
        await publish(rider)
    plain, whole = await raw(rider.client, POSTS, "identity", **rider.headers)
    assert "content-encoding" not in plain.headers
    assert len(whole) >= LEAST_BYTES
    packed, sent = await raw(rider.client, POSTS, "br, gzip;q=0.5", **rider.headers)
    assert packed.headers["content-encoding"] == "gzip"
    assert standard.decompress(sent) == whole
    assert len(sent) == int(packed.headers["content-length"]) < len(whole)
    for each in (plain, packed):
        assert "Accept-Encoding" in ", ".join(each.headers.get_list("vary"))


async def test_a_short_answer_stays_as_it_is(client: httpx.AsyncClient) -> None:
    answer, sent = await raw(client, "/api/health/ping", "gzip")
    assert "content-encoding" not in answer.headers
    assert sent == b'{"ping":"pong!"}'


def test_the_length_says_less_about_the_content() -> None:
    contents = [b"%03d" % n for n in range(200)]
    paddings = [padding_of(each) for each in contents]
    assert paddings == [padding_of(each) for each in contents]
    assert len(set(paddings)) > 50
    assert max(paddings) < MOST_PADDING


async def test_what_is_the_same_for_everybody_is_compressed_once(
    client: httpx.AsyncClient,
) -> None:
    for path in ("/openapi.json", "/redoc", "/docs/swagger-ui-bundle.js", "/docs/pages.css"):
        (_, whole), (packed, sent) = [await raw(client, path, each) for each in ("", "gzip")]
        if len(whole) >= LEAST_BYTES:
            assert packed.headers["content-encoding"] == "gzip", path
            assert standard.decompress(sent) == whole
            assert (await raw(client, path, "gzip"))[1] == sent
        else:
            assert sent == whole


def test_no_picture_is_compressed(call: Caller) -> None:
    assert "content-encoding" not in call("GET", "/docs/favicon-32x32.png").headers


def test_answers_with_tokens_are_too_short_for_it() -> None:
    checked = 0
    for operations in document()["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                for content in response.get("content", {}).values():
                    example = content.get("example")
                    if isinstance(example, dict) and not OPENS.isdisjoint(example):
                        assert len(encode(example)) < LEAST_BYTES / 2
                        checked += 1
    assert checked == 6


async def test_tokens_come_as_they_are(sign_up: SignUp) -> None:
    rider = await sign_up()
    body = {"email": rider.email, "password": rider.password}
    answer = await rider.call("POST", "/api/auth/login", json=body)
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("deflate, GZIP ;q=0.1", True),
        ("x-gzip", True),
        ("gzip;q=1", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("gzipped", False),
    ],
)
def test_who_takes_gzip(accepted: str, taken: bool) -> None:
    assert takes_gzip(accepted) is taken


@pytest.mark.parametrize("padding", [0, MOST_PADDING])
@pytest.mark.parametrize("content", [b"", b"a", b"abc" * 10_000])
def test_any_reader_of_gzip_reads_it(content: bytes, padding: Any) -> None:
    assert standard.decompress(gzip(content, 6, padding=padding)) == content
