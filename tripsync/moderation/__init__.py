"""Getting along: blocks, reports, and what the moderators of a college do about them."""

from tripsync.feature import Feature
from tripsync.moderation import api, api_reports, api_sanctions, events
from tripsync.own_data import Erase, Section
from tripsync.realtime.events import events_in

feature = Feature(
    title="Moderation",
    description="Riders block and report each other; moderators of their college settle "
    "reports, warn and ban.",
    api=(api, api_reports, api_sanctions),
    events=events_in(events),
    sections=(
        Section("blocks", "blocks.export_blocks"),
        Section("reports_made", "moderation.export_reports_made"),
        Section("sanctions", "moderation.export_sanctions"),
        Section("moderation", "moderation.export_moderation"),
    ),
    erasures=(Erase("blocks.remove_blocks"),),
)
