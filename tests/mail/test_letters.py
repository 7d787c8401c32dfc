"""What riders get by mail: who is written to, what it says, and that it says nothing else."""

import re
from html.parser import HTMLParser
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import Server, SignUp
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import go, pair_up
from tests.waiting import until
from tripsync.app import every
from tripsync.database import Database
from tripsync.mail import Letter, writing
from tripsync.mail.letters import KINDS, SEND_MAIL
from tripsync.mail.writing import write

TEMPLATES = Path(writing.__file__).parent / "templates"
FRAME = {"app_url": "https://rides.example.edu", "unsubscribe_url": ""}
NASTY = '<script>alert("1")</script>\r\nBcc: all@example.edu\u2028'


class Words(HTMLParser):
    """What a reader of HTML sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, _: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


async def confirmed(sign_up: SignUp, db: asyncpg.Connection, **changes: str) -> Rider:
    rider = await sign_up(**changes)
    await db.execute("update users set verified_at = now() where user_id = $1", rider.id)
    return rider


def mails_to(campus: Campus, rider: Rider, subject: str) -> list[str]:
    texts = [file.read_text() for file in sorted(campus.mail_folder.glob("*.eml"))]
    wanted = (f"To: {rider.email}\n", f"Subject: {subject}\n")
    return [text for text in texts if all(each in text for each in wanted)]


async def test_who_asked_learns_of_the_yes_and_who_was_left_of_that(
    sign_up: SignUp, db: asyncpg.Connection, campus: Campus
) -> None:
    asha = await confirmed(sign_up, db, full_name="Asha Rao")
    dev = await confirmed(sign_up, db, full_name="Dev Shah")
    await pair_up(asha, dev)
    [mail] = await until(lambda: mails_to(campus, asha, "You share a ride"))
    assert re.search(r"You ride with Dev Shah, between \d\d:\d\d and \d\d:\d\d on \d", mail)
    pool = (await dev.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    left = await dev.call("POST", f"/api/pool/pools/{pool}/leave")
    assert left.status_code == 200, left.text
    [mail] = await until(lambda: mails_to(campus, asha, "Somebody left your ride"))
    assert "Dev Shah left the ride" in mail
    assert "You are on the road alone again" in mail
    # Who acted knows.
    assert mails_to(campus, dev, "You share a ride") == []
    assert mails_to(campus, dev, "Somebody left your ride") == []


async def test_news_go_to_nobody_who_did_not_confirm_the_address_or_wants_none(
    sign_up: SignUp, db: asyncpg.Connection, campus: Campus
) -> None:
    unconfirmed, dev = await sign_up(), await confirmed(sign_up, db)
    unwilling, eve = await confirmed(sign_up, db), await confirmed(sign_up, db)
    settings = {"matches": False, "cancellations": True, "searches": True, "digest": True}
    path = "/api/profile/me/mail-settings"
    assert (await unwilling.call("PUT", path, json=settings)).json() == settings
    assert (await unwilling.call("GET", path)).json() == settings
    await pair_up(unconfirmed, dev)
    await pair_up(unwilling, eve)
    await nothing_waits(db)
    for rider in (unconfirmed, unwilling):
        assert mails_to(campus, rider, "You share a ride") == []


async def nothing_waits(db: asyncpg.Connection) -> None:
    """Until all mails that were asked for are sent."""

    async def is_done() -> bool:
        return not await db.fetchval(
            "select count(*) from pgqueuer where entrypoint = $1 and status <> 'failed'", SEND_MAIL
        )

    await until(is_done)


async def test_a_link_ends_one_kind_with_one_click_and_looking_at_it_ends_nothing(
    sign_up: SignUp, db: asyncpg.Connection, campus: Campus
) -> None:
    asha, dev = await confirmed(sign_up, db), await confirmed(sign_up, db)
    await pair_up(asha, dev)
    [mail] = await until(lambda: mails_to(campus, asha, "You share a ride"))
    [url] = re.findall(r"List-Unsubscribe: <http://localhost:8000(\S+)>", mail)
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n" in mail
    path = "/api/profile/me/mail-settings"
    everything = dict.fromkeys(KINDS, True)
    page = await campus.client.get(url)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert '<form method="post">' in page.text
    assert "rides that you share" in page.text
    assert (await asha.call("GET", path)).json() == everything
    for _ in range(2):
        clicked = await campus.client.post(url, data={"List-Unsubscribe": "One-Click"})
        assert clicked.status_code == 200
        assert "You get no more mails about rides that you share." in clicked.text
        assert (await asha.call("GET", path)).json() == {**everything, "matches": False}
    again = await asha.call("PUT", path, json=everything)
    assert again.json() == everything


async def test_a_link_that_is_not_ours_opens_nothing(
    sign_up: SignUp, db: asyncpg.Connection, campus: Campus
) -> None:
    asha, dev = await confirmed(sign_up, db), await confirmed(sign_up, db)
    await pair_up(asha, dev)
    [mail] = await until(lambda: mails_to(campus, asha, "You share a ride"))
    [token] = re.findall(r"List-Unsubscribe: <\S+/(\S+)>", mail)
    forged = [token[:-3] + "AAA", "B" + token[1:], "A" * 43]
    for each in forged:
        for method in ("GET", "POST"):
            answer = await campus.client.request(method, f"/api/mail/unsubscribe/{each}")
            assert answer.status_code == 404
    assert (await asha.call("GET", "/api/profile/me/mail-settings")).json()["matches"]


async def test_no_log_shows_the_link(
    sign_up: SignUp, db: asyncpg.Connection, campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await campus.client.get("/api/mail/unsubscribe/" + "A" * 43)
    lines = [each.getMessage() for each in caplog.records if each.name == "tripsync.access"]
    assert lines == ["GET /api/mail/unsubscribe/<secret> 404"]


async def test_who_has_left_gets_nothing(
    sign_up: SignUp, db: asyncpg.Connection, campus: Campus, server: Server
) -> None:
    rider = await confirmed(sign_up, db)
    facts = {"college_id": rider.college_id, "user_id": rider.id}
    digest = next(each for each in all_letters() if each.name == "digest")
    await db.execute(
        "insert into digest_turns (college_id, week) values ($1, date_trunc('week', now())::date)",
        rider.college_id,
    )
    async with server.app.ctx.resources[Database].transaction() as transaction:
        assert (await digest.find(transaction, **facts))["to"] == rider.email
    left = await rider.call("DELETE", "/api/profile/me", json={"password": rider.password})
    assert left.status_code == 204
    async with server.app.ctx.resources[Database].transaction() as transaction:
        for letter in all_letters():
            if letter.name in ("digest", "verify_email", "reset_password"):
                assert await letter.find(transaction, **facts) is None


def all_letters() -> list[Letter]:
    return every("letters")


def test_each_letter_has_its_template_and_each_template_its_letter() -> None:
    names = {letter.name for letter in all_letters()}
    assert {file.stem for file in TEMPLATES.glob("*.jinja")} == names | {"alarm_facts"}
    assert len(names) == len(all_letters())
    unsubscribable = {letter.kind for letter in all_letters()} - {None}
    assert unsubscribable == set(KINDS)


def test_what_people_wrote_is_text_and_opens_no_header() -> None:
    facts = {"goer": NASTY, "places": NASTY, "name": NASTY, **FRAME}
    text = write("search_hit", facts, FRAME)
    assert "\n" not in text.subject
    assert "script" not in words_of(text.html).tags
    assert '<script>alert("1")</script> Bcc: all@example.edu' in "".join(words_of(text.html).seen)
    assert not re.search(r"^Bcc", text.plain, re.MULTILINE)
    assert "\u2028" not in text.plain + text.html


def words_of(html: str) -> Words:
    words = Words()
    words.feed(html)
    return words


def test_both_forms_tell_the_same() -> None:
    facts = {"code": "four-sparrows", "hours": 48, **FRAME}
    text = write("verify_email", facts, FRAME)
    plain = text.plain.split()
    assert [word for word in "".join(words_of(text.html).seen).split() if word in plain][
        -len(plain) :
    ] == plain


async def test_of_a_ride_that_is_off_hears_whom_somebody_left(
    sign_up: SignUp, db: asyncpg.Connection, server: Server
) -> None:
    asha, dev = await confirmed(sign_up, db), await confirmed(sign_up, db, full_name="Dev Shah")
    await sign_up(full_name="Aarav Aaronson")
    request_id = (await go(asha))["request_id"]
    [letter] = [each for each in all_letters() if each.name == "ride_cancelled"]
    facts = {"college_id": asha.college_id, "user_id": asha.id, "leaver_id": dev.id}
    for reason, is_told in (("partner_left", True), ("expired", True), ("rider", False)):
        await db.execute(
            "update pooling_requests set status = 'cancelled', cancel_reason = $2"
            " where request_id = $1",
            request_id,
            reason,
        )
        async with server.app.ctx.resources[Database].transaction() as transaction:
            found = await letter.find(transaction, **facts, request_id=request_id)
            assert (found is not None) is is_told, reason
            assert found is None or found["leaver"] == "Dev Shah"
            nobody = await letter.find(
                transaction, **{**facts, "user_id": dev.id}, request_id=request_id
            )
            assert nobody is None
