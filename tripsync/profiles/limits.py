"""How often files may be sent: each costs a decoder some work."""

from tripsync.http.limits import Limit

UPLOAD = Limit("upload", per_address="600/hour", per_account="30/hour")
