"""Students apply to posts, and change or withdraw their applications."""

from typing import Any

import msgspec
from msgspec import UNSET
from sanic import HTTPResponse, Request

from tripsync.database import Bound, Transaction
from tripsync.database.rows import (
    ApplicationsFindApplication,
    ApplicationsFindSides,
    ApplicationsLockApplication,
    ApplicationsLockPostToApply,
)
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.identity import EMAIL_NOT_VERIFIED, check_verified
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import Problem
from tripsync.http.responses import Listed
from tripsync.http.tokens import Rider
from tripsync.realtime.events import append
from tripsync.services.api import blueprint
from tripsync.services.conditions import Offer, unmet
from tripsync.services.events import (
    ServiceApplicationReceived,
    ServiceApplicationWithdrawn,
    snapshot_of,
)
from tripsync.services.posts import money
from tripsync.services.problems import (
    ALREADY_APPLIED,
    APPLICATION_DECIDED,
    DEADLINE_PASSED,
    NO_SUCH_APPLICATION,
    NO_SUCH_POST,
    NOT_YOUR_APPLICATION,
    OWN_POST,
    POST_CLOSED,
    REQUIREMENTS_UNMET,
)
from tripsync.services.schemas_applications import (
    NewServiceApplication,
    ServiceApplication,
    ServiceApplicationChange,
)

# A post that nobody else changes meanwhile, by itself or with an application to it.
HeldPost = ApplicationsLockPostToApply | ApplicationsLockApplication


@blueprint.post("/api/services/<post_id:id>/apply")
@endpoint(
    body=NewServiceApplication,
    answer=ServiceApplication,
    refuses=(
        EMAIL_NOT_VERIFIED,
        NO_SUCH_POST,
        OWN_POST,
        POST_CLOSED,
        DEADLINE_PASSED,
        ALREADY_APPLIED,
        REQUIREMENTS_UNMET,
    ),
    idempotent=True,
)
async def apply_to_service(
    request: Request, body: NewServiceApplication, post_id: int
) -> HTTPResponse:
    """Apply to a post of one's college, once.

    Everything that the post requires must be there; what is missing is named. A résumé in one's
    profile counts as one. Who wrote the post is told by `service_application_received`."""
    who = rider(request)

    async def send(db: Transaction) -> ApplicationsFindApplication:
        post = await db.applications.lock_post_to_apply(
            college_id=who.college_id, user_id=who.user_id, post_id=post_id
        )
        if post is None:
            raise Problem(NO_SUCH_POST)
        if post["own"]:
            raise Problem(OWN_POST)
        check_verified(db, post["verified"])
        check_open(post)
        check_requirements(post, body.cover_letter, body.resume_url is not None)
        application_id = await db.applications.create_application(
            college_id=who.college_id,
            post_id=post_id,
            poster_id=post["poster_id"],
            user_id=who.user_id,
            **columns_of(body),
        )
        if application_id is None:
            raise Problem(ALREADY_APPLIED)
        sent = await find_application(db, who, application_id)
        if not post["unheard"]:
            await append(db, post["poster_id"], ServiceApplicationReceived(snapshot_of(sent)))
        return sent

    return await create_once(request, send)


def check_open(post: HeldPost) -> None:
    if not post["in_time"]:
        raise Problem(DEADLINE_PASSED)
    if post["shown_status"] != "open":
        raise Problem(POST_CLOSED)


def check_requirements(post: HeldPost, cover_letter: str | None, has_link: bool) -> None:
    required = {"resume": post["requires_resume"], "cover_letter": post["requires_cover_letter"]}
    offer = Offer(cover_letter, has_link or post["has_resume"], post["year_of_study"])
    if missing := unmet(required, post["requirements"], offer):
        said = " ".join(each.detail for each in missing)
        raise Problem(REQUIREMENTS_UNMET, said, errors=missing)


def columns_of(body: NewServiceApplication | ServiceApplicationChange) -> dict[str, Any]:
    """Return the columns that were sent."""
    sent = {name: each for name, each in msgspec.structs.asdict(body).items() if each is not UNSET}
    if (rate := sent.get("proposed_rate")) is not None:
        sent["proposed_rate"] = money(rate)
    return sent


