"""Documents of the API as files: what is served as /openapi.json and /asyncapi.json, and lists of
all calls and all problems to read."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tripsync.app import create_app, describe_calls, describe_sockets
from tripsync.database.encoding import encode
from tripsync.http.openapi.document import refusals
from tripsync.http.problems import MEDIA_TYPE, Refusal
from tripsync.settings import Settings

REFERENCE = Path("docs/reference")
HEAD = """\
# Calls

Every call of the API and who may make it: anybody, or a rider, with a token. `tripsync documents` \
writes this page.\
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
ALLOWED = """\
# Breaks of the API since the last release, each below its reason, as tests/test_api_breaks.py
# tells them. `tripsync documents --release` empties this list.
"""
# Beyond so many it is not a call's own.
FEW_CALLS = 6
TABLE = "| call | who | what |\n|---|---|---|"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=REFERENCE,
        help=f"where they are written to ({REFERENCE})",
    )
    parser.add_argument(
        "--release",
        action="store_true",
        help="note the API as released, too: what breaks its clients has to be allowed from now on",
    )


def write(chosen: argparse.Namespace) -> int:
    folder: Path = chosen.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_bytes(text)
        print(f"wrote {folder / name}")
    if chosen.release:
        release(folder)
    return 0


def release(folder: Path) -> None:
    """Keep the API as it is for later ones to be compared with (tests/test_api_breaks.py)."""
    released = folder / "released"
    released.mkdir(exist_ok=True)
    (released / "openapi.json").write_bytes((folder / "openapi.json").read_bytes())
    # What was allowed since the last release is in this one.
    (released / "allowed.txt").write_text(ALLOWED)
    print(f"wrote {released / 'openapi.json'}")


def texts() -> dict[str, bytes]:
    """The text of each file by its name. They depend on no setting."""
    app = create_app(Settings(), name="tripsync-documents")
    described = {"openapi.json": describe_calls(app), "asyncapi.json": describe_sockets()}
    written = {
        name: msgspec.json.format(encode(document), indent=2) + b"\n"
        for name, document in described.items()
    }
    pages = {
        "calls.md": list_calls(described["openapi.json"]),
        "problems.md": list_problems(described["openapi.json"], refusals(app)),
    }
    return {**written, **{name: page.encode() for name, page in pages.items()}}


def list_calls(document: Mapping[str, Any]) -> str:
    """A table for each feature."""
    calls = [
        (method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    parts = [HEAD]
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
