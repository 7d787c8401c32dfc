# Made by `tripsync sql stubs` of sql/ and the schema. Edit those; `tripsync sql check` and
# `make check` hold this file to them.
#
# Each row is named after its file and its query. Rows with the same columns are one type with
# several names.

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID

class AccountsCreateUser(TypedDict):
    id: int; college_id: int; email: str; full_name: str

class AccountsFindCredentials(TypedDict):
    user_id: int; college_id: int; email: str; password_hash: str; banned: bool | Any

class AccountsExportAccount(TypedDict):
    id: int; email: str; full_name: str; college_name: str; role: str; verified_at: datetime | None
    banned_at: datetime | None; created_at: datetime

class ApplicationsLockPostToApply(TypedDict):
    own: bool | Any; verified: bool | Any; poster_id: int; shown_status: str | Any
    in_time: bool | Any; requires_resume: bool; requires_cover_letter: bool; requirements: Any
    year_of_study: str | None; has_resume: bool | Any; unheard: bool | Any

class ApplicationsFindSides(TypedDict):
    post_id: int; user_id: int; poster_id: int; owns_post: bool | Any

class ApplicationsLockApplication(TypedDict):
    status: str; cover_letter: str | None; has_link: bool | Any; revealed: bool | Any
    post_status: str; deleted: bool | Any; shown_status: str | Any; team_size: int
    places_taken: int; is_anonymous: bool; requires_resume: bool; requires_cover_letter: bool
    requirements: Any; in_time: bool | Any; year_of_study: str | None; has_resume: bool | Any
    unheard: bool | Any

class ApplicationsFindApplication(TypedDict):
    id: int | Any; status: str | Any; applicant: Any; service_post: Any; poster: Any
    cover_letter: str | Any; resume_url: str | Any; proposed_rate: Decimal | Any
    application_date: datetime | Any

class ApplicationsListOfPost(TypedDict):
    own: bool | Any; id: int | Any; status: str | Any; applicant: Any; service_post: Any
    poster: Any; cover_letter: str | Any; resume_url: str | Any; proposed_rate: Decimal | Any
    application_date: datetime | Any

ApplicationsListOwn = ApplicationsFindApplication

class ApplicationsListLeft(TypedDict):
    application_id: int; post_id: int; user_id: int; title: str

class ApplicationsExportServiceApplications(TypedDict):
    id: int; post_id: int; title: str; status: str; cover_letter: str | None; resume_url: str | None
    proposed_rate: Decimal | None; applied_at: datetime; answered_at: datetime | None

class BlocksListBlocks(TypedDict):
    id: int; full_name: str; blocked_at: datetime

class BlocksExportBlocks(TypedDict):
    blocked: str; created_at: datetime

class ChatFindPartner(TypedDict):
    partner: Any; conversation_id: int | Any; may_write: bool | Any

class ChatLockConversation(TypedDict):
    pool_id: int | None

class ChatWriteMessage(TypedDict):
    id: int | Any; conversation_id: int | Any; sender_id: int | Any; sender_name: str | Any
    content: str | Any; created_at: datetime | Any; is_read: bool | Any; news: list[str] | Any

class ChatListMessages(TypedDict):
    id: int | Any; conversation_id: int | Any; sender_id: int | Any; sender_name: str | Any
    content: str | Any; created_at: datetime | Any; is_read: bool | Any; any_unread: bool | Any

class ChatMarkRead(TypedDict):
    marked_read: int | Any; message_id: int | Any; hearers: list[int] | Any

class ChatListConversations(TypedDict):
    conversation_id: int | Any; partner: Any; last_message: Any; unread_count: int | Any

class ChatListPools(TypedDict):
    conversation_id: int | Any; pool_id: int | Any; status: str | Any; members: Any
    last_message: Any; unread_count: int | Any

class ChatExportConversations(TypedDict):
    id: int | Any; other_rider: str | Any; pool_id: int | Any; begun_at: datetime | Any
    read_until: datetime | Any

class ChatExportMessages(TypedDict):
    id: int; conversation_id: int; content: str; created_at: datetime

class CollegesListColleges(TypedDict):
    id: int; name: str; email_domains: list[str]; latitude: float | Any; longitude: float | Any

