"""What a process opens when it starts and closes when it stops, each found by its class.

    hasher = Hasher(settings)
    resources.add(hasher, closed_by=hasher.close)
    ...
    await resources[Hasher].hash(password)

They are closed in the opposite order of their opening.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from inspect import isawaitable
from typing import TypeVar, cast

T = TypeVar("T")


class Resources:
    """The resources of one process."""

    def __init__(self) -> None:
        self._opened: dict[type, object] = {}
        self._closing = AsyncExitStack()
        # The process is about to stop: it is not ready any more, and begins nothing new.
        self.draining = False

    def add(
        self,
        opened: T,
        *,
        kind: type[T] | None = None,
        closed_by: Callable[[], object] | None = None,
    ) -> T:
        """Keep a resource until it is closed by this call, which may be awaitable.

        It is found by its class, or by the kind of which several classes are."""
        self._opened[kind or type(opened)] = opened
        if closed_by is not None:
            self._closing.push_async_callback(call, closed_by)
        return opened

    def __getitem__(self, kind: type[T]) -> T:
        return cast("T", self._opened[kind])

    async def close(self) -> None:
        await self._closing.aclose()


async def call(close: Callable[[], object]) -> None:
    closing = close()
    if isawaitable(closing):
        await closing
