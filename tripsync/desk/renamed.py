"""A column or table that a migration has renamed is told by its new name.

PostgreSQL itself tells a name that differs by some letters.
"""

import re
from functools import cache

from tripsync.database.files import MIGRATIONS
from tripsync.database.findings import Finding
from tripsync.database.sources import blanked

MISSING = re.compile(r'(?:column|relation) "?(?:\w+\.)?(?P<name>\w+)"? does not exist')
RENAMED = re.compile(
    r"alter\s+table\s+(?:if\s+exists\s+)?(?P<table>\w+)\s+rename\s+"
    r"(?:(?:column\s+)?(?P<old>\w+)\s+)?to\s+(?P<new>\w+)",
    re.IGNORECASE,
)


def with_new_name(finding: Finding) -> Finding:
    """The same, with what has become of a name that is not there any more."""
    missing = MISSING.search(finding.reason)
    if missing is None or "Perhaps you meant" in finding.reason:
        return finding
    said = "; ".join(what for name, what in renamed() if name == missing["name"])
    return finding._replace(reason=f"{finding.reason} ({said})") if said else finding


@cache
def renamed() -> tuple[tuple[str, str], ...]:
    """Each name that was given up, and what the migration says of it; the latest first."""
    found = []
    for file in sorted(MIGRATIONS.glob("[0-9]*.sql"), reverse=True):
        if file.name.endswith(".rollback.sql"):
            continue
        _, code = blanked(file.read_text())
        for each in RENAMED.finditer(code):
            number = file.name.partition(".")[0]
            was = each["old"] or each["table"]
            whose = f"{each['table']}.{was}" if each["old"] else was
            found.append((was, f"migration {number} renamed {whose} to {each['new']}"))
    return tuple(found)
