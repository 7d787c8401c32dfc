"""Bystanders: riders who live in every database that tests use, and whom no test may touch.

A statement that has lost a condition does too much: it changes the rows of others. With one rider
and one ride in a database nobody is there to whom that could happen. So each database of a run is
seeded, triggers note what happens to the rows of those who are there, and after each test the
notes are read. A test that means to touch everybody says so (`touches_everybody`).
"""

from pathlib import Path
from typing import Any

import psycopg

from tripsync.desk.seeding import FEWEST, seed

SCRIPT = Path(__file__).with_suffix(".sql")


def settle(url: str) -> None:
    """Seed a migrated database, and watch over those who live there from now on."""
    seed(url, riders=FEWEST, number=1, bcrypt_rounds=4)
    with psycopg.connect(url) as connection:
        connection.execute(SCRIPT.read_bytes())


class Watch:
    """Who stands by in a database, and what happened to them."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def move_in(self, college_id: int) -> None:
        """Two more, who live in a college that a test has made."""
        # Over one connection, which plans these thirty statements once.
        self._connection.execute("select bystanders.move_in(%s)", [college_id])

    def look(self) -> list[str]:
        """What was noted of their rows since the last look, a line each."""
        notes = self._connection.execute(
            "delete from bystanders.notes returning table_name, act, before, after"
        )
        return [
            f"{act} {table}: {difference(before, after)}" for table, act, before, after in notes
        ]

    def close(self) -> None:
        self._connection.close()


Row = dict[str, Any]


def difference(before: Row | None, after: Row | None) -> str:
    """The whole row that came or went; of one that changed, its keys and what is other now."""
    if before is None or after is None:
        return str(before or after)
    told = {
        name: f"{before[name]!r} -> {value!r}"
        for name, value in after.items()
        if before[name] != value
    }
    keys = {name: value for name, value in before.items() if name.endswith("_id")}
    return f"{keys} {told}"
