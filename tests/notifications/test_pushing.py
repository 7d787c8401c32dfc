"""Who has not heard it on a socket is told on the phone."""

import asyncpg
import pytest

from tests.bystanders import Watch
from tests.conftest import Server, SignUp, StartServer
from tests.notifications.conftest import Look, Settle, Tell, event_of, jobs_waiting, register_phone
from tests.notifications.receiver import SECRET, Receiver
from tests.people import Rider
from tests.realtime.devices import on_line
from tests.waiting import until
from tripsync.app import every
from tripsync.database import Database
from tripsync.metrics import REGISTRY
from tripsync.notifications import webhook
from tripsync.notifications.pusher import PUSH
from tripsync.realtime.events import Pushed, append

# In the tests' colleges it is noon.
QUIET_NOW = {"begins_at": "10:00:00", "ends_at": "16:00:00"}

CANCELLED = "ride_cancelled"
NEWS = "saved_search_hit"


@pytest.fixture(autouse=True)
async def nothing_is_left(db: asyncpg.Connection, watch: Watch) -> None:
    """Other tests' riders have phones too; what they were told is nobody's business here."""
    await db.execute("delete from pgqueuer where entrypoint = $1", PUSH)
    bystanders = "select id from bystanders.things where root = 'users'"
    await db.execute(f"delete from devices where user_id not in ({bystanders})")
    await db.execute(
        "update devices set looked_up_to = last_seq from event_heads "
        "where event_heads.user_id = devices.user_id and looked_up_to < last_seq"
    )
    watch.look()


async def test_a_phone_is_told_what_nobody_acknowledged(
    sign_up: SignUp, tell: Tell, look: Look, receiver: Receiver
) -> None:
    asha = await sign_up()
    token = await register_phone(asha)
    known = {"id": 7, "full_name": "Ravi Shah", "request_id": 5}
    contact = {"phone_number": "+919820012345", "email": "ravi@djsce.example"}
    partner = {**known, **contact, "year_of_study": "3", "bio": "At the gate."}
    await tell(asha, "connection_approved", connection_id=3, user_request_id=4, partner=partner)
    await look()
    [post] = receiver.posts
    assert isinstance(post.pop("id"), int)
    assert post == {
        "platform": "ios",
        "token": token,
        "event": {
            "type": "connection_approved",
            "seq": 1,
            "connection_id": 3,
            "user_request_id": 4,
            # Not how to reach him: a locked phone shows it to whoever looks.
            "partner": known,
        },
    }


async def test_each_thing_is_told_once_and_to_all_phones(
    sign_up: SignUp, tell: Tell, look: Look, receiver: Receiver
) -> None:
    asha = await sign_up()
    tokens = [await register_phone(asha), await register_phone(await asha.on_another_device())]
    await tell(asha, CANCELLED)
    await look()
    await tell(asha, NEWS)
    await look()
    await look()
    told = sorted((post["token"], post["event"]["seq"]) for post in receiver.posts)
    assert told == sorted((token, seq) for token in tokens for seq in (1, 2))


async def test_what_came_before_the_phone_and_what_wakes_nobody_is_not_told(
    sign_up: SignUp, tell: Tell, look: Look, receiver: Receiver
) -> None:
    asha = await sign_up()
    await tell(asha, CANCELLED)
    await register_phone(asha)
    await tell(asha, "ride_completed", "x_test")
    await tell(asha, "chat_message", sender_id=asha.id, content="I wrote it myself.")
    await tell(asha, "chat_message", sender_id=asha.id + 1, content="At the gate.")
    await look()
    assert [(post["event"]["type"], post["event"]["seq"]) for post in receiver.posts] == [
        ("chat_message", 5)
    ]


