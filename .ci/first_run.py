"""`make run` in a terminal, until it answers and Ctrl-C stops it; told is how long that took.

Only Python's own modules: nothing is installed yet where this begins.
"""

import os
import pty
import re
import select
import sys
import time
import urllib.request

PATIENCE = 600
CTRL_C = b"\x03"
SERVES = re.compile(r"API +(http://\S+)/api\s")


class Terminal:
    """A command in a terminal of its own, and what it has said there."""

    def __init__(self, *command: str) -> None:
        self.said = ""
        self._pid, self._keyboard = pty.fork()
        if not self._pid:
            os.execvp(command[0], command)

    def listen(self) -> bool:
        """Whether it goes on."""
        heard, _, _ = select.select([self._keyboard], [], [], PATIENCE)
        if not heard:
            sys.exit(f"make run: silent for {PATIENCE} seconds after:\n{self.said}")
        try:
            more = os.read(self._keyboard, 4096)
        except OSError:  # what Linux says at the end
            more = b""
        self.said += more.decode(errors="replace")
        return bool(more)

    def press(self, keys: bytes) -> None:
        os.write(self._keyboard, keys)

    def status(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def main() -> None:
    began = time.monotonic()
    terminal = Terminal("make", "run")
    while not (serves := SERVES.search(terminal.said)):
        if not terminal.listen():
            sys.exit(f"make run: did not serve:\n{terminal.said}")
    with urllib.request.urlopen(f"{serves[1]}/api/health/ready", timeout=PATIENCE):
        answered = time.monotonic() - began
    terminal.press(CTRL_C)
    while terminal.listen():
        pass
    # make ends by the signal itself once its command has ended.
    if terminal.status() not in (0, -2) or "Goodbye" not in terminal.said:
        sys.exit(f"make run: did not stop well:\n{terminal.said}")
    print(f"make run: answered after {answered:.1f} s, and stopped")


if __name__ == "__main__":
    main()
