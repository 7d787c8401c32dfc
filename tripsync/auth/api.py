"""Riders sign in and out. A session is one sign-in, kept open by refresh tokens that rotate."""

from time import perf_counter

from sanic import Blueprint, Request

from tripsync.auth.fields import Email
from tripsync.auth.limits import REFRESH, SIGN_IN
from tripsync.auth.problems import (
    BANNED,
    NO_SUCH_SESSION,
    REFRESH_REFUSED,
    REFRESHED_MEANWHILE,
    WRONG_CREDENTIALS,
)
from tripsync.auth.schemas import Credentials, SessionPage, TokenForm, TokenRefresh, Tokens
from tripsync.database import Transaction
from tripsync.database.rows import AccountsFindCredentials, SessionsLockRefreshToken
from tripsync.http.context import reading, resources, rider, run_in_transaction, settings
from tripsync.http.ended_sessions import EndedSessions
from tripsync.http.endpoint import endpoint
from tripsync.http.hashing import Hasher
from tripsync.http.identity import CHALLENGE
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import TOO_MANY, Problem
from tripsync.http.rate_limits import count_account, count_address, count_try
from tripsync.http.tokens import AccessTokens, fresh_secret, hash_of

blueprint = Blueprint("auth")

LONGEST_DEVICE = 200

# Whose session it is, by their password or by an earlier token.
Owner = AccountsFindCredentials | SessionsLockRefreshToken


@blueprint.post("/api/auth/token")
@endpoint(form=TokenForm, answer=Tokens, refuses=(WRONG_CREDENTIALS, BANNED, TOO_MANY), open=True)
async def obtain_tokens(request: Request, body: TokenForm) -> object:
    """Sign in by OAuth2's password flow; `username` is the email."""
    return await sign_in(request, body.username, body.password)


@blueprint.post("/api/auth/login")
@blueprint.post("/auth/login", name="log_in_at_older_address")
@endpoint(
    body=Credentials,
    form=TokenForm,
    answer=Tokens,
    refuses=(WRONG_CREDENTIALS, BANNED, TOO_MANY),
    open=True,
)
async def log_in(request: Request, body: Credentials | TokenForm) -> object:
    """Sign in with email and password, as JSON or as the form of `/api/auth/token`."""
    email = body.email if isinstance(body, Credentials) else body.username
    return await sign_in(request, email, body.password)


async def sign_in(request: Request, typed_email: str, password: str) -> object:
    await count_try(request, SIGN_IN, typed_email)
    known = await reading(request).accounts.find_credentials(email=spelled(typed_email))
    right = await resources(request)[Hasher].check(password, known and known["password_hash"])
    if not right:
        raise Problem(WRONG_CREDENTIALS, headers=CHALLENGE)
    if known["banned"]:
        raise Problem(BANNED)

    async def open_one(db: Transaction) -> Tokens:
        return await open_session(request, db, known, known["password_hash"])

    return await run_in_transaction(request, open_one)


def spelled(typed_email: str) -> str:
    """Return the address in the spelling under which it is kept, or nothing if it is none."""
    try:
        return Email.read(typed_email)
    except ValueError:
        return ""


async def open_session(
    request: Request, db: Transaction, user: AccountsFindCredentials, password_hash: str
) -> Tokens:
    """Open a session for whoever proved a password, if it has not changed meanwhile."""
    session_id = await db.sessions.open_session(
        user_id=user["user_id"],
        password_hash=password_hash,
        device=device_of(request),
    )
    if session_id is None:
        raise Problem(WRONG_CREDENTIALS, headers=CHALLENGE)
    return await issue_tokens(request, db, user, session_id)


async def issue_tokens(request: Request, db: Transaction, user: Owner, session_id: int) -> Tokens:
    refresh_token = fresh_secret()
    await db.sessions.issue_refresh_token(
        token_hash=hash_of(refresh_token),
        session_id=session_id,
        days=settings(request).refresh_token_days,
    )
    access = resources(request)[AccessTokens]
    return Tokens(
        access_token=access.issue(
            user_id=user["user_id"],
            college_id=user["college_id"],
            session_id=session_id,
            email=user["email"],
        ),
        refresh_token=refresh_token,
        expires_in=access.lifetime,
    )


