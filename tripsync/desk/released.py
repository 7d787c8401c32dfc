"""Which migrations are released: by name and hash, so that an edit of one is noticed.

A database that has applied a file would not notice: it knows the file's name only.
"""

import hashlib
from pathlib import Path

LIST = "released.sha256"


def read_released(folder: Path) -> dict[str, str]:
    """The hash of each released file, as `sha256sum` writes and checks them."""
    listing = folder / LIST
    lines = listing.read_text().splitlines() if listing.exists() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def hash_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def release(folder: Path, files: list[Path]) -> list[str]:
    """Put these on the list; the names of those that were not on it."""
    known = read_released(folder)
    fresh = {file.name: hash_of(file) for file in files if file.name not in known}
    lines = [f"{digest}  {name}\n" for name, digest in sorted({**known, **fresh}.items())]
    (folder / LIST).write_text("".join(lines))
    return sorted(fresh)
