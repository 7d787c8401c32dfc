"""A connection acts as one of the roles of migrations/0034, whoever it logs in as.

The role is asked for when a connection is opened, so it costs nothing later. A login must be let
in: `create role web login password '...' in role tripsync_app;`. Superusers may act as anybody.
"""

import re
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import psycopg
from psycopg import sql

from tripsync.settings import Settings

# Owns what migrations make.
OWNER = "tripsync_owner"
# Looks at all but secrets, views of sql/functions among it.
READER = "tripsync_reader"
# Reads and writes rows, as far as queries need it.
APP = "tripsync_app"
# The same, and of one college at a time (row_security.py).
WALLED = "tripsync_walled"


def role_of(settings: Settings) -> str:
    """As which servers act."""
    return WALLED if settings.row_security == "on" else APP


# What PostgreSQL says when it keeps us out, and what to do then.
ADVICE = (
    (
        r'role "(?P<name>.+)" does not exist',
        "Mend the login in DATABASE_URL, or, as an administrator of the database, type: "
        "create role {name} login password '...' in role {role};",
    ),
    (
        r'password authentication failed for user "(?P<name>.+)"',
        "Mend the password in DATABASE_URL, or, as an administrator of the database, type: "
        "alter role {name} password '...';",
    ),
    (
        r'role "(?P<name>.+)" is not permitted to log in',
        "As an administrator of the database, type: alter role {name} login;",
    ),
    (
        r'database "(?P<name>.+)" does not exist',
        "Mend its name in DATABASE_URL, or, as an administrator, type: create database {name}; "
        "and then run `tripsync migrate`.",
    ),
    (
        r'database "(?P<name>.+)" is not currently accepting connections',
        "As an administrator, from another database, type: "
        "alter database {name} allow_connections true;",
    ),
    (
        r"too many clients already|too many connections for \w+|remaining connection slots",
        "Lower WORKERS or DATABASE_POOL_MAX, or raise the limit there.",
    ),
)


class NotLetInError(Exception):
    """PostgreSQL is away, or does not let us act as we must; the message says what to do."""


async def connect(url: str, **settings: str) -> asyncpg.Connection:
    """A connection of one's own, beside the pool, that may do what servers may."""
    return await let_in(url, timeout=5, server_settings={"role": APP, **settings})


async def let_in(url: str, *, server_settings: dict[str, str], **how: Any) -> asyncpg.Connection:
    """A connection, or what keeps us out: that is never an error of the query that wants one."""
    try:
        return await asyncpg.connect(url, server_settings=server_settings, **how)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
        raise NotLetInError(why_not(reason, url, server_settings["role"])) from None


def connect_at_desk(url: str, role: str = APP) -> psycopg.Connection:
    """The same, for commands that wait for nothing else."""
    try:
        connection = psycopg.connect(url, connect_timeout=5)
        try:
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            connection.commit()
        except psycopg.Error:
            connection.close()
            raise
    except psycopg.Error as reason:
        raise NotLetInError(why_not(reason, url, role)) from None
    return connection


def why_not(reason: Exception, url: str, role: str) -> str:
    """What keeps us out, and what to do about it."""
    match reason:
        case asyncpg.InvalidParameterValueError() | psycopg.errors.InvalidParameterValue():
            return f"PostgreSQL has no role {role} yet. Run `tripsync migrate` first."
        case asyncpg.InsufficientPrivilegeError() | psycopg.errors.InsufficientPrivilege():
            login = urlsplit(url).username or "LOGIN"
            return (
                f"the login of DATABASE_URL may not act as {role}. "
                f"As an administrator of the database, type: grant {role} to {login};"
            )
        case _:
            return advice_on(" ".join(str(reason).split()), role)


def advice_on(words: str, role: str) -> str:
    """One line that says what to do, for what PostgreSQL or the network says."""
    for pattern, advice in ADVICE:
        if said := re.search(pattern, words):
            what_to_do = advice.format(role=role, **said.groupdict())
            return f"PostgreSQL does not let us in ({said[0]}). {what_to_do}"
    return f"PostgreSQL cannot be reached ({words}). Is it running, and is DATABASE_URL right?"
