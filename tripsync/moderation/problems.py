"""Refusals of the moderation endpoints.

Whatever lies under /api/moderation is 404 to whoever is no moderator of the college: what
one may not see is not there.
"""

from tripsync.http.problems import Refusal

ABOVE_YOU = Refusal(
    403,
    "above_you",
    "Only for admins",
    "Only an admin can do this to a moderator or an admin.",
)
NOT_ONESELF = Refusal(
    403,
    "not_oneself",
    "Not oneself",
    "Nobody moderates their own account; ask another moderator.",
)
NO_SUCH_RIDER = Refusal(
    404, "no_such_rider", "No such rider", "There is nobody with this id at your college."
)
NO_SUCH_REPORT = Refusal(
    404, "no_such_report", "No such report", "There is no report with this id."
)
REPORTED_ALREADY = Refusal(
    409,
    "reported_already",
    "Reported already",
    "You have reported this already; the moderators will look at it.",
)
RESOLVED_ALREADY = Refusal(
    409, "resolved_already", "Resolved already", "Another moderator has resolved this report."
)
BANNED_ALREADY = Refusal(409, "banned_already", "Banned already", "This account is banned already.")
NOT_BANNED = Refusal(409, "not_banned", "Not banned", "This account is not banned.")
OWN_BLOCK = Refusal(422, "own_block", "Blocking oneself", "You cannot block yourself.")
OWN_REPORT = Refusal(422, "own_report", "Reporting oneself", "You cannot report yourself.")
