"""Asking somebody to ride together, and the answer."""

import asyncio

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.people import Campus
from tests.pooling.roads_to_campus import (
    ask,
    go,
    heard_by,
    pair_up,
    ride,
    say,
    sums_hold,
    the_other_way,
    types_heard_by,
)

PATH = "/api/pool/connections"


async def test_asking_tells_both_sides(sign_up: SignUp, db: asyncpg.Connection) -> None:
    asker, asked = await sign_up(full_name="Ravi Iyer"), await sign_up(full_name="Asha Rao")
    target = (await go(asked, ride(0)))["request_id"]
    own = (await go(asker, ride(1)))["request_id"]
    answer = await ask(asker, target)
    assert answer.status_code == 200
    connection_id = answer.json()["connection_id"]
    assert answer.json()["status"] == "pending"
    assert answer.json()["message"]
    assert (await heard_by(db, asked))[-1] == (
        "connection_request_received",
        {
            "connection_id": connection_id,
            "user_request_id": target,
            "from_user": {"id": asker.id, "full_name": "Ravi Iyer", "request_id": own},
        },
    )
    assert (await heard_by(db, asker))[-1] == (
        "connection_request_sent",
        {
            "connection_id": connection_id,
            "user_request_id": own,
            "to_user": {"id": asked.id, "full_name": "Asha Rao", "request_id": target},
        },
    )


async def test_each_side_sees_where_the_other_stands(sign_up: SignUp) -> None:
    asker, asked = await sign_up(), await sign_up()
    target = (await go(asked, ride(0)))["request_id"]
    own = (await go(asker, ride(1)))["request_id"]
    connection_id = (await ask(asker, target)).json()["connection_id"]

    async def seen_by(rider, request_id):  # type: ignore[no-untyped-def]
        answer = await rider.call("GET", f"/api/pool/requests/{request_id}/matches")
        [match] = answer.json()["matches"]
        return match["connection_status"], match["connection_id"]

    assert await seen_by(asker, own) == ("pending_sent", connection_id)
    assert await seen_by(asked, target) == ("pending_received", connection_id)
    await say(asked, connection_id, "reject")
    assert await seen_by(asker, own) == ("rejected", connection_id)


