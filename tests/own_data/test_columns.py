"""Every column about a person is exported and erased, or it is said here why not.

Both are held against the live catalogue: which columns a section of the export reads is what
PostgreSQL notes of it, and a column is erased where what was in it is not there afterwards.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from tests.conftest import Server, SignUp
from tests.own_data.catalogue import Column, columns_of, columns_read_by, named, traces_of
from tests.own_data.conftest import live_a_little
from tests.own_data.test_export import EXPORTED, PARTS, QUERIES
from tests.people import Rider
from tripsync.database import Database, Transaction
from tripsync.own_data import Whose
from tripsync.profiles.api_own_data import erase

Declared = Mapping[str, Mapping[str, str]]

# Why, and which columns of which table, where no section of the export has them.
NOT_EXPORTED: Declared = {
    "it is a secret of ours that would open something": {
        "mailed_codes": "code_hash",
        "ride_shares": "token_hash",
        "users": "password_hash",
    },
    "it says where we keep the row or file, and nothing of the rider": {
        "events": "day_slot",
        "profile_files": "storage_key version",
    },
    "it is counted from what is exported": {
        "conversations": "last_message_id",
        "devices": "looked_up_to",
        "participants": "heard_from heard_until own_since_read",
        "pooling_requests": "reach",
        "recurring_rides": "next_opens_at solo_road_meters",
        "saved_searches": "start_box destination_box",
        "saved_service_searches": "needs",
        "service_posts": "admitted_genders admitted_majors admitted_units admitted_years "
        "open_to_all verified_only words",
        "sessions": "acknowledged_seq",
    },
    "it would name somebody who has not shown themselves, or what moderators know": {
        "alarms": "resolved_by",
        "moderation_acts": "report_id",
        "reports": "note outcome reported_words resolved_by",
        "service_applications": "poster_id revealed_at",
    },
}

# Why, and which columns of which table, where something stays when the account is erased.
KEPT: Declared = {
    "it names the row, or leads to another, and says nothing by itself": {
        "alarms": "alarm_id college_id user_id pool_id",
        "connections": "connection_id college_id from_request from_user to_request to_user",
        "conversations": "conversation_id college_id one_id other_id pool_id",
        "event_heads": "college_id user_id",
        "messages": "message_id college_id conversation_id user_id",
        "moderation_acts": "act_id college_id actor_id subject_id report_id",
        "participants": "college_id conversation_id user_id",
        "pool_members": "college_id pool_id request_id user_id",
        "pool_stops": "college_id pool_id request_id",
        "pooling_requests": "request_id college_id user_id replaced_by",
        "profiles": "college_id user_id",
        "reports": "report_id college_id reporter_id subject_id resolved_by",
        "reviews": "review_id college_id author_id subject_id pool_id post_id",
        "service_applications": "application_id college_id post_id poster_id user_id",
        "service_posts": "post_id college_id user_id",
        "sessions": "session_id college_id user_id",
        "users": "college_id user_id",
    },
    "it tells servers that the account is over, and since when": {
        "users": "banned_at deleted_at created_at",
    },
    "servers refuse tokens by it; a timer takes it away two days later": {
        "sessions": "started_at last_used_at ended_at end_reason acknowledged_seq",
    },
    "numbers of events are never given twice": {"event_heads": "last_seq"},
    "others have shared the ride, and its fare": {
        "connections": "status created_at answered_at",
        "pool_members": "seats shared_meters fare_percent joined_at left_at solo_meters",
        "pool_stops": "position kind meters",
        "pooling_requests": "status created_at closed_at departure detour_percent role seats "
        "seats_offered solo_meters solo_road_meters",
    },
    "the other's counts of unread messages stand on it": {
        "conversations": "begun_at last_seq last_message_id",
        "messages": "seq created_at",
        "participants": "heard_from heard_until own_since_read read_seq",
    },
    "a review is of somebody else, or by somebody else": {
        "reviews": "rating comment created_at edited_at visible_from reply replied_at",
    },
    "moderators have to know what they decided on": {
        "alarms": "raised_at repeated_at resolved_at resolved_by resolution",
        "moderation_acts": "act outcome note acted_at",
        "reports": "reason details reference_kind reference_id created_at resolved_at outcome note "
        "reported_words",
    },
    "the other side of the work keeps what became of it": {
        "service_applications": "status applied_at answered_at revealed_at",
        "service_posts": "kind team_size places_taken compensation_type is_anonymous "
        "college_only requires_resume requires_cover_letter created_at deleted_at",
    },
    "the rows go with those that they belong to; none was made here": {
        "live_positions": "college_id user_id pool_id position heading seen_at",
        "recurring_changes": "college_id recurring_id occurs_on departs_at window_minutes",
        "recurring_openings": "college_id recurring_id occurs_on request_id skipped_because "
        "decided_at",
        "saved_search_hits": "college_id search_id request_id mailed told_at",
        "saved_service_search_hits": "college_id search_id post_id mailed told_at",
        "second_looks": "college_id one_request other_request",
    },
}

# What only comes with time, or that the rider of these tests does not say.
FILLED = (
    "update users set role = 'moderator', verified_at = now() where user_id = $1",
    "update pooling_requests set same_gender = true, quiet = true, no_smoking = true, "
    "luggage = true, auto_match = true where user_id = $1",
    "update service_posts set price = 250, deadline = now() + interval '1 day', filters = '["
    '{"type": "year_of_study", "value": "x"}, {"type": "college_unit", "value": "x"}, '
    '{"type": "major", "value": "x"}, {"type": "gender", "value": "woman"}, '
    '{"type": "verified_only", "value": true}]\' where user_id = $1',
    "update service_applications set proposed_rate = 250 where user_id = $1",
)
# A column that says something of somebody, and how it might come: empty, or filled for everybody.
NEW_COLUMNS = ("shoe_size text", "is_left_handed boolean not null default false")


def columns(declared: Declared) -> set[Column]:
    return set().union(*map(named, declared.values()))


async def not_exported(work: Transaction) -> set[Column]:
    """The columns about a user that no section of the export reads."""
    found = await columns_of(work._db, {column.partition(".")[0] for column in EXPORTED})
    for full_name in QUERIES.values():
        file, _, query = full_name.partition(".")
        found -= await columns_read_by(work._db, work._queries[file][query].sql)
    return found


async def not_erased(work: Transaction, rider: Rider) -> set[Column]:
    """The columns about a user that say the same when the account has been erased."""
    for statement in FILLED:
        await work._db.execute(statement, rider.id)
    before = await traces_of(work._db, rider.id)
    await erase(work, PARTS, Whose(college_id=rider.college_id, user_id=rider.id))
    return (await traces_of(work._db, rider.id)).left_of(before)


class TakenBackError(Exception):
    """Nothing of it stays."""


@asynccontextmanager
async def taken_back(server: Server) -> AsyncIterator[Transaction]:
    """A transaction that may change the schema, and that is rolled back."""
    with suppress(TakenBackError):
        async with server.app.ctx.resources[Database].transaction() as work:
            await work._db.execute("set local role none")
            yield work
            raise TakenBackError


async def somebody_who_lived(sign_up: SignUp) -> Rider:
    rider, fellow, moderator = await sign_up(), await sign_up(), await sign_up("moderator")
    await live_a_little(rider, fellow, moderator, f"mark{secrets.token_hex(4)}")
    return rider


async def test_every_column_about_a_user_is_exported_or_it_is_said_why_not(
    server: Server,
) -> None:
    async with taken_back(server) as work:
        assert await not_exported(work) == columns(NOT_EXPORTED)


async def test_every_column_about_a_user_is_erased_or_it_is_said_why_not(
    sign_up: SignUp, server: Server
) -> None:
    rider = await somebody_who_lived(sign_up)
    async with taken_back(server) as work:
        assert await not_erased(work, rider) == columns(KEPT)


async def test_a_column_that_is_added_is_missed_in_the_export_and_in_the_erasure(
    sign_up: SignUp, server: Server
) -> None:
    rider = await somebody_who_lived(sign_up)
    for table in ("profiles", "users", "messages"):
        for column in NEW_COLUMNS:
            async with taken_back(server) as work:
                await work._db.execute(f"alter table {table} add column {column}")
                added = {Column(table, column.split()[0])}
                assert await not_exported(work) - columns(NOT_EXPORTED) == added
                assert await not_erased(work, rider) - columns(KEPT) == added
