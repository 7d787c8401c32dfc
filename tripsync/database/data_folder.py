"""Folders of data are checked before anything is written to them.

PostgreSQL and the system would say the same in their own words, in a log or a traceback.
"""

import subprocess
import tempfile
from pathlib import Path

CONTROL_FILE = "global/pg_control"
PORT = "5432"


class DataFolderError(Exception):
    """The data folder cannot be used as it is; the message says what to do."""


def expect_room(folder: Path) -> None:
    """Refuse a folder in which we cannot write; make one that is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError):
        raise DataFolderError(
            f"{folder} cannot be a data folder, because there is a file in the way; "
            "move it, or set TRIPSYNC_DATA_DIR to another folder"
        ) from None
    except OSError as reason:
        raise DataFolderError(
            f"nothing can be written in the data folder {folder} ({reason.strerror}); "
            "change that, or set TRIPSYNC_DATA_DIR to another folder"
        ) from None


def version_of(folder: Path) -> int | None:
    """The major version of the PostgreSQL that made the data in a folder; None where there are
    none yet."""
    try:
        if not any(folder.iterdir()):
            return None
        return int((folder / "PG_VERSION").read_text())
    except FileNotFoundError:
        if not folder.exists():
            return None
        raise damaged(folder, "PG_VERSION is missing") from None
    except ValueError:
        raise damaged(folder, "PG_VERSION holds no version") from None
    except OSError as reason:
        raise DataFolderError(
            f"the data in {folder} cannot be read ({reason.strerror}); give the folder to whoever "
            "runs TripSync, or set TRIPSYNC_DATA_DIR to another one"
        ) from None


def expect_data(folder: Path, version: int, programs: Path) -> None:
    """Refuse data that a PostgreSQL of this version, with these programs, cannot serve."""
    found = version_of(folder)
    if found is None:
        return
    if found < version:
        raise DataFolderError(
            f"the data in {folder} are of PostgreSQL {found}, and TripSync comes with {version}: "
            "carry them over with `tripsync upgrade-data`"
        )
    if found > version:
        raise DataFolderError(
            f"the data in {folder} are of PostgreSQL {found}, and this TripSync comes with "
            f"{version}: run the newer TripSync that made them"
        )
    expect_whole(folder, programs)
    expect_no_stranger(folder)


def expect_whole(folder: Path, programs: Path) -> None:
    """What PostgreSQL reads first must be as it wrote it."""
    told = subprocess.run(
        [programs / "pg_controldata", "-D", folder],
        check=False,
        capture_output=True,
        text=True,
    )
    if not (folder / CONTROL_FILE).exists():
        raise damaged(folder, f"{CONTROL_FILE} is missing")
    if told.returncode or "WARNING" in told.stdout + told.stderr:
        raise damaged(folder, f"{CONTROL_FILE} is not as it was written")


def damaged(folder: Path, what: str) -> DataFolderError:
    return DataFolderError(
        f"the data in {folder} are damaged ({what}); put a backup in their place, or, if nothing "
        "there is worth keeping, move the folder away: the next start makes a new one"
    )


def expect_no_stranger(folder: Path) -> None:
    """Refuse data that a server uses which is none of ours: those listen on another port."""
    note = folder / "postmaster.pid"
    process = user_of(folder)
    if process is None:
        # Of a server that was killed. Its number may be another program's by now.
        note.unlink(missing_ok=True)
        return
    lines = note.read_text().splitlines()
    if len(lines) < 5 or lines[3] != PORT or not lines[4]:
        raise DataFolderError(
            f"another PostgreSQL (process {process}) uses the data in {folder}; "
            f"stop it first: pg_ctl -D {folder} stop"
        )


def user_of(folder: Path) -> int | None:
    """The process of the server that runs on these data."""
    # It comes with the server's wheel, and so only where that is needed.
    import psutil  # type: ignore[import-untyped]

    try:
        pid = int((folder / "postmaster.pid").read_text().splitlines()[0])
        return pid if "postgres" in psutil.Process(pid).name() else None
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return None