async def test_a_yes_opens_a_pool_and_shows_each_to_the_other(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    asker, asked = await sign_up(full_name="Ravi Iyer"), await sign_up(full_name="Asha Rao")
    connection_id = await pair_up(asker, asked)
    for rider, partner in ((asker, asked), (asked, asker)):
        heard = dict(await heard_by(db, rider))
        told = heard["connection_approved"]
        assert told["connection_id"] == connection_id
        assert told["partner"]["id"] == partner.id
        assert told["partner"]["email"] == partner.email
        assert told["partner"]["full_name"] == partner.full_name
        assert heard["pooling_match"]["status"] == "matched"
        assert heard["pooling_match"]["request_id"] == told["user_request_id"]
        pool = (await rider.call("GET", "/api/pool/pools/current")).json()["pool"]
        assert heard["pooling_match"]["pool_id"] == pool["pool_id"]
        assert heard["pooling_match"]["details"].startswith("You share a ride now.")
        active = (await rider.call("GET", f"{PATH}/active")).json()["connection"]
        assert (active["id"], active["status"]) == (connection_id, "approved")
        assert active["user_request_id"] == told["user_request_id"]
        assert active["partner"] == told["partner"]
        assert set(active["partner"]) == {
            "id",
            "full_name",
            "phone_number",
            "email",
            "year_of_study",
            "bio",
            "request_id",
        }
    await sums_hold(db, college)


async def test_after_the_ride_nobody_is_shown_any_more(sign_up: SignUp) -> None:
    pair = [await sign_up(), await sign_up()]
    await pair_up(*pair)
    pool = (await pair[0].call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    for act, shown in (("start", True), ("complete", False)):
        path = f"/api/pool/pools/{pool}/{act}"
        assert (await pair[0].call("POST", path)).status_code == 200
        for rider, partner in (pair, reversed(pair)):
            answer = await rider.call("GET", f"{PATH}/active")
            assert (partner.email in answer.text) == shown
    assert answer.json()["connection"] is None


async def test_without_a_connection_there_is_none(sign_up: SignUp) -> None:
    rider = await sign_up()
    answer = await rider.call("GET", f"{PATH}/active")
    assert (answer.status_code, answer.json()) == (
        200,
        {"connection": None, "connections": []},
    )


async def test_a_no_is_told_to_the_one_who_asked(sign_up: SignUp, db: asyncpg.Connection) -> None:
    asker, asked = await sign_up(), await sign_up(full_name="Asha Rao")
    target = (await go(asked, ride(0)))["request_id"]
    await go(asker, ride(1))
    connection_id = (await ask(asker, target)).json()["connection_id"]
    answer = await say(asked, connection_id, "reject")
    assert answer.json()["status"] == "rejected"
    assert (await heard_by(db, asker))[-1] == (
        "connection_rejected",
        {
            "connection_id": connection_id,
            "by_user": {"id": asked.id, "full_name": "Asha Rao"},
        },
    )
    for action in ("approve", "reject"):
        again = await say(asked, connection_id, action)
        assert (again.status_code, again.json()["code"]) == (409, "already_answered")
    assert (await ask(asker, target)).status_code == 200


async def test_it_takes_an_open_request_of_ones_own(sign_up: SignUp) -> None:
    asker, asked = await sign_up(), await sign_up()
    target = (await go(asked))["request_id"]
    answer = await ask(asker, target)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "No active pooling request found"


async def test_nobody_asks_themselves_or_nobody(sign_up: SignUp) -> None:
    rider = await sign_up()
    own = (await go(rider))["request_id"]
    for target in (own, own + 1_000_000, 2**63 - 1):
        answer = await ask(rider, target)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_request")
    assert (await ask(rider, 2**63)).status_code == 422


async def test_at_most_five_wait_at_a_time(sign_up: SignUp) -> None:
    asker = await sign_up()
    targets = [(await go(await sign_up(), ride(0)))["request_id"] for _ in range(6)]
    await go(asker, ride(1))
    first = [await ask(asker, target) for target in targets[:5]]
    assert {answer.status_code for answer in first} == {200}
    sixth = await ask(asker, targets[5])
    assert (sixth.status_code, sixth.json()["code"]) == (409, "too_many_pending")
    connection_id = first[0].json()["connection_id"]
    assert (await asker.call("POST", f"{PATH}/{connection_id}/withdraw")).status_code == 200
    assert (await ask(asker, targets[5])).status_code == 200


async def test_six_at_once_are_five(sign_up: SignUp, db: asyncpg.Connection) -> None:
    asker = await sign_up()
    targets = [(await go(await sign_up(), ride(0)))["request_id"] for _ in range(8)]
    await go(asker, ride(1))
    answers = await asyncio.gather(*(ask(asker, target) for target in targets))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(409)) == (5, 3)


async def test_two_who_ask_each_other_at_once_have_one_connection(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    for _ in range(5):
        one, other = await sign_up(), await sign_up()
        first = (await go(one, ride(0)))["request_id"]
        second = (await go(other, ride(1)))["request_id"]
        answers = await asyncio.gather(ask(one, second), ask(other, first))
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [200, 409]
        refused = next(answer for answer in answers if answer.status_code == 409)
        assert refused.json()["code"] == "already_asked"


async def test_who_does_not_fit_is_not_seated(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    asker, asked = await sign_up(), await sign_up()
    target = (await go(asked, ride(0)))["request_id"]
    await go(asker, the_other_way())
    connection_id = (await ask(asker, target)).json()["connection_id"]
    answer = await say(asked, connection_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_fit")
    await sums_hold(db, college)


async def test_taking_back_tells_the_other(sign_up: SignUp, db: asyncpg.Connection) -> None:
    asker, asked = await sign_up(), await sign_up()
    target = (await go(asked, ride(0)))["request_id"]
    await go(asker, ride(1))
    connection_id = (await ask(asker, target)).json()["connection_id"]
    assert (await asked.call("POST", f"{PATH}/{connection_id}/withdraw")).status_code == 404
    answer = await asker.call("POST", f"{PATH}/{connection_id}/withdraw")
    assert answer.json()["status"] == "withdrawn"
    assert (await types_heard_by(db, asked))[-1] == "connection_withdrawn"
    assert (await say(asked, connection_id)).status_code == 409
    again = await asker.call("POST", f"{PATH}/{connection_id}/withdraw")
    assert (again.status_code, again.json()["code"]) == (409, "already_answered")


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_only_the_asked_may_answer(sign_up: SignUp, campus: Campus, elsewhere: bool) -> None:
    asker, asked = await sign_up(), await sign_up()
    stranger = await (campus.sign_up(college_name="VJTI") if elsewhere else sign_up())
    target = (await go(asked, ride(0)))["request_id"]
    await go(asker, ride(1))
    connection_id = (await ask(asker, target)).json()["connection_id"]
    for nosy in (asker, stranger):
        for action in ("approve", "reject"):
            answer = await say(nosy, connection_id, action)
            assert (answer.status_code, answer.json()["code"]) == (404, "no_such_connection")
    withdrawing = await stranger.call("POST", f"{PATH}/{connection_id}/withdraw")
    assert withdrawing.status_code == 404
    assert (await say(asked, connection_id)).status_code == 200


async def test_a_request_of_another_college_cannot_be_asked(
    sign_up: SignUp, campus: Campus
) -> None:
    rider, foreigner = await sign_up(), await campus.sign_up(college_name="VJTI")
    target = (await go(foreigner, ride(0)))["request_id"]
    await go(rider, ride(1))
    assert (await ask(rider, target)).status_code == 404


async def test_what_waits_is_listed_on_both_sides(sign_up: SignUp) -> None:
    asker, asked = await sign_up(full_name="Ravi Iyer"), await sign_up(full_name="Asha Rao")
    target = (await go(asked, ride(0)))["request_id"]
    own = (await go(asker, ride(1)))["request_id"]
    connection_id = (await ask(asker, target)).json()["connection_id"]
    [sent] = (await asker.call("GET", PATH)).json()["items"]
    [received] = (await asked.call("GET", PATH)).json()["items"]
    assert (sent["connection_id"], sent["sent"]) == (connection_id, True)
    assert sent["other"] == {"id": asked.id, "full_name": "Asha Rao", "request_id": target}
    assert (received["sent"], received["user_request_id"]) == (False, target)
    assert received["other"]["request_id"] == own


async def test_a_yes_closes_what_can_no_longer_come_true(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asked, chosen, waiting = await sign_up(), await sign_up(), await sign_up()
    target = (await go(asked, ride(0, seats=2)))["request_id"]
    await go(chosen, ride(1))
    await go(waiting, ride(2, seats=2))
    winner = (await ask(chosen, target)).json()["connection_id"]
    loser = (await ask(waiting, target)).json()["connection_id"]
    assert (await say(asked, winner)).status_code == 200
    assert (await heard_by(db, waiting))[-1] == (
        "connection_withdrawn",
        {"connection_id": loser},
    )
    refused = await say(asked, loser)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_answered")


async def test_a_third_joins_while_there_is_room(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    one, other, third = await sign_up(), await sign_up(), await sign_up()
    await pair_up(one, other)
    target = (await other.call("GET", f"{PATH}/active")).json()["connection"]["user_request_id"]
    await go(third, ride(2))
    connection_id = (await ask(third, target)).json()["connection_id"]
    answer = await say(other, connection_id)
    assert answer.status_code == 200, answer.text
    pool = (await third.call("GET", "/api/pool/pools/current")).json()["pool"]
    assert {member["id"] for member in pool["members"]} == {one.id, other.id, third.id}
    assert (await types_heard_by(db, one))[-1] == "pool_joined"
    await sums_hold(db, college)