def device_of(request: Request) -> str:
    """Return what the client calls itself, for the list of sessions."""
    agent = request.headers.get("user-agent", "")[:LONGEST_DEVICE]
    return "".join(each if each.isprintable() else "?" for each in agent)


@blueprint.post("/api/auth/refresh")
@endpoint(
    body=TokenRefresh,
    answer=Tokens,
    refuses=(REFRESH_REFUSED, REFRESHED_MEANWHILE, TOO_MANY),
    open=True,
)
async def refresh_tokens(request: Request, body: TokenRefresh) -> object:
    """Get new tokens for a refresh token, which works once.

    A token that is shown again later was stolen or lost: the session ends, for whoever holds it."""
    arrived = perf_counter()
    token_hash = hash_of(body.refresh_token)
    await count_address(request, REFRESH)
    user_id = await reading(request).sessions.find_refresher(token_hash=token_hash)
    if user_id is None:
        raise Problem(REFRESH_REFUSED, headers=CHALLENGE)
    await count_account(request, REFRESH, str(user_id))

    async def exchange(db: Transaction) -> Tokens | Problem:
        known = await db.sessions.lock_refresh_token(
            token_hash=token_hash, waited_seconds=perf_counter() - arrived
        )
        refusal = await refusal_of(db, known)
        if refusal is not None:
            # Not raised: it must not undo the end of a stolen session.
            return refusal
        await db.sessions.spend_refresh_token(token_hash=token_hash)
        await db.sessions.touch_session(
            college_id=known["college_id"], session_id=known["session_id"]
        )
        return await issue_tokens(request, db, known, known["session_id"])

    outcome = await run_in_transaction(request, exchange)
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


async def refusal_of(db: Transaction, known: SessionsLockRefreshToken | None) -> Problem | None:
    """Return why a refresh token is refused, if it is. One that is used again ends its session."""
    if known is None or known["over"]:
        return Problem(REFRESH_REFUSED, headers=CHALLENGE)
    if known["used_meanwhile"]:
        return Problem(REFRESHED_MEANWHILE)
    if known["used"]:
        await db.sessions.end_session(
            college_id=known["college_id"],
            user_id=known["user_id"],
            session_id=known["session_id"],
            reason="token_reused",
        )
        return Problem(REFRESH_REFUSED, headers=CHALLENGE)
    return None


@blueprint.get("/api/auth/sessions")
@endpoint(query=Page, answer=SessionPage)
async def list_sessions(request: Request, query: Page) -> object:
    """List the devices one is signed in on, the latest first."""
    who = rider(request)
    sessions = await reading(request).sessions.list_sessions(
        college_id=who.college_id,
        user_id=who.user_id,
        current=who.session_id,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    following = next_cursor(sessions, query, lambda session: session["id"])
    return {"items": sessions, "next_cursor": following}


@blueprint.post("/api/auth/logout")
@endpoint(status=204)
async def log_out(request: Request) -> None:
    """Sign this device out; its tokens are worth nothing from now on."""
    await end_session(request, rider(request).session_id)


@blueprint.delete("/api/auth/sessions/<session_id:id>")
@endpoint(status=204, refuses=(NO_SUCH_SESSION,))
async def log_out_device(request: Request, session_id: int) -> None:
    """Sign another device of one's own out."""
    if not await end_session(request, session_id):
        raise Problem(NO_SUCH_SESSION)


async def end_session(request: Request, session_id: int) -> bool:
    who = rider(request)

    async def end(db: Transaction) -> int | None:
        ended = await db.sessions.end_session(
            college_id=who.college_id,
            user_id=who.user_id,
            session_id=session_id,
            reason="logout",
        )
        if ended:
            db.after_commit(resources(request)[EndedSessions].add, session_id)
        return ended

    ended = await run_in_transaction(request, end)
    return ended is not None


@blueprint.post("/api/auth/logout-everywhere")
@endpoint(status=204)
async def log_out_everywhere(request: Request) -> None:
    """Sign every device out, this one too."""
    who = rider(request)

    async def end_all(db: Transaction) -> None:
        ended = await db.sessions.end_all_sessions(
            college_id=who.college_id, user_id=who.user_id, reason="logout"
        )
        for session in ended:
            db.after_commit(resources(request)[EndedSessions].add, session["session_id"])

    await run_in_transaction(request, end_all)
