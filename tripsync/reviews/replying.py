"""The one reply of the reviewed."""

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.http.context import rider
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.problems import Problem
from tripsync.realtime.events import append
from tripsync.reviews.problems import ALREADY_REPLIED, NO_SUCH_REVIEW, NOT_ABOUT_YOU
from tripsync.reviews.schemas import NewReply, Review

blueprint = Blueprint("replies")


@blueprint.post("/api/reviews/<review_id:id>/reply")
@endpoint(
    body=NewReply,
    answer=Review,
    status=201,
    refuses=(NO_SUCH_REVIEW, NOT_ABOUT_YOU, ALREADY_REPLIED),
    idempotent=True,
)
async def reply(request: Request, body: NewReply, review_id: int) -> HTTPResponse:
    """Reply to a review of oneself, once; everybody who reads it reads the reply."""
    who = rider(request)

    async def write(db: Transaction) -> Any:
        held = await db.reviews.lock_review(
            college_id=who.college_id, viewer_id=who.user_id, review_id=review_id
        )
        if held is None:
            raise Problem(NO_SUCH_REVIEW)
        if held["subject_id"] != who.user_id:
            raise Problem(NOT_ABOUT_YOU)
        if held["replied"]:
            raise Problem(ALREADY_REPLIED)
        await db.reviews.reply_to_review(
            college_id=who.college_id,
            subject_id=who.user_id,
            review_id=review_id,
            reply=body.text.strip(),
        )
        review = await db.reviews.find_review(college_id=who.college_id, review_id=review_id)
        await append(db, held["author_id"], "review_replied", {"review": dict(review)})
        return review

    return await create_once(request, write)
