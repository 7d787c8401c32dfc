"""What a team would write: FastAPI with its usual log, SQLAlchemy 2, Pydantic, the same tables.

Sessions are synchronous, from a pool of 5 and 10 more; what an answer shows is loaded eagerly; the
rider is loaded by the token, as FastAPI's tutorial does. It does less than TripSync: no filters
that riders pass, no blocks, no events for devices, no limits.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import create_engine, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload, sessionmaker

from tests.bench.references.team_answers import (
    MessageOut,
    NewMessage,
    PersonOut,
    PostOut,
    ProfileOut,
    RequestOut,
    ReviewOut,
    ReviewsOut,
)
from tests.bench.references.team_tables import (
    Conversation,
    Message,
    Participant,
    PoolingRequest,
    Review,
    ServicePost,
    User,
)

PAGE = 20

engine = create_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"),
    pool_size=5,
    max_overflow=10,
)
open_session = sessionmaker(engine)
app = FastAPI()


def session() -> Iterator[Session]:
    with open_session() as opened:
        yield opened


Db = Annotated[Session, Depends(session)]


def claimed_id(
    bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> int:
    try:
        claims = jwt.decode(
            bearer.credentials,
            os.environ["SECRET_KEY"],
            algorithms=["HS256"],
            audience="tripsync-api",
            issuer="tripsync",
        )
    except jwt.InvalidTokenError as reason:
        raise HTTPException(401, "Could not validate credentials") from reason
    return int(claims["uid"])


def current_user(db: Db, user_id: Annotated[int, Depends(claimed_id)]) -> User:
    user = db.get(User, user_id)
    if user is None or user.banned_at is not None:
        raise HTTPException(401, "Could not validate credentials")
    return user


CurrentUser = Annotated[User, Depends(current_user)]


@app.get("/profile/me")
def show_own_profile(db: Db, user_id: Annotated[int, Depends(claimed_id)]) -> ProfileOut:
    user = db.scalar(
        select(User)
        .where(User.user_id == user_id, User.banned_at.is_(None))
        .options(joinedload(User.profile), joinedload(User.college), selectinload(User.files))
    )
    if user is None:
        raise HTTPException(401, "Could not validate credentials")
    return ProfileOut(
        id=user.user_id,
        full_name=user.full_name,
        email=user.email,
        college_name=user.college.name,
        reviews=reviews_of(db, user_id),
        has_resume=any(file.kind == "resume" for file in user.files),
        has_image=any(file.kind == "image" for file in user.files),
        username=user.profile.username,
        phone_number=user.profile.phone_number,
        bio=user.profile.bio,
        year_of_study=user.profile.year_of_study,
        major=user.profile.major,
        college_unit=user.profile.college_unit,
        gender=user.profile.gender,
        preferences=user.profile.preferences,
        social_media_links=user.profile.social_media_links,
        emergency_contact=user.profile.emergency_contact,
    )


def reviews_of(db: Session, user_id: int) -> ReviewsOut:
    visible = (Review.subject_id == user_id, Review.visible_from <= func.now())
    counted = select(Review.rating, func.count()).where(*visible).group_by(Review.rating)
    stars = dict(db.execute(counted).tuples().all())
    latest = db.scalars(
        select(Review)
        .where(*visible)
        .order_by(Review.review_id.desc())
        .limit(3)
        .options(joinedload(Review.author))
    )
    count = sum(stars.values())
    total = sum(rating * number for rating, number in stars.items())
    return ReviewsOut(
        average=round(total / count, 2) if count else None,
        count=count,
        stars=stars,
        recent=[ReviewOut.model_validate(each) for each in latest],
    )


@app.get("/services")
def list_services(db: Db, user: CurrentUser, skip: int = 0, limit: int = PAGE) -> list[PostOut]:
    posts = db.scalars(
        select(ServicePost)
        .where(
            ServicePost.college_id == user.college_id,
            ServicePost.status == "open",
            ServicePost.deleted_at.is_(None),
            or_(ServicePost.deadline.is_(None), ServicePost.deadline > datetime.now(UTC)),
        )
        .order_by(ServicePost.created_at.desc(), ServicePost.post_id.desc())
        .offset(skip)
        .limit(limit)
        .options(
            joinedload(ServicePost.poster),
            joinedload(ServicePost.college),
            selectinload(ServicePost.tag_rows),
        )
    )
    return [PostOut.model_validate(post) for post in posts]


@app.get("/pool/requests")
def list_own_requests(
    db: Db, user: CurrentUser, skip: int = 0, limit: int = PAGE
) -> list[RequestOut]:
    requests = db.scalars(
        select(PoolingRequest)
        .where(PoolingRequest.user_id == user.user_id)
        .order_by(PoolingRequest.request_id.desc())
        .offset(skip)
        .limit(limit)
        .options(selectinload(PoolingRequest.memberships))
    )
    return [RequestOut.model_validate(each) for each in requests]


@app.post("/chat/messages", status_code=201)
def send_message(db: Db, user: CurrentUser, body: NewMessage) -> MessageOut:
    receiver = db.get(User, body.receiver_id)
    if receiver is None or receiver.college_id != user.college_id:
        raise HTTPException(404, "There is no such rider.")
    conversation = conversation_of(db, user, receiver)
    conversation.last_seq += 1
    message = Message(
        college_id=user.college_id,
        conversation_id=conversation.conversation_id,
        seq=conversation.last_seq,
        user_id=user.user_id,
        content=body.content,
    )
    db.add(message)
    own = next(each for each in conversation.participants if each.user_id == user.user_id)
    own.own_since_read += 1
    # Its id is the database's.
    db.flush([message])
    conversation.last_message_id = message.message_id
    answer = MessageOut(
        id=message.message_id,
        conversation_id=message.conversation_id,
        content=message.content,
        created_at=message.created_at,
        is_read=False,
        sender=PersonOut.model_validate(user),
    )
    db.commit()
    return answer


def conversation_of(db: Session, user: User, receiver: User) -> Conversation:
    one_id, other_id = sorted((user.user_id, receiver.user_id))
    conversation = db.scalar(
        select(Conversation)
        .where(Conversation.one_id == one_id, Conversation.other_id == other_id)
        .options(selectinload(Conversation.participants))
        .with_for_update()
    )
    if conversation is None:
        conversation = Conversation(
            college_id=user.college_id, one_id=one_id, other_id=other_id, last_seq=0
        )
        for each in (one_id, other_id):
            conversation.participants.append(
                Participant(college_id=user.college_id, user_id=each, own_since_read=0)
            )
        db.add(conversation)
        db.flush()
    return conversation


if __name__ == "__main__":
    uvicorn.run(app, host=os.environ["HOST"], port=int(os.environ["PORT"]))
