"""Rides: requests, matching, connections, pools, weekly rides, saved searches, the map."""

from tripsync.feature import Feature
from tripsync.own_data import Erase, Section
from tripsync.pooling import (
    api,
    api_connections,
    api_map,
    api_pools,
    api_recurring,
    api_searches,
    auto_match,
    distances,
    events,
    expiry,
    recurring,
    rematching,
    saved_searches,
)
from tripsync.pooling.membership import RIDE_CANCELLED, RIDE_MATCHED
from tripsync.pooling.saved_searches import SEARCH_HIT
from tripsync.realtime.events import events_in

feature = Feature(
    title="Rides",
    description="Riders look for company on a ride, ask each other, and share a pool: once, "
    "planned ahead, or every week.",
    api=(api, api_connections, api_pools, api_map, api_recurring, api_searches),
    events=events_in(events),
    letters=(RIDE_MATCHED, RIDE_CANCELLED, SEARCH_HIT),
    timers=(
        *auto_match.timers,
        *expiry.timers,
        *recurring.timers,
        *rematching.timers,
        *saved_searches.timers,
    ),
    open=distances.open_roads,
    sections=(
        Section("requests", "requests.export_requests"),
        Section("recurring_rides", "recurring.export_recurring_rides"),
        Section("saved_searches", "searches.export_saved_searches"),
        Section("connections", "connections.export_connections"),
        Section("pools", "pools.export_pools"),
    ),
    erasures=(
        Erase("recurring.remove_recurring_rides"),
        Erase("searches.remove_saved_searches"),
        Erase("connections.remove_lone_connections"),
        Erase("requests.remove_lone_requests"),
        Erase("requests.blur_requests"),
    ),
)
