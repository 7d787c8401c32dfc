"""A job that fails is tried again, later each time, and in the end lies where it can be seen."""

import asyncio
import json
import logging
import signal
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.jobs.conftest import (
    NOTE,
    Numbered,
    StartWorker,
    all_done,
    ask_for,
    effects_of,
    once,
    states_of,
)
from tests.processes import tripsync
from tests.waiting import until
from tripsync.database import Database
from tripsync.jobs import Hopeless, Job, Run, Setback
from tripsync.jobs import worker as jobs_worker
from tripsync.jobs.worker import FIRST_WAIT, LONGEST_WAIT, MOST_TRIES, wait_after


async def is_dead(queue: Database) -> bool:
    return await states_of(queue) == {"failed": 1}


async def hurry(queue: Database) -> None:
    """What was to be tried again later is tried now."""
    await queue.pool.execute("update pgqueuer set execute_after = now() where status = 'queued'")


async def test_a_setback_is_tried_again_after_a_while(
    queue: Database, start_worker: StartWorker
) -> None:
    tries: list[int] = []

    async def act(run: Run, _: Numbered) -> None:
        tries.append(run.attempt)
        if run.attempt == 1:
            raise Setback("not now")

    await start_worker(Job("try", Numbered, act))
    await ask_for(queue, "try", 1)

    async def waits_for() -> timedelta | None:
        wait: timedelta | None = await queue.pool.fetchval(
            "select execute_after - updated from pgqueuer where status = 'queued' and attempts = 1"
        )
        return wait

    wait = await until(waits_for)
    assert 0.8 * FIRST_WAIT <= wait.total_seconds() <= 1.2 * FIRST_WAIT
    assert tries == [1]
    await hurry(queue)
    await all_done(queue)
    assert tries == [1, 2]


def test_each_wait_is_longer_up_to_a_bound() -> None:
    waits = [wait_after(attempt) for attempt in range(1, MOST_TRIES)]
    assert waits[:5] == sorted(waits[:5])
    assert max(waits) <= 1.2 * LONGEST_WAIT
    assert 12 * 3600 < sum(waits) < 36 * 3600


async def test_what_fails_too_often_is_dead_and_tried_no_more(
    queue: Database, start_worker: StartWorker
) -> None:
    tries: list[int] = []

    async def act(run: Run, _: Numbered) -> None:
        tries.append(run.attempt)
        raise ConnectionError("with words that are nobody's business")

    await ask_for(queue, "try", 1)
    await queue.pool.execute("update pgqueuer set attempts = $1", MOST_TRIES - 1)
    await start_worker(Job("try", Numbered, act))
    await until(lambda: is_dead(queue))
    await hurry(queue)
    [dead] = await queue.reading.jobs.list_dead_jobs(size=10)
    assert (dead["kind"], dead["payload"], dead["tries"]) == ("try", '{"number":1}', MOST_TRIES)
    assert dead["reason"] == "ConnectionError"
    logged = await queue.pool.fetch("select traceback::text from pgqueuer_log")
    assert "nobody's business" not in str(logged)
    assert tries == [MOST_TRIES]


@pytest.mark.parametrize(("lost", "tried"), [(1, [2]), (MOST_TRIES, [])])
async def test_tries_that_ended_with_their_worker_count(
    queue: Database, start_worker: StartWorker, lost: int, tried: list[int]
) -> None:
    tries: list[int] = []

    async def act(run: Run, wanted: Numbered) -> None:
        tries.append(run.attempt)
        await NOTE.act(run, wanted)

    await ask_for(queue, "note", 1)
    await queue.pool.execute(
        "update pgqueuer set status = 'picked', heartbeat = now() - interval '1 hour', "
        "queue_manager_id = gen_random_uuid(), attempts = $1",
        lost - 1,
    )
    await start_worker(Job("note", Numbered, act))
    if tried:
        await all_done(queue)
    else:
        await until(lambda: is_dead(queue))
        [dead] = await queue.reading.jobs.list_dead_jobs(size=10)
        assert dead["reason"] == "its worker died"
    assert tries == tried


