import io
import json
import logging
import subprocess
import sys
from threading import Event

import pytest

from tests.waiting import until
from tripsync import logs
from tripsync.logs import JsonLines, QueuedLines

SAYS_MUCH_AND_ENDS = """
import logging
from tripsync.logs import configure_logs

configure_logs(production=True)
for number in range(1000):
    logging.getLogger("tripsync.test").info("line %s", number)
"""


class Stalled(io.StringIO):
    """A stream whose reader stands still until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.goes_on = Event(), Event()

    def write(self, text: str) -> int:
        self.reached.set()
        self.goes_on.wait(30)
        return super().write(text)


def say(handler: logging.Handler, text: str) -> None:
    handler.handle(logging.makeLogRecord({"msg": text, "levelno": 20, "levelname": "INFO"}))


def texts(stream: io.StringIO) -> list[str]:
    return [json.loads(line)["message"] for line in stream.getvalue().splitlines()]


def test_all_that_a_process_said_is_written_when_it_ends() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SAYS_MUCH_AND_ENDS], stderr=subprocess.PIPE, text=True, check=True
    )
    said = [json.loads(line)["message"] for line in ended.stderr.splitlines()]
    assert said == [f"line {number}" for number in range(1000)]


async def test_a_reader_that_stands_still_holds_up_nobody_and_is_told_what_it_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "MOST_LINES", 5)
    stream = Stalled()
    handler = QueuedLines(stream)
    handler.setFormatter(JsonLines())
    say(handler, "first")
    assert stream.reached.wait(30)
    for number in range(8):
        say(handler, f"line {number}")
    stream.goes_on.set()
    told = "3 lines were lost, because whoever collects them stood still"
    kept = ["first", *(f"line {number}" for number in range(5)), told]
    await until(lambda: texts(stream) == kept)


async def test_a_server_goes_on_when_nobody_reads_its_log_any_more() -> None:
    stream = io.StringIO()
    stream.close()
    handler = QueuedLines(stream)
    handler.setFormatter(JsonLines())
    say(handler, "to nobody")
    await until(lambda: not handler._lines)
