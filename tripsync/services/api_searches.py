"""Riders save searches for services: "tell me when somebody offers this"."""

from datetime import UTC, datetime
from typing import Any

from sanic import HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.paging import Page
from tripsync.http.problems import NOT_ALLOWED, FieldError, invalid
from tripsync.own_data import Whose
from tripsync.services.api import blueprint
from tripsync.services.posts import FURTHEST_DEADLINE, money
from tripsync.services.problems import NO_SUCH_SERVICE_SEARCH, TOO_MANY_SEARCHES
from tripsync.services.saved_searches import SEARCHES
from tripsync.services.schemas_searches import (
    NewServiceSearch,
    ServiceSearch,
    ServiceSearchPage,
)


@blueprint.post("/api/services/searches")
@endpoint(
    body=NewServiceSearch,
    answer=ServiceSearch,
    status=201,
    refuses=(NOT_ALLOWED, TOO_MANY_SEARCHES),
    idempotent=True,
)
async def create_service_search(request: Request, body: NewServiceSearch) -> HTTPResponse:
    """Be told when a post fits a search.

    Of each post one hears once, by `saved_service_search_hit`, when it is published, or changed so
    that it fits; with `mail_me` a mail comes too, to a confirmed address, once an hour for each
    search. Words are found in any form, but as they are spelt."""
    values = values_of(body)

    async def insert(db: Transaction, whose: Whose) -> int:
        search_id: int | None = await db.service_searches.keep_search(**whose, **values)
        if search_id is None:
            raise invalid(FieldError("search", "There is no word in it that could be looked for."))
        return search_id

    return await SEARCHES.create(request, insert)


def values_of(body: NewServiceSearch) -> dict[str, Any]:
    """Return the columns of a search."""
    if (body.near_latitude is None) != (body.near_longitude is None):
        missing = "near_latitude" if body.near_latitude is None else "near_longitude"
        raise invalid(FieldError(missing, "A place has a latitude and a longitude."))
    now = datetime.now(UTC)
    if body.expires_at is not None and not now < body.expires_at <= now + FURTHEST_DEADLINE:
        raise invalid(FieldError("expires_at", "The search must end later, within two years."))
    return {
        "name": body.name.strip(),
        "words": body.search,
        "tags": body.tags,
        "kind": body.kind,
        "compensation_type": body.compensation_type,
        "min_price": None if body.min_price is None else money(body.min_price),
        "max_price": None if body.max_price is None else money(body.max_price),
        "longitude": body.near_longitude,
        "latitude": body.near_latitude,
        "radius_meters": None if body.near_latitude is None else body.within_meters,
        "mail_me": body.mail_me,
        "expires_at": body.expires_at,
    }


@blueprint.get("/api/services/searches")
@endpoint(query=Page, answer=ServiceSearchPage)
async def list_service_searches(request: Request, query: Page) -> object:
    """List one's saved searches for services, the latest first."""
    return await SEARCHES.list_page(request, query)


@blueprint.delete("/api/services/searches/<search_id:id>")
@endpoint(status=204, refuses=(NO_SUCH_SERVICE_SEARCH,))
async def delete_service_search(request: Request, search_id: int) -> None:
    """Search for such services no more."""
    await SEARCHES.delete(request, search_id)
