"""Generate from the API's documents what calls its operations, and what sockets say.

    python generate.py DOCUMENTS FOLDER

DOCUMENTS holds openapi.json and asyncapi.json; FOLDER gets the package `tripsync_client.generated`.
openapi-python-client does the work. Here its input is put right: pages for people are left out, and
the messages of sockets are added as schemas, since it reads no AsyncAPI.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PACKAGE = "tripsync_client"
HERE = Path(__file__).parent
SCHEMA = "#/components/schemas/"
METHODS = ("get", "put", "post", "delete", "patch")


def main(documents: Path, folder: Path) -> None:
    openapi = without_pages(json.loads((documents / "openapi.json").read_text()))
    asyncapi = json.loads((documents / "asyncapi.json").read_text())
    schemas = openapi["components"]["schemas"]
    schemas |= asyncapi["components"]["schemas"]
    for schema in schemas.values():
        # Else classes are called by it, and two of them alike.
        schema.pop("title", None)
    generate(openapi, folder / PACKAGE / "generated")
    messages = asyncapi["components"]["messages"]
    (folder / PACKAGE / "generated" / "messages.py").write_text(module_of(messages))


def without_pages(openapi: dict[str, Any]) -> dict[str, Any]:
    """The document without pages that a browser shows."""
    for path in openapi["paths"].values():
        for method in METHODS:
            if method in path and is_page(path[method]):
                del path[method]
    return openapi


def is_page(operation: dict[str, Any]) -> bool:
    return any("text/html" in each.get("content", {}) for each in operation["responses"].values())


def module_of(messages: dict[str, Any]) -> str:
    """A module with all that is heard and said as types, and each class by what its `type` is."""
    classes = {
        name: message["payload"]["$ref"].removeprefix(SCHEMA) for name, message in messages.items()
    }
    heard, said = (
        {name.removeprefix(way): schema for name, schema in classes.items() if name.startswith(way)}
        for way in ("hear_", "say_")
    )
    lines = [
        '"""What sockets say and are told."""',
        "",
        "from collections.abc import Mapping",
        "",
        f"from {PACKAGE}.generated.models import (",
        *(f"    {name}," for name in sorted(classes.values())),
        ")",
        "",
        f"Heard = {' | '.join(sorted(heard.values()))}",
        f"Said = {' | '.join(sorted(said.values()))}",
        "",
        "CLASSES: Mapping[str, type[Heard]] = {",
        *(f'    "{kind}": {name},' for kind, name in heard.items()),
        "}",
    ]
    return "\n".join(lines) + "\n"


def generate(document: dict[str, Any], into: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    with tempfile.TemporaryDirectory() as room:
        source = Path(room) / "document.json"
        source.write_text(json.dumps(document))
        command = [
            str(Path(sys.executable).parent / "openapi-python-client"),
            "generate",
            "--path",
            str(source),
            "--config",
            str(HERE / "generator.yaml"),
            "--meta",
            "none",
            "--output-path",
            str(into),
            "--overwrite",
            "--fail-on-warning",
        ]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    # For a call with two kinds of body it forgets to import this.
    for file in (into / "api").rglob("*.py"):
        text = file.read_text()
        file.write_text(text.replace("import Response, UNSET\n", "import Response, UNSET, Unset\n"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
