"""Safety on the road: where riders are, who may follow them by a link, and alarms."""

from tripsync.feature import Feature
from tripsync.own_data import Erase, Section
from tripsync.realtime.events import events_in
from tripsync.safety import api, api_alarms, events, positions
from tripsync.safety.api_alarms import ALARM_TO_CONTACT, ALARM_TO_MODERATOR

feature = Feature(
    title="Safety",
    description="Riders share where they are with those at home, and raise the alarm.",
    api=(api, api_alarms),
    frames=positions.frames,
    events=events_in(events),
    letters=(ALARM_TO_CONTACT, ALARM_TO_MODERATOR),
    timers=api.timers,
    open=positions.open_positions,
    sections=(
        Section("alarms", "safety.export_alarms"),
        Section("ride_shares", "safety.export_ride_shares"),
    ),
    erasures=(
        Erase("safety.remove_ride_shares"),
        Erase("safety.empty_alarms"),
    ),
)
