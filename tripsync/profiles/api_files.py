"""Riders send, see and remove pictures and résumés.

A new file is registered, stored, and then referred to in one transaction with everything else
that changes; what is not referred to any more is swept. So a crash at any moment leaves no
row without its file, and no file that is not found by the next sweep.
"""

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Literal

from sanic import HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.database.rows import FilesFindImage, FilesFindResume, ProfilesFindOwnProfile
from tripsync.http.context import database, reading, resources, rider, run_in_transaction
from tripsync.http.endpoint import Binary, endpoint
from tripsync.http.identity import identify
from tripsync.http.picture_urls import PictureUrls
from tripsync.http.problems import NOT_AUTHENTICATED, TOO_MANY, UNAVAILABLE, Problem, Refusal
from tripsync.http.rate_limits import Limit, count_try
from tripsync.http.responses import (
    ASKED_AGAIN,
    download,
    has_current,
    not_modified,
)
from tripsync.profiles import pictures, resumes
from tripsync.profiles.api import blueprint, find_profile
from tripsync.profiles.pictures import PICTURE, Pictures
from tripsync.profiles.problems import NO_IMAGE, NO_RESUME, UNUSABLE_IMAGE, UNUSABLE_RESUME
from tripsync.profiles.resumes import RESUME, Resumes
from tripsync.profiles.schemas import PictureAddress, Profile
from tripsync.resources import Resources
from tripsync.settings import Settings
from tripsync.storage import Storage, StorageError, new_key, open_storage

# A file costs a decoder some work.
UPLOAD = Limit("upload", per_address="600/hour", per_account="30/hour")

FileKind = Literal["image", "resume"]
# How many forgotten files one change takes away, besides its own.
SWEEP = 20


@blueprint.post("/api/profile/me/image")
@endpoint(upload=PICTURE, answer=Profile, refuses=(UNUSABLE_IMAGE, TOO_MANY))
async def set_profile_image(request: Request, file: bytes) -> object:
    """Set one's picture.

    It is cut to a square of at most 512 pixels and loses all that is not seen in it, such as
    the place where it was taken. Of a moving picture the first frame stays."""
    await count_try(request, UPLOAD, rider(request).email)
    return await keep(request, "image", await resources(request)[Pictures].draw(file))


@blueprint.post("/api/profile/me/resume")
@endpoint(upload=RESUME, answer=Profile, refuses=(UNUSABLE_RESUME, TOO_MANY))
async def set_resume(request: Request, file: bytes) -> object:
    """Set one's résumé.

    A plain PDF of at most 20 pages; one that is locked, holds a script or carries another file
    is refused."""
    await count_try(request, UPLOAD, rider(request).email)
    await resources(request)[Resumes].check(file)
    return await keep(request, "resume", file)


@blueprint.delete("/api/profile/me/image")
@endpoint(status=204)
async def remove_profile_image(request: Request) -> None:
    """Take one's picture away."""
    await remove(request, "image")


@blueprint.delete("/api/profile/me/resume")
@endpoint(status=204)
async def remove_resume(request: Request) -> None:
    """Take one's résumé away."""
    await remove(request, "resume")


@blueprint.get("/api/users/<user_id:id>/image")
@endpoint(
    query=PictureAddress,
    answer=Binary(pictures.STORED_AS),
    refuses=(NO_IMAGE, NOT_AUTHENTICATED),
    open=True,
)
async def show_profile_image(request: Request, query: PictureAddress, user_id: int) -> object:
    """See the picture of a fellow of one's college, or one's own.

    `profile_image_url` is an address of it that opens without a token: for the rider it was given
    to, for six to twelve hours, and as long as that rider may see the picture and it is the same.
    Who brings a token is asked for nothing else."""
    viewer_id, version, caching = viewer_of(request, query, user_id)
    find = partial(
        reading(request).files.find_image, viewer_id=viewer_id, user_id=user_id, version=version
    )
    return await give(request, find, pictures.STORED_AS, NO_IMAGE, caching)


