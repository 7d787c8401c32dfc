"""Tokens are renewed as they expire, one at a time."""

import asyncio
from dataclasses import replace

import pytest
from tripsync_client import RefusedError, Session, SignedOutError, Tokens, expect
from tripsync_client.generated.api.accounts import list_sessions, log_out_everywhere
from tripsync_client.generated.api.profiles import read_own_profile
from tripsync_client.generated.models import Profile

from tests.conftest import SignIn


async def test_a_token_that_is_refused_is_renewed_once_for_all_who_wait(session: Session) -> None:
    kept: list[Tokens] = []
    session._keep = kept.append
    session.tokens = replace(session.tokens, access=session.tokens.access[:-4] + "AAAA")
    calls = [read_own_profile.asyncio(client=session.client) for _ in range(10)]
    for answer in await asyncio.gather(*calls):
        expect(Profile, answer)
    assert kept == [session.tokens]


async def test_a_token_that_is_about_to_expire_is_renewed_first(session: Session) -> None:
    session.tokens = old = replace(session.tokens, expires_at=0)
    await session.access_token()
    assert session.tokens.refresh != old.refresh
    expect(Profile, await read_own_profile.asyncio(client=session.client))


async def test_who_is_signed_out_elsewhere_has_to_sign_in_again(sign_in: SignIn) -> None:
    session, other = await sign_in(), await sign_in()
    await log_out_everywhere.asyncio(client=other.client)
    with pytest.raises(SignedOutError) as refused:
        await list_sessions.asyncio(client=session.client)
    assert refused.value.code == "refresh_refused"


async def test_a_wrong_password_is_refused_with_its_code(session: Session) -> None:
    with pytest.raises(RefusedError) as refused:
        await Session.log_in(session.url, "nobody@nowhere.example", "one two three four")
    assert refused.value.code == "wrong_credentials"
    assert str(refused.value)
