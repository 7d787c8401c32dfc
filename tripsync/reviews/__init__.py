"""Reviews: what riders say of each other when a ride is over, or work is done.

They are written blind. Others may read a review once both have reviewed each other, or seven
days after it was written, and until then nothing tells that it is there.
"""

from tripsync.feature import Feature
from tripsync.own_data import Section
from tripsync.realtime.events import events_in
from tripsync.reviews import api, events

feature = Feature(
    title="Reviews",
    description="Riders review each other after a shared ride or work that is done.",
    api=(api,),
    events=events_in(events),
    sections=(
        Section("reviews_written", "reviews.export_reviews_written"),
        Section("reviews_received", "reviews.export_reviews_received"),
    ),
)
