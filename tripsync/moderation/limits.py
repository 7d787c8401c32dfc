"""How often reports may be written: by one rider narrowly, from a campus's one address widely."""

from tripsync.http.rate_limits import Limit

REPORT = Limit("report", per_address="120/minute", per_account="20/hour")
