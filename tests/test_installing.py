"""`make run` and `make test` install what the lock files say: with uv, or with pip without it."""

import hashlib
import os
import subprocess
import sysconfig
import venv
from pathlib import Path
from shutil import copy, which
from zipfile import ZipFile

import pytest

import install
from tests.processes import ROOT

PARCEL = "tripsync_parcel-1.0-py3-none-any.whl"
UV = which("uv", path=sysconfig.get_path("scripts"))


class House:
    """A project as small as can be, an environment for it, and an index that has all it needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / ".venv" / "bin" / "python"
        venv.create(folder / ".venv", symlinks=True)
        copy(ROOT / "install.py", folder)
        (folder / "pyproject.toml").write_text(
            '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
            '[project]\nname = "tripsync-house"\nversion = "1.0"\n'
            "[tool.setuptools]\npy-modules = []\n"
        )
        # No index has this one, so that uv cannot be had.
        (folder / "requirements-dev.lock").write_text(f"uv==0.0.0 \\\n    {hashed(b'none')}\n")
        self.lock = folder / "requirements.lock"
        self.lock.write_text(f"tripsync-parcel==1.0 \\\n    {hashed(self.publish())}\n")

    def publish(self) -> bytes:
        page = self.folder / "index" / "tripsync-parcel"
        page.mkdir(parents=True)
        information = "tripsync_parcel-1.0.dist-info"
        with ZipFile(page / PARCEL, "w") as wheel:
            wheel.writestr("tripsync_parcel.py", "")
            wheel.writestr(f"{information}/METADATA", "Name: tripsync-parcel\nVersion: 1.0\n")
            wheel.writestr(
                f"{information}/WHEEL",
                "Wheel-Version: 1.0\nTag: py3-none-any\nRoot-Is-Purelib: true\n",
            )
            wheel.writestr(f"{information}/RECORD", "")
        (page / "index.html").write_text(f'<a href="{PARCEL}">{PARCEL}</a>')
        return (page / PARCEL).read_bytes()

    def give_uv(self) -> None:
        assert UV
        self.python.with_name("uv").symlink_to(UV)

    def install(self, *into: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, self.folder / "install.py", self.lock, *into],
            cwd=self.folder,
            env={
                **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
                "HOME": str(self.folder),
                # Where pip and setuptools are: to give it its own takes seconds.
                "PYTHONPATH": sysconfig.get_path("purelib"),
                # Told to pip alone, and read by both.
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_INDEX_URL": (self.folder / "index").as_uri(),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def has(self, module: str, environment: str = ".venv") -> bool:
        [found] = self.folder.glob(f"{environment}/lib/python*/site-packages")
        return any(found.glob(f"{module}*"))


def hashed(content: bytes) -> str:
    return f"--hash=sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_uv_installs_from_where_pip_was_told_to(house: House) -> None:
    house.give_uv()
    done = house.install()
    assert done.returncode == 0, done.stderr
    assert "with uv" in done.stdout
    assert "with pip" not in done.stdout
    assert house.has("tripsync_parcel")
    assert house.has("tripsync_house")


def test_pip_installs_where_uv_cannot_be_had(house: House) -> None:
    done = house.install()
    assert done.returncode == 0, done.stderr
    assert "with pip" in done.stdout
    assert house.has("tripsync_parcel")
    assert house.has("tripsync_house")


@pytest.mark.parametrize("with_uv", [True, False], ids=["uv", "pip"])
def test_another_environment_gets_what_its_lock_file_says_and_no_more(
    house: House, with_uv: bool
) -> None:
    if with_uv:
        house.give_uv()
    venv.create(house.folder / "other", symlinks=True)
    done = house.install(house.folder / "other" / "bin" / "python")
    assert done.returncode == 0, done.stderr
    assert house.has("tripsync_parcel", "other")
    assert not house.has("tripsync_house", "other")
    assert not house.has("tripsync_parcel")


@pytest.mark.parametrize("with_uv", [True, False], ids=["uv", "pip"])
def test_what_has_another_hash_is_not_installed(house: House, with_uv: bool) -> None:
    if with_uv:
        house.give_uv()
    house.lock.write_text(f"tripsync-parcel==1.0 \\\n    {hashed(b'another')}\n")
    done = house.install()
    assert done.returncode == 1
    assert "hash" in done.stderr.lower()
    assert not house.has("tripsync_parcel")


def test_uv_is_told_what_pip_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith(("PIP_", "UV_", "SSL_CERT"))]:
        monkeypatch.delenv(name)
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://one.example/simple\ncert = /etc/our.pem\n"
        "[install]\nindex-url = https://two.example/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    told = install.environment_of_uv()
    assert told["UV_DEFAULT_INDEX"] == "https://two.example/simple"
    assert told["SSL_CERT_FILE"] == "/etc/our.pem"
    monkeypatch.setenv("PIP_INDEX_URL", "https://three.example/simple")
    assert install.environment_of_uv()["UV_DEFAULT_INDEX"] == "https://three.example/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://ours.example/simple")
    assert install.environment_of_uv()["UV_DEFAULT_INDEX"] == "https://ours.example/simple"


def test_the_uv_that_is_fetched_is_the_one_of_the_lock_file() -> None:
    found = install.UV_PIN.search((ROOT / "requirements-dev.lock").read_text())
    assert found
    first, *hashes = found[0].replace("\\\n", "").splitlines()
    assert first.startswith("uv==")
    assert "--hash=sha256:" in first
    assert "==" not in first.removeprefix("uv==")
    assert not hashes
