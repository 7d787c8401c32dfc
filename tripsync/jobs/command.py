"""`tripsync jobs` shows what waits to be done, and what failed for good."""

import argparse
from datetime import timedelta

from tripsync.database import Database
from tripsync.database.rows import JobsCountJobs

MOST_SHOWN = 100
ALL = "all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(act=show, job=None)
    acts = parser.add_subparsers(metavar="ACT")
    retrying = acts.add_parser("retry", help="try a dead job again, or `all` of them")
    retrying.add_argument("job", type=job_or_all, metavar="ID")
    retrying.set_defaults(act=retry)
    dropping = acts.add_parser("drop", help="give a dead job up")
    dropping.add_argument("job", type=int, metavar="ID")
    dropping.set_defaults(act=drop)


def job_or_all(text: str) -> int | None:
    return None if text == ALL else int(text)


async def show(database: Database, _: argparse.Namespace) -> int:
    """Counts of each kind, then the dead ones."""
    counts = await database.reading.jobs.count_jobs()
    for row in counts:
        print(f"{row['kind']:<24} {row['state']:<8} {row['jobs']:>8}  {waiting(row)}".rstrip())
    if not counts:
        print("nothing waits to be done")
    for job in await database.reading.jobs.list_dead_jobs(size=MOST_SHOWN):
        print(f"dead {job['id']} {job['kind']} {job['payload']}")
        print(f"    given up on {job['died']:%Y-%m-%d %H:%M} after {job['tries']} tries:", end=" ")
        print(job["reason"] or "nobody said why")
    return 0


def waiting(row: JobsCountJobs) -> str:
    if row["state"] != "queued" or row["seconds_due"] < 1:
        return ""
    return f"due for {timedelta(seconds=round(row['seconds_due']))}"


async def retry(database: Database, chosen: argparse.Namespace) -> int:
    number = await database.reading.jobs.revive_dead_jobs(job_id=chosen.job)
    return report(number, "to be tried again")


async def drop(database: Database, chosen: argparse.Namespace) -> int:
    number = await database.reading.jobs.drop_dead_job(job_id=chosen.job)
    return report(number, "given up")


def report(number: int, what: str) -> int:
    """Print how many jobs there were; return the exit code, 1 where there was none."""
    print(f"{number} {'job' if number == 1 else 'jobs'} {what}" if number else "no such dead job")
    return 0 if number else 1
