"""Getting along: blocks, reports, and what the moderators of a college do about them."""

from tripsync.moderation import audit, blocks, reports, sanctions
from tripsync.moderation.messages import messages as messages

blueprints = (
    blocks.blueprint,
    reports.blueprint,
    sanctions.blueprint,
    audit.blueprint,
)
