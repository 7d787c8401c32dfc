"""Getting along: blocks, reports, and what the moderators of a college do about them."""

from tripsync.moderation import api, api_reports, api_sanctions
from tripsync.moderation.events import messages as messages

blueprints = (api.blueprint, api_reports.blueprint, api_sanctions.blueprint)
