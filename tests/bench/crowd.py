"""Many devices on the line, in a process of their own, so that no server pays for its clients.

It is told what to do by lines of JSON:

    {"open": ["", "token, eyJ...", ...], "say": "...", "greetings": 1}
        open a socket for each offer of subprotocols, say this, if anything, and be greeted
    {"hear": 2, "say": "..."}
        say this, if anything; until each has heard so many more
    {"close": true}
        hang up

Each is answered by a line: how long it took, or when each message came to each socket, by the
clock that all processes of a machine share. A second line before that says that the ears are open.
It knows just enough of WebSocket to count messages and to answer pings.
"""

import argparse
import asyncio
import json
import socket
import struct
import sys
from time import monotonic
from typing import Any, cast

import uvloop

HOST = "127.0.0.1"
TEXT, CLOSE, PING = 0x1, 0x8, 0x9
PONG = 0x8A
# Under a mask of zeros a frame stays as it is.
MASKED, NO_MASK = 0x80, bytes(4)
# So many handshakes at a time: fewer than wait in line for a port.
AT_ONCE = 50
# Cut, not closed: thousands of ports would wait minutes for their last word.
NO_LINGER = struct.pack("ii", 1, 0)


class Device(asyncio.Protocol):
    """One socket: when its messages came, and whether those that are expected are there."""

    def __init__(self, request: bytes, greetings: int) -> None:
        self._request = request
        self._unread = bytearray()
        self._hung_up = False
        self._last_words = b""
        self.is_open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # They may come together with the handshake.
        self.expect(greetings)

    def expect(self, messages: int) -> None:
        self.arrivals: list[float] = []
        self._expected = messages
        self.heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._look()

    def say(self, text: bytes) -> None:
        self._transport.write(bytes([0x81, MASKED | len(text)]) + NO_MASK + text)

    def hang_up(self) -> None:
        self._hung_up = True
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._transport.write(self._request)

    def connection_lost(self, _reason: Exception | None) -> None:
        if self._hung_up:
            return
        sys.exit(
            f"{self._request[:60]!r}: closed by the server; its last words: {self._last_words!r}"
        )

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self.is_open.done():
            head, end, rest = self._unread.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101 "):
                sys.exit(f"the server refused a socket: {bytes(self._unread[:500])!r}")
            self._unread = rest
            self.is_open.set_result(None)
        self._read_frames()

    def _read_frames(self) -> None:
        at, now = 0, monotonic()
        while (end := end_of_frame(self._unread, at)) is not None:
            opcode = self._unread[at] & 0x0F
            if opcode == TEXT:
                self.arrivals.append(now)
            elif opcode == CLOSE:
                self._last_words = bytes(self._unread[at:end])
            elif opcode == PING:
                # Some servers hang up on a pong that is not the one to their ping.
                said = self._unread[at + 2 : end]
                self._transport.write(bytes([PONG, MASKED | len(said)]) + NO_MASK + said)
            at = end
        del self._unread[:at]
        self._look()

    def _look(self) -> None:
        if len(self.arrivals) >= self._expected and not self.heard.done():
            self.heard.set_result(None)


def end_of_frame(data: bytearray, start: int) -> int | None:
    """Where the frame ends that starts here, if it is there as a whole; servers do not mask."""
    if len(data) < start + 2:
        return None
    length, body = data[start + 1], start + 2
    if length == 126:
        length, body = int.from_bytes(data[body : body + 2], "big"), body + 2
    elif length == 127:
        length, body = int.from_bytes(data[body : body + 8], "big"), body + 8
    return body + length if len(data) >= body + length else None


class Crowd:
    """All devices of this process."""

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._path = path
        self._devices: list[Device] = []

    async def open(self, offers: list[str], say: str | None, greetings: int) -> float:
        began = monotonic()
        for first in range(0, len(offers), AT_ONCE):
            some = offers[first : first + AT_ONCE]
            self._devices += await asyncio.gather(
                *(self._open_one(offer, say, greetings) for offer in some)
            )
        return monotonic() - began

    async def _open_one(self, offer: str, say: str | None, greetings: int) -> Device:
        request = opening(self._port, self._path, offer)
        loop = asyncio.get_running_loop()
        _, device = await loop.create_connection(
            lambda: Device(request, greetings), HOST, self._port
        )
        await device.is_open
        if say:
            device.say(say.encode())
        await device.heard
        return device

    def close(self) -> None:
        for device in self._devices:
            device.hang_up()
        self._devices.clear()

    async def hear(self, messages: int, say: str | None) -> list[list[float]]:
        for device in self._devices:
            device.expect(messages)
        answer("listening")
        if say is not None:
            for device in self._devices:
                device.say(say.encode())
        await asyncio.gather(*(device.heard for device in self._devices))
        return [device.arrivals for device in self._devices]


def opening(port: int, path: str, offer: str) -> bytes:
    """A handshake with the headers that a phone sends."""
    headers = {
        "Host": f"{HOST}:{port}",
        "User-Agent": "okhttp/4.12.0",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dHJpcHN5bmMtYmVuY2hlcw==",
        "Sec-WebSocket-Version": "13",
    }
    if offer:
        headers["Sec-WebSocket-Protocol"] = offer
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()


def answer(value: Any) -> None:
    print(json.dumps(value), flush=True)


async def obey(port: int, path: str) -> None:
    crowd = Crowd(port, path)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        if "open" in order:
            answer(await crowd.open(order["open"], order["say"], order["greetings"]))
        elif "close" in order:
            crowd.close()
            answer("closed")
        else:
            answer(await crowd.hear(order["hear"], order["say"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(obey(chosen.port, chosen.path))


if __name__ == "__main__":
    main()