class CollegesFindCollege(TypedDict):
    college_id: int; name: str; email_domains: list[str]

class CollegesListCollegeNames(TypedDict):
    name: str

class ConnectionsConnectMembers(TypedDict):
    connection_id: int; from_request: int; to_request: int

class ConnectionsFindReceived(TypedDict):
    connection_id: int; from_request: int; to_request: int; from_user: int; to_user: int
    to_name: str; to_verified: bool | Any; from_verified: bool | Any; from_pool: int | Any
    to_pool: int | Any

class ConnectionsListSides(TypedDict):
    start_latitude: float | Any; start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; road_is_known: bool | Any

class ConnectionsLockConnection(TypedDict):
    connection_id: int; status: str

class ConnectionsWithdrawSent(TypedDict):
    connection_id: int; to_user: int

class ConnectionsFindSent(TypedDict):
    status: str

class ConnectionsClosePending(TypedDict):
    connection_id: int; from_request: int; to_request: int; from_user: int; to_user: int

ConnectionsCloseHopeless = ConnectionsClosePending

class ConnectionsListActive(TypedDict):
    id: int | Any; status: str | Any; created_at: datetime | Any; user_request_id: int | Any
    partner_id: int | Any; full_name: str | Any; email: str | Any; phone_number: str | Any
    year_of_study: str | Any; bio: str | Any; partner_request_id: int | Any

class ConnectionsListPending(TypedDict):
    connection_id: int; status: str; created_at: datetime; sent: bool | Any
    user_request_id: int | Any; other: Any

class ConnectionsListContacts(TypedDict):
    id: int | Any; full_name: str | Any; phone_number: str | Any; email: str | Any
    year_of_study: str | Any; bio: str | Any

class ConnectionsExportConnections(TypedDict):
    id: int; sent: bool | Any; other_rider: str; status: str; created_at: datetime
    answered_at: datetime | None

class EventsAppendEvent(TypedDict):
    user_id: int; seq: int

EventsAppendEvents = EventsAppendEvent

class EventsListNews(TypedDict):
    user_id: int | Any; after: int | Any; seq: int; message: str | Any; age: float | Any

class EventsListNewsOf(TypedDict):
    seq: int; age: float | Any; message: str | Any

class EventsListBehind(TypedDict):
    user_id: int

class EventsFindStanding(TypedDict):
    last_seq: int; acknowledged_seq: int

class EventsFindBeginning(TypedDict):
    last_seq: int; begins_after: int | Any

class EventsListOwn(TypedDict):
    last_seq: int | Any; events: Any

class EventsExportEvents(TypedDict):
    seq: int; type: str; payload: Any; created_at: datetime

class FilesTakeUnreferencedFiles(TypedDict):
    storage_key: str

class FilesFindImage(TypedDict):
    storage_key: str; version: str

FilesFindResume = FilesFindImage

class FilesExportFiles(TypedDict):
    kind: str; url: str | Any; uploaded_at: datetime

class IdempotencyFindAnswer(TypedDict):
    fingerprint: bytes; status: int | None; answer: bytes | None

class JobsCountJobs(TypedDict):
    kind: str; state: str | Any; jobs: int | Any; seconds_due: float | Any; most_attempts: int | Any

class JobsListDeadJobs(TypedDict):
    id: int; kind: str; payload: str | Any; tries: int | Any; created: datetime; died: datetime
    reason: str | Any

class MailedCodesFindReader(TypedDict):
    college_id: int; user_id: int

MailedCodesSpendCode = MailedCodesFindReader

class MailedCodesExportMailedCodes(TypedDict):
    purpose: str; issued_at: datetime; expires_at: datetime

class MailsFindSettings(TypedDict):
    matches: bool | Any; cancellations: bool | Any; searches: bool | Any; digest: bool | Any

class MailsFindMatch(TypedDict):
    college_id: int; user_id: int; to: str; fellows: list[str] | Any; departs_from: str | Any
    departs_until: str | Any

class MailsFindCancellation(TypedDict):
    college_id: int; user_id: int; to: str; leaver: str; destination_name: str; status: str
    fellows: list[str] | Any

