"""A post has columns in its row and a shape that clients know."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET

from tripsync.database import Bound
from tripsync.database.rows import (
    ServiceSearchListNewest,
    ServiceSearchListOpenToAll,
    ServiceSearchListPosts,
    ServicesFindPost,
    ServicesListOwnPosts,
)
from tripsync.http.problems import FieldError, Problem, invalid
from tripsync.http.tokens import Rider
from tripsync.services.conditions import (
    kept_filter,
    mistakes_in_filters,
    mistakes_in_requirements,
)
from tripsync.services.problems import NO_SUCH_POST
from tripsync.services.schemas import NewServicePost, OpenServiceCard, ServicePostChange

# A post in a list, by whichever query it was found.
Card = ServiceSearchListNewest | ServiceSearchListOpenToAll | ServiceSearchListPosts
FURTHEST_DEADLINE = timedelta(days=2 * 366)
AS_SENT = (
    "kind",
    "title",
    "description",
    "team_size",
    "deadline",
    "compensation_type",
    "requires_resume",
    "requires_cover_letter",
    "college_only",
    "tags",
)
COLUMNS = (
    *AS_SENT,
    "price",
    "requirements",
    "filters",
    "longitude",
    "latitude",
    "location_name",
)


def columns_of(body: NewServicePost | ServicePostChange) -> dict[str, Any]:
    """Return the columns that were sent, or refuse them with all that is wrong."""
    if found := list(mistakes(body)):
        raise invalid(*found)
    columns = {name: sent for name in AS_SENT if (sent := getattr(body, name)) is not UNSET}
    if body.price is not UNSET or body.compensation_amount is not UNSET:
        columns["price"] = next((money(each) for each in amounts(body)), None)
    if body.requirements is not UNSET:
        columns["requirements"] = [msgspec.structs.asdict(each) for each in body.requirements]
    if body.filters is not UNSET:
        columns["filters"] = [kept_filter(each) for each in body.filters]
    if body.location is not UNSET:
        place = body.location
        columns["longitude"] = place and place.longitude
        columns["latitude"] = place and place.latitude
        columns["location_name"] = (place and place.name) or ""
    return columns


def mistakes(body: NewServicePost | ServicePostChange) -> Iterator[FieldError]:
    if body.deadline is not UNSET and body.deadline is not None:
        now = datetime.now(UTC)
        if not now < body.deadline <= now + FURTHEST_DEADLINE:
            yield FieldError("deadline", "The deadline must lie ahead, within two years.")
    if len(set(amounts(body))) > 1:
        yield FieldError(
            "compensation_amount", "It is another name of the price; send one, or the same twice."
        )
    if body.filters is not UNSET:
        yield from mistakes_in_filters(body.filters)
    if body.requirements is not UNSET:
        yield from mistakes_in_requirements(body.requirements)


def amounts(body: NewServicePost | ServicePostChange) -> list[float]:
    """Return the price, by whichever of its two names it was sent."""
    return [each for each in (body.price, body.compensation_amount) if isinstance(each, float)]


def money(amount: float) -> Decimal:
    """Return an amount as it was written: a float of 0.1 is a little more in PostgreSQL."""
    return Decimal(str(amount))


def in_utc(field: str, moment: datetime | None) -> datetime | None:
    """Return the same moment in UTC, or refuse one that lies outside of the calendar there."""
    try:
        return moment and moment.astimezone(UTC)
    except OverflowError:
        raise invalid(FieldError(field, f"The field {field!r} is out of range.")) from None


# What somebody without an account reads, where it is there.
TO_ALL = frozenset({*OpenServiceCard.__struct_fields__, "description"})


def shown(
    row: Card | ServicesFindPost | ServicesListOwnPosts, *, to_all: bool = False
) -> dict[str, Any]:
    """Return a post as clients know it; with `to_all`, as those without an account may see it."""
    post: dict[str, Any] = dict(row)
    # What the list is ordered by is in its cursor.
    post.pop("rank", None)
    poster = row["poster"]
    post["poster_user_id"] = poster["id"] if poster else 0
    if to_all:
        return {name: each for name, each in post.items() if name in TO_ALL}
    return post


async def find_post(db: Bound, who: Rider | None, post_id: int) -> dict[str, Any]:
    found = await db.services.find_post(
        college_id=who.college_id if who else None,
        reader_id=who.user_id if who else None,
        post_id=post_id,
    )
    if found is None:
        raise Problem(NO_SUCH_POST)
    return shown(found, to_all=who is None)
