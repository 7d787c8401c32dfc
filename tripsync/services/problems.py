"""Refusals of the service endpoints."""

from tripsync.http.problems import Refusal

NOT_YOUR_POST = Refusal(
    403, "not_your_post", "Not your post", "Only who wrote the post can do this."
)
OWN_POST = Refusal(403, "own_post", "Your own post", "You cannot apply to your own post.")
NOT_YOUR_APPLICATION = Refusal(
    403, "not_your_application", "Not your application", "Only who applied can do this."
)
NO_SUCH_POST = Refusal(
    404, "no_such_post", "No such post", "There is no post with this id for you to see."
)
NO_SUCH_APPLICATION = Refusal(
    404, "no_such_application", "No such application", "There is no such application."
)
NO_SUCH_SERVICE_SEARCH = Refusal(
    404, "no_such_service_search", "No such search", "You have no saved search with this id."
)
TOO_MANY_POSTS = Refusal(
    409,
    "too_many_posts",
    "Too many posts",
    "A hundred of your posts are under way; complete, close or delete one.",
)
TOO_MANY_SEARCHES = Refusal(
    409,
    "too_many_service_searches",
    "Too many searches",
    "Twenty saved searches are all one can have; delete one.",
)
POST_CLOSED = Refusal(409, "post_closed", "Post closed", "Nobody can join this post at the moment.")
POST_OVER = Refusal(409, "post_over", "Post over", "This is not possible in the state of the post.")
POST_FULL = Refusal(409, "post_full", "Post full", "All places of this post are taken.")
DEADLINE_PASSED = Refusal(
    409, "deadline_passed", "Deadline passed", "The deadline of this post has passed."
)
TEAM_TOO_SMALL = Refusal(
    409,
    "team_too_small",
    "Team too small",
    "More have been accepted already; the team cannot be smaller than they are.",
)
ALREADY_APPLIED = Refusal(
    409, "already_applied", "Already applied", "You have applied to this post."
)
APPLICATION_DECIDED = Refusal(
    409,
    "application_decided",
    "Application decided",
    "This application does not wait for an answer any more.",
)
NOT_ACCEPTED = Refusal(
    409, "not_accepted", "Not accepted", "Only somebody who was accepted can be told who you are."
)
NOT_ANONYMOUS = Refusal(
    409, "not_anonymous", "Not anonymous", "This post shows who wrote it already."
)
POST_REPORTED = Refusal(
    409,
    "post_reported",
    "Post reported",
    "You have reported this post; the moderators will look at it.",
)
OWN_POST_REPORTED = Refusal(
    422, "own_post_reported", "Reporting oneself", "You cannot report your own post."
)
REQUIREMENTS_UNMET = Refusal(
    422,
    "requirements_unmet",
    "Requirements not met",
    "The application lacks something that the post asks for.",
)
