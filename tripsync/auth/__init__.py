"""Accounts: colleges, signing up and in, sessions, passwords."""

from tripsync.auth import api, api_passwords, api_registration, forgetting
from tripsync.auth.mails import RESET_PASSWORD, VERIFY_EMAIL
from tripsync.feature import Feature
from tripsync.http import hashing

feature = Feature(
    title="Accounts",
    api=(api, api_registration, api_passwords),
    letters=(VERIFY_EMAIL, RESET_PASSWORD),
    timers=forgetting.timers,
    open=hashing.open_hasher,
)
