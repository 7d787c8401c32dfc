"""What a run was measured on, in words."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

import psutil

from tripsync.database.embedded import our_version


def load_average() -> str:
    return " ".join(f"{each:.2f}" for each in os.getloadavg())


def describe() -> str:
    """The machine, and what runs on it."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} cores ({processor()}), {memory:.0f} GiB of memory, "
        f"{platform.system()} {platform.release()}; Python {platform.python_version()}, "
        f"PostgreSQL {our_version()}, Sanic {version('sanic')}, asyncpg {version('asyncpg')}; "
        f"FastAPI {version('fastapi')}, SQLAlchemy {version('sqlalchemy')}, "
        f"websockets {version('websockets')}, python-socketio {version('python-socketio')}"
    )


def processor() -> str:
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.machine()
