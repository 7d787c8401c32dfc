"""Events of reviews."""

from tripsync.realtime.events import Event, Pushed
from tripsync.reviews.schemas import Review


class ReviewReceived(Event, pushed=Pushed.BY_DAY):
    """A review of oneself can be read now."""

    review: Review


class ReviewReplied(Event, pushed=Pushed.BY_DAY):
    """Somebody replied to a review that one wrote."""

    review: Review
