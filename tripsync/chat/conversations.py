"""A conversation is opened by one of two riders who may write to each other."""

from typing import Any

from tripsync.chat.problems import NO_SUCH_RIDER, NOT_CONNECTED, OWN_CHAT
from tripsync.database import Database, Transaction
from tripsync.http.problems import FieldError, Problem
from tripsync.http.rate_limits import RateLimits
from tripsync.http.tokens import Rider
from tripsync.resources import Resources
from tripsync.settings import Settings

# What a rider begins, or tries to, where a conversation is not there yet.
OPENINGS = "30/hour"


def refuse_oneself(who: Rider, partner_id: int, field: str) -> None:
    if partner_id == who.user_id:
        raise Problem(OWN_CHAT, errors=[FieldError(field, OWN_CHAT.detail)])


async def count_opening(resources: Resources, who: Rider, partner_id: int) -> None:
    """Count one try to begin a conversation, if there is none yet."""
    known = await resources[Database].reading.chat.find_conversation(
        college_id=who.college_id, user_id=who.user_id, partner_id=partner_id
    )
    if known is None:
        await resources[RateLimits].count(OPENINGS, "chat opening", "account", str(who.user_id))


async def open_conversation(
    resources: Resources, db: Transaction, who: Rider, partner_id: int
) -> dict[str, Any]:
    """Find or create the conversation with a rider, if the two may write to each other."""
    pair = {"college_id": who.college_id, "user_id": who.user_id, "partner_id": partner_id}
    found = await db.chat.find_partner(**pair, open_to_college=is_open_to_college(resources))
    if found is None:
        raise Problem(NO_SUCH_RIDER)
    if not found["may_write"]:
        raise Problem(NOT_CONNECTED)
    conversation_id = (
        found["conversation_id"]
        or await db.chat.open_conversation(**pair)
        # Somebody else began it at this moment.
        or await db.chat.find_conversation(**pair)
    )
    return {"conversation_id": conversation_id, "partner": found["partner"]}


def is_open_to_college(resources: Resources) -> bool:
    return bool(resources[Settings].chat_open_to == "college")
