"""Posts as clients know them."""

from collections.abc import Mapping
from typing import Any

from tripsync.services.schemas import OpenCard

# What somebody without an account reads, where it is there.
TO_ALL = frozenset({*OpenCard.__struct_fields__, "description"})


def shown(row: Mapping[str, Any], *, to_all: bool = False) -> dict[str, Any]:
    """A row of a query of posts; `to_all`: to somebody without an account."""
    post = dict(row)
    # What the list is ordered by is in its cursor.
    post.pop("rank", None)
    poster = post["poster"]
    post["poster_user_id"] = poster["id"] if poster else 0
    if to_all:
        return {name: each for name, each in post.items() if name in TO_ALL}
    return post
