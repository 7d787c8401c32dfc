"""A budget bounds what one client costs: a burst, so much a second after it, and no more."""

from time import monotonic


class OverspentError(Exception):
    """The client went on, though it was made to wait again and again."""


class Budget:
    """A token bucket of one connection; whoever spends it all waits until the debt is made up."""

    __slots__ = ("_at", "_burst", "_left", "_most_waits", "_per_second", "_waits")

    def __init__(self, burst: float, per_second: float, most_waits: float) -> None:
        self._burst = burst
        self._per_second = per_second
        # So many in a row, before it has been full again.
        self._most_waits = most_waits
        self._waits = 0
        self._left = burst
        self._at = monotonic()

    def spend(self, cost: float) -> float:
        """The seconds that the client has to wait now; none while something is left."""
        now = monotonic()
        left = self._left + (now - self._at) * self._per_second
        if left >= self._burst:
            left = self._burst
            self._waits = 0
        self._at = now
        self._left = left = left - cost
        if left >= 0:
            return 0.0
        self._waits += 1
        if self._waits > self._most_waits:
            raise OverspentError
        return -left / self._per_second
