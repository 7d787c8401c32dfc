"""Processes for benchmarks: servers that take connections, and helpers that obey orders."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.processes import ROOT
from tripsync.settings import variables

HOST = "127.0.0.1"
START_WITHIN = 90.0
STOP_WITHIN = 10.0
QUESTION = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


@dataclass(frozen=True)
class Running:
    """A server process."""

    pid: int
    port: int

    @property
    def memory(self) -> int:
        """What it takes, with its workers, in bytes."""
        process = psutil.Process(self.pid)
        family = [process, *process.children(recursive=True)]
        return sum(each.memory_info().rss for each in family)


class Obedient:
    """A process that takes orders as lines of JSON and answers each by lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def tell(self, order: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()

    async def answer(self) -> Any:
        assert self._process.stdout
        line = await self._process.stdout.readline()
        if not line:
            raise SystemExit("a helper of the benchmark gave up; its reason is above")
        return json.loads(line)


@asynccontextmanager
async def obedient(module: str, *arguments: str) -> AsyncIterator[Obedient]:
    """A module of tests/bench as a process that obeys."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", f"tests.bench.{module}", *arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # All moments of all devices are one line.
        limit=2**27,
    )
    try:
        yield Obedient(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def clean_environment() -> dict[str, str]:
    """Ours, without what it says about some other TripSync."""
    settings = {variable.name for variable in variables()}
    return {name: value for name, value in os.environ.items() if name not in settings}


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(
    command: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Iterator[Running]:
    """A Python program that takes connections where HOST and PORT say, its output in a file."""
    port = free_port()
    log = folder / f"{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**environment, "HOST": HOST, "PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        wait_for(process, log, port)
        yield Running(process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process: subprocess.Popen[bytes], log: Path, port: int) -> None:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            # A port is open before anybody answers.
            with socket.create_connection((HOST, port), timeout=START_WITHIN) as connection:
                connection.sendall(QUESTION)
                if connection.recv(1):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"a server did not start; its own words:\n{log.read_text()}")
