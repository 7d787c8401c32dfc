"""Documents of the API as files: what is served as /openapi.json and /asyncapi.json."""

import argparse
from pathlib import Path

import msgspec

from tripsync.app import create_app, describe_sockets
from tripsync.database.encoding import encode
from tripsync.http.openapi.document import describe
from tripsync.settings import Settings

REFERENCE = Path("docs/reference")


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
    described = {"openapi.json": describe(app), "asyncapi.json": describe_sockets()}
    return {
        name: msgspec.json.format(encode(document), indent=2) + b"\n"
        for name, document in described.items()
    }
