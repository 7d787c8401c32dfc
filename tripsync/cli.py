"""The `tripsync` command.

Servers are started by it, and each worker loads it anew. So the desk (tripsync/desk) is imported
inside the functions that need it, and by nothing else. The application is, too: it takes most of
what there is to load, and only what serves needs it.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tripsync import __version__
from tripsync.database import Database, QueryFileError
from tripsync.database.data_folder import DataFolderError, expect_room
from tripsync.database.embedded import EmbeddedServerError, embedded_server
from tripsync.database.files import SQL
from tripsync.database.migrations import (
    MigrationError,
    State,
    bring_up_to_date,
    migrate,
    roll_back,
    status,
)
from tripsync.database.roles import NotLetInError
from tripsync.database.row_security import all_colleges
from tripsync.database.upgrade import upgrade
from tripsync.env_file import example, read_env_file
from tripsync.logs import configure_logs
from tripsync.resources import Resources, StartError, open_database
from tripsync.settings import (
    Settings,
    SettingsError,
    variables,
    warnings,
    with_development_secret,
)

if TYPE_CHECKING:
    from sanic import Sanic

log = logging.getLogger("tripsync")


class CommandError(Exception):
    """What was asked cannot be done; the message says what to do."""


# What a user can mend; everything else is a bug and may show its traceback.
EXPLAINED = (
    StartError,
    QueryFileError,
    DataFolderError,
    EmbeddedServerError,
    MigrationError,
    NotLetInError,
    CommandError,
)
# Variables that `serve` also takes as options.
OPTIONS = ("HOST", "PORT", "WORKERS")
MISCONFIGURED = 78  # EX_CONFIG


def main(arguments: Sequence[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    chosen = parser(*words[:1]).parse_args(words)
    for each in (signal.SIGINT, signal.SIGTERM):
        # Until a server takes them over: leave by the way on which everything is put away.
        signal.signal(each, lambda number, _: sys.exit(128 + number))
    wishes = {name: value for name in OPTIONS if (value := getattr(chosen, name, None))}
    try:
        kept = read_env_file(Path(".env"))
        settings = Settings.from_environment({**kept, **os.environ, **wishes})
    except SettingsError as reasons:
        for problem in reasons.problems:
            print(f"tripsync: {problem}", file=sys.stderr)
        return MISCONFIGURED
    configure_logs(production=not settings.in_development)
    try:
        code: int = chosen.command(settings, chosen)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has enough, as `head` has. What is left must not be written at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except EXPLAINED as reason:
        print(f"tripsync: {reason}", file=sys.stderr)
        return MISCONFIGURED
    return code


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """All commands; what belongs to one of them is only known when that one is chosen."""
    top = argparse.ArgumentParser(prog="tripsync", description="Campus ride-pooling backend.")
    top.add_argument("--version", action="version", version=f"tripsync {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    serving = commands.add_parser("serve", help="serve the API (and the embedded database)")
    for name in OPTIONS:
        serving.add_argument(
            f"--{name.lower()}", dest=name, metavar=name, help=f"instead of {name}"
        )
    serving.add_argument("--reload", action="store_true", help="restart on changes of .py and .sql")
    serving.set_defaults(command=serve)

    working = commands.add_parser("worker", help="do jobs and timers beside servers with JOBS=off")
    working.set_defaults(command=work)

    migrating = commands.add_parser("migrate", help="bring the database's schema up to date")
    act = migrating.add_mutually_exclusive_group()
    act.add_argument("--status", action="store_true", help="only tell what is applied")
    act.add_argument(
        "--rollback",
        nargs="?",
        type=number_of_steps,
        const=1,
        metavar="N",
        help="undo the latest migration, or the latest N",
    )
    migrating.add_argument(
        "--yes", action="store_true", help="roll back without asking, which production does"
    )
    if command == "migrate":
        from tripsync.desk import migration_command

        migration_command.add_arguments(migrating, act)
    migrating.set_defaults(command=change_schema)

    upgrading = commands.add_parser(
        "upgrade-data",
        help="carry the embedded database over to the PostgreSQL that TripSync comes with",
        description="Starts the older PostgreSQL on its data, and copies all of them into new "
        "ones. The old folder is kept beside them.",
    )
    upgrading.add_argument(
        "--from-bin",
        type=Path,
        metavar="FOLDER",
        help="where the programs of the older PostgreSQL lie, such as /usr/lib/postgresql/17/bin",
    )
    upgrading.set_defaults(command=upgrade_data)

    filling = commands.add_parser("seed", help="fill a development database with riders")
    if command == "seed":
        from tripsync.desk import seed_command

        seed_command.add_arguments(filling)
    filling.set_defaults(command=fill)

    playing = commands.add_parser(
        "sandbox", help="serve a database full of riders, with tokens that never change"
    )
    playing.set_defaults(command=serve_sandbox, reload=False)

    moderating = commands.add_parser("user", help="promote somebody, ban, lift a ban")
    if command == "user":
        from tripsync.moderation import command as user_command

        user_command.add_arguments(moderating)
    moderating.set_defaults(command=change_account)

    looking = commands.add_parser("jobs", help="show jobs; try dead ones again, or give them up")
    if command == "jobs":
        from tripsync.jobs import command as jobs_command

        jobs_command.add_arguments(looking)
    looking.set_defaults(command=look_at_jobs)

    editing = commands.add_parser("sql", help="list the queries, check them, try one")
    if command == "sql":
        from tripsync.desk import command as sql_command

        sql_command.add_arguments(editing)
    editing.set_defaults(command=work_at_desk)

    documenting = commands.add_parser(
        "documents", help="write docs/reference: the API's documents, and pages made of the code"
    )
    if command == "documents":
        from tripsync import documents

        documents.add_arguments(documenting)
    documenting.set_defaults(command=write_documents)

    showing = commands.add_parser("settings", help="print every setting, secrets masked")
    showing.add_argument(
        "--example", action="store_true", help="print the file .env.example instead"
    )
    showing.set_defaults(command=show_settings)
    return top


def number_of_steps(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of steps; write 1 or more")
    return int(text)


@contextmanager
def with_database(settings: Settings) -> Iterator[Settings]:
    """The settings with a database that runs: the configured one, or our own while inside."""
    if not settings.embeds_database:
        yield settings
        return
    with embedded_server(settings.data_dir) as url:
        yield msgspec.structs.replace(settings, database_url=url)


@contextmanager
def at_desk() -> Iterator[None]:
    """Errors of the desk as errors of the command."""
    from tripsync.desk.values import DeskError

    try:
        yield
    except DeskError as reason:
        raise CommandError(str(reason)) from None


def make_app(settings: Settings) -> "Sanic":
    from tripsync.app import create_app

    return create_app(settings)


def serve(settings: Settings, chosen: argparse.Namespace) -> int:
    from tripsync.serving import announcements
    from tripsync.serving.process import bind, run
    from tripsync.serving.supervisor import supervise

    expect_room(settings.data_dir)
    settings = with_development_secret(settings)
    embedded = settings.embeds_database
    try:
        sock = bind(settings)
    except OSError as reason:
        raise StartError(
            f"cannot listen on {settings.host}:{settings.port} ({reason.strerror}); "
            "choose another PORT, or stop whoever has it"
        ) from None
    with sock, with_database(settings) as settings:
        if embedded:
            # This database is ours alone, so its schema follows the code.
            for each in migrate(settings.database_url):
                log.info("migrated %s", each)

        def print_banner() -> None:
            host, port = sock.getsockname()[:2]
            announcements.serves(settings, f"http://{host}:{port}", embedded=embedded)

        if settings.workers == 1 and not chosen.reload:
            run(make_app, settings, sock, when_ready=print_banner)
            code = 0
        else:
            folders = [Path(__file__).parent, SQL] if chosen.reload else []
            code = supervise(make_app, settings, sock, when_ready=print_banner, reload=folders)
    if code == 0:
        announcements.has_stopped(settings, embedded=embedded)
    return code


def work(settings: Settings, _: argparse.Namespace) -> int:
    from tripsync.app import open_worker
    from tripsync.serving import announcements
    from tripsync.serving.process import asked_to_stop

    async def work_until_told_to_stop(settings: Settings) -> None:
        stop = asked_to_stop()
        resources = await open_worker(settings)
        announcements.works(settings)
        await stop.wait()
        await resources.close()

    expect_room(settings.data_dir)
    settings = with_development_secret(settings)
    embedded = settings.embeds_database
    with with_database(settings) as settings, asyncio.Runner() as runner:
        runner.run(work_until_told_to_stop(settings))
    announcements.has_stopped(settings, embedded=embedded)
    return 0


def change_schema(settings: Settings, chosen: argparse.Namespace) -> int:
    if chosen.check is not None or chosen.release:
        with at_desk():
            from tripsync.desk import migration_command

            act = migration_command.release_all if chosen.release else migration_command.check
            return act(chosen)
    with with_database(settings) as settings:
        url = settings.owner_url
        if chosen.status:
            standings = status(url)
            for each in standings:
                print(f"{each.state:<8} {each.migration}")
            return 0 if all(each.state is State.APPLIED for each in standings) else 1
        if chosen.rollback and not (chosen.yes or settings.in_development or agreed(url, chosen)):
            print("nothing was done")
            return 1
        if chosen.rollback:
            said = [f"rolled back {each}" for each in roll_back(url, chosen.rollback)]
        else:
            done = bring_up_to_date(url)
            said = [f"applied {each}" for each in done.migrations]
            made, dropped = map(len, done.functions)
            if made or dropped:
                said.append(f"sql/functions: {made} made, {dropped} dropped")
    print("\n".join(said) or "nothing to do: the schema is up to date")
    return 0


def agreed(url: str, chosen: argparse.Namespace) -> bool:
    """Whether somebody says yes to what a rollback would take away."""
    applied = [each.migration for each in status(url) if each.state is State.APPLIED]
    latest = ", ".join(reversed(applied[-chosen.rollback :])) or "nothing"
    if not sys.stdin.isatty():
        raise CommandError(
            f"this would undo {latest}, and what has been written since into what it made is lost; "
            "say --yes where nobody can be asked"
        )
    print(f"This undoes {latest}; what has been written since into what it made is lost.")
    return input("Type yes to go on: ").strip().lower() == "yes"


def upgrade_data(settings: Settings, chosen: argparse.Namespace) -> int:
    if not settings.embeds_database:
        raise DataFolderError("DATABASE_URL is set, so no data of ours are here to be upgraded")
    kept = upgrade(settings.data_dir, chosen.from_bin)
    if kept is None:
        print("nothing to do: the data are of the PostgreSQL that TripSync comes with")
    else:
        print(f"the data are carried over; the old ones are kept in {kept} until you remove them")
    return 0


def fill(settings: Settings, chosen: argparse.Namespace) -> int:
    with at_desk():
        from tripsync.desk import seed_command

        return seed_command.run(settings, chosen, with_database)


def serve_sandbox(settings: Settings, chosen: argparse.Namespace) -> int:
    with at_desk():
        from tripsync.desk import sandbox

        return sandbox.run(settings, lambda filled: serve(filled, chosen))


def change_account(settings: Settings, chosen: argparse.Namespace) -> int:
    from tripsync.moderation import command as moderation

    return ask_database(settings, lambda database: moderation.change_account(database, chosen))


def look_at_jobs(settings: Settings, chosen: argparse.Namespace) -> int:
    return ask_database(settings, lambda database: chosen.act(database, chosen))


def ask_database(settings: Settings, act: Callable[[Database], Awaitable[int]]) -> int:
    async def ask(settings: Settings) -> int:
        resources = Resources()
        resources.add(settings)
        try:
            database = await open_database(resources)
            with all_colleges():
                return await act(database)
        finally:
            await resources.close()

    with with_database(settings) as settings:
        # One connection is enough, beside the servers that need theirs.
        frugal = msgspec.structs.replace(settings, database_pool_min=1, database_pool_max=1)
        return asyncio.run(ask(frugal))


def work_at_desk(settings: Settings, chosen: argparse.Namespace) -> int:
    with at_desk():
        from tripsync.desk import command

        return command.run(settings, chosen, with_database)


def write_documents(_: Settings, chosen: argparse.Namespace) -> int:
    from tripsync import documents

    return documents.write(chosen)


def show_settings(settings: Settings, chosen: argparse.Namespace) -> int:
    if chosen.example:
        print(example(), end="")
        return 0
    for variable in variables():
        print(f"{variable.name}={variable.show(settings)}")
        print(f"    {variable.meaning}")
    for each in warnings(settings):
        print(f"warning: {each}", file=sys.stderr)
    return 0
