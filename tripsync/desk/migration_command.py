"""`tripsync migrate --check` and `--release`: what a DBA does with the migration files."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tripsync.database.files import MIGRATIONS
from tripsync.database.findings import FORMATS, counted, tell
from tripsync.desk.migrations import check_migrations
from tripsync.desk.released import LIST, release
from tripsync.desk.scratch import empty_database, scratch_server
from tripsync.desk.step_files import check_gaps
from tripsync.desk.steps import migration_files, read_steps
from tripsync.desk.values import chosen_among


def add_arguments(parser: argparse.ArgumentParser, act: argparse._ActionsContainer) -> None:
    act.add_argument(
        "--check",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="find what would stop a service or cannot be undone, in all files or tell of these",
    )
    act.add_argument(
        "--release",
        action="store_true",
        help=f"check, then put the new files on the list of those that nobody edits ({LIST})",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="of what --check finds")


def check(chosen: argparse.Namespace) -> int:
    wanted = chosen_among(migration_files(MIGRATIONS), chosen.check, "migration")
    found = check_migrations(MIGRATIONS, database_of_its_own)
    if chosen.check:
        found = [each for each in found if each.path.resolve() in wanted]
    return tell(found, chosen.format, counted(len(wanted), "file"))


def release_all(chosen: argparse.Namespace) -> int:
    files = migration_files(MIGRATIONS)
    found = check_migrations(MIGRATIONS, database_of_its_own)
    if found := [*found, *check_gaps(read_steps(MIGRATIONS))]:
        return tell(found, chosen.format, counted(len(files), "file"))
    fresh = release(MIGRATIONS, files)
    print("\n".join(f"released {name}" for name in fresh) or "nothing to do: all are released")
    return 0


@contextmanager
def database_of_its_own() -> Iterator[str]:
    """Never the configured one: what is rehearsed is not to be found there afterwards."""
    with scratch_server() as server, empty_database(server) as url:
        yield url