def viewer_of(request: Request, query: PictureAddress, user_id: int) -> tuple[int, str | None, str]:
    """Who looks, at which version if at no other, and how long a copy may be kept."""
    if query.signature is None or "authorization" in request.headers:
        return identify(request).user_id, None, ASKED_AGAIN
    if not resources(request)[PictureUrls].is_signed(
        user_id, query.v, query.viewer, query.expires, query.signature
    ):
        raise Problem(NO_IMAGE)
    return query.viewer, query.v, f"private, max-age={query.expires - int(time.time())}"


@blueprint.get("/api/users/<user_id:id>/resume")
@endpoint(answer=Binary(resumes.STORED_AS), refuses=(NO_RESUME,))
async def show_resume(request: Request, user_id: int) -> object:
    """See one's own résumé, or that of a fellow one shares a ride with.

    Or of somebody who applied to a post of one's own that asks for a résumé."""
    who = rider(request)
    find = partial(
        reading(request).files.find_resume,
        college_id=who.college_id,
        viewer_id=who.user_id,
        user_id=user_id,
    )
    # Not opened within the app's own origin, whatever the checks have missed.
    aside = {"Content-Disposition": 'attachment; filename="resume.pdf"'}
    return await give(request, find, resumes.STORED_AS, NO_RESUME, headers=aside)


async def keep(request: Request, kind: FileKind, content: bytes) -> ProfilesFindOwnProfile:
    """Store a file and make it the rider's own; gives the profile that has it."""
    who = rider(request)
    key = new_key()

    async def register(db: Transaction) -> None:
        await db.files.register_file(storage_key=key)

    await run_in_transaction(request, register)
    try:
        await storage(request).save(key, content)
    except StorageError:
        raise Problem(UNAVAILABLE, headers={"Retry-After": "5"}) from None

    async def replace(db: Transaction) -> ProfilesFindOwnProfile:
        await db.files.replace_file(
            college_id=who.college_id,
            user_id=who.user_id,
            kind=kind,
            storage_key=key,
            version=hashlib.sha256(content).hexdigest()[:32],
        )
        db.after_commit(sweep, request)
        return await find_profile(db, who)

    return await run_in_transaction(request, replace)


async def remove(request: Request, kind: FileKind) -> None:
    who = rider(request)

    async def remove_it(db: Transaction) -> None:
        await db.files.remove_file(college_id=who.college_id, user_id=who.user_id, kind=kind)
        db.after_commit(sweep, request)

    await run_in_transaction(request, remove_it)


async def sweep(request: Request) -> None:
    """Delete what nobody refers to any more. What fails stays for the next sweep, not for another
    try: the storage takes nothing back."""
    async with database(request).transaction() as db:
        forgotten = await db.files.take_unreferenced_files(size=SWEEP)
        if forgotten:
            await storage(request).delete([each["storage_key"] for each in forgotten])


async def give(
    request: Request,
    find: Callable[[], Awaitable[FilesFindImage | FilesFindResume | None]],
    media_type: str,
    refusal: Refusal,
    caching: str = ASKED_AGAIN,
    headers: Mapping[str, str] | None = None,
) -> HTTPResponse:
    """The file, or a 304 for a client that has it already."""
    # Twice: a file that is replaced between the look at its row and the one at the storage.
    for _ in range(2):
        file = await find()
        if file is None:
            break
        if has_current(request, file["version"]):
            return not_modified(file["version"], caching)
        try:
            content = await storage(request).load(file["storage_key"])
        except StorageError:
            raise Problem(UNAVAILABLE, headers={"Retry-After": "5"}) from None
        if content is not None:
            return download(content, media_type, file["version"], caching, headers)
    raise Problem(refusal)


def storage(request: Request) -> Storage:
    return resources(request)[Storage]


def open_workshops(resources: Resources) -> None:
    """Open what checks files and keeps them."""
    settings = resources[Settings]
    pictures = Pictures(settings)
    resources.add(pictures, closed_by=pictures.close)
    resources.add(Resumes())
    resources.add(open_storage(settings), kind=Storage)
