"""Types of fields that schemas of several features share.

A feature narrows one with a `Meta` of its own: `Annotated[Line, Meta(max_length=40)]`.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tripsync.http.schemas import says
from tripsync.http.urls import LARGEST_ID

Id = Annotated[int, Meta(ge=1, le=LARGEST_ID, examples=[23])]
Latitude = Annotated[float, Meta(ge=-90, le=90, examples=[19.1075])]
Longitude = Annotated[float, Meta(ge=-180, le=180, examples=[72.8372])]
Moment = Annotated[datetime, Meta(tz=True, examples=["2026-11-20T08:30:00Z"])]

# One line of text that can be seen. PostgreSQL takes no NUL, and a name needs no newline.
Line = Annotated[
    str,
    Meta(
        # Nor may a name turn the writing round and look like another's.
        pattern=r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]*$(?!\n)",
        extra=says("must be one line of visible text"),
    ),
]

# Free text of several lines, perhaps empty; and text that must not be blank.
Text = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$",
        extra=says("must be text without control characters"),
    ),
]
NonBlankText = Annotated[
    str,
    Meta(
        pattern=r"^(?=[\s\S]*\S)[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$",
        extra=says("must say something, without control characters"),
    ),
]
# The same where control characters were never refused.
NonBlank = Annotated[str, Meta(pattern=r"\S", extra=says("must say something"))]

# Of the rider who asks; and of others, as they are shown.
OwnFullName = Annotated[Line, Meta(max_length=200, examples=["Asha Rao"])]
FullName = Annotated[str, Meta(examples=["Dev Shah"])]
EmailAddress = Annotated[str, Meta(examples=["dev@djsce.example"])]
PhoneNumber = Annotated[str, Meta(examples=["+919820012345"])]

# As profiles have it, and as posts of services ask for it.
Gender = Literal["woman", "man", "non_binary"]


class Person(msgspec.Struct):
    """Somebody of the college."""

    id: Id
    full_name: FullName
