"""`tripsync documents` writes docs/reference: the API's documents as they are served, and pages to
read of endpoints, events, problems, settings, commands and queries."""

import argparse
from pathlib import Path

import msgspec

from tripsync.app import create_app, describe_calls, describe_sockets
from tripsync.cli import parser
from tripsync.database.encoding import encode
from tripsync.desk.api_pages import list_endpoints, list_messages, list_problems
from tripsync.desk.command_page import list_commands
from tripsync.desk.list_command import reference_page
from tripsync.desk.settings_page import list_settings
from tripsync.http.openapi.document import refusals
from tripsync.settings import Settings

REFERENCE = Path("docs/reference")
ALLOWED = """\
# Breaks of the API since the last release, each below its reason, as tests/test_api_breaks.py
# tells them. `tripsync documents --release` empties this list.
"""


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
        "commands.md": list_commands(parser),
        "endpoints.md": list_endpoints(described["openapi.json"]),
        "events.md": list_messages(described["asyncapi.json"]),
        "problems.md": list_problems(described["openapi.json"], refusals(app)),
        "queries.md": reference_page(),
        "settings.md": list_settings(),
    }
    return {**written, **{name: page.encode() for name, page in pages.items()}}
