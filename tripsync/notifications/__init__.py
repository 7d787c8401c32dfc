"""Phones that are woken when their rider does not hear it on a socket."""

from tripsync.feature import Feature
from tripsync.notifications import api
from tripsync.own_data import Erase, Section

feature = Feature(
    title="Notifications",
    description="Phones that are told what happens while the app is closed, and when they "
    "are to be quiet.",
    api=(api,),
    sections=(
        Section("devices", "push.export_devices"),
        Section("quiet_hours", "push.export_quiet_hours"),
    ),
    erasures=(
        Erase("push.remove_devices"),
        Erase("push.remove_quiet_hours"),
    ),
)