async def test_what_a_socket_acknowledged_is_not_told(
    pushing: Server,
    sign_up: SignUp,
    happen: Tell,
    settle: Settle,
    look: Look,
    receiver: Receiver,
    db: asyncpg.Connection,
) -> None:
    asha = await sign_up()
    await register_phone(asha)
    tablet = await asha.on_another_device()
    async with on_line(pushing.url, tablet) as socket:
        await socket.hear("ready")
        await happen(asha, CANCELLED, NEWS)
        heard = await socket.hear_events(2)
        # The first, and not the second.
        await socket.say("ack", seq=heard[0]["seq"])

        async def is_noted() -> bool:
            return bool(
                await db.fetchval(
                    "select max(acknowledged_seq) from sessions where user_id = $1", asha.id
                )
            )

        await until(is_noted)
    before = pushes_tried()
    await settle(asha)
    await look()
    assert receiver.events == [NEWS]
    # Nor was a job asked for that would have come to nothing. It is counted when it is done.
    assert await until(lambda: pushes_tried() - before) == 1


def pushes_tried() -> float:
    labels = {"job": PUSH, "outcome": "done"}
    return REGISTRY.get_sample_value("tripsync_job_tries_total", labels) or 0


async def test_what_is_acknowledged_while_the_push_waits_is_not_told(
    sign_up: SignUp, tell: Tell, look: Look, receiver: Receiver, db: asyncpg.Connection
) -> None:
    asha = await sign_up()
    await register_phone(asha)
    receiver.status = 500
    await tell(asha, CANCELLED)
    await look()
    assert receiver.events == [CANCELLED]
    await db.execute("update sessions set acknowledged_seq = 1 where user_id = $1", asha.id)
    receiver.status = 204
    await hurry(db, look)
    assert receiver.events == [CANCELLED]


async def test_what_has_just_happened_is_left_to_the_next_look(
    sign_up: SignUp, look: Look, receiver: Receiver, server: Server, db: asyncpg.Connection
) -> None:
    asha = await sign_up()
    token = await register_phone(asha)
    async with server.app.ctx.resources[Database].transaction() as transaction:
        await append(transaction, asha.id, event_of(CANCELLED))
    # As if it were to happen a minute from now, however slow this machine is.
    await db.execute(
        "update events set created_at = now() + interval '1 minute' where user_id = $1", asha.id
    )
    await look()
    assert await jobs_waiting(db, token) == []
    assert receiver.posts == []
    await db.execute(
        "update events set created_at = now() - interval '1 minute' where user_id = $1", asha.id
    )
    await look()
    assert receiver.events == [CANCELLED]


async def hurry(db: asyncpg.Connection, look: Look) -> None:
    """What was to be done later is done now."""
    await db.execute("update pgqueuer set execute_after = now() where entrypoint = $1", PUSH)
    await look()


@pytest.mark.parametrize("status", [500, 503, 429, None], ids=str)
async def test_a_webhook_in_trouble_is_asked_again(
    status: int | None,
    sign_up: SignUp,
    tell: Tell,
    look: Look,
    receiver: Receiver,
    db: asyncpg.Connection,
) -> None:
    asha = await sign_up()
    token = await register_phone(asha)
    receiver.status = status
    await tell(asha, CANCELLED)
    await look()
    [(_, attempts)] = await jobs_waiting(db, token)
    assert attempts == 1
    receiver.status = 204
    await hurry(db, look)
    assert await jobs_waiting(db, token) == []
    first, second = receiver.posts
    # By its number who receives it can tell that it is the same.
    assert first == second


async def test_a_webhook_that_stalls_is_asked_again(
    sign_up: SignUp,
    tell: Tell,
    look: Look,
    receiver: Receiver,
    db: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook, "ANSWER_WITHIN", 2.0)
    asha = await sign_up()
    token = await register_phone(asha)
    receiver.goes_on.clear()
    await tell(asha, CANCELLED)
    await look()
    [(_, attempts)] = await jobs_waiting(db, token)
    assert (attempts, receiver.events) == (1, [CANCELLED])
    receiver.goes_on.set()


async def test_a_phone_that_is_gone_is_forgotten(
    sign_up: SignUp, tell: Tell, look: Look, receiver: Receiver
) -> None:
    asha = await sign_up()
    await register_phone(asha)
    receiver.status = 410
    await tell(asha, CANCELLED)
    await look()
    assert (await asha.call("GET", "/api/devices")).json() == {"devices": []}
    await tell(asha, CANCELLED)
    await look()
    assert len(receiver.posts) == 1


