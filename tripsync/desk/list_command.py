"""`tripsync sql list` and `reference`: what there is, and what reaches it."""

import argparse
import json
import shutil
import sys

from tripsync.database.files import SQL
from tripsync.database.findings import PACKAGE, shown
from tripsync.database.function_files import load_functions
from tripsync.desk import listing
from tripsync.desk.asking import all_sources, catalog_of
from tripsync.desk.callers import read_calls
from tripsync.desk.endpoints import read_reach
from tripsync.desk.reference import QUERIES, page, write_page
from tripsync.settings import Settings

MOST_COLUMNS = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "pattern",
        nargs="?",
        default="",
        metavar="PATTERN",
        help="a part of a name or of what is said of it; or of a path, with a slash, for endpoints",
    )
    parser.add_argument(
        "--long", action="store_true", help="what each takes and gives, callers and endpoints"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def list_queries(settings: Settings, chosen: argparse.Namespace) -> int:
    sources = all_sources()
    reach = read_reach(PACKAGE)
    if "/" in chosen.pattern:
        found = listing.entries_of_endpoints(sources, reach, chosen.pattern)
    else:
        described = catalog_of(settings, sources).described
        found = [
            *listing.entries(described, read_calls(PACKAGE), reach, chosen.pattern),
            *listing.entries_of_functions(load_functions(SQL), sources, chosen.pattern),
        ]
        found = listing.names_first(found, chosen.pattern)
    if chosen.json:
        print(json.dumps(found, indent=2))
    elif chosen.long:
        print("\n\n".join(map(listing.for_people, found)))
    else:
        # Into a pipe goes all of a line.
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else MOST_COLUMNS
        print("\n".join(listing.lines(found, width)))
    return 0 if found else 1


def reference_page() -> str:
    return page(all_sources(), read_reach(PACKAGE), read_calls(PACKAGE))


def write_the_reference() -> int:
    changed = write_page(reference_page())
    print(f"{shown(QUERIES)} {'written' if changed else 'is as it should be'}")
    return 0
