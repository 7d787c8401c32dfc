"""What riders hear of reviews."""

import msgspec

from tripsync.realtime.frames import Message, Pushed
from tripsync.reviews.schemas import Review


class ReviewReceived(msgspec.Struct):
    """A review of oneself can be read now."""

    review: Review


class ReviewReplied(msgspec.Struct):
    """Somebody replied to a review that one wrote."""

    review: Review


messages = (
    Message("review_received", ReviewReceived, pushed=Pushed.BY_DAY),
    Message("review_replied", ReviewReplied, pushed=Pushed.BY_DAY),
)
