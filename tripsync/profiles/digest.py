"""A weekly digest is mailed to those who have something to read."""

from datetime import UTC, datetime

from tripsync.database import Transaction
from tripsync.jobs.timers import Timer
from tripsync.mail import Letter, post_all
from tripsync.mail.letters import DIGEST, asked

WEEKLY_DIGEST = Letter("digest", asked("find_digest"), kind="digest", priority=DIGEST)


async def write_digests(db: Transaction) -> None:
    """Every college whose week is over, once."""
    turns = await db.mails.take_digest_turns(at=datetime.now(UTC))
    if turns:
        college_ids = [row["college_id"] for row in turns]
        riders = await db.mails.list_digest_riders(college_ids=college_ids)
        about = [{"college_id": row["college_id"], "user_id": row["user_id"]} for row in riders]
        await post_all(db, WEEKLY_DIGEST, about)


timers = (Timer("weekly digests", 600, write_digests),)
