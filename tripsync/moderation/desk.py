"""What is only for the eyes of moderators."""

from collections.abc import Sequence
from typing import Any

from tripsync.http.problems import NOT_FOUND, Problem


def on_the_desk(rows: Sequence[Any]) -> Sequence[Any]:
    """A page as the queries of sql/moderation.sql give it: one row of nulls is a moderator's
    empty page, no row is somebody who has no business here."""
    if not rows:
        raise Problem(NOT_FOUND)
    return [row for row in rows if row["id"] is not None]
