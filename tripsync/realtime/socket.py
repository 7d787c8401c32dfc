"""A socket is one device of a rider: it knows its cursor and what may be sent."""

from collections.abc import Mapping
from typing import Any

from tripsync.database.encoding import encode
from tripsync.http.problems import Problem
from tripsync.http.tokens import Rider
from tripsync.realtime.close_codes import CloseCode
from tripsync.realtime.protocol import WebSocketConnection, text_frame


def message_frame(message: Mapping[str, Any]) -> bytes:
    return text_frame(encode(message))


class Socket:
    """A connection, its rider, and the number of the last event that was sent over it."""

    __slots__ = (
        "after",
        "asked_at",
        "connection",
        "cursor",
        "live_after",
        "needs_token",
        "opened_at",
        "resumes_until",
        "rider",
        "whose",
    )

    def __init__(
        self,
        connection: WebSocketConnection,
        *,
        whose: int | None = None,
        after: int | None = None,
        needs_token: bool = True,
    ) -> None:
        self.connection = connection
        # Whether it is closed when there is no good token any more.
        self.needs_token = needs_token
        # None until it is known who is at the other end.
        self.rider: Rider | None = None
        # Of the address: the rider it is meant for, and the last event the device knows.
        self.whose = whose
        self.after = after
        self.opened_at = connection.heard_at
        # When it was last asked whether it is there.
        self.asked_at = connection.heard_at
        # Every event up to this one has been sent; None as long as none is to be.
        self.cursor: int | None = None
        # Where the events ended when the device came, or asked for those it missed.
        self.live_after = 0
        # The same, until the device has heard that it has got all it missed.
        self.resumes_until: int | None = None

    @property
    def wants_events(self) -> bool:
        """Not while its connection is full: what it misses is read from the table later."""
        return (
            self.cursor is not None
            and self.connection.is_open
            and self.connection.stalled_since is None
        )

    def send(self, message: Mapping[str, Any]) -> None:
        self.connection.send(message_frame(message))

    def refuse(self, problem: Problem, about: str = "") -> None:
        """Say what was wrong with a message; the socket stays open."""
        errors = [{"field": each.field, "detail": each.detail} for each in problem.errors]
        self.send(
            {
                "type": "error",
                "code": problem.refusal.code,
                "detail": problem.detail,
                "errors": errors,
                "about": about,
            }
        )

    def hang_up(self, code: CloseCode) -> None:
        self.connection.hang_up(code.number, code.reason)

    def start_after(self, seq: int, head: int) -> None:
        """It gets what comes after this one; up to `head` that has happened already."""
        self.cursor = seq
        self.live_after = head
        self.send({"type": "ready", "seq": seq})

    def resume_after(self, seq: int, head: int) -> None:
        """First what it missed, then what is new. Who knows more than there is starts afresh."""
        if seq > head:
            self.reload_from(head)
            return
        self.cursor = seq
        self.live_after = self.resumes_until = head
        if seq == head:
            self.caught_up()

    def reload_from(self, head: int) -> None:
        """What it missed is not there any more: never a part of it."""
        self.cursor = self.live_after = head
        self.resumes_until = None
        self.send({"type": "reload_required", "seq": head})

    def pass_on(self, after: int, last: int, frames: bytes) -> None:
        """These events, if they are the ones that come next here."""
        if self.cursor == after and self.connection.is_open:
            self.connection.send(frames)
            self.cursor = last

    def caught_up(self) -> None:
        """There is nothing more; a device that resumed hears so."""
        if self.resumes_until is not None and self.cursor is not None:
            self.resumes_until = None
            self.send({"type": "resumed", "seq": self.cursor})
