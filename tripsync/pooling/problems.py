"""Refusals of the ride endpoints."""

from tripsync.http.problems import Refusal

NO_ACTIVE_REQUEST = Refusal(
    404, "no_active_request", "No active request", "No active pooling request found"
)
NO_SUCH_REQUEST = Refusal(
    404, "no_such_request", "No such request", "There is no such pooling request."
)
NO_SUCH_CONNECTION = Refusal(
    404, "no_such_connection", "No such connection", "There is no such connection request."
)
NO_SUCH_POOL = Refusal(404, "no_such_pool", "No such pool", "You do not ride in such a pool.")
ALREADY_MATCHED = Refusal(
    409,
    "already_matched",
    "Already matched",
    "You share a ride at that time already. To look for another, cancel your request for it first.",
)
OVERLAPPING_REQUEST = Refusal(
    409,
    "overlapping_request",
    "Overlapping request",
    "Another ride of yours may leave at that time. Cancel it first, or choose another time.",
)
TOO_MANY_REQUESTS = Refusal(
    409,
    "too_many_rides",
    "Too many requests",
    "You have planned twenty rides already. Cancel one first.",
)
REQUEST_CLOSED = Refusal(
    409, "request_closed", "Request closed", "This request is over; there is nothing to change."
)
TOO_MANY_PENDING = Refusal(
    409,
    "too_many_pending",
    "Too many pending",
    "With this request you wait for five riders already. Withdraw one, or wait for an answer.",
)
ALREADY_ASKED = Refusal(
    409,
    "already_asked",
    "Already asked",
    "You two are connected already, or one of you waits for the other's answer.",
)
ALREADY_ANSWERED = Refusal(
    409,
    "already_answered",
    "Already answered",
    "This connection request was answered, withdrawn or can no longer come true.",
)
NO_LONGER_OPEN = Refusal(
    409,
    "no_longer_open",
    "No longer open",
    "One of the two requests is over or shares another ride by now.",
)
NO_FIT = Refusal(
    409,
    "no_fit",
    "No fit",
    "There is no way to ride together that keeps everybody's detour within bounds.",
)
POOL_FULL = Refusal(409, "pool_full", "Pool full", "There is no seat left in this ride.")
UNDER_WAY = Refusal(
    409, "under_way", "Under way", "This ride has started; it can only be completed now."
)
POOL_CLOSED = Refusal(409, "pool_closed", "Pool closed", "This ride is over.")
SAME_PLACE = Refusal(
    422,
    "same_place",
    "Same place",
    "Start and destination are the same place; nobody needs a ride.",
)
BAD_OFFER = Refusal(
    422,
    "bad_offer",
    "Bad offer",
    "A driver says how many seats are offered, and only a driver does.",
)
BAD_WINDOW = Refusal(
    422,
    "bad_window",
    "Bad window",
    "The window to depart in must lie ahead and end after it begins.",
)
NO_SUCH_RECURRING_RIDE = Refusal(
    404, "no_such_recurring_ride", "No such recurring ride", "There is no such weekly ride."
)
TOO_MANY_RECURRING = Refusal(
    409,
    "too_many_recurring_rides",
    "Too many recurring rides",
    "You keep twenty weekly rides already. Delete one first.",
)
NEVER_OCCURS = Refusal(
    422, "never_occurs", "Never occurs", "There is no date left on which this ride takes place."
)
NO_SUCH_DATE = Refusal(
    404,
    "no_such_date",
    "No such date",
    "This weekly ride does not take place on that date within the next year.",
)
DATE_DECIDED = Refusal(
    409,
    "date_decided",
    "Date decided",
    "The ride of that date is on the road already, or was skipped; change its request instead.",
)
NO_SUCH_SEARCH = Refusal(404, "no_such_search", "No such search", "There is no such saved search.")
TOO_MANY_SEARCHES = Refusal(
    409,
    "too_many_searches",
    "Too many searches",
    "You keep twenty saved searches already. Delete one first.",
)
