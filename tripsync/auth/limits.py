"""Rate limits of account calls.

A campus shares one address, so limits per address are wide; limits per account are narrow.
"""

from tripsync.http.rate_limits import Limit

REGISTER = Limit("register", per_address="120/minute", per_account="10/hour")
SIGN_IN = Limit("sign in", per_address="300/minute", per_account="10/minute")
REFRESH = Limit("refresh", per_address="600/minute", per_account="60/minute")
FORGOTTEN = Limit("forgotten password", per_address="60/minute", per_account="5/hour")
CHANGE_PASSWORD = Limit("change password", per_address="60/minute", per_account="10/hour")
CODE = Limit("mailed code", per_address="60/minute", per_account="10/hour")
