"""Where files lie: a folder and a bucket keep the same promises."""

import asyncio
import os
import re
import sys
import tempfile
from asyncio.subprocess import DEVNULL, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartServer
from tests.people import Campus
from tests.profiles.files import IMAGE, RESUME, pdf, picture, send
from tests.waiting import PATIENCE, until
from tripsync.settings import Settings
from tripsync.storage import Folder, ObjectStorage, Storage, StorageError, new_key, open_storage


@pytest.fixture(scope="session")
async def s3() -> AsyncIterator[str]:
    """The address of an S3 that lives as long as the run."""
    with tempfile.TemporaryFile() as transcript:
        service = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"),
            stdin=DEVNULL,
            stdout=transcript,
            stderr=STDOUT,
        )
        try:

            def announced() -> re.Match[bytes] | None:
                said = os.pread(transcript.fileno(), 10_000, 0)
                assert service.returncode is None, said.decode()
                return re.search(rb"http://127\.0\.0\.1:\d+", said)

            yield (await until(announced))[0].decode()
        finally:
            service.kill()
            await service.wait()


@pytest.fixture
async def bucket(s3: str) -> dict[str, str]:
    """The settings of a new, empty bucket."""
    name = f"files-{new_key()}"
    async with httpx.AsyncClient(base_url=s3, timeout=PATIENCE) as client:
        assert (await client.put(f"/{name}")).status_code == 200
    return {
        "s3_bucket": name,
        "s3_endpoint": s3,
        "s3_access_key": "key",
        "s3_secret_key": "secret",
    }


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("*")}


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return open_storage(Settings(data_dir=tmp_path))
    return open_storage(Settings(**request.getfixturevalue("bucket")))


async def test_what_is_saved_is_loaded(storage: Storage) -> None:
    for content in (b"", b"hello", os.urandom(3_000_000)):
        key = new_key()
        await storage.save(key, content)
        assert await storage.load(key) == content


async def test_what_is_not_there_is_none(storage: Storage) -> None:
    assert await storage.load(new_key()) is None


async def test_what_is_deleted_is_gone_and_the_rest_stays(storage: Storage) -> None:
    first, second, third = keys = [new_key() for _ in range(3)]
    for key in keys:
        await storage.save(key, key.encode())
    await storage.delete([first, second, new_key()])
    assert [await storage.load(key) for key in keys] == [None, None, third.encode()]
    await storage.delete([first])


async def test_many_at_once_do_not_meet(storage: Storage) -> None:
    keys = [new_key() for _ in range(20)]
    await asyncio.gather(*(storage.save(key, key.encode()) for key in keys))
    assert await asyncio.gather(*(storage.load(key) for key in keys)) == [
        key.encode() for key in keys
    ]


async def test_files_are_for_their_owner_only_and_none_is_left_half(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    key = new_key()
    await Folder(folder).save(key, b"hello")
    assert names_in(folder) == {key}
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / key).stat().st_mode & 0o077 == 0


async def test_what_a_killed_process_left_of_a_file_goes_with_it(tmp_path: Path) -> None:
    key = new_key()
    (tmp_path / f"{key}.part").write_bytes(b"hel")
    assert await Folder(tmp_path).load(key) is None
    await Folder(tmp_path).delete([key])
    assert names_in(tmp_path) == set()


async def test_nothing_is_written_over(tmp_path: Path) -> None:
    key = new_key()
    (tmp_path / f"{key}.part").write_bytes(b"hel")
    with pytest.raises(StorageError):
        await Folder(tmp_path).save(key, b"hello")


async def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("a file stands here")
    with pytest.raises(StorageError):
        await Folder(tmp_path / "files").save(new_key(), b"hello")


async def test_a_bucket_that_is_not_there_is_a_storage_error(bucket: dict[str, str]) -> None:
    nowhere = ObjectStorage(Settings(**{**bucket, "s3_bucket": "nowhere"}))
    with pytest.raises(StorageError):
        await nowhere.save(new_key(), b"hello")


def test_without_a_bucket_files_lie_in_the_data_folder(tmp_path: Path) -> None:
    assert isinstance(open_storage(Settings(data_dir=tmp_path)), Folder)


async def test_pictures_and_resumes_lie_in_the_bucket(
    start_server: StartServer, bucket: dict[str, str], data_dir: Path
) -> None:
    server = await start_server(**bucket)
    before = names_in(data_dir / "files")

    async def kept() -> int:
        async with httpx.AsyncClient(base_url=bucket["s3_endpoint"], timeout=PATIENCE) as client:
            listed = await client.get(f"/{bucket['s3_bucket']}?list-type=2")
        return len(re.findall(r"<Key>", listed.text))

    async with server.client() as client:
        rider = await Campus(client, data_dir / "mail").sign_up()
        url = (await send(rider, IMAGE, picture())).json()["profile_image_url"]
        assert (await rider.call("GET", url)).headers["content-type"] == "image/webp"
        assert (await send(rider, RESUME, pdf())).status_code == 200
        assert await kept() == 2
        assert (await send(rider, IMAGE, picture(colour="red"))).status_code == 200
        assert await kept() == 2
        assert (await rider.call("DELETE", IMAGE)).status_code == 204
        assert await kept() == 1
    assert names_in(data_dir / "files") == before


async def test_a_storage_that_is_away_is_a_503_and_changes_nothing(
    start_server: StartServer, bucket: dict[str, str], data_dir: Path
) -> None:
    server = await start_server(**{**bucket, "s3_bucket": "nowhere"})
    async with server.client() as client:
        rider = await Campus(client, data_dir / "mail").sign_up()
        answer = await send(rider, IMAGE, picture())
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert "nowhere" not in answer.text
        assert (await rider.call("GET", "/api/profile/me")).json()["profile_image_url"] is None
