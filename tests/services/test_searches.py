"""Who saved a search hears of each post that fits it, once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import heard_by
from tests.services.board import PATH, act, post, publish
from tests.waiting import until

SEARCHES = f"{PATH}/searches"


async def keep(rider: Rider, **search: Any) -> dict[str, Any]:
    answer = await rider.call("POST", SEARCHES, json={"name": "Mine", **search})
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


async def hits(db: asyncpg.Connection, rider: Rider) -> list[Any]:
    told = await heard_by(db, rider)
    return [payload for kind, payload in told if kind == "saved_service_search_hit"]


async def test_a_search_is_shown_as_it_was_kept_until_it_is_deleted(sign_up: SignUp) -> None:
    rider, other = await sign_up(), await sign_up()
    wishes = {
        "search": "logo poster",
        "tags": ["design"],
        "kind": "offer",
        "compensation_type": "fixed_price",
        "min_price": 10,
        "max_price": 99.5,
        "near_latitude": 19.0,
        "near_longitude": 72.8,
        "within_meters": 900,
        "mail_me": True,
    }
    kept = await keep(rider, **wishes)
    assert {name: kept[name] for name in wishes} == wishes
    assert (await rider.call("GET", SEARCHES)).json()["items"] == [kept]
    assert (await other.call("GET", SEARCHES)).json()["items"] == []
    path = f"{SEARCHES}/{kept['search_id']}"
    assert (await other.call("DELETE", path)).status_code == 404
    assert (await rider.call("DELETE", path)).status_code == 204
    assert (await rider.call("DELETE", path)).status_code == 404


async def test_who_searches_is_told_of_a_post_that_fits(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watcher, writer = await sign_up(), await sign_up(full_name="Dev Shah")
    kept = await keep(watcher, search="tutor", tags=["Maths"])
    published = await publish(writer, tags=["maths", "exam"], price=50, kind="offer")
    assert await hits(db, watcher) == [
        {
            "search_id": kept["search_id"],
            "name": "Mine",
            "service_post": {
                "id": published["id"],
                "kind": "offer",
                "title": published["title"],
                "compensation_type": "fixed_price",
                "price": 50,
                "deadline": None,
                "poster": {"id": writer.id, "full_name": "Dev Shah"},
            },
        }
    ]
    # Once, whatever becomes of it.
    await writer.call("PUT", f"{PATH}/{published['id']}", json={"price": 40})
    await act(writer, published["id"], "close")
    await act(writer, published["id"], "reopen")
    assert len(await hits(db, watcher)) == 1


@pytest.mark.parametrize(
    ("search", "fits"),
    [
        ({}, True),
        ({"search": "calculus tutors"}, True),
        ({"search": "the tutor"}, True),
        ({"search": "tutor piano"}, False),
        ({"tags": ["maths", "EXAM"]}, True),
        ({"tags": ["maths", "piano"]}, False),
        ({"kind": "request"}, True),
        ({"kind": "offer"}, False),
        ({"compensation_type": "fixed_price"}, True),
        ({"compensation_type": "volunteer"}, False),
        ({"min_price": 50, "max_price": 50}, True),
        ({"min_price": 50.01}, False),
        ({"max_price": 49.99}, False),
        ({"near_latitude": 19.01, "near_longitude": 72.8, "within_meters": 1120}, True),
        ({"near_latitude": 19.01, "near_longitude": 72.8, "within_meters": 1100}, False),
        # A tag is no word, and a word no tag.
        ({"tags": ["calculus"]}, False),
    ],
)
async def test_a_post_fits_when_it_has_all_that_is_asked(
    sign_up: SignUp, db: asyncpg.Connection, search: dict[str, Any], fits: bool
) -> None:
    watcher, writer = await sign_up(), await sign_up()
    await keep(watcher, **search)
    await publish(
        writer,
        tags=["maths", "exam"],
        price=50,
        location={"latitude": 19.0, "longitude": 72.8},
    )
    assert len(await hits(db, watcher)) == int(fits)


async def test_a_post_that_is_changed_so_that_it_fits_is_told_of(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watcher, writer = await sign_up(), await sign_up()
    await keep(watcher, tags=["piano"])
    published = await publish(writer)
    assert await hits(db, watcher) == []
    await writer.call("PUT", f"{PATH}/{published['id']}", json={"tags": ["piano"]})
    assert len(await hits(db, watcher)) == 1


async def test_a_post_that_is_reopened_is_told_of_and_a_closed_one_is_not(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watcher, writer = await sign_up(), await sign_up()
    post_id = (await publish(writer))["id"]
    await act(writer, post_id, "close")
    await keep(watcher)
    await writer.call("PUT", f"{PATH}/{post_id}", json={"price": 40})
    assert await hits(db, watcher) == []
    await act(writer, post_id, "reopen")
    assert len(await hits(db, watcher)) == 1


async def test_nobody_is_told_of_what_they_may_not_see(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    writer = await sign_up()
    filtered, blocked, foreign = (
        await sign_up(),
        await sign_up(),
        await sign_up(college_name="VJTI"),
    )
    admitted = await sign_up()
    await admitted.call("PUT", "/api/profile/me", json={"major": "Physics"})
    for each in (writer, filtered, blocked, foreign, admitted):
        await keep(each)
    await blocked.call("PUT", "/api/profile/me", json={"major": "Physics"})
    await writer.call("PUT", f"/api/users/{blocked.id}/block")
    await publish(writer, filters=[{"type": "major", "value": "Physics"}])
    for each in (writer, filtered, blocked, foreign):
        assert await hits(db, each) == []
    assert len(await hits(db, admitted)) == 1


async def test_a_hit_does_not_say_who_wrote_an_anonymous_post(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watcher, writer = await sign_up(), await sign_up(full_name="Hidden Writer")
    await keep(watcher)
    await publish(writer, is_anonymous=True)
    [hit] = await hits(db, watcher)
    assert hit["service_post"]["poster"] is None
    assert "Hidden Writer" not in str(hit)


async def test_a_mail_comes_once_an_hour_to_a_confirmed_address(
    sign_up: SignUp, db: asyncpg.Connection, data_dir: Path
) -> None:
    watcher, writer = await sign_up(), await sign_up()
    unconfirmed = await sign_up()
    await db.execute("update users set verified_at = now() where user_id = $1", watcher.id)
    for each in (watcher, unconfirmed):
        await keep(each, mail_me=True)

    def mails(rider: Rider) -> list[str]:
        texts = [file.read_text() for file in sorted((data_dir / "mail").glob("*.eml"))]
        return [each for each in texts if f"To: {rider.email}\n" in each and "fits your" in each]

    await publish(writer, title="Poster\r\nfor a film")
    [mail] = await until(lambda: mails(watcher))
    assert "Poster for a film" in mail
    await publish(writer)
    assert len(await hits(db, watcher)) == 2
    [first, second] = await db.fetch(
        "select mailed from saved_service_search_hits "
        "join saved_service_searches using (search_id) where user_id = $1 order by told_at",
        watcher.id,
    )
    assert (first["mailed"], second["mailed"]) == (True, False)
    assert mails(unconfirmed) == []


async def test_a_mail_about_one_search_silences_no_other(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    one, other, writer = await sign_up(), await sign_up(), await sign_up()
    for rider in (one, other):
        await db.execute("update users set verified_at = now() where user_id = $1", rider.id)
    kept = [
        (await keep(rider, mail_me=True, tags=[tag]))["search_id"]
        for rider, tag in ((one, "maths"), (one, "music"), (other, "music"))
    ]
    for tag in ("maths", "music"):
        await publish(writer, tags=[tag])
    mailed = "select search_id from saved_service_search_hits where mailed and search_id = any($1)"
    assert {row[0] for row in await db.fetch(mailed, kept)} == set(kept)


@pytest.mark.parametrize(
    ("search", "field"),
    [
        ({"name": ""}, "name"),
        ({"search": ""}, "search"),
        ({"search": "the"}, "search"),
        ({"search": "&!|"}, "search"),
        ({"search": "x" * 201}, "search"),
        ({"tags": ["x"] * 11}, "tags"),
        ({"min_price": -1}, "min_price"),
        ({"near_latitude": 19}, "near_longitude"),
        ({"near_latitude": 91, "near_longitude": 0}, "near_latitude"),
        ({"within_meters": 50_001}, "within_meters"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
    ],
)
async def test_a_search_out_of_bounds_is_refused(
    sign_up: SignUp, search: dict[str, Any], field: str
) -> None:
    answer = await (await sign_up()).call("POST", SEARCHES, json={"name": "Mine", **search})
    assert answer.status_code == 422, answer.text
    assert field in [each["field"] for each in answer.json()["errors"]]


async def test_searches_are_few_and_end(sign_up: SignUp, db: asyncpg.Connection) -> None:
    watcher, writer = await sign_up(), await sign_up()
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for _ in range(20):
        await keep(watcher, expires_at=ahead)
    answer = await watcher.call("POST", SEARCHES, json={"name": "One more"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_service_searches")
    await db.execute(
        "update saved_service_searches set expires_at = now() where user_id = $1", watcher.id
    )
    assert (await watcher.call("GET", SEARCHES)).json()["items"] == []
    await publish(writer)
    assert await hits(db, watcher) == []
    await keep(watcher)
    assert (await writer.call("POST", PATH, json=post())).status_code == 201
    assert len(await hits(db, watcher)) == 1
