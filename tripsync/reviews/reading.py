"""Reading reviews: those of a fellow, and those one wrote."""

from sanic import Blueprint, HTTPResponse, Request

from tripsync.http.context import reading, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import Problem
from tripsync.http.responses import answer
from tripsync.reviews.problems import NO_SUCH_RIDER
from tripsync.reviews.schemas import OwnReviews, ReviewList

blueprint = Blueprint("reading_reviews")


@blueprint.get("/api/users/<user_id:id>/reviews")
@endpoint(query=Page, answer=ReviewList, refuses=(NO_SUCH_RIDER,))
async def list_received(request: Request, user_id: int, query: Page) -> HTTPResponse:
    """List the reviews of a fellow of one's college, or of oneself, the latest first.

    Those written by somebody whom one blocked, or who blocked one, are left out; the figures in
    the profile count them."""
    who = rider(request)
    rows = await reading(request).reviews.list_received(
        college_id=who.college_id,
        viewer_id=who.user_id,
        user_id=user_id,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    if not rows:
        raise Problem(NO_SUCH_RIDER)
    reviews = [row for row in rows if row["id"] is not None]
    following = next_cursor(reviews, query, lambda review: review["id"])
    return answer({"reviews": reviews, "next_cursor": following})


@blueprint.get("/api/reviews/mine")
@endpoint(query=Page, answer=OwnReviews)
async def list_written(request: Request, query: Page) -> HTTPResponse:
    """List the reviews one wrote, the latest first, also those that nobody may read yet."""
    who = rider(request)
    reviews = await reading(request).reviews.list_written(
        college_id=who.college_id,
        author_id=who.user_id,
        review_id=None,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    following = next_cursor(reviews, query, lambda review: review["id"])
    return answer({"reviews": reviews, "next_cursor": following})
