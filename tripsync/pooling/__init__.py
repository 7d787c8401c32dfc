"""Riding together: requests, matching, connections, pools, and the map."""

from tripsync.pooling import connections, map, overdue, pools, requests

blueprints = (
    requests.blueprint,
    connections.blueprint,
    pools.blueprint,
    map.blueprint,
)

timers = overdue.timers
