"""Reviews are written, changed while nobody has read them, read, and replied to once."""

from msgspec import UNSET
from sanic import Blueprint, HTTPResponse, Request

from tripsync.database import Bound, Transaction
from tripsync.database.rows import ReviewsFindReview, ReviewsListMutual, ReviewsListWritten
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import FieldError, Problem
from tripsync.http.tokens import Rider
from tripsync.realtime.events import append, append_many
from tripsync.reviews.events import ReviewReceived, ReviewReplied
from tripsync.reviews.problems import (
    ALREADY_REPLIED,
    ALREADY_REVIEWED,
    NO_SUCH_COMPANION,
    NO_SUCH_PARTNER,
    NO_SUCH_POOL,
    NO_SUCH_REVIEW,
    NO_SUCH_RIDER,
    NO_SUCH_WORK,
    NOT_ABOUT_YOU,
    NOT_YOUR_REVIEW,
    OWN_REVIEW,
    REVIEW_FINAL,
    RIDE_NOT_OVER,
    WORK_NOT_OVER,
)
from tripsync.reviews.schemas import (
    NewReview,
    NewReviewReply,
    OwnReview,
    OwnReviewPage,
    Review,
    ReviewChange,
    ReviewPage,
)

blueprint = Blueprint("reviews")


@blueprint.post("/api/pool/pools/<pool_id:id>/reviews")
@endpoint(
    body=NewReview,
    answer=OwnReview,
    status=201,
    refuses=(NO_SUCH_POOL, NO_SUCH_COMPANION, RIDE_NOT_OVER, ALREADY_REVIEWED, OWN_REVIEW),
    idempotent=True,
)
async def write_review(request: Request, body: NewReview, pool_id: int) -> object:
    """Review a fellow rider of a ride that is over, once.

    Others may read it when both have reviewed each other, at the latest after seven days. Until
    then nobody learns of it, the reviewed neither. A block does not keep anybody from saying how
    the ride was; it keeps the two from reading each other."""
    return await review(request, body, pool_id=pool_id)


@blueprint.post("/api/services/<post_id:id>/reviews")
@endpoint(
    body=NewReview,
    answer=OwnReview,
    status=201,
    refuses=(NO_SUCH_WORK, NO_SUCH_PARTNER, WORK_NOT_OVER, ALREADY_REVIEWED, OWN_REVIEW),
    idempotent=True,
    unnamed=True,
)
async def review_service(request: Request, body: NewReview, post_id: int) -> object:
    """Review the other side of work that is done: who wrote the post, or who was accepted, once.

    It is as blind as that of a ride. Of an anonymous post, only those whom its writer told who they
    are can review and be reviewed: a review shows who wrote it."""
    return await review(request, body, post_id=post_id)


async def review(
    request: Request,
    body: NewReview,
    *,
    pool_id: int | None = None,
    post_id: int | None = None,
) -> HTTPResponse:
    """Write a review of a ride or of work, and let both sides read where both have written."""
    who = rider(request)
    if body.user_id == who.user_id:
        raise Problem(OWN_REVIEW, errors=[FieldError("user_id", OWN_REVIEW.detail)])
    occasion = {"college_id": who.college_id, "pool_id": pool_id, "post_id": post_id}

    async def write(db: Transaction) -> ReviewsListWritten:
        if pool_id is not None:
            await hold_ride(db, who, body.user_id, pool_id)
        if post_id is not None:
            await hold_work(db, who, body.user_id, post_id)
        review_id = await db.reviews.write_review(
            **occasion,
            author_id=who.user_id,
            subject_id=body.user_id,
            rating=body.rating,
            comment=body.comment.strip(),
        )
        if review_id is None:
            raise Problem(ALREADY_REVIEWED)
        mutual = await db.reviews.list_mutual(**occasion, one_id=who.user_id, other_id=body.user_id)
        await append_many(
            db,
            [(each["subject_id"], ReviewReceived(as_others_read_it(each))) for each in mutual],
        )
        return await find_own(db, who, review_id)

    return await create_once(request, write)


