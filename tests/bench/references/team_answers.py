"""What the team's endpoints take and answer, as Pydantic models."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, ConfigDict, Field, computed_field


class Model(BaseModel):
    """What all have in common."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class PersonOut(Model):
    id: Annotated[int, Field(validation_alias="user_id")]
    full_name: str


class ReviewOut(Model):
    id: Annotated[int, Field(validation_alias="review_id")]
    author: PersonOut
    rating: int
    comment: str
    created_at: datetime


class ReviewsOut(Model):
    average: float | None
    count: int
    stars: dict[int, int]
    recent: list[ReviewOut]


class ProfileOut(Model):
    id: int
    full_name: str
    email: str
    college_name: str
    username: str | None
    phone_number: str | None
    bio: str | None
    year_of_study: str | None
    major: str | None
    college_unit: str | None
    gender: str | None
    preferences: dict[str, Any] | None
    social_media_links: dict[str, Any] | None
    emergency_contact: dict[str, Any] | None
    reviews: ReviewsOut
    has_resume: bool
    has_image: bool


class TagOut(Model):
    id: Annotated[int, Field(validation_alias="tag_id")]
    name: str


class PostOut(Model):
    id: Annotated[int, Field(validation_alias="post_id")]
    kind: str
    title: str
    status: str
    team_size: int
    deadline: datetime | None
    compensation_type: str
    price: float | None
    currency: Annotated[str, Field(validation_alias=AliasPath("college", "currency"))]
    requires_resume: bool
    requires_cover_letter: bool
    is_anonymous: bool
    college_only: bool
    poster: PersonOut
    tags: Annotated[list[TagOut], Field(validation_alias="tag_rows")]
    location_name: str
    created_at: datetime


class Membership(Model):
    pool_id: int
    left_at: datetime | None


class RequestOut(Model):
    request_id: int
    status: str
    cancel_reason: str | None
    start_latitude: float
    start_longitude: float
    destination_latitude: float
    destination_longitude: float
    start_name: str
    destination_name: str
    depart_after: Annotated[datetime, Field(validation_alias=AliasPath("departure", "lower"))]
    depart_before: Annotated[datetime, Field(validation_alias=AliasPath("departure", "upper"))]
    seats: int
    detour_percent: int
    role: str
    seats_offered: int | None
    same_gender: bool
    quiet: bool
    no_smoking: bool
    luggage: bool
    auto_match: bool
    note: str
    created_at: datetime
    memberships: Annotated[list[Membership], Field(exclude=True)]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def pool_id(self) -> int | None:
        return next((each.pool_id for each in self.memberships if each.left_at is None), None)


class NewMessage(Model):
    receiver_id: int
    content: Annotated[str, Field(min_length=1, max_length=4000)]


class MessageOut(Model):
    id: int
    conversation_id: int
    content: str
    created_at: datetime
    is_read: bool
    sender: PersonOut
