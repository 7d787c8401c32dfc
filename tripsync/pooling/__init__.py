"""Riding together: requests, matching, connections, pools, weekly rides, searches, the map."""

from tripsync.pooling import (
    api,
    api_connections,
    api_map,
    api_pools,
    api_recurring,
    api_searches,
    auto_match,
    expiry,
    passing,
    recurring,
    saved_searches,
    second_looks,
)
from tripsync.pooling.mails import RIDE_CANCELLED, RIDE_MATCHED, SEARCH_HIT
from tripsync.pooling.messages import messages as messages

blueprints = (
    api.blueprint,
    passing.blueprint,
    api_connections.blueprint,
    api_pools.blueprint,
    api_map.blueprint,
    api_recurring.blueprint,
    api_searches.blueprint,
)

letters = (RIDE_MATCHED, RIDE_CANCELLED, SEARCH_HIT)

timers = (
    *auto_match.timers,
    *expiry.timers,
    *recurring.timers,
    *second_looks.timers,
    *saved_searches.timers,
)
