"""Pictures: drawn anew from whatever decodes, refused otherwise, seen by who may see the rider."""

import asyncio
import io
import struct
import zipfile
import zlib
from pathlib import Path

import asyncpg
import httpx
import pytest
from PIL import Image, PngImagePlugin

from tests.conftest import Server, StartServer
from tests.people import Campus, Rider
from tests.profiles.fellow_riders import ban, block, share_a_ride
from tests.profiles.files import IMAGE, noise, opened, picture, send
from tests.profiles.sample import ME
from tests.waiting import until_waiting_for_locks
from tripsync.profiles import pictures
from tripsync.profiles.pictures import PICTURE
from tripsync.profiles.polyglots import is_disguised_in_pdf, is_disguised_in_picture
from tripsync.storage import Storage


async def url_of(rider: Rider) -> str | None:
    url: str | None = (await rider.call("GET", ME)).json()["profile_image_url"]
    return url


async def stored(db: asyncpg.Connection, rider: Rider) -> list[str]:
    rows = await db.fetch("select storage_key from profile_files where user_id = $1", rider.id)
    return [row["storage_key"] for row in rows]


async def test_a_picture_is_answered_as_the_profile_with_its_address(campus: Campus) -> None:
    rider = await campus.sign_up()
    before = (await rider.call("GET", ME)).json()
    answer = await send(rider, IMAGE, picture())
    assert answer.status_code == 200, answer.text
    url = answer.json()["profile_image_url"]
    assert url.startswith(f"http://localhost:8000/api/users/{rider.id}/image?v=")
    assert answer.json() == {**before, "profile_image_url": url}
    assert await url_of(rider) == url
    seen = await rider.call("GET", url)
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/webp")
    assert (opened(seen.content).format, opened(seen.content).size) == ("WEBP", (480, 480))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize(
    ("size", "side"),
    [((2000, 1500), 512), ((1500, 2000), 512), ((512, 512), 512), ((100, 40), 40), ((1, 1), 1)],
)
async def test_every_kind_and_size_becomes_a_small_square(
    campus: Campus, kind: str, size: tuple[int, int], side: int
) -> None:
    rider = await campus.sign_up()
    assert (await send(rider, IMAGE, picture(kind, size))).status_code == 200
    seen = opened((await rider.call("GET", str(await url_of(rider)))).content)
    assert (seen.format, seen.size) == ("WEBP", (side, side))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
async def test_every_way_to_hold_colours_is_taken(campus: Campus, mode: str) -> None:
    rider = await campus.sign_up()
    file = io.BytesIO()
    Image.new(mode, (60, 60)).save(file, "JPEG" if mode == "CMYK" else "PNG")
    assert (await send(rider, IMAGE, file.getvalue())).status_code == 200


async def test_a_see_through_picture_stays_so(campus: Campus) -> None:
    rider = await campus.sign_up()
    file = io.BytesIO()
    Image.new("RGBA", (60, 60), (255, 0, 0, 0)).save(file, "PNG")
    await send(rider, IMAGE, file.getvalue())
    seen = opened((await rider.call("GET", str(await url_of(rider)))).content)
    assert seen.convert("RGBA").getpixel((30, 30))[3] == 0


