"""Accounts mail codes to their owners.

A code is made when its letter is written, so that no secret waits in the queue.
"""

from tripsync.database import Transaction
from tripsync.http.tokens import fresh_secret, hash_of
from tripsync.mail import Letter, post
from tripsync.mail.letters import ACCOUNT, Code

VERIFY_HOURS = 48
RESET_HOURS = 1


async def verification(db: Transaction, college_id: int, user_id: int) -> Code | None:
    return await with_code(db, college_id, user_id, "verify_email", VERIFY_HOURS)


async def reset(db: Transaction, college_id: int, user_id: int) -> Code | None:
    return await with_code(db, college_id, user_id, "reset_password", RESET_HOURS)


async def with_code(
    db: Transaction, college_id: int, user_id: int, purpose: str, hours: int
) -> Code | None:
    code = fresh_secret()
    address = await db.mailed_codes.issue_code(
        college_id=college_id,
        user_id=user_id,
        purpose=purpose,
        code_hash=hash_of(code),
        hours=hours,
    )
    return {"to": address, "code": code, "hours": hours} if address else None


VERIFY_EMAIL = Letter("verify_email", verification, priority=ACCOUNT)
RESET_PASSWORD = Letter("reset_password", reset, priority=ACCOUNT)


async def post_code(db: Transaction, letter: Letter, email: str) -> None:
    """Post a letter with a code to the owner of an address, if there is one."""
    reader = await db.mailed_codes.find_reader(email=email, purpose=letter.name)
    if reader:
        await post(db, letter, **reader)
