"""The DBA's desk: what the query files say, checked and shown without a server."""
