"""Refusals of the profile endpoints."""

from tripsync.http.problems import Refusal

WRONG_PASSWORD = Refusal(
    403, "wrong_password", "Wrong password", "The current password is not right; nothing changed."
)
NO_SUCH_RIDER = Refusal(
    404, "no_such_rider", "No such rider", "There is nobody with this id at your college."
)
NO_IMAGE = Refusal(404, "no_image", "No picture", "There is no picture of this rider.")
NO_RESUME = Refusal(404, "no_resume", "No résumé", "There is no résumé of this rider to see.")
USERNAME_TAKEN = Refusal(
    409,
    "username_taken",
    "Username taken",
    "Somebody at your college has this username already; choose another.",
)
RIDE_OPEN = Refusal(
    409,
    "ride_open",
    "Still on the road",
    "You have a ride under way or look for one. Leave or cancel it first, so that the others hear "
    "of it; nothing was deleted.",
)
UNUSABLE_IMAGE = Refusal(
    422,
    "unusable_image",
    "Unusable picture",
    "This is not a picture that can be shown; send a JPEG, PNG, WebP or GIF.",
)
UNUSABLE_RESUME = Refusal(
    422,
    "unusable_resume",
    "Unusable résumé",
    "This is not a PDF that can be read; send the résumé as a plain PDF.",
)
