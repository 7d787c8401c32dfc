"""What TripSync is measured against; each runs as a process of its own.

- `bare`: Sanic and an asyncpg pool as their tutorials show them. The token is checked, one
  row is read by its id, the answer is JSON. No middleware, no log, no validation.
- `hollow`: no HTTP server at all, the same bytes for whatever arrives. As fast as the load
  generator can go.
- `sockets`: the websockets package as its documentation shows it, without compression. It holds
  sockets and, at SIGUSR1, says one text to all of them.
"""

import argparse
import asyncio
import os
import signal
from typing import Any, cast

import asyncpg
import jwt
import uvloop
from sanic import HTTPResponse, Request, Sanic
from sanic.response import json
from websockets.asyncio.server import ServerConnection, broadcast, serve

HOST = "127.0.0.1"
HOLLOW_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
ANNOUNCEMENT = "x" * 200
READ_USER = """
select user_id, college_id, email, full_name, created_at::text
  from users
 where college_id = $1
   and user_id = $2
"""


def bare(port: int) -> None:
    app = Sanic("bare", configure_logging=False)
    key = os.environ["SECRET_KEY"]

    @app.before_server_start
    async def open_pool(app: Sanic) -> None:
        app.ctx.pool = await asyncpg.create_pool(
            os.environ["DATABASE_URL"], min_size=5, max_size=15
        )

    @app.get("/users/me")
    async def me(request: Request) -> HTTPResponse:
        claims: dict[str, Any] = jwt.decode(
            request.token or "", key, algorithms=["HS256"], audience="bench", issuer="bench"
        )
        row = await request.app.ctx.pool.fetchrow(READ_USER, claims["cid"], claims["uid"])
        return json(dict(row))

    app.run(HOST, port, single_process=True, access_log=False, motd=False)


class Hollow(asyncio.Protocol):
    """Answers without reading."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(HOLLOW_ANSWER)


def hollow(port: int) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Hollow, HOST, port)
        await server.serve_forever()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


def sockets(port: int) -> None:
    async def attend(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def hold() -> None:
        async with serve(attend, HOST, port, compression=None) as server:
            asyncio.get_running_loop().add_signal_handler(
                signal.SIGUSR1, lambda: broadcast(server.connections, ANNOUNCEMENT)
            )
            await server.serve_forever()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(hold())


REFERENCES = {"bare": bare, "hollow": hollow, "sockets": sockets}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", choices=sorted(REFERENCES))
    parser.add_argument("--port", type=int, default=os.environ.get("PORT"))
    chosen = parser.parse_args()
    REFERENCES[chosen.reference](chosen.port)


if __name__ == "__main__":
    main()
