"""The first page: what runs here and whether it is well, for people and for programs."""

import re
from typing import Any

import asyncpg
import pytest

from tests.conftest import Caller, Server, StartServer
from tests.databases import Outage
from tests.people import PASSWORD
from tripsync import __version__
from tripsync.database.files import SEEDED_EMAIL, SEEDED_PASSWORD
from tripsync.database.migrations import migrate

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
AWAY = "The database does not answer."


@pytest.fixture
def own_database(empty_database: str) -> str:
    """Of one test, which may take it away."""
    migrate(empty_database)
    return empty_database


async def page_of(server: Server) -> str:
    async with server.client(headers=BROWSER) as browser:
        page = await browser.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    return page.text


async def told_by(server: Server) -> dict[str, Any]:
    async with server.client() as program:
        answer = await program.get("/")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("path", ["/", "/api"])
def test_a_browser_gets_a_page(call: Caller, path: str) -> None:
    page = call("GET", path, headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"Version {__version__}" in page.text
    assert "The database answers." in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.findall(r"<script|<style|style=|\son\w+=", page.text)
    assert not re.findall(r'(?:src|href)="(?!/)', page.text)


def test_every_link_on_it_leads_somewhere(call: Caller) -> None:
    page = call("GET", "/", headers=BROWSER).text
    links = set(re.findall(r'href="(/[^"]*)"', page))
    assert {"/docs", "/redoc", "/docs/sockets", "/openapi.json", "/asyncapi.json"} <= links
    for link in links:
        address, _, anchor = link.partition("#")
        there = call("GET", address)
        if there.status_code == 302:
            there = call("GET", there.headers["location"])
        assert there.status_code == 200, link
        if anchor and not anchor.startswith("/"):
            assert f'id="{anchor}"' in there.text, link


@pytest.mark.parametrize("path", ["/", "/api"])
@pytest.mark.parametrize(
    "accept", ["application/json", "*/*", "", "text/html;q=0.5, application/json"]
)
def test_whoever_does_not_prefer_html_gets_json(call: Caller, path: str, accept: str) -> None:
    answer = call("GET", path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told = answer.json
    assert (told["name"], told["version"]) == ("TripSync", __version__)
    assert told["database"] == "ready"
    for link in told["links"].values():
        assert call("GET", link).status_code == 200


def test_caches_keep_page_and_json_apart(call: Caller) -> None:
    for accept in (BROWSER["Accept"], "application/json"):
        answer = call("GET", "/", headers={"Accept": accept})
        assert "Accept" in answer.headers.get_list("vary")


async def test_a_database_that_is_down_is_said_so(
    postgres: str, own_database: str, start_server: StartServer
) -> None:
    server = await start_server(database_url=own_database)
    outage = Outage(postgres, own_database)
    outage.begin()
    assert AWAY in await page_of(server)
    assert (await told_by(server))["database"] == "away"
    outage.end()
    assert "The database answers." in await page_of(server)


async def test_a_database_that_hangs_is_not_waited_for(
    own_database: str, start_server: StartServer
) -> None:
    server = await start_server(database_url=own_database, database_pool_max=2)
    stranger = await asyncpg.connect(own_database)
    try:
        async with stranger.transaction():
            await stranger.execute("lock table users in access exclusive mode")
            for _ in range(3):
                assert (await told_by(server))["database"] == "away"
            # All of them waited for one look: a connection is left for other calls.
            async with server.client() as client:
                assert (await client.get("/api/colleges")).status_code == 200
    finally:
        await stranger.close()


async def test_a_schema_of_another_version_is_said_so(
    own_database: str, start_server: StartServer
) -> None:
    server = await start_server(database_url=own_database)
    stranger = await asyncpg.connect(own_database)
    await stranger.execute(
        "delete from _yoyo_migration where migration_id = "
        "(select max(migration_id) from _yoyo_migration)"
    )
    await stranger.close()
    assert (await told_by(server))["database"] == "schema_differs"
    assert "its schema is not the one this server knows" in await page_of(server)


async def test_seeded_riders_are_told_of_in_development_only(
    own_database: str, start_server: StartServer
) -> None:
    server = await start_server(database_url=own_database)
    assert (await told_by(server))["riders"] is None
    assert "<code>tripsync seed</code>" in await page_of(server)

    first = SEEDED_EMAIL.format(1)
    async with server.client() as client:
        account = {"email": first, "password": PASSWORD, "full_name": "Asha Rao"}
        answer = await client.post("/api/auth/register", json={**account, "college_name": "DJSCE"})
    assert answer.status_code == 201
    riders = (await told_by(server))["riders"]
    assert riders["emails"][0] == first
    assert riders["password"] == SEEDED_PASSWORD
    page = await page_of(server)
    assert first in page
    assert SEEDED_PASSWORD in page

    in_production = await start_server(database_url=own_database, environment="production")
    assert (await told_by(in_production))["riders"] is None
    assert "seed" not in await page_of(in_production)
