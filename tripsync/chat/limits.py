"""Rate limits of chat: wide towards those one knows, narrow towards others."""

from tripsync.database import Database
from tripsync.http.rate_limits import RateLimits
from tripsync.http.tokens import Rider
from tripsync.resources import Resources

# As fast as anybody types, for as long as they like.
MESSAGES = "60/minute"
# What a rider begins, or tries to, where a conversation is not there yet.
OPENINGS = "30/hour"


async def count_message(resources: Resources, who: Rider) -> None:
    """Count one message; a 429 when it is one too many."""
    await resources[RateLimits].count(MESSAGES, "chat message", "account", str(who.user_id))


async def count_opening(resources: Resources, who: Rider, partner_id: int) -> None:
    """Count one try to begin a conversation, if there is none yet."""
    known = await resources[Database].reading.chat.find_conversation(
        college_id=who.college_id, user_id=who.user_id, partner_id=partner_id
    )
    if known is None:
        await resources[RateLimits].count(OPENINGS, "chat opening", "account", str(who.user_id))
