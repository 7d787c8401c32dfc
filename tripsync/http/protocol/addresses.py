"""One address has so many connections to a process, and no more."""

import logging
from collections import Counter

log = logging.getLogger("tripsync.http")


class Addresses:
    """How many connections each address has. Where proxies are trusted, theirs are not counted."""

    def __init__(self, most: int, *, proxies: int) -> None:
        self._most = most
        self._counts = proxies == 0
        self._open: Counter[str] = Counter()
        self._told: set[str] = set()

    def enter(self, address: str) -> bool:
        """Whether one more may be open; it is counted then, until it leaves."""
        if not self._counts:
            return True
        if self._open[address] >= self._most:
            self._tell(address)
            return False
        self._open[address] += 1
        return True

    def leave(self, address: str) -> None:
        if self._counts:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
                self._told.discard(address)

    def _tell(self, address: str) -> None:
        """Once, until all its connections are closed."""
        if address not in self._told:
            self._told.add(address)
            log.warning(
                "address %s has %s connections and gets no more; if a proxy is in front, set "
                "PROXIES, else CONNECTIONS_PER_ADDRESS",
                address,
                self._most,
            )