async def test_a_push_that_is_refused_is_dead_and_can_be_seen(
    sign_up: SignUp, tell: Tell, look: Look, receiver: Receiver, pushing: Server
) -> None:
    asha = await sign_up()
    await register_phone(asha)
    receiver.status = 400
    await tell(asha, CANCELLED)
    await look()
    dead = await pushing.app.ctx.resources[Database].reading.jobs.list_dead_jobs(size=100)
    [ours] = [each for each in dead if each["kind"] == PUSH]
    assert (ours["tries"], ours["reason"]) == (1, "the webhook said 400")


async def test_in_quiet_hours_only_what_cannot_wait_is_told(
    sign_up: SignUp, tell: Tell, look: Look, receiver: Receiver, db: asyncpg.Connection
) -> None:
    asha = await sign_up()
    await asha.call("PUT", "/api/profile/me/quiet-hours", json=QUIET_NOW)
    token = await register_phone(asha)
    await tell(asha, NEWS, CANCELLED, "sos")
    await look()
    assert sorted(receiver.events) == [CANCELLED, "sos"]
    [(due, _)] = await jobs_waiting(db, token)
    zone = await db.fetchval(
        "select time_zone from colleges where college_id = $1", asha.college_id
    )
    ends = await db.fetchval("select ($1::timestamptz at time zone $2)::time::text", due, zone)
    assert ends == "16:00:00"


async def test_after_quiet_hours_the_latest_of_each_kind_is_told(
    sign_up: SignUp, tell: Tell, look: Look, receiver: Receiver, db: asyncpg.Connection
) -> None:
    asha = await sign_up()
    await asha.call("PUT", "/api/profile/me/quiet-hours", json=QUIET_NOW)
    await register_phone(asha)
    await tell(asha, NEWS, "review_received", NEWS)
    await look()
    assert receiver.posts == []
    await hurry(db, look)
    assert sorted((post["event"]["type"], post["event"]["seq"]) for post in receiver.posts) == [
        ("review_received", 2),
        (NEWS, 3),
    ]


async def test_who_signs_out_while_a_push_waits_is_not_told(
    sign_up: SignUp, tell: Tell, look: Look, receiver: Receiver, db: asyncpg.Connection
) -> None:
    asha = await sign_up()
    await asha.call("PUT", "/api/profile/me/quiet-hours", json=QUIET_NOW)
    await register_phone(asha)
    await tell(asha, NEWS)
    await look()
    await asha.call("POST", "/api/auth/logout")
    await hurry(db, look)
    assert receiver.posts == []


async def test_the_timer_looks_by_itself(
    start_server: StartServer, sign_up: SignUp, tell: Tell, receiver: Receiver
) -> None:
    await start_server(timers=True, push_webhook_url=receiver.url, push_webhook_secret=SECRET)
    asha: Rider = await sign_up()
    await register_phone(asha)
    await tell(asha, CANCELLED)
    await until(lambda: receiver.events == [CANCELLED])


def test_alarms_and_cancelled_rides_come_at_any_hour() -> None:
    at_once = {each.type for each in every("events") if each.pushed is Pushed.AT_ONCE}
    assert at_once == {"ride_cancelled", "sos", "sos_resolved"}


def test_what_is_not_kept_is_not_pushed() -> None:
    assert all(each.durable for each in every("events") if each.pushed)


async def test_what_is_a_day_old_wakes_nobody(
    sign_up: SignUp, tell: Tell, look: Look, receiver: Receiver, db: asyncpg.Connection
) -> None:
    asha = await sign_up()
    await register_phone(asha)
    await tell(asha, CANCELLED)
    await db.execute(
        "update events set created_at = created_at - interval '25 hours' where user_id = $1",
        asha.id,
    )
    await tell(asha, NEWS)
    before = pushes_tried()
    await look()
    assert receiver.events == [NEWS]
    assert await until(lambda: pushes_tried() - before) == 1
