"""Requests that are sent before the last one is answered wait for others, or are refused."""

import asyncio
import json

import pytest

from tests.conftest import Server
from tests.http.wire import PING, wire
from tripsync.http.protocol import connection

FEW = connection.PIPELINED_AT_ONCE


async def test_a_few_are_answered_in_their_order(server: Server) -> None:
    async with wire(server) as line:
        await line.say(PING * FEW + b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
        statuses = [(await line.answer())[0] for _ in range(FEW + 1)]
        assert statuses == [200] * FEW + [404]


async def test_who_goes_on_is_refused_and_closed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PIPELINED_A_SECOND", 0.001)
    monkeypatch.setattr(connection, "MOST_WAITS", 0)
    async with wire(server) as line:
        # The first one is sent before nothing.
        await line.say(PING * (FEW + 10))
        for _ in range(1 + FEW):
            assert (await line.answer())[0] == 200
        status, headers, body = await line.answer()
        assert (status, json.loads(body)["code"]) == (429, "too_many_requests")
        assert (headers["connection"], headers["retry-after"]) == ("close", "1")
        assert await line.rest() == b""


async def test_others_are_served_between_any_two(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PIPELINED_AT_ONCE", 2000)
    turns = 0
    done = asyncio.Event()

    async def count_turns() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    async with wire(server) as line:
        await line.say(PING * 1000)
        counting = asyncio.create_task(count_turns())
        for _ in range(1000):
            assert (await line.answer())[0] == 200
        done.set()
        await counting
    assert turns >= 1000


async def test_one_after_the_other_is_never_too_many(server: Server) -> None:
    async with wire(server) as line:
        for _ in range(5 * FEW):
            await line.say(PING)
            assert (await line.answer())[0] == 200
