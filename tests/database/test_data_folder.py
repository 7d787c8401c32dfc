"""Data folders that cannot be used as they are: each is told in one line, with a way out."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.processes import is_running, tripsync
from tests.waiting import until
from tripsync.database.embedded import (
    embedded_server,
    our_version,
    programs_of,
    run,
    stop,
)

OLDER = 16


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder. Not pytest's: as root, the database's user could not enter that one."""
    made = Path(tempfile.mkdtemp(prefix="tripsync-data-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def used(folder: Path) -> Path:
    """One with data of ours."""
    with embedded_server(folder):
        pass
    return folder


@pytest.fixture
def older(folder: Path) -> Path:
    """One with data of an older PostgreSQL, a role and two databases."""
    server = run(folder / "postgres", OLDER, programs_of(OLDER, folder))
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("create role keeper login")
        connection.execute("create table birds as select 'owl' as name")
        connection.execute("alter table birds owner to keeper")
        connection.execute("create database nests")
        connection.execute("alter database nests set work_mem = '5MB'")
    stop(server)
    return folder


async def refusal(data_dir: Path, *arguments: str) -> str:
    """The one line with which a command refuses."""
    with tripsync(*(arguments or ("serve",)), data_dir=data_dir) as process:
        assert await process.exit_code() == 78, process.said
        [line] = process.said.strip().splitlines()
        return line


async def test_data_of_an_older_postgresql_are_named_and_carried_over(
    older: Path,
) -> None:
    said = await refusal(older)
    assert f"of PostgreSQL {OLDER}, and TripSync comes with {our_version()}" in said
    assert "`tripsync upgrade-data`" in said
    with tripsync("upgrade-data", data_dir=older) as process:
        assert await process.exit_code() == 0, process.said
        assert str(older / f"postgres-{OLDER}") in process.said
    with embedded_server(older) as url, psycopg.connect(url) as connection:
        birds = connection.execute("select name, version() from birds").fetchone()
        owner = connection.execute(
            "select relowner::regrole::text from pg_class where relname = 'birds'"
        ).fetchone()
        assert birds
        assert birds[0] == "owl"
        assert f"PostgreSQL {our_version()}" in birds[1]
        assert owner == ("keeper",)
        with psycopg.connect(url.replace("/postgres?", "/nests?")) as other:
            assert other.execute("show work_mem").fetchone() == ("5MB",)
    assert (older / f"postgres-{OLDER}" / "PG_VERSION").read_text().strip() == str(OLDER)
    with tripsync("upgrade-data", data_dir=older) as process:
        assert await process.exit_code() == 0
        assert "nothing to do" in process.said


async def test_programs_of_another_version_are_refused_and_nothing_is_changed(
    older: Path,
) -> None:
    newer = programs_of(our_version(), older)
    assert "--from-bin" in await refusal(older, "upgrade-data", "--from-bin", str(newer))
    assert "--from-bin" in await refusal(older, "upgrade-data", "--from-bin", str(older))
    assert f"of PostgreSQL {OLDER}" in await refusal(older)


async def test_data_of_a_newer_postgresql_ask_for_a_newer_tripsync(used: Path) -> None:
    (used / "postgres" / "PG_VERSION").write_text("99\n")
    assert "of PostgreSQL 99" in (said := await refusal(used))
    assert "newer TripSync" in said


async def test_a_file_in_the_way_of_a_data_folder_is_named(folder: Path) -> None:
    way = folder / "data"
    way.write_text("")
    said = await refusal(way)
    assert f"{way} cannot be a data folder" in said
    assert "TRIPSYNC_DATA_DIR" in said


async def test_a_folder_that_takes_no_files_is_named() -> None:
    """As root, too: nobody makes files there."""
    said = await refusal(Path("/proc/self"))
    assert "nothing can be written in the data folder /proc/self" in said
    assert "TRIPSYNC_DATA_DIR" in said


@pytest.mark.parametrize("lost", ["PG_VERSION", "global/pg_control"])
async def test_data_in_which_a_file_is_missing_are_called_damaged(used: Path, lost: str) -> None:
    (used / "postgres" / lost).unlink()
    said = await refusal(used)
    assert f"damaged ({lost} is missing)" in said
    assert "backup" in said


async def test_data_with_a_truncated_control_file_are_called_damaged(
    used: Path,
) -> None:
    with (used / "postgres" / "global" / "pg_control").open("r+b") as control:
        control.truncate(100)
    assert "damaged (global/pg_control is not as it was written)" in await refusal(used)


async def test_data_that_were_half_made_when_somebody_was_killed_are_made_anew(
    folder: Path,
) -> None:
    torn = folder / "postgres-unfinished"
    torn.mkdir()
    (torn / "PG_VERSION").write_text(f"{our_version()}\n")
    with embedded_server(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert not torn.exists()


def start_by_hand(folder: Path) -> int:
    """A server on another port, as a DBA may start one; its process."""
    data = folder / "postgres"
    control = programs_of(our_version(), folder) / "pg_ctl"
    how = ["-w", "-D", data, "-l", data / "log", "-o", f"-h '' -p 6543 -k {data}", "start"]
    user = "pgserver" if os.geteuid() == 0 else None
    subprocess.run([control, *how], check=True, stdout=subprocess.DEVNULL, user=user)
    return int((data / "postmaster.pid").read_text().split()[0])


async def test_a_server_of_somebody_else_on_our_data_is_named(used: Path) -> None:
    pid = start_by_hand(used)
    try:
        said = await refusal(used)
        assert f"another PostgreSQL (process {pid})" in said
        assert "stop it first" in said
    finally:
        server = psutil.Process(pid)
        server.send_signal(signal.SIGINT)
        await until(lambda: not is_running(pid))


async def test_a_note_of_a_killed_server_whose_number_another_program_has_is_no_hindrance(
    used: Path,
) -> None:
    note = used / "postgres" / "postmaster.pid"
    note.write_text(f"{psutil.Process().pid}\n{used}/postgres\n1\n5432\n{used}\n\n  1 1\nready\n")
    with embedded_server(used) as url, psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
