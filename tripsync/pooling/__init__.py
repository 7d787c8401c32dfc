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
    second_looks,
    watching,
)
from tripsync.pooling.mails import RIDE_CANCELLED, RIDE_MATCHED, SEARCH_HIT
from tripsync.pooling.messages import messages as messages

blueprints = (
    requests.blueprint,
    passing.blueprint,
    connections.blueprint,
    pools.blueprint,
    map.blueprint,
    recurring.blueprint,
    searches.blueprint,
)

letters = (RIDE_MATCHED, RIDE_CANCELLED, SEARCH_HIT)

timers = (
    *auto_match.timers,
    *overdue.timers,
    *openings.timers,
    *second_looks.timers,
    *watching.timers,
)
