"""A few tests that run every query between them, for a second PostgreSQL.

    python -m tests.every_query var/reach.jsonl tests/database ... > var/every_query.txt

The first argument is what tests/mutants/reach.py noted during a whole run: a line for each test,
with the queries that it ran and how long it took. The others are tests that run anyway, as pytest
takes them. Printed are the further tests, each on a line, for `pytest @var/every_query.txt`.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tripsync.database.files import SQL
from tripsync.database.sources import read_folder

# Tests run a query with other arguments and rows, so each query is run by so many where there are.
TESTS_EACH = 3
# Only commands run these, in processes of their own, where nothing is noted; and so do these tests.
BY_COMMANDS = {
    "jobs.drop_dead_job": "tests/jobs/test_failing.py::"
    "test_the_command_shows_dead_jobs_tries_them_again_and_gives_them_up",
    "jobs.revive_dead_jobs": "tests/jobs/test_failing.py::test_one_dead_job_is_tried_again_alone",
    "moderation.change_role": "tests/moderation/test_command.py::"
    "test_a_promotion_counts_at_once_and_is_in_the_trail",
    "moderation.lock_account": "tests/moderation/test_command.py::"
    "test_a_ban_reaches_the_running_server_soon_after_its_word",
}
# What a test takes besides its own steps.
SECONDS_OF_FIXTURES = 0.2


class Reached(NamedTuple):
    """What a test did on the first PostgreSQL."""

    name: str
    queries: frozenset[str]
    seconds: float


def choose(tests: Iterable[Reached], anyway: Sequence[str] = ()) -> list[Reached]:
    """Cheap tests that, with those that run anyway, run each query as often as it has to be."""
    run_anyway, others = [], []
    for each in tests:
        (run_anyway if is_part(each.name, anyway) else others).append(each)
    lacking = Counter({name: TESTS_EACH for each in others for name in each.queries})
    lacking.subtract(name for each in run_anyway for name in each.queries if name in lacking)
    chosen = []
    while others:
        best = max(others, key=lambda each: gain(each, lacking))
        if not gain(best, lacking):
            break
        others.remove(best)
        chosen.append(best)
        lacking.subtract(best.queries)
    return chosen


def gain(test: Reached, lacking: Counter[str]) -> float:
    """How many queries that still lack a test it runs, for a second."""
    number = sum(lacking[name] > 0 for name in test.queries)
    return number / (test.seconds + SECONDS_OF_FIXTURES)


def is_part(test: str, anyway: Sequence[str]) -> bool:
    return any(test == each or test.startswith((f"{each}/", f"{each}::")) for each in anyway)


def read(file: Path) -> list[Reached]:
    lines = (json.loads(line) for line in file.read_text().splitlines())
    return [Reached(name, frozenset(queries), seconds) for name, queries, seconds in lines]


def never_run(tests: Iterable[Reached]) -> set[str]:
    run = {name for each in tests for name in each.queries}
    return {source.full_name for source in read_folder(SQL)} - run - BY_COMMANDS.keys()


def main(file: str, *anyway: str) -> None:
    tests = read(Path(file))
    if missing := never_run(tests):
        names = ", ".join(sorted(missing))
        print(
            f"no test was seen to run, so the checks alone see them there: {names}", file=sys.stderr
        )
    for name in sorted({*BY_COMMANDS.values(), *(each.name for each in choose(tests, anyway))}):
        print(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
