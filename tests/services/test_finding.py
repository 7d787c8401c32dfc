"""A search finds what somebody would who reads every post and keeps what fits."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.people import Campus, Rider
from tests.services.board import PATH, ids, publish

TODAY = datetime.now(UTC).replace(microsecond=0)
DAYS = [(TODAY + timedelta(days=number, hours=1)).isoformat() for number in range(5)]
LAST_DAY = datetime.max.replace(tzinfo=UTC).isoformat()
# Metres along a meridian from where one looks.
HERE, NEAR, FAR = (
    {"latitude": 19 + meters / 111_195, "longitude": 72.8} for meters in (0, 900, 9e3)
)
# Within the square around the circle, and not within the circle.
IN_THE_CORNER = {"latitude": 19 + 900 / 111_195, "longitude": 72.8 + 900 / 105_138}


class Known(NamedTuple):
    """What a reader may learn of a post that somebody put on the board."""

    id: int
    created_at: datetime
    writer: int
    status: str
    title: str
    tags: tuple[str, ...] = ()
    kind: str = "request"
    pay: str = "fixed_price"
    price: float = float("inf")
    deadline: str = LAST_DAY
    place: dict[str, float] | None = None
    anonymous: bool = False
    readers: tuple[str, ...] = ("fellow", "stranger")


class Wish(NamedTuple):
    """What is asked for, and whether a post is that."""

    query: dict[str, Any]
    fits: Callable[[Known], bool]


ORDERS: dict[str, Callable[[Known], Any]] = {
    "newest": lambda post: (-post.created_at.timestamp(), -post.id),
    "price": lambda post: (post.price, post.id),
    "deadline": lambda post: (post.deadline, post.id),
}
ANYTHING = Wish({}, lambda post: True)
HERE_ABOUTS = {"near_latitude": 19.0, "near_longitude": 72.8, "within_meters": 1000}
WISHES = [
    ANYTHING,
    Wish({"search": "calculus"}, lambda post: "alculus" in post.title),
    Wish({"tags": ["maths"]}, lambda post: "maths" in post.tags),
    Wish({"tags": ["Maths", "exam"]}, lambda post: {"maths", "exam"} <= {*post.tags}),
    Wish(
        {"tags": ["maths"], "search": "calculus"},
        lambda post: "maths" in post.tags and "alculus" in post.title,
    ),
    Wish({"kind": "offer"}, lambda post: post.kind == "offer"),
    Wish({"compensation_type": "volunteer"}, lambda post: post.pay == "volunteer"),
    Wish({"min_price": 100}, lambda post: 100 <= post.price < float("inf")),
    Wish({"max_price": 100}, lambda post: post.price <= 100),
    Wish(
        {"deadline_after": DAYS[2]},
        lambda post: DAYS[2] <= post.deadline < LAST_DAY,
    ),
    Wish(
        {"deadline_before": DAYS[2]},
        lambda post: post.deadline <= DAYS[2],
    ),
    Wish(HERE_ABOUTS, lambda post: post.place in (HERE, NEAR)),
]


class Board:
    """Posts of every sort, and what somebody may know of each."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db
        self.posts: list[Known] = []

    async def put(
        self, writer: Rider, *readers: str, title: str = "Some help wanted", **more: Any
    ) -> int:
        """An open post, which these readers find: a fellow of the writer, a stranger."""
        shown = await publish(writer, title=title, **more)
        self.posts.append(
            Known(
                shown["id"],
                datetime.fromisoformat(shown["created_at"]),
                writer.id,
                "open",
                title,
                tuple(more.get("tags", ())),
                shown["kind"],
                shown["compensation_type"],
                more.get("price", float("inf")),
                more.get("deadline", LAST_DAY),
                more.get("location"),
                shown["is_anonymous"],
                readers,
            )
        )
        return self.posts[-1].id

    async def change(self, shown: str, **columns: object) -> None:
        """What has become of the last one meanwhile, and how that is shown."""
        post = self.posts[-1]
        for name, value in columns.items():
            await self._db.execute(
                f"update service_posts set {name} = $2 where post_id = $1", post.id, value
            )
        self.posts[-1] = post._replace(status=shown)

    def ids(self, order: str, reader: str, status: str, wish: Wish) -> list[int]:
        """What a reader is to find, in this order."""
        return [post.id for post in sorted(self.found(reader, status, wish), key=ORDERS[order])]

    def found(self, reader: str, status: str, wish: Wish) -> list[Known]:
        return [
            post
            for post in self.posts
            if reader in post.readers and post.status == status and wish.fits(post)
        ]


