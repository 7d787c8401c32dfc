"""Everything held about a rider, as one JSON document.

Each section is a query of sql/own_data.sql. All are read in one snapshot of the database, row by
row, and sent as they come: nobody's history is held in memory.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from sanic import Request

from tripsync.database import Snapshot
from tripsync.database.encoding import encode
from tripsync.database.rows import OwnDataExportAccount
from tripsync.http.context import database, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.identity import CHALLENGE
from tripsync.http.problems import NOT_AUTHENTICATED, TOO_MANY, Problem
from tripsync.http.rate_limits import count_try
from tripsync.profiles.api import blueprint
from tripsync.profiles.limits import EXPORT
from tripsync.profiles.schemas import OwnData
from tripsync.realtime.events import redact_contacts

# Sent together: a chunk a row would be more frame than content.
CHUNK_BYTES = 16_384

SECTIONS = (
    "files",
    "sessions",
    "devices",
    "quiet_hours",
    "mailed_codes",
    "unwanted_mails",
    "requests",
    "recurring_rides",
    "saved_searches",
    "connections",
    "pools",
    "reviews_written",
    "reviews_received",
    "conversations",
    "messages",
    "service_posts",
    "service_applications",
    "service_searches",
    "blocks",
    "reports_made",
    "sanctions",
    "moderation",
    "alarms",
    "ride_shares",
    "events",
)


@blueprint.get("/api/profile/me/export")
@endpoint(answer=OwnData, refuses=(TOO_MANY,))
async def export(request: Request) -> None:
    """Get everything that is held about oneself.

    All sections are of the same moment. Of others it tells names at most; who blocked or reported
    one stays their secret, and so does a review that is not to be read yet. Files are fetched from
    the addresses in `files`."""
    who = rider(request)
    await count_try(request, EXPORT, who.email)
    async with database(request).snapshot() as snapshot:
        whose = {"college_id": who.college_id, "user_id": who.user_id}
        account = await snapshot.own_data.export_account(**whose)
        if account is None:
            # It was deleted while its token still lived.
            raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
        aside = {"Content-Disposition": 'attachment; filename="tripsync.json"'}
        answer = await request.respond(content_type="application/json", headers=aside)
        async for chunk in chunks(document(snapshot, whose, account)):
            await answer.send(chunk)
        await answer.eof()


async def document(
    snapshot: Snapshot, whose: dict[str, int], account: OwnDataExportAccount
) -> AsyncIterator[bytes]:
    """The document, piece by piece."""
    yield b'{"exported_at":' + encode(datetime.now(UTC))
    yield b',"account":' + encode(account)
    yield b',"profile":' + encode(await snapshot.own_data.export_profile(**whose))
    for section in SECTIONS:
        yield b',"' + section.encode() + b'":['
        comma = b""
        async for row in snapshot.rows("own_data", f"export_{section}", **whose):
            shown = redact_contacts(dict(row)) if section == "events" else row
            yield comma + encode(shown)
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
