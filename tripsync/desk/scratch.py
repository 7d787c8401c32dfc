"""Databases that are made to be looked at, and thrown away."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import migrate
from tripsync.desk.seeding import seed


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """A fresh database on this server, without any table."""
    name = f"tripsync_desk_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"drop database {name} with (force)")


@contextmanager
def scratch_database(server: str) -> Iterator[str]:
    """A fresh database with today's schema on this server."""
    with empty_database(server) as url:
        migrate(url)
        yield url


@contextmanager
def scratch_server() -> Iterator[str]:
    """A server of its own, beside whatever else runs here."""
    with tempfile.TemporaryDirectory(prefix="tripsync-desk-") as folder:
        # Its user must be able to enter.
        os.chmod(folder, 0o755)
        with embedded_server(Path(folder)) as url:
            yield url


@contextmanager
def seeded_database(riders: int) -> Iterator[str]:
    """A database full of riders, on a server of its own."""
    with scratch_server() as server, scratch_database(server) as url:
        # Nobody signs in here: the cheapest hash will do.
        seed(url, riders=riders, number=1, bcrypt_rounds=4)
        yield url
