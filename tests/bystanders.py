"""Bystanders: riders who live in every database that tests use, and whom no test may touch.

A statement that has lost a condition does too much: it changes the rows of others. With one rider
and one ride in a database nobody is there to whom that could happen. So each database of a run is
seeded, triggers note what happens to the rows of those who are there, and after each test the
notes are read. A test that means to touch everybody says so (`touches_everybody`).

Nor does any answer show a rider what is theirs: a list or an export would, that has lost a
condition. Two of them live in the college of each test, in rides that nobody else meets.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tripsync.desk.seeding import FEWEST, seed

SCRIPT = Path(__file__).with_suffix(".sql")
# What is written in things of theirs: addresses of seeded riders, and a word that all texts of the
# two in a test's college hold.
MARKS = ("@seed.example", "bystander")
# When these two want to be left in peace: a whole text, for any moment may hold this time.
QUIET_FROM = ("21:37", "21:37:00")
DEGREES_AWAY = 8
# Ids of seeded riders and of their things are lower than all others.
FIRST_ID_OF_TESTS = 1_000_000
# By college, the ids of the two who stand by there, and of all their things.
ids_of_neighbours: dict[int, frozenset[int]] = {}


def settle(url: str) -> None:
    """Seed a migrated database, and watch over those who live there from now on."""
    # Far away from where tests ride: by day and by night no trip of theirs suits a seeded rider.
    move_colleges(url, -DEGREES_AWAY)
    seed(url, riders=FEWEST, number=1, bcrypt_rounds=4)
    move_colleges(url, DEGREES_AWAY)
    with psycopg.connect(url) as connection:
        connection.execute(SCRIPT.read_bytes())


def move_colleges(url: str, degrees_north: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "update colleges set place = place + point(0, %s)", [float(degrees_north)]
        )


class Watch:
    """Who stands by in a database, and what happened to them."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def move_in(self, college_id: int) -> None:
        """Two more, who live in a college that a test has made."""
        # Over one connection, which plans these thirty statements once.
        row = self._connection.execute("select bystanders.move_in(%s)", [college_id]).fetchone()
        assert row
        ids_of_neighbours[college_id] = frozenset(row[0])

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


def check_for_bystanders(answer: httpx.Response, college_id: int) -> None:
    """An answer to a rider of this college shows nothing of bystanders."""
    kind = answer.headers.get("content-type", "")
    if college_id not in ids_of_neighbours or "json" not in kind or not answer.content:
        return
    shown = list(things_of_others(answer.json(), "", ids_of_neighbours[college_id]))
    where = f"{answer.request.method} {answer.request.url.path}"
    assert not shown, f"{where} shows what is of bystanders: {shown} in {answer.text}"


def things_of_others(value: Any, path: str, neighbours: frozenset[int]) -> Iterator[str]:
    """Where an answer holds an id or a text of bystanders."""
    match value:
        case dict():
            for name, each in value.items():
                yield from things_of_others(each, f"{path}/{name}", neighbours)
        case list():
            for n, each in enumerate(value):
                yield from things_of_others(each, f"{path}/{n}", neighbours)
        case str() if value in QUIET_FROM or any(mark in value.lower() for mark in MARKS):
            yield f"{path} = {value!r}"
        case int() if value in neighbours:
            yield f"{path} = {value}"
        # 0 stands for nobody.
        case int() if path.endswith(("/id", "_id")) and 0 < value < FIRST_ID_OF_TESTS:
            yield f"{path} = {value}"
