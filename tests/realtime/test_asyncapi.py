"""/asyncapi.json says all that goes over a socket: its own rules hold, and the server's too."""

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

import tripsync
from tests.asyncapi import MADE_UP, check_heard, document, validators
from tests.conftest import Server
from tripsync.app import every
from tripsync.realtime import close_codes
from tripsync.realtime.asyncapi import describe
from tripsync.realtime.events import Event
from tripsync.realtime.gateway import Gateway

PACKAGE = Path(str(tripsync.__file__)).parent
NAME = re.compile(r"[\w.-]+")
# What the specification (AsyncAPI 3.0.0) lets an object have, and what it must have.
OBJECTS = {
    "root": (
        {"asyncapi", "info"},
        {"id", "servers", "defaultContentType", "channels", "operations", "components"},
    ),
    "info": (
        {"title", "version"},
        {"description", "termsOfService", "contact", "license", "tags", "externalDocs"},
    ),
    "server": (
        {"host", "protocol"},
        {
            "protocolVersion",
            "pathname",
            "description",
            "title",
            "summary",
            "variables",
            "security",
            "tags",
            "externalDocs",
            "bindings",
        },
    ),
    "channel": (
        {"address", "messages"},
        {
            "title",
            "summary",
            "description",
            "servers",
            "parameters",
            "tags",
            "externalDocs",
            "bindings",
        },
    ),
    "operation": (
        {"action", "channel"},
        {
            "title",
            "summary",
            "description",
            "security",
            "tags",
            "externalDocs",
            "bindings",
            "traits",
            "messages",
            "reply",
        },
    ),
    "message": (
        {"payload"},
        {
            "headers",
            "correlationId",
            "contentType",
            "name",
            "title",
            "summary",
            "description",
            "tags",
            "externalDocs",
            "bindings",
            "examples",
            "traits",
        },
    ),
    "components": (
        set(),
        {"schemas", "messages", "securitySchemes"},
    ),
}


def found_at(reference: str) -> Any:
    """What a `$ref` leads to; KeyError where it leads nowhere."""
    assert reference.startswith("#/"), reference
    place: Any = document()
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place


def references(part: Any) -> Iterator[str]:
    match part:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for each in part.values():
                yield from references(each)
        case list():
            for each in part:
                yield from references(each)


def check_object(kind: str, given: dict[str, Any]) -> None:
    needed, allowed = OBJECTS[kind]
    members = {name for name in given if not name.startswith("x-")}
    assert needed <= members <= needed | allowed, (kind, members)


async def test_it_is_served_as_it_is_checked_here(client: httpx.AsyncClient) -> None:
    answer = await client.get("/asyncapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == document()


def test_it_has_the_form_of_asyncapi_3() -> None:
    whole = document()
    assert whole["asyncapi"] == "3.0.0"
    check_object("root", whole)
    check_object("info", whole["info"])
    check_object("components", whole["components"])
    for kind, group in (
        ("server", whole["servers"]),
        ("channel", whole["channels"]),
        ("operation", whole["operations"]),
        ("message", whole["components"]["messages"]),
    ):
        assert group
        for name, each in group.items():
            assert NAME.fullmatch(name)
            check_object(kind, each)
    for name in whole["components"]["schemas"]:
        # Clients make types of these names.
        assert name.isidentifier()
    for operation in whole["operations"].values():
        assert operation["action"] in ("send", "receive")


def test_every_reference_leads_somewhere() -> None:
    followed = list(references(document()))
    assert len(followed) > 100
    for reference in followed:
        found_at(reference)


def test_an_operation_names_messages_of_its_own_channel_and_direction() -> None:
    for operation in document()["operations"].values():
        own = operation["channel"]["$ref"] + "/messages/"
        direction = "say_" if operation["action"] == "receive" else "hear_"
        assert operation["messages"]
        for each in operation["messages"]:
            assert each["$ref"].startswith(own + direction)


def test_its_channels_are_the_sockets_that_there_are(server: Server) -> None:
    served = {
        "/" + re.sub(r"<(\w+):\w+>", r"{\1}", route.path)
        for route in server.app.router.routes
        if route.extra.websocket
    }
    channels = document()["channels"].values()
    assert {each["address"] for each in channels} == served
    for each in channels:
        named = set(re.findall(r"{(\w+)}", each["address"]))
        assert set(each.get("parameters", {})) == named


def test_what_may_be_said_is_what_the_server_takes(server: Server) -> None:
    assert set(validators("say_")) == set(server.app.ctx.resources[Gateway]._acts)


def test_what_becomes_of_a_socket_is_told() -> None:
    for channel in document()["channels"].values():
        told = {each["code"]: each["advice"] for each in channel["x-close-codes"]}
        assert told == {each.number: each.advice for each in close_codes.ALL}


def test_two_features_cannot_give_one_name_to_two_messages() -> None:
    class Answered(Event, type="pong"):
        """Somebody is there."""

    with pytest.raises(TypeError, match="same name"):
        describe([], [Answered])


def kinds_of(kind: type[Event]) -> Iterator[type[Event]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds_of(each)


def forgotten(listed: Sequence[type[Event]]) -> list[type[Event]]:
    """The events of the package that are not among these."""
    for file in PACKAGE.glob("*/events.py"):
        import_module(f"tripsync.{file.parent.name}.events")
    ours = [each for each in kinds_of(Event) if each.__module__.startswith("tripsync.")]
    return [each for each in ours if each not in listed]


def test_every_event_is_listed_by_a_feature() -> None:
    listed: list[type[Event]] = every("events")
    assert forgotten(listed) == []
    assert forgotten(listed[1:]) == listed[:1]


@pytest.mark.parametrize("key", document()["components"]["messages"])
def test_a_message_says_what_it_is_and_shows_one_that_fits(key: str) -> None:
    message = document()["components"]["messages"][key]
    direction, _, name = key.partition("_")
    assert message["name"] == name
    assert not name.startswith(MADE_UP)
    assert message["summary"].endswith((".", "?"))
    [example] = message["examples"]
    assert example["payload"]["type"] == name
    validators(f"{direction}_")[name].validate(example["payload"])
    # What stands where a field has no example.
    assert "'...'" not in str(example)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "no_such_thing"},
        {"type": "pong", "more": 1},
        {"type": "ready"},
        {"type": "ready", "seq": "1"},
        {"type": "sos_resolved", "sos_id": 1},
        {"type": "sos_resolved", "sos_id": 1, "seq": 0},
        {"type": "ride_started", "seq": 1, "pool_id": 1, "by_user": {"id": 1}},
        {
            "type": "ride_started",
            "seq": 1,
            "pool_id": 1,
            "by_user": {"id": 1, "full_name": "Dev", "email": "dev@djsce.example"},
        },
        {"type": "sos", "seq": 1},
    ],
)
def test_what_is_not_in_the_document_is_seen(message: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        check_heard(message)


def test_a_moment_without_a_zone_is_seen() -> None:
    [example] = document()["components"]["messages"]["hear_saved_search_hit"]["examples"]
    message = deepcopy(example["payload"])
    check_heard(message)
    message["request"]["depart_after"] = "2026-11-20T08:30:00"
    with pytest.raises(AssertionError, match="depart_after"):
        check_heard(message)
