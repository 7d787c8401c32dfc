"""What riders of a college may know of each other."""

from sanic import Blueprint, HTTPResponse, Request

from tripsync.http.context import reading, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.problems import Problem
from tripsync.http.responses import answer
from tripsync.profiles.problems import NO_SUCH_RIDER
from tripsync.profiles.schemas import FellowProfile

blueprint = Blueprint("fellows")


@blueprint.get("/api/users/<user_id:id>/profile")
@endpoint(answer=FellowProfile, refuses=(NO_SUCH_RIDER,))
async def read_fellow(request: Request, user_id: int) -> HTTPResponse:
    """Read the profile of a fellow of one's college.

    Email, telephone number and emergency contact are shown only while one shares a ride."""
    who = rider(request)
    profile = await reading(request).profiles.find_profile(
        college_id=who.college_id, viewer_id=who.user_id, user_id=user_id
    )
    if profile is None:
        raise Problem(NO_SUCH_RIDER)
    return answer(profile)
