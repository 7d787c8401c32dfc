"""Résumés: plain PDFs, for their owner and who rides along."""

import asyncio
import io
import zipfile
from pathlib import Path

import asyncpg
import httpx
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from tests.people import Campus, Rider
from tests.profiles.fellow_riders import ban, block, share_a_ride
from tests.profiles.files import RESUME, pdf, picture, send
from tests.profiles.sample import ME
from tripsync.profiles import resumes
from tripsync.profiles.pdf_check import MOST_PAGES
from tripsync.profiles.resumes import RESUME as UPLOAD
from tripsync.profiles.resumes import run_check


def address(rider: Rider) -> str:
    return f"/api/users/{rider.id}/resume"


async def test_a_resume_is_answered_as_the_profile_that_has_one(campus: Campus) -> None:
    rider = await campus.sign_up()
    before = (await rider.call("GET", ME)).json()
    sent = pdf(pages=2)
    answer = await send(rider, RESUME, sent)
    assert (answer.status_code, answer.json()) == (200, {**before, "has_resume": True})
    seen = await rider.call("GET", address(rider))
    assert (seen.status_code, seen.content) == (200, sent)
    assert seen.headers["content-type"] == "application/pdf"
    assert seen.headers["content-disposition"].startswith("attachment")
    assert seen.headers["x-content-type-options"] == "nosniff"