class MailsFindHit(TypedDict):
    college_id: int; user_id: int; to: str; name: str; goer: str; places: str | Any

class MailsFindAlarmForContact(TypedDict):
    to: str | Any; alarm: Any

class MailsFindAlarmForModerator(TypedDict):
    to: str; alarm: Any

class MailsFindServiceHit(TypedDict):
    college_id: int; user_id: int; to: str; name: str; title: str

class MailsTakeDigestTurns(TypedDict):
    college_id: int

class MailsListDigestRiders(TypedDict):
    college_id: int | Any; user_id: int | Any

class MailsFindDigest(TypedDict):
    college_id: int; user_id: int; to: str; full_name: str; rides: int | Any
    shared_kilometers: Decimal | Any; reviews: int | Any; hits: int | Any

class MailsExportUnwantedMails(TypedDict):
    kind: str; since: datetime

class MatchingFindPairs(TypedDict):
    partner_id: int | Any; visits: str | Any; first_leg: float | Any; second_leg: float | Any
    third_leg: float | Any; saving_percent: float | Any; detour_percent: float | Any
    partner_detour_percent: float | Any; departs_from: datetime | Any; departs_until: datetime | Any
    rides: Any

class MatchingListPlacesAround(TypedDict):
    start_latitude: float | Any; start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any

class MatchingShowMatches(TypedDict):
    viewer_id: int | Any; id: int | Any; full_name: str | Any; phone_number: str | Any
    email: str | Any; year_of_study: str | Any; bio: str | Any; profile_image_url: str | Any
    request_id: int | Any; user_request_id: int | Any; connection_status: str | Any
    connection_id: int | Any; saving_percent: float | Any; detour_percent: float | Any
    partner_detour_percent: float | Any; pickup_distance_meters: float | Any
    drop_distance_meters: float | Any; route: Any; departs_from: datetime | Any
    departs_until: datetime | Any; is_fallback: bool | Any

class MatchingRankRides(TypedDict):
    place: int | Any

class MatchingFindPoolsToJoin(TypedDict):
    pool_id: int | Any; seats_left: int | Any; riders: Any; roads_are_known: bool | Any; stops: Any

class MatchingTakeSecondLooks(TypedDict):
    college_id: int; one_request: int; other_request: int

class ModerationCreateReport(TypedDict):
    id: int; user_id: int; reason: str; details: str; reference: Any; status: str | Any
    created_at: datetime

class ModerationListReports(TypedDict):
    id: int | Any; status: str | Any; reporter: Any; subject: Any; reason: str | Any
    details: str | Any; reference: Any; reported_words: str | Any; created_at: datetime | Any
    outcome: str | Any; note: str | Any; resolved_by: Any; resolved_at: datetime | Any

class ModerationLockReport(TypedDict):
    subject_id: int; resolved: bool | Any

ModerationLockPeople = EventsListBehind

class ModerationFindSubject(TypedDict):
    moderator_role: str | Any; role: str; banned: bool | Any

class ModerationLockAccount(TypedDict):
    college_id: int; user_id: int; email: str; role: str; banned: bool | Any

class ModerationCancelRides(TypedDict):
    request_id: int

class ModerationRecordAct(TypedDict):
    id: int | Any; act: str | Any; actor: Any; subject: Any; report_id: int | Any
    outcome: str | Any; note: str | Any; acted_at: datetime | Any

ModerationListActs = ModerationRecordAct

class ModerationExportReportsMade(TypedDict):
    id: int; subject: str | Any; reason: str; details: str; reference_kind: str | Any
    reference_id: int | None; created_at: datetime; resolved_at: datetime | None

class ModerationExportSanctions(TypedDict):
    act: str; outcome: str | None; note: str | Any; acted_at: datetime

class ModerationExportModeration(TypedDict):
    act: str; subject: str; outcome: str | None; note: str; acted_at: datetime

class PoolsLockPools(TypedDict):
    pool_id: int; status: str; capacity: int; seats_taken: int

class PoolsFindPlace(TypedDict):
    rides: bool | Any; is_over: bool | Any

