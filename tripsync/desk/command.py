"""`tripsync sql ...`: what a DBA does with the query files."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tripsync.database.files import SCHEMA, function_files, query_files
from tripsync.database.findings import FORMATS, counted, shown, tell
from tripsync.database.reload import ReloadError, reload_everywhere
from tripsync.database.roles import connect_at_desk
from tripsync.desk import diff_command, list_command, plans, shell
from tripsync.desk.asking import all_sources, catalog_of
from tripsync.desk.mistakes import find_mistakes
from tripsync.desk.picture import PICTURE, write_picture
from tripsync.desk.reference import check_page
from tripsync.desk.relations import relations
from tripsync.desk.schema_file import dump, write_schema
from tripsync.desk.scratch import scratch_database, scratch_server, seeded_database
from tripsync.desk.seeding import number_of_riders
from tripsync.desk.stubs import ROWS, STUBS, is_readable, write_stubs
from tripsync.desk.trying import try_query
from tripsync.desk.values import DeskError, chosen_among, find_source, read_values
from tripsync.desk.whole_reads import ENOUGH_RIDERS, check_plans, whole_reads
from tripsync.settings import Settings

WithDatabase = Callable[[Settings], AbstractContextManager[Settings]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(required=True, metavar="ACT")

    lists = acts.add_parser("list", help="list queries, and who calls them")
    list_command.add_arguments(lists)
    lists.set_defaults(act=list_queries)

    checks = acts.add_parser("check", help="find what would go wrong, before a request does")
    checks.add_argument("files", nargs="*", type=Path, metavar="FILE", help="only look at these")
    checks.add_argument("--format", choices=FORMATS, default="text")
    checks.set_defaults(act=check)

    types = acts.add_parser("stubs", help="write the types of all queries for mypy")
    types.set_defaults(act=write_types)

    reads = acts.add_parser(
        "schema", help="write the schema that the migrations make, to read it, and draw it"
    )
    reads.set_defaults(act=write_the_schema)

    refers = acts.add_parser("reference", help="write docs/reference/queries.md")
    refers.set_defaults(act=write_the_reference)

    explains = acts.add_parser("explain", help="show how PostgreSQL runs a query")
    add_query(explains, required=False)
    explains.add_argument("--analyze", action="store_true", help="run it, and take it back")
    explains.add_argument(
        "--all", action="store_true", help="fail for whole reads of tables that grow"
    )
    explains.add_argument(
        "--seeded",
        nargs="?",
        type=number_of_riders,
        const=ENOUGH_RIDERS,
        metavar="N",
        help=f"with --all: on a throw-away database of {ENOUGH_RIDERS} riders, or N",
    )
    shapes = explains.add_mutually_exclusive_group()
    shapes.add_argument("--json", action="store_true", help="PostgreSQL's own, for plan viewers")
    shapes.add_argument("--text", action="store_true", help="the same as text")
    explains.add_argument("--format", choices=FORMATS, default="text", help="with --all")
    explains.set_defaults(act=explain)

    differs = acts.add_parser("diff", help="show what an edit changes: rows, writes and plans")
    diff_command.add_arguments(differs)
    differs.set_defaults(act=diff)

    reloads = acts.add_parser("reload", help="put edited queries live in every running server")
    reloads.set_defaults(act=reload)

    opens = acts.add_parser("shell", help="open psql on the database, as one who only reads")
    shell.add_arguments(opens)
    opens.set_defaults(act=open_shell)

    tries = acts.add_parser("try", help="run a query and take back what it changed")
    add_query(tries)
    tries.set_defaults(act=try_one)


def add_query(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "query",
        nargs=None if required else "?",
        metavar="QUERY",
        help="file.name, or a name that is there once",
    )
    parser.add_argument(
        "--set",
        dest="values",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter, as PostgreSQL writes it; NAME alone is null",
    )


def run(settings: Settings, chosen: argparse.Namespace, with_database: WithDatabase) -> int:
    code: int = chosen.act(settings, chosen, with_database)
    return code


def check(settings: Settings, chosen: argparse.Namespace, _: WithDatabase) -> int:
    files = [*query_files(), *function_files()]
    wanted = chosen_among(files, chosen.files, "query file")
    found = find_mistakes(settings, only=wanted if chosen.files else ())
    if not chosen.files:
        # Not where queries are put live: servers do not read it.
        found += check_page(list_command.reference_page())
    return tell(found, chosen.format, counted(len(wanted), "file"))


def reload(settings: Settings, _chosen: argparse.Namespace, with_database: WithDatabase) -> int:
    with with_database(settings) as running:
        # Servers read the same columns, whatever may be null from now on.
        if found := find_mistakes(running, is_readable):
            print("\n".join(map(FORMATS["text"], found)), file=sys.stderr)
            print("nothing was changed", file=sys.stderr)
            return 1
        try:
            workers = asyncio.run(
                reload_everywhere(running.database_url, owner_url=running.owner_url)
            )
        except ReloadError as reason:
            print(f"nothing was changed:\n{reason}", file=sys.stderr)
            return 1
    print(f"live in {workers} {'worker' if workers == 1 else 'workers'}")
    return 0


def write_types(settings: Settings, _chosen: argparse.Namespace, _: WithDatabase) -> int:
    catalog = catalog_of(settings, all_sources())
    if catalog.faults:
        raise DeskError("some queries cannot be typed; `tripsync sql check` says why")
    changed = write_stubs(catalog.described)
    for file in (STUBS, ROWS):
        print(f"{shown(file)} {'written' if file in changed else 'is as it should be'}")
    return 0


def write_the_schema(_settings: Settings, _: argparse.Namespace, _running: WithDatabase) -> int:
    """From a database of its own, so that everybody writes the same."""
    with scratch_server() as server, scratch_database(server) as url:
        changed = {SCHEMA: write_schema(dump(url)), PICTURE: write_picture(url)}
    for file, is_changed in changed.items():
        print(f"{shown(file)} {'written' if is_changed else 'is as it should be'}")
    return 0


def try_one(settings: Settings, chosen: argparse.Namespace, with_database: WithDatabase) -> int:
    source = find_source(all_sources(), chosen.query)
    with with_database(settings) as running:
        print(try_query(running.database_url, source, read_values(chosen.values)))
    return 0


def explain(settings: Settings, chosen: argparse.Namespace, with_database: WithDatabase) -> int:
    if chosen.all == bool(chosen.query):
        raise DeskError("name a query, or say --all")
    if chosen.seeded and not chosen.all:
        raise DeskError("--seeded goes with --all")
    if chosen.all and (chosen.json or chosen.text):
        raise DeskError("--json and --text go with a query")
    if chosen.seeded:
        with seeded_database(chosen.seeded) as url:
            return explain_all(url, chosen.format)
    with with_database(settings) as running:
        if chosen.all:
            return explain_all(running.database_url, chosen.format)
        return explain_one(running.database_url, chosen)


def explain_one(url: str, chosen: argparse.Namespace) -> int:
    source = find_source(all_sources(), chosen.query)
    values = read_values(chosen.values) if chosen.values or chosen.analyze else None
    with connect_at_desk(url) as connection:
        if chosen.text:
            print(plans.explain_as_text(connection, source, values, analyze=chosen.analyze))
            return 0
        plan = plans.explain(connection, source, values, analyze=chosen.analyze)
        if chosen.json:
            print(json.dumps([plan.said], indent=2))
            return 0
        found = whole_reads(connection, source, relations(connection))
    print(plans.tree(plan))
    for each in found:
        print(f"warning: {source.full_name} {each.how}")
    return 0


def explain_all(url: str, form: str) -> int:
    sources = all_sources()
    with connect_at_desk(url) as connection:
        found = sorted(check_plans(connection, sources))
    return tell(found, form, f"{len(sources)} queries")


def open_shell(settings: Settings, chosen: argparse.Namespace, with_database: WithDatabase) -> int:
    with with_database(settings) as running:
        return shell.run(running, chosen)


def list_queries(settings: Settings, chosen: argparse.Namespace, _: WithDatabase) -> int:
    return list_command.list_queries(settings, chosen)


def write_the_reference(_settings: Settings, _: argparse.Namespace, _run: WithDatabase) -> int:
    return list_command.write_the_reference()


def diff(_settings: Settings, chosen: argparse.Namespace, _: WithDatabase) -> int:
    return diff_command.run(chosen)
