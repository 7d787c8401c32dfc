"""Ids in a path: whole numbers that PostgreSQL can hold. Anything else names nothing: 404."""

from sanic import Sanic

LARGEST_ID = 2**63 - 1


def read_id(text: str) -> int:
    number = int(text)
    if number > LARGEST_ID:
        raise ValueError("no row has this id")
    return number


def add_path_patterns(app: Sanic) -> None:
    app.router.register_pattern("id", read_id, r"[1-9][0-9]{0,18}")
