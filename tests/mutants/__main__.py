"""`make mutants`: does a test notice when one thing in a query, or in a rule, is wrong?

    make mutants                                 # all; hours
    make mutants ARGS="--sample 40"              # the same forty each time
    make mutants ARGS="sessions.end_session"     # those of one query, of one file, of one module

A mutant of a query is run against the tests that reach it, a rule's against the file that is
about it; whichever fails first has noticed it. Which tests reach which queries is noted during a
whole run:

    REACH=var/reach.json make test ARGS="-p tests.mutants.reach"

Mutants that no test can notice are listed in equivalent.txt: as they are printed, ` # `, and why.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests import bystanders
from tests.databases import fresh_database
from tests.mutants import python, sql
from tests.mutants.sql import Mutant
from tripsync.database.embedded import embedded_server
from tripsync.database.files import PACKAGE, SQL
from tripsync.database.migrations import migrate
from tripsync.database.sources import read_folder

REACHED = Path("var/reach.json")
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
# Rules that need no database, and the tests that hold them.
RULES = {
    "pooling.calendar": "tests/pooling/test_calendar.py",
    "pooling.circuit": "tests/routing/test_roads.py",
    "pooling.routes": "tests/matching/test_plans.py",
    "pooling.states": "tests/pooling/test_states.py",
    "services.states": "tests/services/test_lifecycle.py",
    "services.conditions": "tests/services/test_filters.py",
    "push.quiet_hours": "tests/notifications/test_quiet_hours.py",
    "http.origins": "tests/http/test_origins.py",
    "profiles.disguises": "tests/profiles/test_digest.py",
    "auth.passwords": "tests/auth/test_passwords.py",
}
RULE = "tripsync."
TESTS_AT_ONCE = 2
# Of the tests that reach a query, those that reach little else come first; so many seconds of them.
SECONDS_OF_TESTS = 40.0
PATIENCE = 300


class Reach(NamedTuple):
    test: str
    queries: frozenset[str]
    seconds: float


class Verdict(NamedTuple):
    mutant: Mutant
    noticed_by: str | None


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("names", nargs="*", metavar="NAME", help="file, file.query or module")
    parser.add_argument("--sample", type=int, help="so many of them, drawn by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="print them and stop")
    chosen = parser.parse_args(arguments)
    mutants = [each for each in all_mutants() if is_wanted(each, chosen.names)]
    if chosen.sample:
        mutants = random.Random(chosen.seed).sample(mutants, min(chosen.sample, len(mutants)))
    if chosen.list:
        for each in mutants:
            print(f"{each.where} | {each.what}")
        return 0
    verdicts = list(run(mutants))
    missed = [each.mutant for each in verdicts if each.noticed_by is None]
    print(f"{len(verdicts) - len(missed)} of {len(verdicts)} mutants were noticed")
    for each in missed:
        print(f"not noticed: {each.where} | {each.what}")
    return 1 if missed else 0


def all_mutants() -> Iterator[Mutant]:
    """All but those that nobody could notice."""
    known = {line.partition(" # ")[0] for line in EQUIVALENT.read_text().splitlines()}
    for source in read_folder(SQL):
        for each in sql.mutants_of(source):
            if f"{each.where} | {each.what}" not in known:
                yield each
    for rule in RULES:
        file = PACKAGE / f"{rule.replace('.', '/')}.py"
        for each in python.mutants_of(file, f"{RULE}{rule}"):
            if f"{each.where} | {each.what}" not in known:
                yield each


def is_wanted(mutant: Mutant, names: Sequence[str]) -> bool:
    where = mutant.where.removeprefix(RULE)
    return not names or any(where == name or where.startswith(f"{name}.") for name in names)


def run(mutants: Sequence[Mutant]) -> Iterator[Verdict]:
    """Each against its tests, two at a time; told as they come."""
    if not REACHED.exists():
        sys.exit(
            f'note first who reaches what: REACH={REACHED} make test ARGS="-p tests.mutants.reach"'
        )
    reached = [
        Reach(test, frozenset(queries), seconds)
        for test, (queries, seconds) in json.loads(REACHED.read_text()).items()
    ]
    # Not in a private home: as root the database's user could not enter that.
    folder = Path(tempfile.mkdtemp(prefix="tripsync-mutants-"))
    folder.chmod(0o755)
    try:
        with embedded_server(folder / "data") as server, fresh_database(server) as template:
            migrate(template)
            bystanders.settle(template)
            with ThreadPoolExecutor(TESTS_AT_ONCE) as pool:
                tried = pool.map(
                    lambda each: attempt(each, reached, server, template, folder), mutants
                )
                for verdict in tried:
                    print(f"{verdict.mutant.where} | {verdict.mutant.what}: {verdict.noticed_by}")
                    sys.stdout.flush()
                    yield verdict
    finally:
        shutil.rmtree(folder)


def attempt(
    mutant: Mutant, reached: Sequence[Reach], server: str, template: str, folder: Path
) -> Verdict:
    tests = tests_of(mutant, reached)
    if not tests:
        return Verdict(mutant, None)
    place = Path(tempfile.mkdtemp(dir=folder))
    said = place / "mutant.json"
    said.write_text(json.dumps(lay_out(mutant, place)))
    began = time.monotonic()
    try:
        command = [sys.executable, "-m", "pytest", "-p", "tests.mutants.plugin", "-n", "0", "-x"]
        options = ["-q", "--no-header", "-p", "no:cacheprovider", "--tb=no", "-W", "ignore"]
        done = subprocess.run(
            [*command, *options, *tests],
            env={
                **os.environ,
                "MUTANT": str(said),
                "TEST_DATABASE_URL": server,
                "TEST_TEMPLATE": urlsplit(template).path.lstrip("/"),
                "TMPDIR": str(place),
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict(mutant, f"a test that never ended ({PATIENCE} s)")
    if done.returncode == 0:
        return Verdict(mutant, None)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    by = failed[0] if failed else f"an exit with {done.returncode}: {done.stdout[-200:]}"
    return Verdict(mutant, f"{by} after {time.monotonic() - began:.0f} s")


def tests_of(mutant: Mutant, reached: Sequence[Reach]) -> list[str]:
    """What may notice it, the likeliest first."""
    if mutant.where.startswith(RULE):
        return [RULES[mutant.where.removeprefix(RULE)]]
    close = sorted(
        (each for each in reached if mutant.where in each.queries),
        key=lambda each: (len(each.queries), each.seconds),
    )
    chosen: list[str] = []
    seconds = 0.0
    for each in close:
        seconds += each.seconds
        if chosen and seconds > SECONDS_OF_TESTS:
            break
        chosen.append(each.test)
    return chosen


def lay_out(mutant: Mutant, place: Path) -> dict[str, str]:
    """Where the plugin finds it: a module as a file, or a folder of all queries with it in."""
    if mutant.where.startswith(RULE):
        file = place / "mutant.py"
        file.write_text(mutant.text)
        return {"module": mutant.where, "file": str(file)}
    folder = place / "sql"
    shutil.copytree(SQL, folder)
    (folder / f"{mutant.where.partition('.')[0]}.sql").write_text(mutant.text)
    return {"module": "", "file": str(folder)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
