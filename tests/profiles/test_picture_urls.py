"""The address of a picture opens by itself, for one viewer and some hours."""

import json
import logging
import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import msgspec
import pytest

from tests.conftest import Server, SignUp, StartServer
from tests.people import Campus, Rider, here
from tests.pooling.roads_to_campus import go, ride
from tests.profiles.fellow_riders import ban, block
from tests.profiles.files import IMAGE, opened, picture, send
from tests.profiles.sample import ME
from tests.realtime.devices import Device, on_line
from tripsync.http.picture_urls import STAYS_SECONDS, PictureUrls
from tripsync.settings import Settings


async def url_for(viewer: Rider, owner: Rider) -> str:
    """Where this viewer is told that the owner's picture is."""
    path = ME if viewer is owner else f"/api/users/{owner.id}/profile"
    url: str = (await viewer.call("GET", path)).json()["profile_image_url"]
    return url


@pytest.fixture
async def owner(campus: Campus) -> Rider:
    rider = await campus.sign_up()
    assert (await send(rider, IMAGE, picture())).status_code == 200
    return rider


@pytest.fixture
async def viewer(campus: Campus) -> Rider:
    return await campus.sign_up()


Open = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def open_alone(client: httpx.AsyncClient) -> Open:
    """As an image tag does: without a header that says who asks."""

    async def open_alone(url: str, method: str = "GET", **headers: str) -> httpx.Response:
        return await client.request(method, here(url), headers=headers)

    return open_alone


def signed(urls: PictureUrls, url: str, viewer: Rider, now: float | None = None) -> str:
    """The same address, given out at another time or by another key."""
    bare = re.sub("&viewer=.*", "", here(url))
    text = urls.sign_all(json.dumps({"profile_image_url": bare}).encode(), viewer.id, now)
    given_out: str = json.loads(text)["profile_image_url"]
    return given_out


