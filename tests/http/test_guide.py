"""A development server shows the site that `make docs` builds."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import StartServer
from tests.waiting import PATIENCE
from tripsync.http import guide


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it would be built."""
    folder = tmp_path / "guide"
    monkeypatch.setattr(guide, "BUILT", folder)
    (tmp_path / "secret.html").write_text("not of the site")
    return folder


async def asked(start_server: StartServer, path: str, **settings: object) -> httpx.Response:
    server = await start_server(**settings)
    async with httpx.AsyncClient(
        base_url=server.url, timeout=PATIENCE, follow_redirects=True
    ) as client:
        return await client.get(path)


@pytest.fixture
def built_site(built: Path) -> None:
    (built / "docs").mkdir(parents=True)
    (built / "README.html").write_text("<title>TripSync</title>")
    (built / "docs" / "sockets.html").write_text("<title>Sockets</title>")


@pytest.mark.usefixtures("built_site")
async def test_a_site_that_is_built_is_shown(start_server: StartServer) -> None:
    first = await asked(start_server, "/guide")
    assert (first.status_code, first.text) == (200, "<title>TripSync</title>")
    assert first.url.path == "/guide/README.html"
    assert first.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in first.headers["content-security-policy"]
    other = await asked(start_server, "/guide/docs/sockets.html")
    assert other.text == "<title>Sockets</title>"


@pytest.mark.parametrize(
    "path", ["nowhere.html", "docs", "../secret.html", "docs/../../secret.html"]
)
@pytest.mark.usefixtures("built_site")
async def test_nothing_else_is_shown(start_server: StartServer, path: str) -> None:
    answer = await asked(start_server, f"/guide/{path}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.usefixtures("built_site")
@pytest.mark.parametrize("path", ["../secret.html", "%2e%2e/secret.html", "docs/../../secret.html"])
async def test_nothing_beside_it_is_shown(start_server: StartServer, path: str) -> None:
    """Asked for as no client of ours would: they leave no dots in a path."""
    server = await start_server()
    place = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(f"GET /guide/{path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE):
        answer = (await reader.read()).decode()
    writer.close()
    assert answer.startswith("HTTP/1.1 404 ")
    assert "not of the site" not in answer


@pytest.mark.usefixtures("built")
async def test_where_it_is_not_built_a_page_says_how(start_server: StartServer) -> None:
    answer = await asked(start_server, "/guide")
    assert answer.status_code == 200
    assert "<code>make docs</code>" in answer.text


@pytest.mark.usefixtures("built_site")
async def test_in_production_there_is_none(start_server: StartServer) -> None:
    for path in ("/guide", "/guide/README.html"):
        answer = await asked(start_server, path, environment="production")
        assert answer.status_code == 404
        assert "make docs" not in answer.text
