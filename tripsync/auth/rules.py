"""Rules of accounts that need no database."""

from collections.abc import Collection


def admits(domains: Collection[str], email: str) -> bool:
    """Whether a college with these domains takes this address. No domains: any address."""
    host = email.rpartition("@")[2].lower()
    return not domains or any(host == each or host.endswith(f".{each}") for each in domains)
