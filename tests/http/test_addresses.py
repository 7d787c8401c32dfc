"""One address has so many connections, where no proxy is trusted."""

import pytest

from tests.conftest import StartServer
from tests.http.wire import PING, wire
from tests.waiting import until
from tripsync.http.protocol.addresses import Addresses


async def test_an_address_gets_so_many_connections_and_no_more(
    start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start_server(connections_per_address=2)

    async def is_served() -> bool:
        async with wire(server) as line:
            await line.say(PING)
            return await line.rest(len(b"HTTP/1.1 200")) == b"HTTP/1.1 200"

    async with wire(server) as first:
        async with wire(server) as second:
            for line in (first, second):
                await line.say(PING)
                assert (await line.answer())[0] == 200
            for _ in range(2):
                assert not await is_served()
        # The server notices a little later that one has gone.
        await until(is_served)
        await first.say(PING)
        assert (await first.answer())[0] == 200
    assert len([each for each in caplog.records if "CONNECTIONS_PER_ADDRESS" in each.msg]) == 1


async def test_connections_of_a_trusted_proxy_are_not_counted(start_server: StartServer) -> None:
    server = await start_server(connections_per_address=1, proxies=1)
    async with wire(server) as first, wire(server) as second:
        for line in (first, second):
            await line.say(PING)
            assert (await line.answer())[0] == 200


def test_nothing_is_kept_of_addresses_that_left() -> None:
    addresses = Addresses(1, proxies=0)
    assert addresses.enter("10.0.0.1")
    assert not addresses.enter("10.0.0.1")
    assert addresses.enter("10.0.0.2")
    for each in ("10.0.0.1", "10.0.0.2"):
        addresses.leave(each)
    assert not addresses._open
    assert not addresses._told