class PoolsListMembers(TypedDict):
    request_id: int; user_id: int; seats: int; full_name: str; status: str
    start_latitude: float | Any; start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; road_is_known: bool | Any; detour_percent: int; role: str
    lasts: bool | Any

class PoolsListStops(TypedDict):
    request_id: int; kind: str

class PoolsListPools(TypedDict):
    pool_id: int; status: str; capacity: int; seats_taken: int; estimated_fare: Decimal | Any
    meeting_note: str; created_at: datetime; started_at: datetime | Any; closed_at: datetime | None
    is_fallback: bool; members: Any; stops: Any

class PoolsLockArrived(TypedDict):
    college_id: int; pool_id: int

class PoolsExportPools(TypedDict):
    id: int; status: str; request_id: int; seats: int; solo_meters: float | None
    shared_meters: float; fare_percent: Decimal; estimated_fare: Decimal | None; meeting_note: str
    is_fallback: bool; joined_at: datetime; left_at: datetime | None; started_at: datetime | None
    closed_at: datetime | None; fellow_riders: Any

class PositionsListMoved(TypedDict):
    user_id: int; pool_id: int; latitude: float | Any; longitude: float | Any; heading: float | None
    seen_at: datetime; fellows: list[int] | Any

class ProfilesFindOwnProfile(TypedDict):
    id: int; full_name: str; email: str; college_name: str; username: str | None
    phone_number: str | None; bio: str | None; year_of_study: str | None; major: str | None
    college_unit: str | None; gender: str | None; preferences: Any; social_media_links: Any
    emergency_contact: Any; reviews: Any; profile_image_url: str | Any; has_resume: bool | Any

class ProfilesFindProfile(TypedDict):
    id: int; full_name: str; college_name: str; username: str | None; bio: str | None
    year_of_study: str | None; major: str | None; preferences: Any; social_media_links: Any
    reviews: Any; profile_image_url: str | Any; email: str | Any; phone_number: str | Any
    emergency_contact: Any

class ProfilesExportProfile(TypedDict):
    username: str | None; phone_number: str | None; bio: str | None; year_of_study: str | None
    major: str | None; college_unit: str | None; gender: str | None; preferences: Any
    social_media_links: Any; emergency_contact: Any; updated_at: datetime

class PushRegisterDevice(TypedDict):
    id: int; platform: str; registered_at: datetime; current: bool | Any

PushListDevices = PushRegisterDevice

class PushFindQuietHours(TypedDict):
    begins_at: time | Any; ends_at: time | Any

class PushFindPush(TypedDict):
    platform: str; token: str; event: Any

class PushExportDevices(TypedDict):
    id: int; session_id: int; platform: str; token: str; registered_at: datetime

class PushExportQuietHours(TypedDict):
    begins_at: time; ends_at: time

class RateLimitsCountHit(TypedDict):
    hits: int; seconds_left: int | Any

class RecurringListRides(TypedDict):
    recurring_id: int; weekdays: list[str]; departs_at: str | Any; window_minutes: int
    ends_on: date | None; exception_dates: list[date]; paused: bool | Any; time_zone: str
    start_latitude: float | Any; start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; start_name: str; destination_name: str; seats: int
    detour_percent: int; role: str; seats_offered: int | None; preferences: Any; auto_match: bool
    note: str; changes: Any; recent: Any; created_at: datetime

RecurringFindRidersDue = EventsListBehind

class RecurringLockDue(TypedDict):
    recurring_id: int; college_id: int; user_id: int; weekdays: list[str]; departs_at: str | Any
    window_minutes: int; ends_on: date | None; exception_dates: list[date]
    next_opens_at: datetime | Any; time_zone: str; start_latitude: float | Any
    start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; start_name: str; destination_name: str; seats: int
    detour_percent: int; role: str; seats_offered: int | None; same_gender: bool; quiet: bool
    no_smoking: bool; luggage: bool; auto_match: bool; note: str; solo_road_meters: float | None
    looked_at: datetime | Any

class RecurringListDates(TypedDict):
    recurring_id: int | Any; occurs_on: date | Any; departs_at: str | Any; window_minutes: int | Any
    decided: bool | Any

class RecurringLockRiders(TypedDict):
    user_id: int; banned: bool | Any; verified: bool | Any

