"""Who may chat because of a service: the two sides of an application, once they know each other."""

from tests.conftest import SignUp
from tests.people import Rider
from tests.services.board import PATH, act, applied, decide, publish, team


async def may_chat(one: Rider, other: Rider) -> bool:
    body = {"receiver_id": other.id, "content": "Hello."}
    answer = await one.call("POST", "/api/chat/messages", json=body)
    assert answer.status_code in (200, 403, 404), answer.text
    return answer.status_code == 200


async def test_who_applied_and_who_wrote_the_post_chat(sign_up: SignUp) -> None:
    owner, applicant, stranger = await sign_up(), await sign_up(), await sign_up()
    post_id = (await publish(owner))["id"]
    assert not await may_chat(owner, applicant)
    await applied(applicant, post_id)
    assert await may_chat(owner, applicant)
    assert await may_chat(applicant, owner)
    assert not await may_chat(stranger, owner)
    assert not await may_chat(applicant, stranger)


async def test_who_was_turned_down_does_not_begin_a_chat(sign_up: SignUp) -> None:
    owner, applicant = await sign_up(), await sign_up()
    sent = await applied(applicant, (await publish(owner))["id"])
    await decide(owner, sent["id"], "rejected")
    assert not await may_chat(applicant, owner)


async def test_those_who_worked_together_chat_when_it_is_done(sign_up: SignUp) -> None:
    owner, member = await sign_up(), await sign_up()
    post_id, _ = await team(owner, member)
    await act(owner, post_id, "complete")
    assert await may_chat(member, owner)


async def test_nobody_finds_out_by_chat_who_wrote_an_anonymous_post(sign_up: SignUp) -> None:
    owner, member, fellow = await sign_up(), await sign_up(), await sign_up()
    _, [application] = await team(owner, member, is_anonymous=True)
    # To try everybody in turn gets the same answer from all.
    assert not await may_chat(member, owner)
    assert not await may_chat(member, fellow)
    assert not await may_chat(owner, member)
    revealed = await owner.call("POST", f"{PATH}/applications/{application}/reveal")
    assert revealed.status_code == 200
    assert await may_chat(member, owner)
