"""A session calls the API as one rider, with tokens that are renewed as they expire."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from tripsync_client.generated import AuthenticatedClient

Answer = TypeVar("Answer")

LOGIN = "/api/auth/login"
REFRESH = "/api/auth/refresh"
# A token is renewed so long before it expires.
AHEAD_SECONDS = 60
UNAUTHORIZED = 401


class RefusedError(Exception):
    """The server said no: `code` is for programs, `detail` for people.

    `problem` is all that it said: an object of the documented class, or the bare JSON."""

    def __init__(self, problem: object) -> None:
        self.problem = problem
        self.code = field_of(problem, "code")
        self.detail = field_of(problem, "detail") or f"not what was expected: {problem!r}"
        super().__init__(self.detail)


def field_of(problem: object, name: str) -> str | None:
    value = problem.get(name) if isinstance(problem, dict) else getattr(problem, name, None)
    return value if isinstance(value, str) else None


class SignedOutError(RefusedError):
    """The session is over: the rider has to sign in again."""


def expect(kind: type[Answer], answer: object) -> Answer:
    """Give the answer of a call if it is of this kind; else raise RefusedError."""
    if isinstance(answer, kind):
        return answer
    raise RefusedError(answer)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What opens the API: an access token until it expires, and one that renews it once."""

    access: str
    refresh: str
    # As time.time() tells it.
    expires_at: float

    @classmethod
    def of_answer(cls, answer: httpx.Response) -> Self:
        told: dict[str, Any] = answer.json()
        return cls(told["access_token"], told["refresh_token"], time.time() + told["expires_in"])


class Session(httpx.Auth):
    """One rider's session; `client` is what the generated functions take.

    A refresh token works once, so whoever needs a new one while another call is asking for it
    waits for that. `keep` is given each new pair of tokens, to store them."""

    def __init__(
        self, url: str, tokens: Tokens, keep: Callable[[Tokens], None] | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self.tokens = tokens
        self._keep = keep
        self._renewing = asyncio.Lock()
        # Its own header is overwritten by what async_auth_flow sets.
        self.client = AuthenticatedClient(self.url, token="", httpx_args={"auth": self})

    @classmethod
    async def log_in(
        cls, url: str, email: str, password: str, keep: Callable[[Tokens], None] | None = None
    ) -> Self:
        """Sign in with an email address and a password."""
        answer = await post(url.rstrip("/") + LOGIN, {"email": email, "password": password})
        if not answer.is_success:
            raise RefusedError(answer.json())
        tokens = Tokens.of_answer(answer)
        if keep:
            keep(tokens)
        return cls(url, tokens, keep)

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.__aexit__(kind, error, trace)

    async def access_token(self) -> str:
        """Give a token that still holds, renewed if it is about to expire."""
        if self.tokens.expires_at - AHEAD_SECONDS < time.time():
            await self.renew(self.tokens)
        return self.tokens.access

    async def renew(self, old: Tokens) -> None:
        """Get new tokens instead of these, unless somebody has done so meanwhile."""
        async with self._renewing:
            if self.tokens is not old:
                return
            answer = await post(self.url + REFRESH, {"refresh_token": old.refresh})
            if answer.status_code == UNAUTHORIZED:
                raise SignedOutError(answer.json())
            if not answer.is_success:
                raise RefusedError(answer.json())
            self.tokens = Tokens.of_answer(answer)
            if self._keep:
                self._keep(self.tokens)

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send a request with a token; once more with a new one where that was refused."""
        request.headers["Authorization"] = f"Bearer {await self.access_token()}"
        used = self.tokens
        answer = yield request
        if answer.status_code == UNAUTHORIZED:
            await self.renew(used)
            request.headers["Authorization"] = f"Bearer {self.tokens.access}"
            yield request


async def post(url: str, body: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(url, json=body)
