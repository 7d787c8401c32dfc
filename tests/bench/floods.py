"""How long others wait while one client, without a token, pours in all that it can.

    python -m tests.bench.floods                    # prints a table
    python -m tests.bench.floods --seconds 20

One client asks for `/api/health/ping` at a steady pace and notes how long it takes. Beside it
another one floods the same process over one connection, and comes back at once when it is closed.
"""

import argparse
import asyncio
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from time import perf_counter

import uvloop
from websockets.frames import Frame, Opcode

from tests.bench.bench import TOY, running
from tests.bench.servers import HOST

PACE = 50
# What is sent at once.
PORTION = 262_144
PING = b"GET /api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n"
HANDSHAKE = (
    b"GET /api/ws/pool HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
BODY = (
    b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
FORM = (
    b"POST /api/auth/token HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 980000\r\n\r\n"
)


def frame(opcode: Opcode, *, fin: bool = True) -> bytes:
    return Frame(opcode, b"", fin=fin).serialize(mask=True)


# How each one begins, and what it repeats.
FLOODS: Mapping[str, tuple[bytes, bytes]] = {
    "empty messages": (HANDSHAKE, frame(Opcode.BINARY)),
    "pings": (HANDSHAKE, frame(Opcode.PING)),
    "pongs": (HANDSHAKE, frame(Opcode.PONG)),
    "unfinished message": (
        HANDSHAKE + frame(Opcode.TEXT, fin=False),
        frame(Opcode.CONT, fin=False),
    ),
    "pipelined requests": (b"", PING),
    "chunks of one byte": (BODY, b"1\r\nx\r\n"),
    "forms of unknown fields": (b"", FORM + b"a=&" * 326_666 + b"a="),
}


class Flooder:
    """One client that floods until it is told to stop; counts how often it had to come back."""

    def __init__(self, port: int, beginning: bytes, repeated: bytes) -> None:
        self._port = port
        self._beginning = beginning
        self._portion = repeated * max(1, PORTION // len(repeated))
        self.over = False
        self.connections = 0

    def run(self) -> None:
        while not self.over:
            with suppress(OSError), socket.create_connection((HOST, self._port)) as line:
                self.connections += 1
                threading.Thread(target=drain, args=(line,), daemon=True).start()
                line.sendall(self._beginning)
                if self._beginning.startswith(HANDSHAKE):
                    # What is sent before the answer is not read as frames.
                    threading.Event().wait(0.05)
                while not self.over:
                    line.sendall(self._portion)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.over = True


def drain(line: socket.socket) -> None:
    with suppress(OSError):
        while line.recv(65_536):
            pass


async def waits(port: int, seconds: float) -> list[float]:
    """Milliseconds until a steady client had its answers, the quickest first."""
    reader, writer = await asyncio.open_connection(HOST, port)
    loop = asyncio.get_running_loop()
    taken: list[float] = []
    began = loop.time()
    for number in range(int(seconds * PACE)):
        # A late answer does not make the next question later: that one waits, too.
        due = began + number / PACE
        await asyncio.sleep(max(0.0, due - loop.time()))
        writer.write(PING)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0])
        await reader.readexactly(length)
        taken.append((loop.time() - due) * 1000)
    writer.close()
    return sorted(taken)


async def measure(seconds: float) -> None:
    print(f"{'flood':26}{'p50 ms':>10}{'p99 ms':>10}{'longest':>10}{'connections':>13}")
    async with running(TOY) as bench:
        with bench.empty() as campus, campus.tripsync() as server:
            tell("none", await waits(server.port, seconds), 0)
            for name, (beginning, repeated) in FLOODS.items():
                flooder = Flooder(server.port, beginning, repeated)
                with flooder.at_work():
                    taken = await waits(server.port, seconds)
                tell(name, taken, flooder.connections)
                await asyncio.sleep(1)


def tell(name: str, taken: list[float], connections: int) -> None:
    p50, p99 = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
    print(f"{name:26}{p50:10.1f}{p99:10.1f}{taken[-1]:10.1f}{connections:13}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=8, help="of each flood")
    chosen = parser.parse_args()
    began = perf_counter()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(chosen.seconds))
    print(
        f"{perf_counter() - began:.0f} s on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
