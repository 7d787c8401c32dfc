"""TripSync's tables, as the models of a team that works with SQLAlchemy."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    FetchedValue,
    ForeignKey,
    and_,
    any_,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, Range
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    column_property,
    foreign,
    mapped_column,
    relationship,
)
from sqlalchemy.types import Text


class Table(DeclarativeBase):
    """What all have in common."""

    type_annotation_map: ClassVar = {
        int: BigInteger,
        str: Text,
        datetime: DateTime(timezone=True),
    }


class College(Table):
    __tablename__ = "colleges"

    college_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    currency: Mapped[str]


class User(Table):
    __tablename__ = "users"

    user_id: Mapped[int] = mapped_column(primary_key=True)
    college_id: Mapped[int] = mapped_column(ForeignKey("colleges.college_id"))
    email: Mapped[str]
    full_name: Mapped[str]
    banned_at: Mapped[datetime | None]

    college: Mapped[College] = relationship()
    profile: Mapped["Profile"] = relationship()
    files: Mapped[list["ProfileFile"]] = relationship()


class Profile(Table):
    __tablename__ = "profiles"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"), primary_key=True)
    username: Mapped[str | None]
    phone_number: Mapped[str | None]
    bio: Mapped[str | None]
    year_of_study: Mapped[str | None]
    major: Mapped[str | None]
    college_unit: Mapped[str | None]
    gender: Mapped[str | None]
    preferences: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    social_media_links: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    emergency_contact: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class ProfileFile(Table):
    __tablename__ = "profile_files"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)


class Review(Table):
    __tablename__ = "reviews"

    review_id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"))
    subject_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"))
    rating: Mapped[int]
    comment: Mapped[str]
    created_at: Mapped[datetime]
    visible_from: Mapped[datetime]

    author: Mapped[User] = relationship(foreign_keys=author_id)


class ServiceTag(Table):
    __tablename__ = "service_tags"

    tag_id: Mapped[int] = mapped_column(primary_key=True)
    college_id: Mapped[int]
    name: Mapped[str]


class ServicePost(Table):
    __tablename__ = "service_posts"

    post_id: Mapped[int] = mapped_column(primary_key=True)
    college_id: Mapped[int] = mapped_column(ForeignKey("colleges.college_id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"))
    kind: Mapped[str]
    title: Mapped[str]
    status: Mapped[str]
    team_size: Mapped[int]
    places_taken: Mapped[int]
    deadline: Mapped[datetime | None]
    compensation_type: Mapped[str]
    price: Mapped[Decimal | None]
    requires_resume: Mapped[bool]
    requires_cover_letter: Mapped[bool]
    is_anonymous: Mapped[bool]
    college_only: Mapped[bool]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    filters: Mapped[list[Any]] = mapped_column(JSONB)
    location_name: Mapped[str]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    poster: Mapped[User] = relationship()
    college: Mapped[College] = relationship()
    # The array holds names in lower case.
    tag_rows: Mapped[list[ServiceTag]] = relationship(
        primaryjoin=lambda: and_(
            foreign(ServiceTag.college_id) == ServicePost.college_id,
            func.lower(ServiceTag.name) == any_(ServicePost.tags),
        ),
        viewonly=True,
    )


class PoolMember(Table):
    __tablename__ = "pool_members"

    pool_id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(
        ForeignKey("pooling_requests.request_id"), primary_key=True
    )
    left_at: Mapped[datetime | None]


class PoolingRequest(Table):
    __tablename__ = "pooling_requests"

    request_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"))
    status: Mapped[str]
    cancel_reason: Mapped[str | None]
    start_name: Mapped[str]
    destination_name: Mapped[str]
    departure: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    seats: Mapped[int]
    detour_percent: Mapped[int]
    role: Mapped[str]
    seats_offered: Mapped[int | None]
    same_gender: Mapped[bool]
    quiet: Mapped[bool]
    no_smoking: Mapped[bool]
    luggage: Mapped[bool]
    auto_match: Mapped[bool]
    note: Mapped[str]
    created_at: Mapped[datetime]
    # A point is one column here.
    start_latitude: Mapped[float] = column_property(literal_column("pooling_requests.start[1]"))
    start_longitude: Mapped[float] = column_property(literal_column("pooling_requests.start[0]"))
    destination_latitude: Mapped[float] = column_property(
        literal_column("pooling_requests.destination[1]")
    )
    destination_longitude: Mapped[float] = column_property(
        literal_column("pooling_requests.destination[0]")
    )

    memberships: Mapped[list[PoolMember]] = relationship()


class Conversation(Table):
    __tablename__ = "conversations"

    conversation_id: Mapped[int] = mapped_column(primary_key=True)
    college_id: Mapped[int]
    one_id: Mapped[int | None]
    other_id: Mapped[int | None]
    last_seq: Mapped[int]
    last_message_id: Mapped[int | None]

    participants: Mapped[list["Participant"]] = relationship()


class Participant(Table):
    __tablename__ = "participants"

    college_id: Mapped[int]
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.conversation_id"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"), primary_key=True)
    own_since_read: Mapped[int]


class Message(Table):
    __tablename__ = "messages"

    message_id: Mapped[int] = mapped_column(primary_key=True)
    college_id: Mapped[int]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.conversation_id"))
    seq: Mapped[int]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"))
    content: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
