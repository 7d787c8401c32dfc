"""The dispatcher reads what a rider says on a socket, one message after the other, and answers.

A message that cannot be understood is answered with `error`, and then the socket is closed: the
client has a defect. One that is understood and refused is answered with `error`, and that is all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tripsync.database.row_security import see_college
from tripsync.http.error_handler import as_problem
from tripsync.http.problems import NOT_AUTHENTICATED, TOO_LARGE, TOO_MANY, Problem, Refusal
from tripsync.http.protocol.budget import Budget, OverspentError
from tripsync.realtime import close_codes
from tripsync.realtime.close_codes import CloseCode
from tripsync.realtime.socket import Socket

LARGEST_MESSAGE = 16_384
# A person types less than one a second, a position comes once a second.
MESSAGES_A_SECOND = 20
AT_ONCE = 60

NOT_UNDERSTOOD = Refusal(
    422,
    "not_understood",
    "Not understood",
    'A message is a JSON object with a known type, such as {"type": "ping"}.',
)


class Dismissal(Exception):  # noqa: N818 - nothing went wrong here; the client is sent away
    """A refusal after which the socket is closed."""

    def __init__(self, problem: Problem, code: CloseCode) -> None:
        super().__init__(code.reason)
        self.problem = problem
        self.code = code


# What becomes of a message, by its type.
Acts = dict[str, Callable[[Socket, dict[str, Any]], Awaitable[None]]]


class Dispatcher:
    """Takes what comes over one socket."""

    __slots__ = (
        "_acts",
        "_answers",
        "_budget",
        "_busy",
        "_deaf",
        "_inbox",
        "_socket",
    )

    def __init__(self, socket: Socket, acts: Acts) -> None:
        self._socket = socket
        self._acts = acts
        self._inbox: list[str | bytes] = []
        self._answers = False
        self._busy: asyncio.Task[None] | None = None
        self._deaf = False
        self._budget = Budget(AT_ONCE, MESSAGES_A_SECOND, most_waits=0)

    def take(self, raw: str | bytes) -> None:
        """Something arrived. It is never left unread, so that a client that goes away is noticed;
        so whoever says too much is cut off."""
        if self._deaf:
            return
        if not self._may_speak():
            self._give_up(Problem(TOO_MANY), close_codes.TOO_MANY)
        elif len(raw) > LARGEST_MESSAGE:
            self._give_up(Problem(TOO_LARGE), close_codes.TOO_BIG)
        else:
            self._inbox.append(raw)
            self._go_on()

    def begin(self) -> None:
        """From now on, what was taken is answered."""
        self._answers = True
        self._go_on()

    async def finish(self, patience: float | None = None) -> None:
        """Nothing more is taken; what was taken is brought to its end, or given up after a time."""
        self._deaf = True
        if busy := self._busy:
            await asyncio.wait([busy], timeout=patience)
            busy.cancel()
        self._inbox.clear()

    def _go_on(self) -> None:
        if self._answers and self._inbox and self._busy is None:
            self._busy = asyncio.create_task(self._answer_all())

    def _may_speak(self) -> bool:
        try:
            self._budget.spend(1)
        except OverspentError:
            return False
        return True

    def _give_up(self, problem: Problem, code: CloseCode, about: str = "") -> None:
        self._deaf = True
        self._inbox.clear()
        self._socket.refuse(problem, about)
        self._socket.hang_up(code)

    async def _answer_all(self) -> None:
        try:
            while self._inbox:
                await self._answer(self._inbox.pop(0))
        finally:
            self._busy = None

    async def _answer(self, raw: str | bytes) -> None:
        values = read_object(raw)
        kind = values.pop("type", None)
        act = self._acts.get(kind) if isinstance(kind, str) else None
        if act is None:
            self._give_up(Problem(NOT_UNDERSTOOD), close_codes.BAD_MESSAGE)
        elif self._socket.rider is None and kind != "auth":
            self._give_up(Problem(NOT_AUTHENTICATED), close_codes.NOT_SIGNED_IN, kind)
        else:
            if self._socket.rider:
                see_college(self._socket.rider.college_id)
            try:
                await act(self._socket, values)
            except Dismissal as reason:
                self._give_up(reason.problem, reason.code, kind)
            except Exception as reason:
                self._socket.refuse(as_problem(reason), kind)


def read_object(raw: str | bytes) -> dict[str, Any]:
    """The members of a JSON object; none of anything else."""
    if isinstance(raw, bytes):
        return {}
    try:
        values = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