@pytest.fixture
async def reader(sign_up: SignUp) -> Rider:
    return await sign_up()


@pytest.fixture
async def owner(sign_up: SignUp) -> Rider:
    return await sign_up()


@pytest.fixture
async def board(
    reader: Rider, owner: Rider, sign_up: SignUp, campus: Campus, db: asyncpg.Connection
) -> Board:
    board = Board(db)
    calculus = {"title": "Calculus tutoring", "tags": ["maths", "exam"]}
    both = ("fellow", "stranger")
    await board.put(owner, *both, **calculus, price=100, deadline=DAYS[1], location=HERE)
    await board.put(
        owner, *both, **calculus, price=99, deadline=DAYS[2], kind="offer", location=NEAR
    )
    await board.put(owner, *both, tags=["maths"], price=100.5, deadline=DAYS[3], location=FAR)
    await board.put(owner, *both, title="A calculus book", price=0, location=IN_THE_CORNER)
    only = {**calculus, "college_only": True}
    await board.put(owner, "fellow", **only, is_anonymous=True, deadline=DAYS[4])
    await board.put(reader, *both, tags=["film"], compensation_type="volunteer", price=200)
    await board.put(reader, "fellow", **only, is_anonymous=True)
    for status in ("in_progress", "completed", "cancelled"):
        await board.put(owner, *both, **calculus, price=100, kind="offer", location=HERE)
        await board.change(status, status=status)
        await board.put(reader, *both, tags=["film"], deadline=DAYS[2])
        await board.change(status, status=status)
    past = TODAY - timedelta(days=1)
    for status, places_taken in (("in_progress", 1), ("cancelled", 0)):
        await board.put(owner, *both, **calculus, deadline=DAYS[0])
        await board.change(status, deadline=past, places_taken=places_taken)
    await board.put(owner, **calculus, filters=[{"type": "major", "value": "Physics"}])
    await owner.call("DELETE", f"{PATH}/{await board.put(owner, **calculus)}")
    await board.put(banned := await sign_up(), **calculus)
    await db.execute("update users set banned_at = now() where user_id = $1", banned.id)
    elsewhere = await campus.sign_up()
    await board.put(elsewhere, "stranger", **calculus, price=100, location=HERE)
    await board.put(elsewhere, **only)
    return board


@pytest.mark.parametrize("status", ["open", "in_progress", "completed", "cancelled"])
async def test_every_wish_finds_what_fits_and_nothing_else(
    board: Board, reader: Rider, owner: Rider, status: str
) -> None:
    wishes = [
        *WISHES,
        Wish({"poster_id": owner.id}, lambda post: post.writer == owner.id and not post.anonymous),
        Wish({"poster_id": reader.id}, lambda post: post.writer == reader.id),
    ]
    for wish in wishes:
        query = {**wish.query, "status": status}
        for order in ORDERS:
            wanted = board.ids(order, "fellow", status, wish)
            assert await ids(reader, **query, order=order) == wanted, (wish.query, order)
            assert await ids(reader, **query, order=order, skip=1, limit=2) == wanted[1:3]
        assert set(await ids(reader, **query, order="relevance")) == set(wanted), wish.query
        counted = Counter(tag for post in board.found("fellow", status, wish) for tag in post.tags)
        answer = await reader.call("GET", f"{PATH}/tags", params=query)
        tags = [(each["name"], each["posts"]) for each in answer.json()["tags"]]
        assert tags == sorted(counted.items(), key=lambda each: (-each[1], each[0])), wish.query


async def test_without_an_account_one_finds_what_is_open_to_all(
    board: Board, reader: Rider, campus: Campus, db: asyncpg.Connection
) -> None:
    word = f"qz{reader.id}qz"
    posts = [post.id for post in board.posts]
    await db.execute(
        "update service_posts set tags = tags || $2::text where post_id = any($1)", posts, word
    )
    for wish in WISHES:
        tags = [word, *wish.query.get("tags", [])]
        answer = await campus.client.get(PATH, params={**wish.query, "tags": tags})
        found = [each["id"] for each in answer.json()]
        assert found == board.ids("newest", "stranger", "open", wish), wish.query
