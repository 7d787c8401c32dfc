"""Riders change their password, or reset it with a code from a mail."""

from sanic import Request

from tripsync.auth.api import blueprint, open_session
from tripsync.auth.limits import CHANGE_PASSWORD, CODE, FORGOTTEN
from tripsync.auth.mails import RESET_PASSWORD, post_code
from tripsync.auth.problems import USELESS_CODE, WRONG_PASSWORD
from tripsync.auth.schemas import PasswordChange, PasswordReset, PasswordResetRequest, Tokens
from tripsync.database import Transaction
from tripsync.http.context import reading, resources, rider, run_in_transaction
from tripsync.http.ended_sessions import EndedSessions
from tripsync.http.endpoint import endpoint
from tripsync.http.hashing import Hasher
from tripsync.http.problems import TOO_MANY, Problem
from tripsync.http.rate_limits import count_try
from tripsync.http.responses import Confirmation
from tripsync.http.tokens import hash_of


@blueprint.put("/api/auth/password")
@endpoint(body=PasswordChange, answer=Tokens, refuses=(WRONG_PASSWORD, TOO_MANY))
async def change_password(request: Request, body: PasswordChange) -> object:
    """Change one's password.

    Every device is signed out, also the one that asks; the answer signs it in again."""
    who = rider(request)
    hasher = resources(request)[Hasher]
    await count_try(request, CHANGE_PASSWORD, who.email)
    known = await reading(request).accounts.find_credentials(email=who.email)
    if not await hasher.check(body.current_password, known and known["password_hash"]):
        raise Problem(WRONG_PASSWORD)
    new_hash = await hasher.hash(body.new_password)

    async def change(db: Transaction) -> Tokens:
        changed = await db.accounts.change_password(
            college_id=who.college_id,
            user_id=who.user_id,
            old_hash=known["password_hash"],
            new_hash=new_hash,
        )
        if not changed:
            raise Problem(WRONG_PASSWORD)
        db.after_commit(resources(request)[EndedSessions].read)
        return await open_session(request, db, known, new_hash)

    return await run_in_transaction(request, change)


@blueprint.post("/api/auth/password/forgotten")
@endpoint(
    body=PasswordResetRequest, answer=Confirmation, status=202, refuses=(TOO_MANY,), open=True
)
async def request_password_reset(request: Request, body: PasswordResetRequest) -> object:
    """Ask for a mail that lets one choose a new password.

    The answer is the same whether or not there is such an account."""
    await count_try(request, FORGOTTEN, body.email)

    async def ask_for_mail(db: Transaction) -> None:
        await post_code(db, RESET_PASSWORD, body.email)

    await run_in_transaction(request, ask_for_mail)
    return {"message": "If we know this address, a mail is on its way."}


@blueprint.post("/api/auth/password/reset")
@endpoint(body=PasswordReset, answer=Confirmation, refuses=(USELESS_CODE, TOO_MANY), open=True)
async def reset_password(request: Request, body: PasswordReset) -> object:
    """Choose a new password with the code from the mail; every device is signed out."""
    await count_try(request, CODE, body.code)
    new_hash = await resources(request)[Hasher].hash(body.password)

    async def reset(db: Transaction) -> None:
        owner = await db.mailed_codes.spend_code(
            code_hash=hash_of(body.code), purpose="reset_password"
        )
        if owner is None:
            raise Problem(USELESS_CODE)
        await db.accounts.reset_password(**owner, new_hash=new_hash)
        db.after_commit(resources(request)[EndedSessions].read)

    await run_in_transaction(request, reset)
    return {"message": "Your new password is set. Please sign in."}
