"""Riders export all that is held about them, or delete their account.

Every feature says which sections of the document are its own and what it erases
(tripsync/own_data.py).

An export reads all sections in one snapshot of the database, row by row, and sends them as they
come: nobody's history is held in memory.

A deletion is one transaction. The account's row is locked first, against everything that refers
to it. Whatever is under way for this rider comes before, and is erased too, or after, and is
refused by a trigger (migration 0021). The row itself stays for others, without its person.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from sanic import Request

from tripsync.database import Snapshot, Transaction
from tripsync.database.encoding import encode
from tripsync.database.rows import AccountsExportAccount
from tripsync.http.context import database, reading, resources, rider, run_in_transaction
from tripsync.http.ended_sessions import EndedSessions
from tripsync.http.endpoint import endpoint
from tripsync.http.hashing import Hasher
from tripsync.http.identity import CHALLENGE
from tripsync.http.problems import NOT_AUTHENTICATED, TOO_MANY, Problem
from tripsync.http.rate_limits import Limit, count_try
from tripsync.own_data import OwnDataParts, Whose
from tripsync.profiles.api import blueprint
from tripsync.profiles.api_files import sweep
from tripsync.profiles.problems import RIDE_OPEN, WRONG_PASSWORD
from tripsync.profiles.schemas import AccountDeletion, OwnData

# An export is many reads, and a deletion checks a password.
EXPORT = Limit("export", per_address="120/hour", per_account="10/hour")
DEPARTURE = Limit("delete account", per_address="60/minute", per_account="10/hour")
# What the document begins with, before the sections.
ABOUT = ("exported_at", "account", "profile")
# Sent together: a chunk a row would be more frame than content.
CHUNK_BYTES = 16_384


@blueprint.get("/api/profile/me/export")
@endpoint(answer=OwnData, refuses=(TOO_MANY,))
async def export_own_data(request: Request) -> None:
    """Get everything that is held about oneself.

    All sections are of the same moment. Of others it tells names at most; who blocked or reported
    one stays their secret, and so does a review that is not to be read yet. Files are fetched from
    the addresses in `files`."""
    who = rider(request)
    await count_try(request, EXPORT, who.email)
    async with database(request).snapshot() as snapshot:
        whose = Whose(college_id=who.college_id, user_id=who.user_id)
        account = await snapshot.accounts.export_account(**whose)
        if account is None:
            # It was deleted while its token still lived.
            raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
        aside = {"Content-Disposition": 'attachment; filename="tripsync.json"'}
        answer = await request.respond(content_type="application/json", headers=aside)
        parts = resources(request)[OwnDataParts]
        async for chunk in chunks(document(snapshot, parts, whose, account)):
            await answer.send(chunk)
        await answer.eof()


async def document(
    snapshot: Snapshot, parts: OwnDataParts, whose: Whose, account: AccountsExportAccount
) -> AsyncIterator[bytes]:
    """The document, piece by piece, in the order of its schema."""
    yield b'{"exported_at":' + encode(datetime.now(UTC))
    yield b',"account":' + encode(account)
    yield b',"profile":' + encode(await snapshot.profiles.export_profile(**whose))
    for name in OwnData.__struct_fields__[len(ABOUT) :]:
        yield b',"' + name.encode() + b'":['
        comma = b""
        async for row in parts.sections[name].rows(snapshot, whose):
            yield comma + encode(row)
            comma = b","
        yield b"]"
    yield b"}"


async def chunks(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    gathered = bytearray()
    async for piece in pieces:
        gathered += piece
        if len(gathered) >= CHUNK_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


@blueprint.delete("/api/profile/me")
@endpoint(body=AccountDeletion, status=204, refuses=(WRONG_PASSWORD, RIDE_OPEN, TOO_MANY))
async def delete_account(request: Request, body: AccountDeletion) -> None:
    """Delete one's account and all that it told of oneself.

    The password is asked again. The address is free at once, and every device is signed out. What
    others need stays under the name "Former rider": the rides they shared, with places to about a
    kilometre, the reviews one wrote and got, and what moderators have to know. Of messages, and of
    posts that others applied to, the places stay, not the words; who applied is told. Whoever still
    has a ride leaves it first, so that the others hear of it."""
    who = rider(request)
    await count_try(request, DEPARTURE, who.email)
    whose = Whose(college_id=who.college_id, user_id=who.user_id)
    known = await reading(request).accounts.find_password_to_leave(**whose)
    if known is None:
        raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
    if not await resources(request)[Hasher].check(body.password, known):
        raise Problem(WRONG_PASSWORD)

    async def leave(db: Transaction) -> None:
        if not await db.accounts.lock_account(**whose, password_hash=known):
            # Another request deleted the account, or changed the password: its sessions are over.
            raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
        if await db.requests.find_open_ride(**whose):
            raise Problem(RIDE_OPEN)
        await erase(db, resources(request)[OwnDataParts], whose)
        db.after_commit(resources(request)[EndedSessions].read)
        db.after_commit(sweep, request)

    await run_in_transaction(request, leave)


async def erase(db: Transaction, parts: OwnDataParts, whose: Whose) -> None:
    """Everything that is only about the rider, and then who it was.

    Who it was comes last: answers that are kept for retries are found by its address."""
    await parts.erase(db, whose)
    await db.accounts.close_account(**whose)
