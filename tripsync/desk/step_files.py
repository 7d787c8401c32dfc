"""What shows in the files of migrations alone: their names, their numbers, and their ways back."""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path

from tripsync.database.files import SQL
from tripsync.database.findings import Finding
from tripsync.database.function_files import Definition, load_functions
from tripsync.database.sources import blanked
from tripsync.desk.released import LIST, hash_of, read_released
from tripsync.desk.schema_file import MADE
from tripsync.desk.steps import ROLLBACK, Step, migration_files

NAME = re.compile(r"(\d{4})\.[a-z0-9]+(-[a-z0-9]+)*")

# From this migration on.
FUNCTIONS_ARE_FILES = "0046.functions-are-files"


def check_files(folder: Path, steps: Sequence[Step]) -> Iterator[Finding]:
    return chain(
        check_released(folder),
        check_names(folder),
        check_numbers(steps, read_released(folder)),
        check_ways_back(folder, steps),
        check_libraries(steps),
        check_functions(steps, load_functions(SQL)),
    )


def check_released(folder: Path) -> Iterator[Finding]:
    """Released files are as they were."""
    for line, (name, digest) in enumerate(read_released(folder).items(), 1):
        file = folder / name
        if not file.exists():
            yield Finding(folder / LIST, line, 1, f"{name} is released and gone; put it back")
        elif hash_of(file) != digest:
            reason = (
                "a released file was changed, which databases that have applied it would not "
                "notice; take the change back, and write the next migration"
            )
            yield Finding(file, 1, 1, reason)


def check_names(folder: Path) -> Iterator[Finding]:
    for file in migration_files(folder):
        if not NAME.fullmatch(file.stem.removesuffix(ROLLBACK)):
            yield Finding(file, 1, 1, "name it NNNN.what-it-does.sql, or NNNN.what-it-does.py")


def check_numbers(steps: Sequence[Step], released: dict[str, str]) -> Iterator[Finding]:
    """Each has its own, and new ones come last: databases apply them in this order."""
    for one, other in pairwise(steps):
        if number(one) == number(other) is not None:
            reason = f"{one.path.name} has the number {number(other):04}; take the next one"
            yield Finding(other.path, 1, 1, reason)
    taken = [number(each) or 0 for each in steps if each.path.name in released]
    last = max(taken, default=0)
    for step in steps:
        its_own = number(step)
        if step.path.name not in released and its_own is not None and its_own < last:
            reason = (
                f"databases that have the released {last:04} would apply it out of order; "
                "take the next number"
            )
            yield Finding(step.path, 1, 1, reason)


def check_gaps(steps: Sequence[Step]) -> Iterator[Finding]:
    """Asked at a release: until then, a number may be another branch's."""
    for one, other in pairwise(steps):
        before, after = number(one), number(other)
        if before is not None and after is not None and after > before + 1:
            yield Finding(other.path, 1, 1, f"there is no {before + 1:04}; close the gap")


def number(step: Step) -> int | None:
    found = NAME.fullmatch(step.name)
    return int(found[1]) if found else None


def check_ways_back(folder: Path, steps: Sequence[Step]) -> Iterator[Finding]:
    for step in steps:
        if not step.way_back.exists():
            reason = f"there is no way back; write {step.way_back.name}"
            yield Finding(step.path, 1, 1, reason)
    known = {step.way_back for step in steps}
    for file in migration_files(folder):
        if file.stem.endswith(ROLLBACK) and file not in known:
            yield Finding(file, 1, 1, "it takes back a migration that is not there; remove it")


def check_libraries(steps: Sequence[Step]) -> Iterator[Finding]:
    for step in steps:
        if step.path.suffix == ".py" and not ast.get_docstring(ast.parse(step.path.read_text())):
            reason = "say in a docstring why a library has to write this; else write it in SQL"
            yield Finding(step.path, 1, 1, reason)


def check_functions(steps: Sequence[Step], functions: Sequence[Definition]) -> Iterator[Finding]:
    """What a file of sql/functions says no migration says any more."""
    files = {each.name: each.path.name for each in functions}
    for step in steps:
        if step.path.suffix == ".sql" and step.name > FUNCTIONS_ARE_FILES:
            text = step.path.read_text()
            _, code = blanked(text)
            for made in MADE.finditer(code):
                if file := files.get(made["name"]):
                    at = made.start()
                    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
                    reason = (
                        f"{made['name']} stands in sql/functions/{file}, from which `tripsync "
                        "migrate` makes it; change it there"
                    )
                    yield Finding(step.path, line, column, reason)
