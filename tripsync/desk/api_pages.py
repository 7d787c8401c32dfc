"""Pages of docs/reference about the API, made from its documents."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tripsync.http.problems import MEDIA_TYPE, Refusal

ENDPOINTS = """\
# Endpoints

Every endpoint of the API and who may call it: anybody, or a rider, with a token. \
[openapi.json](openapi.json) has what each takes and gives; a running server shows it at `/redoc`, \
and `/docs` tries it. [What holds for all of them](README.md#what-holds-for-all-endpoints) is told \
once. `tripsync documents` writes this page.\
"""
PROBLEMS = """\
# Problems

Every way in which a call is refused. The body is `application/problem+json` (RFC 9457): `detail` \
is a sentence to be shown, often a closer one than here; `code` is for programs and stays; \
`errors` names the fields of a 422. In [openapi.json](openapi.json) `code` is an enum for each \
call and status. `tripsync documents` writes this page.

| status | code | what it says | calls |
|---|---|---|---|\
"""
MESSAGES = """\
# Events

What goes over sockets. [sockets.md](../sockets.md) tells how to connect and to lose nothing; \
[asyncapi.json](asyncapi.json) has every member of a message, and `/redoc#sockets` of a running \
server shows it. `GET /api/events` gives the events without a socket. `tripsync documents` writes \
this page.

## What riders say

| type | meaning |
|---|---|\
"""
HEARD = """\
## What riders hear

An event that is kept has a `seq`, and is sent again for seven days to a device that resumes. \
Where nobody acknowledges it, phones are told of what is pushed: at once, or by day, when it waits \
for the end of the rider's quiet hours. Take no notice of a type that you do not know.

| type | meaning | kept |
|---|---|---|\
"""
# Beyond so many it is not a call's own.
FEW_CALLS = 6
TABLE = "| endpoint | who | what |\n|---|---|---|"


def list_endpoints(document: Mapping[str, Any]) -> str:
    """A table for each feature."""
    calls = [
        (method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    parts = [ENDPOINTS]
    for tag in document["tags"]:
        rows = [
            f"| `{method} {path}` | {'rider' if operation['security'] else 'anybody'} "
            f"| {about(operation)} |"
            for method, path, operation in calls
            if operation["tags"] == [tag["name"]]
        ]
        parts += ["", f"## {tag['name']}", "", tag["description"], "", TABLE, *rows]
    return "\n".join(parts) + "\n"


def list_problems(document: Mapping[str, Any], known: Sequence[Refusal]) -> str:
    """One table, by status, with the calls that may be refused so."""
    calls: dict[str, list[str]] = {}
    for operations in document["paths"].values():
        for operation in operations.values():
            for code in codes_of(document, operation):
                calls.setdefault(code, []).append(operation["operationId"])
    rows = [
        f"| {each.status} | `{each.code}` | {each.detail} | {among(calls.get(each.code, []))} |"
        for each in known
    ]
    return "\n".join([PROBLEMS, *rows]) + "\n"


def codes_of(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    for response in operation["responses"].values():
        if reference := response.get("$ref"):
            told = document["components"]["responses"][reference.rpartition("/")[2]]
            yield from told["content"][MEDIA_TYPE].get("examples", ())


def among(calls: Sequence[str]) -> str:
    if not calls:
        return "any"
    if len(calls) > FEW_CALLS:
        return f"{len(calls)} calls"
    return ", ".join(f"`{each}`" for each in calls)


def about(operation: Mapping[str, Any]) -> str:
    """The first sentence of its description."""
    first, _, _ = operation["description"].partition("\n\n")
    return str(first).rstrip(".")


def list_messages(document: Mapping[str, Any]) -> str:
    """What riders say and hear on sockets: tables, then an example of each."""
    messages = document["components"]["messages"]
    said = [each for name, each in messages.items() if name.startswith("say_")]
    heard = [each for name, each in messages.items() if name.startswith("hear_")]
    parts = [MESSAGES, *(f"| `{each['name']}` | {each['summary']} |" for each in said), "", HEARD]
    parts += [f"| `{each['name']}` | {each['summary']} | {kept(each)} |" for each in heard]
    for title, listed in ("say", said), ("hear", heard):
        parts += ["", f"## Examples of what riders {title}"]
        for each in listed:
            parts += ["", f"`{each['name']}`:", "", "```json", example_of(each), "```"]
    return "\n".join(parts) + "\n"


def kept(message: Mapping[str, Any]) -> str:
    """Whether it is sent again, and wakes phones."""
    if not message.get("x-durable"):
        return "no"
    return f"yes, pushed {message['x-push']}" if "x-push" in message else "yes"


def example_of(message: Mapping[str, Any]) -> str:
    example = message["examples"][0]["payload"]
    return msgspec.json.format(msgspec.json.encode(example), indent=2).decode()
