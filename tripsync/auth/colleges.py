"""The colleges one can sign up at."""

from sanic import Blueprint, HTTPResponse, Request

from tripsync.auth.schemas import Colleges
from tripsync.http.context import reading
from tripsync.http.endpoint import endpoint
from tripsync.http.paging import Page, next_cursor
from tripsync.http.responses import answer

blueprint = Blueprint("colleges")


@blueprint.get("/api/colleges")
@endpoint(query=Page, answer=Colleges, open=True)
async def list_colleges(request: Request, query: Page) -> HTTPResponse:
    """List the colleges, by name."""
    colleges = await reading(request).colleges.list_colleges(
        after=query.after(str), skip=query.skip, size=query.limit
    )
    following = next_cursor(colleges, query, lambda college: college["name"])
    return answer({"colleges": colleges, "next_cursor": following})
