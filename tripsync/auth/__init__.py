"""Accounts: colleges, signing up and in, sessions, passwords."""

from tripsync.auth import api, api_passwords, api_registration, forgetting
from tripsync.auth.mails import RESET_PASSWORD, VERIFY_EMAIL

blueprints = (api_registration.blueprint, api.blueprint, api_passwords.blueprint)

letters = (VERIFY_EMAIL, RESET_PASSWORD)

timers = forgetting.timers
