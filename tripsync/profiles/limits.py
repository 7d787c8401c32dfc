"""How often what is dear may be asked for: a file costs a decoder some work, an export many reads,
and a deletion checks a password."""

from tripsync.http.rate_limits import Limit

UPLOAD = Limit("upload", per_address="600/hour", per_account="30/hour")
EXPORT = Limit("export", per_address="120/hour", per_account="10/hour")
DEPARTURE = Limit("delete account", per_address="60/minute", per_account="10/hour")
