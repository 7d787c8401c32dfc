"""Server processes for benchmarks: started with settings of their own, stopped afterwards."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tripsync.settings import variables

HOST = "127.0.0.1"
START_WITHIN = 90.0
STOP_WITHIN = 10.0


def clean_environment() -> dict[str, str]:
    """Ours, without what it says about some other TripSync."""
    settings = {variable.name for variable in variables()}
    return {name: value for name, value in os.environ.items() if name not in settings}


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str], log: Path, port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """A server that takes connections, its output in a file."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        wait_for(process, log, port)
        yield process
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
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"a server did not start; its own words:\n{log.read_text()}")
