"""Prism answers as docs/reference/openapi.json says, without a server or a database.

`python -m tests.clients.mock [PORT]` serves it, on 4010 unless told otherwise.
"""

import asyncio
import sys
from pathlib import Path

from tests.node import NODE
from tests.npm import NpmError, install
from tests.processes import ROOT

PACKAGE = ROOT / "clients" / "mock"
PRISM = PACKAGE / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
OPENAPI = ROOT / "docs" / "reference" / "openapi.json"


async def command(port: int) -> list[str | Path]:
    """What starts it, once it is installed."""
    await install(PACKAGE)
    return [NODE, PRISM, "mock", OPENAPI, "--port", str(port), "--verboseLevel", "warn"]


async def main(port: str = "4010") -> int:
    try:
        words = await command(int(port))
    except NpmError as reason:
        print(reason, file=sys.stderr)
        return 1
    print(f"http://127.0.0.1:{port} answers with examples; any token will do. Ctrl-C stops it.")
    process = await asyncio.create_subprocess_exec(*words)
    try:
        return await process.wait()
    except asyncio.CancelledError:
        await process.wait()
        return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
