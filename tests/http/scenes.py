"""What has to be there before the example of an operation can be sent: one scene for each.

A scene makes the objects that the example names, and tells who sends it, where to, and which ids,
codes and addresses of the example are others here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.auth.test_passwords import forgotten
from tests.chat.conftest import open_chat, said
from tests.conftest import SignUp
from tests.moderation.conftest import report
from tests.people import PASSWORD, Campus, Rider, new_email
from tests.pooling.roads_to_campus import ask, go, ride, say
from tests.profiles.fellow_riders import share_a_ride
from tests.profiles.files import pdf, picture
from tests.reviews.conftest import written
from tests.reviews.rides import ride_together
from tests.services.board import act, applied, publish, team


@dataclass
class Scene:
    """Who sends the example, and what is otherwise than in it."""

    rider: Rider | None = None
    path: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    file: bytes = b""


@dataclass
class Stage:
    """What scenes are made with."""

    campus: Campus
    sign_up: SignUp
    db: asyncpg.Connection
    example: dict[str, Any]

    async def riders(self, number: int) -> list[Rider]:
        return [await self.sign_up() for _ in range(number)]

    async def moderator_and_rider(self) -> tuple[Rider, Rider]:
        return await self.sign_up("moderator"), await self.sign_up()


Make = Callable[[Stage], Awaitable[Scene]]
SCENES: dict[str, Make] = {}


def scene(*operation_ids: str) -> Callable[[Make], Make]:
    def keep(make: Make) -> Make:
        SCENES.update(dict.fromkeys(operation_ids, make))
        return make

    return keep


@scene(
    "changePassword",
    "registerDevice",
    "setQuietHours",
    "changeOwnProfile",
    "changeMailSettings",
    "deleteAccount",
    "findRoute",
    "createRecurringRide",
    "openRideRequest",
    "createRideSearch",
    "createService",
    "createServiceSearch",
    "raiseAlarm",
)
async def nothing(stage: Stage) -> Scene:
    return Scene(await stage.sign_up())


@scene("registerStudent")
async def nobody(_: Stage) -> Scene:
    return Scene(body={"email": new_email()})


@scene("logIn", "logInAtOlderAddress", "obtainTokens", "requestPasswordReset")
async def an_account(stage: Stage) -> Scene:
    rider = await stage.sign_up(password=stage.example.get("password", PASSWORD))
    name = "username" if "username" in stage.example else "email"
    return Scene(body={name: rider.email})


@scene("refreshTokens")
async def a_session(stage: Stage) -> Scene:
    return Scene(body={"refresh_token": (await stage.sign_up()).refresh_token})


@scene("verifyEmail")
async def a_mailed_code(stage: Stage) -> Scene:
    rider = await stage.sign_up()
    return Scene(body={"code": await stage.campus.mailed_code(rider.email, "Confirm your address")})


@scene("resetPassword")
async def a_forgotten_password(stage: Stage) -> Scene:
    rider = await stage.sign_up()
    return Scene(body={"code": await forgotten(stage.campus, rider.email)})


@scene("setProfileImage")
async def a_picture(stage: Stage) -> Scene:
    return Scene(await stage.sign_up(), file=picture())


@scene("setResume")
async def a_resume(stage: Stage) -> Scene:
    return Scene(await stage.sign_up(), file=pdf())


@scene("sendChatMessage")
async def company(stage: Stage) -> Scene:
    asha, dev = await stage.riders(2)
    await share_a_ride(stage.db, asha, dev)
    return Scene(asha, body={"receiver_id": dev.id})


@scene("markConversationRead")
async def a_message(stage: Stage) -> Scene:
    asha, dev = await stage.riders(2)
    await share_a_ride(stage.db, asha, dev)
    conversation_id = await open_chat(asha, dev)
    message = await said(dev, asha)
    return Scene(asha, {"conversation_id": conversation_id}, {"message_id": message["id"]})


@scene("reportUser")
async def a_ride_to_report(stage: Stage) -> Scene:
    asha, dev = await stage.riders(2)
    pool_id = await ride_together(stage.db, asha, dev)
    return Scene(asha, body={"user_id": dev.id, "reference": {"kind": "pool", "id": pool_id}})


@scene("resolveReport")
async def a_report(stage: Stage) -> Scene:
    moderator, rider = await stage.moderator_and_rider()
    return Scene(moderator, {"report_id": await report(await stage.sign_up(), rider)})


@scene("banUser", "warnUser")
async def somebody_to_moderate(stage: Stage) -> Scene:
    moderator, rider = await stage.moderator_and_rider()
    return Scene(moderator, {"user_id": rider.id})


@scene("unbanUser")
async def somebody_banned(stage: Stage) -> Scene:
    moderator, rider = await stage.moderator_and_rider()
    path = f"/api/moderation/users/{rider.id}/ban"
    assert (await moderator.call("POST", path, json={"note": "Why."})).status_code == 200
    return Scene(moderator, {"user_id": rider.id})


@scene("writeReview")
async def a_ride_that_is_over(stage: Stage) -> Scene:
    asha, dev = await stage.riders(2)
    return Scene(asha, {"pool_id": await ride_together(stage.db, asha, dev)}, {"user_id": dev.id})


@scene("changeReview")
async def a_review(stage: Stage) -> Scene:
    asha, dev = await stage.riders(2)
    review_id = await written(asha, await ride_together(stage.db, asha, dev), dev)
    return Scene(asha, {"review_id": review_id})


@scene("replyToReview")
async def reviews_of_each_other(stage: Stage) -> Scene:
    asha, dev = await stage.riders(2)
    pool_id = await ride_together(stage.db, asha, dev)
    await written(asha, pool_id, dev)
    return Scene(asha, {"review_id": await written(dev, pool_id, asha)})


@scene("reviewService")
async def work_that_is_done(stage: Stage) -> Scene:
    owner, member = await stage.riders(2)
    post_id, _ = await team(owner, member)
    assert (await act(owner, post_id, "complete")).status_code == 200
    return Scene(owner, {"post_id": post_id}, {"user_id": member.id})


@scene("sendConnectionRequest")
async def two_on_the_road(stage: Stage) -> Scene:
    asha, dev = await stage.riders(2)
    target = (await go(dev, ride(0)))["request_id"]
    own = (await go(asha, ride(1)))["request_id"]
    return Scene(asha, body={"target_request_id": target, "request_id": own})


@scene("respondToConnection")
async def a_question(stage: Stage) -> Scene:
    asha, dev = await stage.riders(2)
    target = (await go(dev, ride(0)))["request_id"]
    await go(asha, ride(1))
    sent = (await ask(asha, target)).json()
    return Scene(dev, {"connection_id": sent["connection_id"]})


@scene("changePool", "setPosition", "shareRide")
async def a_shared_ride(stage: Stage) -> Scene:
    found = await a_question(stage)
    assert found.rider
    assert (await say(found.rider, found.path["connection_id"])).status_code == 200
    pool = (await found.rider.call("GET", "/api/pool/pools/current")).json()["pool"]
    link = await found.rider.call("POST", "/api/safety/share", json={})
    assert link.status_code == 201, link.text
    return Scene(found.rider, {"pool_id": pool["pool_id"]})


@scene("changeRideRequest")
async def a_request(stage: Stage) -> Scene:
    rider = await stage.sign_up()
    return Scene(rider, {"request_id": (await go(rider))["request_id"]})


@scene("changeRecurringRide", "editRecurringRideDate")
async def a_weekly_ride(stage: Stage) -> Scene:
    rider = await stage.sign_up()
    body = ride(weekdays=["friday"], departs_at="09:00")
    kept = await rider.call("POST", "/api/pool/recurring", json=body)
    assert kept.status_code == 201, kept.text
    return Scene(rider, {"recurring_id": kept.json()["recurring_id"]})


@scene("resolveAlarm")
async def an_alarm(stage: Stage) -> Scene:
    moderator, rider = await stage.moderator_and_rider()
    raised = await rider.call("POST", "/api/safety/sos", json={})
    return Scene(moderator, {"alarm_id": raised.json()["id"]})


@scene("closeServiceForGood")
async def a_post_to_close(stage: Stage) -> Scene:
    moderator, rider = await stage.moderator_and_rider()
    return Scene(moderator, {"post_id": (await publish(rider))["id"]})


@scene("changeService")
async def a_post_of_ones_own(stage: Stage) -> Scene:
    rider = await stage.sign_up()
    return Scene(rider, {"post_id": (await publish(rider))["id"]})


@scene("applyToService", "reportService")
async def a_post_of_another(stage: Stage) -> Scene:
    owner, rider = await stage.riders(2)
    return Scene(rider, {"post_id": (await publish(owner))["id"]})


@scene("changeApplication")
async def an_application_of_ones_own(stage: Stage) -> Scene:
    owner, rider = await stage.riders(2)
    sent = await applied(rider, (await publish(owner))["id"])
    return Scene(rider, {"application_id": sent["id"]})


@scene("decideApplication")
async def an_application_of_another(stage: Stage) -> Scene:
    owner, rider = await stage.riders(2)
    sent = await applied(rider, (await publish(owner))["id"])
    return Scene(owner, {"application_id": sent["id"]})