async def test_a_picture_is_turned_upright_and_tells_nothing_of_where_it_was_taken(
    campus: Campus,
) -> None:
    rider = await campus.sign_up()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = "at home"
    exif.get_ifd(0x8825).update({1: "N", 2: (19.0, 6.0, 27.0)})
    lying = Image.new("RGB", (400, 200), "red")
    lying.paste("blue", (0, 0, 200, 100))  # above and left; upright, above and right
    file = io.BytesIO()
    lying.save(file, "JPEG", quality=95, exif=exif, comment=b"at home", icc_profile=b"at home")
    await send(rider, IMAGE, file.getvalue())
    content = (await rider.call("GET", str(await url_of(rider)))).content
    seen = opened(content)
    assert not seen.getexif()
    assert not {"exif", "icc_profile", "xmp", "comment"} & set(seen.info)
    assert b"at home" not in content
    upright = seen.convert("RGB")
    red, _, blue = upright.getpixel((180, 20))
    assert blue > 200 > 50 > red
    red, _, blue = upright.getpixel((20, 20))
    assert red > 200 > 50 > blue


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
async def test_of_a_moving_picture_the_first_frame_stays(campus: Campus, kind: str) -> None:
    rider = await campus.sign_up()
    frames = [Image.new("RGB", (50, 50), colour) for colour in ("blue", "green")]
    moving = picture(
        kind, (50, 50), "red", save_all=True, append_images=frames, duration=100, loop=0
    )
    assert (await send(rider, IMAGE, moving)).status_code == 200
    seen = opened((await rider.call("GET", str(await url_of(rider)))).content)
    assert getattr(seen, "n_frames", 1) == 1
    red, green, blue = seen.convert("RGB").getpixel((25, 25))
    assert red > 200 > 50 > max(green, blue)


async def test_the_film_that_a_phone_appends_is_dropped(campus: Campus) -> None:
    rider = await campus.sign_up()
    answer = await send(rider, IMAGE, picture() + b"\0\0\0\x18ftypmp42" + bytes(5000))
    assert answer.status_code == 200
    content = (await rider.call("GET", str(await url_of(rider)))).content
    assert b"ftypmp42" not in content


def with_archive(content: bytes) -> bytes:
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("payload.txt", "open me")
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def bomb(side: int) -> bytes:
    """A PNG that says it is so wide and high; a few kilobytes that decode to gigabytes."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    row = bytes(1 + side // 8)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(row * min(side, 2000)))
        + chunk(b"IEND", b"")
    )


def with_huge_note() -> bytes:
    """A small PNG with a text of 100 MB, compressed."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("note", "x" * 100_000_000, zip=True)
    return picture("PNG", (10, 10), pnginfo=notes)


def gif_beyond_its_canvas() -> bytes:
    good = bytearray(picture("GIF", (10, 10)))
    at = good.index(b"\x2c")
    good[at + 5 : at + 9] = struct.pack("<HH", 60000, 60000)
    return bytes(good)


SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
)
BAD = {
    "text": lambda: b"hello",
    "page": lambda: b"<!doctype html><script>alert(1)</script>",
    "drawing": lambda: SVG,
    "program": lambda: b"\x7fELF" + bytes(500),
    "document": lambda: b"%PDF-1.7\n%%EOF",
    "tiff": lambda: picture("TIFF"),
    "bmp": lambda: picture("BMP"),
    "icon": lambda: picture("ICO", (32, 32)),
    "only the beginning of a jpeg": lambda: b"\xff\xd8\xff\xe0",
    "only the beginning of a png": lambda: b"\x89PNG\r\n\x1a\n",
    "half a jpeg": lambda: noise()[: len(noise()) // 2],
    "half a png": lambda: picture("PNG", (900, 900))[:200],
    "half a webp": lambda: picture("WEBP", (900, 900))[:60],
    "half a gif": lambda: picture("GIF", (900, 900))[:900],
    "png with a wrong sum": lambda: picture("PNG").replace(b"IDAT", b"IDAX"),
    "bomb of 20,000 by 20,000": lambda: bomb(20_000),
    "bomb of 8,000 by 8,000": lambda: bomb(8_000),
    "bomb of 200,000 by 200,000": lambda: bomb(200_000),
    "huge note": with_huge_note,
    "gif beyond its canvas": gif_beyond_its_canvas,
    "jpeg and archive": lambda: with_archive(picture("JPEG")),
    "png and archive": lambda: with_archive(picture("PNG")),
    "gif and script": lambda: picture("GIF") + b"<ScRiPt>alert(1)</script>",
    "jpeg and page": lambda: picture("JPEG", comment=b"<html><body>"),
    "jpeg and php": lambda: picture("JPEG", comment=b"<?php system($_GET['c']);"),
    "jpeg and document": lambda: picture("JPEG", comment=b"%PDF-1.7"),
}


@pytest.mark.parametrize("bad", BAD)
async def test_what_is_no_picture_or_more_than_one_is_refused_and_nothing_is_stored(
    campus: Campus, db: asyncpg.Connection, data_dir: Path, bad: str
) -> None:
    rider = await campus.sign_up()
    before = set((data_dir / "files").glob("*"))
    answer = await send(rider, IMAGE, BAD[bad](), "me.jpg")
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_image"), answer.text
    assert await url_of(rider) is None
    assert await stored(db, rider) == []
    assert set((data_dir / "files").glob("*")) == before


@pytest.mark.parametrize(
    ("kind", "size", "words"),
    [("PNG", (6000, 5000), "25 million"), ("JPEG", (8000, 6500), "50 million")],
)
async def test_a_whole_picture_of_too_many_pixels_is_told_so(
    campus: Campus, kind: str, size: tuple[int, int], words: str
) -> None:
    rider = await campus.sign_up()
    answer = await send(rider, IMAGE, picture(kind, size))
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_image")
    assert words in answer.json()["detail"]


async def test_the_picture_of_a_good_camera_is_taken(campus: Campus) -> None:
    rider = await campus.sign_up()
    assert (await send(rider, IMAGE, picture("JPEG", (8000, 6000)))).status_code == 200


async def test_pictures_are_not_tried_without_end(
    start_server: StartServer, data_dir: Path
) -> None:
    server = await start_server(rate_limits="on")
    async with server.client() as client:
        rider = await Campus(client, data_dir / "mail").sign_up()
        codes = [(await send(rider, IMAGE, b"no picture")).status_code for _ in range(31)]
    assert codes == [422] * 30 + [429]


async def test_who_would_wait_too_long_is_told_to_come_back(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    rider = await campus.sign_up()
    monkeypatch.setattr(pictures, "LONGEST_QUEUE", 0)
    refused = await send(rider, IMAGE, picture())
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert "retry-after" in refused.headers
    monkeypatch.undo()
    assert (await send(rider, IMAGE, picture())).status_code == 200


async def test_a_bad_picture_leaves_the_good_one(campus: Campus) -> None:
    rider = await campus.sign_up()
    url = (await send(rider, IMAGE, picture())).json()["profile_image_url"]
    assert (await send(rider, IMAGE, b"not a picture")).status_code == 422
    assert await url_of(rider) == url
    assert (await rider.call("GET", url)).status_code == 200


async def test_a_picture_that_is_too_large_is_told_so_and_nothing_is_stored(
    campus: Campus, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    for size in (PICTURE.max_bytes + 1, 3 * PICTURE.max_bytes):
        answer = await send(rider, IMAGE, bytes(size))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert "8 MB" in answer.json()["detail"]
    assert await stored(db, rider) == []


async def test_a_picture_of_several_megabytes_is_taken(campus: Campus) -> None:
    """More than any other body may have."""
    rider = await campus.sign_up()
    large = noise((1900, 1600))
    assert 2_000_000 < len(large) < PICTURE.max_bytes
    assert (await send(rider, IMAGE, large)).status_code == 200


async def test_a_new_picture_has_a_new_address_and_the_old_file_goes(
    campus: Campus, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider = await campus.sign_up()
    first = (await send(rider, IMAGE, picture(colour="red"))).json()["profile_image_url"]
    [old] = await stored(db, rider)
    assert (data_dir / "files" / old).exists()
    second = (await send(rider, IMAGE, picture(colour="blue"))).json()["profile_image_url"]
    [new] = await stored(db, rider)
    assert first != second
    assert not (data_dir / "files" / old).exists()
    assert (data_dir / "files" / new).exists()


async def test_a_picture_can_be_taken_away_twice(
    campus: Campus, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider = await campus.sign_up()
    url = (await send(rider, IMAGE, picture())).json()["profile_image_url"]
    [key] = await stored(db, rider)
    for _ in range(2):
        assert (await rider.call("DELETE", IMAGE)).status_code == 204
    assert await url_of(rider) is None
    gone = await rider.call("GET", url)
    assert (gone.status_code, gone.json()["code"]) == (404, "no_image")
    assert not (data_dir / "files" / key).exists()


async def test_who_has_the_picture_is_not_sent_it_again(campus: Campus) -> None:
    rider = await campus.sign_up()
    url = (await send(rider, IMAGE, picture(colour="red"))).json()["profile_image_url"]
    first = await rider.call("GET", url)
    assert first.headers["cache-control"] == "private, no-cache"
    tag = first.headers["etag"]
    for offered in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await rider.call("GET", url, headers={"If-None-Match": offered})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["cache-control"]) == (
            tag,
            "private, no-cache",
        )
    for offered in ('"other"', tag.strip('"'), ""):
        assert (await rider.call("GET", url, headers={"If-None-Match": offered})).content
    await send(rider, IMAGE, picture(colour="blue"))
    changed = await rider.call("GET", url, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_the_picture_is_seen_by_who_may_see_the_rider(
    campus: Campus, db: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    owner, fellow, blocked, blocker = [await campus.sign_up() for _ in range(4)]
    stranger = await campus.sign_up(college_name="VJTI")
    await send(owner, IMAGE, picture())
    url = f"/api/users/{owner.id}/image"
    tag = (await fellow.call("GET", url)).headers["etag"]
    await block(db, owner, blocked)
    await block(db, blocker, owner)

    async def status(viewer: Rider) -> int:
        # A copy in a cache is no way around.
        asked = await viewer.call("GET", url, headers={"If-None-Match": tag})
        return asked.status_code

    assert [await status(each) for each in (owner, fellow)] == [304, 304]
    assert [await status(each) for each in (blocked, blocker, stranger)] == [404, 404, 404]
    assert (await client.get(url)).status_code == 401
    await ban(db, owner)
    assert await status(fellow) == 404


async def test_a_partner_who_is_blocked_does_not_see_the_picture(
    campus: Campus, db: asyncpg.Connection
) -> None:
    owner, partner = await campus.sign_up(), await campus.sign_up()
    await share_a_ride(db, owner, partner)
    url = (await send(owner, IMAGE, picture())).json()["profile_image_url"]
    await block(db, owner, partner)
    assert (await partner.call("GET", url)).status_code == 404


async def test_of_pictures_sent_at_once_one_stays_and_the_others_leave_no_file(
    campus: Campus, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider = await campus.sign_up()
    before = set((data_dir / "files").glob("*"))
    colours = ["red", "green", "blue", "teal", "pink"]
    answers = await asyncio.gather(
        *(send(rider, IMAGE, picture(colour=colour)) for colour in colours)
    )
    assert {answer.status_code for answer in answers} == {200}
    [key] = await stored(db, rider)
    # Each took away what it found replaced; the last one's sweep may have met a lock.
    await rider.call("DELETE", IMAGE.replace("image", "resume"))
    assert {file.name for file in set((data_dir / "files").glob("*")) - before} == {key}
    assert (await rider.call("GET", str(await url_of(rider)))).status_code == 200


async def test_a_picture_taken_away_while_another_is_on_its_way(
    campus: Campus, db: asyncpg.Connection, data_dir: Path
) -> None:
    """Whatever comes first, a row has its file and a file has its row."""
    rider = await campus.sign_up()
    await send(rider, IMAGE, picture(colour="red"))
    for _ in range(5):
        before = set((data_dir / "files").glob("*"))
        answers = await asyncio.gather(
            send(rider, IMAGE, picture(colour="blue")), rider.call("DELETE", IMAGE)
        )
        assert [answer.status_code for answer in answers] == [200, 204]
        await rider.call("DELETE", IMAGE.replace("image", "resume"))
        keys = set(await stored(db, rider))
        files = {file.name for file in (data_dir / "files").glob("*")}
        assert keys <= files
        assert files - {file.name for file in before} <= keys


async def test_an_account_that_ends_during_an_upload_leaves_no_picture(
    campus: Campus, db: asyncpg.Connection, database_url: str, data_dir: Path
) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    # The sweep below is not to take what other tests left.
    await db.execute("delete from unreferenced_files")
    before = set((data_dir / "files").glob("*"))
    ending = await asyncpg.connect(database_url)
    try:
        async with ending.transaction():
            await ending.execute("delete from users where user_id = $1", rider.id)
            upload = asyncio.create_task(send(rider, IMAGE, picture()))
            await until_waiting_for_locks(db)
        assert (await upload).status_code == 409
    finally:
        await ending.close()
    assert await stored(db, rider) == []
    # What was stored already is registered, and goes with a sweep when its time has come.
    await db.execute("update unreferenced_files set delete_after = now()")
    await other.call("DELETE", IMAGE)
    assert set((data_dir / "files").glob("*")) == before


async def test_an_account_that_ends_takes_its_picture_along(
    campus: Campus, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider, other = await campus.sign_up(), await campus.sign_up()
    await send(rider, IMAGE, picture())
    [key] = await stored(db, rider)
    await db.execute("delete from users where user_id = $1", rider.id)
    await other.call("DELETE", IMAGE)
    assert not (data_dir / "files" / key).exists()


async def test_what_was_on_its_way_for_too_long_is_not_referred_to(
    campus: Campus, db: asyncpg.Connection
) -> None:
    """Its file may be swept already."""
    rider = await campus.sign_up()
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await db.execute(
            "insert into profile_files (college_id, user_id, kind, storage_key, version) "
            "values ($1, $2, 'image', 'swept', repeat('0', 32))",
            rider.college_id,
            rider.id,
        )
    assert await stored(db, rider) == []


async def test_a_file_that_somebody_took_from_the_folder_is_not_there(
    campus: Campus, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider = await campus.sign_up()
    url = (await send(rider, IMAGE, picture())).json()["profile_image_url"]
    [key] = await stored(db, rider)
    (data_dir / "files" / key).unlink()
    gone = await rider.call("GET", url)
    assert (gone.status_code, gone.json()["code"]) == (404, "no_image")
    assert (await send(rider, IMAGE, picture(colour="red"))).status_code == 200


async def test_a_picture_that_is_replaced_while_it_is_looked_for_is_seen_anew(
    server: Server, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    rider = await campus.sign_up()
    url = (await send(rider, IMAGE, picture(colour="red"))).json()["profile_image_url"]
    load = server.app.ctx.resources[Storage].load

    async def load_late(key: str) -> bytes | None:
        monkeypatch.undo()
        assert (await send(rider, IMAGE, picture(colour="blue"))).status_code == 200
        content: bytes | None = await load(key)
        assert content is None
        return content

    monkeypatch.setattr(server.app.ctx.resources[Storage], "load", load_late)
    seen = await rider.call("GET", url)
    assert seen.status_code == 200
    red, _, blue = opened(seen.content).convert("RGB").getpixel((9, 9))
    assert blue > 200 > 50 > red


async def test_an_old_file_that_cannot_be_deleted_is_left_for_the_next_sweep(
    campus: Campus, db: asyncpg.Connection, data_dir: Path
) -> None:
    rider = await campus.sign_up()
    await send(rider, IMAGE, picture())
    [key] = await stored(db, rider)
    stubborn = data_dir / "files" / key
    stubborn.unlink()
    stubborn.mkdir()

    async def waiting() -> bool:
        return bool(
            await db.fetchval(
                "select exists (select from unreferenced_files where storage_key = $1)", key
            )
        )

    answer = await send(rider, IMAGE, picture(colour="red"))
    assert answer.status_code == 200
    assert await waiting()
    stubborn.rmdir()
    assert (await rider.call("DELETE", IMAGE)).status_code == 204
    assert not await waiting()


@pytest.mark.parametrize(("at", "is_one"), [(0, True), (1019, True), (1020, False)])
def test_a_document_begins_within_the_first_kilobyte(at: int, is_one: bool) -> None:
    assert is_disguised_in_picture(b"x" * at + b"%PDF-") is is_one


@pytest.mark.parametrize(("behind", "is_one"), [(1019, False), (1020, True)])
def test_a_document_ends_within_the_last_kilobyte(behind: int, is_one: bool) -> None:
    assert is_disguised_in_pdf(b"%PDF-1.7 %%EOF" + b" " * behind) is is_one
