"""What leaves the house: a wheel that serves on its own, and lock files that leave nothing open."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from configparser import ConfigParser
from functools import partial
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.answers import Checked
from tests.processes import ROOT, tripsync
from tests.waiting import PATIENCE
from tripsync.database.migrations import known_migrations

NOT_SOURCE = shutil.ignore_patterns(
    *(".*", "tests", "var", "build", "*.egg-info", "__pycache__", "node_modules")
)

HASHED = re.compile(r"--hash=sha256:[0-9a-f]{64}")
LOCKS = ("requirements.lock", "requirements-dev.lock")

# Of rustworkx it is all that tripsync/matching/rounds.py calls.
WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None  # an import of it fails
import rustworkx
graph = rustworkx.PyGraph()
one, two, three, four = (graph.add_node(name) for name in "abcd")
for edge in ((one, two, 5), (two, three, 9), (three, four, 5)):
    graph.add_edge(*edge)
print(len(rustworkx.max_weight_matching(graph, weight_fn=int)), "pairs")
"""


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheel")


@pytest.fixture(scope="module")
def wheel(workbench: Path) -> Path:
    shutil.copytree(ROOT, workbench / "source", ignore=NOT_SOURCE)
    # Without isolation nothing is fetched: setuptools is in the lock file, for Sanic needs it.
    run("build", "--wheel", "--no-isolation", "--outdir", workbench, workbench / "source")
    [built] = workbench.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(workbench: Path, wheel: Path) -> Path:
    """A folder with the wheel in it and nothing else."""
    target = workbench / "installed"
    run("pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel)
    return target


@pytest.fixture
def elsewhere(workbench: Path) -> Path:
    """A working folder that knows nothing of the sources."""
    folder = workbench / "elsewhere"
    folder.mkdir(exist_ok=True)
    return folder


def run(module: str, *arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=tempfile.gettempdir(),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("folder", ["sql", "sql/functions", "sql/seed", "migrations"])
def test_the_wheel_carries_every_query_and_migration(wheel: Path, folder: str) -> None:
    files = [file for file in (ROOT / folder).iterdir() if file.suffix not in ("", ".md")]
    ours = {f"tripsync/{folder}/{file.name}" for file in files}
    home = PurePosixPath("tripsync", folder)
    carried = {name for name in ZipFile(wheel).namelist() if PurePosixPath(name).parent == home}
    assert ours
    assert carried == ours


def test_the_wheel_carries_every_module_and_nothing_of_the_tests(wheel: Path) -> None:
    ours = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "tripsync").rglob("*.py")
        if "__pycache__" not in file.parts
    }
    names = ZipFile(wheel).namelist()
    carried = {name for name in names if name.endswith(".py") and "/migrations/" not in name}
    assert carried == ours
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"tripsync"}
    assert "tripsync/py.typed" in names
    for folder in ("mail/templates", "http/templates", "http/static"):
        texts = {name for name in names if name.startswith(f"tripsync/{folder}/")}
        files = (ROOT / "tripsync" / folder).iterdir()
        assert texts == {file.relative_to(ROOT).as_posix() for file in files}


async def test_an_installed_wheel_migrates_and_serves_without_the_sources(
    installed: Path, elsewhere: Path, empty_database: str, data_dir: Path
) -> None:
    command = partial(
        tripsync,
        cwd=elsewhere,
        data_dir=data_dir,
        PYTHONPATH=str(installed),
        DATABASE_URL=empty_database,
    )

    with command("migrate", "--status") as status:
        assert await status.exit_code() == 1, status.said
        assert status.said.splitlines() == [f"pending  {name}" for name in known_migrations()]
    with command("migrate") as migration:
        assert await migration.exit_code() == 0, migration.said
    with command("serve") as server:
        async with Checked(base_url=await server.address(), timeout=PATIENCE) as client:
            answer = await client.get("/api/colleges")
            guide = await client.get("/docs/sockets")
        assert answer.status_code == 200
        assert "DJSCE" in answer.text
        assert "Losing nothing" in guide.text


def test_an_installed_wheel_reads_its_own_sql(installed: Path, elsewhere: Path) -> None:
    """Not the checkout's, to which the environment of this run may point."""
    places = subprocess.run(
        [
            sys.executable,
            "-c",
            "from tripsync.database import files; print(files.SQL, files.MIGRATIONS, sep='\\n')",
        ],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert places == [str(installed / "tripsync" / name) for name in ("sql", "migrations")]


def wanted(extra: str = "") -> list[Requirement]:
    """What setup.cfg asks for."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    asked = (
        config["options.extras_require"][extra] if extra else config["options"]["install_requires"]
    )
    lines = [line for line in asked.strip().splitlines() if not line.startswith("#")]
    # An extra may ask for another one: `tripsync[desk]`.
    return [each for each in map(Requirement, lines) if each.name != "tripsync"]


def pinned(lock: str) -> list[Requirement]:
    """The requirements of a lock file, each of them exact and hashed."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE)
    pins = []
    for line in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s+(?=--hash)", line.strip())
        assert hashes, f"{lock}: without a hash: {requirement}"
        assert all(HASHED.fullmatch(each.strip()) for each in hashes), f"{lock}: {requirement}"
        pin = Requirement(requirement)
        exact = [each.operator for each in pin.specifier] == ["=="] and "*" not in str(
            pin.specifier
        )
        assert exact, f"{lock}: not exact: {requirement}"
        pins.append(pin)
    return pins


def version_of(pin: Requirement) -> str:
    [specifier] = pin.specifier
    return specifier.version


@pytest.mark.parametrize(
    ("extra", "lock"), [("", "requirements.lock"), ("dev", "requirements-dev.lock")]
)
def test_the_lock_file_satisfies_setup_cfg(extra: str, lock: str) -> None:
    pins = pinned(lock)
    extras = ("dev", "desk", "docs") if extra else ()
    for requirement in [*wanted(), *(each for name in extras for each in wanted(name))]:
        name = canonicalize_name(requirement.name)
        found = [version_of(pin) for pin in pins if canonicalize_name(pin.name) == name]
        assert found, f"{lock} lacks {requirement}"
        assert all(requirement.specifier.contains(version) for version in found), requirement


def test_both_lock_files_agree() -> None:
    def versions(lock: str) -> set[tuple[str, str]]:
        # Not the places: what developing needs may need the same on more systems.
        return {(canonicalize_name(pin.name), version_of(pin)) for pin in pinned(lock)}

    assert versions("requirements.lock") <= versions("requirements-dev.lock")


def test_what_is_served_goes_without_what_only_the_desk_or_the_site_needs() -> None:
    served = {canonicalize_name(pin.name) for pin in pinned("requirements.lock")}
    extras = {
        extra: {canonicalize_name(each.name) for each in wanted(extra)}
        for extra in ("desk", "docs")
    }
    assert extras == {"desk": {"squawk-cli"}, "docs": {"furo", "myst-parser", "sphinx"}}
    assert not served & {*extras["desk"], *extras["docs"]}


def test_nothing_is_pinned_twice_for_one_place() -> None:
    for lock in LOCKS:
        places = [(canonicalize_name(pin.name), str(pin.marker)) for pin in pinned(lock)]
        assert len(places) == len(set(places))


def test_matching_does_without_the_numpy_that_the_lock_files_leave_out() -> None:
    assert not {"numpy"} & {pin.name for lock in LOCKS for pin in pinned(lock)}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMPY],
        cwd=tempfile.gettempdir(),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.stdout.strip() == "2 pairs", done.stdout
