"""The `tripsync` command as a process of its own, run and stopped as an operator would."""

import os
import pty
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from tests.waiting import until
from tripsync.settings import variables

ROOT = Path(__file__).parent.parent


# Below those that systems give to whoever asks for any, so that nobody gets one by chance.
PORTS = range(20_000, 32_000)


# To a person, and in a line of the log.
ANNOUNCED = re.compile(r'API +(http://\S+)/api$|"address":"(http://[^"]+)"', re.MULTILINE)


def is_running(pid: int) -> bool:
    # Where nobody collects orphans, an ended process stays listed as a zombie.
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Process:
    """A running command, and what it has said so far."""

    def __init__(self, popen: subprocess.Popen[bytes], transcript: Path) -> None:
        self.pid = popen.pid
        self._popen = popen
        self._transcript = transcript
        self._family: dict[int, psutil.Process] = {}

    @property
    def said(self) -> str:
        return self._transcript.read_text()

    @property
    def workers(self) -> set[int]:
        """The server processes below a supervisor."""
        for child in psutil.Process(self.pid).children(recursive=True):
            self._family[child.pid] = child
        return {pid for pid, child in self._family.items() if is_worker(child)}

    async def address(self) -> str:
        """Where it serves, as soon as it says so."""

        def announced() -> re.Match[str] | None:
            assert self._popen.poll() is None, f"ended too early:\n{self.said}"
            return ANNOUNCED.search(self.said)

        found = await until(announced)
        return found[1] or found[2]

    async def exit_code(self) -> int:
        await until(lambda: self._popen.poll() is not None)
        return self._popen.returncode

    def send(self, sent: signal.Signals) -> None:
        self._popen.send_signal(sent)

    def press_ctrl_c(self) -> None:
        """As a terminal does: to the command and everything in its group."""
        os.killpg(self.pid, signal.SIGINT)

    def end(self) -> None:
        if self._popen.poll() is None:
            _ = self.workers
            self._popen.kill()
            self._popen.wait()
        for child in self._family.values():
            if child.is_running():
                child.kill()


def is_worker(process: psutil.Process) -> bool:
    try:
        return is_running(process.pid) and "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:
        return False


@contextmanager
def tripsync(
    *arguments: str,
    data_dir: Path,
    cwd: Path = ROOT,
    on_terminal: bool = False,
    types: str = "",
    **environment: str,
) -> Iterator[Process]:
    """The command inside the block; whatever is left of it afterwards is killed. Somebody may
    type into it, as at a terminal."""
    with ExitStack() as stack:
        transcript = stack.enter_context(tempfile.NamedTemporaryFile(prefix="tripsync-said-"))
        popen = subprocess.Popen(
            [sys.executable, "-m", "tripsync", *arguments],
            cwd=cwd,
            env=surroundings(data_dir, environment),
            stdin=stack.enter_context(keyboard(types)) if types else subprocess.DEVNULL,
            stdout=stack.enter_context(screen(transcript)) if on_terminal else transcript,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        process = Process(popen, Path(transcript.name))
        try:
            yield process
        finally:
            process.end()


@contextmanager
def keyboard(types: str) -> Iterator[int]:
    """A terminal at which somebody types this."""
    hand, terminal = pty.openpty()
    os.write(hand, types.encode())
    try:
        yield terminal
    finally:
        os.close(terminal)
        os.close(hand)


@contextmanager
def screen(transcript: IO[bytes]) -> Iterator[int]:
    """A terminal; what it shows is written down."""
    shows, terminal = pty.openpty()

    def write_down() -> None:
        with suppress(OSError):  # what Linux says when nobody has the terminal any more
            while shown := os.read(shows, 4096):
                transcript.write(shown.replace(b"\r\n", b"\n"))
                transcript.flush()

    writing = threading.Thread(target=write_down)
    writing.start()
    try:
        yield terminal
    finally:
        os.close(terminal)
        writing.join()
        os.close(shows)


def free_ports(number: int) -> int:
    """The first of so many ports in a row that nobody has."""
    while True:
        first = random.choice(PORTS)
        try:
            for port in range(first, first + number):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first


def copy_of_the_project(folder: Path) -> Path:
    """What runs, to be edited."""
    for part in ("sql", "tripsync", "migrations", "docs"):
        # Others compile meanwhile.
        needless = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, folder / part, ignore=needless)
    return folder


def surroundings(data_dir: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment of this run without its settings, which are not the command's."""
    outside = dict(os.environ)
    # Python buffers what goes into a pipe, unless this is set; then the order tells nothing.
    outside.pop("PYTHONUNBUFFERED", None)
    # Empty, and not missing: a file .env of somebody who works here does not fill these in.
    defaults = {each.name: "" for each in variables()}
    quick = {
        "PORT": "0",
        "BCRYPT_ROUNDS": "4",
        "RATE_LIMITS": "off",
        # What a command says is looked at to the letter, on a busy machine too.
        "SLOW_QUERY_MS": "600000",
    }
    return {**outside, **defaults, **quick, "TRIPSYNC_DATA_DIR": str(data_dir), **environment}