class RecurringLockOpenRequests(TypedDict):
    request_id: int; college_id: int; user_id: int; status: str; depart_after: datetime | Any
    depart_before: datetime | Any; lasts: bool | Any

class RecurringExportRecurringRides(TypedDict):
    id: int; weekdays: list[str]; departs_at: str | Any; window_minutes: int; ends_on: date | None
    exception_dates: list[date]; paused_at: datetime | None; start_latitude: float | Any
    start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; start_name: str; destination_name: str; seats: int
    detour_percent: int; role: str; seats_offered: int | None; same_gender: bool; quiet: bool
    no_smoking: bool; luggage: bool; auto_match: bool; note: str; created_at: datetime; changes: Any
    openings: Any

class RequestsLockOpenRequests(TypedDict):
    request_id: int; status: str; depart_after: datetime | Any; depart_before: datetime | Any
    lasts: bool | Any

class RequestsLockRequests(TypedDict):
    request_id: int; user_id: int; status: str; start_latitude: float | Any
    start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; detour_percent: int; role: str; seats: int
    seats_offered: int | None; road_is_known: bool | Any; depart_after: datetime | Any
    depart_before: datetime | Any; lasts: bool | Any

class RequestsListOwn(TypedDict):
    request_id: int; status: str | Any; cancel_reason: str | Any; replaced_by: int | None
    start_latitude: float | Any; start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; start_name: str; destination_name: str
    depart_after: datetime | Any; depart_before: datetime | Any; seats: int; detour_percent: int
    role: str; seats_offered: int | None; preferences: Any; auto_match: bool; note: str
    pool_id: int | Any; created_at: datetime

class RequestsListAsking(TypedDict):
    request_id: int | Any; full_name: str | Any; verified: bool | Any; status: str | Any
    start_latitude: float | Any; start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; detour_percent: int | Any; role: str | Any
    road_is_known: bool | Any; depart_after: datetime | Any; depart_before: datetime | Any
    suits: bool | Any

class RequestsFindAsked(TypedDict):
    request_id: int; user_id: int; is_newer: bool | Any; full_name: str; status: str
    start_latitude: float | Any; start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; detour_percent: int; role: str; road_is_known: bool | Any
    depart_after: datetime | Any; depart_before: datetime | Any

class RequestsLockOverdue(TypedDict):
    college_id: int; request_id: int; status: str

RequestsListWaitingColleges = MailsTakeDigestTurns

class RequestsExportRequests(TypedDict):
    id: int; status: str; cancel_reason: str | None; replaced_by: int | None
    start_latitude: float | Any; start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; start_name: str; destination_name: str
    depart_after: datetime | Any; depart_before: datetime | Any; seats: int; detour_percent: int
    role: str; seats_offered: int | None; same_gender: bool; quiet: bool; no_smoking: bool
    luggage: bool; auto_match: bool; note: str; solo_meters: float; solo_road_meters: float | None
    created_at: datetime; closed_at: datetime | None

class ReviewsLockRide(TypedDict):
    status: str; with_fellow: bool | Any

class ReviewsLockWork(TypedDict):
    status: str | Any; with_fellow: bool | Any

class ReviewsListMutual(TypedDict):
    subject_id: int | Any; id: int | Any; author: Any; rating: int | Any; comment: str | Any
    created_at: datetime | Any; edited_at: datetime | Any; reply: Any

class ReviewsLockReview(TypedDict):
    author_id: int; subject_id: int; replied: bool | Any; editable: bool | Any

class ReviewsFindReview(TypedDict):
    id: int | Any; author: Any; rating: int | Any; comment: str | Any; created_at: datetime | Any
    edited_at: datetime | Any; reply: Any

ReviewsListReceived = ReviewsFindReview

class ReviewsListWritten(TypedDict):
    id: int; pool_id: int | None; post_id: int | None; subject: Any; rating: int; comment: str
    created_at: datetime; edited_at: datetime | None; visible: bool | Any; editable: bool | Any
    reply: Any

class ReviewsExportReviewsWritten(TypedDict):
    id: int; pool_id: int | None; post_id: int | None; subject: str; rating: int; comment: str
    created_at: datetime; edited_at: datetime | None; visible_from: datetime; reply: str | None
    replied_at: datetime | None

