"""`tripsync sql diff`: what an edit of a query changes, before it goes live."""

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from tripsync.database.embedded import EmbeddedServerError
from tripsync.database.findings import counted, shown
from tripsync.database.migrations import MigrationError
from tripsync.database.queries import QueryFileError
from tripsync.desk import plans
from tripsync.desk.differences import counted_by_kind, told
from tripsync.desk.diffing import Compared, diff, edits
from tripsync.desk.old_files import files_of
from tripsync.desk.scratch import seeded_database
from tripsync.desk.seeding import number_of_riders
from tripsync.desk.values import DeskError, read_values
from tripsync.desk.whole_reads import ENOUGH_RIDERS

SAME, DIFFERS, CANNOT = 0, 1, 2
ENOUGH_VALUES = 100
NARROWEST = 100
STATUS = """\
Exit status: 0 where nothing differs, 1 where something does, 2 where it cannot be told, because a
text is refused by PostgreSQL or there is nothing to compare with.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = STATUS
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "queries", nargs="*", metavar="QUERY", help="these; else all that were edited"
    )
    parser.add_argument(
        "--against",
        default="HEAD",
        metavar="OLD",
        help="a revision of git, or a folder with the old files; HEAD if not said",
    )
    parser.add_argument(
        "--set",
        dest="values",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter that is not to be drawn; NAME alone is null",
    )
    parser.add_argument(
        "--tries",
        type=int,
        default=ENOUGH_VALUES,
        metavar="N",
        help=f"sets of values to run each query with; {ENOUGH_VALUES} if not said",
    )
    parser.add_argument(
        "--riders",
        type=number_of_riders,
        default=ENOUGH_RIDERS,
        metavar="N",
        help=f"how many there are in the throw-away database; {ENOUGH_RIDERS} if not said",
    )


def run(chosen: argparse.Namespace) -> int:
    try:
        with files_of(chosen.against) as old:
            edited = edits(old, chosen.queries)
            if edited.functions:
                print(f"edited in sql/functions: {', '.join(edited.functions)}")
            if not edited.queries:
                print(f"no query differs from {chosen.against}")
                return SAME
            if sys.stderr.isatty():
                print(f"on {chosen.riders} seeded riders ...", file=sys.stderr)
            with seeded_database(chosen.riders) as url:
                found = diff(url, edited, chosen.tries, read_values(chosen.values))
    except (DeskError, EmbeddedServerError, MigrationError, QueryFileError) as reason:
        print(f"tripsync: {reason}", file=sys.stderr)
        return CANNOT
    print("\n\n".join("\n".join(paragraph(each, chosen.against)) for each in found))
    return verdict(found)


def verdict(found: Sequence[Compared]) -> int:
    differing = sum(1 for each in found if each.found)
    refused = sum(1 for each in found if each.refusal)
    words = [f"{differing} of {counted(len(found), 'query').replace('querys', 'queries')} differ"]
    words += [f"{refused} cannot be run"] if refused else []
    print(f"\n{', '.join(words)}")
    return CANNOT if refused else DIFFERS if differing else SAME


def paragraph(compared: Compared, against: str) -> Iterator[str]:
    """What came of one query."""
    old, new = compared.versions
    source = compared.versions.either
    yield f"{source.full_name}  {shown(source.path) if new else f'gone since {against}'}" + (
        f":{source.line}" if new else ""
    )
    if old is None or new is None:
        yield f"    is {'new: nothing to compare with' if new else 'not there any more'}"
        return
    if compared.refusal:
        yield f"    {compared.refusal}"
        return
    tried = counted(compared.tried, "set") + " of values"
    if not compared.found and not compared.led_somewhere:
        yield f"    nothing is known: with {tried} it gives no row and writes none; try --set"
    elif not compared.found:
        yield f"    nothing differs with {tried}"
    else:
        kinds = counted_by_kind(each for _, each in compared.found) or "other columns"
        yield f"    differs with {len(compared.found)} of {tried}; {kinds}"
        words = given(compared.written)
        yield f"    the smallest difference{', with ' if words else ''}{words}:"
        _, difference = compared.smallest
        yield from (f"      {line}" for line in told(difference))
    if compared.plans:
        yield from (f"    {line}" for line in side_by_side(*compared.plans))


def given(written: Mapping[str, str | None]) -> str:
    return " ".join(
        f"--set {name}" if value is None else f"--set {name}={quoted(value)}"
        for name, value in written.items()
    )


def quoted(value: str) -> str:
    """As a shell takes it."""
    plain = value.isascii() and value.replace("-", "").replace("_", "").replace(".", "").isalnum()
    return value if plain else "'" + value.replace("'", "'\\''") + "'"


def side_by_side(old: plans.Plan, new: plans.Plan) -> Iterator[str]:
    """The two plans, or one line where they are alike."""
    left, right = plans.outline(old), plans.outline(new)
    costs = f"cost {old.root['Total Cost']:.0f} -> {new.root['Total Cost']:.0f}"
    if left == right:
        yield f"plan: the same, {costs}"
        return
    yield f"plan: {costs}"
    width = max(NARROWEST, shutil.get_terminal_size((NARROWEST, 24)).columns - 4) // 2 - 3
    for before, after in zip_longest(left, right, fillvalue=""):
        yield f"  {cut(before, width).ljust(width)} | {cut(after, width)}".rstrip()


def cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"
