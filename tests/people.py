"""Riders for tests: they sign up through the API, as anybody does."""

import itertools
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.bystanders import check_for_bystanders
from tests.waiting import until
from tripsync.settings import Settings

PASSWORD = "four sparrows on a tram"
numbers = itertools.count(1)


def new_email() -> str:
    return f"rider{next(numbers)}.{secrets.token_hex(3)}@djsce.example"


def here(url: str) -> str:
    """An address that a server gave out, on whichever server is asked."""
    return url.removeprefix(Settings().api_url)


@dataclass
class Rider:
    """Somebody with an account and, once signed in, tokens."""

    client: httpx.AsyncClient
    id: int
    email: str
    full_name: str
    college_id: int
    password: str = PASSWORD
    access_token: str = ""
    refresh_token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        answer = await self.client.request(method, here(path), headers=headers, **more)
        check_for_bystanders(answer, self.college_id)
        return answer

    async def sign_in(self) -> "Rider":
        answer = await self.client.post(
            "/api/auth/login", json={"email": self.email, "password": self.password}
        )
        assert answer.status_code == 200, answer.text
        self.access_token = answer.json()["access_token"]
        self.refresh_token = answer.json()["refresh_token"]
        return self

    async def on_another_device(self) -> "Rider":
        """The same person with a session of its own."""
        other = Rider(
            self.client, self.id, self.email, self.full_name, self.college_id, self.password
        )
        return await other.sign_in()


@dataclass
class Campus:
    """Where riders come from, and where their mail lies."""

    client: httpx.AsyncClient
    mail_folder: Path

    async def register(self, **changes: object) -> httpx.Response:
        body = {
            "email": new_email(),
            "full_name": "Asha Rao",
            "password": PASSWORD,
            "college_name": "DJSCE",
            **changes,
        }
        return await self.client.post("/api/auth/register", json=body)

    async def sign_up(self, **changes: object) -> Rider:
        """A rider who is signed in."""
        answer = await self.register(**changes)
        assert answer.status_code == 201, answer.text
        password = str(changes.get("password", PASSWORD))
        rider = Rider(self.client, **answer.json(), password=password)
        return await rider.sign_in()

    async def mailed_code(self, email: str, subject: str) -> str:
        """The code in the latest mail to this address; waits for it to arrive."""

        def latest() -> str | None:
            for file in sorted(self.mail_folder.glob("*.eml"), reverse=True):
                text = file.read_text()
                if f"To: {email}\n" in text and f"Subject: {subject}\n" in text:
                    found = re.search(r"type this code in the app: (\S+)", text)
                    assert found, text
                    return found[1]
            return None

        return await until(latest)
