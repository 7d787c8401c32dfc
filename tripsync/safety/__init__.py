"""Safety on the road: where riders are, who may follow them by a link, and alarms."""

from tripsync.feature import Feature
from tripsync.own_data import Erase, Section
from tripsync.safety import api, api_alarms, positions
from tripsync.safety.api_alarms import ALARM_TO_CONTACT, ALARM_TO_MODERATOR
from tripsync.safety.events import messages

feature = Feature(
    title="Safety",
    api=(api, api_alarms),
    frames=positions.frames,
    messages=messages,
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
