"""Riders choose which mails they get, in the app or by the link in a mail."""

from sanic import HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.database.rows import MailsFindSettings
from tripsync.http.context import reading, rider, run_in_transaction, settings
from tripsync.http.endpoint import Binary, endpoint
from tripsync.http.pages import page
from tripsync.http.problems import NOT_FOUND, Problem
from tripsync.mail.letters import KINDS
from tripsync.mail.unsubscribing import IN_WORDS, Unsubscription, read_token
from tripsync.profiles.api import blueprint
from tripsync.profiles.schemas import MailSettings

PAGE = Binary("text/html", versioned=False)


@blueprint.get("/api/profile/me/mail-settings")
@endpoint(answer=MailSettings)
async def read_mail_settings(request: Request) -> object:
    """Tell which mails one gets; those that accounts and alarms need always come."""
    who = rider(request)
    return await reading(request).mails.find_settings(
        college_id=who.college_id, user_id=who.user_id
    )


@blueprint.put("/api/profile/me/mail-settings")
@endpoint(body=MailSettings, answer=MailSettings)
async def change_mail_settings(request: Request, body: MailSettings) -> object:
    """Choose which mails one gets."""
    who = rider(request)
    whose = {"college_id": who.college_id, "user_id": who.user_id}
    wanted = [kind for kind in KINDS if getattr(body, kind)]

    async def choose(db: Transaction) -> MailsFindSettings:
        await db.mails.subscribe(**whose, kinds=wanted)
        await db.mails.unsubscribe(**whose, kinds=[each for each in KINDS if each not in wanted])
        return await db.mails.find_settings(**whose)

    return await run_in_transaction(request, choose)


@blueprint.get("/api/mail/unsubscribe/<token:secret>")
@endpoint(answer=PAGE, refuses=(NOT_FOUND,), open=True)
async def show_unsubscribe_page(request: Request, token: str) -> object:
    """Show the page to which the link in a mail leads, with a button; it changes nothing."""
    return await show(request, claimed(request, token), done=False)


@blueprint.post("/api/mail/unsubscribe/<token:secret>")
@endpoint(answer=PAGE, refuses=(NOT_FOUND,), open=True)
async def unsubscribe(request: Request, token: str) -> object:
    """End one kind of mail by the link in it, as mail programs do with one click (RFC 8058)."""
    who = claimed(request, token)

    async def end(db: Transaction) -> None:
        await db.mails.unsubscribe(college_id=who.college_id, user_id=who.user_id, kinds=[who.kind])

    await run_in_transaction(request, end)
    return await show(request, who, done=True)


def claimed(request: Request, token: str) -> Unsubscription:
    who = read_token(settings(request), token)
    if who is None:
        raise Problem(NOT_FOUND)
    return who


async def show(request: Request, who: Unsubscription, *, done: bool) -> HTTPResponse:
    return await page(request, "unsubscribe.html", what=IN_WORDS[who.kind], done=done)
