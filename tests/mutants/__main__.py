"""`make mutants`: does a test notice when one thing in a query, a function, or a rule, is wrong?

    make mutants                                 # all; hours
    make mutants ARGS="--sample 40"              # a few of both kinds, the same ones each time
    make mutants ARGS="sessions.end_session"     # those of one query, of one file, of one module
    make mutants ARGS="functions/people.are_blocked"
    make mutants ARGS="sessions.end_session --test tests/auth/test_sessions.py"

A mutant of a query is run against the tests that reach it, a function's against those that reach
a query which calls it, a rule's against the files that are about it; whichever fails first has
noticed it. Which tests reach which queries is noted during a whole run:

    REACH=var/reach.jsonl make test ARGS="-p tests.mutants.reach"

Mutants that no test can notice are listed in equivalent.txt: as they are printed, ` # `, and why.
"""

import argparse
import hashlib
import importlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests import bystanders
from tests.databases import fresh_database
from tests.mutants import python, sql
from tests.mutants.forks import Verdict, load_tests, place_rule, place_sql, try_all
from tests.mutants.planning import planner
from tests.mutants.sql import Mutant, is_function
from tripsync.database.embedded import embedded_server
from tripsync.database.files import PACKAGE, SQL
from tripsync.database.function_files import load_functions
from tripsync.database.migrations import migrate
from tripsync.database.sources import read_folder, words_in

REACHED = Path("var/reach.jsonl")
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
# Rules that need no database, and the tests that hold them.
RULES = {
    "auth.fields": ["tests/auth/test_rules.py", "tests/auth/test_registration.py"],
    "http.origins": ["tests/http/test_origins.py"],
    "matching.plans": ["tests/matching/test_plans.py"],
    "matching.rounds": ["tests/matching/test_rounds.py"],
    "pooling.calendar": ["tests/pooling/test_calendar.py"],
    "pooling.states": ["tests/pooling/test_states.py"],
    "profiles.polyglots": ["tests/profiles/test_images.py", "tests/profiles/test_resumes.py"],
    "routing.circuit_breaker": ["tests/routing/test_roads.py"],
    "services.conditions": [
        "tests/services/test_filters.py",
        "tests/services/test_applications.py",
    ],
    "services.posts": ["tests/services/test_lifecycle.py", "tests/services/test_posts.py"],
}
RULE = "tripsync."
UNCHANGED = "unchanged"
# Of a sample, so large a part is of rules; what else there is, of queries and functions.
SHARE_OF_RULES = 0.25
# Of the tests that reach a query the first ones are tried, as many as took so many seconds.
SECONDS_OF_TESTS = 40.0
# Whoever waits longer than this for an event of a mutant waits in vain.
PATIENCE_SECONDS = 30
# Takes most of a second to import, and no rule is in it.
OF_OTHERS = ("asyncpg", "httpx", "pgqueuer.db", "sanic", "sanic_ext", "sanic_testing", "uvloop")


class Reach(NamedTuple):
    """What one test did during a whole run."""

    test: str
    queries: frozenset[str]
    seconds: float


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("names", nargs="*", metavar="NAME", help="file, file.query or module")
    parser.add_argument("--only", default="", metavar="TEXT", help="those in whose line this is")
    parser.add_argument("--test", action="append", help="try this one, not those that reach it")
    parser.add_argument("--sample", type=int, help="so many of them, drawn by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--may-miss", type=int, default=0, metavar="N", help="so many may stay")
    parser.add_argument("--list", action="store_true", help="print them and stop")
    chosen = parser.parse_args(arguments)
    mutants = [
        each
        for each in all_mutants()
        if is_wanted(each, chosen.names) and chosen.only in name_of(each)
    ]
    if chosen.sample:
        mutants = sample(mutants, chosen.sample, chosen.seed)
    if chosen.list:
        for each in mutants:
            print(name_of(each))
        return 0
    verdicts = list(run(mutants, chosen.test or []))
    for kind, is_of_kind in (
        ("queries", is_query),
        ("functions", is_function),
        ("rules", is_rule),
    ):
        if of_kind := [each for each in verdicts if is_of_kind(each.mutant)]:
            noticed = sum(each.noticed_by is not None for each in of_kind)
            share = noticed / len(of_kind)
            print(f"of {kind}: {noticed} of {len(of_kind)} mutants were noticed ({share:.1%})")
    missed = [each.mutant for each in verdicts if each.noticed_by is None]
    for each in missed:
        print(f"not noticed: {name_of(each)}")
    return 1 if len(missed) > chosen.may_miss else 0


