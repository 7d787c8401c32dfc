"""How tries of jobs end is counted, so that somebody can be woken."""

from prometheus_client import CollectorRegistry

from tests.jobs.conftest import Numbered, StartWorker, ask_for
from tests.waiting import until
from tripsync.database import Database
from tripsync.gauges import look
from tripsync.jobs import Hopeless, Job, Run, Setback
from tripsync.metrics import REGISTRY


def tries(job: str, outcome: str) -> float:
    labels = {"job": job, "outcome": outcome}
    return REGISTRY.get_sample_value("tripsync_job_tries_total", labels) or 0


async def test_every_end_of_a_try_is_counted(queue: Database, start_worker: StartWorker) -> None:
    async def act(_: Run, wanted: Numbered) -> None:
        match wanted.number:
            case 1:
                raise Setback("not now")
            case 2:
                raise Hopeless("never")

    await start_worker(Job("measured", Numbered, act))
    await ask_for(queue, "measured", 1, 2, 3)
    await until(
        lambda: (
            (
                tries("measured", "to be tried again"),
                tries("measured", "dead"),
                tries("measured", "done"),
            )
            == (1, 1, 1)
        )
    )
    took = REGISTRY.get_sample_value("tripsync_job_seconds_count", {"job": "measured"})
    assert took == 1


async def test_what_waits_and_for_how_long_is_looked_up(queue: Database) -> None:
    await ask_for(queue, "measured", 1, 2)
    await queue.pool.execute("update pgqueuer set execute_after = now() - interval '90 seconds'")
    registry = CollectorRegistry(support_collectors_without_names=True)
    found = await look(queue)

    class Found:
        def collect(self) -> object:
            return found

    registry.register(Found())  # type: ignore[arg-type]
    kind = {"job": "measured"}
    waiting = registry.get_sample_value("tripsync_jobs_waiting", {**kind, "state": "queued"})
    due = registry.get_sample_value("tripsync_jobs_due_seconds", kind)
    assert waiting == 2
    assert due is not None
    assert 90 <= due < 300
