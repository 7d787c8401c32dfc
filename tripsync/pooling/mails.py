"""Letters about rides, to those who may not have their phone at hand."""

from tripsync.mail import Letter
from tripsync.mail.letters import asked

RIDE_MATCHED = Letter("ride_matched", asked("find_match"), kind="matches")
RIDE_CANCELLED = Letter("ride_cancelled", asked("find_cancellation"), kind="cancellations")
SEARCH_HIT = Letter("search_hit", asked("find_hit"), kind="searches")
