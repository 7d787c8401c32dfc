"""Which database the desk asks about queries: the configured one, or one that is thrown away."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tripsync.database.catalog import Catalog, read_catalog
from tripsync.database.files import SQL
from tripsync.database.function_files import Definition
from tripsync.database.migrations import migrate_only
from tripsync.database.roles import connect, connect_at_desk
from tripsync.database.sources import Source, read_folder
from tripsync.desk.function_checks import Made, has_other_functions, make_functions
from tripsync.desk.nullability import Nullability
from tripsync.desk.scratch import empty_database, scratch_database, scratch_server
from tripsync.settings import Settings


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
