"""Getting along: blocks, reports, and what the moderators of a college do about them."""

from tripsync.feature import Feature
from tripsync.moderation import api, api_reports, api_sanctions
from tripsync.moderation.events import messages

feature = Feature(title="Moderation", api=(api, api_reports, api_sanctions), messages=messages)
