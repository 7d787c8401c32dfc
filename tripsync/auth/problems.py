"""Refusals of the account endpoints."""

from tripsync.http.problems import Refusal

EMAIL_TAKEN = Refusal(400, "email_taken", "Email taken", "Email already registered")
WRONG_CREDENTIALS = Refusal(
    401, "wrong_credentials", "Wrong credentials", "Incorrect email or password"
)
BANNED = Refusal(
    403,
    "banned",
    "Account banned",
    "This account is banned. Please write to the moderators of your college.",
)
WRONG_PASSWORD = Refusal(
    403, "wrong_password", "Wrong password", "The current password is not right; nothing changed."
)
NO_SUCH_SESSION = Refusal(
    404, "no_such_session", "No such session", "You are not signed in there any more."
)
REFRESHED_MEANWHILE = Refusal(
    409,
    "refreshed_meanwhile",
    "Refreshed meanwhile",
    "Another request refreshed this session at the same moment; use the tokens it got.",
)
REFRESH_REFUSED = Refusal(
    401,
    "refresh_refused",
    "Refresh refused",
    "Could not validate credentials. Please sign in again.",
)
UNKNOWN_COLLEGE = Refusal(
    422, "unknown_college", "Unknown college", "There is no college of this name."
)
FOREIGN_ADDRESS = Refusal(
    422,
    "foreign_address",
    "Address of another domain",
    "This college takes only email addresses of its own domains.",
)
USELESS_CODE = Refusal(
    422,
    "useless_code",
    "Useless code",
    "This code was used, replaced by a newer mail, or is too old. Ask for a new one.",
)
