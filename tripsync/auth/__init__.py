"""Accounts: colleges, signing up and in, sessions, passwords."""

from tripsync.auth import api, api_passwords, api_registration, forgetting
from tripsync.auth.mails import RESET_PASSWORD, VERIFY_EMAIL
from tripsync.feature import Feature
from tripsync.http import hashing
from tripsync.own_data import Erase, Section

feature = Feature(
    title="Accounts",
    description="Students open an account at their college, sign in and out on their "
    "devices, and keep their password.",
    api=(api, api_registration, api_passwords),
    letters=(VERIFY_EMAIL, RESET_PASSWORD),
    timers=forgetting.timers,
    open=hashing.open_hasher,
    sections=(
        Section("sessions", "sessions.export_sessions"),
        Section("mailed_codes", "mailed_codes.export_mailed_codes"),
    ),
    erasures=(
        Erase("mailed_codes.remove_codes"),
        Erase("sessions.remove_refresh_tokens"),
        Erase("sessions.empty_sessions"),
    ),
)
