"""An upgrade carries the embedded database over to the PostgreSQL that TripSync comes with.

A new PostgreSQL does not read what an older one wrote. So the older one is started once more, on
the data that it made, and all it holds goes through a pipe into data of the new one. Nothing is
changed in the old folder, which is kept.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tripsync.database.data_folder import (
    DataFolderError,
    expect_whole,
    user_of,
    version_of,
)
from tripsync.database.embedded import (
    DATA,
    deferred_signals,
    make_data,
    our_programs,
    our_version,
    packaged,
    private_parent,
    programs_of,
    run,
    stop,
)

# Where packages of Debian and Ubuntu put the programs of each version.
ON_DEBIAN = "/usr/lib/postgresql/{version}/bin"
# It is there before anything is carried over.
OWNER = "create role postgres;"


def upgrade(data_dir: Path, programs: Path | None = None) -> Path | None:
    """Carry the data over; where the old ones are kept, or None if there was nothing to do."""
    data_dir = data_dir.expanduser().resolve()
    folder = data_dir / DATA
    old, new = version_of(folder), our_version()
    if old is None or old == new:
        return None
    if old > new:
        raise DataFolderError(f"the data in {folder} are of PostgreSQL {old}, newer than our {new}")
    if user := user_of(folder):
        raise DataFolderError(f"a server (process {user}) uses the data in {folder}; stop it first")
    old_programs = find_programs(old, programs, data_dir)
    expect_whole(folder, old_programs)
    kept = data_dir / f"{DATA}-{old}"
    if kept.exists():
        raise DataFolderError(f"{kept}, where the old data would be kept, exists; move it away")
    fresh = data_dir / f"{DATA}-carried-over"
    shutil.rmtree(fresh, ignore_errors=True)
    new_programs = our_programs(data_dir)
    with deferred_signals():
        make_data(fresh, new_programs)
        with (
            serving(folder, old, old_programs) as source,
            serving(fresh, new, new_programs) as target,
        ):
            carry_over(source, target, new_programs)
        folder.rename(kept)
        fresh.rename(folder)
    return kept


def find_programs(version: int, named: Path | None, data_dir: Path) -> Path:
    """The programs of the version that made the data."""
    found = named or Path(ON_DEBIAN.format(version=version))
    if named is None and version in packaged():
        found = programs_of(version, data_dir)
    if closed := private_parent(found):
        raise DataFolderError(
            f"as root, PostgreSQL runs as the user pgserver, who cannot enter {closed}; "
            "copy the programs to another place, and name that with --from-bin"
        )
    try:
        told = subprocess.run(
            [found / "postgres", "--version"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        raise DataFolderError(
            f"the data are of PostgreSQL {version}, whose programs are not in {found}; "
            "install that version, and name the folder of its programs with --from-bin"
        ) from None
    if not re.search(rf"\(PostgreSQL\) {version}\b", told):
        raise DataFolderError(
            f"the data are of PostgreSQL {version}, and the programs in {found} are not "
            f"({told}); name others with --from-bin"
        )
    return found


@contextmanager
def serving(folder: Path, version: int, programs: Path) -> Iterator[str]:
    """The URL of a server that runs on these data while inside."""
    server = run(folder, version, programs)
    try:
        yield server.get_uri()
    finally:
        stop(server)


def carry_over(source: str, target: str, programs: Path) -> None:
    """All roles and databases of one server into another one."""
    roles = output_of(programs, "pg_dumpall", "--globals-only", "--dbname", source)
    wanted = [line for line in roles.splitlines() if line.lower() != OWNER]
    restore(programs, target, "\n".join(wanted).encode())
    with psycopg.connect(source) as connection:
        databases = connection.execute(
            "select datname from pg_database where datallowconn and not datistemplate"
        ).fetchall()
    for (name,) in databases:
        # It makes the database anew, with its settings; so `postgres` is taken away first.
        dump = subprocess.Popen(
            [
                programs / "pg_dump",
                "--create",
                "--clean",
                "--if-exists",
                "-d",
                at(source, name),
            ],
            stdout=subprocess.PIPE,
        )
        try:
            restore(programs, target, dump.stdout)
        finally:
            assert dump.stdout
            dump.stdout.close()
        if dump.wait():
            raise DataFolderError(f"the database {name} could not be read; nothing was changed")


def restore(programs: Path, server: str, script: bytes | IO[bytes] | None) -> None:
    command: list[str | Path] = [
        programs / "psql",
        "-X",
        "-q",
        "-o",
        "/dev/null",
        "-v",
        "ON_ERROR_STOP=1",
    ]
    command += ["-d", at(server, "template1")]
    try:
        if isinstance(script, bytes):
            subprocess.run(command, check=True, input=script)
        else:
            subprocess.run(command, check=True, stdin=script)
    except subprocess.CalledProcessError:
        raise DataFolderError(
            "not all of the data could be written into the new folder; the old one is as it was"
        ) from None


def output_of(programs: Path, name: str, *arguments: str) -> str:
    done = subprocess.run([programs / name, *arguments], check=False, stdout=subprocess.PIPE)
    if done.returncode:
        raise DataFolderError(f"{name} could not read the old data; nothing was changed")
    return done.stdout.decode()


def at(server: str, database: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))
