"""Installs a lock file, and TripSync itself, into the environment whose Python runs this.

`make run` and `make test` call it: with uv, which takes a tenth of pip's time, or with pip where
uv cannot be had. uv is the one of requirements-dev.lock, held to its hashes like all the rest.

    .venv/bin/python install.py requirements.lock

Told another Python, it installs the lock file there, and nothing else.

    .venv/bin/python install.py clients/python/requirements.lock clients/python/.venv/bin/python
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent
PIP = (sys.executable, "-m", "pip")
UV = Path(sys.executable).with_name("uv")
UV_PIN = re.compile(r"^uv==(?:.*\\\n)*.*\n", re.MULTILINE)
# A lock file has all that is needed, and not all that its packages ask for (CONTRIBUTING.md).
HASHED = ("--no-deps", "--require-hashes", "-r")
# setuptools, which builds it, is in the lock files: Sanic needs it.
TRIPSYNC = ("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
# uv reads nothing of pip's configuration. Both know these things, by other names.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def main(lock: str, python: str = sys.executable) -> int:
    steps = [(*HASHED, lock)]
    if python == sys.executable:
        steps.append(TRIPSYNC)
    if has_uv():
        print(f"installing {lock} with uv ...", flush=True)
        told = environment_of_uv()
        if all(with_uv(told, python, *what) for what in steps):
            return 0
    print(f"installing {lock} with pip, since uv cannot; this takes a minute ...", flush=True)
    return 0 if all(with_pip(python, *what) for what in steps) else 1


def has_uv() -> bool:
    """Whether uv is there, or could be fetched."""
    if UV.exists():
        return True
    found = UV_PIN.search((ROOT / "requirements-dev.lock").read_text())
    if not found:
        return False
    fetched = subprocess.run(
        [*PIP, "install", "-qq", "--only-binary=:all:", *HASHED, "/dev/stdin"],
        input=found[0],
        text=True,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return fetched.returncode == 0 and UV.exists()


def with_uv(told: Mapping[str, str], python: str, *what: str) -> bool:
    # On a terminal it shows by itself how far it is.
    quiet = () if sys.stderr.isatty() else ("--quiet",)
    command = [UV, "pip", "install", *quiet, "--python", python, *what]
    return subprocess.run(command, env=told, check=False).returncode == 0


def environment_of_uv() -> dict[str, str]:
    """Ours, and what it lacks of what pip was told. The system's certificates count, as for pip;
    of several indexes the one that has the hash will do, as for pip."""
    told = told_to_pip()
    asked = {ours: told[theirs] for theirs, ours in PIP_TO_UV.items() if theirs in told}
    like_pip = {"UV_SYSTEM_CERTS": "true", "UV_INDEX_STRATEGY": "unsafe-best-match"}
    return {**like_pip, **asked, **os.environ}


def told_to_pip() -> Mapping[str, str]:
    """pip's settings from its files and from PIP_ variables; the later of these sections win."""
    said = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False)
    told = {}
    for section in ("global.", "install.", ":env:."):
        for line in said.stdout.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                told[name.removeprefix(section)] = str(ast.literal_eval(value))
    return told


def with_pip(python: str, *what: str) -> bool:
    command = [
        python,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar=off",
        *what,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as pip:
        assert pip.stdout
        for line in pip.stdout:
            show_step(line.strip())
    show_step("")
    return pip.returncode == 0


def show_step(step: str) -> None:
    """On a terminal, in the place of the step before."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\033[K{step[:width]}", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
