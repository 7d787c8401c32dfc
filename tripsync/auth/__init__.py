"""Accounts: colleges, signing up and in, sessions, passwords."""

from tripsync.auth import colleges, forgetting, passwords, registration, sessions
from tripsync.auth.mails import RESET_PASSWORD, VERIFY_EMAIL

blueprints = (
    colleges.blueprint,
    registration.blueprint,
    sessions.blueprint,
    passwords.blueprint,
)

letters = (VERIFY_EMAIL, RESET_PASSWORD)

timers = forgetting.timers
