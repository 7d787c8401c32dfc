"""Linters read the documents of docs/reference, as those do who generate clients.

`python -m tests.linters` is a part of `make check`.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.npm import NpmError, install, run

HERE = Path(__file__).parent
REFERENCE = HERE.parent.parent / "docs" / "reference"
OPENAPI = REFERENCE / "openapi.json"
ASYNCAPI = REFERENCE / "asyncapi.json"

MODULES = HERE / "node_modules"

Command = tuple[str | Path, ...]
COMMANDS: Mapping[str, Command] = {
    "redocly lint": (MODULES / "@redocly/cli/bin/cli.js", "lint", OPENAPI, "--format", "stylish"),
    "spectral": (
        MODULES / "@stoplight/spectral-cli/dist/index.js",
        *("lint", OPENAPI, "--fail-severity", "warn", "--quiet"),
    ),
    "asyncapi parser": (HERE / "asyncapi.mjs", ASYNCAPI),
}
# Nobody is told that this ran.
DISCREET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


async def main() -> int:
    try:
        await install(HERE)
    except NpmError as reason:
        print(reason, file=sys.stderr)
        return 1
    mistakes = await asyncio.gather(
        asyncio.to_thread(validate), *(lint(*each) for each in COMMANDS.items())
    )
    found = [each for each in mistakes if each]
    print("\n".join(found) or "openapi.json, asyncapi.json: nothing to mend")
    return 1 if found else 0


async def lint(name: str, command: Command) -> str:
    code, said = await run(HERE, *command, **DISCREET)
    # Redocly says warnings and leaves with 0.
    return f"{name}:\n{said}" if code or "warning" in said.lower() else ""


def validate() -> str:
    errors = OpenAPIV31SpecValidator(json.loads(OPENAPI.read_text())).iter_errors()
    return "\n".join(f"openapi-spec-validator: {each}" for each in errors)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
