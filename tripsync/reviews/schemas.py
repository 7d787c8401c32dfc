"""Schemas of the review endpoints."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tripsync.http.fields import Id, Moment, NonBlankText, Person, Text
from tripsync.http.paging import ItemPage
from tripsync.http.schemas import Schema

Rating = Annotated[int, Meta(ge=1, le=5, description="stars", examples=[5])]
Comment = Annotated[Text, Meta(max_length=1000, examples=["On time, and good company."])]
Words = Annotated[NonBlankText, Meta(max_length=1000, examples=["Thank you; any time again."])]


class NewReview(Schema):
    """Whom to review, and what to say."""

    user_id: Id
    rating: Rating
    comment: Comment = ""


class ReviewChange(Schema):
    """What is to change. What is not sent stays."""

    rating: Rating | UnsetType = UNSET
    comment: Comment | UnsetType = UNSET


class NewReviewReply(Schema):
    """What the reviewed says to it."""

    text: Words


class ReviewReply(msgspec.Struct):
    """What the reviewed said to it."""

    text: Words
    created_at: Moment


class Review(msgspec.Struct):
    """A review, as others read it."""

    id: Id
    author: Person
    rating: Rating
    comment: Comment
    created_at: Moment
    edited_at: Moment | None
    reply: ReviewReply | None


class ReviewPage(ItemPage[Review]):
    """A page of the reviews of a rider."""


class OwnReview(msgspec.Struct):
    """A review, as its author sees it."""

    id: Id
    pool_id: Annotated[Id | None, Meta(description="the ride it is of")]
    post_id: Annotated[Id | None, Meta(description="or the service")]
    subject: Person
    rating: Rating
    comment: Comment
    created_at: Moment
    edited_at: Moment | None
    visible: Annotated[bool, Meta(description="whether others may read it", examples=[False])]
    editable: Annotated[bool, Meta(description="whether it can be changed now", examples=[True])]
    reply: ReviewReply | None


class OwnReviewPage(ItemPage[OwnReview]):
    """A page of the reviews that a rider wrote."""
