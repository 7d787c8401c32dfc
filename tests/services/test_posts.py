"""Posts: what is kept of them, who reads it, and what the owner does with it."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import SignUp
from tests.people import Campus, Rider
from tests.services.board import PATH, act, applied, ids, listed, post, publish, show

# What the contract promises of a post, and of one in a list.
CONTRACT = {
    "id",
    "title",
    "description",
    "poster_user_id",
    "status",
    "team_size",
    "deadline",
    "compensation_type",
    "compensation_amount",
    "requires_resume",
    "requires_cover_letter",
    "is_anonymous",
    "created_at",
    "poster",
    "tags",
}


def ahead(**time: float) -> str:
    return (datetime.now(UTC) + timedelta(**time)).isoformat()


async def test_a_post_of_the_app_is_kept_and_shown_as_the_contract_says(sign_up: SignUp) -> None:
    rider = await sign_up(full_name="Meera Nair")
    deadline = ahead(days=3)
    body = post(
        deadline=deadline,
        compensation_type="hourly_rate",
        compensation_amount=250.5,
        requires_resume=True,
        requires_cover_letter=True,
        is_anonymous=False,
        tags=["maths", "Exam"],
    )
    answer = await rider.call("POST", PATH, json=body)
    assert answer.status_code == 201
    published = answer.json()
    assert published.keys() >= CONTRACT
    for name in body.keys() - {"tags", "deadline"}:
        assert published[name] == body[name], name
    assert datetime.fromisoformat(published["deadline"]) == datetime.fromisoformat(deadline)
    assert published["status"] == "open"
    assert published["poster"] == {"id": rider.id, "full_name": "Meera Nair"}
    assert published["poster_user_id"] == rider.id
    assert sorted(each["name"] for each in published["tags"]) == ["Exam", "maths"]
    assert all(each.keys() == {"id", "name"} for each in published["tags"])
    assert datetime.fromisoformat(published["created_at"]).tzinfo is not None
    assert (await show(rider, published["id"])).json() == published


async def test_a_list_is_a_bare_array_without_descriptions(sign_up: SignUp) -> None:
    rider = await sign_up()
    first, second = await publish(rider), await publish(rider)
    found = await listed(await sign_up())
    assert [each["id"] for each in found] == [second["id"], first["id"]]
    for each in found:
        assert each.keys() >= CONTRACT - {"description"}
        assert "description" not in each


async def test_what_goes_beyond_the_contract_is_kept_too(sign_up: SignUp) -> None:
    rider = await sign_up()
    beyond = {
        "kind": "offer",
        "price": 1200,
        "college_only": True,
        "requirements": [
            {"text": "Send a résumé", "kind": "resume", "value": None},
            {"text": "Third year", "kind": "year_of_study", "value": "Third Year"},
            {"text": "Figma", "kind": "skill", "value": "figma"},
        ],
        "filters": [
            {"type": "year_of_study", "value": "Third Year"},
            {"type": "verified_only", "value": True},
        ],
        "location": {"latitude": 19.1, "longitude": 72.8, "name": "Library"},
    }
    published = await publish(rider, **beyond)
    for name, value in beyond.items():
        assert published[name] == value, name
    assert (published["currency"], published["compensation_amount"]) == ("INR", 1200)
    # A filter that says nothing but that it is there.
    short = await publish(rider, filters=[{"type": "verified_only"}])
    assert short["filters"] == [{"type": "verified_only", "value": True}]


async def test_a_price_is_in_the_currency_of_the_college(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    await db.execute("update colleges set currency = 'EUR' where name = $1", college)
    assert (await publish(await sign_up(), price=3))["currency"] == "EUR"


@pytest.mark.parametrize("mark", ["<script>alert(1)</script>", "bell \x07 and \x1b[31m", "\u202e"])
async def test_text_is_kept_as_it_was_given(sign_up: SignUp, mark: str) -> None:
    rider = await sign_up()
    published = await publish(rider, title=f"Help {mark}", description=f"Fifteen and more {mark}")
    assert published["title"] == f"Help {mark}"
    answer = await show(rider, published["id"])
    assert answer.json()["description"] == f"Fifteen and more {mark}"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "Four"}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"title": "      "}, "title"),
        ({"title": "Nul \0 inside"}, "title"),
        ({"description": "x" * 14}, "description"),
        ({"description": "x" * 5001}, "description"),
        ({"team_size": 0}, "team_size"),
        ({"team_size": -1}, "team_size"),
        ({"team_size": 1.5}, "team_size"),
        ({"team_size": 10**30}, "team_size"),
        ({"compensation_type": "barter"}, "compensation_type"),
        ({"kind": "wish"}, "kind"),
        ({"price": -0.01}, "price"),
        ({"price": 1e308}, "price"),
        ({"price": "NaN"}, "price"),
        ({"compensation_amount": -5}, "compensation_amount"),
        ({"compensation_amount": 1e308}, "compensation_amount"),
        ({"compensation_amount": 10_000_001}, "compensation_amount"),
        ({"price": 5, "compensation_amount": 6}, "compensation_amount"),
        ({"deadline": "9999-12-31T23:59:59Z"}, "deadline"),
        ({"deadline": "9999-12-31T23:59:59-14:00"}, "deadline"),
        ({"deadline": "0001-01-01T00:00:00+14:00"}, "deadline"),
        ({"deadline": "2020-01-01T00:00:00Z"}, "deadline"),
        ({"deadline": "2030-01-01T00:00:00"}, "deadline"),
        ({"deadline": "tomorrow"}, "deadline"),
        ({"tags": ["x"] * 10_000}, "tags"),
        ({"tags": ["x" * 41]}, "tags"),
        ({"tags": [" "]}, "tags"),
        ({"tags": "maths"}, "tags"),
        ({"requirements": [{"text": "", "kind": "other"}]}, "requirements"),
        ({"requirements": [{"text": "Year", "kind": "year_of_study"}]}, "requirements.0.value"),
        ({"requirements": [{"text": "Fast", "kind": "speed"}]}, "requirements"),
        ({"filters": [{"type": "height", "value": "tall"}]}, "filters"),
        ({"filters": [{"type": "major"}]}, "filters.0.value"),
        ({"filters": [{"type": "major", "value": True}]}, "filters.0.value"),
        ({"filters": [{"type": "gender", "value": "other"}]}, "filters.0.value"),
        ({"filters": [{"type": "verified_only", "value": False}]}, "filters.0.value"),
        ({"filters": [{"type": "major", "value": "x"}] * 21}, "filters"),
        ({"location": {"latitude": 91, "longitude": 0}}, "location"),
        ({"is_anonymous": "yes"}, "is_anonymous"),
        ({"status": "completed"}, "status"),
        ({"poster_user_id": 1}, "poster_user_id"),
    ],
)
async def test_what_is_out_of_bounds_is_named(
    sign_up: SignUp, changes: dict[str, Any], field: str
) -> None:
    answer = await (await sign_up()).call("POST", PATH, json=post(**changes))
    assert answer.status_code == 422, answer.text
    assert field in [each["field"] for each in answer.json()["errors"]]
    assert answer.json()["detail"]


async def test_a_number_that_is_none_is_no_json(sign_up: SignUp) -> None:
    rider = await sign_up()
    body = b'{"title": "Calculus", "price": NaN}'
    headers = {"Content-Type": "application/json"}
    answer = await rider.call("POST", PATH, content=body, headers=headers)
    assert answer.status_code == 400
    assert not math.isnan(answer.json()["status"])


async def test_the_same_key_publishes_once(sign_up: SignUp) -> None:
    rider = await sign_up()
    headers = {"Idempotency-Key": "once"}
    first = await rider.call("POST", PATH, json=post(), headers=headers)
    again = await rider.call("POST", PATH, json=post(), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(await listed(rider)) == 1


async def test_a_tag_is_one_however_it_is_written(sign_up: SignUp) -> None:
    rider = await sign_up()
    first = await publish(rider, tags=["Maths", "maths", " MATHS "])
    second = await publish(rider, tags=["mathS"])
    assert first["tags"] == second["tags"]
    assert [each["name"] for each in first["tags"]] == ["Maths"]


async def test_reading_needs_no_account(campus: Campus, sign_up: SignUp) -> None:
    rider, other = await sign_up(), await sign_up(college_name="VJTI")
    shown = [await publish(each, price=5) for each in (rider, other)]
    hidden = [
        await publish(rider, college_only=True),
        await publish(rider, filters=[{"type": "major", "value": "Physics"}]),
    ]
    answer = await campus.client.get(PATH, params={"limit": 100})
    found = {each["id"]: each for each in answer.json()}
    for each in shown:
        assert found[each["id"]].keys() == CONTRACT - {"description"}
        one = await campus.client.get(f"{PATH}/{each['id']}")
        assert one.json().keys() == CONTRACT
    for each in hidden:
        assert each["id"] not in found
        assert (await campus.client.get(f"{PATH}/{each['id']}")).status_code == 404


async def test_with_a_token_one_reads_ones_own_college(sign_up: SignUp) -> None:
    rider, other = await sign_up(), await sign_up(college_name="VJTI")
    own = await publish(rider, college_only=True)
    foreign = await publish(other)
    assert await ids(rider) == [own["id"]]
    assert (await show(rider, foreign["id"])).status_code == 404
    assert (await show(rider, own["id"])).status_code == 200


@pytest.mark.parametrize("path", [PATH, f"{PATH}/1"])
@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Basic x"])
async def test_a_bad_token_is_not_no_token(
    client: httpx.AsyncClient, path: str, header: str
) -> None:
    answer = await client.get(path, headers={"Authorization": header})
    assert answer.status_code == 401
    assert "Could not validate credentials" in answer.json()["detail"]


async def test_what_is_changed_changes_and_the_rest_stays(sign_up: SignUp) -> None:
    rider = await sign_up()
    before = await publish(
        rider,
        price=100,
        deadline=ahead(days=1),
        tags=["maths"],
        location={
            "latitude": 19.0,
            "longitude": 72.0,
            "name": None,
        },
    )
    path = f"{PATH}/{before['id']}"
    changes = {
        "title": "Physics tutor wanted",
        "deadline": None,
        "tags": ["physics"],
        "compensation_amount": 80,
        "location": None,
    }
    after = (await rider.call("PUT", path, json=changes)).json()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {*changes, "price"}
    assert (after["title"], after["deadline"], after["price"], after["location"]) == (
        "Physics tutor wanted",
        None,
        80,
        None,
    )
    assert [each["name"] for each in after["tags"]] == ["physics"]
    assert (await rider.call("PUT", path, json={})).json() == after
    for wrong in ({"is_anonymous": True}, {"title": "Four"}, {"title": None}, {"team_size": 0}):
        assert (await rider.call("PUT", path, json=wrong)).status_code == 422


async def test_a_deleted_post_is_nowhere(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider, fellow = await sign_up(), await sign_up()
    published = await publish(rider)
    sent = await applied(fellow, published["id"])
    answer = await rider.call("DELETE", f"{PATH}/{published['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    for each in (rider, fellow):
        assert await ids(each) == []
        assert (await show(each, published["id"])).status_code == 404
    assert (await rider.call("GET", "/api/profile/me/posts")).json() == []
    [kept] = (await fellow.call("GET", "/api/profile/me/applications")).json()
    assert kept["id"] == sent["id"]
    assert kept["service_post"] == {"id": published["id"], "title": published["title"]}
    assert (await rider.call("DELETE", f"{PATH}/{published['id']}")).status_code == 404


async def test_posts_of_who_is_banned_are_not_shown(
    campus: Campus, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    published = await publish(rider)
    await db.execute("update users set banned_at = now() where user_id = $1", rider.id)
    assert await ids(fellow) == []
    assert (await show(fellow, published["id"])).status_code == 404
    assert (await campus.client.get(f"{PATH}/{published['id']}")).status_code == 404
    assert published["id"] not in [each["id"] for each in (await campus.client.get(PATH)).json()]


async def test_a_deadline_that_has_passed_closes_the_post(
    sign_up: SignUp, db: asyncpg.Connection, campus: Campus
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    late = await publish(rider, deadline=ahead(days=1))
    worked_on = await publish(rider, deadline=ahead(days=1), team_size=2)
    sent = await applied(fellow, worked_on["id"])
    await rider.call("PUT", f"{PATH}/applications/{sent['id']}", json={"status": "accepted"})
    await db.execute("update service_posts set deadline = now() where user_id = $1", rider.id)
    assert await ids(fellow) == []
    assert (await campus.client.get(f"{PATH}/{late['id']}")).json()["status"] == "cancelled"
    assert (await show(fellow, late["id"])).json()["status"] == "cancelled"
    assert (await show(fellow, worked_on["id"])).json()["status"] == "in_progress"
    assert await ids(fellow, status="in_progress") == [worked_on["id"]]
    assert await ids(fellow, status="cancelled") == [late["id"]]
    again = await act(rider, late["id"], "reopen")
    assert (again.status_code, again.json()["code"]) == (409, "deadline_passed")
    extended = {"deadline": ahead(days=2)}
    assert (await rider.call("PUT", f"{PATH}/{late['id']}", json=extended)).status_code == 200
    assert await ids(fellow) == [late["id"]]


async def test_the_number_of_posts_under_way_is_bounded(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    published = await publish(rider)
    await db.execute(
        "insert into service_posts (college_id, user_id, kind, title, description, team_size, "
        "compensation_type, requires_resume, requires_cover_letter, is_anonymous, college_only, "
        "tags, requirements, filters, created_at) select college_id, user_id, kind, title, "
        "description, team_size, compensation_type, false, false, false, false, '{}', '[]', '[]', "
        "now() from service_posts, generate_series(1, 99) where post_id = $1",
        published["id"],
    )
    answer = await rider.call("POST", PATH, json=post())
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_posts")
    await act(rider, published["id"], "close")
    assert (await rider.call("POST", PATH, json=post())).status_code == 201


async def everybody(sign_up: SignUp) -> tuple[Rider, Rider, Rider]:
    """The owner, a stranger, and somebody of another college."""
    return await sign_up(), await sign_up(), await sign_up(college_name="VJTI")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/start"),
        ("POST", "/close"),
        ("POST", "/reopen"),
        ("POST", "/complete"),
        ("GET", "/applications"),
    ],
)
async def test_only_the_owner_acts_on_a_post(sign_up: SignUp, method: str, path: str) -> None:
    owner, stranger, foreigner = await everybody(sign_up)
    seen = (await publish(owner))["id"]
    unseen = (await publish(owner, filters=[{"type": "major", "value": "Physics"}]))["id"]
    body = {"json": {}} if method == "PUT" else {}

    async def code(rider: Rider, post_id: int) -> int:
        return (await rider.call(method, f"{PATH}/{post_id}{path}", **body)).status_code

    assert await code(stranger, seen) == 403
    assert await code(stranger, unseen) == 404
    assert await code(foreigner, seen) == 404
    assert await code(owner, 2**53) == 404
    nobody = await owner.client.request(method, f"{PATH}/{seen}{path}", **body)
    assert nobody.status_code == 401
    assert (await show(owner, seen)).json()["status"] == "open"


async def test_ones_own_posts_come_page_by_page(sign_up: SignUp) -> None:
    rider, fellow = await sign_up(), await sign_up()
    published = [(await publish(rider, is_anonymous=n % 2 == 1))["id"] for n in range(5)]
    await publish(fellow)
    await applied(fellow, published[0])
    mine = "/api/profile/me/posts"
    whole = (await rider.call("GET", mine)).json()
    assert {each["id"] for each in whole} == set(published)
    assert all(each["poster"]["id"] == rider.id for each in whole)
    waiting = {each["id"]: each["pending_applications"] for each in whole}
    assert waiting == {each: int(each == published[0]) for each in published}
    first = await rider.call("GET", mine, params={"limit": 3})
    cursor = first.headers["x-next-cursor"]
    second = await rider.call("GET", mine, params={"limit": 3, "cursor": cursor})
    assert first.json() + second.json() == whole
    assert "x-next-cursor" not in second.headers
    assert (await rider.call("GET", mine, params={"skip": 1000})).json() == []
