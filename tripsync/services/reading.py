"""Reading posts: one by its id, and one's own."""

from datetime import datetime
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from tripsync.database import Bound
from tripsync.http.context import reading, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.identity import identify_if_any
from tripsync.http.paging import Page, RowId, next_cursor
from tripsync.http.problems import Problem
from tripsync.http.responses import answer, list_answer
from tripsync.http.tokens import Rider
from tripsync.services.moments import in_utc
from tripsync.services.problems import NO_SUCH_POST
from tripsync.services.schemas import OwnPost, ServicePost
from tripsync.services.shown import shown

blueprint = Blueprint("reading_services")


@blueprint.get("/api/services/<post_id:id>")
@endpoint(answer=ServicePost, refuses=(NO_SUCH_POST,), open=True)
async def show_post(request: Request, post_id: int) -> HTTPResponse:
    """Show one post, whole.

    Its status may be any; a post that was deleted, or closed by a moderator, is shown to nobody.
    Without a token: a post of any college that anybody may read, by its description and the fields
    of the list. With one: a post of one's college whose filters let one in."""
    return answer(await find_post(reading(request), identify_if_any(request), post_id))


async def find_post(db: Bound, who: Rider | None, post_id: int) -> dict[str, Any]:
    found = await db.services.find_post(
        college_id=who.college_id if who else None,
        reader_id=who.user_id if who else None,
        post_id=post_id,
    )
    if found is None:
        raise Problem(NO_SUCH_POST)
    return shown(found, to_all=who is None)


@blueprint.get("/api/profile/me/posts")
@endpoint(query=Page, answer=list[OwnPost])
async def list_own_posts(request: Request, query: Page) -> HTTPResponse:
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
    return list_answer([shown(row) for row in rows], following)
