"""A change that breaks released clients is seen, and has to be allowed by name."""

import json
from copy import deepcopy
from typing import Any

import pytest

from tests.answers import document
from tests.api_breaks import breaks
from tests.processes import ROOT

RELEASED = ROOT / "docs" / "reference" / "released"


def allowed() -> list[str]:
    """Lines of docs/reference/released/allowed.txt, each below the reason."""
    lines = (RELEASED / "allowed.txt").read_text().splitlines()
    return [each for each in lines if each and not each.startswith("#")]


def test_every_break_since_the_last_release_is_allowed_by_name() -> None:
    released = RELEASED / "openapi.json"
    # Before the first release there is nobody to break.
    old = json.loads(released.read_text()) if released.exists() else document()
    assert breaks(old, document()) == sorted(allowed())


def changed(*steps: str, to: Any) -> dict[str, Any]:
    """Today's document with another value at one place; without it where that is `gone`."""
    made: dict[str, Any] = deepcopy(dict(document()))
    *way, last = steps
    place = made
    for step in way:
        place = place[step]
    if to == GONE:
        del place[last]
    else:
        place[last] = to
    return made


# A text, for processes that share the tests call them alike.
GONE = "gone"
SCHEMAS = "components", "schemas"
OPEN = "paths", "/api/pool/requests", "post"
NEW = *SCHEMAS, "NewRideRequest"
GIVEN = *SCHEMAS, "RideRequest"


@pytest.mark.parametrize(
    ("steps", "to", "told"),
    [
        (OPEN, GONE, ["openRideRequest: is gone"]),
        ((*OPEN, "operationId"), "askForRide", ["openRideRequest: is gone"]),
        (
            ("paths", "/api/colleges", "get", "security"),
            [{"bearer": []}],
            ["listColleges: needs a token"],
        ),
        ((*OPEN, "responses", "200"), GONE, ["openRideRequest: does not answer 200 any more"]),
        (
            (*OPEN, "parameters"),
            [],
            ["openRideRequest header Idempotency-Key: is not taken any more"],
        ),
        (
            (*OPEN, "requestBody", "content"),
            {},
            ["openRideRequest sent: application/json is gone"],
        ),
        ((*NEW, "properties", "note"), GONE, ["NewRideRequest.note: is gone"]),
        (
            (*NEW, "required"),
            ["start_latitude", "note"],
            ["NewRideRequest.note: is needed"],
        ),
        (
            (*NEW, "properties", "seats", "maximum"),
            2,
            ["NewRideRequest.seats: maximum is 2"],
        ),
        (
            (*NEW, "properties", "role", "enum"),
            ["rider"],
            ["NewRideRequest.role: does not take driver any more"],
        ),
        ((*NEW, "properties", "seats", "type"), "string", ["NewRideRequest.seats: no integer"]),
        ((*GIVEN, "properties", "note"), GONE, ["RideRequest.note: is gone"]),
        ((*GIVEN, "required"), ["request_id"], None),
        (
            (*GIVEN, "properties", "status", "enum"),
            ["active", "cancelled", "completed", "lost", "matched"],
            ["RideRequest.status: may also be lost"],
        ),
        (
            (*GIVEN, "properties", "note", "type"),
            "null",
            ["RideRequest.note: also null"],
        ),
        ((*SCHEMAS, "OwnData"), {"type": "object"}, None),
    ],
    ids=str,
)
def test_a_break_is_seen(steps: tuple[str, ...], to: Any, told: list[str] | None) -> None:
    found = breaks(document(), changed(*steps, to=to))
    if told is not None:
        assert found == told
    elif "required" in steps:
        assert "RideRequest.note: may be missing" in found
    else:
        assert found == []


@pytest.mark.parametrize(
    ("steps", "to"),
    [
        ((*NEW, "required"), ["start_latitude"]),
        ((*NEW, "properties", "seats", "maximum"), 4),
        ((*NEW, "properties", "purse"), {"type": "string"}),
        ((*GIVEN, "properties", "purse"), {"type": "string"}),
        ((*GIVEN, "properties", "status", "enum"), ["active"]),
        ((*OPEN, "summary"), "Look for a ride"),
        ((*OPEN, "responses", "409"), GONE),
        (("paths", "/api/new"), {}),
    ],
    ids=str,
)
def test_what_breaks_nobody_is_not_told(steps: tuple[str, ...], to: Any) -> None:
    assert breaks(document(), changed(*steps, to=to)) == []