async def test_a_resume_can_be_replaced_and_taken_away(
    campus: Campus, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider = await campus.sign_up()
    await send(rider, RESUME, pdf())
    old = await db.fetchval("select storage_key from profile_files where user_id = $1", rider.id)
    await send(rider, RESUME, pdf(pages=3))
    seen = await rider.call("GET", address(rider))
    assert len(PdfReader(io.BytesIO(seen.content)).pages) == 3
    assert not (data_dir / "files" / old).exists()
    for _ in range(2):
        assert (await rider.call("DELETE", RESUME)).status_code == 204
    assert (await rider.call("GET", ME)).json()["has_resume"] is False
    gone = await rider.call("GET", address(rider))
    assert (gone.status_code, gone.json()["code"]) == (404, "no_resume")


async def test_who_has_the_resume_is_not_sent_it_again(campus: Campus) -> None:
    rider = await campus.sign_up()
    await send(rider, RESUME, pdf())
    tag = (await rider.call("GET", address(rider))).headers["etag"]
    again = await rider.call("GET", address(rider), headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_resume_is_for_its_owner_and_who_rides_along(
    campus: Campus, db: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    owner, fellow, partner, blocked = [await campus.sign_up() for _ in range(4)]
    stranger = await campus.sign_up(college_name="VJTI")
    await send(owner, RESUME, pdf())
    pool_id = await share_a_ride(db, owner, partner, blocked)
    await block(db, owner, blocked)

    async def status(viewer: Rider) -> int:
        return (await viewer.call("GET", address(owner))).status_code

    assert [await status(each) for each in (owner, partner)] == [200, 200]
    assert [await status(each) for each in (fellow, blocked, stranger)] == [404, 404, 404]
    assert (await client.get(address(owner))).status_code == 401
    await db.execute("update pools set status = 'completed' where pool_id = $1", pool_id)
    assert await status(partner) == 404


async def test_the_resume_of_who_is_banned_is_not_there(
    campus: Campus, db: asyncpg.Connection
) -> None:
    owner, partner = await campus.sign_up(), await campus.sign_up()
    await send(owner, RESUME, pdf())
    await share_a_ride(db, owner, partner)
    assert (await partner.call("GET", address(owner))).status_code == 200
    await ban(db, owner)
    assert (await partner.call("GET", address(owner))).status_code == 404


def encrypted() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("four sparrows", algorithm="RC4-128")
    return pdf(0, writer)


def acting(**action: NameObject | TextStringObject) -> bytes:
    """A PDF that does something when its page is opened."""
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    entries = {NameObject(f"/{name}"): value for name, value in action.items()}
    page[NameObject("/AA")] = DictionaryObject({NameObject("/O"): DictionaryObject(entries)})
    return pdf(0, writer)


def scripted() -> bytes:
    return acting(S=NameObject("/JavaScript"), JS=TextStringObject("app.alert('hello');"))


def with_launch() -> bytes:
    return acting(S=NameObject("/Launch"), F=TextStringObject("calc.exe"))


def with_attachment() -> bytes:
    writer = PdfWriter()
    writer.add_attachment("payload.exe", b"MZ")
    return pdf(writer=writer)


def with_archive() -> bytes:
    file = io.BytesIO(pdf())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("payload.txt", "open me")
    return file.getvalue() + b"\n%%EOF\n"


def in_circles() -> bytes:
    """Pages whose parent is their child."""
    content = b"%PDF-1.4\n"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>",
    ]
    places = []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(content)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        content
        + b"xref\n0 4\n0000000000 65535 f \n"
        + rows
        + b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    )


BAD = {
    "text": lambda: b"my life",
    "page": lambda: b"<html>%PDF-1.4 %%EOF",
    "picture": picture,
    "only a beginning and an end": lambda: b"%PDF-1.7\n%%EOF",
    "first half": lambda: pdf(10)[: len(pdf(10)) // 2],
    "second half": lambda: pdf(10)[len(pdf(10)) // 2 :],
    "something before it": lambda: b"\n" + pdf(),
    "something after it": lambda: pdf() + bytes(2000),
    "page in it": lambda: pdf().replace(b"%PDF-1.3\n", b"%PDF-1.3\n%<html>\n"),
    "archive in it": with_archive,
    "locked": encrypted,
    "scripted": scripted,
    "attachment": with_attachment,
    "launches": with_launch,
    "in circles": in_circles,
    "no page": lambda: pdf(0),
    "too many pages": lambda: pdf(MOST_PAGES + 1),
}


@pytest.mark.parametrize("bad", BAD)
async def test_what_is_no_plain_pdf_is_refused_and_nothing_is_stored(
    campus: Campus, data_dir: Path, bad: str
) -> None:
    rider = await campus.sign_up()
    before = set((data_dir / "files").glob("*"))
    answer = await send(rider, RESUME, BAD[bad](), "resume.pdf")
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_resume"), answer.text
    assert (await rider.call("GET", ME)).json()["has_resume"] is False
    assert set((data_dir / "files").glob("*")) == before


@pytest.mark.parametrize(
    ("bad", "words"),
    [("locked", "password"), ("scripted", "script"), ("too many pages", "1 to 20 pages")],
)
async def test_what_can_be_helped_is_said(campus: Campus, bad: str, words: str) -> None:
    rider = await campus.sign_up()
    assert words in (await send(rider, RESUME, BAD[bad]())).json()["detail"]


async def test_a_resume_that_is_too_large_is_told_so(campus: Campus) -> None:
    rider = await campus.sign_up()
    answer = await send(rider, RESUME, pdf() + bytes(UPLOAD.max_bytes))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "5 MB" in answer.json()["detail"]


async def test_a_resume_of_the_largest_size_is_taken(campus: Campus) -> None:
    rider = await campus.sign_up()
    writer = PdfWriter()
    writer.add_metadata({"/Subject": "x" * (UPLOAD.max_bytes - 2000)})
    large = pdf(writer=writer)
    assert UPLOAD.max_bytes - 5000 < len(large) <= UPLOAD.max_bytes
    assert (await send(rider, RESUME, large)).status_code == 200


async def test_a_page_that_only_leads_to_another_is_fine(campus: Campus) -> None:
    rider = await campus.sign_up()
    harmless = acting(S=NameObject("/GoTo"), D=TextStringObject("chapter"))
    assert (await send(rider, RESUME, harmless)).status_code == 200


async def test_a_check_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = tmp_path / "endless.py"
    endless.write_text("while True:\n    pass\n")
    monkeypatch.setattr(resumes, "CHECK", endless)
    monkeypatch.setattr(resumes, "PATIENCE", 0.5)
    started = []
    start = asyncio.create_subprocess_exec

    async def remember(*arguments: str, **more: int) -> asyncio.subprocess.Process:
        process = await start(*arguments, **more)
        started.append(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", remember)
    assert await run_check(pdf()) is None
    assert started[0].returncode is not None


async def test_resumes_sent_at_once_leave_one(
    campus: Campus, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider = await campus.sign_up()
    before = set((data_dir / "files").glob("*"))
    answers = await asyncio.gather(*(send(rider, RESUME, pdf(pages)) for pages in (1, 2, 3, 4)))
    assert {answer.status_code for answer in answers} == {200}
    await rider.call("DELETE", RESUME.replace("resume", "image"))
    key = await db.fetchval("select storage_key from profile_files where user_id = $1", rider.id)
    assert {file.name for file in set((data_dir / "files").glob("*")) - before} == {key}