def name_of(mutant: Mutant) -> str:
    """As it is printed, and listed in equivalent.txt."""
    return f"{mutant.where} | {mutant.what}"


def is_rule(mutant: Mutant) -> bool:
    return mutant.where.startswith(RULE)


def is_query(mutant: Mutant) -> bool:
    return not is_rule(mutant) and not is_function(mutant)


def known_equivalents() -> dict[str, str]:
    """Those that nobody could notice, and why."""
    lines = EQUIVALENT.read_text().splitlines()
    parts = (line.rpartition(" # ") for line in lines if line and not line.startswith("#"))
    return {name: reason for name, _, reason in parts}


def all_mutants() -> Iterator[Mutant]:
    """All but those that nobody could notice."""
    known = known_equivalents()
    return (each for each in every_mutant() if name_of(each) not in known)


def every_mutant() -> Iterator[Mutant]:
    for source in read_folder(SQL):
        yield from sql.mutants_of(source)
    for definition in load_functions(SQL):
        yield from sql.mutants_of_function(definition)
    for rule in RULES:
        yield from python.mutants_of(rule_file(f"{RULE}{rule}"), f"{RULE}{rule}")


def sample(mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """Some of both kinds. A mutant's place in the draw depends on its name alone, so that an edit
    changes the sample only where it adds or takes away mutants."""

    def place(mutant: Mutant) -> bytes:
        return hashlib.sha256(f"{seed} {name_of(mutant)}".encode()).digest()

    rules = sorted(filter(is_rule, mutants), key=place)
    others = sorted((each for each in mutants if not is_rule(each)), key=place)
    of_rules = min(len(rules), max(round(size * SHARE_OF_RULES), size - len(others)))
    return others[: size - of_rules] + rules[:of_rules]


def is_wanted(mutant: Mutant, names: Sequence[str]) -> bool:
    where = mutant.where.removeprefix(RULE)
    return not names or any(
        where == name or where.startswith((f"{name}.", f"{name}/")) for name in names
    )


def run(mutants: Sequence[Mutant], tests: list[str]) -> Iterator[Verdict]:
    """Each against these tests, or else against those that reach it; told as they come."""
    reached = [] if tests else read_reach()
    # Not in a private home: as root the database's user could not enter that.
    folder = Path(tempfile.mkdtemp(prefix="tripsync-mutants-"))
    folder.chmod(0o755)
    # Read by tests.waiting as it is imported.
    os.environ["TEST_PATIENCE"] = str(PATIENCE_SECONDS)
    try:
        with embedded_server(folder / "data") as server, fresh_database(server) as template:
            migrate(template)
            bystanders.settle(template)
            with planner(template) as asked:
                mutants = [each for each in mutants if is_rule(each) or asked.is_worth_a_test(each)]
            environment = {
                "TEST_DATABASE_URL": server,
                "TEST_TEMPLATE": urlsplit(template).path.lstrip("/"),
            }
            todo = [(each, tests or tests_of(each, reached)) for each in mutants]
            for verdict in in_two_parts(todo, environment, folder):
                told = f"{name_of(verdict.mutant)}: {verdict.noticed_by}"
                if verdict.mutant.what != UNCHANGED:
                    print(f"{told} ({verdict.seconds:.1f} s)", flush=True)
                    yield verdict
                elif verdict.noticed_by:
                    sys.exit(f"a test fails without any mutant: {told}")
    finally:
        shutil.rmtree(folder)


Task = tuple[Mutant, list[str]]


def in_two_parts(
    todo: Sequence[Task], environment: dict[str, str], folder: Path
) -> Iterator[Verdict]:
    """Rules first, while none of them is imported; queries once everything is."""
    for each in OF_OTHERS:
        importlib.import_module(each)
    rules = [task for task in todo if is_rule(task[0])]
    yield from try_all(with_control(rules), place_rule, environment, folder)
    others = [task for task in todo if not is_rule(task[0])]
    load_tests([test for _, tests in others for test in tests])
    yield from try_all(with_control(others), place_sql, environment, folder)


def with_control(todo: Sequence[Task]) -> list[Task]:
    """Before all of them the tests of the first, which must pass with nothing changed."""
    return [(unchanged(mutant), tests) for mutant, tests in todo[:1]] + list(todo)


def unchanged(mutant: Mutant) -> Mutant:
    name = mutant.where.partition(".")[0]
    file = rule_file(mutant.where) if is_rule(mutant) else SQL / f"{name}.sql"
    return Mutant(mutant.where, UNCHANGED, file.read_text)


def rule_file(where: str) -> Path:
    return PACKAGE / f"{where.removeprefix(RULE).replace('.', '/')}.py"


def read_reach() -> list[Reach]:
    if not REACHED.exists():
        sys.exit(
            f'note first who reaches what: REACH={REACHED} make test ARGS="-p tests.mutants.reach"'
        )
    lines = map(json.loads, REACHED.read_text().splitlines())
    return [Reach(test, frozenset(queries), seconds) for test, queries, seconds in lines]


def tests_of(mutant: Mutant, reached: Sequence[Reach]) -> list[str]:
    """What may notice it, the likeliest first."""
    if is_rule(mutant):
        return RULES[mutant.where.removeprefix(RULE)]
    chosen: dict[str, float] = {}
    for each in likeliest_first(mutant, reached):
        if chosen and sum(chosen.values()) + each.seconds > SECONDS_OF_TESTS:
            break
        chosen[each.test] = each.seconds
    return list(chosen)


def likeliest_first(mutant: Mutant, reached: Sequence[Reach]) -> Iterator[Reach]:
    """In turn a test that asks a function itself, one that is about the same, and one that does
    little besides."""
    by_name: set[str] = set()
    if is_function(mutant):
        function = mutant.where.rpartition(".")[2]
        about = wanted = callers(function)
        by_name = tests_that_name(function)
    else:
        subject = f"{mutant.where.partition('.')[0]}."
        about = {each.full_name for each in read_folder(SQL) if each.full_name.startswith(subject)}
        wanted = {mutant.where}
    close = [each for each in reached if not wanted.isdisjoint(each.queries)]

    def of_others(reach: Reach) -> tuple[float, float]:
        return len(reach.queries - about) / len(reach.queries), reach.seconds

    about_it = sorted(close, key=of_others)
    alone = sorted(close, key=lambda each: (len(each.queries), each.seconds))
    naming = [each for each in reached if each.test.partition("::")[0] in by_name]
    naming.sort(key=lambda each: each.seconds)
    in_turn = chain.from_iterable(zip_longest(naming, about_it, alone))
    return (each for each in in_turn if each is not None)


def tests_that_name(function: str) -> set[str]:
    """The files of tests that ask a function by themselves."""
    return {
        file.as_posix()
        for file in Path("tests").rglob("test_*.py")
        if file.parent.name != EQUIVALENT.parent.name and function in words_in(file.read_text())
    }


def callers(function: str) -> set[str]:
    """The queries that call it, directly or by way of other functions."""
    names = {function}
    # Each stands behind those that it calls.
    for each in load_functions(SQL):
        if not names.isdisjoint(words_in(each.text)):
            names.add(each.name)
    return {
        each.full_name for each in read_folder(SQL) if not names.isdisjoint(words_in(each.text))
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
