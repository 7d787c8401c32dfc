"""The AsyncAPI document describes what goes over a socket either way, and how it ends."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import cleandoc
from typing import Any, Literal

from tripsync import __version__
from tripsync.http.openapi.document import INFO
from tripsync.http.openapi.examples import example
from tripsync.http.openapi.parameters import PATH_PARAMETER
from tripsync.http.openapi.schemas import REFERENCE, Components, sent_components
from tripsync.realtime import close_codes
from tripsync.realtime.api import ADDRESSES
from tripsync.realtime.control_messages import HEARD, SAID
from tripsync.realtime.events import Event
from tripsync.realtime.frames import Frame
from tripsync.realtime.handshake import PROTOCOL, Opening
from tripsync.realtime.message_schemas import (
    camel_case,
    frame_components,
    heard_components,
    name_of,
    one_of,
)

DESCRIPTION = """Events of one's rides, chats and reviews, as they happen, on all of one's devices.

All addresses are the same feed. Open one with a token; then every event comes once it is true, in
order, numbered by `seq` without a gap. A device that comes back says the last `seq` it knows, and
gets what it missed first; one that says none gets what happened in the last 15 seconds, while it
was opening. Events are kept for seven days, and `GET /api/events` has them too.

Messages are JSON objects with a `type`. Take no notice of a type or a member that you do not know:
there may be more of them tomorrow. What you say is read strictly.

A handshake that is refused gets an HTTP answer: 401 (the token), 403 (the origin, or another
rider's address), 503 (come back after `Retry-After`)."""

LICENSE = {"name": "MIT", "url": "https://opensource.org/license/mit"}
TOKENS = {
    "subprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": f"for browsers: `new WebSocket(url, ['{PROTOCOL}', accessToken])`; "
        f"the server selects `{PROTOCOL}`",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "for native clients: the header `Authorization`. "
        "With no token at the handshake, say `auth` within ten seconds",
    },
    "address": {
        "type": "httpApiKey",
        "in": "query",
        "name": "token",
        "description": "where nothing else is possible; it reaches no log of this server",
    },
}
USER_ID = {"description": "One's own id; that of another rider is refused with a 403."}
KEPT = "Kept for seven days, and sent again to a device that resumes."
NOT_KEPT = "Not kept: devices that are on the line now get it, and nobody gets it later."

Direction = Literal["say", "hear"]


def describe(frames: Iterable[Frame], events: Sequence[type[Event]]) -> dict[str, Any]:
    """The document of what features list, and of the socket's own messages."""
    said = [*HEARD.items(), *((frame.name, frame.schema) for frame in frames)]
    strict = frame_components(said)
    open_ended = heard_components(SAID.items(), events)
    schemas = merged(strict, open_ended)
    both = {
        **{
            f"say_{name}": message_object(name, f"{camel_case(name)}Frame", schemas)
            for name, _ in said
        },
        **{
            f"hear_{name}": message_object(name, f"{camel_case(name)}Message", schemas)
            for name in SAID
        },
        **{f"hear_{each.type}": event_object(each, schemas) for each in events},
    }
    if len(both) < len(said) + len(SAID) + len(events):
        raise TypeError("two features say, or take, messages of the same name")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "TripSync: sockets",
            "version": __version__,
            "description": DESCRIPTION,
            "contact": INFO["contact"],
            "license": LICENSE,
            "tags": [{"name": "Events"}],
        },
        "defaultContentType": "application/json",
        "servers": {"here": server("ws"), "here_with_tls": server("wss")},
        "channels": {name: channel(address, both) for name, address in ADDRESSES.items()},
        "operations": {
            f"{direction}_on_{name}": operation(direction, name, both)
            for name in ADDRESSES
            for direction in ("say", "hear")
        },
        "components": {
            "messages": both,
            "schemas": {**schemas, **unions(both)},
            "securitySchemes": TOKENS,
        },
    }


def merged(strict: Components, open_ended: Components) -> Components:
    """One set of names; a schema that is read strictly is another than one that may grow."""
    if shared := strict.keys() & open_ended.keys():
        raise TypeError(f"both said and heard: {', '.join(sorted(shared))}")
    return {**strict, **open_ended}


def unions(messages: Mapping[str, Any]) -> dict[str, Any]:
    """Anything that can be said, and anything that can be heard."""
    payloads = {
        direction: [
            each["payload"]["$ref"] for key, each in messages.items() if key.startswith(direction)
        ]
        for direction in ("say_", "hear_")
    }
    # Their types are constants. AsyncAPI's own `discriminator` would have to be the schema's name.
    return {
        "Said": one_of("Said", "What riders say; `type` says what.", payloads["say_"]),
        "Heard": one_of("Heard", "What riders hear; `type` says what.", payloads["hear_"]),
    }


def event_object(event: type[Event], schemas: Mapping[str, Any]) -> dict[str, Any]:
    told = message_object(event.type, name_of(event), schemas)
    told["description"] = KEPT if event.durable else NOT_KEPT
    told["x-durable"] = event.durable
    if event.pushed:
        told["x-push"] = event.pushed.value
    return told


def message_object(name: str, payload: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    component = schemas[payload]
    shown = example(component, schemas)
    return {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "summary": " ".join(cleandoc(component["description"]).split()),
        "payload": {"$ref": REFERENCE.format(name=payload)},
        "examples": [{"payload": shown}],
    }


def server(protocol: str) -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": protocol,
        "variables": {"host": {"default": "localhost:8000"}},
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in TOKENS],
    }


def channel(address: str, messages: Iterable[str]) -> dict[str, Any]:
    query = sent_components([Opening])[Opening.__name__]
    described: dict[str, Any] = {
        "address": PATH_PARAMETER.sub(r"{\1}", address),
        "title": "All that a rider's devices learn and say",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"ws": {"method": "GET", "query": query}},
        "x-close-codes": [
            {"code": each.number, "reason": each.reason, "advice": each.advice}
            for each in close_codes.ALL
        ],
    }
    if names := PATH_PARAMETER.findall(address):
        described["parameters"] = {name: USER_ID for name, _ in names}
    return described


def operation(direction: Direction, channel: str, messages: Iterable[str]) -> dict[str, Any]:
    """AsyncAPI speaks for the server: what a rider says, it receives."""
    return {
        "action": "receive" if direction == "say" else "send",
        "title": "What riders say" if direction == "say" else "What riders hear",
        "description": "Read strictly." if direction == "say" else "There may be more tomorrow.",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": list(references(direction, channel, messages)),
    }


def references(
    direction: Direction, channel: str, messages: Iterable[str]
) -> Iterator[dict[str, str]]:
    for name in messages:
        if name.startswith(f"{direction}_"):
            yield {"$ref": f"#/channels/{channel}/messages/{name}"}
