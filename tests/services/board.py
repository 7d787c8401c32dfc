"""Posts and applications for tests."""

from typing import Any

import httpx

from tests.people import Rider

PATH = "/api/services"


def post(**changes: Any) -> dict[str, Any]:
    """What the mobile app sends at least."""
    return {
        "title": "Calculus tutor wanted",
        "description": "Twice a week in the library, until the exam.",
        "team_size": 1,
        "compensation_type": "fixed_price",
        **changes,
    }


async def publish(rider: Rider, **changes: Any) -> dict[str, Any]:
    answer = await rider.call("POST", PATH, json=post(**changes))
    assert answer.status_code == 201, answer.text
    published: dict[str, Any] = answer.json()
    return published


async def listed(rider: Rider, query: str = "", **parameters: Any) -> list[dict[str, Any]]:
    """What a rider sees in the list."""
    answer = await rider.call(
        "GET", f"{PATH}?{query}" if query else PATH, params=parameters or None
    )
    assert answer.status_code == 200, answer.text
    posts: list[dict[str, Any]] = answer.json()
    return posts


async def ids(rider: Rider, query: str = "", **parameters: Any) -> list[int]:
    return [each["id"] for each in await listed(rider, query, **parameters)]


async def show(rider: Rider, post_id: int) -> httpx.Response:
    return await rider.call("GET", f"{PATH}/{post_id}")


async def apply(rider: Rider, post_id: int, **body: Any) -> httpx.Response:
    return await rider.call("POST", f"{PATH}/{post_id}/apply", json=body)


async def applied(rider: Rider, post_id: int, **body: Any) -> dict[str, Any]:
    answer = await apply(rider, post_id, **body)
    assert answer.status_code == 200, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


async def decide(rider: Rider, application_id: int, status: str = "accepted") -> httpx.Response:
    path = f"{PATH}/applications/{application_id}"
    return await rider.call("PUT", path, json={"status": status})


async def act(rider: Rider, post_id: int, what: str) -> httpx.Response:
    """`what`: start, close, reopen or complete."""
    return await rider.call("POST", f"{PATH}/{post_id}/{what}")


async def team(owner: Rider, *members: Rider, **changes: Any) -> tuple[int, list[int]]:
    """A post whose places these riders have; its id and theirs of the applications."""
    published = await publish(owner, team_size=len(members), **changes)
    sent = [(await applied(each, published["id"]))["id"] for each in members]
    for each in sent:
        assert (await decide(owner, each)).status_code == 200
    return published["id"], sent


async def say_of_oneself(rider: Rider, **profile: Any) -> None:
    answer = await rider.call("PUT", "/api/profile/me", json=profile)
    assert answer.status_code == 200, answer.text


async def sees(rider: Rider, post_id: int) -> bool:
    """Whether a rider finds a post; by whichever way, it must be the same."""
    by_id = (await show(rider, post_id)).status_code
    assert by_id in (200, 404)
    ways = {
        by_id == 200,
        post_id in await ids(rider),
        post_id in await ids(rider, search="calculus"),
        post_id in await ids(rider, tags="maths"),
        post_id in await ids(rider, order="price"),
        post_id in await ids(rider, order="deadline"),
        post_id in await ids(rider, order="relevance", search="calculus"),
    }
    tags = (await rider.call("GET", f"{PATH}/tags")).json()["tags"]
    ways.add("maths" in [each["name"] for each in tags])
    assert len(ways) == 1
    return ways.pop()
