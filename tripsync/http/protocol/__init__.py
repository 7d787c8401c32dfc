"""The protocol reads requests strictly, in time, and within what a connection may cost."""
