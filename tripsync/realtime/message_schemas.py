"""Schemas of what goes over a socket; of events also where `GET /api/events` lists them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tripsync.http.openapi.schemas import REFERENCE, Components, given_components, sent_components
from tripsync.realtime.events import Event

SEQ = {
    "type": "integer",
    "minimum": 1,
    "description": "the number of this event: one more than that of the one before",
    "examples": [118],
}
EVENT = "Event"

Named = Iterable[tuple[str, type[msgspec.Struct]]]


def camel_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def frame_components(frames: Named) -> Components:
    """Of what riders say, which is read strictly."""
    listed = list(frames)
    components = sent_components([schema for _, schema in listed])
    for name, schema in listed:
        component = components.pop(schema.__name__)
        title = f"{camel_case(name)}Frame"
        components[title] = enveloped(title, component, {"type": const(name)})
    return components


def heard_components(messages: Named, events: Sequence[type[Event]]) -> Components:
    """Of what riders hear, which may grow."""
    controls = list(messages)
    components = given_components([*(schema for _, schema in controls), *events])
    for component in components.values():
        component.pop("additionalProperties", None)
    for name, schema in controls:
        component = components.pop(schema.__name__)
        title = f"{camel_case(name)}Message"
        components[title] = enveloped(title, component, {"type": const(name)})
    for event in events:
        component = components.pop(event.__name__)
        envelope = {"type": const(event.type), **({"seq": SEQ} if event.durable else {})}
        components[name_of(event)] = enveloped(name_of(event), component, envelope)
    return components


def event_components(events: Sequence[type[Event]]) -> Components:
    """Of the events that are kept, and of any of them: `type` says which."""
    kept = [event for event in events if event.durable]
    named = {event.type: REFERENCE.format(name=name_of(event)) for event in kept}
    return {
        **heard_components([], kept),
        EVENT: {
            **one_of(EVENT, "What happened to a rider; `type` says what.", named.values()),
            "discriminator": {"propertyName": "type", "mapping": named},
        },
    }


def name_of(event: type[Event]) -> str:
    return f"{camel_case(event.type)}Event"


def one_of(title: str, description: str, references: Iterable[str]) -> dict[str, Any]:
    return {
        "title": title,
        "description": description,
        "oneOf": [{"$ref": each} for each in references],
    }


def const(name: str) -> dict[str, Any]:
    return {"type": "string", "description": "What this is.", "const": name}


def enveloped(
    title: str, component: Mapping[str, Any], envelope: Mapping[str, Any]
) -> dict[str, Any]:
    """With the members that every message has before its own."""
    return {
        **component,
        "title": title,
        "properties": {**envelope, **component["properties"]},
        "required": [*envelope, *component.get("required", ())],
    }
