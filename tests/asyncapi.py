"""What riders hear is what /asyncapi.json says of it: checked against the document itself."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import msgspec
import psycopg
from msgspec import UNSET, UnsetType

from tripsync.app import describe_sockets
from tripsync.database.encoding import encode
from tripsync.realtime.events import Event

# Types that tests make up for themselves begin so, and none of ours does.
MADE_UP = "x_"
HEARD = "hear_"


class Trial(Event, type=f"{MADE_UP}test"):
    """What only tests tell."""

    n: object
    text: str | UnsetType = UNSET


Document = dict[str, Any]


def check_heard(message: Mapping[str, Any]) -> None:
    """A message is in the document, and is made as it says: with no member more or less."""
    kind = message["type"]
    if kind.startswith(MADE_UP):
        return
    validator = validators(HEARD).get(kind)
    assert validator, f"/asyncapi.json knows no {kind!r}"
    mistakes = [f"{each.instance_path} {each.message}" for each in validator.iter_errors(message)]
    assert not mistakes, f"{kind} is not what /asyncapi.json says: {mistakes} in {message}"


def check_events(database_url: str, *, made_by_tests: bool = False) -> set[str]:
    """Every event that lies in a database, or those that tests caused; which types there were."""
    theirs = "user_id not in (select id from bystanders.things where root = 'users')"
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select payload || jsonb_build_object('type', type, 'seq', seq) from events "
            f"where not starts_with(type, %s) and {theirs if made_by_tests else 'true'}",
            [MADE_UP],
        ).fetchall()
    for (message,) in rows:
        check_heard(message)
    return {message["type"] for (message,) in rows}


def durable_types() -> set[str]:
    """All that can come as an event, by the document."""
    return {
        message["name"]
        for name, message in document()["components"]["messages"].items()
        if name.startswith(HEARD) and message.get("x-durable")
    }


@cache
def document() -> Document:
    """As it is served."""
    served: Document = msgspec.json.decode(encode(describe_sockets()))
    return served


@cache
def validators(direction: str) -> dict[str, Any]:
    """For each type of message. What the document leaves open to later versions is closed."""
    whole = closed(document())
    return {
        message["name"]: jsonschema_rs.validator_for(
            {**whole, "$ref": f"#/components/messages/{key}/payload"}, validate_formats=True
        )
        for key, message in whole["components"]["messages"].items()
        if key.startswith(direction)
    }


def closed(schema: Any) -> Any:
    """The same, with objects that have no member but those that are described."""
    match schema:
        case {"type": "object", "properties": dict()}:
            tighter = {"additionalProperties": False, **schema}
            return {name: closed(each) for name, each in tighter.items()}
        case dict():
            return {name: closed(each) for name, each in schema.items()}
        case list():
            return [closed(each) for each in schema]
        case _:
            return schema
