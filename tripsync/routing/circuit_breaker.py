"""A circuit breaker pauses after some failures in a row; then one call probes.

Whoever makes a call says how it ended. A call that was cancelled ended in neither way
and counts for nothing.
"""

import logging
from time import monotonic

log = logging.getLogger("tripsync.pooling")

FAILURES_IN_A_ROW = 5
PAUSE_SECONDS = 30.0


class Circuit:
    """Whether something that kept failing may be asked again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._failures = 0
        self._pausing_since: float | None = None

    def admits(self) -> bool:
        """May this call be made? Of those that come after a pause, only the first may."""
        if self._pausing_since is None:
            return True
        if monotonic() - self._pausing_since < PAUSE_SECONDS:
            return False
        # The next pause begins now, not when the probe ends: however many wait, one asks, and
        # a probe that is cancelled holds nobody up for longer.
        self._pausing_since = monotonic()
        return True

    def succeeded(self) -> None:
        if self._pausing_since is not None:
            log.info("%s answers again", self._name)
        self._failures = 0
        self._pausing_since = None

    def failed(self, reason: str) -> None:
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW and self._pausing_since is None:
            self._pausing_since = monotonic()
            log.warning(
                "%s failed %d times in a row, at last with %s; it is left alone, and probed "
                "every %d seconds",
                self._name,
                self._failures,
                reason,
                PAUSE_SECONDS,
            )