async def find_application(
    db: Bound, who: Rider, application_id: int
) -> ApplicationsFindApplication:
    return await db.applications.find_application(
        college_id=who.college_id, viewer_id=who.user_id, application_id=application_id
    )


@blueprint.get("/api/profile/me/applications")
@endpoint(query=Page, answer=list[ServiceApplication])
async def list_own_applications(request: Request, query: Page) -> object:
    """List what one applied to, the latest first, also what is not there any more."""
    who = rider(request)
    rows = await reading(request).applications.list_own(
        college_id=who.college_id,
        user_id=who.user_id,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    return Listed(rows, next_cursor(rows, query, lambda row: row["id"]))


@blueprint.patch("/api/services/applications/<application_id:id>")
@endpoint(
    body=ServiceApplicationChange,
    answer=ServiceApplication,
    refuses=(
        NO_SUCH_APPLICATION,
        NOT_YOUR_APPLICATION,
        APPLICATION_DECIDED,
        POST_CLOSED,
        DEADLINE_PASSED,
        REQUIREMENTS_UNMET,
    ),
)
async def change_application(
    request: Request, body: ServiceApplicationChange, application_id: int
) -> object:
    """Change what one sent, while it waits and the post is open."""
    who = rider(request)

    async def change(db: Transaction) -> ApplicationsFindApplication:
        _, held = await hold_own(db, who, application_id)
        if held["status"] != "pending":
            raise Problem(APPLICATION_DECIDED)
        check_open(held)
        letter = held["cover_letter"] if body.cover_letter is UNSET else body.cover_letter
        has_link = held["has_link"] if body.resume_url is UNSET else body.resume_url is not None
        check_requirements(held, letter, has_link)
        sent = columns_of(body)
        nothing = dict.fromkeys(ServiceApplicationChange.__struct_fields__)
        await db.applications.change_application(
            college_id=who.college_id,
            application_id=application_id,
            given=list(sent),
            **(nothing | sent),
        )
        return await find_application(db, who, application_id)

    return await run_in_transaction(request, change)


@blueprint.post("/api/services/applications/<application_id:id>/withdraw")
@endpoint(
    answer=ServiceApplication,
    refuses=(NO_SUCH_APPLICATION, NOT_YOUR_APPLICATION, APPLICATION_DECIDED),
)
async def withdraw_application(request: Request, application_id: int) -> object:
    """Take an application back, also one that was accepted, until the work is done.

    Its place is free again; who wrote the post is told."""
    who = rider(request)

    async def take_back(db: Transaction) -> ApplicationsFindApplication:
        sides, held = await hold_own(db, who, application_id)
        if held["status"] not in ("pending", "accepted") or held["post_status"] == "completed":
            raise Problem(APPLICATION_DECIDED)
        await db.applications.set_status(
            college_id=who.college_id, application_id=application_id, status="withdrawn"
        )
        taken_back = await find_application(db, who, application_id)
        if not held["unheard"]:
            event = ServiceApplicationWithdrawn(snapshot_of(taken_back))
            await append(db, sides["poster_id"], event)
        return taken_back

    return await run_in_transaction(request, take_back)


async def hold_own(
    db: Transaction, who: Rider, application_id: int
) -> tuple[ApplicationsFindSides, ApplicationsLockApplication]:
    """Lock the post, then the rider's own application to it; return the two sides and it."""
    sides = await find_sides(db, who, application_id)
    if sides["owns_post"]:
        raise Problem(NOT_YOUR_APPLICATION)
    return sides, await hold(db, who, sides["post_id"], application_id)


async def find_sides(db: Transaction, who: Rider, application_id: int) -> ApplicationsFindSides:
    sides = await db.applications.find_sides(
        college_id=who.college_id, user_id=who.user_id, application_id=application_id
    )
    if sides is None:
        raise Problem(NO_SUCH_APPLICATION)
    return sides


async def hold(
    db: Transaction, who: Rider, post_id: int, application_id: int
) -> ApplicationsLockApplication:
    """Lock a post, then an application to it: everybody locks them in this order."""
    await db.services.hold_post(college_id=who.college_id, post_id=post_id)
    return await db.applications.lock_application(
        college_id=who.college_id, application_id=application_id
    )
