"""What is held about a rider: how each part of the application exports it, and how it erases it.

A feature lists its sections and erasures (tripsync/feature.py). An export reads all sections in
one snapshot; the deletion of an account runs all erasures in one transaction.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypedDict

from tripsync.database import Snapshot, Transaction


class Whose(TypedDict):
    """What every query here takes."""

    college_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the export: `Section("devices", "push.export_devices")`."""

    name: str
    # Its file in sql/ and its name there.
    query: str
    # What becomes of a row before it is shown.
    shown: Callable[[Any], Any] | None = None

    async def rows(self, snapshot: Snapshot, whose: Whose) -> AsyncIterator[Any]:
        file, _, query = self.query.partition(".")
        async for row in snapshot.rows(file, query, **whose):
            yield self.shown(row) if self.shown else row


@dataclass(frozen=True, slots=True)
class Erase:
    """An erasure that is one query: `Erase("push.remove_devices")`."""

    query: str

    async def __call__(self, db: Transaction, whose: Whose) -> None:
        file, _, query = self.query.partition(".")
        await getattr(getattr(db, file), query)(**whose)


Erasure = Callable[[Transaction, Whose], Awaitable[None]]


class OwnDataParts:
    """The sections and erasures of all features, as profiles finds them."""

    def __init__(self, sections: Iterable[Section], erasures: Iterable[Erasure]) -> None:
        self.sections = {section.name: section for section in sections}
        self._erasures = tuple(erasures)

    async def erase(self, db: Transaction, whose: Whose) -> None:
        """Run all erasures, always in the same order: two deletions lock tables alike."""
        for erasure in self._erasures:
            await erasure(db, whose)
