"""Saved searches: a rider keeps a search, and hears once of each new thing that fits it.

What is searched for is the feature's: its table, its queries, its events and its words. What is
alike is here: how searches are kept, listed and deleted, and who is mailed.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Protocol, TypedDict, TypeVar

from msgspec import Meta
from sanic import HTTPResponse, Request

from tripsync.database import Bound, Transaction
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.fields import Line
from tripsync.http.idempotency import create_once
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import NOT_ALLOWED, Problem, Refusal
from tripsync.jobs.timers import FEW_AT_ONCE, Timer
from tripsync.mail import Letter, post_all
from tripsync.own_data import Whose

SearchName = Annotated[Line, Meta(max_length=100, examples=["Home on Fridays"])]

MOST_SEARCHES = 20
FORGET_EVERY_SECONDS = 600


class Search(TypedDict):
    """What every row of a search has."""

    search_id: int


class Hit(Search):
    """What every row of a hit has."""

    mailed: bool


Row = TypeVar("Row", bound=Search)
RowOut = TypeVar("RowOut", bound=Search, covariant=True)


class SearchQueries(Protocol[RowOut]):
    """What every query file of saved searches has."""

    async def delete_expired(self, *, college_id: int, user_id: int) -> int: ...
    async def count_searches(self, *, college_id: int, user_id: int) -> int: ...
    async def list_searches(
        self,
        *,
        college_id: int,
        user_id: int,
        search_id: int | None,
        before: int | None,
        skip: int,
        size: int,
    ) -> Sequence[RowOut]: ...
    async def delete_search(self, *, college_id: int, user_id: int, search_id: int) -> int: ...
    async def forget_hits(self, *, size: int) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearches(Generic[Row]):
    """One kind of saved searches: `SavedSearches(queries=lambda db: db.searches, ...)`."""

    queries: Callable[[Bound], SearchQueries[Row]]
    letter: Letter
    no_such_search: Refusal
    too_many_searches: Refusal

    async def create(
        self, request: Request, insert: Callable[[Transaction, Whose], Awaitable[int]]
    ) -> HTTPResponse:
        """Keep the search that `insert` writes, and answer with it."""
        whose = asker(request)

        async def keep(db: Transaction) -> Row:
            queries = self.queries(db)
            if await db.requests.lock_rider(**whose) is None:
                raise Problem(NOT_ALLOWED)
            await queries.delete_expired(**whose)
            if await queries.count_searches(**whose) >= MOST_SEARCHES:
                raise Problem(self.too_many_searches)
            search_id = await insert(db, whose)
            [kept] = await queries.list_searches(
                **whose, search_id=search_id, before=None, skip=0, size=1
            )
            return kept

        return await create_once(request, keep)

    async def list_page(self, request: Request, query: Page) -> object:
        """Answer with a page of the rider's searches, the latest first."""
        rows = await self.queries(reading(request)).list_searches(
            **asker(request),
            search_id=None,
            before=query.after(int),
            skip=query.skip,
            size=query.limit,
        )
        following = next_cursor(rows, query, lambda row: row["search_id"])
        return {"items": rows, "next_cursor": following}

    async def delete(self, request: Request, search_id: int) -> None:
        """Delete a search of the rider's."""
        whose = asker(request)

        async def delete(db: Transaction) -> int:
            return await self.queries(db).delete_search(**whose, search_id=search_id)

        if not await run_in_transaction(request, delete):
            raise Problem(self.no_such_search)

    async def mail_hits(self, db: Transaction, hits: Iterable[Hit], **about: int) -> None:
        """Post a letter for each hit that is to be mailed; `about` says what was found."""
        mailed = [hit["search_id"] for hit in hits if hit["mailed"]]
        await post_all(db, self.letter, [{**about, "search_id": each} for each in mailed])

    def forgetting(self, name: str) -> Timer:
        """A timer that deletes hits which nothing can repeat any more."""
        return Timer(name, FORGET_EVERY_SECONDS, self.forget_hits)

    async def forget_hits(self, db: Transaction) -> None:
        await self.queries(db).forget_hits(size=FEW_AT_ONCE)


def asker(request: Request) -> Whose:
    who = rider(request)
    return {"college_id": who.college_id, "user_id": who.user_id}