class ReviewsExportReviewsReceived(TypedDict):
    id: int | Any; author: str | Any; rating: int | Any; comment: str | Any
    created_at: datetime | Any; edited_at: datetime | Any; reply: Any

class RoundsListRides(TypedDict):
    request_id: int | Any; user_id: int | Any; start_latitude: float | Any
    start_longitude: float | Any; destination_latitude: float | Any
    destination_longitude: float | Any; detour_percent: int | Any; role: str | Any; seats: int | Any
    seats_offered: int | Any; depart_after: datetime | Any; depart_before: datetime | Any
    created_at: datetime | Any; same_gender: bool | Any; gender: str | Any; avoids: list[int] | Any
    pool_id: int | Any; pickup_position: int | Any; drop_position: int | Any

class RoundsListPairs(TypedDict):
    one: int | Any; other: int | Any; saved_meters: float | Any

class RoundsOpenPools(TypedDict):
    pool_id: int

class SafetyFindRide(TypedDict):
    pool_id: int; shares: int | Any

class SafetyCreateShare(TypedDict):
    id: int; pool_id: int; vehicle_note: str; created_at: datetime; expires_at: datetime

class SafetyListShares(TypedDict):
    id: int | Any; pool_id: int | Any; vehicle_note: str | Any; created_at: datetime | Any
    expires_at: datetime | Any

class SafetyFindShared(TypedDict):
    status: str | Any; rider: str | Any; fellow_riders: Any; vehicle_note: str | Any; stops: Any
    last_position: Any; started_at: datetime | Any; ended_at: datetime | Any
    expires_at: datetime | Any

class SafetyRepeatAlarm(TypedDict):
    id: int; latitude: float | Any; longitude: float | Any; note: str; raised_at: datetime
    news: bool | Any

SafetyRaiseAlarm = SafetyRepeatAlarm

class SafetyFindHelp(TypedDict):
    full_name: str | Any; phone_number: str | Any; emergency_contact: Any; moderators: Any
    alarms_within_the_hour: int | Any

class SafetyListAlarms(TypedDict):
    id: int | Any; status: str | Any; rider: Any; pool_id: int | Any; latitude: float | Any
    longitude: float | Any; note: str | Any; raised_at: datetime | Any; repeated_at: datetime | Any
    resolved_at: datetime | Any; resolved_by: Any; resolution: str | Any

class SafetyLockAlarm(TypedDict):
    user_id: int; resolved: bool | Any

class SafetyExportAlarms(TypedDict):
    id: int; pool_id: int | None; latitude: float | Any; longitude: float | Any; note: str
    raised_at: datetime; repeated_at: datetime; resolved_at: datetime | None; resolution: str

class SafetyExportRideShares(TypedDict):
    id: int; pool_id: int; vehicle_note: str; latitude: float | Any; longitude: float | Any
    position_at: datetime | None; created_at: datetime; expires_at: datetime

class SearchesListSearches(TypedDict):
    search_id: int; name: str; start_latitude: float | Any; start_longitude: float | Any
    start_radius_meters: int; destination_latitude: float | Any; destination_longitude: float | Any
    destination_radius_meters: int; weekdays: list[str] | None; day_from: str | Any
    day_until: str | Any; mail_me: bool; expires_at: datetime | Any; created_at: datetime

class SearchesRecordHits(TypedDict):
    search_id: int | Any; user_id: int | Any; name: str | Any; mailed: bool | Any; request: Any

class SearchesExportSavedSearches(TypedDict):
    id: int; name: str; start_latitude: float | Any; start_longitude: float | Any
    start_radius_meters: int; destination_latitude: float | Any; destination_longitude: float | Any
    destination_radius_meters: int; weekdays: list[str] | None; day_from: str | Any
    day_until: str | Any; mail_me: bool; expires_at: datetime | None; created_at: datetime
    hits: int | Any