async def hold_ride(db: Transaction, who: Rider, fellow_id: int, pool_id: int) -> None:
    """Nobody else reviews in this pool until the transaction ends."""
    ride = await db.reviews.lock_ride(
        college_id=who.college_id, user_id=who.user_id, fellow_id=fellow_id, pool_id=pool_id
    )
    if ride is None:
        raise Problem(NO_SUCH_POOL)
    if not ride["with_fellow"]:
        raise Problem(NO_SUCH_COMPANION)
    if ride["status"] != "completed":
        raise Problem(RIDE_NOT_OVER)


async def hold_work(db: Transaction, who: Rider, fellow_id: int, post_id: int) -> None:
    """Nobody else reviews this work until the transaction ends."""
    work = await db.reviews.lock_work(
        college_id=who.college_id, user_id=who.user_id, fellow_id=fellow_id, post_id=post_id
    )
    if work is None:
        raise Problem(NO_SUCH_WORK)
    if not work["with_fellow"]:
        raise Problem(NO_SUCH_PARTNER)
    if work["status"] != "completed":
        raise Problem(WORK_NOT_OVER)


def as_others_read_it(row: ReviewsListMutual | ReviewsFindReview) -> Review:
    return Review(
        id=row["id"],
        author=row["author"],
        rating=row["rating"],
        comment=row["comment"],
        created_at=row["created_at"],
        edited_at=row["edited_at"],
        reply=row["reply"],
    )


@blueprint.put("/api/reviews/<review_id:id>")
@endpoint(
    body=ReviewChange,
    answer=OwnReview,
    refuses=(NO_SUCH_REVIEW, NOT_YOUR_REVIEW, REVIEW_FINAL),
)
async def change_review(request: Request, body: ReviewChange, review_id: int) -> object:
    """Change a review of one's own, within 48 hours and before others may read it.

    So nobody who has read the other's review changes their own by it."""
    who = rider(request)

    async def change(db: Transaction) -> ReviewsListWritten:
        review = await db.reviews.lock_review(
            college_id=who.college_id, viewer_id=who.user_id, review_id=review_id
        )
        if review is None:
            raise Problem(NO_SUCH_REVIEW)
        if review["author_id"] != who.user_id:
            raise Problem(NOT_YOUR_REVIEW)
        if not review["editable"]:
            raise Problem(REVIEW_FINAL)
        await db.reviews.edit_review(
            college_id=who.college_id,
            author_id=who.user_id,
            review_id=review_id,
            rating=None if body.rating is UNSET else body.rating,
            comment=None if body.comment is UNSET else body.comment.strip(),
        )
        return await find_own(db, who, review_id)

    return await run_in_transaction(request, change)


async def find_own(db: Bound, who: Rider, review_id: int) -> ReviewsListWritten:
    [review] = await db.reviews.list_written(
        college_id=who.college_id,
        author_id=who.user_id,
        review_id=review_id,
        before=None,
        skip=0,
        size=1,
    )
    return review


@blueprint.get("/api/users/<user_id:id>/reviews")
@endpoint(query=Page, answer=ReviewPage, refuses=(NO_SUCH_RIDER,))
async def list_received_reviews(request: Request, user_id: int, query: Page) -> object:
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
    return {"items": reviews, "next_cursor": following}


@blueprint.get("/api/reviews/mine")
@endpoint(query=Page, answer=OwnReviewPage)
async def list_written_reviews(request: Request, query: Page) -> object:
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
    return {"items": reviews, "next_cursor": following}


@blueprint.post("/api/reviews/<review_id:id>/reply")
@endpoint(
    body=NewReviewReply,
    answer=Review,
    status=201,
    refuses=(NO_SUCH_REVIEW, NOT_ABOUT_YOU, ALREADY_REPLIED),
    idempotent=True,
)
async def reply_to_review(request: Request, body: NewReviewReply, review_id: int) -> HTTPResponse:
    """Reply to a review of oneself, once; everybody who reads it reads the reply."""
    who = rider(request)

    async def write(db: Transaction) -> ReviewsFindReview:
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
        await append(db, held["author_id"], ReviewReplied(as_others_read_it(review)))
        return review

    return await create_once(request, write)
