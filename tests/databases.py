"""Databases for tests, made on whatever PostgreSQL the run has."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg


@contextmanager
def fresh_database(server: str, template: str = "") -> Iterator[str]:
    """An empty one, or a copy of one to which nobody is connected."""
    name = f"tripsync_test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        like = f" template {template}" if template else ""
        connection.execute(f"create database {name}{like}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"drop database {name} with (force)")


class Outage:
    """Takes one database away, and gives it back."""

    def __init__(self, server: str, database_url: str) -> None:
        self._server = server
        self._name = urlsplit(database_url).path.lstrip("/")

    def begin(self) -> None:
        with psycopg.connect(self._server, autocommit=True) as server:
            server.execute(f"alter database {self._name} allow_connections false")
            server.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                [self._name],
            )

    def end(self) -> None:
        with psycopg.connect(self._server, autocommit=True) as server:
            server.execute(f"alter database {self._name} allow_connections true")
