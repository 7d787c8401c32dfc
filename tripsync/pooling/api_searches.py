"""Riders save searches: "tell me when someone goes from around A to around B on these days"."""

from datetime import UTC, datetime, time
from typing import Any

from sanic import HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.paging import Page
from tripsync.http.problems import NOT_ALLOWED, FieldError, invalid
from tripsync.own_data import Whose
from tripsync.pooling.api import blueprint
from tripsync.pooling.calendar import WEEKDAYS
from tripsync.pooling.problems import NO_SUCH_SEARCH, TOO_MANY_SEARCHES
from tripsync.pooling.saved_searches import SEARCHES
from tripsync.pooling.schemas_searches import NewRideSearch, RideSearch, RideSearchPage


@blueprint.post("/api/pool/searches")
@endpoint(
    body=NewRideSearch,
    answer=RideSearch,
    status=201,
    refuses=(NOT_ALLOWED, TOO_MANY_SEARCHES),
    idempotent=True,
)
async def create_ride_search(request: Request, body: NewRideSearch) -> HTTPResponse:
    """Be told when somebody goes from around one place to around another.

    Of each ride that fits one hears once, by `saved_search_hit`; with `mail_me` a mail comes too,
    to a confirmed address, once an hour for each search.
    Days and times are those of the college's clocks; a ride fits when somebody may leave
    then. From 22:00 until 02:00 is one night, of the weekday on which it begins."""
    values = values_of(body)

    async def insert(db: Transaction, whose: Whose) -> int:
        search_id: int = await db.searches.keep_search(**whose, **values)
        return search_id

    return await SEARCHES.create(request, insert)


def values_of(body: NewRideSearch) -> dict[str, Any]:
    """Return the columns of a search. Its two times of day are given together and differ."""
    if (body.day_from is None) != (body.day_until is None):
        missing = "day_until" if body.day_until is None else "day_from"
        raise invalid(FieldError(missing, "A time of day has a beginning and an end."))
    if body.day_from is not None and body.day_from == body.day_until:
        raise invalid(FieldError("day_until", "The time of day must end later than it begins."))
    if body.expires_at is not None and body.expires_at <= datetime.now(UTC):
        raise invalid(FieldError("expires_at", "The search must not be over already."))
    return {
        "name": body.name.strip(),
        "start_longitude": body.start_longitude,
        "start_latitude": body.start_latitude,
        "start_radius_meters": body.start_radius_meters,
        "destination_longitude": body.destination_longitude,
        "destination_latitude": body.destination_latitude,
        "destination_radius_meters": body.destination_radius_meters,
        "weekdays": body.weekdays and sorted(set(body.weekdays), key=WEEKDAYS.index),
        "day_from": body.day_from and time.fromisoformat(body.day_from),
        "day_until": body.day_until and time.fromisoformat(body.day_until),
        "mail_me": body.mail_me,
        "expires_at": body.expires_at,
    }


@blueprint.get("/api/pool/searches")
@endpoint(query=Page, answer=RideSearchPage)
async def list_ride_searches(request: Request, query: Page) -> object:
    """List one's saved searches, the latest first."""
    return await SEARCHES.list_page(request, query)


@blueprint.delete("/api/pool/searches/<search_id:id>")
@endpoint(status=204, refuses=(NO_SUCH_SEARCH,))
async def delete_ride_search(request: Request, search_id: int) -> None:
    """Search no more."""
    await SEARCHES.delete(request, search_id)
