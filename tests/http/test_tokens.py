"""Only tokens that we signed, for this API, in time and of a session that lasts, open it."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import msgspec
import pytest

from tests.conftest import SECRET
from tests.people import Campus
from tripsync.http.tokens import AccessTokens, InvalidTokenError, key_id
from tripsync.settings import Settings

WHO = {"user_id": 7, "college_id": 2, "session_id": 99, "email": "asha@djsce.example"}


def claims(**changes: object) -> dict[str, Any]:
    now = int(time.time())
    return {
        "sub": "asha@djsce.example",
        "uid": 7,
        "cid": 2,
        "sid": 99,
        "typ": "access",
        "iss": "tripsync",
        "aud": "tripsync-api",
        "iat": now,
        "exp": now + 60,
        **changes,
    }


def sign(payload: dict[str, Any], key: str = SECRET, algorithm: str = "HS256", **more: Any) -> str:
    headers = {"kid": key_id(SECRET), **more}
    return jwt.encode(payload, key, algorithm, headers=headers)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in claims().items() if key != name}


def test_a_token_says_who_it_was_issued_to(settings: Settings) -> None:
    tokens = AccessTokens(settings)
    rider = tokens.read(tokens.issue(**WHO))  # type: ignore[arg-type]
    assert {name: getattr(rider, name) for name in WHO} == WHO


def test_the_subject_is_the_email_and_the_life_half_an_hour(settings: Settings) -> None:
    issued = jwt.decode(
        AccessTokens(settings).issue(**WHO),  # type: ignore[arg-type]
        SECRET,
        algorithms=["HS256"],
        audience="tripsync-api",
    )
    assert issued["sub"] == WHO["email"]
    assert issued["exp"] - issued["iat"] == 30 * 60


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda: sign(claims(), key="another key " * 4), id="another key"),
        pytest.param(lambda: sign(claims(), key="", algorithm="none"), id="no signature"),
        pytest.param(lambda: sign(claims(), SECRET * 2, "HS512"), id="another algorithm"),
        pytest.param(lambda: sign(claims(exp=int(time.time()) - 1)), id="expired"),
        pytest.param(lambda: sign(claims(iss="elsewhere")), id="another issuer"),
        pytest.param(lambda: sign(claims(aud="elsewhere")), id="another audience"),
        pytest.param(lambda: sign(claims(typ="refresh")), id="another kind"),
        pytest.param(lambda: sign(claims(uid="7; drop")), id="text for an id"),
        pytest.param(lambda: sign(claims(), kid="unknown"), id="unknown key id"),
        *(
            pytest.param(lambda name=name: sign(without(name)), id=f"without {name}")
            for name in ("sub", "uid", "cid", "sid", "typ", "iss", "aud", "exp")
        ),
        pytest.param(lambda: "not.a.token", id="no token"),
        pytest.param(lambda: "ü", id="not ASCII"),
        pytest.param(lambda: "\udcff\udcfe", id="not UTF-8"),
        pytest.param(lambda: "", id="nothing"),
    ],
)
def test_forged_tokens_open_nothing(settings: Settings, forge: Callable[[], str]) -> None:
    with pytest.raises(InvalidTokenError):
        AccessTokens(settings).read(forge())


def test_a_retired_key_still_reads_and_no_longer_signs(settings: Settings) -> None:
    old = AccessTokens(settings)
    rotated = AccessTokens(
        msgspec.structs.replace(
            settings, secret_key="the next key, also longer than 32", retired_secret_keys=(SECRET,)
        )
    )
    assert rotated.read(old.issue(**WHO)).user_id == 7  # type: ignore[arg-type]
    with pytest.raises(InvalidTokenError):
        old.read(rotated.issue(**WHO))  # type: ignore[arg-type]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "Bearer a b", "Bearer x.y.z"])
async def test_no_good_token_is_a_401_the_app_understands(
    client: httpx.AsyncClient, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await client.get("/api/auth/sessions", headers=headers)
    assert answer.status_code == 401
    assert "Could not validate credentials" in answer.json()["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_scheme_is_read_in_any_case(campus: Campus) -> None:
    rider = await campus.sign_up()
    headers = {"Authorization": f"bearer {rider.access_token}"}
    assert (await campus.client.get("/api/auth/sessions", headers=headers)).status_code == 200
