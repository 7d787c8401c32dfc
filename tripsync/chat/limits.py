"""How much somebody may write: widely to those they know, narrowly to others."""

from sanic import Sanic

from tripsync.http.tokens import Rider

# As fast as anybody types, for as long as they like.
MESSAGES = "60/minute"
# What a rider begins, or tries to, where a conversation is not there yet.
OPENINGS = "30/hour"


async def count_message(app: Sanic, who: Rider) -> None:
    """Count one message; a 429 when it is one too many."""
    await app.ctx.limits.count(MESSAGES, "chat message", "account", str(who.user_id))


async def count_opening(app: Sanic, who: Rider, partner_id: int) -> None:
    """Count one try to begin a conversation, if there is none yet."""
    known = await app.ctx.database.reading.chat.find_conversation(
        college_id=who.college_id, user_id=who.user_id, partner_id=partner_id
    )
    if known is None:
        await app.ctx.limits.count(OPENINGS, "chat opening", "account", str(who.user_id))
