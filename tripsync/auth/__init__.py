"""Accounts: colleges, signing up and in, sessions, passwords."""

from tripsync.auth import colleges, passwords, registration, sessions

blueprints = (
    colleges.blueprint,
    registration.blueprint,
    sessions.blueprint,
    passwords.blueprint,
)
