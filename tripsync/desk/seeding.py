"""Riders by the thousand, with everything they would have: what sql/seed/*.sql makes of a number.

Those files are SQL from end to end, for DBAs to read. They are run in the order of their names and
in one transaction, so that a database is either seeded or as it was.
"""

import argparse

import bcrypt
import psycopg
from psycopg import sql

from tripsync.database.files import SEED, SEEDED_PASSWORD
from tripsync.desk.values import DeskError

# With fewer some tables would stay empty.
FEWEST = 300

OLDER_SCHEMA = (
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedTable,
)


def seed(url: str, *, riders: int, number: int, bcrypt_rounds: int) -> None:
    """Fill a migrated database; the same number makes the same riders."""
    settings = {
        "riders": str(riders),
        "seed": str(number),
        "password_hash": bcrypt.hashpw(
            SEEDED_PASSWORD.encode(), bcrypt.gensalt(bcrypt_rounds)
        ).decode(),
    }
    try:
        with psycopg.connect(url) as connection:
            for name, value in settings.items():
                setting = sql.Identifier("seeding", name)
                connection.execute(sql.SQL("set {} = {}").format(setting, sql.Literal(value)))
            for file in sorted(SEED.glob("*.sql")):
                connection.execute(file.read_bytes())
        with psycopg.connect(url, autocommit=True) as connection:
            # So that plans rest on what is there.
            connection.execute("vacuum")
            connection.execute("analyze")
    except psycopg.errors.InsufficientPrivilege as reason:
        raise DeskError(
            "seeding takes a login that owns the tables and may create a schema "
            f"({first_line(reason)}); DATABASE_URL names another"
        ) from None
    except OLDER_SCHEMA as reason:
        raise DeskError(f"run `tripsync migrate` first ({first_line(reason)})") from None
    except psycopg.Error as reason:
        raise DeskError(first_line(reason)) from None


def first_line(reason: psycopg.Error) -> str:
    return str(reason).partition("\n")[0]


def number_of_riders(text: str) -> int:
    if not text.isdecimal() or int(text) < FEWEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of riders; write {FEWEST} or more")
    return int(text)
