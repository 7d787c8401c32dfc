"""Two who rode together, and what they say of each other."""

from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from tests.people import Campus, Rider
from tests.reviews.rides import ride_together


@dataclass
class Ride:
    """A ride that is over, and who was in it."""

    pool_id: int
    asha: Rider
    dev: Rider


@pytest.fixture
async def ride(campus: Campus, db: asyncpg.Connection) -> Ride:
    asha = await campus.sign_up(full_name="Asha Rao")
    dev = await campus.sign_up(full_name="Dev Shah")
    return Ride(await ride_together(db, asha, dev), asha, dev)


async def review(author: Rider, pool_id: int, subject: Rider, **more: Any) -> httpx.Response:
    """What the server says to a review: `await review(asha, pool_id, dev, rating=3)`."""
    headers = more.pop("headers", {})
    body = {"user_id": subject.id, "rating": 5, **more}
    path = f"/api/pool/pools/{pool_id}/reviews"
    return await author.call("POST", path, json=body, headers=headers)


async def written(author: Rider, pool_id: int, subject: Rider, **more: Any) -> int:
    """The id of a new review."""
    answer = await review(author, pool_id, subject, **more)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def both_review(ride: Ride) -> tuple[int, int]:
    """The review by Asha and the one by Dev, which both may read now."""
    by_asha = await written(ride.asha, ride.pool_id, ride.dev, rating=4, comment="By Asha.")
    by_dev = await written(ride.dev, ride.pool_id, ride.asha, rating=2, comment="By Dev.")
    return by_asha, by_dev


async def change(author: Rider, review_id: int, **changes: Any) -> httpx.Response:
    return await author.call("PUT", f"/api/reviews/{review_id}", json=changes)


async def reply(subject: Rider, review_id: int, **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    body = {"text": "Thank you.", **more}
    path = f"/api/reviews/{review_id}/reply"
    return await subject.call("POST", path, json=body, headers=headers)


async def reviews_of(viewer: Rider, subject: Rider, query: str = "") -> list[dict[str, Any]]:
    """What somebody reads of somebody."""
    answer = await viewer.call("GET", f"/api/users/{subject.id}/reviews?{query}")
    assert answer.status_code == 200, answer.text
    reviews: list[dict[str, Any]] = answer.json()["items"]
    return reviews


async def own_reviews(author: Rider, query: str = "") -> list[dict[str, Any]]:
    answer = await author.call("GET", f"/api/reviews/mine?{query}")
    assert answer.status_code == 200, answer.text
    reviews: list[dict[str, Any]] = answer.json()["items"]
    return reviews


async def summary(viewer: Rider, subject: Rider) -> dict[str, Any]:
    """What somebody's profile says of the reviews."""
    answer = await viewer.call("GET", f"/api/users/{subject.id}/profile")
    assert answer.status_code == 200, answer.text
    reviews: dict[str, Any] = answer.json()["reviews"]
    return reviews
