"""docs/reference/settings.md: every environment variable."""

from collections.abc import Iterator

from tripsync.env_file import GROUPS
from tripsync.settings import variables

HEAD = """\
# Settings

Environment variables, or lines of a file `.env` in the folder where `make run`, `tripsync` or \
`docker compose` is called; what the environment says counts more. \
[.env.example](../../.env.example) has them all, to copy. All that is wrong is reported at once, \
by name, and nothing starts. `tripsync settings` prints what is in force, secrets masked; of an \
address, such as `DATABASE_URL`, it shows user and host and no password.

`tripsync documents` writes this page from `tripsync/settings.py`.
"""
TABLE = "| variable | default | meaning |\n|---|---|---|"


def list_settings() -> str:
    return "\n".join([HEAD.rstrip(), *lines()]) + "\n"


def lines() -> Iterator[str]:
    """A table for each group."""
    for each in variables():
        if each.name in GROUPS:
            yield f"\n## {GROUPS[each.name]}\n\n{TABLE}"
        default = f"`{each.default}`" if each.default else ""
        yield f"| `{each.name}` | {default} | {each.meaning} |"
