"""Schemas of the profile endpoints."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tripsync.http.fields import EmailAddress, FullName, Gender, Line, Moment, OwnFullName, Text
from tripsync.http.openapi.schemas import REFERENCE
from tripsync.http.picture_urls import PictureUrl
from tripsync.http.schemas import Schema, says
from tripsync.http.urls import LARGEST_ID
from tripsync.profiles.fields import MailAddress, PhoneNumber, Username, WebLink

# Blank where a form is empty: like null, it clears the field.
BlankOrLine = Annotated[
    str, Meta(pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)", extra=says("must be one line of text"))
]

Bio = Annotated[Text, Meta(max_length=1000, examples=["Third bench, window seat."])]
YearOfStudy = Annotated[BlankOrLine, Meta(max_length=40, examples=["Third Year"])]
Major = Annotated[BlankOrLine, Meta(max_length=100, examples=["Computer Engineering"])]
CollegeUnit = Annotated[
    BlankOrLine,
    Meta(max_length=100, description="department, school or hall", examples=["Computer Science"]),
]
Choice = Annotated[bool, Meta(examples=[True])] | None


class ProfilePreferences(Schema):
    """How one likes to ride; what a request does not say for itself."""

    same_gender: Choice = None
    quiet: Choice = None
    no_smoking: Choice = None
    luggage: Choice = None
    detour_percent: (
        Annotated[int, Meta(ge=0, le=100, description="at most", examples=[25])] | None
    ) = None


class SocialMediaLinks(Schema):
    """Where else one is found."""

    instagram: WebLink | None = None
    linkedin: WebLink | None = None
    github: WebLink | None = None
    x: WebLink | None = None
    twitter: WebLink | None = None
    facebook: WebLink | None = None
    youtube: WebLink | None = None
    website: WebLink | None = None


class EmergencyContact(Schema):
    """Who is told when something happens on the road."""

    name: Annotated[Line, Meta(max_length=200, examples=["Meera Rao"])]
    phone_number: PhoneNumber
    # Where an alarm reaches them: we can write to somebody, not call.
    email: MailAddress | None = None
    relationship: Annotated[BlankOrLine, Meta(max_length=60, examples=["mother"])] | None = None


class ProfileChange(Schema):
    """What is to change. What is not sent stays; null, or blank text, clears a field."""

    full_name: OwnFullName | UnsetType = UNSET
    username: Username | UnsetType | None = UNSET
    phone_number: PhoneNumber | UnsetType | None = UNSET
    bio: Bio | UnsetType | None = UNSET
    year_of_study: YearOfStudy | UnsetType | None = UNSET
    major: Major | UnsetType | None = UNSET
    college_unit: CollegeUnit | UnsetType | None = UNSET
    gender: Gender | UnsetType | None = UNSET
    preferences: ProfilePreferences | UnsetType | None = UNSET
    social_media_links: SocialMediaLinks | UnsetType | None = UNSET
    emergency_contact: EmergencyContact | UnsetType | None = UNSET


class StarCounts(msgspec.Struct):
    """How many gave how many stars."""

    one: Annotated[int, Meta(examples=[0])] = msgspec.field(name="1")
    two: Annotated[int, Meta(examples=[0])] = msgspec.field(name="2")
    three: Annotated[int, Meta(examples=[0])] = msgspec.field(name="3")
    four: Annotated[int, Meta(examples=[0])] = msgspec.field(name="4")
    five: Annotated[int, Meta(examples=[0])] = msgspec.field(name="5")


class AnyReview:
    """A review, as the feature of that name shows it."""

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return {"$ref": REFERENCE.format(name="Review")}


class ReviewSummary(msgspec.Struct):
    """What fellow riders wrote. The SQL function `review_summary` says it."""

    average: Annotated[float, Meta(description="null without a review", examples=[4.5])] | None
    count: Annotated[int, Meta(examples=[0])]
    stars: StarCounts
    recent: Annotated[list[AnyReview], Meta(description="the latest three", examples=[[]])]


class PictureAddress(Schema):
    """What an address of a picture says; taken from `profile_image_url` as it stands there."""

    v: Annotated[
        str,
        Meta(
            pattern="^[0-9a-f]{12}$(?!\n)", description="which picture", examples=["9f86d081884c"]
        ),
    ] = ""
    viewer: Annotated[
        int, Meta(ge=0, le=LARGEST_ID, description="whom it was given to", examples=[23])
    ] = 0
    expires: Annotated[
        int,
        Meta(ge=0, le=LARGEST_ID, description="in seconds since 1970", examples=[1_767_225_600]),
    ] = 0
    signature: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z0-9_-]{43}$(?!\n)",
                description="shows that the address is ours",
                examples=["9sV0rj4nT5kQ2wYxB1cZ7LmHd8fGeKp3uAoRiX6tWyE"],
            ),
        ]
        | None
    ) = None


class Profile(msgspec.Struct):
    """One's own profile."""

    id: Annotated[int, Meta(examples=[17])]
    full_name: OwnFullName
    email: Annotated[str, Meta(examples=["asha@djsce.example"])]
    college_name: Annotated[str, Meta(examples=["DJSCE"])]
    username: Username | None
    phone_number: PhoneNumber | None
    bio: Bio | None
    year_of_study: YearOfStudy | None
    major: Major | None
    college_unit: CollegeUnit | None
    gender: Gender | None
    preferences: ProfilePreferences | None
    social_media_links: SocialMediaLinks | None
    emergency_contact: EmergencyContact | None
    reviews: ReviewSummary
    profile_image_url: PictureUrl | None
    has_resume: Annotated[bool, Meta(examples=[False])]


