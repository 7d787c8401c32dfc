"""Riders block each other: neither sees the other any more, and only one knows why.

The blocked one is told nothing and can find nothing out here: every answer is the same,
and made by the same query, whether or not the other one blocked first.
"""

from sanic import Blueprint, Request

from tripsync.database import Transaction
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import Problem
from tripsync.moderation.problems import NO_SUCH_RIDER, OWN_BLOCK
from tripsync.moderation.schemas import BlockPage

blueprint = Blueprint("moderation")


@blueprint.put("/api/users/<user_id:id>/block")
@endpoint(status=204, refuses=(NO_SUCH_RIDER, OWN_BLOCK))
async def block_user(request: Request, user_id: int) -> None:
    """Block a fellow: neither sees the other any more; to do it twice is no error."""
    who = rider(request)
    if user_id == who.user_id:
        raise Problem(OWN_BLOCK)

    async def begin(db: Transaction) -> bool | None:
        return await db.blocks.block_rider(
            college_id=who.college_id, blocker_id=who.user_id, blocked_id=user_id
        )

    is_fellow = await run_in_transaction(request, begin)
    if not is_fellow:
        raise Problem(NO_SUCH_RIDER)


@blueprint.delete("/api/users/<user_id:id>/block")
@endpoint(status=204, refuses=(NO_SUCH_RIDER,))
async def unblock_user(request: Request, user_id: int) -> None:
    """End one's block of a fellow; theirs, if there is one, stays."""
    who = rider(request)

    async def end(db: Transaction) -> bool | None:
        return await db.blocks.unblock_rider(
            college_id=who.college_id, blocker_id=who.user_id, blocked_id=user_id
        )

    is_fellow = await run_in_transaction(request, end)
    if not is_fellow:
        raise Problem(NO_SUCH_RIDER)


@blueprint.get("/api/blocks")
@endpoint(query=Page, answer=BlockPage)
async def list_blocks(request: Request, query: Page) -> object:
    """List those whom one blocked, by id."""
    who = rider(request)
    blocks = await reading(request).blocks.list_blocks(
        college_id=who.college_id,
        blocker_id=who.user_id,
        after=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    following = next_cursor(blocks, query, lambda blocked: blocked["id"])
    return {"items": blocks, "next_cursor": following}
