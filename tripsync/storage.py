"""Storage keeps files: in a folder, or in an S3-compatible bucket.

A key is opaque and new for each file, so that nothing is ever written over. Files are a few
megabytes at most, and travel whole.
"""

import asyncio
import logging
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from obstore.exceptions import BaseError
from obstore.store import S3Store

from tripsync.settings import Settings

log = logging.getLogger("tripsync.storage")

S3_TIMEOUT = timedelta(seconds=10)
S3_RETRIES = 2


class StorageError(Exception):
    """The storage is away, full or closed to us; what was asked of it may be asked again."""


class Storage(Protocol):
    """Keeps bytes under a key. Whatever goes wrong on the way is a StorageError."""

    async def save(self, key: str, content: bytes) -> None:
        """Keep this; once it returns, it stays."""

    async def load(self, key: str) -> bytes | None:
        """What was kept under the key; None when nothing is."""

    async def delete(self, keys: Sequence[str]) -> None:
        """Forget these; a key that is not known is forgotten already."""


def new_key() -> str:
    return secrets.token_hex(16)


def open_storage(settings: Settings) -> Storage:
    """Object storage where it is configured, else a folder of the data directory."""
    return ObjectStorage(settings) if settings.s3_bucket else Folder(settings.data_dir / "files")


@contextmanager
def failing_as_storage() -> Iterator[None]:
    try:
        yield
    except (OSError, BaseError) as reason:
        # The library's text names the bucket and the address: for operators only.
        log.error("the storage failed: %s: %s", type(reason).__name__, reason)
        raise StorageError from None


class Folder:
    """Files in a local folder, for the owner's eyes only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def save(self, key: str, content: bytes) -> None:
        with failing_as_storage():
            await asyncio.to_thread(self._write, key, content)

    async def load(self, key: str) -> bytes | None:
        with failing_as_storage():
            return await asyncio.to_thread(self._read, key)

    async def delete(self, keys: Sequence[str]) -> None:
        with failing_as_storage():
            await asyncio.to_thread(self._remove, keys)

    def _write(self, key: str, content: bytes) -> None:
        # Written aside, flushed and renamed: whatever has its name is whole, also after a crash.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self._folder / f"{key}.part"
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.rename(self._folder / key)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        entries = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(entries)
        finally:
            os.close(entries)

    def _read(self, key: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return (self._folder / key).read_bytes()
        return None

    def _remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            # A process that was killed while writing leaves the part.
            for name in (key, f"{key}.part"):
                (self._folder / name).unlink(missing_ok=True)


class ObjectStorage:
    """A bucket of an S3-compatible service. Its servers are met with the first file."""

    def __init__(self, settings: Settings) -> None:
        self._bucket = S3Store(
            settings.s3_bucket,
            # Empty: Amazon's own.
            endpoint=settings.s3_endpoint or None,
            region=settings.s3_region,
            access_key_id=settings.s3_access_key,
            secret_access_key=settings.s3_secret_key,
            client_options={
                "allow_http": settings.s3_endpoint.startswith("http://"),
                "connect_timeout": S3_TIMEOUT,
                "timeout": S3_TIMEOUT,
            },
            retry_config={"max_retries": S3_RETRIES, "retry_timeout": S3_TIMEOUT},
        )

    async def save(self, key: str, content: bytes) -> None:
        with failing_as_storage():
            await self._bucket.put_async(key, content)

    async def load(self, key: str) -> bytes | None:
        with failing_as_storage():
            try:
                found = await self._bucket.get_async(key)
                return bytes(await found.bytes_async())
            except FileNotFoundError:
                return None

    async def delete(self, keys: Sequence[str]) -> None:
        with failing_as_storage():
            await self._bucket.delete_async(keys)
