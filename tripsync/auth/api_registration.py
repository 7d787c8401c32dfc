"""People sign up at a college, and confirm that the address is their own."""

from sanic import HTTPResponse, Request

from tripsync.auth.api import blueprint
from tripsync.auth.fields import admits
from tripsync.auth.limits import CODE, REGISTER
from tripsync.auth.mails import VERIFY_EMAIL, post_code
from tripsync.auth.problems import EMAIL_TAKEN, FOREIGN_ADDRESS, UNKNOWN_COLLEGE, USELESS_CODE
from tripsync.auth.schemas import Account, CollegePage, EmailVerification, Registration
from tripsync.database import Transaction
from tripsync.database.rows import AccountsCreateUser
from tripsync.http.context import reading, resources, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.hashing import Hasher
from tripsync.http.idempotency import create_once
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import TOO_MANY, FieldError, Problem
from tripsync.http.rate_limits import count_try
from tripsync.http.responses import Confirmation
from tripsync.http.tokens import hash_of

ADDRESS_HAS_ACCOUNT = (
    "This address has an account already; sign in, or ask for a new password if you forgot it."
)


@blueprint.post("/api/auth/register")
@endpoint(
    body=Registration,
    answer=Account,
    status=201,
    refuses=(EMAIL_TAKEN, UNKNOWN_COLLEGE, FOREIGN_ADDRESS, TOO_MANY),
    open=True,
    idempotent=True,
)
async def register_student(request: Request, body: Registration) -> HTTPResponse:
    """Open an account.

    It can be used at once; a mail asks to confirm the address."""
    await count_try(request, REGISTER, body.email)
    college_id = await find_college_for(request, body)
    password_hash = await resources(request)[Hasher].hash(body.password)

    async def open_account(db: Transaction) -> AccountsCreateUser:
        account = await db.accounts.create_user(
            college_id=college_id,
            email=body.email,
            full_name=body.full_name.strip(),
            password_hash=password_hash,
        )
        if account is None:
            raise Problem(EMAIL_TAKEN, errors=[FieldError("email", ADDRESS_HAS_ACCOUNT)])
        await post_code(db, VERIFY_EMAIL, body.email)
        return account

    return await create_once(request, open_account)


async def find_college_for(request: Request, body: Registration) -> int:
    """Return the id of the college of this name, if it takes this address."""
    college = await reading(request).colleges.find_college(name=body.college_name.strip())
    if college is None:
        known = await reading(request).colleges.list_college_names()
        names = ", ".join(each["name"] for each in known)
        detail = f"There is no college of this name. We know: {names}."
        raise Problem(UNKNOWN_COLLEGE, detail, errors=[FieldError("college_name", detail)])
    if not admits(college["email_domains"], body.email):
        domains = ", ".join(college["email_domains"])
        detail = f"{college['name']} takes email addresses of {domains} only."
        raise Problem(FOREIGN_ADDRESS, detail, errors=[FieldError("email", detail)])
    return int(college["college_id"])


@blueprint.post("/api/auth/email/verification")
@endpoint(answer=Confirmation, status=202, refuses=(TOO_MANY,))
async def send_verification_mail(request: Request) -> object:
    """Mail the code again that confirms one's address."""
    await count_try(request, CODE, rider(request).email)

    async def ask_for_mail(db: Transaction) -> None:
        await post_code(db, VERIFY_EMAIL, rider(request).email)

    await run_in_transaction(request, ask_for_mail)
    return {"message": "If your address is not confirmed yet, a mail is on its way."}


@blueprint.post("/api/auth/email/verify")
@endpoint(body=EmailVerification, answer=Confirmation, refuses=(USELESS_CODE, TOO_MANY), open=True)
async def verify_email(request: Request, body: EmailVerification) -> object:
    """Confirm one's address with the code from the mail."""
    await count_try(request, CODE, body.code)

    async def confirm(db: Transaction) -> None:
        owner = await db.mailed_codes.spend_code(
            code_hash=hash_of(body.code), purpose="verify_email"
        )
        if owner is None:
            raise Problem(USELESS_CODE)
        await db.accounts.verify_email(**owner)

    await run_in_transaction(request, confirm)
    return {"message": "Thank you, your address is confirmed."}


@blueprint.get("/api/colleges")
@endpoint(query=Page, answer=CollegePage, open=True)
async def list_colleges(request: Request, query: Page) -> object:
    """List the colleges, by name."""
    colleges = await reading(request).colleges.list_colleges(
        after=query.after(str), skip=query.skip, size=query.limit
    )
    following = next_cursor(colleges, query, lambda college: college["name"])
    return {"items": colleges, "next_cursor": following}
