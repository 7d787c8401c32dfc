"""Applications: what must be brought, what becomes of them, and who hears of it."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import heard_by
from tests.profiles.files import RESUME, pdf, send
from tests.services.board import (
    PATH,
    act,
    applied,
    apply,
    decide,
    publish,
    show,
    team,
)

CONTRACT = {
    "id",
    "status",
    "applicant",
    "service_post",
    "cover_letter",
    "resume_url",
    "proposed_rate",
    "application_date",
}
LINK = "https://files.example/asha.pdf"


async def received(owner: Rider, post_id: int, **parameters: Any) -> list[dict[str, Any]]:
    answer = await owner.call("GET", f"{PATH}/{post_id}/applications", params=parameters)
    assert answer.status_code == 200, answer.text
    applications: list[dict[str, Any]] = answer.json()
    return applications


async def sent_by(rider: Rider) -> list[dict[str, Any]]:
    applications: list[dict[str, Any]] = (
        await rider.call("GET", "/api/profile/me/applications")
    ).json()
    return applications


async def told(db: asyncpg.Connection, rider: Rider, *kinds: str) -> list[tuple[str, Any]]:
    return [each for each in await heard_by(db, rider) if each[0].startswith("service_")]


async def test_an_application_is_as_the_contract_says(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, fellow = await sign_up(), await sign_up(full_name="Dev Shah")
    published = await publish(owner)
    body = {"cover_letter": "I can.", "resume_url": LINK, "proposed_rate": 99.5}
    sent = await applied(fellow, published["id"], **body)
    assert sent.keys() >= CONTRACT
    for name, value in body.items():
        assert sent[name] == value
    assert sent["status"] == "pending"
    assert sent["applicant"] == {"id": fellow.id, "full_name": "Dev Shah"}
    assert sent["service_post"] == {"id": published["id"], "title": published["title"]}
    assert await sent_by(fellow) == [sent]
    assert await received(owner, published["id"]) == [sent]
    [(kind, payload)] = await told(db, owner)
    assert kind == "service_application_received"
    assert payload["application"]["id"] == sent["id"]
    assert payload["application"]["applicant"] == sent["applicant"]
    assert await told(db, fellow) == []


async def test_one_applies_once(sign_up: SignUp) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner))["id"]
    sent = await applied(fellow, post_id)
    again = await apply(fellow, post_id)
    assert (again.status_code, again.json()["code"]) == (409, "already_applied")
    await fellow.call("POST", f"{PATH}/applications/{sent['id']}/withdraw")
    assert (await apply(fellow, post_id)).status_code == 200
    assert [each["status"] for each in await sent_by(fellow)] == ["pending", "withdrawn"]


async def test_twenty_who_press_twice_apply_once(sign_up: SignUp, db: asyncpg.Connection) -> None:
    owner = await sign_up()
    post_id = (await publish(owner, team_size=3))["id"]
    crowd = [await sign_up() for _ in range(10)]
    answers = await asyncio.gather(*(apply(each, post_id) for each in crowd for _ in range(2)))
    codes = sorted(each.status_code for each in answers)
    assert codes == [200] * 10 + [409] * 10
    assert len(await received(owner, post_id)) == 10


async def test_the_same_key_applies_once(sign_up: SignUp) -> None:
    owner, fellow = await sign_up(), await sign_up()
    path = f"{PATH}/{(await publish(owner))['id']}/apply"
    headers = {"Idempotency-Key": "once"}
    answers = [await fellow.call("POST", path, json={}, headers=headers) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_nobody_applies_to_their_own_post(sign_up: SignUp) -> None:
    owner = await sign_up()
    for anonymous in (False, True):
        answer = await apply(owner, (await publish(owner, is_anonymous=anonymous))["id"])
        assert (answer.status_code, answer.json()["code"]) == (403, "own_post")


async def test_the_schema_lets_nobody_apply_to_their_own_post(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, other = await sign_up(), await sign_up()
    post_id = (await publish(owner))["id"]
    insert = (
        "insert into service_applications (college_id, post_id, poster_id, user_id) "
        "values ($1, $2, $3, $4)"
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(insert, owner.college_id, post_id, owner.id, owner.id)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await db.execute(insert, owner.college_id, post_id, other.id, owner.id)


async def test_nobody_applies_to_what_is_closed(sign_up: SignUp, db: asyncpg.Connection) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner))["id"]
    await act(owner, post_id, "close")
    answer = await apply(fellow, post_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "post_closed")
    await act(owner, post_id, "reopen")
    await db.execute("update service_posts set deadline = now() where post_id = $1", post_id)
    answer = await apply(fellow, post_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "deadline_passed")
    foreigner = await sign_up(college_name="VJTI")
    assert (await apply(foreigner, post_id)).status_code == 404
    assert (await owner.client.post(f"{PATH}/{post_id}/apply", json={})).status_code == 401


@pytest.mark.parametrize(
    ("asked", "missing", "brought"),
    [
        ({"requires_resume": True}, "resume_url", {"resume_url": LINK}),
        ({"requires_cover_letter": True}, "cover_letter", {"cover_letter": "I can."}),
        (
            {"requirements": [{"text": "A résumé", "kind": "resume"}]},
            "resume_url",
            {"resume_url": LINK},
        ),
        (
            {"requirements": [{"text": "A letter", "kind": "cover_letter"}]},
            "cover_letter",
            {"cover_letter": "I can."},
        ),
    ],
)
async def test_what_is_required_is_named_when_it_is_missing(
    sign_up: SignUp, asked: dict[str, Any], missing: str, brought: dict[str, Any]
) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner, **asked))["id"]
    answer = await apply(fellow, post_id)
    assert (answer.status_code, answer.json()["code"]) == (422, "requirements_unmet")
    assert [each["field"] for each in answer.json()["errors"]] == [missing]
    sent = await applied(fellow, post_id, **brought)
    path = f"{PATH}/applications/{sent['id']}"
    taken_out = await fellow.call("PATCH", path, json={missing: None})
    assert (taken_out.status_code, taken_out.json()["code"]) == (422, "requirements_unmet")


async def test_all_that_is_missing_is_named_at_once(sign_up: SignUp) -> None:
    owner, fellow = await sign_up(), await sign_up()
    year = {"text": "Third or fourth", "kind": "year_of_study"}
    published = await publish(
        owner,
        requires_resume=True,
        requires_cover_letter=True,
        requirements=[
            {**year, "value": "Third Year"},
            {**year, "value": "Fourth Year"},
            {"text": "Patience", "kind": "skill"},
        ],
    )
    answer = await apply(fellow, published["id"])
    fields = [each["field"] for each in answer.json()["errors"]]
    assert (answer.status_code, fields) == (422, ["resume_url", "cover_letter", "year_of_study"])
    await fellow.call("PUT", "/api/profile/me", json={"year_of_study": "fourth year"})
    brought = {"resume_url": LINK, "cover_letter": "I can."}
    await applied(fellow, published["id"], **brought)


async def test_a_resume_in_the_profile_will_do_and_is_read_by_the_owner(sign_up: SignUp) -> None:
    owner, fellow, stranger = await sign_up(), await sign_up(), await sign_up()
    post_id = (await publish(owner, requires_resume=True))["id"]
    resume = f"/api/users/{fellow.id}/resume"
    assert (await send(fellow, RESUME, pdf())).status_code == 200
    assert (await owner.call("GET", resume)).status_code == 404
    sent = await applied(fellow, post_id)
    assert (await owner.call("GET", resume)).status_code == 200
    assert (await stranger.call("GET", resume)).status_code == 404
    await fellow.call("POST", f"{PATH}/applications/{sent['id']}/withdraw")
    assert (await owner.call("GET", resume)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"proposed_rate": -1},
        {"proposed_rate": 1e308},
        {"proposed_rate": "NaN"},
        {"cover_letter": ""},
        {"cover_letter": "   "},
        {"cover_letter": "x" * 5001},
        {"cover_letter": "nul \0"},
        {"resume_url": "javascript:alert(1)"},
        {"resume_url": "https://files.example/" + "x" * 500},
        {"resume_url": "https://who@evil.example/"},
        {"resume_url": "https://files.example/\n"},
        {"status": "accepted"},
    ],
)
async def test_an_application_out_of_bounds_is_refused(
    sign_up: SignUp, body: dict[str, Any]
) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner))["id"]
    answer = await apply(fellow, post_id, **body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(body)))
    sent = await applied(fellow, post_id)
    changed = await fellow.call("PATCH", f"{PATH}/applications/{sent['id']}", json=body)
    assert changed.status_code == 422


async def test_what_waits_can_be_changed(sign_up: SignUp) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner, team_size=2))["id"]
    sent = await applied(fellow, post_id, cover_letter="First", proposed_rate=10)
    path = f"{PATH}/applications/{sent['id']}"
    changed = await fellow.call("PATCH", path, json={"cover_letter": "Second", "resume_url": LINK})
    assert changed.json() == sent | {"cover_letter": "Second", "resume_url": LINK}
    cleared = await fellow.call("PATCH", path, json={"proposed_rate": None})
    assert cleared.json()["proposed_rate"] is None
    assert (await received(owner, post_id))[0] == cleared.json()
    await decide(owner, sent["id"])
    late = await fellow.call("PATCH", path, json={"cover_letter": "Third"})
    assert (late.status_code, late.json()["code"]) == (409, "application_decided")


async def test_the_owner_says_yes_or_no_and_the_applicant_hears(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, one, other = await sign_up(), await sign_up(), await sign_up()
    post_id = (await publish(owner, team_size=2))["id"]
    yes, no = (await applied(one, post_id))["id"], (await applied(other, post_id))["id"]
    accepted = await decide(owner, yes)
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted")
    assert (await decide(owner, no, "rejected")).json()["status"] == "rejected"
    for rider, kind, application in ((one, "accepted", yes), (other, "rejected", no)):
        [(heard, payload)] = await told(db, rider)
        assert heard == f"service_application_{kind}"
        assert (payload["application"]["id"], payload["application"]["status"]) == (
            application,
            kind,
        )
        assert "poster" not in payload["application"]
    shown = (await show(owner, post_id)).json()
    assert (shown["places_left"], shown["status"]) == (1, "open")
    # The same again changes nothing and tells nobody; the other way is too late.
    assert (await decide(owner, yes)).status_code == 200
    assert len(await told(db, one)) == 1
    for application, status in ((yes, "rejected"), (no, "accepted")):
        late = await decide(owner, application, status)
        assert (late.status_code, late.json()["code"]) == (409, "application_decided")
    for wrong in ({"status": "pending"}, {"status": "withdrawn"}, {}):
        answer = await owner.call("PUT", f"{PATH}/applications/{yes}", json=wrong)
        assert answer.status_code == 422


async def test_with_the_last_place_the_post_is_in_progress_and_those_left_are_told(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, one, other = await sign_up(), await sign_up(), await sign_up()
    published = await publish(owner)
    chosen = (await applied(one, published["id"]))["id"]
    left = (await applied(other, published["id"]))["id"]
    await decide(owner, chosen)
    assert (await show(owner, published["id"])).json()["status"] == "in_progress"
    [(kind, payload)] = await told(db, other)
    assert (kind, payload) == (
        "service_post_closed",
        {
            "application_id": left,
            "service_post": {"id": published["id"], "title": published["title"]},
            "reason": "full",
        },
    )
    assert [kind for kind, _ in await told(db, one)] == ["service_application_accepted"]
    full = await decide(owner, left)
    assert (full.status_code, full.json()["code"]) == (409, "post_full")
    # A place that becomes free is given on.
    await one.call("POST", f"{PATH}/applications/{chosen}/withdraw")
    assert (await decide(owner, left)).status_code == 200


async def test_who_withdraws_frees_the_place_and_the_owner_hears(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id, [application] = await team(owner, fellow)
    answer = await fellow.call("POST", f"{PATH}/applications/{application}/withdraw")
    assert (answer.status_code, answer.json()["status"]) == (200, "withdrawn")
    assert (await told(db, owner))[-1][0] == "service_application_withdrawn"
    assert (await show(owner, post_id)).json()["places_left"] == 1
    again = await fellow.call("POST", f"{PATH}/applications/{application}/withdraw")
    assert (again.status_code, again.json()["code"]) == (409, "application_decided")
    assert (await decide(owner, application)).status_code == 409
    assert (await act(owner, post_id, "reopen")).json()["status"] == "open"


async def test_who_applied_in_time_is_accepted_after_the_deadline(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner))["id"]
    sent = await applied(fellow, post_id)
    await db.execute("update service_posts set deadline = now() where post_id = $1", post_id)
    assert (await decide(owner, sent["id"])).status_code == 200
    assert (await show(owner, post_id)).json()["status"] == "in_progress"


async def test_applications_come_page_by_page(sign_up: SignUp) -> None:
    owner = await sign_up()
    post_id = (await publish(owner))["id"]
    sent = [(await applied(await sign_up(), post_id))["id"] for _ in range(3)]
    first = await owner.call("GET", f"{PATH}/{post_id}/applications", params={"limit": 2})
    assert [each["id"] for each in first.json()] == [sent[2], sent[1]]
    rest = await received(owner, post_id, cursor=first.headers["x-next-cursor"])
    assert [each["id"] for each in rest] == [sent[0]]
    assert await received(owner, post_id, skip=3) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "owner_may"),
    [
        ("PUT", "", {"status": "accepted"}, True),
        ("PATCH", "", {"cover_letter": "Mine"}, False),
        ("POST", "/withdraw", None, False),
        ("POST", "/reveal", None, True),
    ],
)
async def test_each_side_does_its_own_part(
    sign_up: SignUp, method: str, path: str, body: dict[str, Any] | None, owner_may: bool
) -> None:
    owner, applicant, stranger = await sign_up(), await sign_up(), await sign_up()
    foreigner = await sign_up(college_name="VJTI")
    post_id = (await publish(owner, is_anonymous=path == "/reveal"))["id"]
    sent = (await applied(applicant, post_id))["id"]
    if path == "/reveal":
        await decide(owner, sent)

    async def code(rider: Rider) -> int:
        url = f"{PATH}/applications/{sent}{path}"
        return (await rider.call(method, url, json=body)).status_code

    assert await code(stranger) == 404
    assert await code(foreigner) == 404
    assert await code(applicant if owner_may else owner) == 403
    assert await code(owner if owner_may else applicant) == 200
    nobody = await owner.client.request(method, f"{PATH}/applications/{sent}{path}", json=body)
    assert nobody.status_code == 401


async def test_a_block_hides_an_application_from_the_owner(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner))["id"]
    sent = (await applied(fellow, post_id))["id"]
    await fellow.call("PUT", f"/api/users/{owner.id}/block")
    assert await received(owner, post_id) == []
    assert (await decide(owner, sent)).status_code == 404
    assert (await owner.call("GET", "/api/profile/me/posts")).json()[0]["pending_applications"] == 0
    assert [each["id"] for each in await sent_by(fellow)] == [sent]
