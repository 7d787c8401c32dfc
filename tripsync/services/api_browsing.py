"""Posts are found and read: the list, the count of each tag, one by its id, and one's own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sanic import Request

from tripsync.database import Bound
from tripsync.http.context import reading, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.identity import identify_if_any
from tripsync.http.paging import Page, RowId, next_cursor
from tripsync.http.problems import NOT_AUTHENTICATED, FieldError, invalid
from tripsync.http.responses import Listed
from tripsync.http.tokens import Rider
from tripsync.services.api import blueprint
from tripsync.services.posts import Card, find_post, in_utc, money, shown
from tripsync.services.problems import NO_SUCH_POST
from tripsync.services.schemas import (
    OwnServicePost,
    ServiceCard,
    ServicePost,
    ServiceQuery,
    ServiceTagCountList,
)

# Of the posts that fit, so many of the newest are ranked, or their tags counted: however common a
# word is, the answer takes about the same time.
MOST_RANKED = 500
MOST_COUNTED = 2_000
MOST_TAGS = 50
# How many posts may have a word for it to be looked up, instead of met on the way: a page needs few
# of them, a ranking hundreds.
SCARCE = 1_500
SCARCE_TO_RANK = 10_000
# What everybody asks for who asks for nothing else.
OPEN = ("status", "open")


class Place(msgspec.Struct, array_like=True):
    """The last post of a page, with the values that the list is sorted by."""

    id: RowId
    time: datetime | None = None
    price: float | None = None
    rank: float | None = None


@blueprint.get("/api/services")
@endpoint(query=ServiceQuery, answer=list[ServiceCard], refuses=(NOT_AUTHENTICATED,), open=True)
async def list_services(request: Request, query: ServiceQuery) -> object:
    """List open posts, newest first, or search them.

    Without a token: of every college, what anybody may read, up to `tags`, newest first or by
    relevance. With one: of one's college, what its filters let one see. Searched are title, tags
    and description for all words, in any form; beginnings of words and slight typing errors are
    found too. The header `X-Next-Cursor` leads to the next page."""
    who = identify_if_any(request)
    if who is None and query.order in ("price", "deadline"):
        raise invalid(FieldError("order", f"Sign in to have posts in the order of {query.order}."))
    rows = await find_page(reading(request), who, query)
    following = next_cursor(rows, query, PLACES[query.order])
    return Listed([shown(row, to_all=who is None) for row in rows], following)


async def find_page(db: Bound, who: Rider | None, query: ServiceQuery) -> Sequence[Card]:
    """Ask the query that is for just this question, if there is one."""
    wished = wishes(query)
    page: Mapping[str, Any] = {"skip": query.skip, "size": query.limit}
    begun = beginning(query.after(Place))
    if query.order == "newest" and asks_for_nothing(wished):
        after = {name: begun[name] for name in ("after_id", "after_time")}
        if who is None:
            return await db.service_search.list_open_to_all(**after, **page)
        return await db.service_search.list_newest(
            college_id=who.college_id, reader_id=who.user_id, **after, **page
        )
    by_relevance = query.order == "relevance"
    return await db.service_search.list_posts(
        college_id=who.college_id if who else None,
        reader_id=who.user_id if who else None,
        **wished,
        **begun,
        sorted_by=query.order,
        scarce=SCARCE_TO_RANK if by_relevance else SCARCE,
        reach=MOST_RANKED if by_relevance else query.skip + query.limit,
        **page,
    )


def asks_for_nothing(wished: Mapping[str, Any]) -> bool:
    """Whether all open posts will do."""
    return all(value is None or (name, value) == OPEN for name, value in wished.items())


def beginning(last: Place | None) -> Mapping[str, Any]:
    """Return the post after which the page begins, as parameters of the query."""
    return {
        "after_id": last.id if last else None,
        "after_time": in_utc("cursor", last.time) if last else None,
        "after_price": None if last is None or last.price is None else money(last.price),
        "after_rank": last.rank if last else None,
    }


PLACES: Mapping[str, Callable[[Card], Place]] = {
    "newest": lambda row: Place(row["id"], time=row["created_at"]),
    "price": lambda row: Place(
        row["id"], price=None if row["price"] is None else float(row["price"])
    ),
    "deadline": lambda row: Place(row["id"], time=row["deadline"]),
    "relevance": lambda row: Place(row["id"], rank=row["rank"]),
}


@blueprint.get("/api/services/tags")
@endpoint(query=ServiceQuery, answer=ServiceTagCountList)
async def count_service_tags(request: Request, query: ServiceQuery) -> object:
    """Count the tags of the posts that a search finds, the most frequent first.

    It takes the query of the list as it is, whichever page that shows. Counted are the newest 2,000
    posts that fit, and the 50 most frequent tags are told."""
    who = rider(request)
    tags = await reading(request).service_search.count_tags(
        college_id=who.college_id,
        reader_id=who.user_id,
        **wishes(query),
        reach=MOST_COUNTED,
        size=MOST_TAGS,
    )
    return {"tags": tags}


def wishes(query: ServiceQuery) -> Mapping[str, Any]:
    """Return the parameters that both queries of sql/service_search.sql have."""
    if (query.near_latitude is None) != (query.near_longitude is None):
        missing = "near_latitude" if query.near_latitude is None else "near_longitude"
        raise invalid(FieldError(missing, "A place has a latitude and a longitude."))
    tags = [query.tags] if isinstance(query.tags, str) else query.tags
    return {
        "search": query.search.strip() or None,
        "tags": [each for each in tags if each.strip()] or None,
        "kind": query.kind,
        "status": query.status,
        "compensation_type": query.compensation_type,
        "price_from": None if query.min_price is None else money(query.min_price),
        "price_to": None if query.max_price is None else money(query.max_price),
        "deadline_after": in_utc("deadline_after", query.deadline_after),
        "deadline_before": in_utc("deadline_before", query.deadline_before),
        "poster_id": query.poster_id,
        "longitude": query.near_longitude,
        "latitude": query.near_latitude,
        "meters": None if query.near_latitude is None else query.within_meters,
    }


@blueprint.get("/api/services/<post_id:id>")
@endpoint(answer=ServicePost, refuses=(NO_SUCH_POST, NOT_AUTHENTICATED), open=True)
async def show_service(request: Request, post_id: int) -> object:
    """Show one post, whole.

    Its status may be any; a post that was deleted, or closed by a moderator, is shown to nobody.
    Without a token: a post of any college that anybody may read, by its description and the fields
    of the list. With one: a post of one's college whose filters let one in."""
    return await find_post(reading(request), identify_if_any(request), post_id)


@blueprint.get("/api/profile/me/posts")
@endpoint(query=Page, answer=list[OwnServicePost])
async def list_own_services(request: Request, query: Page) -> object:
    """List the posts one wrote, newest first."""
    who = rider(request)
    before_id, before_time = query.after(tuple[RowId, datetime]) or (None, None)
    rows = await reading(request).services.list_own_posts(
        college_id=who.college_id,
        user_id=who.user_id,
        before_time=in_utc("cursor", before_time),
        before_id=before_id,
        skip=query.skip,
        size=query.limit,
    )
    following = next_cursor(rows, query, lambda row: (row["id"], row["created_at"]))
    return Listed([shown(row) for row in rows], following)
