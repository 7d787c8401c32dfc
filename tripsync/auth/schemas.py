"""Schemas of the account endpoints."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tripsync.auth.fields import Email, NewPassword
from tripsync.http.fields import Line, Moment, OwnFullName
from tripsync.http.paging import ItemPage
from tripsync.http.schemas import Schema
from tripsync.http.tokens import EXAMPLE_SECRET, EXAMPLE_TOKEN

# Whatever was typed: a wrong one is a wrong one, whether it could exist or not.
TypedEmail = Annotated[str, Meta(max_length=1000, examples=["asha@djsce.example"])]
TypedPassword = Annotated[str, Meta(max_length=1000, examples=["four sparrows on a tram"])]
Code = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        description="as it stands in the mail",
        examples=["3fK9mRq7ZpX0"],
    ),
]
RefreshToken = Annotated[
    str,
    Meta(min_length=1, max_length=200, examples=[EXAMPLE_SECRET]),
]
Unread = Annotated[str, Meta(max_length=1000, description="part of OAuth2; not used")] | None


class Registration(Schema):
    """Who signs up, and at which college."""

    email: Email
    full_name: OwnFullName
    password: NewPassword
    college_name: Annotated[Line, Meta(max_length=200, examples=["DJSCE"])]


class Account(msgspec.Struct):
    """An account that was opened."""

    id: Annotated[int, Meta(examples=[17])]
    email: Email
    full_name: OwnFullName
    college_id: Annotated[int, Meta(examples=[1])]


class TokenForm(Schema):
    """OAuth2's password flow: `username` is the email."""

    username: TypedEmail
    password: TypedPassword
    grant_type: Literal["password"] | None = None
    scope: Unread = None
    client_id: Unread = None
    client_secret: Unread = None


class Credentials(Schema):
    """Email and password."""

    email: TypedEmail
    password: TypedPassword


class Tokens(msgspec.Struct):
    """What opens the API: for half an hour, and, used once, for the next half hour."""

    access_token: Annotated[str, Meta(examples=[EXAMPLE_TOKEN])]
    refresh_token: RefreshToken
    expires_in: Annotated[int, Meta(description="seconds", examples=[1800])]
    token_type: Literal["bearer"] = "bearer"


class TokenRefresh(Schema):
    """The refresh token of the last answer; it works once."""

    refresh_token: RefreshToken


class PasswordChange(Schema):
    """The password as it is, and as it shall be."""

    current_password: TypedPassword
    new_password: NewPassword


class PasswordResetRequest(Schema):
    """Whose password is forgotten."""

    email: Email


class PasswordReset(Schema):
    """The code from the mail, and the new password."""

    code: Code
    password: NewPassword


class EmailVerification(Schema):
    """The code from the mail."""

    code: Code


class College(msgspec.Struct):
    """A college that students can sign up at."""

    id: Annotated[int, Meta(examples=[1])]
    name: Annotated[str, Meta(examples=["DJSCE"])]
    email_domains: Annotated[list[str], Meta(description="empty: any address", examples=[[]])]
    latitude: Annotated[float, Meta(examples=[19.1075])]
    longitude: Annotated[float, Meta(examples=[72.8372])]


class CollegePage(ItemPage[College]):
    """A page of colleges."""


class Session(msgspec.Struct):
    """One device that is signed in."""

    id: Annotated[int, Meta(examples=[41])]
    device: Annotated[str, Meta(examples=["TripSync/3.1 (Android 15)"])]
    started_at: Moment
    last_used_at: Moment
    current: Annotated[bool, Meta(description="the one that asks")]


class SessionPage(ItemPage[Session]):
    """A page of a rider's sessions."""
