"""What riders hear of reviews."""

from tripsync.realtime.event_classes import Event
from tripsync.realtime.frames import Pushed
from tripsync.reviews.schemas import Review


class ReviewReceived(Event, pushed=Pushed.BY_DAY):
    """A review of oneself can be read now."""

    review: Review


class ReviewReplied(Event, pushed=Pushed.BY_DAY):
    """Somebody replied to a review that one wrote."""

    review: Review