class ServiceSearchListNewest(TypedDict):
    id: int | Any; kind: str | Any; title: str | Any; status: str | Any; team_size: int | Any
    places_left: int | Any; deadline: datetime | Any; compensation_type: str | Any
    compensation_amount: Decimal | Any; price: Decimal | Any; currency: str | Any
    requires_resume: bool | Any; requires_cover_letter: bool | Any; is_anonymous: bool | Any
    college_only: bool | Any; poster: Any; tags: Any; location: Any; created_at: datetime | Any
    rank: float | Any

ServiceSearchListOpenToAll = ServiceSearchListNewest

ServiceSearchListPosts = ServiceSearchListNewest

class ServiceSearchCountTags(TypedDict):
    id: int; name: str; posts: int | Any

class ServiceSearchesListSearches(TypedDict):
    search_id: int; name: str; search: str | None; tags: list[str]; kind: str | None
    compensation_type: str | None; min_price: Decimal | None; max_price: Decimal | None
    near_latitude: float | Any; near_longitude: float | Any; within_meters: int | None
    mail_me: bool; expires_at: datetime | Any; created_at: datetime

class ServiceSearchesRecordHits(TypedDict):
    search_id: int; user_id: int; name: str; mailed: bool | Any; service_post: Any

class ServiceSearchesExportServiceSearches(TypedDict):
    id: int; name: str; words: str | None; tags: list[str]; kind: str | None
    compensation_type: str | None; min_price: Decimal | None; max_price: Decimal | None
    latitude: float | Any; longitude: float | Any; radius_meters: int | None; mail_me: bool
    expires_at: datetime | None; created_at: datetime; hits: int | Any

class ServicesFindPost(TypedDict):
    id: int | Any; kind: str | Any; title: str | Any; description: str | Any; status: str | Any
    team_size: int | Any; places_left: int | Any; deadline: datetime | Any
    compensation_type: str | Any; compensation_amount: Decimal | Any; price: Decimal | Any
    currency: str | Any; requires_resume: bool | Any; requires_cover_letter: bool | Any
    is_anonymous: bool | Any; college_only: bool | Any; poster: Any; tags: Any; requirements: Any
    filters: Any; location: Any; created_at: datetime | Any

class ServicesListOwnPosts(TypedDict):
    id: int | Any; kind: str | Any; title: str | Any; description: str | Any; status: str | Any
    team_size: int | Any; places_left: int | Any; deadline: datetime | Any
    compensation_type: str | Any; compensation_amount: Decimal | Any; price: Decimal | Any
    currency: str | Any; requires_resume: bool | Any; requires_cover_letter: bool | Any
    is_anonymous: bool | Any; college_only: bool | Any; poster: Any; tags: Any; requirements: Any
    filters: Any; location: Any; created_at: datetime | Any; pending_applications: int | Any

class ServicesLockPost(TypedDict):
    own: bool | Any; status: str; shown_status: str | Any; is_anonymous: bool; team_size: int
    places_taken: int; in_time: bool | Any

class ServicesCloseForGood(TypedDict):
    application_id: int | Any; post_id: int; user_id: int; title: str

class ServicesExportServicePosts(TypedDict):
    id: int; kind: str; title: str; description: str; status: str; team_size: int; places_taken: int
    deadline: datetime | None; compensation_type: str; price: Decimal | None; requires_resume: bool
    requires_cover_letter: bool; is_anonymous: bool; college_only: bool; tags: list[str]
    requirements: Any; filters: Any; latitude: float | Any; longitude: float | Any
    location_name: str; created_at: datetime; deleted_at: datetime | None

class ServicesEndServices(TypedDict):
    user_id: int | Any; application_id: int | Any; service_post: Any; application: Any

class SessionsLockRefreshToken(TypedDict):
    session_id: int; college_id: int; user_id: int; email: str; used: bool | Any
    used_meanwhile: bool | Any; over: bool | Any

class SessionsEndAllSessions(TypedDict):
    session_id: int

class SessionsListSessions(TypedDict):
    id: int; device: str; started_at: datetime; last_used_at: datetime; current: bool | Any

class SessionsListEndedSessions(TypedDict):
    session_id: int; ended_at: datetime | Any

class SessionsExportSessions(TypedDict):
    id: int; device: str; started_at: datetime; last_used_at: datetime; ended_at: datetime | None
    end_reason: str | None

class TimersListDueTurns(TypedDict):
    name: str | Any