async def test_the_hopeless_is_dead_at_once(
    queue: Database, start_worker: StartWorker, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(_: Run, __: Numbered) -> None:
        raise Hopeless("no such address")

    await start_worker(Job("try", Numbered, act))
    await ask_for(queue, "try", 1)
    await until(lambda: is_dead(queue))
    [dead] = await queue.reading.jobs.list_dead_jobs(size=10)
    assert (dead["tries"], dead["reason"]) == (1, "no such address")
    ours = [each for each in caplog.records if each.name == "tripsync.jobs"]
    [line] = [each for each in ours if each.levelno == logging.ERROR]
    assert line.getMessage() == "job try is dead: no such address"
    assert (line.job, line.job_id, line.attempt) == ("try", dead["id"], 1)  # type: ignore[attr-defined]


async def test_a_payload_of_another_form_is_dead_and_stops_nobody(
    queue: Database, start_worker: StartWorker
) -> None:
    async with queue.transaction() as db:
        await db.jobs.enqueue_jobs(kind="note", payloads=[b"\xff", b"{}"], priority=0)
    await ask_for(queue, "note", 1)
    await start_worker(NOTE)
    await until(lambda: effects_of(queue))

    async def both_are_dead() -> bool:
        return await states_of(queue) == {"failed": 2}

    await until(both_are_dead)


async def test_a_failed_act_leaves_nothing_of_what_it_wrote(
    queue: Database, start_worker: StartWorker
) -> None:
    async def act(run: Run, wanted: Numbered) -> None:
        async with run.finishing() as db:
            await db.rate_limits.count_hit(key=str(wanted.number), window_seconds=60)
            if run.attempt == 1:
                raise Setback("after all")

    await start_worker(Job("note", Numbered, act))
    await ask_for(queue, "note", 1)

    async def failed_once() -> bool:
        return bool(await queue.pool.fetchval("select true from pgqueuer where attempts = 1"))

    await until(failed_once)
    assert await effects_of(queue) == {}
    await hurry(queue)
    await all_done(queue)
    assert await effects_of(queue) == once(1)


async def test_a_stop_waits_for_jobs_under_way(queue: Database, start_worker: StartWorker) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def act(run: Run, wanted: Numbered) -> None:
        began.set()
        await may_end.wait()
        await NOTE.act(run, wanted)

    worker = await start_worker(Job("note", Numbered, act), grace_seconds=60)
    await ask_for(queue, "note", 1)
    await began.wait()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    may_end.set()
    await stopping
    assert await effects_of(queue) == once(1)
    assert await states_of(queue) == {}


async def test_what_outlasts_a_stop_is_given_back_and_done_by_the_next(
    queue: Database, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_worker, "LAST_WORDS", 60)
    began = asyncio.Event()

    async def never_end(_: Run, __: Numbered) -> None:
        began.set()
        await asyncio.Event().wait()

    worker = await start_worker(Job("note", Numbered, never_end))
    await ask_for(queue, "note", 1)
    await began.wait()
    await worker.stop()
    assert await states_of(queue) == {"queued": 1}
    await start_worker(NOTE)
    await all_done(queue)
    assert await effects_of(queue) == once(1)


async def test_the_command_shows_dead_jobs_tries_them_again_and_gives_them_up(
    queue: Database, start_worker: StartWorker, data_dir: Path, empty_database: str
) -> None:
    async def refuse(_: Run, __: Numbered) -> None:
        raise Hopeless("no such address")

    async def run(*arguments: str) -> tuple[int, str]:
        command = partial(tripsync, "jobs", data_dir=data_dir, DATABASE_URL=empty_database)
        with command(*arguments) as process:
            return await process.exit_code(), process.said

    assert await run() == (0, "nothing waits to be done\n")
    worker = await start_worker(Job("note", Numbered, refuse))
    await ask_for(queue, "note", 1)
    await until(lambda: is_dead(queue))
    await worker.stop()
    [dead] = await queue.reading.jobs.list_dead_jobs(size=10)
    code, said = await run()
    assert code == 0
    assert f'dead {dead["id"]} note {{"number":1}}' in said
    assert "after 1 tries: no such address" in said
    assert await run("retry", "999999") == (1, "no such dead job\n")
    assert await run("retry", str(dead["id"])) == (0, "1 job to be tried again\n")
    assert await states_of(queue) == {"queued": 1}
    await start_worker(NOTE)
    await all_done(queue)
    assert await effects_of(queue) == once(1)
    assert await run("drop", str(dead["id"])) == (1, "no such dead job\n")


async def test_of_dead_jobs_the_latest_comes_first_and_the_last_reason_is_shown(
    queue: Database,
) -> None:
    """Whatever the queue noted of it after that."""
    older, newer = [
        await queue.pool.fetchval(
            """
            insert into pgqueuer (priority, status, entrypoint, payload, heartbeat)
            values (0, 'failed', 'note', '{}', now())
            returning id
            """
        )
        for _ in range(2)
    ]
    for job_id, minutes_ago, reason in (
        (newer, 1, "of the newer"),
        (older, 2, "last"),
        (older, 3, "first"),
        (older, 0, None),
    ):
        await queue.pool.execute(
            """
            insert into pgqueuer_log (created, job_id, status, priority, entrypoint, traceback)
            values (now() - $1::int * interval '1 minute', $2, 'exception', 0, 'note', $3)
            """,
            minutes_ago,
            job_id,
            reason and {"exception_message": reason},
        )
    dead = await queue.reading.jobs.list_dead_jobs(size=10)
    assert [(row["id"], row["reason"]) for row in dead] == [
        (newer, "of the newer"),
        (older, "last"),
    ]


async def test_one_dead_job_is_tried_again_alone(
    queue: Database, start_worker: StartWorker, data_dir: Path, empty_database: str
) -> None:
    async def refuse(_: Run, __: Numbered) -> None:
        raise Hopeless("no such address")

    worker = await start_worker(Job("note", Numbered, refuse))
    await ask_for(queue, "note", 1, 2, 3)

    async def all_dead() -> bool:
        return await states_of(queue) == {"failed": 3}

    await until(all_dead)
    await worker.stop()
    dead = await queue.reading.jobs.list_dead_jobs(size=10)
    where = {"data_dir": data_dir, "DATABASE_URL": empty_database}
    with tripsync("jobs", "retry", str(dead[1]["id"]), **where) as process:
        assert (await process.exit_code(), process.said) == (0, "1 job to be tried again\n")
    assert await states_of(queue) == {"failed": 2, "queued": 1}
    still_dead = {each["id"] for each in await queue.reading.jobs.list_dead_jobs(size=10)}
    assert still_dead == {dead[0]["id"], dead[2]["id"]}


async def test_a_worker_of_production_says_so_as_lines_of_json(
    data_dir: Path, empty_database: str, queue: Database
) -> None:
    production = {"ENVIRONMENT": "production", "SECRET_KEY": "a key of tests, longer than 32 bytes"}
    with tripsync("worker", data_dir=data_dir, DATABASE_URL=empty_database, **production) as worker:
        await until(lambda: '"message":"started"' in worker.said)
        worker.send(signal.SIGTERM)
        assert await worker.exit_code() == 0
        lines = [json.loads(line) for line in worker.said.splitlines()]
    assert [line["message"] for line in lines if line["level"] == "info"] == ["started", "stopped"]


async def test_the_worker_command_works_until_it_is_told_to_stop(
    data_dir: Path, empty_database: str, queue: Database
) -> None:
    with tripsync("worker", data_dir=data_dir, DATABASE_URL=empty_database) as worker:
        await until(lambda: "does jobs and timers" in worker.said)
        worker.send(signal.SIGTERM)
        assert await worker.exit_code() == 0
        assert "Traceback" not in worker.said
