"""Each device gets every event of its rider, in order, once, on whatever line it hangs."""

import dataclasses
import time
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from tests.asyncapi import Trial
from tests.conftest import Server, SignUp, StartServer
from tests.people import Rider
from tests.realtime.conftest import Tell, TimePasses
from tests.realtime.devices import on_line
from tests.waiting import until
from tripsync.database import Database
from tripsync.http.tokens import AccessTokens
from tripsync.realtime import delivery, dispatch, keepalive
from tripsync.realtime.events import append
from tripsync.realtime.gateway import Gateway


async def test_all_devices_of_a_rider_hear_everything_and_nobody_else_does(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider, other = await sign_up(), await sign_up()
    async with (
        on_line(server.url, rider) as phone,
        on_line(server.url, rider, path="/api/ws/chat") as laptop,
        on_line(server.url, other) as stranger,
    ):
        for device in (phone, laptop, stranger):
            await device.hear("ready")
        await tell(rider, 3)
        await tell(rider, 2)
        for device in (phone, laptop):
            await device.hear_events(5)
            assert device.numbers == [1, 2, 3, 4, 5]
        await tell(other)
        await stranger.hear_events(1)
        assert stranger.numbers == [1]


async def test_what_is_rolled_back_is_never_heard(
    server: Server, sign_up: SignUp, tell: Tell, database: Database
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")

        async def tell_and_fail() -> None:
            async with database.transaction() as db:
                await append(db, rider.id, Trial("never"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await tell_and_fail()
        await tell(rider, n="now")
        assert await device.hear() == {"type": "x_test", "seq": 1, "n": "now"}


async def test_only_what_is_new_comes_to_a_device_that_asks_for_nothing_older(
    server: Server, sign_up: SignUp, tell: Tell, time_passes: TimePasses
) -> None:
    rider = await sign_up()
    await tell(rider, 4)
    await time_passes(rider)
    async with on_line(server.url, rider) as device:
        assert await device.hear() == {"type": "ready", "seq": 4}
        await tell(rider)
        assert (await device.hear())["seq"] == 5


async def test_a_device_that_comes_back_gets_what_it_missed_and_then_what_is_new(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    # More than one reading gives.
    await tell(rider, 2 * delivery.EVENTS_AT_ONCE + 7)
    head = 2 * delivery.EVENTS_AT_ONCE + 7
    async with on_line(server.url, rider, path="/api/ws/pool?after=3") as device:
        assert await device.hear("resumed") == {"type": "resumed", "seq": head}
        assert device.numbers == list(range(4, head + 1))
        await tell(rider)
        assert (await device.hear())["seq"] == head + 1


async def test_a_device_may_also_resume_by_a_message_and_hears_at_once_that_nothing_is_missing(
    server: Server, sign_up: SignUp, tell: Tell, time_passes: TimePasses
) -> None:
    rider = await sign_up()
    await tell(rider, 5)
    await time_passes(rider)
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.say("resume", after=2)
        await device.hear("resumed")
        assert device.numbers == [3, 4, 5]
        await device.say("resume", after=5)
        assert await device.hear() == {"type": "resumed", "seq": 5}


async def test_a_device_resumes_after_what_it_acknowledged(
    server: Server,
    sign_up: SignUp,
    tell: Tell,
    time_passes: TimePasses,
    db: asyncpg.Connection,
) -> None:
    rider = await sign_up()
    laptop = await rider.on_another_device()
    await tell(rider, 5)
    await time_passes(rider)
    async with on_line(server.url, rider, path="/api/ws/pool?after=0") as device:
        await device.hear_events(5)
        for seq in (1, 3, 2):
            await device.say("ack", seq=seq)

        async def written() -> bool:
            seqs = await db.fetch(
                "select acknowledged_seq from sessions where user_id = $1 order by session_id",
                rider.id,
            )
            return [row["acknowledged_seq"] for row in seqs] == [3, 0]

        await until(written)
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.say("resume")
        await device.hear("resumed")
        assert device.numbers == [4, 5]
    async with on_line(server.url, laptop) as device:
        await device.hear("ready")
        await device.say("resume")
        await device.hear("resumed")
        assert device.numbers == [1, 2, 3, 4, 5]


async def test_nobody_acknowledges_what_they_were_not_sent(
    server: Server, sign_up: SignUp, tell: Tell, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    await tell(rider, 2)
    async with on_line(server.url, rider) as device:
        await device.hear_events(2)
        await device.say("ack", seq=2**63 - 1)
        await until(
            lambda: db.fetchval(
                "select acknowledged_seq = 2 from sessions where user_id = $1", rider.id
            )
        )


async def test_a_device_that_knows_more_than_there_is_reloads(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    await tell(rider, 2)
    async with on_line(server.url, rider, path="/api/ws/pool?after=3") as device:
        assert await device.hear() == {"type": "reload_required", "seq": 2}
        await tell(rider)
        assert (await device.hear())["seq"] == 3


@pytest.mark.parametrize("kept", [0, 2], ids=["nothing is kept", "the end is kept"])
async def test_a_device_that_was_away_for_too_long_reloads_and_never_gets_a_part(
    server: Server, sign_up: SignUp, tell: Tell, db: asyncpg.Connection, kept: int
) -> None:
    rider = await sign_up()
    await tell(rider, 6)
    await db.execute(
        "update events set created_at = now() - interval '7 days 1 minute'"
        " where user_id = $1 and seq <= $2",
        rider.id,
        6 - kept,
    )
    async with on_line(server.url, rider, path="/api/ws/pool?after=1") as device:
        assert await device.hear() == {"type": "reload_required", "seq": 6}
        await tell(rider)
        assert (await device.hear())["seq"] == 7
    async with on_line(server.url, rider, path=f"/api/ws/pool?after={6 - kept}") as device:
        await device.hear("resumed")
        assert device.numbers == list(range(6 - kept + 1, 8))


async def test_an_announcement_that_is_lost_only_makes_it_later(
    server: Server,
    sign_up: SignUp,
    db: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "LOOK_AT_LEAST_EVERY", 0.1)
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        # As a process that is killed after its commit leaves it: nobody says anything.
        await db.execute(
            "with head as (update event_heads set last_seq = 1 where user_id = $1 returning *)"
            " insert into events (college_id, user_id, seq, type, payload)"
            " select college_id, user_id, last_seq, 'x_test', '{}' from head",
            rider.id,
        )
        assert (await device.hear())["seq"] == 1


async def test_events_of_another_worker_arrive(
    start_server: StartServer, server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    other_worker = await start_server()
    async with on_line(other_worker.url, rider) as device:
        await device.hear("ready")
        await tell(rider, 3)
        await device.hear_events(3)
        assert device.numbers == [1, 2, 3]


async def test_the_end_of_an_old_socket_leaves_the_newer_one(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as newer:
        async with on_line(server.url, rider) as older:
            await newer.hear("ready")
            await older.hear("ready")
        await until(lambda: devices(server, rider) == 1)
        await tell(rider)
        await newer.hear_events(1)
    await until(lambda: devices(server, rider) == 0)


def devices(server: Server, rider: Rider) -> int:
    return len(server.app.ctx.resources[Gateway].connections.devices_of(rider.id))


async def test_a_personal_message_reaches_all_devices_here_and_is_no_event(
    server: Server, sign_up: SignUp
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as phone, on_line(server.url, rider) as laptop:
        for device in (phone, laptop):
            await device.hear("ready")
        connections = server.app.ctx.resources[Gateway].connections
        await connections.send_personal_message({"type": "x_note", "text": "only now"}, rider.id)
        for device in (phone, laptop):
            assert await device.hear() == {"type": "x_note", "text": "only now"}


@pytest.mark.parametrize(
    "raw",
    [
        "not json",
        "[1]",
        '"ping"',
        "{}",
        '{"type": 7}',
        '{"type": "no_such_thing"}',
        "[" * 5000,
        b'{"type": "ping"}',
    ],
    ids=str,
)
async def test_what_cannot_be_understood_is_said_and_ends_the_socket(
    server: Server, sign_up: SignUp, raw: str | bytes
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.socket.send(raw)
        assert (await device.hear())["code"] == "not_understood"
        assert await device.closed() == 1008


async def test_a_message_that_is_refused_leaves_the_socket_open(
    server: Server, sign_up: SignUp
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.say("ack", seq="one", more=True)
        error = await device.hear()
        assert (error["type"], error["code"], error["about"]) == ("error", "invalid", "ack")
        assert {each["field"] for each in error["errors"]} == {"seq", "more"}
        await device.say("ping")
        assert await device.hear() == {"type": "pong"}


@pytest.mark.parametrize("size", [dispatch.LARGEST_MESSAGE, 100_000])
async def test_a_message_that_is_too_big_ends_the_socket(
    server: Server, sign_up: SignUp, size: int
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.say("ping", padding="x" * size)
        assert await device.closed() == 1009
        if size == dispatch.LARGEST_MESSAGE:
            assert device.seen[-1]["code"] == "too_large"


async def test_who_says_too_much_is_cut_off_and_others_are_not(
    server: Server, sign_up: SignUp
) -> None:
    rider, other = await sign_up(), await sign_up()
    async with on_line(server.url, rider) as loud, on_line(server.url, other) as quiet:
        await loud.hear("ready")
        await quiet.hear("ready")
        for _ in range(10 * dispatch.AT_ONCE):
            await loud.say("ping")
        assert await loud.closed() == 4429
        assert loud.seen[-1]["code"] == "too_many_requests"
        assert len(loud.seen) < 5 * dispatch.AT_ONCE
        await quiet.say("ping")
        await quiet.hear("pong")


async def test_text_that_is_no_utf_8_ends_the_socket(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.socket.send(b"\xff\xfe", text=True)
        assert await device.closed() == 1007


async def test_a_message_in_pieces_is_one_message(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.socket.send(iter(['{"type"', ': "pi', 'ng"}']))
        assert await device.hear() == {"type": "pong"}


async def test_messages_are_answered_in_their_order(
    server: Server, sign_up: SignUp, tell: Tell, time_passes: TimePasses
) -> None:
    rider = await sign_up()
    await tell(rider, 3)
    await time_passes(rider)
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.say("resume", after=3)
        await device.say("ping")
        await device.say("resume", after=9)
        kinds = [(await device.hear())["type"] for _ in range(3)]
        assert kinds == ["resumed", "pong", "reload_required"]


async def test_a_token_is_renewed_in_place(
    server: Server, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    rider = await sign_up()
    brief = expiring(server, rider, after=300)
    async with on_line(server.url, brief) as renewed:
        async with on_line(server.url, brief) as forgotten:
            await renewed.hear("ready")
            await renewed.say("auth", token=rider.access_token)
            good = await renewed.hear("authenticated")
            later = time.time() + 600
            assert good["expires_at"] > later
            monkeypatch.setattr(keepalive, "time", SimpleNamespace(time=lambda: later))
            assert await forgotten.closed() == 4401
        await renewed.say("ping")
        assert await renewed.hear() == {"type": "pong"}


def expiring(server: Server, rider: Rider, after: int) -> Rider:
    """The same person with a token that lives shorter."""
    tokens = server.app.ctx.resources[AccessTokens]
    known = tokens.read(rider.access_token)
    lifetime, tokens.lifetime = tokens.lifetime, after
    token = tokens.issue(
        user_id=rider.id,
        college_id=known.college_id,
        session_id=known.session_id,
        email=rider.email,
    )
    tokens.lifetime = lifetime
    return dataclasses.replace(rider, access_token=token)


async def test_renewing_with_the_token_of_somebody_else_ends_the_socket(
    server: Server, sign_up: SignUp
) -> None:
    rider, other = await sign_up(), await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.say("auth", token=other.access_token)
        assert (await device.hear())["code"] == "not_your_socket"
        assert await device.closed() == 4403


async def test_renewing_with_a_bad_token_ends_the_socket(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.say("auth", token="nonsense")
        assert (await device.hear())["code"] == "not_authenticated"
        assert await device.closed() == 4401


@pytest.mark.parametrize(
    "end",
    [
        ("POST", "/api/auth/logout", None),
        (
            "PUT",
            "/api/auth/password",
            {"current_password": "four sparrows on a tram", "new_password": "five herons in a row"},
        ),
    ],
    ids=["logout", "new password"],
)
async def test_the_end_of_a_session_ends_its_sockets(
    server: Server, sign_up: SignUp, end: tuple[str, str, Any]
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        method, path, body = end
        answer = await rider.call(method, path, json=body)
        assert answer.status_code in (200, 204), answer.text
        assert await device.closed() == 4401


async def test_logout_leaves_the_sockets_of_other_sessions(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    laptop = await rider.on_another_device()
    async with on_line(server.url, rider) as phone, on_line(server.url, laptop) as other:
        await phone.hear("ready")
        await other.hear("ready")
        await rider.call("POST", "/api/auth/logout")
        assert await phone.closed() == 4401
        await other.say("ping")
        await other.hear("pong")


async def test_a_ban_ends_every_socket_also_on_another_worker(
    server: Server, start_server: StartServer, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    other_worker = await start_server()
    async with on_line(server.url, rider) as here, on_line(other_worker.url, rider) as there:
        await here.hear("ready")
        await there.hear("ready")
        await db.execute("update users set banned_at = now() where user_id = $1", rider.id)
        assert await here.closed() == 4401
        assert await there.closed() == 4401


async def test_a_client_says_good_bye_and_is_forgotten(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        await device.socket.close(1000)
        assert device.socket.close_code == 1000
    await until(lambda: devices(server, rider) == 0)


async def test_a_client_that_is_cut_off_is_forgotten(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        device.socket.transport.abort()
        await until(lambda: devices(server, rider) == 0)


async def test_a_silent_client_is_asked_whether_it_is_there_and_may_stay(
    server: Server, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keepalive.GONE_AFTER + 2 * keepalive.LOOK_EVERY < 40
    monkeypatch.setattr(keepalive, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(keepalive, "ASK_AFTER", 0.1)
    rider = await sign_up()
    async with on_line(server.url, rider, ping_interval=None) as device:
        await device.hear("ready")
        [socket] = server.app.ctx.resources[Gateway].connections.devices_of(rider.id)
        # The client library answers pings by itself, while nothing is said; each answer counts.
        heard_at = {socket.connection.heard_at}

        def was_heard_again_and_again() -> bool:
            heard_at.add(socket.connection.heard_at)
            return len(heard_at) > 3

        await until(was_heard_again_and_again)
        assert socket in server.app.ctx.resources[Gateway].connections


async def test_a_client_that_does_not_answer_is_gone(
    server: Server, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider, ping_interval=None) as device:
        await device.hear("ready")
        # Its line is up and it reads no more: nothing answers the question.
        device.socket.transport.pause_reading()
        monkeypatch.setattr(keepalive, "LOOK_EVERY", 0.05)
        monkeypatch.setattr(keepalive, "ASK_AFTER", 0.1)
        monkeypatch.setattr(keepalive, "GONE_AFTER", 1.0)
        await until(lambda: devices(server, rider) == 0)
        device.socket.transport.resume_reading()
