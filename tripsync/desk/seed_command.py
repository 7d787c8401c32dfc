"""`tripsync seed ...`: a database to develop on, and to plan queries on."""

import argparse
import time

import psycopg

from tripsync.database.files import SEEDED_EMAIL, SEEDED_PASSWORD
from tripsync.database.migrations import migrate
from tripsync.desk.command import WithDatabase
from tripsync.desk.relations import row_counts
from tripsync.desk.seeding import FEWEST, number_of_riders, seed
from tripsync.desk.values import DeskError
from tripsync.desk.whole_reads import grows
from tripsync.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--riders",
        type=number_of_riders,
        default=1000,
        metavar="N",
        help=f"{FEWEST} or more; 1000 unless said",
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="another number makes other riders"
    )


def run(settings: Settings, chosen: argparse.Namespace, with_database: WithDatabase) -> int:
    if not settings.in_development:
        raise DeskError(
            "seeded riders share a password that everybody can read, so they are not for "
            "production; seed where ENVIRONMENT=development"
        )
    with with_database(settings) as running:
        url = running.owner_url
        if settings.embeds_database:
            migrate(url)
        began = time.monotonic()
        seed(url, riders=chosen.riders, number=chosen.seed, bcrypt_rounds=settings.bcrypt_rounds)
        seconds = time.monotonic() - began
        with psycopg.connect(url) as connection:
            counts = row_counts(connection)
    for table, rows in sorted(counts.items()):
        if grows(table):
            print(f"{rows:>12,}  {table}")
    print(
        f"\nin {seconds:.1f} s. Sign in as {SEEDED_EMAIL.format(1)}, who moderates, to "
        f'{SEEDED_EMAIL.format(chosen.riders)}; everybody\'s password is "{SEEDED_PASSWORD}".'
    )
    return 0
