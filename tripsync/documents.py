"""Documents of the API as files: what is served as /openapi.json and /asyncapi.json, and a list of
all calls to read."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tripsync.app import create_app, describe_calls, describe_sockets
from tripsync.database.encoding import encode
from tripsync.settings import Settings

REFERENCE = Path("docs/reference")
HEAD = """\
# Calls

Every call of the API and who may make it: anybody, or a rider, with a token. `tripsync documents` \
writes this page.\
"""
TABLE = "| call | who | what |\n|---|---|---|"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=REFERENCE,
        help=f"where they are written to ({REFERENCE})",
    )


def write(chosen: argparse.Namespace) -> int:
    folder: Path = chosen.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_bytes(text)
        print(f"wrote {folder / name}")
    return 0


def texts() -> dict[str, bytes]:
    """The text of each file by its name. They depend on no setting."""
    app = create_app(Settings(), name="tripsync-documents")
    described = {"openapi.json": describe_calls(app), "asyncapi.json": describe_sockets()}
    written = {
        name: msgspec.json.format(encode(document), indent=2) + b"\n"
        for name, document in described.items()
    }
    return {**written, "calls.md": list_calls(described["openapi.json"]).encode()}


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


def about(operation: Mapping[str, Any]) -> str:
    """The first sentence of its description."""
    first, _, _ = operation["description"].partition("\n\n")
    return str(first).rstrip(".")
