"""The API can be read on a campus network that has no internet."""

import re
from html import escape

import httpx
import pytest


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_a_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient, page: str) -> None:
    answer = await client.get(page)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for source in re.findall(r"""(?:src|href)=["']([^"'#]+)""", answer.text):
        assert source.startswith("/docs/"), source
        part = await client.get(source)
        assert part.status_code == 200
        assert part.content


async def test_swagger_ui_is_started_on_our_document(client: httpx.AsyncClient) -> None:
    assert '"/openapi.json"' in (await client.get("/docs/start.js")).text
    bundle = await client.get("/docs/swagger-ui-bundle.js")
    assert bundle.headers["content-type"].startswith("text/javascript")
    assert "max-age" in bundle.headers["cache-control"]


async def test_the_reading_view_has_every_call_message_and_problem(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/redoc")).text
    document = (await client.get("/openapi.json")).json()
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    sockets = (await client.get("/asyncapi.json")).json()
    for key, message in sockets["components"]["messages"].items():
        assert f"<article id='{key}'>" in page
        assert escape(message["summary"]).partition("`")[0] in page
    for channel in sockets["channels"].values():
        assert f"<code>{channel['address']}</code>" in page
    refused = await client.post("/api/auth/login", content=b"{")
    anchor = refused.json()["type"].removeprefix("/redoc#")
    assert f"id='{anchor}'" in page
