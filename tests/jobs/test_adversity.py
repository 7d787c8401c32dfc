"""Workers that are killed, databases that go away: nothing is lost, and nothing done twice."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import asyncpg
import pytest

from tests.databases import Outage
from tests.jobs.conftest import (
    NOTE,
    Numbered,
    StartWorker,
    all_done,
    ask_for,
    effects_of,
    note,
    once,
    states_of,
)
from tests.processes import ROOT
from tests.waiting import until
from tripsync.database import Database
from tripsync.jobs import Job, Run

MANY = 1000


@pytest.fixture
def outage(postgres: str, empty_database: str) -> Outage:
    return Outage(postgres, empty_database)


@contextmanager
def worker_process(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "tests.jobs.worker_process", *arguments]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_worker_killed_in_the_middle_of_a_thousand_jobs_loses_and_repeats_none(
    queue: Database, empty_database: str
) -> None:
    await ask_for(queue, "note", *range(MANY))

    async def halfway() -> bool:
        return len(await effects_of(queue)) >= MANY // 3

    async def was_killed_over_something() -> bool:
        return "picked" in await states_of(queue)

    with worker_process(empty_database, "sticks") as first:
        await until(halfway)
        first.kill()
        first.wait()
    assert len(await effects_of(queue)) < MANY
    assert await was_killed_over_something()
    with worker_process(empty_database):
        await all_done(queue)
    assert await effects_of(queue) == once(*range(MANY))


async def test_of_two_workers_that_do_the_same_job_one_leaves_an_effect(
    queue: Database, start_worker: StartWorker
) -> None:
    """As when the first was taken for dead and was only slow."""
    begun: list[int] = []
    ended: list[int] = []
    go_on = asyncio.Event()

    async def act(run: Run, wanted: Numbered) -> None:
        begun.append(wanted.number)
        await go_on.wait()
        try:
            await note(run, wanted)
        finally:
            ended.append(wanted.number)

    await start_worker(Job("note", Numbered, act))
    await ask_for(queue, "note", 1)
    await until(lambda: len(begun) == 1)
    await queue.pool.execute("update pgqueuer set heartbeat = now() - interval '1 hour'")
    await start_worker(Job("note", Numbered, act))
    await until(lambda: len(begun) == 2)
    go_on.set()
    await until(lambda: len(ended) == 2)
    assert await effects_of(queue) == once(1)
    assert await states_of(queue) == {}


async def test_a_database_that_goes_away_and_comes_back_has_everything_done_once(
    queue: Database, start_worker: StartWorker, outage: Outage, empty_database: str
) -> None:
    await ask_for(queue, "note", *range(MANY))
    await start_worker(NOTE, dead_after=2)
    for progress in (100, 200, 300):
        await until(partial(has_effects, empty_database, progress))
        outage.begin()
        outage.end()
    await until(partial(has_effects, empty_database, MANY))
    await all_done(queue)
    assert await effects_of(queue) == once(*range(MANY))


async def has_effects(url: str, number: int) -> bool:
    """Asked over a connection of its own: those of the pool are being cut."""
    connection = await asyncpg.connect(url)
    try:
        return bool(await connection.fetchval("select count(*) from rate_counters") >= number)
    finally:
        await connection.close()


async def test_what_was_done_is_marked_when_the_database_is_back(
    queue: Database, start_worker: StartWorker, outage: Outage
) -> None:
    """As a mail that was accepted while the database restarted: it must not leave twice."""
    sent: list[int] = []

    async def send(_: Run, wanted: Numbered) -> None:
        outage.begin()
        sent.append(wanted.number)

    await start_worker(Job("send", Numbered, send))
    await ask_for(queue, "send", 1)
    await until(lambda: sent)
    outage.end()
    await all_done(queue)
    assert sent == [1]
