"""Idempotency-Key: a request that creates something may be sent twice and creates it once.

The key is claimed, the thing created and the answer kept in one transaction. A second
request with the key waits for the first one's transaction, then gets its answer; where
the first failed, nothing is kept and the second is the first. A try that is rolled back gives
its claim back too, so that the next one claims the key anew.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from sanic import HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.database.encoding import encode
from tripsync.http.context import database, run_in_transaction, settings
from tripsync.http.endpoint import Contract
from tripsync.http.problems import KEY_REUSED, FieldError, Problem, invalid
from tripsync.http.responses import JSON, Answer
from tripsync.jobs.timers import FEW_AT_ONCE, Timer
from tripsync.own_data import Erase

HEADER = "Idempotency-Key"
LONGEST_KEY = 255


async def create_once(
    request: Request,
    act: Callable[[Transaction], Awaitable[Any]],
    before: Callable[[], Awaitable[None]] | None = None,
    *,
    is_one_statement: bool = False,
) -> HTTPResponse:
    """Run `act` in a transaction and answer with what it returns; once for each key. `before`
    runs ahead of each try of it. One statement is a transaction by itself, where no key has to be
    kept with it."""
    contract: Contract = request.ctx.contract
    assert contract.idempotent, "the endpoint has to say so"
    status = contract.status
    key = request.headers.get(HEADER)

    async def create(db: Transaction) -> HTTPResponse:
        if key is None:
            return Answer(encode(await act(db)), status, content_type=JSON)
        if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
            raise invalid(
                FieldError(HEADER, f"{HEADER} must be 1 to {LONGEST_KEY} visible characters.")
            )
        known = {"scope": scope(request), "key": key}
        fingerprint = fingerprint_of(request)
        if not await db.idempotency.claim_key(**known, fingerprint=fingerprint):
            first = await db.idempotency.find_answer(**known)
            if not hmac.compare_digest(first["fingerprint"], fingerprint):
                raise Problem(KEY_REUSED)
            return Answer(
                first["answer"], first["status"] or status, {"Idempotency-Replayed": "true"}, JSON
            )
        body = encode(await act(db))
        await db.idempotency.keep_answer(**known, status=status, answer=body)
        return Answer(body, status, content_type=JSON)

    if is_one_statement and key is None:
        return await database(request).run_statement(create)
    return await run_in_transaction(request, create, before)


def scope(request: Request) -> str:
    rider = getattr(request.ctx, "rider", None)
    return f"{rider.user_id if rider else 'anybody'} {request.method} {request.path}"


def fingerprint_of(request: Request) -> bytes:
    return hmac.digest(settings(request).secret_key.encode(), request.body, hashlib.sha256)


async def forget_keys(db: Transaction) -> None:
    """Take away what no retry can ask for any more."""
    await db.idempotency.forget_keys(size=FEW_AT_ONCE)


# They repeat what was sent.
erasures = (Erase("idempotency.remove_answers"),)

timers = (Timer("forget answers", 120, forget_keys),)
