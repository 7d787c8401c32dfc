"""Refusals of the safety endpoints."""

from tripsync.http.problems import Refusal

NO_RIDE = Refusal(
    404, "no_ride", "No ride", "You share no ride now; a link shows a ride that one shares."
)
NO_SHARE = Refusal(404, "no_share", "No such link", "You have no link of this id that still opens.")
NOBODY_FOLLOWS = Refusal(
    404,
    "nobody_follows",
    "Nobody follows",
    "No link of yours shows a ride under way; nothing was kept.",
)
NOT_ON_THE_WAY = Refusal(
    409,
    "not_on_the_way",
    "Not on the way",
    "Positions are told while a shared ride is under way; yours has not started, or is over.",
)
LINK_OVER = Refusal(
    404,
    "link_over",
    "Link over",
    "This link shows nothing, or nothing any more: it was ended, or the ride is over.",
)
NO_ALARM = Refusal(404, "no_alarm", "No such alarm", "There is no alarm of this id.")
TOO_MANY_SHARES = Refusal(
    409,
    "too_many_shares",
    "Too many links",
    "You have given out ten links that still open; end one first.",
)
ALARM_RESOLVED = Refusal(
    409, "alarm_resolved", "Resolved already", "Another moderator has resolved this alarm."
)
