"""Which of one's own rides a match, a question and an answer are about."""

import asyncpg
import pytest

from tests.conftest import Server, SignUp
from tests.pooling.roads_to_campus import (
    ask,
    go,
    heard_by,
    leaving,
    pair_up,
    plan,
    ride,
    say,
    sums_hold,
    the_other_way,
    window,
)
from tripsync.database import Database
from tripsync.pooling.rematching import rematch_after_unblock

PATH = "/api/pool/connections"


async def test_a_match_names_ones_own_request(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider, fellow = await sign_up(), await sign_up()
    morning, evening = await plan(rider, leaving(0, 30), leaving(60, 90))
    opened = await go(fellow, leaving(60, 90, 1))
    [match] = opened["matches"]
    assert (match["request_id"], match["user_request_id"]) == (evening, opened["request_id"])
    [(_, told)] = await heard_by(db, rider)
    assert (told["match"]["request_id"], told["match"]["user_request_id"]) == (
        opened["request_id"],
        evening,
    )
    for own, fitting in ((morning, []), (evening, [opened["request_id"]])):
        listed = (await rider.call("GET", f"/api/pool/requests/{own}/matches")).json()["matches"]
        assert [each["request_id"] for each in listed] == fitting


async def test_where_a_connection_stands_is_told_of_each_ride_by_itself(sign_up: SignUp) -> None:
    rider, fellow = await sign_up(), await sign_up()
    morning, evening = await plan(rider, leaving(0, 30), leaving(60, 90))
    theirs = await plan(fellow, leaving(0, 30, 1), leaving(60, 90, 1))
    assert (await ask(fellow, evening)).status_code == 200
    for own, status in ((morning, "none"), (evening, "pending_received")):
        listed = (await rider.call("GET", f"/api/pool/requests/{own}/matches")).json()["matches"]
        assert [each["connection_status"] for each in listed] == [status]
    for own, status in zip(theirs, ("none", "pending_sent"), strict=True):
        listed = (await fellow.call("GET", f"/api/pool/requests/{own}/matches")).json()["matches"]
        assert [each["connection_status"] for each in listed] == [status]


async def test_the_request_that_fits_best_asks(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider, fellow = await sign_up(), await sign_up()
    [target] = await plan(fellow, leaving(0, 90))
    wrong_way, close = await plan(rider, the_other_way(**window(0, 30)), leaving(31, 60, 1))
    farther = (await go(rider, leaving(61, 90, 9)))["request_id"]
    assert wrong_way < close < farther
    assert (await ask(rider, target)).status_code == 200
    told = dict(await heard_by(db, rider))["connection_request_sent"]
    assert told["user_request_id"] == close
    heard = dict(await heard_by(db, fellow))["connection_request_received"]
    assert (heard["user_request_id"], heard["from_user"]["request_id"]) == (target, close)


async def test_of_requests_that_do_not_fit_the_earliest_asks(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    [target] = await plan(fellow, the_other_way(**window(0, 90)))
    _, earliest = await plan(rider, leaving(40, 60), leaving(0, 30))
    assert (await ask(rider, target)).status_code == 200
    told = dict(await heard_by(db, rider))["connection_request_sent"]
    assert told["user_request_id"] == earliest


async def test_seats_and_wishes_count_for_what_fits_best(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    [target] = await plan(fellow, leaving(0, 90, seats=3))
    _, fitting = await plan(rider, leaving(0, 30, 1, seats=2), leaving(40, 60, 9))
    assert (await ask(rider, target)).status_code == 200
    told = dict(await heard_by(db, rider))["connection_request_sent"]
    assert told["user_request_id"] == fitting


async def test_one_may_say_which_request_asks(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    [target] = await plan(fellow, leaving(0, 90))
    best, named = await plan(rider, leaving(0, 30, 1), leaving(40, 60, 5))
    sent = await ask(rider, target, request_id=named)
    assert sent.status_code == 200, sent.text
    told = dict(await heard_by(db, rider))["connection_request_sent"]
    assert told["user_request_id"] == named
    connection_id = sent.json()["connection_id"]
    assert (await say(fellow, connection_id)).status_code == 200
    approved = dict(await heard_by(db, rider))["connection_approved"]
    assert approved["user_request_id"] == named
    mine = (await rider.call("GET", "/api/pool/requests")).json()["items"]
    assert {each["request_id"]: each["status"] for each in mine} == {
        best: "active",
        named: "matched",
    }
    await sums_hold(db, college)


async def test_a_request_that_is_not_open_or_not_ones_own_asks_nobody(sign_up: SignUp) -> None:
    rider, fellow = await sign_up(), await sign_up()
    [target] = await plan(fellow, leaving(0, 90))
    over, _ = await plan(rider, leaving(0, 30, 1), leaving(40, 60))
    await rider.call("DELETE", f"/api/pool/requests/{over}")
    for named in (over, target, 2**62):
        answer = await ask(rider, target, request_id=named)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_active_request")
        assert answer.json()["detail"] == "No active pooling request found"
    assert (await ask(rider, target, request_id=0)).status_code == 422


async def test_a_shared_ride_is_asked_by_one_that_looks_for_company(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    one, other, rider, fellow = [await sign_up() for _ in range(4)]
    await pair_up(one, other, leaving(0, 90), leaving(0, 90, 1))
    await pair_up(rider, fellow, leaving(0, 30, 1), leaving(0, 30, 2))
    [looking] = await plan(rider, leaving(40, 60, 9))
    [target] = [
        each["request_id"] for each in (await one.call("GET", "/api/pool/requests")).json()["items"]
    ]
    sent = await ask(rider, target)
    assert sent.status_code == 200, sent.text
    told = [each for kind, each in await heard_by(db, rider) if kind == "connection_request_sent"]
    assert told[-1]["user_request_id"] == looking


async def test_each_request_waits_for_five_answers(sign_up: SignUp) -> None:
    rider = await sign_up()
    targets = [(await go(await sign_up(), leaving(0, 90)))["request_id"] for _ in range(6)]
    first, second = await plan(rider, leaving(0, 30, 1), leaving(40, 60, 1))
    for target in targets[:5]:
        assert (await ask(rider, target, request_id=first)).status_code == 200
    sixth = await ask(rider, targets[5], request_id=first)
    assert (sixth.status_code, sixth.json()["code"]) == (409, "too_many_pending")
    assert (await ask(rider, targets[5], request_id=second)).status_code == 200


async def test_who_leaves_one_ride_is_named_with_the_request_that_shared_it(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    leaver, left = await sign_up(), await sign_up()
    await pair_up(leaver, left, leaving(0, 30), leaving(0, 30, 1))
    [shared] = [
        each["request_id"]
        for each in (await left.call("GET", "/api/pool/requests")).json()["items"]
    ]
    await go(left, ride())
    pool = (await leaver.call("GET", "/api/pool/pools/current")).json()["pool"]
    await leaver.call("POST", f"/api/pool/pools/{pool['pool_id']}/leave")
    told = dict(await heard_by(db, left))["ride_cancelled"]
    assert told["user_request_id"] == shared


@pytest.mark.parametrize("others", [0, 2])
async def test_where_a_block_ends_each_pair_of_rides_that_fits_is_told(
    server: Server, sign_up: SignUp, db: asyncpg.Connection, others: int
) -> None:
    blocker, blocked = await sign_up(), await sign_up()
    await blocker.call("PUT", f"/api/users/{blocked.id}/block")
    pairs = []
    for number in range(1 + others):
        [one] = await plan(blocker, leaving(60 * number, 60 * number + 30))
        [other] = await plan(blocked, leaving(60 * number, 60 * number + 30, 1))
        pairs.append((one, other))
    assert await heard_by(db, blocker) == []
    await blocker.call("DELETE", f"/api/users/{blocked.id}/block")
    async with server.app.ctx.resources[Database].transaction() as transaction:
        await rematch_after_unblock(transaction)
    for rider, own, theirs in ((blocker, 0, 1), (blocked, 1, 0)):
        told = [payload["match"] for kind, payload in await heard_by(db, rider)]
        assert sorted((each["user_request_id"], each["request_id"]) for each in told) == sorted(
            (pair[own], pair[theirs]) for pair in pairs
        )
