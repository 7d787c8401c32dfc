"""Riding together: requests, matching, connections, pools, weekly rides, searches, the map."""

from tripsync.pooling import (
    auto_match,
    connections,
    map,
    openings,
    overdue,
    passing,
    pools,
    recurring,
    requests,
    searches,
)

blueprints = (
    requests.blueprint,
    passing.blueprint,
    connections.blueprint,
    pools.blueprint,
    map.blueprint,
    recurring.blueprint,
    searches.blueprint,
)

timers = (*auto_match.timers, *overdue.timers, *openings.timers)