async def test_it_opens_without_a_header_and_is_kept_until_it_ends(
    owner: Rider, viewer: Rider, open_alone: Open
) -> None:
    for each in (owner, viewer):
        url = await url_for(each, owner)
        assert url.startswith(f"http://localhost:8000/api/users/{owner.id}/image?")
        seen = await open_alone(url)
        assert (seen.status_code, seen.headers["content-type"]) == (200, "image/webp")
        assert seen.headers["x-content-type-options"] == "nosniff"
        assert opened(seen.content).format == "WEBP"
        ends = int(parse_qs(urlsplit(url).query)["expires"][0])
        assert STAYS_SECONDS - 60 < ends - time.time() <= 24 * 3600
        [kept] = re.findall(r"^private, max-age=(\d+)$", seen.headers["cache-control"])
        assert abs(ends - time.time() - int(kept)) < 60
        head = await open_alone(url, "HEAD")
        assert (head.status_code, head.headers["etag"]) == (200, seen.headers["etag"])
        again = await open_alone(url, **{"If-None-Match": seen.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_it_stays_the_same_for_hours_and_differs_for_each_viewer(
    server: Server, owner: Rider, viewer: Rider
) -> None:
    urls = server.app.ctx.resources[PictureUrls]
    url = await url_for(viewer, owner)
    ends = int(parse_qs(urlsplit(url).query)["expires"][0])
    began = ends - 2 * STAYS_SECONDS
    for moment in (began, began + 3600, began + STAYS_SECONDS - 1):
        assert signed(urls, url, viewer, moment) == url
    for moment in (began - 1, began + STAYS_SECONDS):
        assert signed(urls, url, viewer, moment) != url
    assert await url_for(owner, owner) != url


async def test_it_ends(server: Server, owner: Rider, viewer: Rider, open_alone: Open) -> None:
    url = await url_for(viewer, owner)
    now = time.time()
    fresh = signed(server.app.ctx.resources[PictureUrls], url, viewer, now)
    late = signed(server.app.ctx.resources[PictureUrls], url, viewer, now - 2 * STAYS_SECONDS)
    assert (await open_alone(fresh)).status_code == 200
    ended = await open_alone(late)
    assert (ended.status_code, ended.json()["code"]) == (404, "no_image")


@pytest.mark.parametrize("member", ["owner", "v", "viewer", "expires", "signature"])
async def test_nothing_of_it_can_be_changed(
    owner: Rider, viewer: Rider, open_alone: Open, campus: Campus, member: str
) -> None:
    other = await campus.sign_up()
    await send(other, IMAGE, picture())
    url = await url_for(viewer, owner)
    changed = {
        "owner": url.replace(f"/users/{owner.id}/", f"/users/{other.id}/"),
        "v": re.sub(r"v=\w{4}", "v=0000", url),
        "viewer": url.replace(f"viewer={viewer.id}", f"viewer={other.id}"),
        "expires": re.sub(r"expires=(\d+)", lambda found: f"expires={int(found[1]) + 1}", url),
        "signature": re.sub(r"signature=\S{4}", "signature=0000", url),
    }[member]
    refused = await open_alone(changed)
    assert (refused.status_code, refused.json()["code"]) == (404, "no_image")


@pytest.mark.parametrize("without", ["v", "viewer", "expires"])
async def test_a_part_of_it_is_not_enough(
    owner: Rider, viewer: Rider, open_alone: Open, without: str
) -> None:
    url = re.sub(rf"([?&]){without}=\w+&?", r"\1", await url_for(viewer, owner))
    assert (await open_alone(url)).status_code == 404
    assert (await open_alone(re.sub("&signature=.*", "", url))).status_code == 401


@pytest.mark.parametrize("signature", ["é" * 43, "a" * 44, "a" * 42 + "\n", ""])
async def test_what_is_no_signature_is_refused(
    owner: Rider, viewer: Rider, open_alone: Open, signature: str
) -> None:
    url = re.sub("signature=.*", "", await url_for(viewer, owner))
    address = httpx.URL(here(url)).copy_set_param("signature", signature)
    assert (await open_alone(str(address))).status_code == 422


async def test_it_ends_when_a_block_comes_between(
    owner: Rider, viewer: Rider, db: asyncpg.Connection, open_alone: Open
) -> None:
    url = await url_for(viewer, owner)
    tag = (await open_alone(url)).headers["etag"]
    await block(db, owner, viewer)
    assert (await open_alone(url, **{"If-None-Match": tag})).status_code == 404
    assert (await viewer.call("GET", f"/api/users/{owner.id}/profile")).status_code == 404


@pytest.mark.parametrize("who", ["owner", "viewer"])
async def test_it_ends_with_a_ban_and_with_the_account(
    owner: Rider, viewer: Rider, db: asyncpg.Connection, open_alone: Open, who: str
) -> None:
    url = await url_for(viewer, owner)
    gone = owner if who == "owner" else viewer
    await ban(db, gone)
    assert (await open_alone(url)).status_code == 404
    await db.execute("update users set banned_at = null where user_id = $1", gone.id)
    assert (await open_alone(url)).status_code == 200
    left = await (await gone.sign_in()).call("DELETE", ME, json={"password": gone.password})
    assert left.status_code == 204, left.text
    assert (await open_alone(url)).status_code == 404


async def test_another_college_is_given_none_and_opens_none(
    owner: Rider, server: Server, campus: Campus, open_alone: Open
) -> None:
    stranger = await campus.sign_up(college_name="VJTI")
    assert (await stranger.call("GET", f"/api/users/{owner.id}/profile")).status_code == 404
    forged = signed(server.app.ctx.resources[PictureUrls], await url_for(owner, owner), stranger)
    assert (await open_alone(forged)).status_code == 404


async def test_it_ends_with_the_picture(owner: Rider, viewer: Rider, open_alone: Open) -> None:
    first = await url_for(viewer, owner)
    await send(owner, IMAGE, picture(colour="red"))
    assert (await open_alone(first)).status_code == 404
    second = await url_for(viewer, owner)
    assert (await open_alone(second)).status_code == 200
    await owner.call("DELETE", IMAGE)
    assert (await open_alone(second)).status_code == 404
    assert await url_for(viewer, owner) is None


async def test_a_retired_key_still_opens_and_another_does_not(
    settings: Settings, owner: Rider, viewer: Rider, start_server: StartServer
) -> None:
    url = await url_for(viewer, owner)
    renewed = "another key of tests, of more than thirty-two bytes"
    for retired, status in (((settings.secret_key,), 200), ((), 404)):
        server = await start_server(secret_key=renewed, retired_secret_keys=retired)
        async with server.client() as client:
            assert (await client.get(here(url))).status_code == status
        # What is given out now is signed by the new key.
        assert signed(server.app.ctx.resources[PictureUrls], url, viewer) != url


async def test_no_log_shows_it(
    owner: Rider, viewer: Rider, open_alone: Open, caplog: pytest.LogCaptureFixture
) -> None:
    url = await url_for(viewer, owner)
    [signature] = parse_qs(urlsplit(url).query)["signature"]
    with caplog.at_level(logging.DEBUG):
        assert (await open_alone(url)).status_code == 200
        assert (await open_alone(url + "&v=0")).status_code == 422
        assert (await open_alone(url.replace(signature, signature[::-1]))).status_code == 404
    written = [
        f"{record.getMessage()} {record.__dict__}"
        for record in caplog.records
        # Those of the client are no log of ours.
        if not record.name.startswith("http")
    ]
    assert any(f"/api/users/{owner.id}/image 200" in each for each in written)
    assert not [each for each in written if signature in each or signature[::-1] in each]


async def test_matches_have_one_wherever_they_are_told_of(
    sign_up: SignUp, server: Server, open_alone: Open
) -> None:
    waiting, newcomer = await sign_up(), await sign_up()
    for rider in (waiting, newcomer):
        await send(rider, IMAGE, picture())
    await go(waiting, ride(0))
    async with on_line(server.url, waiting) as device:
        await device.hear("ready")
        key = {"Idempotency-Key": "once"}
        answers = [
            await newcomer.call("POST", "/api/pool/requests", json=ride(1), headers=key)
            for _ in range(2)
        ]
        heard = await match_heard_by(device)
    [match] = answers[0].json()["matches"]
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert answers[1].json() == answers[0].json()
    own = answers[0].json()["request_id"]
    [listed] = (await newcomer.call("GET", f"/api/pool/requests/{own}/matches")).json()["matches"]
    events = (await waiting.call("GET", "/api/events")).json()["events"]
    [polled] = [each["match"] for each in events if each["type"] == "match_found"]
    assert match["profile_image_url"] == listed["profile_image_url"]
    assert heard["profile_image_url"] == polled["profile_image_url"]
    for told, viewer in ((match, newcomer), (heard, waiting)):
        assert f"&viewer={viewer.id}&" in told["profile_image_url"]
        assert (await open_alone(told["profile_image_url"])).status_code == 200


async def match_heard_by(device: Device) -> dict[str, str]:
    match: dict[str, str] = (await device.hear("match_found"))["match"]
    return match


def test_what_a_rider_wrote_is_no_address(settings: Settings) -> None:
    urls = PictureUrls(settings)
    path = "/api/users/17/image?v=9f86d081884c"
    written = {
        "bio": f'"profile_image_url": "{path}"',
        "content": path,
        "profile_image_url": None,
    }
    text = msgspec.json.encode(written)
    assert urls.sign_all(text, 23) == text
