"""Events come in order and once, also where the line is cut."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tripsync_client import ClosedError, Session, SignedOutError, Socket
from tripsync_client.generated.api.accounts import log_out_everywhere
from tripsync_client.generated.messages import Heard
from tripsync_client.generated.models import (
    AuthenticatedMessage,
    ErrorMessage,
    PingFrame,
    PongMessage,
    PositionFrame,
    ReadyMessage,
    ResumedMessage,
)

from tests.conftest import SignIn


async def heard(messages: AsyncIterator[Heard]) -> Heard:
    return await anext(messages)


async def test_what_was_missed_comes_after_the_line_was_cut(session: Session) -> None:
    async with Socket(session) as socket:
        messages = aiter(socket)
        ready = await heard(messages)
        assert isinstance(ready, ReadyMessage)
        await socket.say(PingFrame(type_="ping"))
        assert isinstance(await heard(messages), PongMessage)
        assert socket._connection
        socket._connection.transport.abort()
        resumed = await heard(messages)
        assert isinstance(resumed, ResumedMessage)
        assert resumed.seq == ready.seq == socket.seen


async def test_a_socket_stays_with_a_new_token(session: Session) -> None:
    async with Socket(session) as socket:
        messages = aiter(socket)
        await heard(messages)
        assert socket._connection
        old = session.tokens
        # As if it were about to expire.
        session.tokens = type(old)(old.access, old.refresh, 0)
        renewing = asyncio.create_task(socket._keep_signed_in(socket._connection))
        assert isinstance(await heard(messages), AuthenticatedMessage)
        renewing.cancel()
        assert session.tokens.refresh != old.refresh


async def test_a_refused_message_is_told_to_be(session: Session) -> None:
    async with Socket(session) as socket:
        messages = aiter(socket)
        await heard(messages)
        await socket.say(PositionFrame(type_="position", latitude=19.1, longitude=72.8))
        refused = await heard(messages)
        assert isinstance(refused, ErrorMessage)
        assert (refused.code, refused.about) == ("not_on_the_way", "position")


async def test_who_signs_out_everywhere_hears_no_more(sign_in: SignIn) -> None:
    session, other = await sign_in(), await sign_in()
    async with Socket(session) as socket:
        messages = aiter(socket)
        await heard(messages)
        await log_out_everywhere.asyncio(client=other.client)
        with pytest.raises(SignedOutError):
            await heard(messages)


async def test_of_too_many_devices_the_oldest_stays_away(sign_in: SignIn) -> None:
    session = await sign_in()
    sockets = [Socket(session) for _ in range(11)]
    streams = [aiter(socket) for socket in sockets]
    for messages in streams:
        await heard(messages)
    with pytest.raises(ClosedError) as closed:
        await heard(streams[0])
    assert closed.value.code == 4409
    for socket in sockets:
        await socket.close()
