"""Everything that is wrong with queries and functions, from all that is looked at."""

from collections.abc import Callable, Collection
from pathlib import Path

from tripsync.database.catalog import Described
from tripsync.database.files import SQL, function_files, query_files
from tripsync.database.findings import PACKAGE, Finding
from tripsync.database.function_files import load_functions, read_definitions
from tripsync.database.sources import Source
from tripsync.database.traps import find_traps
from tripsync.desk.asking import all_sources, ask_postgres, database_to_ask
from tripsync.desk.callers import read_calls
from tripsync.desk.checking import check_all
from tripsync.desk.function_checks import can_be_asked, unused
from tripsync.desk.picture import check_picture
from tripsync.desk.renamed import with_new_name
from tripsync.desk.schema_file import check_schema, dump
from tripsync.desk.stubs import Told, is_known, read_stubs
from tripsync.settings import Settings


def find_mistakes(
    settings: Settings,
    is_typed: Callable[[Described, Told], bool] = is_known,
    only: Collection[Path] = (),
) -> list[Finding]:
    """Of all files: what is wrong in one may show in another. Or of some, and sooner."""
    files = [file for file in query_files() if is_wanted(file, only)]
    traps = [Finding(*trap) for file in files for trap in find_traps(file, file.read_text())]
    read = [read_definitions(file, file.read_text()) for file in function_files()]
    if broken := [Finding(*trap) for _, found in read for trap in found]:
        # What else is said of functions that cannot be read would not be true.
        return sorted(each for each in {*traps, *broken} if is_wanted(each.path, only))
    functions = load_functions(SQL)
    sources = all_sources()
    sound = [
        source
        for source in sources
        if is_wanted(source.path, only) and not any(is_inside(trap, source) for trap in traps)
    ]
    with database_to_ask(settings, functions) as (url, made):
        sound = [source for source in sound if can_be_asked(source, made.missing)]
        catalog = ask_postgres(url, sound)
        catalog = catalog._replace(faults=[with_new_name(each) for each in catalog.faults])
        # Other servers and releases word the same schema otherwise.
        is_ours = not (only or settings.database_url or made.findings)
        schema = [*check_schema(dump(url)), *check_picture(url)] if is_ours else []
        found = [*made.findings, *unused(url, functions, sources)]
    found += check_all(sources, sound, catalog, read_calls(PACKAGE), read_stubs(), is_typed)
    return sorted(each for each in {*traps, *schema, *found} if is_wanted(each.path, only))


def is_wanted(file: Path, only: Collection[Path]) -> bool:
    return not only or file.resolve() in only


def is_inside(finding: Finding, source: Source) -> bool:
    lines = source.text.count("\n")
    return finding.path == source.path and source.line <= finding.line <= source.line + lines
