"""Runs the tests of each mutant in a child process, two at a time.

A child is forked from a process that has already imported what it needs, so that it begins its
tests at once. It has a database of its own, copied from a template.
"""

import importlib
import importlib.util
import os
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, NoReturn

import psycopg
import pytest

from tests import databases
from tests.mutants.sql import Mutant, changed_function, is_function

AT_ONCE = 2
# Seconds for the tests of one mutant: a loop that never ends is noticed, too.
LONGEST = 300.0
POLL_SECONDS = 0.01
QUIET = ("-q", "--no-header", "--tb=no", "-W", "ignore", "-p", "no:cacheprovider")


class Verdict(NamedTuple):
    """Which test failed with a mutant; none if all passed, or there was no test."""

    mutant: Mutant
    noticed_by: str | None
    seconds: float


class Child(NamedTuple):
    mutant: Mutant
    said: Path
    began: float


def try_all(
    tasks: Sequence[tuple[Mutant, Sequence[str]]],
    place: Callable[[Mutant], None],
    environment: dict[str, str],
    folder: Path,
) -> Iterator[Verdict]:
    """A verdict on each mutant as its child ends; `place` puts the mutant into the child."""
    waiting = deque(tasks)
    children: dict[int, Child] = {}
    try:
        while waiting or children:
            while waiting and len(children) < AT_ONCE:
                mutant, tests = waiting.popleft()
                if not tests:
                    yield Verdict(mutant, None, 0)
                    continue
                room = Path(tempfile.mkdtemp(dir=folder))
                pid = begin(mutant, tests, place, environment, room)
                children[pid] = Child(mutant, room / "said", time.monotonic())
            for pid in list(children):
                # Whoever has ended cannot be killed below.
                child = children.pop(pid)
                if (verdict := look_at(pid, child)) is not None:
                    yield verdict
                else:
                    children[pid] = child
            time.sleep(POLL_SECONDS)
    finally:
        for pid in children:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def look_at(pid: int, child: Child) -> Verdict | None:
    """The verdict of a child that has ended, or has to end now."""
    seconds = time.monotonic() - child.began
    ended, status = os.waitpid(pid, os.WNOHANG)
    if not ended:
        if seconds < LONGEST:
            return None
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return Verdict(child.mutant, "a test that did not end", seconds)
    if (code := os.waitstatus_to_exitcode(status)) == pytest.ExitCode.OK:
        return Verdict(child.mutant, None, seconds)
    said = child.said.read_text(errors="replace")
    failed = [each for each in said.splitlines() if each.startswith(("FAILED", "ERROR"))]
    # A test failed, or a module with the mutant in could not be imported.
    if failed and code in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        return Verdict(child.mutant, failed[0], seconds)
    if code == pytest.ExitCode.USAGE_ERROR:
        said += "The map of what tests reach is older than the tests: write it anew (CONTRIBUTING)."
    raise RuntimeError(f"tests of {child.mutant.where} could not be run, exit {code}:\n{said}")


def begin(
    mutant: Mutant,
    tests: Sequence[str],
    place: Callable[[Mutant], None],
    environment: dict[str, str],
    room: Path,
) -> int:
    """Fork a child that runs these tests until one fails; returns its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    if pid := os.fork():
        return pid
    try:
        # A group of its own, so that what it starts can be killed with it.
        os.setsid()
        said = os.open(room / "said", os.O_WRONLY | os.O_CREAT)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.environ.update(environment, TMPDIR=str(room), COLUMNS="200")
        tempfile.tempdir = None
        place(mutant)
        end(pytest.main([*QUIET, "-n", "0", "-x", *tests]))
    except BaseException as reason:
        print(repr(reason))
        end(pytest.ExitCode.INTERNAL_ERROR)


def end(code: int) -> NoReturn:
    """Leave without the clean-up of the parent, whose connections the child has inherited."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def load_tests(tests: Sequence[str]) -> None:
    """Import the modules of these tests, so that no child has to."""
    files = {Path(test.partition("::")[0]) for test in tests}
    folders = {folder for file in files for folder in file.parents}
    for each in sorted({folder / "conftest.py" for folder in folders} | files):
        # The names under which pytest looks for them, with `--import-mode=importlib`.
        if each.exists():
            importlib.import_module(".".join(each.with_suffix("").parts))


def place_sql(mutant: Mutant) -> None:
    if is_function(mutant):
        place_function(mutant)
    else:
        place_query(mutant)


def place_function(mutant: Mutant) -> None:
    """Have the database of the tests made with the mutant in."""
    conftest, make = sys.modules["tests.conftest"], databases.fresh_database

    @contextmanager
    def with_mutant(server: str, template: str = "") -> Iterator[str]:
        with make(server, template) as url:
            if template:
                with psycopg.connect(url) as connection:
                    connection.execute(changed_function(mutant).encode())
            yield url

    conftest.fresh_database = with_mutant  # type: ignore[attr-defined]


def place_query(mutant: Mutant) -> None:
    """Have query files read with the mutant in; the files themselves stay as they are."""
    from tripsync.database import queries

    load = queries.load_file
    name = f"{mutant.where.partition('.')[0]}.sql"

    def load_with_mutant(file: Path, text: str) -> dict[str, queries.Query]:
        return load(file, mutant.text if file.name == name else text)

    queries.load_file = load_with_mutant  # type: ignore[assignment]


def place_rule(mutant: Mutant) -> None:
    """Have a module, which nobody has imported yet, imported with the mutant in."""
    assert mutant.where not in sys.modules
    file = Path(tempfile.gettempdir()) / "mutant.py"
    file.write_text(mutant.text)

    class Finder:
        @staticmethod
        def find_spec(
            name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
        ) -> ModuleSpec | None:
            if name != mutant.where:
                return None
            return importlib.util.spec_from_file_location(name, file)

    sys.meta_path.insert(0, Finder)
