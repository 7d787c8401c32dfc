"""Gauges are looked up when Prometheus asks, because nobody counts them."""

import asyncio
import logging
from time import monotonic

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from tripsync.database import Database
from tripsync.realtime.connections import ConnectionManager

log = logging.getLogger("tripsync.metrics")

ASK_WITHIN = 1.0


async def look(database: Database, connections: ConnectionManager | None = None) -> list[Metric]:
    """Of a server, or of a worker that has no sockets."""
    found = [pool_use(database), pool_bound(database)]
    if connections is not None:
        found.append(open_sockets(connections))
    return found + await ask(database)


def pool_use(database: Database) -> Metric:
    family = GaugeMetricFamily(
        "tripsync_database_connections", "Connections of the pool", labels=["state"]
    )
    idle = database.pool.get_idle_size()
    family.add_metric(["idle"], idle)
    family.add_metric(["busy"], database.pool.get_size() - idle)
    return family


def pool_bound(database: Database) -> Metric:
    return GaugeMetricFamily(
        "tripsync_database_connections_most",
        "How many the pool may open",
        value=database.pool.get_max_size(),
    )


def open_sockets(connections: ConnectionManager) -> Metric:
    family = GaugeMetricFamily("tripsync_sockets", "Open sockets", labels=["whose"])
    strangers = len(connections.strangers())
    family.add_metric(["riders"], len(connections) - strangers)
    family.add_metric(["strangers"], strangers)
    return family


async def ask(database: Database) -> list[Metric]:
    """What only the database knows, and whether it answers."""
    up = GaugeMetricFamily("tripsync_database_up", "1 where the database answered in a second")
    began = monotonic()
    try:
        async with asyncio.timeout(ASK_WITHIN):
            rows = await database.reading.jobs.count_jobs()
    except Exception as reason:
        # Whatever it is, the rest is worth telling.
        if not await database.availability.explains(reason, began):
            log.warning("jobs cannot be counted: %s", type(reason).__name__)
        up.add_metric([], 0)
        return [up]
    up.add_metric([], 1)
    jobs = GaugeMetricFamily(
        "tripsync_jobs_waiting",
        "Jobs of all processes: queued, picked, or failed for good",
        labels=["job", "state"],
    )
    due = GaugeMetricFamily(
        "tripsync_jobs_due_seconds",
        "How long the oldest job that nobody has taken has been due",
        labels=["job"],
    )
    for row in rows:
        jobs.add_metric([row["kind"], row["state"]], row["jobs"])
        if row["state"] == "queued":
            due.add_metric([row["kind"]], row["seconds_due"])
    return [up, jobs, due]
