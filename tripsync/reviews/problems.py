"""Refusals of the review endpoints."""

from tripsync.http.problems import Refusal

NOT_YOUR_REVIEW = Refusal(
    403, "not_your_review", "Not your review", "Only its author changes a review."
)
NOT_ABOUT_YOU = Refusal(
    403, "not_about_you", "Not about you", "Only the one it is about replies to a review."
)
NO_SUCH_POOL = Refusal(404, "no_such_pool", "No such pool", "You do not ride in such a pool.")
NO_SUCH_COMPANION = Refusal(
    404,
    "no_such_companion",
    "No such companion",
    "Nobody with this id rode with you to the end.",
)
NO_SUCH_REVIEW = Refusal(
    404, "no_such_review", "No such review", "There is no review with this id for you to see."
)
NO_SUCH_RIDER = Refusal(
    404, "no_such_rider", "No such rider", "There is nobody with this id at your college."
)
NO_SUCH_WORK = Refusal(
    404, "no_such_work", "No such work", "You neither wrote such a post nor were accepted for it."
)
NO_SUCH_PARTNER = Refusal(
    404,
    "no_such_partner",
    "No such partner",
    "Nobody with this id worked on it with you, as far as the post lets you two know.",
)
WORK_NOT_OVER = Refusal(
    409,
    "work_not_over",
    "Work not over",
    "Work is reviewed when it is done; whoever wrote the post completes it first.",
)
RIDE_NOT_OVER = Refusal(
    409,
    "ride_not_over",
    "Ride not over",
    "A ride is reviewed when it is over; complete it first.",
)
ALREADY_REVIEWED = Refusal(
    409,
    "already_reviewed",
    "Already reviewed",
    "You have reviewed this rider for this ride, or this work.",
)
REVIEW_FINAL = Refusal(
    409,
    "review_final",
    "Review final",
    "A review can be changed for 48 hours, and only until others may read it.",
)
ALREADY_REPLIED = Refusal(
    409, "already_replied", "Already replied", "You have replied to this review; one reply is all."
)
OWN_REVIEW = Refusal(422, "own_review", "Reviewing oneself", "You cannot review yourself.")