class FellowProfile(msgspec.Struct):
    """A fellow's profile. The last three are null unless one rides with the fellow."""

    id: Annotated[int, Meta(examples=[23])]
    full_name: FullName
    college_name: Annotated[str, Meta(examples=["DJSCE"])]
    username: Username | None
    bio: Bio | None
    year_of_study: YearOfStudy | None
    major: Major | None
    preferences: ProfilePreferences | None
    social_media_links: SocialMediaLinks | None
    reviews: ReviewSummary
    profile_image_url: PictureUrl | None
    email: EmailAddress | None
    phone_number: PhoneNumber | None
    emergency_contact: EmergencyContact | None


class AccountDeletion(Schema):
    """The password, once more."""

    password: Annotated[str, Meta(max_length=1000, examples=["four sparrows on a tram"])]


Fields = dict[str, Any]
Rows = list[Fields]


class MailSettings(Schema):
    """Which mails a rider gets."""

    matches: Annotated[bool, Meta(description="that one shares a ride", examples=[True])]
    cancellations: Annotated[
        bool, Meta(description="that somebody left one's ride", examples=[True])
    ]
    searches: Annotated[
        bool, Meta(description="what fits searches that were saved with `mail_me`", examples=[True])
    ]
    digest: Annotated[bool, Meta(description="one's week, on Mondays", examples=[False])]


class OwnData(msgspec.Struct):
    """Everything held about a rider; each section as the database has it."""

    exported_at: Moment
    account: Annotated[Fields, Meta(examples=[{"id": 17, "email": "asha@djsce.example"}])]
    profile: Annotated[Fields, Meta(examples=[{"username": "asha.rao", "bio": None}])]
    files: Annotated[
        Rows,
        Meta(
            description="picture and résumé, and where to fetch them",
            examples=[[{"kind": "image", "url": "/api/users/17/image"}]],
        ),
    ]
    sessions: Annotated[Rows, Meta(examples=[[{"id": 41, "device": "TripSync/3.1"}]])]
    devices: Annotated[
        Rows,
        Meta(
            description="phones that are woken",
            examples=[[{"platform": "android", "session_id": 41}]],
        ),
    ]
    quiet_hours: Annotated[
        Rows,
        Meta(
            description="when they are not, where one has chosen",
            examples=[[{"begins_at": "22:00:00", "ends_at": "07:00:00"}]],
        ),
    ]
    mailed_codes: Annotated[
        Rows,
        Meta(
            description="mails that wait to be acted upon",
            examples=[[{"purpose": "verify_email"}]],
        ),
    ]
    unwanted_mails: Annotated[
        Rows, Meta(description="mails one wants no more of", examples=[[{"kind": "digest"}]])
    ]
    requests: Annotated[Rows, Meta(examples=[[{"id": 4711, "status": "completed"}]])]
    recurring_rides: Annotated[Rows, Meta(examples=[[{"id": 5, "weekdays": ["monday"]}]])]
    saved_searches: Annotated[Rows, Meta(examples=[[{"id": 6, "name": "Home"}]])]
    connections: Annotated[
        Rows,
        Meta(
            description="whom one asked, and who asked",
            examples=[[{"id": 9, "sent": True, "other_rider": "Dev Shah"}]],
        ),
    ]
    pools: Annotated[
        Rows,
        Meta(
            description="the rides one shared",
            examples=[[{"id": 3, "fellow_riders": ["Dev Shah"]}]],
        ),
    ]
    reviews_written: Annotated[Rows, Meta(examples=[[{"id": 8, "rating": 5}]])]
    reviews_received: Annotated[
        Rows,
        Meta(description="those that may be read", examples=[[{"id": 9, "author": "Dev Shah"}]]),
    ]
    conversations: Annotated[
        Rows,
        Meta(
            description="with whom one has written, or in which pool",
            examples=[[{"id": 12, "other_rider": "Dev Shah"}]],
        ),
    ]
    messages: Annotated[
        Rows,
        Meta(
            description="what one wrote oneself",
            examples=[[{"id": 815, "conversation_id": 12, "content": "I am at the gate."}]],
        ),
    ]
    service_posts: Annotated[
        Rows,
        Meta(
            description="what one offered and asked for",
            examples=[[{"id": 90210, "title": "Calculus tutor for two weeks"}]],
        ),
    ]
    service_applications: Annotated[
        Rows,
        Meta(
            description="what one applied to",
            examples=[[{"id": 7, "title": "Calculus tutor for two weeks", "status": "pending"}]],
        ),
    ]
    service_searches: Annotated[Rows, Meta(examples=[[{"id": 4, "name": "Design work"}]])]
    blocks: Annotated[
        Rows, Meta(description="whom one blocked", examples=[[{"blocked": "Dev Shah"}]])
    ]
    reports_made: Annotated[Rows, Meta(examples=[[{"id": 2, "reason": "no_show"}]])]
    sanctions: Annotated[
        Rows,
        Meta(description="what moderators did about one", examples=[[{"act": "warn"}]]),
    ]
    moderation: Annotated[
        Rows, Meta(description="what one did as a moderator", examples=[[{"act": "resolve"}]])
    ]
    alarms: Annotated[Rows, Meta(examples=[[{"id": 1, "note": "The driver does not stop."}]])]
    ride_shares: Annotated[
        Rows,
        Meta(
            description="links to rides, and the position kept for them",
            examples=[[{"id": 1, "vehicle_note": "White Dzire"}]],
        ),
    ]
    events: Annotated[
        Rows,
        Meta(
            description="what one's phone was told in the last days, without how to reach others",
            examples=[[{"seq": 1, "type": "ride_completed"}]],
        ),
    ]
