"""Every example of a body in /openapi.json is sent to a server, and is taken.

The objects that it names are made before (tests/http/scenes.py). Its moments are moved by whole
weeks, so that they lie ahead as they did when the examples were written.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import asyncpg
import httpx
import pytest

from tests.answers import document
from tests.conftest import SignUp
from tests.http.scenes import SCENES, Scene, Stage
from tests.people import Campus
from tripsync.http.endpoint import FORM
from tripsync.http.uploads import FIELD, MULTIPART

A_WEEK = timedelta(days=7)
# Before the first moment of the examples, and less than a week before.
WRITTEN = datetime(2026, 11, 20, tzinfo=UTC)
DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Sent(NamedTuple):
    """An example that the document shows."""

    operation_id: str
    method: str
    path: str
    media_type: str
    example: Any
    status: str


def all_sent() -> list[Sent]:
    return [
        Sent(
            operation["operationId"],
            method.upper(),
            path,
            media_type,
            content.get("example"),
            next(iter(operation["responses"])),
        )
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
    ]


def test_there_is_a_scene_for_every_operation_that_takes_a_body() -> None:
    assert {name for name, _ in groupby(all_sent(), lambda each: each.operation_id)} == set(SCENES)


@pytest.mark.parametrize(
    "sent", all_sent(), ids=lambda sent: f"{sent.operation_id} {sent.media_type.partition('/')[2]}"
)
async def test_an_example_is_taken(
    client: httpx.AsyncClient, campus: Campus, sign_up: SignUp, db: asyncpg.Connection, sent: Sent
) -> None:
    stage = Stage(campus, sign_up, db, sent.example or {})
    scene = await SCENES[sent.operation_id](stage)
    headers = scene.rider.headers if scene.rider else {}
    path = sent.path.format(**scene.path)
    answer = await client.request(sent.method, path, headers=headers, **body_of(sent, scene))
    assert str(answer.status_code) == sent.status, answer.text


def body_of(sent: Sent, scene: Scene) -> dict[str, Any]:
    if scene.file:
        return {"files": {FIELD: scene.file}}
    assert set(scene.body) <= set(sent.example), "the example does not say so"
    example = {**moved(sent.example), **scene.body}
    if sent.media_type == FORM:
        return {"data": example}
    if sent.media_type == MULTIPART:
        return {"files": {name: (None, str(value)) for name, value in example.items()}}
    return {"json": example}


def moved(value: Any) -> Any:
    """The same, with all its moments so many weeks later that none lies behind us."""
    weeks = (datetime.now(UTC) - WRITTEN) // A_WEEK + 1
    match value:
        case Mapping():
            return {name: moved(each) for name, each in value.items()}
        case list():
            return [moved(each) for each in value]
        case str() if DAY.fullmatch(value):
            return (date.fromisoformat(value) + weeks * A_WEEK).isoformat()
        case str() if DAY.match(value):
            return (datetime.fromisoformat(value) + weeks * A_WEEK).isoformat()
        case _:
            return value


def test_moments_are_moved_ahead_and_other_texts_are_not() -> None:
    first = datetime.fromisoformat(moved("2026-11-20T08:30:00Z"))
    assert datetime.now(UTC) < first < datetime.now(UTC) + 2 * A_WEEK
    assert date.fromisoformat(moved(["2026-12-25"])[0]).weekday() == date(2026, 12, 25).weekday()
    assert moved({"at": "08:30", "count": 3}) == {"at": "08:30", "count": 3}


async def test_authorize_in_swagger_ui_signs_one_in(
    client: httpx.AsyncClient, campus: Campus
) -> None:
    rider = await campus.sign_up()
    flow = document()["components"]["securitySchemes"]["password"]["flows"]["password"]
    # As Swagger UI sends it, with no client's name and no scope.
    answer = await client.post(
        flow["tokenUrl"],
        data={
            "grant_type": "password",
            "scope": "",
            "username": rider.email,
            "password": rider.password,
        },
        headers={"Authorization": "Basic Og=="},
    )
    token = answer.json()["access_token"]
    shown = await client.get("/api/profile/me", headers={"Authorization": f"Bearer {token}"})
    assert shown.json()["id"] == rider.id
