"""`tripsync sql ...`: what a DBA does with the query files."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tripsync.database.catalog import Catalog, Described, read_catalog
from tripsync.database.files import SCHEMA, SQL, function_files, query_files
from tripsync.database.findings import FORMATS, PACKAGE, Finding, counted, shown, tell
from tripsync.database.function_files import Definition, load_functions, read_definitions
from tripsync.database.migrations import migrate_only
from tripsync.database.reload import ReloadError, reload_everywhere
from tripsync.database.roles import connect, connect_at_desk
from tripsync.database.sources import Source, read_folder
from tripsync.database.traps import find_traps
from tripsync.desk import diff_command, listing, plans
from tripsync.desk.callers import read_calls
from tripsync.desk.checking import check_all
from tripsync.desk.function_checks import (
    Made,
    can_be_asked,
    has_other_functions,
    make_functions,
    unused,
)
from tripsync.desk.nullability import Nullability
from tripsync.desk.relations import relations
from tripsync.desk.schema_file import check_schema, dump, write_schema
from tripsync.desk.scratch import empty_database, scratch_database, scratch_server, seeded_database
from tripsync.desk.seeding import number_of_riders
from tripsync.desk.stubs import (
    ROWS,
    STUBS,
    Told,
    is_known,
    is_readable,
    read_stubs,
    write_stubs,
)
from tripsync.desk.trying import try_query
from tripsync.desk.values import DeskError, chosen_among, find_source, read_values
from tripsync.desk.whole_reads import ENOUGH_RIDERS, check_plans, whole_reads
from tripsync.settings import Settings

WithDatabase = Callable[[Settings], AbstractContextManager[Settings]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(required=True, metavar="ACT")

    lists = acts.add_parser("list", help="show what queries take and give, and who calls them")
    lists.add_argument("pattern", nargs="?", default="", metavar="PATTERN")
    lists.add_argument("--json", action="store_true", help="for programs")
    lists.set_defaults(act=list_queries)

    checks = acts.add_parser("check", help="find what would go wrong, before a request does")
    checks.add_argument("files", nargs="*", type=Path, metavar="FILE", help="only tell of these")
    checks.add_argument("--format", choices=FORMATS, default="text")
    checks.set_defaults(act=check)

    types = acts.add_parser("stubs", help="write the types of all queries for mypy")
    types.set_defaults(act=write_types)

    reads = acts.add_parser("schema", help="write the schema that the migrations make, to read it")
    reads.set_defaults(act=write_the_schema)

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


def list_queries(settings: Settings, chosen: argparse.Namespace, _: WithDatabase) -> int:
    sources = all_sources()
    described = catalog_of(settings, sources).described
    found = [
        *listing.entries(described, read_calls(PACKAGE), chosen.pattern),
        *listing.entries_of_functions(load_functions(SQL), sources, chosen.pattern),
    ]
    if chosen.json:
        print(json.dumps(found, indent=2))
    else:
        print("\n\n".join(map(listing.for_people, found)))
    return 0 if found else 1


def check(settings: Settings, chosen: argparse.Namespace, _: WithDatabase) -> int:
    files = [*query_files(), *function_files()]
    wanted = chosen_among(files, chosen.files, "query file")
    found = find_mistakes(settings)
    if chosen.files:
        found = [each for each in found if each.path.resolve() in wanted]
    return tell(found, chosen.format, counted(len(wanted), "file"))


def find_mistakes(
    settings: Settings, is_typed: Callable[[Described, Told], bool] = is_known
) -> list[Finding]:
    """Of all files: what is wrong in one may show in another."""
    traps = [
        Finding(*trap) for file in query_files() for trap in find_traps(file, file.read_text())
    ]
    read = [read_definitions(file, file.read_text()) for file in function_files()]
    if broken := [Finding(*trap) for _, found in read for trap in found]:
        # What else is said of functions that cannot be read would not be true.
        return sorted({*traps, *broken})
    functions = load_functions(SQL)
    sources = all_sources()
    sound = [source for source in sources if not any(is_inside(trap, source) for trap in traps)]
    with database_to_ask(settings, functions) as (url, made):
        sound = [source for source in sound if can_be_asked(source, made.missing)]
        catalog = ask_postgres(url, sound)
        # Other servers and releases word the same schema otherwise.
        schema = [] if settings.database_url or made.findings else check_schema(dump(url))
        found = [*made.findings, *unused(url, functions, sources)]
    found += check_all(sources, sound, catalog, read_calls(PACKAGE), read_stubs(), is_typed)
    return sorted({*traps, *schema, *found})


@contextmanager
def database_to_ask(
    settings: Settings, functions: Sequence[Definition]
) -> Iterator[tuple[str, Made]]:
    """The configured one if it has these functions, else one that is made; and what is wrong with
    functions."""
    if settings.database_url and not has_other_functions(settings.database_url):
        yield settings.database_url, Made([], frozenset())
        return
    with scratch_server() as server, empty_database(server) as url:
        migrate_only(url)
        yield url, make_functions(url, functions)


def is_inside(finding: Finding, source: Source) -> bool:
    lines = source.text.count("\n")
    return finding.path == source.path and source.line <= finding.line <= source.line + lines


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
        changed = write_schema(dump(url))
    print(f"{shown(SCHEMA)} {'written' if changed else 'is as it should be'}")
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


def diff(_settings: Settings, chosen: argparse.Namespace, _: WithDatabase) -> int:
    return diff_command.run(chosen)


def all_sources() -> list[Source]:
    return read_folder(SQL)


def catalog_of(settings: Settings, sources: Sequence[Source]) -> Catalog:
    """What PostgreSQL says of these."""
    with migrated_database(settings) as url:
        return ask_postgres(url, sources)


def ask_postgres(url: str, sources: Sequence[Source]) -> Catalog:
    async def read() -> Catalog:
        connection = await connect(url)
        try:
            with connect_at_desk(url) as beside:
                return await read_catalog(connection, sources, Nullability(beside))
        finally:
            await connection.close()

    return asyncio.run(read())


@contextmanager
def migrated_database(settings: Settings) -> Iterator[str]:
    """The configured one, if it has the functions of the files; else one that is made."""
    if settings.database_url and not has_other_functions(settings.database_url):
        yield settings.database_url
        return
    with scratch_server() as server, scratch_database(server) as url:
        yield url
