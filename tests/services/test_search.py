"""Finding posts: by words, by what they are, in an order, page by page."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.conftest import Server, SignUp
from tests.people import Campus, Rider
from tests.services.board import PATH, act, ids, listed, publish
from tripsync.services import api_browsing


async def board(rider: Rider, *posts: dict[str, Any]) -> list[int]:
    """These posts on the board of a college, and their ids."""
    return [(await publish(rider, **each))["id"] for each in posts]


CALCULUS = {
    "title": "Calculus tutoring",
    "description": "Integrals and series, before breakfast.",
    "tags": ["maths", "exam"],
}
LOGO = {
    "title": "Logo for a film club",
    "description": "Something with a camera and a cat, drawn by hand.",
    "tags": ["design", "film"],
}
MOVING = {
    "title": "Hand with moving flats",
    "description": "Third floor, no lift; calculus books are heavy.",
    "tags": ["moving"],
}


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("calculus", {0, 2}),
        ("CALCULUS", {0, 2}),
        ("tutor", {0}),
        ("tutored", {0}),
        ("tutori", {0}),
        ("desi", {1}),
        ("series integral", {0}),
        ("logo camera", {1}),
        ("logo calculus", set()),
        ("film-club", {1}),
        ("club, film!", {1}),
        # A letter missing, too many, another, and two that changed places; in a title or a tag.
        ("tutring", {0}),
        ("calcullus", {0}),
        ("calkulus", {0}),
        ("clubs movnig", set()),
        ("movnig", {2}),
        ("dezign", {1}),
        # Too short to be a typing error, and too far from any word.
        ("cot", set()),
        ("kalkulos", set()),
        ("the", set()),
        ("'; drop table users; --", set()),
        ("&|!()<->:*", set()),
        ("\\", set()),
        ("%", set()),
    ],
)
async def test_words_are_found_in_any_form(sign_up: SignUp, search: str, found: set[int]) -> None:
    rider = await sign_up()
    posts = await board(rider, CALCULUS, LOGO, MOVING)
    for order in ("newest", "relevance"):
        got = await ids(rider, search=search, order=order)
        assert set(got) == {posts[each] for each in found}, order
        assert len(got) == len(found)


async def test_words_of_other_scripts_are_found(sign_up: SignUp) -> None:
    rider = await sign_up()
    [post_id] = await board(rider, {**CALCULUS, "title": "गणित शिक्षक चाहिए"})
    assert await ids(rider, search="गणित") == [post_id]
    assert await ids(rider, search="शिक्ष") == [post_id]
    assert await ids(rider, search="ωμέγα") == []


async def test_the_best_comes_first_by_relevance(sign_up: SignUp) -> None:
    rider = await sign_up()
    in_title, in_tags, in_description, misspelt = await board(
        rider,
        {**LOGO, "title": "Guitar lessons", "tags": []},
        {**LOGO, "tags": ["guitar"]},
        {**LOGO, "tags": [], "description": "I need a drawing of a guitar, please."},
        {**LOGO, "title": "Gutiar lessons", "tags": []},
    )
    ranked = await ids(rider, search="guitar", order="relevance")
    assert ranked == [in_title, in_tags, in_description, misspelt]
    newest = await ids(rider, search="guitar")
    assert newest == [misspelt, in_description, in_tags, in_title]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tags=maths", {0}),
        ("tags=MATHS&tags=exam", {0}),
        ("tags=maths&tags=film", set()),
        ("tags=nothing", set()),
        ("tags=", {0, 1, 2}),
        ("kind=offer", {1}),
        ("kind=request", {0, 2}),
        ("compensation_type=volunteer", {2}),
        ("min_price=100", {0, 1}),
        ("max_price=100", {0}),
        ("min_price=100.01&max_price=500.1", {1}),
        ("min_price=500.1", {1}),
        ("search=calculus&min_price=1", {0}),
        ("search=&limit=100", {0, 1, 2}),
        ("search=%20", {0, 1, 2}),
        ("skip=2", {0}),
        ("skip=3", set()),
        ("skip=100000", set()),
        ("status=in_progress", set()),
    ],
)
async def test_posts_are_found_by_what_they_are(
    sign_up: SignUp, query: str, found: set[int]
) -> None:
    rider = await sign_up()
    posts = await board(
        rider,
        {**CALCULUS, "price": 100},
        {**LOGO, "price": 500.1, "kind": "offer"},
        {**MOVING, "compensation_type": "volunteer"},
    )
    assert set(await ids(rider, query)) == {posts[each] for each in found}


async def test_posts_are_found_by_their_deadline(sign_up: SignUp) -> None:
    rider = await sign_up()
    moments = [(datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (1, 2, 3)]
    posts = await board(rider, *({**LOGO, "deadline": each} for each in moments), LOGO)
    assert await ids(rider, deadline_before=moments[1], order="deadline") == posts[:2]
    assert await ids(rider, deadline_after=moments[1], order="deadline") == posts[1:3]
    assert await ids(rider, order="deadline") == posts


async def test_posts_are_found_near_a_place(sign_up: SignUp) -> None:
    rider = await sign_up()
    here, near, far, _ = await board(
        rider,
        {**LOGO, "location": {"latitude": 19.0, "longitude": 72.8}},
        # A hundredth of a degree of latitude is 1,112 metres.
        {**LOGO, "location": {"latitude": 19.01, "longitude": 72.8}},
        {**LOGO, "location": {"latitude": 19.1, "longitude": 72.8}},
        LOGO,
    )
    place = {"near_latitude": 19.0, "near_longitude": 72.8}
    assert await ids(rider, within_meters=1100, **place) == [here]
    assert await ids(rider, within_meters=1120, **place) == [near, here]
    assert set(await ids(rider, within_meters=12_000, **place)) == {here, near, far}
    assert (await rider.call("GET", PATH, params={"near_latitude": 1})).status_code == 422


async def test_prices_are_in_order_and_what_has_none_comes_last(sign_up: SignUp) -> None:
    rider = await sign_up()
    dear, cheap, free, unsaid = await board(
        rider, {**LOGO, "price": 1000}, {**LOGO, "price": 9.5}, {**LOGO, "price": 0}, LOGO
    )
    assert await ids(rider, order="price") == [free, cheap, dear, unsaid]


@pytest.mark.parametrize("order", ["newest", "price", "deadline", "relevance"])
async def test_a_cursor_leads_through_everything_once(sign_up: SignUp, order: str) -> None:
    rider = await sign_up()
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    # Equal in what they are ordered by, the hour of anonymous ones too; and without it.
    equal = {**CALCULUS, "price": 0, "deadline": soon, "is_anonymous": True}
    await board(
        rider,
        *(equal for _ in range(4)),
        *(CALCULUS for _ in range(3)),
    )
    query = {"search": "calculus", "order": order}
    whole = await ids(rider, **query)
    assert len(set(whole)) == 7
    pages: list[list[int]] = []
    cursor: dict[str, str] = {}
    while len(pages) < 10:
        answer = await rider.call("GET", PATH, params={**query, "limit": "3", **cursor})
        assert answer.status_code == 200, answer.text
        pages.append([each["id"] for each in answer.json()])
        if "x-next-cursor" not in answer.headers:
            break
        cursor = {"cursor": answer.headers["x-next-cursor"]}
        # What comes meanwhile moves nothing of what follows.
        await publish(rider, title="Another one")
    assert pages == [whole[:3], whole[3:6], whole[6:]]
    by_skip = [post for skip in (0, 3, 6) for post in await ids(rider, skip=skip, limit=3, **query)]
    assert by_skip == whole


@pytest.mark.parametrize("order", ["newest", "price", "deadline", "relevance"])
async def test_frequent_words_find_what_scarce_ones_would(
    sign_up: SignUp, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    rider, fellow = await sign_up(), await sign_up()
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await board(
        rider,
        *({**CALCULUS, "price": price, "deadline": soon} for price in (3, 1, 2)),
        {**CALCULUS, "filters": [{"type": "major", "value": "Physics"}]},
        {**LOGO, "tags": ["maths"]},
        MOVING,
    )
    queries = (
        "search=calculus",
        "tags=maths",
        "search=calkulus&tags=maths",
        "search=calculus&skip=1",
    )
    wanted = [f"{query}&order={order}&limit=3" for query in queries]
    scarce = [await ids(fellow, query) for query in wanted]
    assert all(scarce)
    for name in ("SCARCE", "SCARCE_TO_RANK"):
        monkeypatch.setattr(api_browsing, name, 0)
    assert [await ids(fellow, query) for query in wanted] == scarce


async def test_a_page_has_twenty_posts_unless_one_asks_for_more(sign_up: SignUp) -> None:
    rider = await sign_up()
    await asyncio.gather(*(publish(rider) for _ in range(23)))
    assert len(await listed(rider)) == 20
    assert len(await listed(rider, limit=100)) == 23


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=ten",
        "skip=-1",
        "skip=100001",
        "skip=99999999999999999999",
        "order=random",
        "kind=wish",
        "status=gone",
        "min_price=-1",
        "min_price=nan",
        "max_price=inf",
        "max_price=1e308",
        "compensation_type=gold",
        "search=" + "x" * 201,
        "search=%00",
        "tags=" + "x" * 41,
        "&".join(["tags=x"] * 11),
        "&".join(["tags=x"] * 1_000),
        "poster_id=0",
        "poster_id=99999999999999999999",
        "deadline_after=today",
        "deadline_after=2026-01-01T00:00:00",
        "deadline_before=0001-01-01T00:00:00%2B14:00",
        "near_latitude=91&near_longitude=0",
        "near_latitude=nan&near_longitude=0",
        "near_latitude=1&near_longitude=1&within_meters=99",
        "cursor=nonsense",
        "cursor=W10=",
        "cursor=WzEsIjAwMDEtMDEtMDFUMDA6MDA6MDArMTQ6MDAiXQ==",
        "nothing=1",
    ],
)
async def test_a_search_out_of_bounds_is_refused_and_breaks_nothing(
    sign_up: SignUp, query: str
) -> None:
    rider = await sign_up()
    for path in (PATH, f"{PATH}/tags"):
        if "cursor" in query and path != PATH:
            continue
        answer = await rider.call("GET", f"{path}?{query}")
        assert answer.status_code == 422, answer.text


async def test_without_an_account_there_are_two_orders(campus: Campus, sign_up: SignUp) -> None:
    rider = await sign_up()
    word = f"qz{rider.id}qz"
    [post_id] = await board(rider, {**LOGO, "title": f"Logo {word}", "tags": [word]})
    for query in (f"search={word}", f"tags={word}", f"search={word}&order=relevance"):
        answer = await campus.client.get(f"{PATH}?{query}")
        assert [each["id"] for each in answer.json()] == [post_id]
    for order in ("price", "deadline"):
        assert (await campus.client.get(PATH, params={"order": order})).status_code == 422


async def test_what_is_not_open_is_found_by_its_state(sign_up: SignUp) -> None:
    rider = await sign_up()
    is_open, closed = await board(rider, CALCULUS, CALCULUS)
    await act(rider, closed, "close")
    assert await ids(rider, search="calculus") == [is_open]
    assert await ids(rider, search="calculus", status="cancelled") == [closed]


async def test_tags_are_counted_over_what_a_search_finds(sign_up: SignUp) -> None:
    rider = await sign_up()
    await board(
        rider,
        CALCULUS,
        CALCULUS,
        LOGO,
        {**LOGO, "title": "Poster of calculus", "tags": ["design"]},
    )

    async def counted(query: str = "") -> dict[str, int]:
        answer = await rider.call("GET", f"{PATH}/tags?{query}")
        assert answer.status_code == 200, answer.text
        return {each["name"]: each["posts"] for each in answer.json()["tags"]}

    assert await counted() == {"design": 2, "maths": 2, "exam": 2, "film": 1}
    assert next(iter(await counted())) == "design"
    assert await counted("search=calculus&limit=1") == {"maths": 2, "exam": 2, "design": 1}
    assert await counted("tags=film") == {"design": 1, "film": 1}
    assert await counted("kind=offer") == {}


@pytest.mark.parametrize("ages", [(3, 2, 1), (1, 2, 3), (2, 2, 2)], ids=str)
async def test_tags_are_counted_over_the_newest(
    sign_up: SignUp, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, ages: tuple[int, ...]
) -> None:
    monkeypatch.setattr(api_browsing, "MOST_COUNTED", 2)
    rider = await sign_up()
    names = ("one", "two", "three")
    posts = await board(rider, *({**LOGO, "tags": [each]} for each in names))
    now = datetime.now(UTC)
    for post, hours in zip(posts, ages, strict=True):
        await db.execute(
            "update service_posts set created_at = $2 where post_id = $1",
            post,
            now - timedelta(hours=hours),
        )
    # Of those that are as new the ones with the higher numbers.
    newest = sorted(zip(ages, (-post for post in posts), names, strict=True))[:2]
    answer = await rider.call("GET", f"{PATH}/tags")
    assert {each["name"] for each in answer.json()["tags"]} == {name for _, _, name in newest}


async def test_a_page_is_one_query(
    sign_up: SignUp, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    rider = await sign_up()
    await board(rider, *(CALCULUS for _ in range(5)))
    asked: list[str] = []
    fetch = asyncpg.Connection.fetch

    async def count(self: asyncpg.Connection, sql: str, *values: object, **more: Any) -> Any:
        asked.append(sql)
        return await fetch(self, sql, *values, **more)

    monkeypatch.setattr(asyncpg.Connection, "fetch", count)
    headers = {"Authorization": f"Bearer {rider.access_token}"}
    async with server.client(headers=headers) as client:
        answer = await client.get(PATH)
    assert len(answer.json()) == 5
    assert len([sql for sql in asked if sql.startswith("/* service_search.")]) == 1
