"""TripSync in Python: calls of the API, and a rider's events as they happen."""

from tripsync_client.session import RefusedError, Session, SignedOutError, Tokens, expect
from tripsync_client.socket import ClosedError, Socket, seq_of

__all__ = [
    "ClosedError",
    "RefusedError",
    "Session",
    "SignedOutError",
    "Socket",
    "Tokens",
    "expect",
    "seq_of",
]
