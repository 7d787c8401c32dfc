"""A job is part of the transaction that asks for it."""

import asyncio
from contextlib import suppress

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
from tests.waiting import until
from tripsync.database import Database
from tripsync.jobs import Job, Run, enqueue


async def test_a_rolled_back_transaction_leaves_no_job(queue: Database) -> None:
    with suppress(ZeroDivisionError):
        async with queue.transaction() as db:
            await enqueue(db, "note", Numbered(1))
            assert await db.jobs.count_jobs()
            raise ZeroDivisionError
    assert await states_of(queue) == {}


async def test_a_job_waits_for_the_end_of_its_transaction(
    queue: Database, start_worker: StartWorker
) -> None:
    await start_worker(NOTE)
    async with queue.transaction() as db:
        await enqueue(db, "note", Numbered(1))
        await ask_for(queue, "note", 2)
        await until(lambda: effects_of(queue))
        assert await effects_of(queue) == once(2)
    await all_done(queue)
    assert await effects_of(queue) == once(1, 2)


async def test_several_workers_share_the_load_and_each_job_is_done_once(
    queue: Database, start_worker: StartWorker
) -> None:
    seen: dict[str, int] = {"one": 0, "other": 0}

    def counting(name: str) -> Job:
        async def act(run: Run, wanted: Numbered) -> None:
            seen[name] += 1
            await note(run, wanted)
            # So that nobody is so quick as to leave nothing to others.
            await until(lambda: all(seen.values()))

        return Job("note", Numbered, act)

    await ask_for(queue, "note", *range(200))
    await asyncio.gather(start_worker(counting("one")), start_worker(counting("other")))
    await all_done(queue)
    assert await effects_of(queue) == once(*range(200))
    assert sum(seen.values()) == 200


async def test_what_is_urgent_is_done_first(queue: Database, start_worker: StartWorker) -> None:
    await ask_for(queue, "note", *range(30))
    async with queue.transaction() as db:
        await enqueue(db, "note", Numbered(99), priority=1)
    order: list[int] = []

    async def act(_: Run, wanted: Numbered) -> None:
        order.append(wanted.number)

    await start_worker(Job("note", Numbered, act))
    await until(lambda: len(order) == 31)
    assert order[0] == 99


async def test_a_kind_that_a_worker_does_not_know_waits_for_one_that_does(
    queue: Database, start_worker: StartWorker
) -> None:
    await ask_for(queue, "of a newer version", 1)
    await ask_for(queue, "note", 2)
    await start_worker(NOTE)
    await until(lambda: effects_of(queue))
    assert await effects_of(queue) == once(2)
    assert await states_of(queue) == {"queued": 1}


async def test_what_waits_longest_and_was_tried_most_is_counted(queue: Database) -> None:
    await ask_for(queue, "note", 1, 2, 3)
    await ask_for(queue, "later", 4)
    for number, attempts, due in ((1, 0, "1 minute"), (2, 7, "1 hour"), (3, 2, "1 second")):
        await queue.pool.execute(
            "update pgqueuer set attempts = $2, execute_after = now() - $3::text::interval"
            " where convert_from(payload, 'UTF8')::json ->> 'number' = $1",
            str(number),
            attempts,
            due,
        )
    await queue.pool.execute(
        "update pgqueuer set execute_after = now() + interval '1 hour' where entrypoint = 'later'"
    )
    await queue.pool.execute(
        "update pgqueuer set status = 'failed' where entrypoint = 'note' and attempts = 2"
    )
    later, dead, waiting = [
        (row["kind"], row["state"], row["jobs"], row["most_attempts"], row["seconds_due"] // 60)
        for row in await queue.reading.jobs.count_jobs()
    ]
    assert later == ("later", "queued", 1, 0, 0)
    assert sorted([dead, waiting]) == [("note", "failed", 1, 2, 0), ("note", "queued", 2, 7, 60)]
