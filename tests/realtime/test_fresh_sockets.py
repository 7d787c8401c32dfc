"""A socket that resumes from nowhere hears what happened while it was opening, then what is new."""

import asyncio
import itertools
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.conftest import Server, SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import ask, go, pair_up, ride, say
from tests.realtime.conftest import Tell, TimePasses
from tests.realtime.devices import Device, on_line
from tripsync.realtime import delivery

PAIRS = 20
ROUNDS = 10
MOMENTS = itertools.cycle(("before", "during", "after"))


@dataclass
class Pair:
    """Two who go the same way, where nobody else goes: one waits, the other posts."""

    waiting: Rider
    posting: Rider
    road: dict[str, Any]

    async def post(self, client: httpx.AsyncClient) -> int:
        """A request that replaces the one before; the one who waits fits, and is told of it."""
        answer = await client.post(
            "/api/pool/requests", json=self.road, headers=self.posting.headers
        )
        assert answer.status_code == 200, answer.text
        request_id: int = answer.json()["request_id"]
        return request_id


async def hears_of(device: Device, request_id: int) -> None:
    while (await device.hear("match_found"))["match"]["request_id"] != request_id:
        pass


async def open_and_post(pair: Pair, address: str, client: httpx.AsyncClient, moment: str) -> None:
    posted = asyncio.create_task(pair.post(client)) if moment != "after" else None
    if moment == "before" and posted:
        await posted
    async with on_line(address, pair.waiting) as device:
        request_id = await (posted or pair.post(client))
        await hears_of(device, request_id)
    ready = device.seen[0]
    assert ready["type"] == "ready"
    assert device.numbers == list(range(ready["seq"] + 1, ready["seq"] + 1 + len(device.numbers)))
    if moment == "before":
        # The request of the round before was replaced, so that match holds no longer.
        assert len(device.numbers) == 1


async def test_whenever_a_request_is_posted_a_socket_that_opens_hears_of_it(
    two_addresses: tuple[str, str],
    two_processes: tuple[httpx.AsyncClient, httpx.AsyncClient],
    sign_up: SignUp,
) -> None:
    async def one_after_the_other(number: int) -> None:
        waiting, posting = await sign_up(), await sign_up()
        road = ride(start_longitude=60.0 + number, destination_longitude=60.0 + number)
        await go(waiting, road)
        pair = Pair(waiting, posting, road)
        for turn in range(ROUNDS):
            here = (number + turn) % 2
            moment = next(MOMENTS)
            await open_and_post(pair, two_addresses[here], two_processes[1 - here], moment)

    async with asyncio.TaskGroup() as group:
        for number in range(PAIRS):
            group.create_task(one_after_the_other(number))


async def test_what_happened_in_the_last_seconds_comes_first_and_nothing_older(
    server: Server, sign_up: SignUp, tell: Tell, time_passes: TimePasses
) -> None:
    rider = await sign_up()
    await tell(rider, 4)
    await time_passes(rider)
    await tell(rider, 3)
    async with on_line(server.url, rider) as device:
        assert await device.hear() == {"type": "ready", "seq": 4}
        await device.hear_events(3)
        await tell(rider, 2)
        await device.hear_events(2)
        assert device.numbers == [5, 6, 7, 8, 9]


async def test_a_device_that_names_itself_later_hears_them_too(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    await tell(rider, 2)
    async with on_line(server.url) as device:
        await device.say("auth", token=rider.access_token)
        await device.hear_events(2)
        assert device.numbers == [1, 2]


async def test_a_crowd_of_events_is_cut_to_its_end(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    await tell(rider, delivery.EVENTS_AT_ONCE + 5)
    async with on_line(server.url, rider) as device:
        assert await device.hear() == {"type": "ready", "seq": 5}
        await device.hear_events(delivery.EVENTS_AT_ONCE)


async def first_heard(server: Server, rider: Rider) -> str:
    """The first event of a socket that opens now."""
    async with on_line(server.url, rider) as device:
        [first] = await device.hear_events(1)
    kind: str = first["type"]
    return kind


async def test_a_match_whose_request_is_closed_is_not_told_again(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    waiting, gone = await sign_up(), await sign_up()
    await go(waiting, ride(0))
    request_id = (await go(gone, ride(1)))["request_id"]
    assert await first_heard(server, waiting) == "match_found"
    assert (await gone.call("DELETE", f"/api/pool/requests/{request_id}")).status_code == 200
    await tell(waiting)
    assert await first_heard(server, waiting) == "x_test"


@pytest.mark.parametrize("act", ["withdraw", "reject"])
async def test_a_question_that_is_settled_is_not_told_again(
    server: Server, sign_up: SignUp, time_passes: TimePasses, act: str
) -> None:
    asker, asked = await sign_up(), await sign_up()
    target = (await go(asked, ride(0)))["request_id"]
    await go(asker, ride(1))
    await time_passes(asker, asked)
    connection_id = (await ask(asker, target)).json()["connection_id"]
    assert await first_heard(server, asked) == "connection_request_received"
    assert await first_heard(server, asker) == "connection_request_sent"
    if act == "reject":
        assert (await say(asked, connection_id, "reject")).status_code == 200
        assert await first_heard(server, asker) == "connection_rejected"
    else:
        path = f"/api/pool/connections/{connection_id}/withdraw"
        assert (await asker.call("POST", path)).status_code == 200
        assert await first_heard(server, asked) == "connection_withdrawn"


async def test_a_ride_that_was_left_is_not_told_again(server: Server, sign_up: SignUp) -> None:
    asha, dev = await sign_up(), await sign_up()
    await pair_up(asha, dev)
    assert await first_heard(server, asha) == "connection_approved"
    active = (await asha.call("GET", "/api/pool/connections/active")).json()["connection"]
    path = f"/api/pool/requests/{active['user_request_id']}"
    assert (await asha.call("DELETE", path)).status_code == 200
    # Of the match, the question and the answer nothing holds any more.
    assert await first_heard(server, dev) == "ride_cancelled"
