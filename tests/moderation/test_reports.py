"""Reports: from a rider to the moderators of the college, and to nobody else."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import StartServer
from tests.moderation.conftest import NewStaff, acts_about, events_of, report
from tests.people import Campus, Rider
from tests.waiting import until_waiting_for_locks
from tripsync.http.rate_limits import Limit
from tripsync.http.request_log import current_request_id

REPORTS = "/api/reports"
DESK = "/api/moderation/reports"


async def desk_of(moderator: Rider, query: str = "limit=100") -> list[dict[str, Any]]:
    answer = await moderator.call("GET", f"{DESK}?{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def resolve(moderator: Rider, report_id: int, **changes: object) -> httpx.Response:
    body = {"outcome": "settled", "note": "They have met and talked.", **changes}
    return await moderator.call("POST", f"{DESK}/{report_id}/resolve", json=body)


async def test_a_report_is_answered_with_what_was_written(campus: Campus) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    answer = await rider.call(
        "POST",
        REPORTS,
        json={
            "user_id": other.id,
            "reason": "unsafe_ride",
            "details": "  He drove through two red lights.\n",
            "reference": {"kind": "pool", "id": 7},
        },
    )
    assert answer.status_code == 201
    written = answer.json()
    assert written.pop("id") > 0
    assert written.pop("created_at").endswith(("Z", "+00:00"))
    assert written == {
        "user_id": other.id,
        "reason": "unsafe_ride",
        "details": "He drove through two red lights.",
        "reference": {"kind": "pool", "id": 7},
        "status": "open",
    }


async def test_moderators_read_who_reported_whom_for_what(campus: Campus, moderator: Rider) -> None:
    rider = await campus.sign_up(full_name="Asha Rao")
    other = await campus.sign_up(full_name="Nuri Sane")
    report_id = await report(
        rider, other, details="She never came.", reference={"kind": "message", "id": 3}
    )
    [found] = [each for each in await desk_of(moderator) if each["id"] == report_id]
    assert found.pop("created_at").endswith(("Z", "+00:00"))
    assert found == {
        "id": report_id,
        "status": "open",
        "reporter": {"id": rider.id, "full_name": "Asha Rao"},
        "subject": {"id": other.id, "full_name": "Nuri Sane"},
        "reason": "no_show",
        "details": "She never came.",
        "reference": {"kind": "message", "id": 3},
        "reported_words": None,
        "outcome": None,
        "note": "",
        "resolved_by": None,
        "resolved_at": None,
    }


async def test_the_reported_is_told_nothing(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    await resolve(moderator, await report(rider, other))
    assert await events_of(db, other) == []


async def test_a_moderator_does_not_see_who_reported_them(
    campus: Campus, moderator: Rider, new_staff: NewStaff, db: asyncpg.Connection
) -> None:
    rider, colleague = await campus.sign_up(), await new_staff("moderator")
    report_id = await report(rider, moderator)
    assert report_id not in [each["id"] for each in await desk_of(moderator)]
    assert (await resolve(moderator, report_id)).status_code == 404
    assert report_id in [each["id"] for each in await desk_of(colleague)]
    assert (await resolve(colleague, report_id)).status_code == 200
    trail = await moderator.call("GET", "/api/moderation/audit?limit=100")
    [line] = [act for act in trail.json()["items"] if act["report_id"] == report_id]
    assert str(rider.id) not in (str(line["actor"]["id"]), str(line["subject"]["id"]))


async def test_the_same_thing_is_reported_once_while_it_is_open(
    campus: Campus, moderator: Rider
) -> None:
    rider, other, third = [await campus.sign_up() for _ in range(3)]
    first = await report(rider, other)
    again = await rider.call("POST", REPORTS, json={"user_id": other.id, "reason": "fraud"})
    assert (again.status_code, again.json()["code"]) == (409, "reported_already")
    pool = {"kind": "pool", "id": 1}
    await report(rider, other, reference=pool)
    await report(rider, other, reference={"kind": "post", "id": 1})
    await report(rider, other, reference={"kind": "pool", "id": 2})
    await report(rider, third, reference=pool)
    await report(third, other, reference=pool)
    again = await rider.call(
        "POST", REPORTS, json={"user_id": other.id, "reason": "fraud", "reference": pool}
    )
    assert again.status_code == 409
    await resolve(moderator, first)
    assert await report(rider, other) > first


@pytest.mark.parametrize("reference", [None, {"kind": "pool", "id": 5}])
async def test_ten_at_once_are_one_report(
    campus: Campus, db: asyncpg.Connection, reference: object
) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    body = {"user_id": other.id, "reason": "no_show", "reference": reference}
    answers = await asyncio.gather(*(rider.call("POST", REPORTS, json=body) for _ in range(10)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 9
    assert await db.fetchval("select count(*) from reports where subject_id = $1", other.id) == 1


async def test_a_retry_with_its_key_gets_the_first_answer(campus: Campus) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    body = {"user_id": other.id, "reason": "no_show"}
    key = {"Idempotency-Key": "lost in a tunnel"}
    first = await rider.call("POST", REPORTS, json=body, headers=key)
    second = await rider.call("POST", REPORTS, json=body, headers=key)
    changed = await rider.call(
        "POST", REPORTS, json={**body, "details": "Something else."}, headers=key
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (changed.status_code, changed.json()["code"]) == (422, "idempotency_key_reused")


async def test_nobody_reports_themselves(campus: Campus) -> None:
    rider = await campus.sign_up()
    answer = await rider.call("POST", REPORTS, json={"user_id": rider.id, "reason": "other"})
    assert (answer.status_code, answer.json()["code"]) == (422, "own_report")
    assert answer.json()["errors"][0]["field"] == "user_id"


async def test_whoever_is_of_another_college_is_not_there(
    campus: Campus, db: asyncpg.Connection
) -> None:
    rider, stranger = await campus.sign_up(), await campus.sign_up(college_name="VJTI")
    for user_id in (stranger.id, 2**63 - 1):
        answer = await rider.call("POST", REPORTS, json={"user_id": user_id, "reason": "other"})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_rider")
    assert not await db.fetchval("select count(*) from reports where reporter_id = $1", rider.id)


async def test_one_may_report_whom_one_blocked_and_who_blocked_one(campus: Campus) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    await rider.call("PUT", f"/api/users/{other.id}/block")
    await report(rider, other)
    await report(other, rider)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"user_id": 0}, "user_id"),
        ({"user_id": 2**63}, "user_id"),
        ({"user_id": "7"}, "user_id"),
        ({"user_id": None}, "user_id"),
        ({"reason": "boredom"}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": None}, "reason"),
        ({"details": "x" * 2001}, "details"),
        ({"details": "a\0b"}, "details"),
        ({"details": 7}, "details"),
        ({"reference": {}}, "reference"),
        ({"reference": {"kind": "pool"}}, "reference"),
        ({"reference": {"kind": "rider", "id": 1}}, "reference"),
        ({"reference": {"kind": "pool", "id": 0}}, "reference"),
        ({"reference": {"kind": "pool", "id": 2**63}}, "reference"),
        ({"reference": {"kind": "pool", "id": 1, "note": "x"}}, "reference"),
        ({"reference": "pool"}, "reference"),
        ({"status": "resolved"}, "status"),
        ({"reporter_id": 1}, "reporter_id"),
    ],
)
async def test_what_is_out_of_bounds_is_refused_by_field(
    campus: Campus, changes: dict[str, object], field: str
) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    body = {"user_id": other.id, "reason": "no_show", **changes}
    answer = await rider.call("POST", REPORTS, json=body)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_the_largest_report_fits(campus: Campus, moderator: Rider) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    words = "\u00e9" * 2000
    report_id = await report(
        rider, other, details=words, reference={"kind": "post", "id": 2**63 - 1}
    )
    [found] = [each for each in await desk_of(moderator) if each["id"] == report_id]
    assert (found["details"], found["reference"]["id"]) == (words, 2**63 - 1)


async def test_reports_are_limited_for_each_account(
    campus: Campus, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tripsync.moderation.api_reports.REPORT",
        Limit("report", per_address="99/minute", per_account="2/hour"),
    )
    rider, bystander = await campus.sign_up(), await campus.sign_up()
    others = [await campus.sign_up() for _ in range(3)]
    server = await start_server(rate_limits="on")
    async with server.client() as limited:
        rider.client = bystander.client = limited
        answers = [
            await rider.call("POST", REPORTS, json={"user_id": other.id, "reason": "other"})
            for other in others
        ]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert int(answers[-1].headers["retry-after"]) > 0
        await report(bystander, others[0])


async def test_the_desk_shows_open_resolved_or_all_in_pages(
    campus: Campus, new_staff: NewStaff, quiet_college: str
) -> None:
    moderator = await new_staff("moderator", college_name=quiet_college)
    assert await desk_of(moderator) == []
    rider = await campus.sign_up(college_name=quiet_college)
    ids = [await report(rider, await campus.sign_up(college_name=quiet_college)) for _ in range(5)]
    for resolved in (ids[1], ids[3]):
        assert (await resolve(moderator, resolved)).status_code == 200
    latest_first = ids[::-1]

    async def listed(query: str) -> list[int]:
        return [each["id"] for each in await desk_of(moderator, query)]

    assert await listed("") == latest_first
    assert await listed("status=open") == [ids[4], ids[2], ids[0]]
    assert await listed("status=resolved") == [ids[3], ids[1]]
    assert await listed("status=open&limit=1&skip=1") == [ids[2]]
    assert await listed("skip=5") == []
    by_cursor: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await moderator.call("GET", f"{DESK}?limit=2{cursor}")).json()
        by_cursor += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert by_cursor == latest_first


@pytest.mark.parametrize(
    "query",
    [
        "status=",
        "status=closed",
        "status=open&status=resolved",
        "limit=0",
        "limit=101",
        "skip=100001",
        "cursor=x",
        "cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk=",
        "reporter=1",
    ],
)
async def test_absurd_pages_are_refused(moderator: Rider, query: str) -> None:
    answer = await moderator.call("GET", f"{DESK}?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


async def test_a_resolution_is_kept_with_its_author_and_in_the_trail(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up(full_name="Nuri Sane")
    report_id = await report(rider, other)
    answer = await resolve(moderator, report_id, outcome="dismissed", note=" A mistake.\n")
    assert answer.status_code == 200
    act = answer.json()
    assert act.pop("id") > 0
    acted_at = act.pop("acted_at")
    assert act == {
        "act": "resolve",
        "actor": {"id": moderator.id, "full_name": "Meera Moderator"},
        "subject": {"id": other.id, "full_name": "Nuri Sane"},
        "report_id": report_id,
        "outcome": "dismissed",
        "note": "A mistake.",
    }
    [found] = [each for each in await desk_of(moderator) if each["id"] == report_id]
    assert found["status"] == "resolved"
    assert (found["outcome"], found["note"]) == ("dismissed", "A mistake.")
    assert found["resolved_by"] == {"id": moderator.id, "full_name": "Meera Moderator"}
    assert found["resolved_at"] == acted_at
    assert await acts_about(db, other) == [
        {
            "actor_id": moderator.id,
            "act": "resolve",
            "report_id": report_id,
            "outcome": "dismissed",
            "note": "A mistake.",
        }
    ]


async def test_a_report_is_resolved_once(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    report_id = await report(rider, other)
    assert (await resolve(moderator, report_id)).status_code == 200
    again = await resolve(moderator, report_id, outcome="banned")
    assert (again.status_code, again.json()["code"]) == (409, "resolved_already")
    assert [act["outcome"] for act in await acts_about(db, other)] == ["settled"]


async def test_of_two_moderators_at_once_one_resolves(
    campus: Campus, moderator: Rider, new_staff: NewStaff, db: asyncpg.Connection
) -> None:
    colleague = await new_staff("admin")
    rider, other = await campus.sign_up(), await campus.sign_up()
    report_id = await report(rider, other)
    async with db.transaction():
        await db.execute("select from reports where report_id = $1 for update", report_id)
        both = [
            asyncio.create_task(resolve(each, report_id, note=f"By {each.id}."))
            for each in (moderator, colleague)
        ]
        await until_waiting_for_locks(db, 2)
    answers = await asyncio.gather(*both)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    [act] = await acts_about(db, other)
    assert (act["actor_id"], act["note"]) == (winner["actor"]["id"], winner["note"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"outcome": "forgiven"}, "outcome"),
        ({"outcome": None}, "outcome"),
        ({"note": ""}, "note"),
        ({"note": " \n\t "}, "note"),
        ({"note": "x" * 1001}, "note"),
        ({"note": None}, "note"),
        ({"subject_id": 1}, "subject_id"),
    ],
)
async def test_a_resolution_out_of_bounds_is_refused_by_field(
    campus: Campus, moderator: Rider, changes: dict[str, object], field: str
) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    report_id = await report(rider, other)
    answer = await resolve(moderator, report_id, **changes)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_an_unknown_report_is_not_there(moderator: Rider) -> None:
    answer = await resolve(moderator, 2**63 - 1)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_report")


async def test_a_page_costs_one_round_trip(
    campus: Campus, moderator: Rider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await report(await campus.sign_up(), await campus.sign_up())
    asked: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        original = getattr(asyncpg.Connection, name)

        async def ask(self: asyncpg.Connection, query: str, *args: Any, **more: Any) -> Any:
            # What happens by the clock belongs to no request.
            if current_request_id.get():
                asked.append(query)
            return await original(self, query, *args, **more)

        return ask

    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        monkeypatch.setattr(asyncpg.Connection, name, counted(name))
    assert len(await desk_of(moderator)) >= 1
    [query] = asked
    assert query.startswith("/* moderation.list_reports */")
